"""Subgame solving in hold'em, street by street: every subgame that begins with a street, solved once and played from.

A *strategy so far* is a pair of arrays [stored rows, 8] of the whole game's board tree, one per player, in proportion to the action
probabilities (``BoardSolver.average``); the searcher's own part is what is searched for, the opponent's part is the model. All lines
that enter a board are solved side by side: they are subgames of their own, and only share the look at the cards.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from queue import SimpleQueue

import numpy as np
import numpy.typing as npt

from games.board_subtree import Lines, Subtree, entering, street_lines, subtree
from games.board_tree import BoardTree
from games.holdem import HoldemGame
from games.kernels import LANES, aligned_zeros
from games.kernels.boards import CHILD, CHILD_END, DECISIONS, FIRST_ROW, STREET
from search.anytime import SLICE_SECONDS
from search.board_sweeps import BoardSweeps, Gadget, Rows, StoredRows
from search.board_trunk import Arrival, Float, Strategies, Trunk, above, board_weights, mass_at, root_reach
from search.budget import Budget, Deadline
from search.gadgets import NEED_RANGE, TAGS, UNSAFE, WITH_GIFTS, form_of
from search.kernels.gadget import GadgetArrays, open_board
from search.kernels.streets import BEST, VALUE
from search.variants import BLOCK, Variant, coefficients

FEW = 30  # iterations: answers of fewer are judged whatever the gadget (from the flop of ms3f1t1r1h5 two of them made 5,901 of 1,995 mbb/g)
FILL = 0.8  # of the time left, to be filled by one slice


@dataclass
class SearchReport:
    """What a search of a street's subgames came to.

    Attributes:
        solves: subgames solved: lines that the searcher's strategy reaches, on boards that suits do not make equal.
        kept: subgames where the strategy so far was kept: the model says that the opponent never comes, no iteration fitted into the
            budget, or the answer was judged to be worse.
        harm: chips a deal that best responses win above the bounds (above what they could before, where those are not safe), summed
            over subgames by chance: the most that searching can have cost, and what is left of a safe gadget's solver error.
        seconds: of each solve; lines that were solved side by side share theirs.
        iterations: of each solve.
    """

    solves: int = 0
    kept: int = 0
    harm: float = 0.0
    seconds: list[float] = field(default_factory=list)
    iterations: list[int] = field(default_factory=list)


@dataclass(frozen=True)
class StreetSearch:
    """How subgames are searched.

    Attributes:
        street: where they begin.
        gadget: one of ``search.gadgets.GADGETS``.
        bounds: ``safe`` (best-response values of the strategy so far), ``estimate`` (its own cfvs) or ``distributional`` (around those).
        budget: of each solve. With seconds every line is solved by itself, as in play; else lines are solved side by side.
        judge: with safe bounds, and after fewer than ``FEW`` iterations with any, keep the strategy so far where the opponent's hands win
            more above the bounds against the answer than they lose below them with the model's range. That is a rule of thumb: a budget
            too short for the subgame then hardly ever costs anything, and never more than ``SearchReport.harm``.
        spread: chips, the standard deviation of distributional bounds.
    """

    street: int
    gadget: str
    bounds: str
    budget: Budget
    judge: bool = True
    spread: float = 1.0

    @property
    def safe(self) -> bool:
        """Whether the gadget holds the opponent to what it could get before."""
        return self.bounds == "safe" and self.gadget not in NEED_RANGE

    def __post_init__(self) -> None:
        form_of(self.gadget, self.bounds, self.spread)
        if self.budget.seconds is None and not self.budget.iterations:
            raise ValueError(f"budget must limit seconds or iterations, got {self.budget}")


class _Root:
    """The root of a board's subgames: both players' reach and what they meet, [hands of the board, lines].

    Attributes:
        own: the searcher's reach, the largest of every line 1: only ratios matter, and products of small ones would underflow.
        scale: [lines] what it was divided by.
        model: the opponent's reach, as it is.
        mass: the searcher's reach that each of the opponent's hands can meet.
    """

    def __init__(self, part: Subtree, arrival: Arrival, columns: npt.NDArray[np.int64], seat: int) -> None:
        self.seat, self.opponent = seat, 1 - seat
        self.places = [above(part.tree, p, 0) for p in (0, 1)]
        entry = [arrival.reach[p][np.ix_(self.places[p], columns)] for p in (0, 1)]
        self.scale = entry[seat].max(axis=0)
        self.own, self.model = _scaled(entry[seat]), entry[self.opponent]
        self.mass = mass_at(part.tree, self.opponent, 0, self.own)

    def enter(self, sweeps: BoardSweeps, lines: npt.NDArray[np.bool_]) -> None:
        """Set both players' reach at the root, for some lines."""
        for p, reach in ((self.seat, self.own), (self.opponent, _scaled(self.model))):
            sweeps.reach[p][:] = 0
            sweeps.reach[p][self.places[p], : reach.shape[1]] = reach * lines

    def raise_by_gifts(self, bound: Rows, arrival: Arrival, columns: npt.NDArray[np.int64]) -> None:
        """Raise the opponent's bounds by what its hands gave away on the way, if that is known, in place."""
        if arrival.gifts is not None:
            where = self.places[self.opponent]
            bound[where, : self.mass.shape[1]] += arrival.gifts[np.ix_(where, columns)] * self.mass

    def gadget(self, bound: Rows, lines: npt.NDArray[np.bool_], spread: float) -> GadgetArrays:
        """Return a gadget's arrays, ``spread`` in chips; hands of other lines do not exist for it."""
        where, count = self.places[self.opponent], self.mass.shape[1]
        arrays = GadgetArrays(bound, *(np.zeros_like(bound) for _ in GadgetArrays._fields[1:]))
        arrays.mass[where, :count] = self.mass * lines
        arrays.model[where, :count] = self.model
        arrays.spread[where, :count] = self.mass * spread
        return arrays

    def judge(self, change: Float) -> tuple[Float, Float]:
        """Return [lines], how much hands' best-response values rise in all, and how much they fall with the model's range.

        Args:
            change: [hands of the board above, padded lines] of the opponent's best-response values.
        """
        here = np.where(self.mass > 0, change[self.places[self.opponent], : self.mass.shape[1]], 0.0)
        return np.maximum(here, 0.0).sum(axis=0), (np.maximum(-here, 0.0) * self.model).sum(axis=0)


