"""Leaves of depth-limited hold'em that are worth what a strategy of the whole game makes of them.

From a leaf on, chips are linear in each player's range, so each leaf has a matrix of its own: M[h, h'] chips that player 0 wins with h from
h' on average when both play the strategy. It is worked out once; after that a question is a product.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Any

import numpy as np

from games.arrays import Float
from games.game import line_of
from games.holdem.cards import hands_apart, holding
from games.holdem.rules import HoldemGame, HoldemState
from games.holdem.subgame import state_above
from games.kernels.boards import CHILD, CHILD_END
from games.kernels.evaluator import board_strengths
from games.public_tree import CHANCE, TERMINAL
from search.boards.strategy import BoardStrategy, alike_images, image_of_hands, place_of

AS_THEY_ARE = np.arange(4, dtype=np.uint8)  # suits


class BoardContinuation:
    """See ``search.frontier.LeafEvaluator``, and the module: both players play a strategy of the whole game from the leaves on.

    Args:
        strategy: of the whole game.
        root: the state of the whole game where the subgame begins whose leaves are asked for; the whole game's root unless given.
        name: how it is reported.
        dtype: of the matrices.
    """

    def __init__(
        self, strategy: BoardStrategy, root: HoldemState | None = None, name: str = "continuation", dtype: Any = np.float64
    ) -> None:
        self.strategy, self.name, self.dtype = strategy, name, np.dtype(dtype)
        self.root = strategy.game.root if root is None else root
        self._entered: tuple[HoldemState, ...] | None = None
        self._chips = np.zeros((0, 0, 0), self.dtype)

    def fingerprint(self) -> bytes:
        """See ``LeafEvaluator``."""
        digest = hashlib.sha256(self.strategy.game.key.encode())
        for average in self.strategy.average:
            digest.update(average.tobytes())
        return digest.digest()

    def enter(self, leaves: Sequence[HoldemState], /) -> None:
        """See ``LeafEvaluator``; the same leaves once more cost nothing.

        Raises:
            ValueError: leaves that are not of the subgame, or not on one board.
        """
        if tuple(leaves) != self._entered:
            self._chips = leaf_matrices(self.strategy, [state_above(self.root, leaf) for leaf in leaves]).astype(self.dtype)
            self._entered = tuple(leaves)

    def cfvs(self, player: int, reach: tuple[Float, Float], /) -> Float:
        """See ``LeafEvaluator``."""
        other = reach[1 - player].astype(self.dtype)
        if player == 0:
            found: Float = np.matmul(self._chips, other[:, :, None])[:, :, 0].astype(np.float64)
        else:
            found = -np.matmul(other[:, None], self._chips)[:, 0].astype(np.float64)
        return found


def leaf_matrices(strategy: BoardStrategy, leaves: Sequence[HoldemState]) -> Float:
    """Return [B, H, H], the chips that each hand of player 0 wins from each hand of player 1 when both play a strategy from a leaf on.

    0 for hands that share a card with each other, or with the board.

    Args:
        strategy: of the whole game; hands that never come somewhere play uniformly there.
        leaves: states of the game where a street ends and a card comes, all on the same cards.

    Raises:
        ValueError: leaves that are not of the strategy's game, or not on one board.
    """
    game = strategy.game
    places = [place_of(game, leaf) for leaf in leaves if _is_of(game, leaf)]
    if len(places) < len(leaves) or len({place.cards for place in places}) != 1:
        lines = "; ".join(" / ".join(line_of(game, leaf)) for leaf in leaves)
        raise ValueError(f"leaves must be states of the strategy's game on the same cards, got {lines or 'none'}")
    board, permutation = strategy.find(places[0].cards)
    image, chips = image_of_hands(permutation.tobytes(), game.deck), _Chips(strategy)
    found = chips.at(board, [place.node for place in places])
    renamed: Float = found[:, image][:, :, image]
    return renamed


class _Chips:
    """Chips that each hand of player 0 wins from each hand of player 1 on average, by board and node of the bets."""

    def __init__(self, strategy: BoardStrategy) -> None:
        self.strategy, self.game, self.tree = strategy, strategy.game, strategy.tree
        self._meeting = hands_apart(strategy.game.hands).astype(np.float64)

    def at(self, board: int, nodes: Sequence[int]) -> Float:
        """Return [nodes, H, H] of some nodes of a board's street."""
        game, dead = self.game, holding(self.game.deck, self.tree.cards[board])
        meeting = np.where(dead | dead[:, None], 0.0, self._meeting)
        bets, leaves = game.bets, [n for node in nodes for n in self._ends(node) if game.bets.player[n] == CHANCE]
        below = dict(zip(leaves, self._below(board, leaves), strict=True)) if leaves else {}
        shown = self._shown(board, meeting) if not leaves else meeting  # on the last street nothing lies below

        def walk(node: int) -> Float:
            player = int(bets.player[node])
            if player == CHANCE:
                leaf: Float = below[node]
                return leaf
            if player == TERMINAL:
                folded = int(bets.folded[node])
                if folded < 0:
                    return float(bets.contribution[node, 0]) * shown
                return float(bets.contribution[node, folded]) * (1 if folded == 1 else -1) * meeting
            shares = self.strategy.at_board(node, board, AS_THEY_ARE)
            total = np.zeros_like(meeting)
            for share, child in zip(shares, bets.children(node), strict=True):
                total += walk(child) * (share[:, None] if player == 0 else share)
            return total

        return np.array([walk(node) for node in nodes])

    def _ends(self, node: int) -> list[int]:
        """Return the nodes below one, or itself, where its street or the hand ends."""
        bets = self.game.bets
        here = np.arange(node, bets.end[node])
        found: list[int] = here[(bets.round[here] == bets.round[node]) & (bets.player[here] < 0)].tolist()
        return found

    def _below(self, board: int, leaves: Sequence[int]) -> Float:
        """Return [leaves, H, H] of nodes where a card comes: the mean over all cards, of which some stand for others."""
        total = np.zeros((len(leaves), *self._meeting.shape))
        for child in range(*self.tree.boards[board, CHILD : CHILD_END + 1].tolist()):
            total += float(self.tree.weight[child]) * self.at(child, [leaf + 1 for leaf in leaves])
        alike = alike_images(self.game, self.tree, board)
        mean = np.zeros_like(total)
        for image in alike:
            mean += total[:, image][:, :, image] / len(alike)
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
