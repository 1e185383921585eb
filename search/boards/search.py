"""Subgame solving in hold'em: the subgames that begin with a street at one board, solved once and played from.

A *strategy so far* is a pair of arrays [stored rows, 8] of the whole game's board tree, one per player, in proportion to the action
probabilities (``BoardSolver.average``); the searcher's own part is what is searched for, the opponent's part is the model. All lines
that enter a board are solved side by side: they are subgames of their own, and only share the look at the cards.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from games.holdem.board_tree import BoardTree
from games.holdem.rules import HoldemGame
from games.holdem.subtree import Lines, Subtree, part_rows, subtree
from games.kernels import LANES, aligned_zeros
from games.kernels.boards import DECISIONS, FIRST_ROW, HANDS, PARENT, STREET
from search.anytime import SLICE_SECONDS
from search.boards.path import Left
from search.boards.root import BoardRoot
from search.boards.strategy import play_alike
from search.boards.sweeps import BoardSweeps, Gadget, Rows, StoredRows
from search.boards.trunk import Arrival, SoFar, Strategies, root_reach
from search.budget import Budget, Deadline, Pace, Spent
from search.gadgets import TAGS, UNSAFE
from search.kernels.gadget import open_board
from search.kernels.streets import BEST, VALUE
from search.kernels.warm import seed_rows
from search.resolving import MIN_TRUSTED_ITERATIONS, ResolveConfig
from search.variants import BLOCK, Variant, average_weight, coefficients
from search.warm_start import WARM_REGRET_SCALE, warm_iterations

WARMING = 1.5  # iterations' time that a warm start takes
MOST_WORTH = 100
SPARE = 1.3  # times what the last part of a decision is expected to take is left for it
WARM_UPS = 3  # solves that the machine's speed is learnt from
FIRST_CHECK = 16  # iterations before what is left to gain is looked at, and least between looks: each costs about one
FIRST = np.array([[0.0, 0.0, 0.0, 0.0]])  # coefficients of an iteration that forgets what was before it
FILL = 0.8  # of the time left, to be filled by one slice


@dataclass
class SearchReport:
    """What a search of a street's subgames came to.

    Attributes:
        solves: subgames solved: lines that the searcher's strategy reaches, on boards that suits do not make equal.
        kept: subgames where the strategy so far was kept: the model says that the opponent never comes, no iteration fitted into the
            budget, or the answer was judged to be worse.
        skipped: those of them that the budget allowed no iteration for.
        harm: chips a deal that best responses win above the bounds (above what they could before, where those are not safe), summed
            over subgames by chance: the most that searching can have cost, and what is left of a safe gadget's solver error.
        seconds: of each solve; lines that were solved side by side share theirs.
        iterations: of each solve.
        spent: what those seconds went into, summed.
        loading: seconds outside every solve's budget: what is computed once for a whole game.
    """

    solves: int = 0
    kept: int = 0
    skipped: int = 0
    harm: float = 0.0
    seconds: list[float] = field(default_factory=list)
    iterations: list[int] = field(default_factory=list)
    spent: Spent = field(default_factory=Spent)
    loading: float = 0.0

    def add(self, other: SearchReport, weight: float = 1.0) -> None:
        """Add what another search came to, its harm times a weight."""
        self.solves += other.solves
        self.kept += other.kept
        self.skipped += other.skipped
        self.harm += weight * other.harm
        self.seconds += other.seconds
        self.iterations += other.iterations
        self.spent += other.spent
        self.loading += other.loading


class Answer(NamedTuple):
    """A solved part.

    Attributes:
        part: what was solved.
        average: per player [its stored rows, 8], the searcher's strategies, and the opponent's as the model from here on.
        left: values of what is played, the answer or the strategy so far, for searches below; None if nobody will ask.
    """

    part: Subtree
    average: tuple[Rows, Rows]
    left: Left | None


class BoardSearch:
    """Searches subgames that begin at boards of one street, for one seat. One per worker; arrays are allocated once.

    Args:
        game: whole.
        tree: its board tree.
        lines: all lines that enter the street, or some.
        variant: of CFR.
        threads: kernel threads of a solve; answers do not depend on their number.
        space: arrays that several searches share, none of which works while another does.
    """

    def __init__(
        self,
        game: HoldemGame,
        tree: BoardTree,
        lines: Lines,
        variant: Variant,
        threads: int = 1,
        space: dict[str, list[Rows]] | None = None,
    ) -> None:
        self.game, self.tree, self.lines, self.variant, self.threads = game, tree, lines, variant, threads
        self.dtype = tree.weight.dtype
        self._sweeps: BoardSweeps | None = None
        self._arrays: dict[str, list[Rows]] = {} if space is None else space
        self._first, self._rows = int(np.argmax(tree.boards[:, STREET] == lines.street)), part_rows(tree, lines)
        self._new_paces()

    def solve(
        self,
        board: int,
        arrival: Arrival,
        strategies: SoFar,
        seat: int,
        config: ResolveConfig,
        budget: Budget,
        worth: int = 0,
        deliver: Callable[[Answer], None] | None = None,
        clock: Deadline | None = None,
        until: int = 0,
        whole: bool = False,
    ) -> tuple[SearchReport, Answer | None]:
        """Search the subgames at one board.

        With safe bounds, and after fewer than ``MIN_TRUSTED_ITERATIONS`` with any, the strategy so far is kept where the opponent's hands
        win more above the bounds against the answer than they lose below them with the model's range. That is a rule of thumb: a budget too
        short for the subgame then hardly ever costs anything, and never more than ``SearchReport.harm``.

        Args:
            board: of the lines' street.
            arrival: how both players come to the board on the searcher's lines, from the one above.
            strategies: so far.
            seat: who searches; the other one is modelled.
            config: how.
            budget: of each solve. An ``exploitability``, in chips a deal that comes to the subgame, stops a solve early: no line's game has
                more left to gain.
            worth: iterations that the strategy so far counts for in a warm start; see ``BoardSearch.worth``.
            deliver: takes the answer over, within the budget, if there is one to be played.
            clock: if it was started before this call.
            until: street; the answer's values on boards above it are left for searches that begin there. One line's only.
            whole: it is the whole game: its answer is played if a best response wins no more from it than from the strategy so far.

        Returns:
            What it came to, and the answer, whose arrays the next solve overwrites; None where nothing could be solved.
        """
        if budget.seconds is None and not budget.iterations:
            raise ValueError(f"budget must limit seconds or iterations, got {budget}")
        clock, size = clock or Deadline(budget.seconds), int(self._rows[board - self._first].sum())
        if size == 0:
            return SearchReport(), None  # all-in: nobody decides any more
        begun = clock.spent()
        if clock.remaining() < self.looking.expected + size * (self.reading.expected + self.iterating.expected) + self._after(size):
            self._heal()
            count = int((arrival.reach[seat].max(axis=0) > 0).sum())
            return SearchReport(0, count, count, 0.0, [clock.spent()] * count, [0] * count), None
        part = subtree(self.tree, self.lines, board)
        sweeps, reading = self._look_at(part), clock.spent()
        before, rows = self._take(part, strategies), self._fresh(part)
        read = clock.spent() - reading
        root = BoardRoot(part, arrival, seat)
        met = root.model * root.mass if config.needs_range else root.mass
        reached, solved = root.own.max(axis=0) > 0, (root.own.max(axis=0) > 0) & (met.max(axis=0) > 0)
        report, opponent = SearchReport(kept=int((reached & ~solved).sum())), 1 - seat
        if not solved.any():
            return report, None
        root.enter(sweeps, solved)
        reading = clock.spent()
        boards = part.boards_above(until) if config.with_gifts else []
        sweeps.evaluate(before, BEST, range(len(boards)), opponent)
        safe = bound = sweeps.cfv[opponent].copy()
        if config.gadget != UNSAFE and config.bounds != "safe":
            sweeps.evaluate(before, VALUE, range(len(boards)), opponent)
            bound = sweeps.cfv[opponent].copy()
        left = _left(sweeps, part, opponent, root, boards)
        read += clock.spent() - reading
        gadget = None
        if config.gadget != UNSAFE:
            root.raise_by_gifts(bound, arrival, config.gift_scale)
            spread = config.spread if config.bounds == "distributional" else 0.0
            gadget = Gadget(TAGS[config.gadget], opponent, root.gadget(bound, solved, spread))
            open_board(gadget.kind, tuple(gadget.arrays), sweeps.reach[opponent])
        prepared = clock.spent()
        self.looking.learn(prepared - begun - read)
        self.reading.learn(read / size)
        warm = self._warm_iterations(config.warm_start, worth, budget, size, clock)
        if warm:
            self._warm(part, sweeps, rows, before, warm)
        iterations = self._iterate(part, sweeps, rows, root, gadget, budget, clock, warm)
        solving, count = clock.spent(), int(solved.sum())
        report.seconds, report.iterations = [solving / count] * count, [iterations] * count
        report.spent = Spent(prepared, solving - prepared, 0.0)
        if iterations == 0:
            report.kept += count
            report.skipped += count
            return report, None
        answer, played = (rows.average[0], rows.average[1]), solved.copy()
        for p in (0, 1):
            play_alike(part.tree, p, answer[p])
        weighing = clock.spent()
        root.enter(sweeps, solved)
        weighed = clock.spent() - weighing
        sweeps.evaluate(answer, BEST, range(len(boards)), opponent)
        weighing = clock.spent()
        harm, gain = root.judge(sweeps.cfv[opponent].astype(np.float64) - (bound if config.safe else safe), whole)
        if config.judge and (whole or config.safe or iterations < MIN_TRUSTED_ITERATIONS):
            played &= harm <= gain
        report.harm = float((harm * root.scale)[played].sum())
        weighed += clock.spent() - weighing
        if boards and config.bounds != "safe":
            sweeps.evaluate(answer, VALUE, range(len(boards)), opponent)
        weighing = clock.spent()
        if played.any():
            left = _left(sweeps, part, opponent, root, boards)
        weighed += clock.spent() - weighing
        report.solves = int(played.sum())
        report.kept += count - report.solves
        for p in (0, 1):
            self._keep(part, p, np.logical_not(played), before[p], answer[p])
        found = Answer(part, answer, left)
        if deliver is not None and report.solves:
            deliver(found)
        seconds = clock.spent()
        self.weighing.learn(weighed)
        self.judging.learn((seconds - solving - weighed) / size)
        report.seconds, report.spent = [seconds / count] * count, Spent(prepared, solving - prepared, seconds - solving)
        return report, found

    def warm_up(
        self,
        strategies: SoFar,
        seat: int,
        config: ResolveConfig,
        worth: int = 0,
        deliver: Callable[[Answer], None] | None = None,
        until: int = 0,
    ) -> None:
        """Load the kernels, then learn the machine's speed from a few solves of the largest part; see ``solve``."""
        board = self._first + int(self._rows.sum(axis=1).argmax())
        place = int(self.tree.boards[board, PARENT])
        hands = [len(root_reach(self.game, p)) if place < 0 else int(self.tree.boards[place, HANDS + p]) for p in (0, 1)]
        shape = [(count, len(self.lines)) for count in hands]
        arrival = Arrival(place, (np.ones(shape[0]), np.ones(shape[1])), np.zeros(shape[1 - seat]))
        for i in range(1 + WARM_UPS):
            if i == 1:
                self._new_paces()
            trial = replace(config, judge=False)  # whatever comes of it is delivered
            self.solve(board, arrival, strategies, seat, trial, Budget(iterations=2), worth, deliver, None, until)
        for pace in self._paces():
            pace.settle()

    def worth(self, board: int, arrival: Arrival, strategies: SoFar) -> int:
        """Return how many cold iterations make the subgames at a board, unsafe, as strong as some strategies; at most ``MOST_WORTH``."""
        part = subtree(self.tree, self.lines, board)
        sweeps, every = self._look_at(part), np.ones(len(self.lines), bool)
        before, rows, root = self._take(part, strategies), self._fresh(part), BoardRoot(part, arrival, 0)
        root.enter(sweeps, every)
        goal, done, weights = root.exploitability(sweeps, before).sum(), 0, coefficients(self.variant)
        while done < MOST_WORTH and (done == 0 or root.exploitability(sweeps, (rows.average[0], rows.average[1])).sum() > goal):
            sweeps.update(rows, weights, done, done + 1)
            done += 1
        return done

    def _warm_iterations(self, warm_start: str, worth: int, budget: Budget, size: int, clock: Deadline) -> int:
        """Return for how many iterations the strategy so far counts at the start of a solve; 0 for a cold start."""
        expected = float(budget.iterations or math.inf)
        if budget.seconds is not None and self.iterating.expected > 0:
            expected = min(expected, self._fits(clock, size) - WARMING)
        return warm_iterations(warm_start, worth, expected)

    def _fits(self, clock: Deadline, size: int) -> float:
        """Return how many iterations fit into the time left, the answer judged."""
        left = clock.remaining() - self._after(size)
        return left / max(self.iterating.expected * size, 1e-9)

    def _heal(self) -> None:
        for pace in self._paces():
            pace.heal()

    def _new_paces(self) -> None:
        """Know nothing of the machine's speed."""
        # looking at a board's cards and ranges, and weighing an answer's values; by stored row, all that is as long as the part
        self.looking, self.weighing, self.reading, self.iterating, self.judging = (Pace() for _ in range(5))

    def _paces(self) -> tuple[Pace, ...]:
        return self.looking, self.weighing, self.reading, self.iterating, self.judging

    def _after(self, size: int) -> float:
        """Return the seconds to leave for what comes after the last iteration."""
        return SPARE * (self.weighing.expected + size * self.judging.expected)

    def _warm(self, part: Subtree, sweeps: BoardSweeps, rows: StoredRows, before: tuple[Rows, Rows], worth: int) -> None:
        """Start from a strategy as if so many iterations had been spent on it, in place."""
        sweeps.update(StoredRows(rows.regret, before, rows.average), FIRST, 0, 1)
        scales = WARM_REGRET_SCALE * math.sqrt(worth), average_weight(self.variant, 0, worth)
        for p in (0, 1):
            forest = part.tree.forests[p]
            seed_rows(forest.table, forest.first_row, part.tree.boards, p, before[p], rows.regret[p], rows.average[p], *scales)
            if self.variant.predictive:
                rows.matching[p][:] = rows.regret[p]

    def _iterate(
        self, part: Subtree, sweeps: BoardSweeps, rows: StoredRows, root: BoardRoot, gadget: Gadget | None, budget: Budget, clock: Deadline,
        worth: int,
    ) -> int:  # fmt: skip
        """Iterate until the budget is spent; return how often. No slice begins that is predicted to end late."""
        done, size = 0, sum(part.tree.stored_rows)
        next_check = FIRST_CHECK if budget.exploitability is not None else math.inf
        while budget.iterations is None or done < budget.iterations:
            block, begin = divmod(worth + done, BLOCK)
            count = BLOCK - begin if budget.iterations is None else min(budget.iterations - done, BLOCK - begin)
            if budget.seconds is not None:
                fits = self._fits(clock, size)
                slices = int(SLICE_SECONDS / max(self.iterating.expected * size, 1e-9))
                count = min(count, max(1, slices), max(int(FILL * fits), int(fits >= 1)))
            if count <= 0:
                break
            count = int(min(count, next_check - done))
            start = clock.spent()
            sweeps.update(rows, coefficients(self.variant, block), begin, begin + count, gadget)
            self.iterating.learn((clock.spent() - start) / (count * size))
            done += count
            if done == next_check:
                answer, choice = (rows.average[0], rows.average[1]), average_weight(self.variant, worth, worth + done)
                if clock.remaining() < 3 * self._after(size):
                    break
                if root.left_to_gain(sweeps, answer, gadget, choice) <= (budget.exploitability or 0.0):
                    break
                next_check = done + max(FIRST_CHECK, done // 4)
        if done == 0:
            self._heal()
        return done

    def _look_at(self, part: Subtree) -> BoardSweeps:
        if self._sweeps is None:
            self._sweeps = BoardSweeps(part.tree, self.threads, self.dtype)
        self._sweeps.look_at(part.tree)
        return self._sweeps

    def _space(self, name: str, part: Subtree) -> tuple[Rows, Rows]:
        """Return arrays of the part's size, kept from part to part: as large as the largest one's."""
        most = self._rows.max(axis=0).tolist()
        if name not in self._arrays or any(len(own) < rows for own, rows in zip(self._arrays[name], most, strict=True)):
            self._arrays[name] = [aligned_zeros(rows, LANES, self.dtype) for rows in most]
        kept = self._arrays[name]
        return kept[0][: part.tree.stored_rows[0]], kept[1][: part.tree.stored_rows[1]]

    def _take(self, part: Subtree, strategies: SoFar) -> tuple[Rows, Rows]:
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

    def _keep(self, part: Subtree, player: int, lines: npt.NDArray[np.bool_], before: Rows, answer: Rows) -> None:
        """Play the strategy so far below some lines: copy its rows over the answer's, in place."""
        if not lines.any():
            return
        at = 0
        decisions = iter(self.lines.decisions[player].tolist())
        for s, rows in enumerate(self.lines.rows[player]):
            forest, table = self.lines.forests[player], self.lines.forests[player].table[s]
            first = forest.first_row[int(table[FIRST_ROW]) : int(table[FIRST_ROW]) + int(table[DECISIONS]) + 1].astype(np.int64)
            nodes = np.array([next(decisions) for _ in range(int(table[DECISIONS]))], np.int64)
            line = np.searchsorted(self.lines.nodes, nodes, side="right") - 1
            picked = np.repeat(lines[line], np.diff(first)) if len(nodes) else np.zeros(0, bool)
            tiles = part.spans[s][player][1]
            here = slice(at, at + tiles * len(rows))
            answer[here].reshape(tiles, len(rows), LANES)[:, picked] = before[here].reshape(tiles, len(rows), LANES)[:, picked]
            at += tiles * len(rows)


def _left(sweeps: BoardSweeps, part: Subtree, player: int, root: BoardRoot, boards: list[int]) -> Left | None:
    """Return what the last evaluation leaves of one line's boards; None if there are none."""
    if not boards:
        return None
    return Left(part, player, float(root.scale[0]), {board: sweeps.watched(player, i) for i, board in enumerate(boards)})


def value_against(game: HoldemGame, sweeps: BoardSweeps, strategies: Strategies, player: int, best: bool = True) -> float:
    """Return what a player wins in chips a deal against the other one's part of some strategies.

    Args:
        game: whole.
        sweeps: over its board tree.
        strategies: both players'.
        player: whose value.
        best: by best responding, else with the own part.
    """
    for p in (0, 1):
        sweeps.reach[p][:] = 0
        reach = root_reach(game, p)
        sweeps.reach[p][: len(reach), :1] = reach
    sweeps.evaluate(strategies, BEST if best else VALUE, only=player)
    return float((sweeps.reach[player].astype(np.float64) * sweeps.cfv[player]).sum() / game.deal_mass)