class BoardSearch:
    """Searches subgames that begin at boards of one street, for one seat. One per worker; arrays are allocated once.

    Args:
        game: whole.
        tree: its board tree.
        lines: all lines that enter the street, or some.
        variant: of CFR.
        threads: kernel threads of a solve; answers do not depend on their number.
    """

    def __init__(self, game: HoldemGame, tree: BoardTree, lines: Lines, variant: Variant, threads: int = 1) -> None:
        self.game, self.tree, self.lines, self.variant, self.threads = game, tree, lines, variant, threads
        self.dtype = tree.weight.dtype
        self._sweeps: BoardSweeps | None = None
        self._arrays: dict[str, list[Rows]] = {}
        self._columns = np.array([entering(game, lines.street).index(node) for node in lines.nodes])
        self._row_seconds = self._answer_row_seconds = 0.0  # of an iteration and of judging an answer, by stored row; 0 if unknown

    def solve(self, board: int, arrival: Arrival, strategies: Strategies, seat: int, search: StreetSearch, out: Strategies) -> SearchReport:
        """Search the subgames at one board and write their strategies to ``out``, in place.

        Args:
            board: of the lines' street.
            arrival: how both players come to the board, from the one above.
            strategies: so far.
            seat: who searches; the other one is modelled.
            search: how.
            out: per player [stored rows, 8] of the whole tree: the seat's strategies, and the opponent's as the model from here on.
        """
        clock = Deadline(search.budget.seconds)
        part = subtree(self.tree, self.lines, board)
        sweeps = self._look_at(part)
        before, rows = self._take(part, strategies), self._fresh(part)
        root = _Root(part, arrival, self._columns, seat)
        met = root.model * root.mass if search.gadget in NEED_RANGE else root.mass
        reached, solved = root.own.max(axis=0) > 0, (root.own.max(axis=0) > 0) & (met.max(axis=0) > 0)
        report, opponent = SearchReport(kept=int((reached & ~solved).sum())), 1 - seat
        if not solved.any():
            return report
        root.enter(sweeps, solved)
        sweeps.evaluate(before, BEST, only=opponent)
        safe = bound = sweeps.cfv[opponent].copy()
        gadget = None
        if search.gadget != UNSAFE:
            if search.bounds != "safe":
                sweeps.evaluate(before, VALUE, only=opponent)
                bound = sweeps.cfv[opponent].copy()
            root.raise_by_gifts(bound, arrival, self._columns)
            spread = search.spread if search.bounds == "distributional" else 0.0
            gadget = Gadget(TAGS[search.gadget], opponent, root.gadget(bound, solved, spread))
            open_board(gadget.kind, tuple(gadget.arrays), sweeps.reach[opponent])
        iterations = self._iterate(part, sweeps, rows, gadget, search.budget, clock)
        solving = clock.spent()
        answer = (rows.average[0], rows.average[1])
        played = solved.copy()
        if iterations == 0:
            played[:] = False
        else:
            root.enter(sweeps, solved)
            sweeps.evaluate(answer, BEST, only=opponent)
            limit = bound if search.safe else safe
            harm, gain = root.judge(sweeps.cfv[opponent].astype(np.float64) - limit)
            if search.judge and (search.safe or iterations < FEW):
                played &= harm <= gain
            report.harm = float((harm * root.scale)[played].sum())
        seconds, count = clock.spent(), int(solved.sum())
        self._answer_row_seconds = _learnt(self._answer_row_seconds, (seconds - solving) / sum(part.tree.stored_rows))
        report.seconds, report.iterations = [seconds / count] * count, [iterations] * count
        report.solves = int(played.sum())
        report.kept += count - report.solves
        for p in (0, 1):
            self._keep(part, p, np.logical_not(played), before[p], answer[p])
            part.put(p, answer[p], out[p])
        return report

    def warm_up(self, board: int, arrival: Arrival, strategies: Strategies, seat: int, search: StreetSearch) -> None:
        """Load the kernels, then learn the machine's speed; see ``solve``."""
        for _ in range(2):
            self._row_seconds = self._answer_row_seconds = 0.0
            out = (np.array(strategies[0]), np.array(strategies[1]))
            self.solve(board, arrival, strategies, seat, replace(search, budget=Budget(iterations=2)), out)

    def _iterate(self, part: Subtree, sweeps: BoardSweeps, rows: StoredRows, gadget: Gadget | None, budget: Budget, clock: Deadline) -> int:
        """Iterate until the budget is spent; return how often. No slice begins that is predicted to end late."""
        done, size = 0, sum(part.tree.stored_rows)
        while budget.iterations is None or done < budget.iterations:
            block, begin = divmod(done, BLOCK)
            count = BLOCK - begin if budget.iterations is None else min(budget.iterations - done, BLOCK - begin)
            if budget.seconds is not None:
                expected = max(self._row_seconds * size, 1e-9)
                fits = (clock.remaining() - 1.2 * self._answer_row_seconds * size) / expected
                count = min(count, max(1, int(SLICE_SECONDS / expected)), max(int(FILL * fits), int(fits >= 1)))
            if count <= 0:
                break
            start = clock.spent()
            sweeps.update(rows, coefficients(self.variant, block), begin, begin + count, gadget)
            self._row_seconds = _learnt(self._row_seconds, (clock.spent() - start) / (count * size))
            done += count
        if done == 0:  # a memory of a busy moment must not keep every later solve from beginning
            self._row_seconds *= 0.7
            self._answer_row_seconds *= 0.7
        return done

    def _look_at(self, part: Subtree) -> BoardSweeps:
        if self._sweeps is None:
            self._sweeps = BoardSweeps(part.tree, self.threads, self.dtype)
        self._sweeps.look_at(part.tree)
        return self._sweeps

    def _space(self, name: str, part: Subtree) -> tuple[Rows, Rows]:
        """Return arrays of the part's size, kept from part to part."""
        kept = self._arrays.setdefault(name, [np.zeros((0, LANES), self.dtype)] * 2)
        for p in (0, 1):
            if len(kept[p]) < part.tree.stored_rows[p]:
                kept[p] = aligned_zeros(part.tree.stored_rows[p], LANES, self.dtype)
        return kept[0][: part.tree.stored_rows[0]], kept[1][: part.tree.stored_rows[1]]

    def _take(self, part: Subtree, strategies: Strategies) -> tuple[Rows, Rows]:
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


