"""The anytime loop that every solver shares: iterate within a budget, look at the clock often enough, keep the answer so far."""

from __future__ import annotations

import math
import sys
import time
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import ClassVar, Generic, TypeVar

import numpy as np

from search.budget import Budget, Deadline, Pace
from search.frontier import NoValuesError
from search.outcome import Outcome, Stop
from search.stopping import next_check as next_priced_check

SLICE_SECONDS = 1e-2  # the longest kernel call: how late a progress bar or Ctrl-C can be
CALL_SECONDS = 8e-6  # of a kernel call that does nothing
APART = 4  # times a check's cost, at least, is iterated between two of them
FILL = 0.8  # of the time left, to be filled by one slice: two slices use 96 % of a budget, and a prediction may be 25 % wrong


Answer = TypeVar("Answer")


@dataclass(frozen=True)
class Solution(Generic[Answer]):
    """What a solve answered and what it spent.

    Attributes:
        strategy: the average strategy at and below the subgame's root.
        iterations: iterations done; 0 if the budget did not allow one, and then the answer is the warm start (or uniform).
        seconds: solving only, exploitability checks excluded.
        check_seconds: exploitability checks.
        exploitability: of the answer, if it was asked for, in chips.
        trace: rows of (iteration, seconds, exploitability).
        outcome: that of a search which plays the answer; a fallback if values of leaves ended the solve.
        stopped: why no more was done.
    """

    strategy: Answer
    iterations: int
    seconds: float
    check_seconds: float = 0.0
    exploitability: float | None = None
    trace: tuple[tuple[int, float, float], ...] = ()
    outcome: Outcome = Outcome.SEARCHED
    stopped: Stop = Stop.STOPPED


