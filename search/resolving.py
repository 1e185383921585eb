"""Re-solving a subgame: bounds, gadget, warm start, iterations within the budget, then accept the answer or fall back.

``resolve`` is the only place where a subgame of any game is re-solved. It sees arrays over hands and lines; what a game is kept in is
known to its ``SubgameSolver``. Two of them exist: ``search.tree.subgames`` and ``search.boards.subgames``.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any, Generic, NamedTuple, Protocol, TypeVar

import numpy as np
import numpy.typing as npt

from search.anytime import Solution
from search.beliefs import Beliefs, Entrance
from search.budget import Budget, Deadline, Paces, Spent
from search.gadgets import BOUNDS, GADGETS, NEED_RANGE, NO_SPREAD, UNSAFE, WARM_START, WITH_GIFTS
from search.outcome import Outcome, Stop
from search.warm_start import warm_iterations

Float = npt.NDArray[np.float64]
Lines = npt.NDArray[np.bool_]
# Answers of fewer iterations are judged whatever the gadget: from the flop of ms3f1t1r1h5 two of them made 5,901 of 1,995 mbb/g.
MIN_TRUSTED_ITERATIONS = 30
RULES = 3  # raised whenever the same budget of iterations may lead to other answers: kept measurements of other rules are not taken
MAX_ITERATIONS = 1 << 16  # of one solve: what is left to gain then is below what float32 can tell
WARM_UPS = 3  # solves that the machine's speed is learnt from
Strategy = TypeVar("Strategy", contravariant=True)  # so far, of a whole game or what is known of it
Answer = TypeVar("Answer")  # of a subgame


@dataclass(frozen=True)
class ResolveConfig:
    """How a subgame is re-solved.

    Attributes:
        gadget: one of ``search.gadgets.GADGETS``.
        bounds: ``safe`` (counterfactual best-response values against the strategy so far), ``estimate`` (its own cfvs, without a
            guarantee) or ``distributional`` (normal distributions around those).
        bound_std: chips, the standard deviation of distributional bounds.
        gift_scale: share of the opponent's gifts by which reach_maxmargin, refined and combined raise their bounds, 0 to 1.
        warm_start: whether solves start from the strategy so far: ``never``, ``always``, or ``short``: if they expect few iterations.
        judge: whether the strategy so far is kept where an answer is no better.

    Raises:
        ValueError: a value that there is not.
    """

    gadget: str = "resolve"
    bounds: str = "safe"
    bound_std: float = 1.0
    gift_scale: float = 1.0
    warm_start: str = "short"
    judge: bool = True

    def __post_init__(self) -> None:
        for name, allowed in (("gadget", GADGETS), ("bounds", BOUNDS), ("warm_start", WARM_START)):
            if getattr(self, name) not in allowed:
                raise ValueError(f"{name} must be one of {', '.join(allowed)}, got {getattr(self, name)!r}")
        if not 0 < self.bound_std < float("inf"):
            raise ValueError(f"bound_std must be finite and above 0, got {self.bound_std}")
        if self.bounds == "distributional" and self.gadget in NO_SPREAD:
            raise ValueError(f"bounds must be safe or estimate for {self.gadget}, got distributional")
        if not 0 <= self.gift_scale <= 1:
            raise ValueError(f"gift_scale must be from 0 to 1, got {self.gift_scale}")

    @property
    def name(self) -> str:
        """What reports call the gadget with its bounds."""
        found = self.gadget
        if self.bounds != "safe" and self.gadget != UNSAFE:
            found += f"-{self.bounds}" + (f"-{self.bound_std:g}" if self.bounds == "distributional" else "")
        return found + (f"-gifts{self.gift_scale:g}" if self.with_gifts and self.gift_scale != 1 else "")

    @property
    def needs_range(self) -> bool:
        """Whether the gadget relies on the model of the opponent's range."""
        return self.gadget in NEED_RANGE

    @property
    def with_gifts(self) -> bool:
        """Whether gifts raise the gadget's bounds."""
        return self.gadget in WITH_GIFTS

    @property
    def safe(self) -> bool:
        """Whether the gadget holds the opponent to what it could get before."""
        return self.bounds == "safe" and not self.needs_range