def _learnt(old: float, seen: float) -> float:
    """Return what to expect next time: an outlier (the machine was busy elsewhere) moves it by a quarter at most."""
    if old == 0:
        return seen
    return old + 0.5 * (min(max(seen, old / 2), 1.5 * old) - old)


def _scaled(reach: Float) -> Float:
    """Return reach with the largest of every line 1; only ratios matter, and products of small ones would underflow."""
    largest = reach.max(axis=0)
    return reach / np.where(largest > 0, largest, 1.0)


def search_street(
    game: HoldemGame,
    tree: BoardTree,
    strategies: Strategies,
    seat: int,
    search: StreetSearch,
    variant: Variant,
    workers: int = 1,
    threads: int = 1,
    progress: Callable[[int, int], None] | None = None,
) -> tuple[Strategies, SearchReport]:
    """Search every subgame that begins with a street, for one seat.

    Args:
        game: whole.
        tree: its board tree.
        strategies: so far.
        seat: who searches.
        search: how.
        variant: of CFR.
        workers: boards that are searched at the same time.
        threads: kernel threads of each.
        progress: called with boards done and boards in all.

    Returns:
        The strategies so far from here on, the street's searched; and what the search came to.
    """
    nodes = entering(game, search.street)
    apart = [[node] for node in nodes] if search.budget.seconds is not None else [nodes]
    lines = [street_lines(game, own, tree.weight.dtype) for own in apart]
    weights = board_weights(tree)
    pool: SimpleQueue[list[BoardSearch]] = SimpleQueue()
    for _ in range(workers):
        pool.put([BoardSearch(game, tree, own, variant, threads) for own in lines])
    total = SearchReport()
    boards = int((tree.boards[:, STREET] == search.street).sum())

    def solve(task: tuple[int, Arrival]) -> tuple[list[SearchReport], float]:
        searchers = pool.get()
        try:
            return [s.solve(task[0], task[1], strategies, seat, search, out) for s in searchers], float(weights[task[0]])
        finally:
            pool.put(searchers)

    def tasks() -> Iterator[tuple[int, Arrival]]:
        giver = 1 - seat if search.gadget in WITH_GIFTS else None
        for arrival in Trunk(game, tree, strategies, search.street, giver, search.bounds == "safe").arrivals():
            children = (0, 1) if arrival.board < 0 else tree.boards[arrival.board, CHILD : CHILD_END + 1].tolist()
            yield from ((board, arrival) for board in range(*children))

    if search.budget.seconds is not None:  # load the kernels and learn the machine's speed outside every clock
        first = next(tasks())
        for _ in range(workers):
            searchers = pool.get()
            for searcher in searchers:
                searcher.warm_up(*first, strategies, seat, search)
            pool.put(searchers)
    out = (np.array(strategies[0]), np.array(strategies[1]))
    with ThreadPoolExecutor(workers) as running:
        for done, (reports, weight) in enumerate(running.map(solve, list(tasks())), 1):  # the way there is outside all clocks
            for report in reports:
                total.solves += report.solves
                total.kept += report.kept
                total.harm += weight * report.harm / game.deal_mass
                total.seconds += report.seconds
                total.iterations += report.iterations
            if progress is not None:
                progress(done, boards)
    return out, total


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
