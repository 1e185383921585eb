"""What a search may spend: seconds, iterations or a target exploitability, whichever comes first."""

from __future__ import annotations

import math
import time
from dataclasses import dataclass, field

from search.stopping import Price

SLOWER = 1.25  # what the fastest seen lately rises by at most with each unit that is slower: machines do become slower
HEALED, FORGOTTEN = 0.7, 0.999  # what is left of an expectation's excess over the fastest seen, and of both, each time work is not begun
WARMING = 1.5  # iterations' time that a warm start takes
SPARE = 1.5  # times what the last part of a decision is expected to take is left for it


@dataclass
class Watch:
    """What somebody who waits for a decision in another thread sees of its solve, and says to it.

    Attributes:
        stopped: set it, and the solve ends after the kernel call at hand (``search.anytime.SLICE_SECONDS``) with its answer so far.
        iterations: of the solve at hand so far.
        seconds: of solving.
    """

    stopped: bool = False
    iterations: int = 0
    seconds: float = 0.0


@dataclass(frozen=True, kw_only=True)
class Budget:
    """Limits of one solve or one decision; None does not limit.

    Attributes:
        seconds: wall-clock thinking time.
        iterations: iterations of the solver; the only limit that gives the same answer on every machine.
        exploitability: stop at this exploitability (chips, NashConv / 2); of a decision that of the game it solves, a deal that comes
            there.
        price: stop when more thinking is not worth it, see ``search.stopping``; no limit by itself.
        watch: who looks on, and may stop it; no part of what the budget is.
    """

    seconds: float | None = None
    iterations: int | None = None
    exploitability: float | None = None
    price: Price | None = None
    watch: Watch | None = field(default=None, compare=False, repr=False)

    def __post_init__(self) -> None:
        for name in ("seconds", "iterations", "exploitability"):
            value = getattr(self, name)
            if value is not None and not (math.isfinite(value) and value >= 0):
                raise ValueError(f"budget.{name} must be a number of at least 0, got {value}")
        if self.iterations is not None and self.iterations != int(self.iterations):
            raise ValueError(f"budget.iterations must be a whole number, got {self.iterations}")

    def __repr__(self) -> str:
        """Leave out a price that there is not: kept work is known by this text, also an older version's."""
        limits: dict[str, object] = {"seconds": self.seconds, "iterations": self.iterations, "exploitability": self.exploitability}
        limits |= {} if self.price is None else {"price": self.price}
        return f"Budget({', '.join(f'{name}={value!r}' for name, value in limits.items())})"

    def limited(self) -> bool:
        """Say whether anything limits the search."""
        return any(v is not None for v in (self.seconds, self.iterations, self.exploitability))


@dataclass(frozen=True)
class Spent:
    """What the seconds of decisions went into.

    Attributes:
        preparing: before the first iteration: the tree, ranges, bounds, the blueprint's answers.
        iterating: the solver.
        judging: looking at the answer and reading it out.
    """

    preparing: float = 0.0
    iterating: float = 0.0
    judging: float = 0.0

    def __add__(self, other: Spent) -> Spent:
        return Spent(self.preparing + other.preparing, self.iterating + other.iterating, self.judging + other.judging)


class Deadline:
    """The clock of one budget, started at the request: no work starts that is predicted to end late."""

    def __init__(self, seconds: float | None, start: float | None = None) -> None:
        self.start = time.perf_counter() if start is None else start
        self.end = math.inf if seconds is None else self.start + seconds

    def remaining(self) -> float:
        """Return the seconds left, inf without a limit."""
        return self.end - time.perf_counter()

    def spent(self) -> float:
        """Return the seconds since the request."""
        return time.perf_counter() - self.start

    def sooner(self, seconds: float) -> Deadline:
        """Return the same clock, to end so many seconds earlier."""
        clock = Deadline(None, self.start)
        clock.end = self.end - seconds
        return clock


class Pace:
    """How long a unit of some work takes: learnt each time it is done, and healed where a bad sample keeps it from being begun.

    An outlier (the machine was busy elsewhere) moves what is expected by a quarter at most. Each time the work is not begun for its sake,
    it comes nearer to the fastest seen lately, and that falls by a thousandth. So no memory of a busy moment lasts, and work that is truly
    too long for its budget is tried in vain too seldom to count among late decisions: once in 110 where it would be late by 12 %.

    Attributes:
        expected: seconds of a unit next time; 0 if unknown.
        fastest: seconds of the fastest unit lately; 0 if unknown.
    """

    def __init__(self, expected: float = 0.0) -> None:
        self.expected, self.fastest = expected, 0.0

    def learn(self, seconds: float, weight: float = 0.5) -> None:
        """Take in what a unit took; ``weight`` at most one half."""
        old = self.expected
        self.expected = old + weight * (min(max(seconds, old / 2), 1.5 * old) - old) if old else seconds
        self.fastest = min(seconds, SLOWER * self.fastest) if self.fastest else seconds

    def settle(self) -> None:
        """Expect the fastest seen: after trials outside every clock."""
        self.expected = self.fastest

    def heal(self, dear: bool = False) -> None:
        """Expect less: the work was not begun for its sake.

        Args:
            dear: to try the work in vain would be late by far, so no less is ever expected than the fastest seen.
        """
        left = 1.0 if dear else FORGOTTEN
        self.expected = self.fastest + HEALED * (self.expected - self.fastest)
        self.fastest *= left
        self.expected *= left


class Paces:
    """What a solver has learnt of its machine, in seconds for each row of the subgame.

    Attributes:
        preparing: before the first iteration: looking at the cards, ranges, bounds.
        iterating: an iteration.
        judging: after the last one: values of the answer, and handing it over.
    """

    def __init__(self, iterating: Pace) -> None:
        self.preparing, self.iterating, self.judging = Pace(), iterating, Pace()

    def forget(self) -> None:
        """Know nothing again: the first solve loaded kernels."""
        self.preparing, self.judging = Pace(), Pace()
        self.iterating.expected = self.iterating.fastest = 0.0

    def settle(self) -> None:
        """Expect the fastest seen: after trials outside every clock."""
        for pace in (self.preparing, self.iterating, self.judging):
            pace.settle()

    def heal(self) -> None:
        """Expect less: a solve was not begun for its sake."""
        for pace in (self.preparing, self.iterating, self.judging):
            pace.heal()

    def after(self, rows: int) -> float:
        """Return the seconds to leave for what comes after the last iteration."""
        return SPARE * self.judging.expected * rows

    def expected_iterations(self, rows: int, budget: Budget, clock: Deadline) -> float:
        """Return how many iterations a budget allows if a solve begins now."""
        expected = float("inf") if budget.iterations is None else float(budget.iterations)
        if budget.seconds is not None and self.iterating.expected > 0:
            fitting = (clock.remaining() - self.after(rows)) / (self.iterating.expected * rows)
            expected = min(expected, fitting - WARMING)
        return expected