@dataclass
class SearchReport:
    """What solves of subgames came to.

    Attributes:
        solves: subgames whose answer is played: lines that the searcher's strategy reaches, on boards that suits do not make equal.
        fallbacks: subgames where the strategy so far is played on, by kind; with ``no_values`` the answer so far if there is one.
        bound_violation: chips a deal that best responses win above the bounds (above what they could before, where those are not safe),
            summed over subgames by chance: the most that searching can have cost, and what is left of a safe gadget's solver error.
        seconds: of each solve; lines that were solved side by side share theirs.
        iterations: of each solve.
        chances: of each solve, that it is asked for: both players' reach by the strategy so far, weighted by deals and chance; NaN if
            that is not known.
        work: of each solve, its iterations, and checks of the answer as one each, times the rows that they go over: what its time grows
            with, and the same on every machine.
        stops: why solves ended, how many of each kind.
        spent: what those seconds went into, summed.
        loading: seconds outside every solve's budget: what is computed once for a whole game.
    """

    solves: int = 0
    fallbacks: Counter[Outcome] = field(default_factory=Counter)
    bound_violation: float = 0.0
    seconds: list[float] = field(default_factory=list)
    iterations: list[int] = field(default_factory=list)
    chances: list[float] = field(default_factory=list)
    work: list[float] = field(default_factory=list)
    stops: Counter[Stop] = field(default_factory=Counter)
    spent: Spent = field(default_factory=Spent)
    loading: float = 0.0

    def fail(self, outcome: Outcome, count: int) -> None:
        """Count fallbacks."""
        if count:
            self.fallbacks[outcome] += count

    def add(self, other: SearchReport, weight: float = 1.0) -> None:
        """Add what other solves came to, their bound violations and chances times a weight."""
        self.solves += other.solves
        self.fallbacks.update(other.fallbacks)
        self.bound_violation += weight * other.bound_violation
        self.seconds += other.seconds
        self.iterations += other.iterations
        self.chances += [weight * chance for chance in other.chances]
        self.work += other.work
        self.stops.update(other.stops)
        self.spent += other.spent
        self.loading += other.loading

    @property
    def stopped(self) -> Stop | None:
        """Why the solve of one subgame ended; None if there was none."""
        return next(iter(self.stops), None)

    @property
    def outcome(self) -> Outcome:
        """What became of one subgame."""
        if Outcome.NO_VALUES in self.fallbacks:  # also where the answer so far is played
            return Outcome.NO_VALUES
        return Outcome.SEARCHED if self.solves else next(iter(self.fallbacks), Outcome.UNREACHED)


class SubgameSolver(Protocol[Strategy, Answer]):
    """What ``resolve`` asks of a family of games. It solves one subgame at a time, or L side by side; arrays are allocated once.

    Attributes:
        paces: of the parts of a solve.
        warm_factor: see ``search.warm_start.warm_iterations``.
    """

    paces: Paces
    warm_factor: float

    def size(self, place: int) -> int:
        """Return the rows of the subgames at a place, which time grows with; 0 where nobody decides any more."""
        ...

    def enter(self, place: int, beliefs: Beliefs, strategy: Strategy | None, seat: int) -> Entrance:
        """Turn to the subgames at a place; the strategy so far may only be None where best-response values against it are known."""
        ...

    def restrict(self, lines: Lines) -> None:
        """Let only some lines be played."""
        ...

    def cfvs(self, answered: bool, best: bool) -> Float:
        """Return [H, L], the opponent's cfvs at the root against the strategy so far, or against the answer.

        Args:
            answered: against the answer.
            best: of a best response; else of the strategy's own part.
        """
        ...

    def left(self) -> Any:
        """Return what searches below want of the last ``cfvs``; None if nobody will ask."""
        ...

    def start(self, kind: str, bound: Float | None, bound_std: float, warm: int) -> None:
        """Begin a solve.

        Args:
            kind: of gadget.
            bound: [H, L] cfvs of not entering; None for ``unsafe``.
            bound_std: chips, the standard deviation of distributional bounds; else 0.
            warm: iterations that the strategy so far counts for; 0 for a cold start.
        """
        ...

    def solve(self, budget: Budget, deadline: Deadline) -> Solution[Answer]:
        """Iterate until the budget is spent; its ``exploitability`` is in chips a deal that comes to the root."""
        ...

    def played(self, answer: Answer, accepted: Lines) -> Answer:
        """Return what is played: the answer, on other lines the strategy so far."""
        ...


class Resolved(NamedTuple, Generic[Answer]):
    """What one solve came to.

    Attributes:
        report: in figures.
        answer: what is played from here on; None where nothing was solved. The next solve may overwrite its arrays.
        left: of what is played, see ``SubgameSolver.left``.
    """

    report: SearchReport
    answer: Answer | None = None
    left: Any = None


