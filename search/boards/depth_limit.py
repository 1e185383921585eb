"""Subgames of hold'em that end with their first street, before the card: somebody else says what it is worth to be there.

The tree has one board. Its lines that leave the street are the *leaves*, those of a called all-in among them. In each half of an iteration
the kernels go down to the leaves, their values are asked for, and the kernels go up from there (see ``search.kernels.play``).
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import numpy as np

from games.arrays import Float
from games.holdem.board_tree import board_tree
from games.holdem.cards import holding
from games.holdem.rules import HoldemGame, HoldemState
from games.kernels import LANES
from games.public_tree import CHANCE
from search.anytime import Anytime
from search.boards.root_gadget import RootGadget
from search.boards.strategy import BoardStrategy, play_alike
from search.boards.sweeps import AS_IT_IS, BoardSweeps, StoredRows
from search.boards.trunk import NOTHING, above
from search.boards.workspace import Workspace
from search.frontier import LeafEvaluator, mean_values
from search.kernels.streets import BACK, OUT_OTHER, OUT_OWN, UPDATE, VALUE
from search.variants import BLOCK, Variant, coefficients, thinned_coefficients


def first_street(game: HoldemGame) -> HoldemGame:
    """Return a game whose tree of bets ends with its first street; its states are those of the game.

    Raises:
        ValueError: no public card comes after the first street.
    """
    if len(game.deals) == 1:
        raise ValueError(f"game must have a public card to come, got the last street of {game.name}")
    return replace(game, streets=1)


def leaf_states(game: HoldemGame) -> list[HoldemState]:
    """Return the public states where the first street of a game ends and a card comes, in the order of its bets.

    Args:
        game: see ``first_street``.
    """
    nodes = np.flatnonzero((game.bets.player == CHANCE) & (game.bets.round == 0))
    return [game.state_at(node, game.root.cards) for node in nodes.tolist()]


class BoardDepthLimitedSolver(Anytime[BoardStrategy]):
    """CFR on the first street of a hold'em game or spot, by one thread. Arrays are allocated once.

    Leaves are told apart by their states: ``game.settled`` says that no player acts below one.

    Args:
        game: what is solved as far as the end of its first street.
        variant: of CFR.
        leaves: what says what the leaves are worth.
        dtype: of regrets and averages and of all in between: f4, or f8.
        workspace: memory that another solver leaves to this one.
        gadget: above the root; values of leaves and hands are those with it, action values are those without.

    Attributes:
        game: whose tree of bets ends with the first street.
        leaf_states: [B] in the order in which the leaves are asked for.
    """

    to_the_end = False

    def __init__(
        self,
        game: HoldemGame,
        variant: Variant,
        leaves: LeafEvaluator[HoldemState],
        dtype: Any = np.float32,
        workspace: Workspace | None = None,
        gadget: RootGadget | None = None,
    ) -> None:
        super().__init__()
        self.game, self.variant, self.leaves = first_street(game), variant, leaves
        self.leaf_states = leaf_states(self.game)
        self.tree = board_tree(self.game, dtype)
        self._coefficients = coefficients if np.dtype(dtype) == np.float64 else thinned_coefficients
        space = workspace or Workspace()
        self._sweeps = BoardSweeps(self.tree, 1, dtype, space)
        names = ("regret", "average", *(["matching"] if variant.predictive else []))
        kept = {name: tuple(space.zeros(f"{name} {p}", rows, dtype) for p, rows in enumerate(self.tree.stored_rows)) for name in names}
        self.regret, self.average, self.matching = kept["regret"], kept["average"], kept.get("matching", kept["regret"])
        self._most = tuple(float(live.max()) for live in game.ranges)  # float32 has no 1e-50: the largest weight becomes 1
        for p, live in enumerate(game.ranges):
            self._sweeps.reach[p][: np.count_nonzero(live), 0] = live[live > 0] / self._most[p]
        self._model = tuple(reach.copy() for reach in self._sweeps.reach)  # what a gadget changes
        self._gadget = gadget.opened(self.tree, self._sweeps) if gadget else None
        self._hands = [self.tree.hands_at(p, 0) for p in (0, 1)]
        self._above = [above(self.tree, p, 0) for p in (0, 1)]
        self._meeting = Meeting(game)
        self._alike = True
        size = len(game.hands)
        self._leaf_sums = np.zeros((2, 2, len(self.leaf_states), size))  # by player: cfvs and cf_reach
        self._root_sums = np.zeros((2, 2, size))
        leaves.enter(self.leaf_states)

    @property
    def rows(self) -> int:
        """Return the stored rows of both players."""
        return sum(self.tree.stored_rows)

    def memory_bytes(self) -> int:
        """Return the size of the solver's and the tree's arrays in bytes, without those of what says what the leaves are worth."""
        kept = [*self.regret, *self.average, *(self.matching if self.variant.predictive else ()), self._leaf_sums, self._root_sums]
        return sum(a.nbytes for a in kept) + self._sweeps.memory_bytes() + self.tree.memory_bytes()

    def warm_up(self) -> None:
        """Compile or load the kernels, without doing any work."""
        for p in (0, 1):
            self._sweeps.down_to_leaves(p, self._averages, VALUE, AS_IT_IS, 0)
            self._sweeps.up_from_leaves(p, self._averages, VALUE, AS_IT_IS, 0)
        play_alike(replace(self.tree, boards=self.tree.boards[:0]), 0, np.zeros((0, LANES), self.average[0].dtype))

    def run(self, iterations: int) -> None:
        """Do that many iterations."""
        self._alike = False
        rows = StoredRows(self.regret, self.matching, self.average)
        for _ in range(iterations):
            block, t = divmod(self.iterations, BLOCK)
            weights = self._coefficients(self.variant, block)
            for p in (0, 1):
                reach, cfvs = self._half(p, rows, UPDATE, weights, t)
                if (decay := float(weights[t, 2])) >= 0:  # see ``thinned_coefficients``
                    self._add(p, decay, reach, cfvs)
            self.iterations += 1

    def answer(self) -> BoardStrategy:
        """Return the average strategies of the first street, as a view: they change when solving goes on."""
        if not self._alike:
            for p in (0, 1):
                play_alike(self.tree, p, self.average[p])
            self._alike = True
        return BoardStrategy(self.game, self.tree, (self.average[0], self.average[1]))

    def exploitability(self, strategy: BoardStrategy | None = None) -> float:
        """Return NaN: what an answer can lose depends on what is played below the leaves."""
        return float("nan")

    def values(self) -> tuple[Float, Float]:
        """Return per player [H] chips, the mean over iterations of what the root was worth to each hand.

        0 for hands that meet nobody, and for those that are not in the player's range.
        """
        return mean_values(self._root_sums[0]), mean_values(self._root_sums[1])

    def leaf_values(self) -> tuple[Float, Float]:
        """Return per player [B, H] chips, the mean over iterations of what the leaves were worth to each hand; 0 if it meets nobody."""
        return mean_values(self._leaf_sums[0]), mean_values(self._leaf_sums[1])

    def leaf_ranges(self) -> tuple[Float, Float]:
        """Return per player [B, H], the ranges that the average strategies bring to the leaves."""
        self.answer()
        with self._model_enters():
            self._sweeps.down_to_leaves(0, self._averages, VALUE, AS_IT_IS, 0)
        return self._reach(0)

    def action_values(self, node: int) -> Float:
        """Return what each action of a decision brings its player when both play the average strategies, leaves being asked for once more.

        Args:
            node: a decision of ``game.bets``.

        Returns:
            [A, H] cfvs in chips over all hands of the deck, weighted by the opponent's reach of the decision.
        """
        answer, player = self.answer(), int(self.game.bets.player[node])
        board, permutation, rows = answer.locate(node)
        with self._model_enters():
            self._half(player, self._averages, VALUE, AS_IT_IS, 0)
        cfvs = self._most[1 - player] * self._sweeps.watched(player)[self.tree.lines_of(player, board) :]
        return answer.of_all_hands(cfvs[rows], player, board, permutation)

    @property
    def _averages(self) -> StoredRows:
        return StoredRows(self.average, self.average, self.average)

    def _half(self, p: int, rows: StoredRows, mode: int, weights: Float, t: int) -> tuple[tuple[Float, Float], Float]:
        """Do a player's half of an iteration or evaluation; return the ranges at the leaves and what they were worth, [B, H]."""
        self._sweeps.down_to_leaves(p, rows, mode, weights, t)
        reach = self._reach(p)
        cfvs = self.leaves.cfvs(p, reach)
        if cfvs.shape != reach[p].shape or not np.isfinite(cfvs).all():
            raise ValueError(
                f"leaves must be worth finite cfvs {list(reach[p].shape)}, got {list(cfvs.shape)} of {self.leaves.name}: {cfvs}"
            )
        back = self._sweeps.at_leaves(p, BACK)
        back[: len(self._hands[p]), : len(cfvs)] = cfvs[:, self._hands[p]].T / self._most[1 - p]
        self._sweeps.up_from_leaves(p, rows, mode, weights, t, self._gadget)
        return reach, cfvs

    def _reach(self, p: int) -> tuple[Float, Float]:
        """Return per player [B, H], the ranges that were brought to the leaves in a player's half."""
        found = np.zeros((2, len(self.leaf_states), len(self.game.hands)))
        for q, column in ((p, OUT_OWN), (1 - p, OUT_OTHER)):
            own = self._hands[q]
            found[q][:, own] = self._sweeps.at_leaves(p, column)[: len(own), : len(self.leaf_states)].T * self._most[q]
        return found[0], found[1]

    def _add(self, p: int, decay: float, reach: tuple[Float, Float], cfvs: Float) -> None:
        """Add what the leaves and the root were worth in a player's half of an iteration."""
        other = np.zeros((1, len(self.game.hands)))
        other[0, self._hands[1 - p]] = self._sweeps.reach[1 - p][self._above[1 - p], 0] * self._most[1 - p]
        root = np.zeros(len(self.game.hands))
        root[self._hands[p]] = self._sweeps.cfv[p][self._above[p], 0] * self._most[1 - p]
        for sums, now in (
            (self._leaf_sums[p], (cfvs, self._meeting.cf_reach(reach[1 - p]))),
            (self._root_sums[p], (root, self._meeting.cf_reach(other)[0])),
        ):
            sums *= decay
            sums += now

    @contextmanager
    def _model_enters(self) -> Iterator[None]:
        """Let both ranges enter as the game has them while something is measured."""
        kept = [reach.copy() for reach in self._sweeps.reach]
        for reach, model in zip(self._sweeps.reach, self._model, strict=True):
            reach[:] = model
        yield
        for reach, own in zip(self._sweeps.reach, kept, strict=True):
            reach[:] = own


class Meeting:
    """Which hands meet: two that share no card with each other, nor with the board.

    Args:
        game: whose root has the board.
    """

    def __init__(self, game: HoldemGame) -> None:
        cards = game.deck.cards()
        self._holders = np.array([np.flatnonzero((game.hands == card).any(axis=1)) for card in cards])  # [cards, hands that hold one]
        self._low, self._high = np.searchsorted(cards, game.hands.T)
        self._alive = ~holding(game.deck, game.root.cards)

    def cf_reach(self, reach: Float) -> Float:
        """Return [B, H], the other player's reach [B, H] that each hand can meet.

        Sums are picked, not products of matrices: on cores that others use, BLAS's threads took a hundred times as long.
        """
        total, by_card = reach.sum(axis=1, keepdims=True), reach[:, self._holders].sum(axis=2)
        met = total - by_card[:, self._low] - by_card[:, self._high] + reach
        found: Float = np.where(self._alive & (met > NOTHING * total), met, 0.0)
        return found
