"""Sweeps over a board tree or a part of one: workspaces, threads, and the reach and cfvs at the root."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from numba import config

from games.holdem.board_tree import BoardTree
from games.kernels import LANES
from games.kernels.boards import EXITS, FOLDS, GROUPS, HANDS, LINES, ROWS, SHOWS, STREET, Forest
from games.kernels.showdown import SUMS
from search.boards.workspace import Workspace
from search.kernels.gadget import UNSAFE, GadgetArrays
from search.kernels.play import BOTH, down_to_leaves, play_streets, up_from_leaves
from search.kernels.streets import CHUNKS, LAYOUT, UPDATE
from search.kernels.threads import DONE

Rows = npt.NDArray[Any]
FIRST_BOARD, NONE = range(1), range(0)
AS_IT_IS = np.array([[0.0, 0.0, -1.0, 0.0]])  # coefficients of a sweep that changes nothing
AS_IT_IS.flags.writeable = False  # as are those of iterations: one compilation serves both


class StoredRows(NamedTuple):
    """What sweeps read and write, per player [stored rows, 8], all float16 or as the tree; see ``search.kernels.streets.Side``."""

    regret: tuple[Rows, ...]
    matching: tuple[Rows, ...]
    average: tuple[Rows, ...]


class Marks(NamedTuple):
    """Where a player's strategy is held; see ``search.kernels.streets.Side``."""

    held_at: npt.NDArray[np.int64]
    held: Rows


def no_marks(dtype: Any) -> Marks:
    """Return marks that hold nothing."""
    return Marks(np.zeros(0, np.int64), np.zeros((1, LANES), dtype))


class Gadget(NamedTuple):
    """A gadget above the root, for all lines at once."""

    kind: int
    opponent: int
    arrays: GadgetArrays