def resolve(
    solver: SubgameSolver[Strategy, Answer],
    place: int,
    beliefs: Beliefs,
    strategy: Strategy | None,
    seat: int,
    config: ResolveConfig,
    budget: Budget,
    clock: Deadline,
    *,
    worth: int = 0,
    whole: bool = False,
    promised: Float | None = None,
    deliver: Callable[[Resolved[Answer]], None] | None = None,
) -> Resolved[Answer]:
    """Re-solve the subgames that begin at one place.

    With safe bounds, and after fewer than ``MIN_TRUSTED_ITERATIONS`` with any, an answer is accepted only where the opponent's hands win
    no more above the bounds against it than they lose below them with the model's range. That is a rule of thumb: a budget too short for
    the subgame then hardly ever costs anything, and never more than ``SearchReport.bound_violation``.

    Args:
        solver: of the game.
        place: where the subgames begin, as the solver numbers it.
        beliefs: how both players come there.
        strategy: so far; the searcher's own part is what is searched for, the opponent's part is the model.
        seat: who searches.
        config: how.
        budget: of the solve; the exploitability is that of the worst line.
        clock: of the decision, started at the request.
        worth: iterations that the strategy so far counts for in a warm start.
        whole: it is the whole game: no gadget stands above it, and an answer is accepted if a best response wins no more from it than
            from the strategy so far.
        promised: [H of the opponent, L] chips, what each hand could have had above the root: the bounds where the strategy so far says
            nothing below it. Unless given, ``config.bounds`` says which they are.
        deliver: takes the answer over, within the budget, if there is one to be played.

    Raises:
        ValueError: a budget without a limit.
    """
    if not budget.limited():
        raise ValueError("budget must limit seconds, iterations or exploitability, got none of them")
    rows, paces, kind = solver.size(place), solver.paces, UNSAFE if whole else config.gadget
    if rows == 0:
        return Resolved(SearchReport())
    begun = clock.spent()
    if clock.remaining() < (paces.preparing.expected + paces.iterating.expected) * rows + paces.after(rows):
        paces.heal()
        count = int((beliefs.reach[seat].max(axis=0) > 0).sum())
        took = SearchReport(fallbacks=Counter({Outcome.NO_TIME: count}), seconds=[clock.spent()] * count, iterations=[0] * count)
        took.chances, took.work = [math.nan] * count, [0.0] * count
        return Resolved(took)
    entrance = solver.enter(place, beliefs, strategy, seat)
    solved = entrance.solvable(kind in NEED_RANGE)
    report, count = SearchReport(), int(solved.sum())
    report.fail(Outcome.UNREACHED, int((entrance.reached & ~solved).sum()))
    if not count:
        return Resolved(report)
    solver.restrict(solved)
    before = bound = solver.cfvs(answered=False, best=True) if promised is None else promised * entrance.cf_reach
    if kind != UNSAFE and config.bounds != "safe" and promised is None:
        bound = solver.cfvs(answered=False, best=False)
    left = solver.left()
    if kind != UNSAFE and config.with_gifts and entrance.gifts is not None:
        bound = (bound + config.gift_scale * entrance.gifts * entrance.cf_reach).astype(bound.dtype)
    paces.preparing.learn((clock.spent() - begun) / rows)
    warm = warm_iterations(config.warm_start, worth, paces.expected_iterations(rows, budget, clock), solver.warm_factor)
    bound_std = config.bound_std if config.bounds == "distributional" else 0.0
    solver.start(kind, None if kind == UNSAFE else bound, bound_std, warm)
    prepared = clock.spent()
    most = MAX_ITERATIONS if budget.iterations is None else min(budget.iterations, MAX_ITERATIONS)
    solution = solver.solve(replace(budget, iterations=most), clock.sooner(paces.after(rows)))
    solving, answer, accepted = clock.spent(), solution.strategy, solved.copy()
    report.seconds, report.iterations = [solving / count] * count, [solution.iterations] * count
    report.work = [float(rows) / count * (solution.iterations + len(solution.trace))] * count
    report.stops[solution.stopped] += count
    report.chances = entrance.chance()[solved].tolist()
    report.spent = Spent(prepared, solving - prepared, 0.0)
    if solution.iterations == 0:
        paces.heal()
        report.fail(Outcome.NO_TIME if solution.outcome == Outcome.SEARCHED else solution.outcome, count)
        return Resolved(report)
    if config.judge or not whole:
        change = solver.cfvs(answered=True, best=True).astype(np.float64) - (bound if config.bounds == "safe" else before)
        violation, margin = entrance.judge(change, whole)
        if config.judge and (whole or config.safe or solution.iterations < MIN_TRUSTED_ITERATIONS):
            accepted &= violation <= margin
        report.bound_violation = float((violation * entrance.scale)[accepted].sum())
    else:
        report.bound_violation = float("nan")  # nobody asked
    if accepted.any():
        if left is not None and config.bounds != "safe":
            solver.cfvs(answered=True, best=False)
        left = solver.left()
    report.solves = int(accepted.sum())
    report.fail(Outcome.REJECTED, count - report.solves)
    if solution.outcome != Outcome.SEARCHED:
        report.fail(solution.outcome, report.solves)
    found = Resolved(report, solver.played(answer, accepted), left)
    if deliver is not None and report.solves:
        deliver(found)
    seconds = clock.spent()
    paces.judging.learn((seconds - solving) / rows)
    report.seconds, report.spent = [seconds / count] * count, Spent(prepared, solving - prepared, seconds - solving)
    return found


def learn_paces(
    solver: SubgameSolver[Strategy, Answer],
    place: int,
    beliefs: Beliefs,
    strategy: Strategy,
    config: ResolveConfig,
    worth: int,
    deliver: Callable[[Resolved[Answer]], None] | None = None,
    promised: Float | None = None,
) -> None:
    """Load the kernels with one solve of two iterations, then learn the machine's speed from a few; arguments as of ``resolve``."""
    trial = replace(config, judge=False)  # all answers are delivered
    for i in range(1 + WARM_UPS):
        if i == 1:
            solver.paces.forget()
        clock, budget = Deadline(None), Budget(iterations=2)
        resolve(solver, place, beliefs, strategy, 0, trial, budget, clock, worth=worth, promised=promised, deliver=deliver)
    solver.paces.settle()
