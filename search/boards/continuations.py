"""Leaves of depth-limited hold'em that are worth what strategies of the whole game make of them, one for all or the players' choice.

From a leaf on, chips are linear in each player's range, so each leaf has a matrix for each pair of strategies: M[h, h'] chips that player 0
wins with h from h' on average when both play on by them. They are worked out once; after that a question is products.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from games.arrays import Float
from games.game import line_of
from games.holdem.cards import hands_apart, holding
from games.holdem.rules import HoldemGame, HoldemState, kind_of
from games.holdem.subgame import state_above
from games.kernels.boards import CHILD, CHILD_END
from games.kernels.evaluator import board_strengths
from games.public_tree import CHANCE, TERMINAL
from search.boards.strategy import BoardStrategy, alike_images, image_of_hands, place_of
from search.continuations import Bias, ContinuationChoice, biased_shares, check_choosers

AS_THEY_ARE = np.arange(4, dtype=np.uint8)  # suits


class BoardContinuation:
    """See ``search.frontier.LeafEvaluator``, and the module: both players go on from the leaves with strategies of the whole game.

    Without choosers both go on with the blueprint. A chooser picks one of all strategies at each leaf, for each of its hands: see
    ``search.continuations``. With C strategies to choose from for one player there are C matrices a leaf, for both C * C.

    Args:
        strategy: the blueprint, of the whole game.
        root: the state of the whole game where the subgame begins whose leaves are asked for; the whole game's root unless given.
        name: how it is reported.
        dtype: of the matrices.
        others: what choosers may go on with besides, of the same tree.
        choosers: the players who choose.

    Raises:
        ValueError: choosers that are not players, or a strategy of another tree.
    """

    def __init__(
        self,
        strategy: BoardStrategy,
        root: HoldemState | None = None,
        name: str = "continuation",
        dtype: Any = np.float64,
        *,
        others: Sequence[BoardStrategy] = (),
        choosers: Sequence[int] = (),
    ) -> None:
        check_choosers(choosers)
        self.strategy, self.name, self.dtype, self.choosers = strategy, name, np.dtype(dtype), tuple(choosers)
        first, second = ((strategy, *(others if p in choosers else ())) for p in (0, 1))
        self.continuations = first, second
        self.root = strategy.game.root if root is None else root
        self._entered: tuple[HoldemState, ...] | None = None
        self._chips = np.zeros((1, 1, 0, 0, 0), self.dtype)

    def fingerprint(self) -> bytes:
        """See ``LeafEvaluator``."""
        digest = hashlib.sha256(repr((self.strategy.game.key, self.choosers)).encode())
        for p, own in enumerate(self.continuations):
            for strategy in own:
                digest.update(strategy.average[p].tobytes())
        return digest.digest()

    def enter(self, leaves: Sequence[HoldemState], /) -> None:
        """See ``LeafEvaluator``; every chooser's choices begin anew. The matrices of the same leaves once more cost nothing.

        Raises:
            ValueError: leaves that are not of the subgame, or not on one board.
        """
        if tuple(leaves) != self._entered:
            self._chips = leaf_matrices(*self.continuations, [state_above(self.root, leaf) for leaf in leaves]).astype(self.dtype)
            self._entered = tuple(leaves)
        self._choice = ContinuationChoice(self._chips)

    def cfvs(self, player: int, reach: tuple[Float, Float], /) -> Float:
        """See ``LeafEvaluator``; a chooser's choices improve with each question for its own cfvs."""
        return self._choice.cfvs(player, reach)


def biased(strategy: BoardStrategy, bias: Bias) -> BoardStrategy:
    """Return a strategy biased towards a kind of action at every decision; see ``search.continuations``.

    Sums over a decision's actions stay what they are, those of hands that never come there become 1.
    """
    tree, bets = strategy.tree, strategy.game.bets
    average = tuple(rows.copy() for rows in strategy.average)
    for node, rows in tree.rows_of.items():
        player = int(bets.player[node])
        kinds = [kind_of(bets.labels[child]) for child in bets.children(node)]
        own = tree.tiled_street(player, int(bets.round[node]), average[player])[:, rows]
        sums = own.sum(axis=1, keepdims=True)
        weights = np.where(sums > 0, sums, 1.0)
        shares = np.where(sums > 0, own / weights, 1.0 / len(kinds))
        own[:] = biased_shares(shares.swapaxes(0, 1), kinds, bias).swapaxes(0, 1) * weights
    return replace(strategy, average=(average[0], average[1]))