class Anytime(ABC, Generic[Answer]):
    """A solver that can be stopped after any iteration.

    Attributes:
        to_the_end: whether subgames go on to the end of the game. Else exploitability is not known, and is no limit of a solve; and values
            of leaves that are no numbers end it with its answer so far.
    """

    to_the_end: ClassVar[bool] = True

    def __init__(self) -> None:
        self._done = np.zeros(1, np.int64)  # iterations; an array, so that kernels can count
        self.pace = Pace(5e-8)  # seconds of one iteration by row; learnt from slice to slice
        self._spent = self._checked = 0.0  # solving and checking seconds of the solve at hand
        self._trace: list[tuple[int, float, float]] = []
        self._check_seconds = 0.0  # of the last check
        self.check_iterations = 1.0  # that take as long as a check
        self._answer_seconds = 5e-5  # of reading out the average strategy of the largest subgame so far
        self.enough: int | None = None  # iterations after which more are only done if a number of them is asked for

    @property
    def iterations(self) -> int:
        """Return the iterations done so far."""
        return int(self._done[0])

    @iterations.setter
    def iterations(self, count: int) -> None:
        self._done[0] = count

    @property
    def head_start(self) -> int:
        """Return the iterations that the strategy at the start counted for."""
        return 0

    @property
    def spent(self) -> float:
        """Return the solving seconds of the solve at hand so far."""
        return self._spent

    @property
    def checked_at(self) -> int | None:
        """Return the iteration of the solve at hand whose exploitability was checked last; None before the first check."""
        return self._trace[-1][0] if self._trace else None

    @property
    @abstractmethod
    def rows(self) -> int:
        """Return what an iteration's time grows with."""

    @abstractmethod
    def run(self, iterations: int) -> None:
        """Do that many iterations."""

    @abstractmethod
    def answer(self) -> Answer:
        """Return the average strategy."""

    @abstractmethod
    def exploitability(self, strategy: Answer | None = None) -> float:
        """Return NashConv / 2 of a strategy, the answer unless given, in chips."""

    def solve(
        self,
        budget: Budget,
        deadline: Deadline | None = None,
        trace: bool = False,
        progress: Callable[[int, float, float | None], None] | None = None,
    ) -> Solution[Answer]:
        """Iterate until the budget is spent.

        Args:
            budget: whichever limit comes first; at least one must be set.
            deadline: the clock, if it was started before this call (a decision's budget runs from the request).
            trace: check exploitability on the way, at 1, 2, 4, ... iterations if there is no target; checks are not solving time.
            progress: called after each slice with iterations, solving seconds and the last exploitability known.
        """
        if not self.to_the_end:
            budget = replace(budget, exploitability=None, price=None)
        if not budget.limited():
            raise ValueError("budget must limit seconds, iterations or exploitability, got none of them")
        clock = deadline or Deadline(budget.seconds)
        checking = trace or budget.exploitability is not None or budget.price is not None
        self._spent, self._checked, self._trace = 0.0, 0.0, []
        dear = budget.exploitability is not None and self.check_iterations > 1.0  # then the first iteration's answer is not worth a check
        later = dear or budget.price is not None
        next_check, exploitability = self._next_check(budget) if later else self.iterations + 1, None
        most = self.enough if budget.iterations is None else budget.iterations
        if budget.exploitability is not None and self.iterations and deadline is None:  # of an earlier solve, which may do
            exploitability = self._check()
            if exploitability <= budget.exploitability:
                return self._finish(checking, Stop.EXPLOITABILITY)
        watch, stopped = budget.watch, Stop.ITERATIONS
        while (most is None or self.iterations < most) and not (watch is not None and watch.stopped):
            now = time.perf_counter()
            allowed = clock.end + (self._checked if deadline is None else 0.0)  # a decision's clock runs on while it checks
            count = self._slice(most, allowed - now)
            if checking:
                count = min(count, next_check - self.iterations)
            if count <= 0:
                if self._spent == 0:
                    self.pace.heal()
                stopped = Stop.SECONDS
                break
            try:
                self.run(count)
            except NoValuesError:
                return replace(self.interrupted(), outcome=Outcome.NO_VALUES)
            finally:  # a slice that is interrupted has taken its time
                spent = time.perf_counter() - now
                self._spent += spent
            self._learn(count, spent)
            if watch is not None:
                watch.iterations, watch.seconds = self.iterations, self._spent
            if checking and self.iterations == next_check:
                expected = self._check_seconds or self.check_iterations * self.pace.expected * self.rows
                if deadline is not None and deadline.remaining() < 2 * expected:
                    next_check = sys.maxsize  # the time that is left is for iterations
                else:
                    exploitability = self._check()
                    next_check = self._next_check(budget)
            if progress is not None:
                progress(self.iterations, self._spent, exploitability)
            if exploitability is not None and budget.exploitability is not None and exploitability <= budget.exploitability:
                stopped = Stop.EXPLOITABILITY
                break
            if budget.price is not None and next_check == self.iterations:  # no more are worth it
                stopped = Stop.PRICE
                break
        if watch is not None and watch.stopped:
            stopped = Stop.STOPPED
        return self._finish(checking, stopped, decided=deadline is not None)

    def interrupted(self) -> Solution[Answer]:
        """Return what a ``solve`` that was interrupted (Ctrl-C between two kernel calls) has found so far."""
        return self._finish(True, Stop.STOPPED)

    def _finish(self, checking: bool, stopped: Stop, decided: bool = False) -> Solution[Answer]:
        now = time.perf_counter()
        answer = self.answer()
        self._answer_seconds = max(0.9 * self._answer_seconds, min(time.perf_counter() - now, 2 * self._answer_seconds))
        if checking and not decided and (not self._trace or self._trace[-1][0] != self.iterations):
            self._check(answer)
        exploitability = self._trace[-1][2] if self._trace else None
        return Solution(answer, self.iterations, self._spent, self._checked, exploitability, tuple(self._trace), stopped=stopped)

    def _check(self, answer: Answer | None = None) -> float:
        now = time.perf_counter()
        exploitability = self.exploitability(self.answer() if answer is None else answer)
        self._check_seconds = time.perf_counter() - now
        self._checked += self._check_seconds
        self._trace.append((self.iterations, self._spent, exploitability))
        return exploitability

    def _slice(self, most: int | None, remaining: float) -> int:
        """Return how many iterations to do before the next look at the clock; 0 if one more would end late."""
        per_iteration = max(self.pace.expected * self.rows, 1e-12)
        count = max(1, int(SLICE_SECONDS / per_iteration)) if self.pace.expected else 1  # nothing is known of the machine yet
        if remaining != math.inf:
            left = remaining - self._answer_seconds - CALL_SECONDS
            fits = left / per_iteration
            count = min(count, max(int(FILL * fits), int(fits >= 1.0)))
        if most is not None:
            count = min(count, most - self.iterations)
        return count

    def _learn(self, count: int, spent: float) -> None:
        """Remember how long an iteration takes."""
        seen = max(spent - CALL_SECONDS, 0.1 * spent) / (count * self.rows)
        self.pace.learn(seen, min(0.5, spent / 1e-4))  # a slice of a few microseconds says little

    def _next_check(self, budget: Budget) -> int:
        """Return the iteration of the next check.

        For a target every 10 iterations at first, then every 5 %, dear checks seldomer. For a price as ``search.stopping`` says, and the
        iteration at hand where no more are worth it. Else powers of two, for a trace.
        """
        if budget.price is not None:
            checks = [(self.head_start + iterations, exploitability) for iterations, _, exploitability in self._trace]
            seconds = self.pace.expected * self.rows
            return self.iterations + (next_priced_check(budget.price, checks, seconds, self.check_iterations) or 0)
        if budget.exploitability is None:
            return self.iterations * 2
        return self.iterations + max(10, self.iterations // 20, round(APART * self.check_iterations))