class BoardSweeps:
    """Sweeps over one board tree, or over any tree of the same shape.

    Attributes:
        tree: what is swept; see ``look_at``.
        reach: per player [nowhere + 1, padded lines], reach of each hand at the root by line. Hands are in the order of the board above
            the first, or of the root where there is none.
        cfv: per player [nowhere + 1, padded lines], cfvs there after a sweep.
        done: [1], iterations of ``update`` so far, counted where they are done: Ctrl-C cannot come between.
    """

    def __init__(self, tree: BoardTree, threads: int, dtype: Any, workspace: Workspace | None = None) -> None:
        if threads < 1:
            raise ValueError(f"threads must be at least 1, got {threads}")
        if threads > 1 and config.DISABLE_JIT:
            raise ValueError(f"threads must be 1 without compilation (NUMBA_DISABLE_JIT), got {threads}")
        self.tree, self.threads = tree, threads
        self._forests, self._hands = _plain(tree.forests), _plain(tree.hands)
        self._layouts, shared_rows, work_rows = _layouts(tree.forests, tree.nowhere, threads)
        self._space, self._dtype = workspace or Workspace(), dtype
        self._pool = self._space.pool(threads)
        self._shared = self._space.zeros("shared", shared_rows, dtype)
        self._work = [self._space.zeros(f"work {thread}", work_rows, dtype) for thread in range(threads)]
        self._sync = np.zeros((4, 8), np.int64)
        self.done = self._sync[DONE, :1]
        groups = -(-int(tree.forests[0].table[0, LINES]) // LANES)
        self._root = [self._space.zeros(f"root {p}", 2 * (tree.nowhere + 1) * groups, dtype) for p in (0, 1)]
        both = [root.reshape(2, tree.nowhere + 1, groups * LANES) for root in self._root]
        self.reach, self.cfv = (both[0][0], both[1][0]), (both[0][1], both[1][1])
        tiles = tree.nowhere // LANES
        watched = [tiles * (int(f.table[:, ROWS].max()) + 1) for f in tree.forests]
        self._watched = [self._space.zeros(f"watched {p}", watched[p], dtype) for p in (0, 1)]
        self._seen, self._seen_rows = FIRST_BOARD, [0, 0]
        self._marks = 2 * (no_marks(dtype),)
        nothing = np.zeros((1, 1), dtype)
        self._no_gadget = Gadget(UNSAFE, 0, GadgetArrays(*[nothing] * len(GadgetArrays._fields)))

    def memory_bytes(self) -> int:
        """Return the size of the workspaces in bytes."""
        return sum(a.nbytes for a in (self._shared, *self._work, *self._root, *self._watched))

    def look_at(self, tree: BoardTree) -> None:
        """Turn to another tree with the same forests: a part of the same game below another board."""
        if tree.forests is not self.tree.forests or tree.nowhere != self.tree.nowhere:
            raise ValueError("tree must have the forests that the workspaces were made for")
        self.tree, self._hands = tree, _plain(tree.hands)

    @contextmanager
    def holding(self, marks: tuple[Marks, Marks]) -> Iterator[None]:
        """Sweep with other marks for a while, see ``hold``."""
        before, self._marks = self._marks, marks
        try:
            yield
        finally:
            self._marks = before

    def hold(self, marks: tuple[Marks, Marks]) -> None:
        """Hold both players' strategies where they are marked: what is matched there stays, and best responses play it, too."""
        self._marks = marks

    def update(
        self, rows: StoredRows, weights: npt.NDArray[np.float64], begin: int, end: int, gadget: Gadget | None = None, only: int = BOTH
    ) -> None:
        """Run iterations begin .. end-1 of alternating CFR; row t of ``weights`` is iteration t + 1's coefficients. In place.

        Args:
            rows: regrets, what is matched, averages.
            weights: [T, 4].
            begin: first iteration.
            end: one past the last.
            gadget: above the root.
            only: the player who is updated; BOTH for both, in turn.
        """
        self._play(rows, UPDATE, weights, begin, end, NONE, gadget or self._no_gadget, only)

    def evaluate(self, strategies: tuple[Rows, ...], mode: int, watched: range = FIRST_BOARD, only: int = BOTH) -> None:
        """Fill ``cfv`` with both players' cfvs against ``strategies``: of the best response (BEST) or of the own strategy (VALUE).

        Args:
            strategies: per player [stored rows, 8], in proportion to the strategy.
            mode: see there.
            watched: the boards whose values ``watched`` returns.
            only: the player whose cfvs are wanted; BOTH for both.
        """
        self._watch(watched)
        self._play(StoredRows(strategies, strategies, strategies), mode, AS_IT_IS, 0, 1, watched, self._no_gadget, only)

    @contextmanager
    def paying(self, forests: tuple[Forest, Forest]) -> Iterator[None]:
        """Evaluate with the amounts of other forests of the same betting meanwhile."""
        kept, self._forests = self._forests, _plain(forests)
        try:
            yield
        finally:
            self._forests = kept

    def watched(self, player: int, board: int = 0) -> npt.NDArray[np.float64]:
        """Return [rows, hands], a player's cfvs of the rows of a board that the last evaluation watched."""
        rows = int(self.tree.forests[player].table[self.tree.boards[board, STREET], ROWS])
        hands = int(self.tree.boards[board, HANDS + player])
        tiles, first = -(-hands // LANES), (board - self._seen.start) * self._seen_rows[player]
        table = self._watched[player][first : first + tiles * (rows + 1)].reshape(tiles, rows + 1, LANES)
        return table.transpose(1, 0, 2).reshape(rows + 1, -1)[:rows, :hands].astype(np.float64)

    def down_to_leaves(self, player: int, rows: StoredRows, mode: int, weights: npt.NDArray[np.float64], t: int) -> None:
        """Do what comes before the leaves' values of a player's half of iteration t + 1, or of its evaluation; by one thread, in place.

        Args:
            player: who sweeps.
            rows: regrets, what is matched, averages.
            mode: UPDATE or VALUE, in which ``watched`` returns values of the first board afterwards.
            weights: [T, 4].
            t: row of the weights.
        """
        played = self._half(player, rows, mode)
        down_to_leaves(*played, player, mode, weights, t, self._shared, self._work[0])

    def up_from_leaves(
        self, player: int, rows: StoredRows, mode: int, weights: npt.NDArray[np.float64], t: int, gadget: Gadget | None = None
    ) -> None:
        """Do what comes after them; arguments as in ``down_to_leaves`` and ``update``. In place."""
        above = self._above(gadget or self._no_gadget)
        up_from_leaves(*self._half(player, rows, mode), player, mode, weights, t, above, self._shared, self._work[0], self._sync)

    def at_leaves(self, player: int, column: int) -> Rows:
        """Return [nowhere, padded leaves] of the workspace at a player's half: hands in the first board's order, a view.

        Args:
            player: whose half.
            column: OUT_OWN or OUT_OTHER, the own or the other player's reach, there after ``down_to_leaves``; or BACK, the own cfvs, to be
                written before ``up_from_leaves``.
        """
        first, groups = int(self._layouts[player][0, column]), int(self.tree.forests[player].table[0, EXITS])
        return self._shared[first : first + self.tree.nowhere * groups].reshape(self.tree.nowhere, groups * LANES)

    def _half(self, player: int, rows: StoredRows, mode: int) -> tuple[Any, ...]:
        """Return the first arguments of half a sweep."""
        watched = NONE if mode == UPDATE else FIRST_BOARD
        if mode != UPDATE:
            self._watch(watched)
        pairs = (self._forests, self._hands, self._arrays(rows))
        forests, hands, arrays = (pair if player == 0 else pair[::-1] for pair in pairs)
        return forests, hands, self.tree.boards, self.tree.weight, arrays, self.tree.nowhere, (watched.start, watched.stop)

    def _arrays(self, rows: StoredRows) -> tuple[Any, ...]:
        """Return both players' arrays as kernels take them."""
        kept = [[_words(a) for a in own] for own in rows]
        return tuple(
            (self._layouts[p], *(own[p] for own in kept), self._root[p], self._watched[p], self._seen_rows[p], *self._marks[p])
            for p in (0, 1)
        )

    def _above(self, gadget: Gadget) -> tuple[Any, ...]:
        """Return a gadget as kernels take it."""
        return gadget.kind, gadget.opponent, tuple(gadget.arrays), self.cfv[gadget.opponent], self.reach[gadget.opponent]

    def _watch(self, boards: range) -> None:
        """Make room for the values of some boards."""
        streets = self.tree.boards[boards.start : boards.stop, STREET]
        self._seen = boards
        for p, forest in enumerate(self.tree.forests):
            rows = self._seen_rows[p] = self.tree.nowhere // LANES * (int(forest.table[streets, ROWS].max(initial=0)) + 1)
            if len(self._watched[p]) < len(boards) * rows:
                self._watched[p] = self._space.zeros(f"watched {p}", len(boards) * rows, self._dtype)

    def _play(
        self, rows: StoredRows, mode: int, weights: npt.NDArray[np.float64], begin: int, end: int, watched: range, gadget: Gadget,
        only: int = BOTH,
    ) -> None:  # fmt: skip
        """Sweep in all threads; none can stop before all are done, since they wait for each other."""
        tree, seen = self.tree, (watched.start, watched.stop)
        arrays, above = self._arrays(rows), self._above(gadget)
        played = (self._forests, self._hands, tree.boards, tree.weight, arrays, tree.nowhere, seen, mode, weights, above)

        def play(thread: int) -> None:
            play_streets(*played, self._shared, self._work[thread], self._sync, thread, self.threads, only, begin, end)

        if self._pool is None:
            play(0)
            return
        with uninterrupted():
            others = [self._pool.submit(play, i) for i in range(1, self.threads)]
            play(0)
            for other in others:
                other.result()


STOPS = tuple(getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name))


@contextmanager
def uninterrupted() -> Iterator[None]:
    """Hold Ctrl-C, a batch system's stop and a closed terminal back until the block is done."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    held: list[int] = []
    before = {number: signal.signal(number, lambda n, _: held.append(n)) for number in STOPS}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    for number in held:  # the first that is not ignored ends it
        signal.raise_signal(number)


def _words(rows: Rows) -> Rows:
    """Return rows as kernels take them: Numba has no half precision."""
    return rows.view(np.uint16) if rows.dtype == np.float16 else rows


def _plain(named: Any) -> Any:
    return tuple(_plain(x) if isinstance(x, tuple) else x for x in named)


def workspace_bytes(forests: tuple[Forest, Forest], nowhere: int, threads: int, itemsize: int) -> int:
    """Return ``BoardSweeps.memory_bytes`` of a tree with these forests without making it."""
    _, shared, work = _layouts(forests, nowhere, threads)
    groups = -(-int(forests[0].table[0, LINES]) // LANES)
    watched = sum(nowhere // LANES * (int(f.table[:, ROWS].max()) + 1) for f in forests)
    return (shared + threads * work + 4 * (nowhere + 1) * groups + watched) * LANES * itemsize


def _layouts(
    forests: tuple[Forest, Forest], nowhere: int, threads: int
) -> tuple[tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]], int, int]:
    """Return where each array begins in the workspaces, by player, and the rows of the shared one and of a thread's."""
    hands = nowhere + 1
    shared = work = 0
    layouts = []
    for p in (0, 1):
        own, other = forests[p].table, forests[1 - p].table
        layout = np.zeros((len(own), LAYOUT), np.int64)
        for s in range(len(own)):
            exits = int(own[s, EXITS])
            own_rows, other_rows = (max(int(t[s, ROWS]) + 1, -(-int(t[s, LINES]) // LANES) * LANES) for t in (own, other))
            wide = [hands * int(own[s, column]) for column in (SHOWS, FOLDS)]
            wide += [hands * exits, hands * exits, hands * int(own[s, GROUPS]), hands * exits * (CHUNKS if s == 0 else 1)]
            wide += [nowhere // LANES * own_rows if exits else 0, 3 * SUMS * (threads if s == 0 else 1), hands * exits]
            for column, rows in enumerate(wide):
                if s == 0:
                    layout[s, column], shared = shared, shared + rows
                else:
                    layout[s, column], work = work, work + rows
            for column, rows in enumerate((other_rows, own_rows, own_rows, own_rows), len(wide)):
                layout[s, column], work = work, work + rows
        layouts.append(layout)
    return (layouts[0], layouts[1]), shared, work
