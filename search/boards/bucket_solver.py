"""The solver of abstract hold'em: hands in one bucket have to play alike, on whatever boards they stand.

A sweep of the whole game gives every hand's regrets; those of a bucket are added up, weighted by chance, and regret matching on the sums
is what all its hands play. The answer is exact in the abstract game and complete in the real one. It is made for measuring what
blueprints of different sizes are worth: it takes as much memory and time as solving without an abstraction, and somewhat more.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from games.holdem.board_tree import BoardTree
from games.holdem.rules import HoldemGame
from games.kernels import LANES, aligned_zeros
from games.kernels.boards import HANDS, LINES, ROWS, STORE, STREET
from search.anytime import Anytime
from search.boards.strategy import BoardStrategy, play_alike
from search.boards.sweeps import BoardSweeps, StoredRows
from search.boards.trunk import board_weights, root_reach
from search.kernels.buckets import expand, fold
from search.kernels.streets import BEST
from search.tree.evaluator import exploitability_of
from search.variants import BLOCK, Variant, coefficients

Buckets = npt.NDArray[np.int32]
COLLECT = np.array([[1.0, 1.0, -1.0, 0.0]])  # coefficients of a sweep that adds its regrets to what is there


def in_tiles(boards: Iterable[npt.NDArray[Any]]) -> Buckets:
    """Return [tiles, 8] of numbers of the hands of some boards, board after board, each padded with -1."""
    return np.concatenate([np.append(own, np.full(-len(own) % LANES, -1)) for own in boards]).astype(np.int32).reshape(-1, LANES)


def lossless_buckets(tree: BoardTree, player: int, street: int) -> Buckets:
    """Return [tiles of the street, 8]: a bucket for each hand of each board."""
    counts = [int(tree.boards[board, HANDS + player]) for board in tree.on_street(street)]
    return in_tiles(np.arange(end - count, end) for count, end in zip(counts, np.cumsum(counts).tolist(), strict=True))


class BucketSolver(Anytime[BoardStrategy]):
    """CFR on an abstraction of a hold'em game.

    Args:
        game: whole.
        tree: its board tree.
        buckets: per player and street [tiles of the street, 8], the bucket of each hand there; -1 for padding.
        variant: of CFR.
        threads: kernel threads of the sweeps.
    """

    def __init__(
        self, game: HoldemGame, tree: BoardTree, buckets: tuple[Sequence[Buckets], Sequence[Buckets]], variant: Variant, threads: int = 1
    ) -> None:
        super().__init__()
        self.game, self.tree, self.buckets, self.variant = game, tree, buckets, variant
        dtype = tree.weight.dtype
        self._sweeps = BoardSweeps(tree, threads, dtype)
        self._regret, self._matching, self._average = (
            tuple(aligned_zeros(rows, LANES, dtype) for rows in tree.stored_rows) for _ in range(3)
        )
        self._folded = tuple(np.zeros_like(rows) for rows in self._average)
        self._chance = [_chance(tree, p) for p in (0, 1)]
        self._dealt = [[w * x for w, x in zip(self._chance[p], _weights(game, tree, p), strict=True)] for p in (0, 1)]
        self.tables = [
            [np.zeros((int(b.max()) + 1, stride)) for b, (_, stride) in zip(buckets[p], self._spans(p), strict=True)] for p in (0, 1)
        ]
        for p in (0, 1):
            reach = root_reach(game, p)
            self._sweeps.reach[p][: len(reach), :1] = reach

    def _spans(self, player: int) -> list[tuple[slice, int]]:
        """Return per street where the player's rows are stored, and rows a tile."""
        tree, spans = self.tree, []
        for s in range(len(tree.forests[player].table)):
            table = tree.forests[player].table[s]
            stride = int(table[ROWS] - table[LINES])
            first = int(tree.boards[np.flatnonzero(tree.boards[:, STREET] == s)[0], STORE + player])
            spans.append((slice(first, first + len(self.buckets[player][s]) * stride), stride))
        return spans

    @property
    def sizes(self) -> tuple[int, int]:
        """Return how many pairs of bucket and decision's action each player's strategy has: the blueprint's size."""
        sizes = [sum(table.size for table in tables) for tables in self.tables]
        return sizes[0], sizes[1]

    @property
    def rows(self) -> int:
        """Return the stored rows of both players, for the sweep and for the way between hands and buckets."""
        return 2 * sum(self.tree.stored_rows)

    def run(self, iterations: int) -> None:
        """Do that many iterations."""
        for _ in range(iterations):
            block, t = divmod(self.iterations, BLOCK)
            positive, negative, decay, predictive = coefficients(self.variant, block)[t]
            for p in (0, 1):
                collect = COLLECT.copy()
                collect[0, 2] = decay
                self._regret[p][:] = 0
                rows = StoredRows(self._regret, self._matching, self._average)
                self._sweeps.update(rows, collect, 0, 1, only=p)
                for s, (span, stride) in enumerate(self._spans(p)):
                    table = self.tables[p][s]
                    now = np.zeros_like(table)
                    fold(self._regret[p][span], self.buckets[p][s], self._dealt[p][s], stride, now)  # cfvs leave the own hand's weight out
                    table *= np.where(table > 0, positive, negative)
                    table += now
                    shown = table if predictive == 0 else np.maximum(table, 0) + predictive * now
                    expand(shown, self.buckets[p][s], stride, self._matching[p][span])
            self.iterations += 1

    def state(self) -> dict[str, npt.NDArray[Any]]:
        """Return the arrays that solving on needs, by name; not copies."""
        tables = {f"table_{p}_{s}": table for p in (0, 1) for s, table in enumerate(self.tables[p])}
        rows = {"matching": self._matching, "average": self._average}
        return tables | {f"{name}_{p}": both[p] for name, both in rows.items() for p in (0, 1)}

    def restore(self, arrays: Mapping[str, npt.NDArray[Any]], iterations: int) -> None:
        """Go on from another solver's ``state`` of the same game, buckets and variant."""
        for name, own in self.state().items():
            own[:] = arrays[name]
        self.iterations = iterations

    def answer(self) -> BoardStrategy:
        """Return the average strategies, each hand's its bucket's."""
        for p in (0, 1):
            for s, (span, stride) in enumerate(self._spans(p)):
                table = np.zeros_like(self.tables[p][s])
                fold(self._average[p][span], self.buckets[p][s], self._chance[p][s], stride, table)
                total = max(float(table.max()), 1e-300)
                expand(table / total, self.buckets[p][s], stride, self._folded[p][span])
            play_alike(self.tree, p, self._folded[p])
        return BoardStrategy(self.game, self.tree, (self._folded[0], self._folded[1]))

    def exploitability(self, strategy: BoardStrategy | None = None) -> float:
        """Return NashConv / 2 of the average strategies in the real game, in chips a deal."""
        strategy = self.answer() if strategy is None else strategy
        self._sweeps.evaluate(strategy.average, BEST)
        found = zip(self._sweeps.reach, self._sweeps.cfv, strict=True)
        first, second = (float((r.astype(np.float64) * v).sum()) for r, v in found)
        return exploitability_of(first, second) / self.game.deal_mass


def _chance(tree: BoardTree, player: int) -> list[npt.NDArray[np.float64]]:
    """Return per street [tiles, 8], the chance of each tile's board."""
    weights = board_weights(tree)
    found = []
    for s in range(int(tree.boards[:, STREET].max()) + 1):
        boards = np.flatnonzero(tree.boards[:, STREET] == s)
        chance = np.repeat(weights[boards], -(-tree.boards[boards, HANDS + player] // LANES))
        found.append(np.repeat(chance[:, None], LANES, axis=1))
    return found


def _weights(game: HoldemGame, tree: BoardTree, player: int) -> list[npt.NDArray[np.float64]]:
    """Return per street [tiles, 8], the weight of each hand in the player's range; 0 for padding."""
    found = []
    for s in range(int(tree.boards[:, STREET].max()) + 1):
        rows = []
        for board in np.flatnonzero(tree.boards[:, STREET] == s).tolist():
            own = game.ranges[player][tree.hands_at(player, board)]
            rows.append(np.append(own, np.zeros(-len(own) % LANES)))
        found.append(np.concatenate(rows).reshape(-1, LANES))
    return found
