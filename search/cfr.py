"""The solver: alternating CFR on a subgame, anytime, within a budget."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from games import PublicTree
from games.kernels import aligned_zeros
from search.best_response import Evaluator, span_of
from search.budget import Budget, Deadline
from search.kernels import RESOLVE, UNSAFE, Gadget, Side, iterate, match_regrets, plain, propagate_reach, seed
from search.strategy import Strategy, uniform
from search.subgame import Subgame, whole_game
from search.variants import BLOCK, Variant, coefficients

Float = npt.NDArray[np.float64]

SLICE_SECONDS = 1e-2  # the longest kernel call: how late a progress bar or Ctrl-C can be
EMPTY_ROWS = 17  # what two empty sweeps cost, in rows
CALL_SECONDS = 8e-6  # of a kernel call that does nothing
FILL = 0.8  # of the time left, to be filled by one slice: two slices use 96 % of a budget, and a prediction may be 25 % wrong


@dataclass(frozen=True)
class Solution:
    """What a solve answered and what it spent.

    Attributes:
        strategy: the average strategy at and below the subgame's root.
        iterations: iterations done; 0 if the budget did not allow one, and then the answer is the warm start (or uniform).
        seconds: solving only, exploitability checks excluded.
        check_seconds: exploitability checks.
        exploitability: of the answer, if it was asked for, in chips.
        trace: rows of (iteration, seconds, exploitability).
    """

    strategy: Strategy
    iterations: int
    seconds: float
    check_seconds: float = 0.0
    exploitability: float | None = None
    trace: tuple[tuple[int, float, float], ...] = ()


class Solver:
    """CFR on any subgame of one tree. Arrays are allocated once and reused from solve to solve. Not for two threads at a time."""

    def __init__(self, tree: PublicTree, variant: Variant) -> None:
        self.tree, self.variant = tree, variant
        self.evaluator = Evaluator(tree)
        self.sides = (self._side(0), self._side(1))
        self._plain = (plain(self.sides[0]), plain(self.sides[1]))
        self._policy = tuple(aligned_zeros(tree.num_rows(p), tree.num_hands(p)) for p in (0, 1))
        self._uniform = uniform(tree)
        self._gadgets = tuple(self._no_gadget(p) for p in (0, 1))
        self._seconds_per_row = 5e-8  # of one iteration; learnt from slice to slice
        self._spent = self._checked = 0.0  # solving and checking seconds of the solve at hand
        self._trace: list[tuple[int, float, float]] = []
        self._answer_seconds = 5e-5  # of reading out the average strategy of the largest subgame so far
        self.start(whole_game(tree))

    def _side(self, player: int) -> Side:
        sequences = self.tree.sequences[player]
        arrays = [aligned_zeros(self.tree.num_rows(player), self.tree.num_hands(player)) for _ in range(5)]
        return Side(sequences.first_row, sequences.parent_row, self.tree.terminals[player], *arrays)

    def _no_gadget(self, player: int) -> Gadget:
        columns = self.tree.padded_hands(player)
        return Gadget(UNSAFE, player, np.zeros((1, columns)), np.zeros((2, columns)), np.zeros((2, columns)), np.full((2, columns), 0.5))

    def memory_bytes(self) -> int:
        """Return the size of the solver's and the tree's arrays in bytes."""
        own = sum(a.nbytes for side in self.sides for a in side[3:]) + sum(a.nbytes for a in self._policy)
        return own + self.evaluator.memory_bytes() + self.tree.memory_bytes()

    def start(self, subgame: Subgame, warm: Strategy | None = None, warm_iterations: int = 0) -> None:
        """Begin a solve; the one before is forgotten.

        Args:
            subgame: what to solve.
            warm: a strategy to start from, covering the subgame.
            warm_iterations: how many iterations ``warm`` counts for; with 0 it is only the first strategy.
        """
        if warm_iterations < 0:
            raise ValueError(f"warm_iterations must be at least 0, got {warm_iterations}")
        if subgame.tree is not self.tree:
            raise ValueError(f"subgame must be of the solver's tree {self.tree.game}, got {subgame.tree.game}")
        if warm is not None and warm.tree is not self.tree:
            raise ValueError(f"warm must be a strategy of the solver's tree {self.tree.game}, got one of {warm.tree.game}")
        self.subgame = subgame
        self.part = self.tree.subgame(subgame.node)
        self.spans = (span_of(self.part, 0), span_of(self.part, 1))
        self.iterations, self._before = 0, warm_iterations if warm is not None else 0
        start = (self._uniform if warm is None else warm).below(subgame.node)
        for p, side in enumerate(self.sides):
            lo, hi = self.part.rows[p]
            side.regret[lo:hi] = 0.0
            side.average[lo:hi] = 0.0
            side.strategy[lo:hi] = start.tables[p]
            root = side.reach[self.part.root_row[p]]
            root[:] = 0.0
            root[: len(subgame.ranges[p])] = subgame.ranges[p]
        self.gadget = self._gadgets[0]
        if subgame.gadget is not None:
            opponent = subgame.gadget.opponent
            scratch = self._gadgets[opponent]
            scratch.bound[0, : len(subgame.gadget.bounds)] = subgame.gadget.bounds
            scratch.regret[:] = 0.0
            scratch.average[:] = 0.0
            scratch.strategy[:] = 0.5
            self.gadget = scratch._replace(kind=RESOLVE)
            self.sides[opponent].reach[self.part.root_row[opponent]] = 0.5
        for side, span in zip(self.sides, self.spans, strict=True):
            propagate_reach(side.first_row, side.parent_row, span, side.strategy, side.reach)
        if self._before:
            counts = float(self._before), self._before / (self.variant.gamma + 1.0)  # sum of (t / T)^gamma, the average's weight so far
            seed(self._plain[0], self.sides[1].reach, self.spans[0], *counts)
            seed(self._plain[1], self.sides[0].reach, self.spans[1], *counts)

    @property
    def rows(self) -> int:
        """Rows of the subgame and what an iteration costs without any: what an iteration's time grows with."""
        return sum(hi - lo for lo, hi in self.part.rows) + EMPTY_ROWS

    def run(self, iterations: int) -> None:
        """Do that many iterations."""
        while iterations > 0:
            block, begin = divmod(self._before + self.iterations, BLOCK)
            end = min(begin + iterations, BLOCK)
            iterate(*self._plain, *self.spans, plain(self.gadget), coefficients(self.variant, block), begin, end)
            self.iterations += end - begin
            iterations -= end - begin

    def answer(self) -> Strategy:
        """Return the average strategy at and below the subgame's root (a copy); before the first iteration, the start."""
        tables = []
        for p, (side, span) in enumerate(zip(self.sides, self.spans, strict=True)):
            lo, hi = self.part.rows[p]
            if self.iterations:
                match_regrets(side.first_row, span, side.average, self._policy[p])
                tables.append(self._policy[p][lo:hi].copy())
            else:
                tables.append(side.strategy[lo:hi].copy())
        return Strategy(self.tree, self.part, (tables[0], tables[1]))

    def exploitability(self, strategy: Strategy | None = None) -> float:
        """Return NashConv / 2 of the answer in the game being solved, the gadget included, in chips (weighted by reach)."""
        strategy = self.answer() if strategy is None else strategy
        ranges = list(self.subgame.ranges)
        gadget, stop_value = self.subgame.gadget, 0.0
        if gadget is not None:
            total = self.gadget.average.sum(axis=0)
            follow = np.where(total > 0, self.gadget.average[0] / np.where(total > 0, total, 1.0), 0.5)[: len(gadget.bounds)]
            ranges[gadget.opponent] = follow
            stop_value = float(((1.0 - follow) * gadget.bounds).sum())
        conv = 0.0
        for p in (0, 1):
            cfvs = self.evaluator.best_response_cfvs(strategy, p, ranges[1 - p])
            if gadget is None:
                conv += float((cfvs * ranges[p]).sum())
            elif gadget.opponent == p:
                conv += float(np.maximum(cfvs, gadget.bounds).sum())
            else:
                conv += float((cfvs * ranges[p]).sum()) - stop_value
        return conv / 2

    def solve(
        self,
        budget: Budget,
        deadline: Deadline | None = None,
        trace: bool = False,
        progress: Callable[[int, float, float | None], None] | None = None,
    ) -> Solution:
        """Iterate until the budget is spent.

        Args:
            budget: whichever limit comes first; at least one must be set.
            deadline: the clock, if it was started before this call (a decision's budget runs from the request).
            trace: check exploitability on the way, at 1, 2, 4, ... iterations if there is no target; checks are not solving time.
            progress: called after each slice with iterations, solving seconds and the last exploitability known.
        """
        if not budget.limited():
            raise ValueError("budget must limit seconds, iterations or exploitability, got none of them")
        clock = deadline or Deadline(budget.seconds)
        checking = trace or budget.exploitability is not None
        self._spent, self._checked, self._trace = 0.0, 0.0, []
        next_check, exploitability = self.iterations + 1, None
        while budget.iterations is None or self.iterations < budget.iterations:
            now = time.perf_counter()
            allowed = clock.end + (self._checked if deadline is None else 0.0)  # a decision's clock runs on while it checks
            count = self._slice(budget, allowed - now)
            if checking:
                count = min(count, next_check - self.iterations)
            if count <= 0:
                break
            self.run(count)
            spent = time.perf_counter() - now
            self._spent += spent
            self._learn(count, spent)
            if checking and self.iterations == next_check:
                exploitability = self._check(self.answer())
                next_check = self._next_check(budget)
            if progress is not None:
                progress(self.iterations, self._spent, exploitability)
            if exploitability is not None and budget.exploitability is not None and exploitability <= budget.exploitability:
                break
        return self._finish(checking)

    def interrupted(self) -> Solution:
        """Return what a ``solve`` that was interrupted (Ctrl-C between two kernel calls) has found so far."""
        return self._finish(checking=True)

    def _finish(self, checking: bool) -> Solution:
        now = time.perf_counter()
        answer = self.answer()
        self._answer_seconds = max(0.9 * self._answer_seconds, min(time.perf_counter() - now, 2 * self._answer_seconds))
        if checking and (not self._trace or self._trace[-1][0] != self.iterations):
            self._check(answer)
        exploitability = self._trace[-1][2] if self._trace else None
        return Solution(answer, self.iterations, self._spent, self._checked, exploitability, tuple(self._trace))

    def _check(self, answer: Strategy) -> float:
        now = time.perf_counter()
        exploitability = self.exploitability(answer)
        self._checked += time.perf_counter() - now
        self._trace.append((self.iterations, self._spent, exploitability))
        return exploitability

    def calibrate(self) -> None:
        """Learn the machine's speed on the whole game, so that the first deadline is used as well as the later ones; takes 5 ms."""
        self.start(whole_game(self.tree))
        end = time.perf_counter() + 5e-3
        while time.perf_counter() < end:
            now = time.perf_counter()
            self.run(8)
            self._learn(8, time.perf_counter() - now)
        answers = []
        for _ in range(5):
            now = time.perf_counter()
            self.answer()
            answers.append(time.perf_counter() - now)
        self._answer_seconds = 2 * min(answers)  # the first one loaded a kernel

    def expected_iterations(self, node: int, seconds: float) -> float:
        """Return how many iterations of the subgame at ``node`` fit into some seconds, as far as this solver knows its machine."""
        rows = sum(hi - lo for lo, hi in self.tree.subgame(node).rows) + EMPTY_ROWS
        return (seconds - self._answer_seconds - CALL_SECONDS) / (self._seconds_per_row * rows)

    def _slice(self, budget: Budget, remaining: float) -> int:
        """Return how many iterations to do before the next look at the clock; 0 if one more would end late."""
        per_iteration = self._seconds_per_row * self.rows
        count = max(1, int(SLICE_SECONDS / per_iteration))
        if remaining != math.inf:
            left = remaining - self._answer_seconds - CALL_SECONDS
            fits = left / per_iteration
            count = min(count, max(int(FILL * fits), int(fits >= 1.0)))
        if budget.iterations is not None:
            count = min(count, budget.iterations - self.iterations)
        return count

    def _learn(self, count: int, spent: float) -> None:
        """Remember how long an iteration takes. An outlier (the machine was busy elsewhere) moves the memory by a quarter at most."""
        seen = max(spent - CALL_SECONDS, 0.1 * spent) / (count * self.rows)
        old = self._seconds_per_row
        weight = min(0.5, spent / 1e-4)  # a slice of a few microseconds says little
        self._seconds_per_row = old + weight * (min(max(seen, old / 2), 1.5 * old) - old)

    def _next_check(self, budget: Budget) -> int:
        """For a target every 10 iterations at first, then every 5 %: a check costs about an iteration. Else powers of two, for a trace."""
        if budget.exploitability is None:
            return self.iterations * 2
        return self.iterations + max(10, self.iterations // 20)