def leaf_matrices(first: Sequence[BoardStrategy], second: Sequence[BoardStrategy], leaves: Sequence[HoldemState]) -> Float:
    """Return [C0, C1, B, H, H], the chips that each hand of player 0 wins from each hand of player 1 from a leaf on.

    0 for hands that share a card with each other, or with the board.

    Args:
        first: C0 strategies of the whole game that player 0 may play on; hands that never come somewhere play uniformly there.
        second: C1 of the same tree, for player 1.
        leaves: B states of the game where a street ends and a card comes, all on the same cards.

    Raises:
        ValueError: strategies of different trees, leaves that are not of their game, or not on one board.
    """
    strategy, game = first[0], first[0].game
    if any(own.tree is not strategy.tree for own in (*first, *second)):
        raise ValueError(f"continuations must be strategies of the same tree, got another one of {game.name}")
    places = [place_of(game, leaf) for leaf in leaves if _is_of(game, leaf)]
    if len(places) < len(leaves) or len({place.cards for place in places}) != 1:
        lines = "; ".join(" / ".join(line_of(game, leaf)) for leaf in leaves)
        raise ValueError(f"leaves must be states of the strategy's game on the same cards, got {lines or 'none'}")
    board, permutation = strategy.find(places[0].cards)
    image, chips = image_of_hands(permutation.tobytes(), game.deck), _Chips(first, second)
    found = chips.at(board, [place.node for place in places])
    renamed: Float = found[..., image, :][..., image].transpose(1, 2, 0, 3, 4)
    return renamed


class _Chips:
    """Chips that each hand of player 0 wins from each hand of player 1 on average, by board and node of the bets."""

    def __init__(self, first: Sequence[BoardStrategy], second: Sequence[BoardStrategy]) -> None:
        self.continuations, self.game, self.tree = (first, second), first[0].game, first[0].tree
        self._meeting = hands_apart(self.game.hands).astype(np.float64)
        self._shape = len(first), len(second), *self._meeting.shape

    def at(self, board: int, nodes: Sequence[int]) -> Float:
        """Return [nodes, C0, C1, H, H] of some nodes of a board's street."""
        game, dead = self.game, holding(self.game.deck, self.tree.cards[board])
        meeting = np.where(dead | dead[:, None], 0.0, self._meeting)
        bets, leaves = game.bets, [n for node in nodes for n in self._ends(node) if game.bets.player[n] == CHANCE]
        below = dict(zip(leaves, self._below(board, leaves), strict=True)) if leaves else {}
        shown = self._shown(board, meeting) if not leaves else meeting  # on the last street nothing lies below

        def walk(node: int) -> Float:
            """Return what broadcasts to [C0, C1, H, H]."""
            player = int(bets.player[node])
            if player == CHANCE:
                leaf: Float = below[node]
                return leaf
            if player == TERMINAL:
                folded = int(bets.folded[node])
                if folded < 0:
                    return float(bets.contribution[node, 0]) * shown
                return float(bets.contribution[node, folded]) * (1 if folded == 1 else -1) * meeting
            policies = np.array([own.at_board(node, board, AS_THEY_ARE) for own in self.continuations[player]])  # [C, A, H]
            shares = policies[:, None, :, :, None] if player == 0 else policies[None, :, :, None]
            total = np.zeros((1, 1, 1, 1))
            for a, child in enumerate(bets.children(node)):
                total = total + walk(child) * shares[:, :, a]
            return total

        return np.array([np.broadcast_to(walk(node), self._shape) for node in nodes])

    def _ends(self, node: int) -> list[int]:
        """Return the nodes below one, or itself, where its street or the hand ends."""
        bets = self.game.bets
        here = np.arange(node, bets.end[node])
        found: list[int] = here[(bets.round[here] == bets.round[node]) & (bets.player[here] < 0)].tolist()
        return found

    def _below(self, board: int, leaves: Sequence[int]) -> Float:
        """Return [leaves, C0, C1, H, H] of nodes where a card comes: the mean over all cards, of which some stand for others."""
        total = np.zeros((len(leaves), *self._shape))
        for child in range(*self.tree.boards[board, CHILD : CHILD_END + 1].tolist()):
            total += float(self.tree.weight[child]) * self.at(child, [leaf + 1 for leaf in leaves])
        alike = alike_images(self.game, self.tree, board)
        mean = np.zeros_like(total)
        for image in alike:
            mean += total[..., image, :][..., image] / len(alike)
        return mean

    def _shown(self, board: int, meeting: Float) -> Float:
        """Return [H, H], 1 where a hand beats another one on a whole board, -1 where it loses."""
        power = board_strengths(self.tree.cards[board], self.game.hands).astype(np.int64)
        found: Float = np.sign(power[:, None] - power) * meeting
        return found


def _is_of(game: HoldemGame, state: HoldemState) -> bool:
    """Say whether a state is one of a game's, as the game has it, where a card comes."""
    place = game.locate(state)
    return place is not None and game.player(state) == CHANCE and game.state_at(*place) == state
