"""The solver of hold'em: alternating CFR on a board tree, by one thread or several, anytime, within a budget."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from numba import config

from games.board_tree import BoardTree
from games.holdem import HoldemGame, board_tree
from games.kernels import LANES, aligned_zeros
from games.kernels.boards import EXITS, FOLDS, GROUPS, LINES, ROWS, SHOWS
from games.kernels.showdown import SUMS
from search.anytime import Anytime
from search.board_strategy import BoardStrategy
from search.kernels.streets import BEST, CHUNKS, LAYOUT, UPDATE, VALUE, play_streets
from search.variants import BLOCK, Variant, coefficients

Rows = npt.NDArray[Any]


@dataclass(frozen=True)
class BoardValues:
    """What one player has at one board when both play the average strategies.

    Attributes:
        hands: [n] index of each hand.
        cfvs: [rows, n] cfv of each of the player's rows of the street, in chips, weighted by the opponent's reach.
    """

    hands: npt.NDArray[np.int64]
    cfvs: npt.NDArray[np.float64]


class BoardSolver(Anytime[BoardStrategy]):
    """CFR on a hold'em game or spot. Arrays are allocated once. Results do not depend on the number of threads.

    Args:
        game: what is solved.
        variant: of CFR.
        threads: kernel threads; every one of them is busy until all are done.
        dtype: of all arrays: f4, or f8 to measure what f4 costs in precision.
    """

    def __init__(self, game: HoldemGame, variant: Variant, threads: int = 1, dtype: Any = np.float32) -> None:
        super().__init__()
        if threads < 1:
            raise ValueError(f"threads must be at least 1, got {threads}")
        if threads > 1 and config.DISABLE_JIT:
            raise ValueError(f"threads must be 1 without compilation (NUMBA_DISABLE_JIT), got {threads}")
        self.game, self.variant, self.threads, self.dtype = game, variant, threads, np.dtype(dtype)
        self.tree = tree = board_tree(game, dtype)
        self._layouts, shared_rows, work_rows = _layouts(tree, threads)
        self._shared = aligned_zeros(shared_rows, LANES, dtype)
        self._work = [aligned_zeros(work_rows, LANES, dtype) for _ in range(threads)]
        self._sync = np.zeros((4, 8), np.int64)
        self._pool = ThreadPoolExecutor(threads - 1) if threads > 1 else None
        stored = tree.stored_rows
        self.regret = tuple(aligned_zeros(rows, LANES, dtype) for rows in stored)
        self.average = tuple(aligned_zeros(rows, LANES, dtype) for rows in stored)
        self.matching = tuple(aligned_zeros(rows, LANES, dtype) for rows in stored) if variant.predictive else self.regret
        self._root = tuple(aligned_zeros(2 * (tree.nowhere + 1), LANES, dtype) for _ in (0, 1))
        for p, root in enumerate(self._root):
            live = game.live[p]
            root[: np.count_nonzero(live), 0] = live[live > 0]
        tiles = tree.nowhere // LANES
        self._watched = tuple(aligned_zeros(tiles * (int(f.table[:, ROWS].max()) + 1), LANES, dtype) for f in tree.forests)

    @property
    def rows(self) -> int:
        """Return the stored rows of both players."""
        return sum(self.tree.stored_rows)

    def memory_bytes(self) -> int:
        """Return the size of the solver's and the tree's arrays in bytes."""
        kept = [*self.regret, *self.average, *(self.matching if self.variant.predictive else ())]
        return sum(a.nbytes for a in (*kept, self._shared, *self._work, *self._root, *self._watched)) + self.tree.memory_bytes()

    def warm_up(self) -> None:
        """Compile or load the kernels, without doing any work."""
        self._play(self.matching, UPDATE, coefficients(self.variant), 0, 0)

    def run(self, iterations: int) -> None:
        """Do that many iterations."""
        while iterations > 0:
            block, begin = divmod(self.iterations, BLOCK)
            end = min(begin + iterations, BLOCK)
            self._play(self.matching, UPDATE, coefficients(self.variant, block), begin, end)
            self.iterations += end - begin
            iterations -= end - begin

    def answer(self) -> BoardStrategy:
        """Return the average strategies, as a view: they change when solving goes on."""
        return BoardStrategy(self.game, self.tree, (self.average[0], self.average[1]))

    def exploitability(self, strategy: BoardStrategy | None = None) -> float:
        """Return NashConv / 2 of the average strategies in chips a deal."""
        if strategy is not None and strategy.average[0] is not self.average[0]:
            raise ValueError("strategy must be this solver's answer, got another's")
        return sum(self._values(BEST)) / 2

    def values(self) -> tuple[float, float]:
        """Return both players' expected chips a deal when both play the average strategies."""
        first, second = self._values(VALUE)
        value = (first - second) / 2
        return value, -value

    def board_values(self, player: int, board: int = 0) -> BoardValues:
        """Return a player's cfvs at one board when both play the average strategies."""
        self._values(VALUE, board)
        hands = self.tree.hands_at(player, board)
        rows = int(self.tree.forests[player].table[self.tree.boards[board, 0], ROWS])
        tiles = -(-len(hands) // LANES)
        table = self._watched[player][: tiles * (rows + 1)].reshape(tiles, rows + 1, LANES)
        return BoardValues(hands, table.transpose(1, 0, 2).reshape(rows + 1, -1)[:rows, : len(hands)].astype(np.float64))

    def state(self) -> dict[str, Rows]:
        """Return the arrays that solving on needs, by name; not copies."""
        names = ("regret", "average", "matching") if self.variant.predictive else ("regret", "average")
        return {f"{name}_{p}": getattr(self, name)[p] for name in names for p in (0, 1)}

    def restore(self, arrays: Mapping[str, Rows], iterations: int) -> None:
        """Go on from another solver's ``state`` of the same game and variant."""
        for name, own in self.state().items():
            own[:] = arrays[name]
        self.iterations = iterations

    def _values(self, mode: int, watched: int = 0) -> tuple[float, float]:
        """Return each player's value against the opponent's average strategy, in chips a deal."""
        self._play(self.average, mode, np.array([[0.0, 0.0, -1.0, 0.0]]), 0, 1, watched)
        found = []
        for root in self._root:
            weights, values = root[:, 0].astype(np.float64).reshape(2, -1)
            found.append(float(values @ weights / self.game.deal_mass))
        return found[0], found[1]

    def _play(self, matching: Any, mode: int, weights: npt.NDArray[np.float64], begin: int, end: int, watched: int = 0) -> None:
        """Sweep in all threads; none can stop before all are done, since they wait for each other."""
        tree = self.tree
        arrays = tuple((self._layouts[p], self.regret[p], matching[p], self.average[p], self._root[p], self._watched[p]) for p in (0, 1))
        played = (_plain(tree.forests), _plain(tree.hands), tree.boards, tree.weight, arrays, tree.nowhere, watched, mode, weights)

        def play(thread: int) -> None:
            play_streets(*played, self._shared, self._work[thread], self._sync, thread, self.threads, begin, end)

        if self._pool is None:
            play(0)
            return
        with _uninterrupted():
            others = [self._pool.submit(play, i) for i in range(1, self.threads)]
            play(0)
            for other in others:
                other.result()


@contextmanager
def _uninterrupted() -> Iterator[None]:
    """Hold Ctrl-C and a batch system's stop back until the block is done."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    held: list[int] = []
    before = {number: signal.signal(number, lambda n, _: held.append(n)) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    if held:
        signal.raise_signal(held[0])


def _plain(named: Any) -> Any:
    return tuple(_plain(x) if isinstance(x, tuple) else x for x in named)


def _layouts(tree: BoardTree, threads: int) -> tuple[tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]], int, int]:
    """Return where each array begins in the workspaces, by player, and the rows of the shared one and of a thread's."""
    hands = tree.nowhere + 1
    shared = work = 0
    layouts = []
    for p in (0, 1):
        own, other = tree.forests[p].table, tree.forests[1 - p].table
        layout = np.zeros((len(own), LAYOUT), np.int64)
        for s in range(len(own)):
            exits = int(own[s, EXITS])
            own_rows, other_rows = (max(int(t[s, ROWS]) + 1, -(-int(t[s, LINES]) // LANES) * LANES) for t in (own, other))
            wide = [hands * int(own[s, column]) for column in (SHOWS, FOLDS)]
            wide += [hands * exits, hands * exits, hands * int(own[s, GROUPS]), hands * exits * (CHUNKS if s == 0 else 1)]
            wide += [tree.nowhere // LANES * own_rows if exits else 0, 3 * SUMS * (threads if s == 0 else 1), hands * exits]
            for column, rows in enumerate(wide):
                if s == 0:
                    layout[s, column], shared = shared, shared + rows
                else:
                    layout[s, column], work = work, work + rows
            for column, rows in enumerate((other_rows, own_rows, own_rows, own_rows), len(wide)):
                layout[s, column], work = work, work + rows
        layouts.append(layout)
    return (layouts[0], layouts[1]), shared, work
