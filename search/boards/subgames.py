"""Subgames of hold'em that begin at a board, as ``search.resolving`` solves them.

A *strategy so far* is a pair of arrays [stored rows, 8] of the whole game's board tree, one per player, in proportion to the action
probabilities (``BoardSolver.average``). All lines that enter a board are solved side by side: they are subgames of their own, and only
share the look at the cards.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from itertools import count
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from games.holdem.board_tree import BoardTree
from games.holdem.rules import HoldemGame
from games.holdem.subtree import Lines, Subtree, part_rows, subtree
from games.kernels import LANES, aligned_zeros
from games.kernels.boards import DECISIONS, FIRST_ROW, HANDS, PARENT, STREET
from search.anytime import Anytime
from search.beliefs import Beliefs, Float
from search.boards.entrance import BoardEntrance
from search.boards.path import Left
from search.boards.strategy import play_alike
from search.boards.sweeps import BoardSweeps, Gadget, Rows, StoredRows
from search.boards.trunk import StoredStrategies, root_reach
from search.budget import Paces
from search.gadgets import TAGS, UNSAFE
from search.kernels.gadget import open_board
from search.kernels.streets import BEST, VALUE
from search.kernels.warm import seed_rows
from search.resolving import ResolveConfig, Resolved, learn_paces
from search.variants import BLOCK, Variant, average_weight, coefficients
from search.warm_start import WARM_FACTOR, WARM_REGRET_SCALE, cold_iterations

FIRST = np.array([[0.0, 0.0, 0.0, 0.0]])  # coefficients of an iteration that forgets what was before it


class Answer(NamedTuple):
    """A solved part.

    Attributes:
        part: what was solved.
        average: per player [its stored rows, 8], the searcher's strategies, and the opponent's as the model from here on.
    """

    part: Subtree
    average: tuple[Rows, Rows]


def seed_from(part: Subtree, variant: Variant, strategies: tuple[Rows, ...], rows: StoredRows, warm: int) -> None:
    """Turn one iteration of some strategies into a warm start from them, in place; see ``search.kernels.warm``.

    Args:
        part: that is solved.
        variant: of CFR.
        strategies: per player [stored rows, 8].
        rows: what the iteration left.
        warm: iterations that the strategies count for.
    """
    scales = WARM_REGRET_SCALE * math.sqrt(warm), average_weight(variant, 0, warm)
    for p in (0, 1):
        forest = part.tree.forests[p]
        seed_rows(forest.table, forest.first_row, part.tree.boards, p, strategies[p], rows.regret[p], rows.average[p], *scales)
        if variant.predictive:
            rows.matching[p][:] = rows.regret[p]


class BoardSubgames(Anytime[Answer]):
    """See ``search.resolving.SubgameSolver``; places are boards of one street. Not for two threads at a time.

    Args:
        game: whole.
        tree: its board tree.
        lines: all lines that enter the street, or some.
        variant: of CFR.
        threads: kernel threads of a solve; answers do not depend on their number.
        space: arrays that several of these share, none of which works while another does.
        until: street; values on boards above it are left for searches that begin there. One line's only.
    """

    warm_factor = WARM_FACTOR

    def __init__(
        self,
        game: HoldemGame,
        tree: BoardTree,
        lines: Lines,
        variant: Variant,
        threads: int = 1,
        space: dict[str, list[Rows]] | None = None,
        until: int = 0,
    ) -> None:
        super().__init__()
        self.game, self.tree, self.lines, self.variant, self.threads, self.until = game, tree, lines, variant, threads, until
        self.dtype = tree.weight.dtype
        self.paces = Paces(self.pace)
        self._sweeps: BoardSweeps | None = None
        self._arrays: dict[str, list[Rows]] = {} if space is None else space
        self._first, self._rows = int(np.argmax(tree.boards[:, STREET] == lines.street)), part_rows(tree, lines)
        self._before_start = 0

    def warm_up(
        self, strategies: StoredStrategies, config: ResolveConfig, worth: int, deliver: Callable[[Resolved[Answer]], None] | None
    ) -> None:
        """Learn the machine's speed from solves of the largest part, see ``search.resolving.learn_paces``."""
        board = self._first + int(self._rows.sum(axis=1).argmax())
        place = int(self.tree.boards[board, PARENT])
        hands = [len(root_reach(self.game, p)) if place < 0 else int(self.tree.boards[place, HANDS + p]) for p in (0, 1)]
        first, second = (np.ones((count, len(self.lines))) for count in hands)
        learn_paces(self, board, Beliefs(place, (first, second), np.zeros_like(second)), strategies, config, worth, deliver)

    def size(self, place: int) -> int:
        """See ``SubgameSolver``."""
        return int(self._rows[place - self._first].sum())

    @property
    def head_start(self) -> int:
        """Return the iterations that the strategy at the start counted for."""
        return self._before_start

    @property
    def rows(self) -> int:
        """Return the stored rows of the part at hand."""
        return sum(self._part.tree.stored_rows)

    def enter(self, place: int, beliefs: Beliefs, strategy: StoredStrategies | None, seat: int) -> BoardEntrance:
        """See ``SubgameSolver``."""
        assert strategy is not None
        part = self._part = subtree(self.tree, self.lines, place)
        self._look_at(part)
        self._before = self._take(part, strategy)
        self._boards = part.boards_above(self.until)
        self._root = BoardEntrance(part, beliefs, seat)
        return self._root

    def restrict(self, lines: npt.NDArray[np.bool_]) -> None:
        """See ``SubgameSolver``."""
        self._lines = lines

    def cfvs(self, answered: bool, best: bool) -> Float:
        """See ``SubgameSolver``."""
        sweeps, root, strategies = self._look_at(self._part), self._root, self._average if answered else self._before
        root.enter(sweeps, self._lines)
        sweeps.evaluate(strategies, BEST if best else VALUE, range(len(self._boards)), root.opponent)
        return root.at_root(sweeps.cfv[root.opponent])

    def left(self) -> Left | None:
        """See ``SubgameSolver``."""
        if not self._boards:
            return None
        sweeps, player = self._look_at(self._part), self._root.opponent
        values = {board: sweeps.watched(player, i) for i, board in enumerate(self._boards)}
        return Left(self._part, player, float(self._root.scale[0]), values)

    def start(self, kind: str, bound: Float | None, spread: float, warm: int) -> None:
        """See ``SubgameSolver``."""
        part, sweeps, root = self._part, self._look_at(self._part), self._root
        rows = self._stored = self._fresh(part)
        self._average = rows.average[0], rows.average[1]
        self._gadget, self.iterations, self._before_start = None, 0, warm
        root.enter(sweeps, self._lines)
        if kind != UNSAFE and bound is not None:
            gadget = self._gadget = Gadget(TAGS[kind], root.opponent, root.gadget(sweeps, bound, self._lines, spread))
            open_board(gadget.kind, tuple(gadget.arrays), sweeps.reach[root.opponent])
        if not warm:
            return
        sweeps.update(StoredRows(rows.regret, self._before, rows.average), FIRST, 0, 1)
        seed_from(part, self.variant, self._before, rows, warm)

    def run(self, iterations: int) -> None:
        """Do that many iterations."""
        sweeps = self._look_at(self._part)
        while iterations > 0:
            block, begin = divmod(self._before_start + self.iterations, BLOCK)
            end = min(begin + iterations, BLOCK)
            sweeps.update(self._stored, coefficients(self.variant, block), begin, end, self._gadget)
            self.iterations += end - begin
            iterations -= end - begin

    def answer(self) -> Answer:
        """Return the average strategies, as views: they change when solving goes on."""
        for p in (0, 1) if self.iterations else ():
            play_alike(self._part.tree, p, self._average[p])
        return Answer(self._part, self._average)

    def exploitability(self, strategy: Answer | None = None) -> float:
        """Return the largest exploitability of all lines, in chips a deal that comes there."""
        weight = average_weight(self.variant, self._before_start, self._before_start + self.iterations)
        return self._root.worst_line(self._look_at(self._part), self._average, self._gadget, weight)

    def played(self, answer: Answer, accepted: npt.NDArray[np.bool_]) -> Answer:
        """See ``SubgameSolver``; the answer's own arrays are changed."""
        for p in (0, 1):
            keep_lines(self._part, p, np.logical_not(accepted), self._before[p], answer.average[p])
        return answer

    def worth(self, board: int, beliefs: Beliefs, strategies: StoredStrategies) -> int:
        """Return what some strategies count for in warm starts at a board, unsafe, see ``search.warm_start.cold_iterations``."""
        root = self.enter(board, beliefs, strategies, 0)
        sweeps, part = self._look_at(self._part), self._part
        root.enter(sweeps, np.ones(len(self.lines), bool))
        steps, weights, rows = count(), coefficients(self.variant), self._fresh(part)

        def exploitability(strategies: Sequence[Rows]) -> float:
            return float(root.exploitability(sweeps, (strategies[0], strategies[1])).sum())

        def step() -> None:
            done = next(steps)
            sweeps.update(rows, weights, done, done + 1)

        return cold_iterations(exploitability(self._before), lambda: exploitability(rows.average), step)

    def _look_at(self, part: Subtree) -> BoardSweeps:
        if self._sweeps is None:
            self._sweeps = BoardSweeps(part.tree, self.threads, self.dtype)
        if self._sweeps.tree is not part.tree:
            self._sweeps.look_at(part.tree)
        return self._sweeps

    def _space(self, name: str, part: Subtree) -> tuple[Rows, Rows]:
        """Return arrays of the part's size, kept from part to part: as large as the largest one's."""
        most = self._rows.max(axis=0).tolist()
        if name not in self._arrays or any(len(own) < rows for own, rows in zip(self._arrays[name], most, strict=True)):
            self._arrays[name] = [aligned_zeros(rows, LANES, self.dtype) for rows in most]
        kept = self._arrays[name]
        return kept[0][: part.tree.stored_rows[0]], kept[1][: part.tree.stored_rows[1]]

    def _take(self, part: Subtree, strategies: StoredStrategies) -> tuple[Rows, Rows]:
        space = self._space("before", part)
        for p in (0, 1):
            part.take(p, strategies[p], space[p])
        return space

    def _fresh(self, part: Subtree) -> StoredRows:
        """Return the rows of a solve that has not begun."""
        regret, average = self._space("regret", part), self._space("average", part)
        matching = self._space("matching", part) if self.variant.predictive else regret
        for space in (regret, average, matching):
            for rows in space:
                rows[:] = 0
        return StoredRows(regret, matching, average)


def keep_lines(part: Subtree, player: int, lines: npt.NDArray[np.bool_], before: Rows, answer: Rows) -> None:
    """Play the strategy so far below some of a part's lines: copy its rows over the answer's, in place."""
    if not lines.any():
        return
    at, forest = 0, part.lines.forests[player]
    decisions = iter(part.lines.decisions[player].tolist())
    for s, rows in enumerate(part.lines.rows[player]):
        table = forest.table[s]
        first = forest.first_row[int(table[FIRST_ROW]) : int(table[FIRST_ROW]) + int(table[DECISIONS]) + 1].astype(np.int64)
        nodes = np.array([next(decisions) for _ in range(int(table[DECISIONS]))], np.int64)
        line = np.searchsorted(part.lines.nodes, nodes, side="right") - 1
        picked = np.repeat(lines[line], np.diff(first)) if len(nodes) else np.zeros(0, bool)
        tiles = part.spans[s][player][1]
        here = slice(at, at + tiles * len(rows))
        answer[here].reshape(tiles, len(rows), LANES)[:, picked] = before[here].reshape(tiles, len(rows), LANES)[:, picked]
        at += tiles * len(rows)
