"""Re-solving subgames: how it is done, whatever the game is kept in, and what comes of it."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol, TypeVar

import numpy as np
import numpy.typing as npt

from search.budget import Budget, Deadline, Spent
from search.gadgets import BOUNDS, GADGETS, NEED_RANGE, NO_SPREAD, UNSAFE, WARM_START, WITH_GIFTS

Float = npt.NDArray[np.float64]
MIN_TRUSTED_ITERATIONS = 30  # answers of fewer are judged whatever the gadget
State = TypeVar("State", bound=Hashable, contravariant=True)


@dataclass(frozen=True)
class ResolveConfig:
    """How a subgame is re-solved.

    Attributes:
        gadget: one of ``search.gadgets.GADGETS``.
        bounds: ``safe`` (counterfactual best-response values against the strategy so far), ``estimate`` (its own cfvs, without a
            guarantee) or ``distributional`` (normal distributions around those).
        spread: chips, the standard deviation of distributional bounds.
        gift_scale: share of the opponent's gifts by which reach_maxmargin, refined and combined raise their bounds, 0 to 1.
        warm_start: whether solves start from the strategy so far: ``never``, ``always``, or ``short``: if they expect few iterations.
        judge: whether the strategy so far is kept where an answer is no better.

    Raises:
        ValueError: a value that there is not.
    """

    gadget: str = "resolve"
    bounds: str = "safe"
    spread: float = 1.0
    gift_scale: float = 1.0
    warm_start: str = "short"
    judge: bool = True

    def __post_init__(self) -> None:
        for name, allowed in (("gadget", GADGETS), ("bounds", BOUNDS), ("warm_start", WARM_START)):
            if getattr(self, name) not in allowed:
                raise ValueError(f"{name} must be one of {', '.join(allowed)}, got {getattr(self, name)!r}")
        if not 0 < self.spread < float("inf"):
            raise ValueError(f"spread must be finite and above 0, got {self.spread}")
        if self.bounds == "distributional" and self.gadget in NO_SPREAD:
            raise ValueError(f"bounds must be safe or estimate for {self.gadget}, got distributional")
        if not 0 <= self.gift_scale <= 1:
            raise ValueError(f"gift_scale must be from 0 to 1, got {self.gift_scale}")

    @property
    def name(self) -> str:
        """What reports call the gadget with its bounds."""
        found = self.gadget
        if self.bounds != "safe" and self.gadget != UNSAFE:
            found += f"-{self.bounds}" + (f"-{self.spread:g}" if self.bounds == "distributional" else "")
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


def rounds_of(solve_from: str, names: Sequence[str], decisions: bool = True) -> tuple[int, ...] | None:
    """Return the rounds with which subgames begin, by number; None where one begins at every decision.

    Args:
        solve_from: ``decision``, ``round`` (every round but the first), ``root`` (the first), or rounds by name with ``+`` between.
        names: of the game's rounds, in order.
        decisions: whether ``decision`` is known.

    Raises:
        ValueError: there is no such round, or they are not in order.
    """
    if decisions and solve_from == "decision":
        return None
    groups = {"round": tuple(range(1, len(names))), "root": (0,)}
    parts = solve_from.split("+")
    found = groups.get(solve_from, tuple(names.index(part) for part in parts if part in names))
    named = solve_from in groups or (len(found) == len(parts) and list(found) == sorted(set(found)))
    if not named:
        known = ", ".join((*(["decision"] if decisions else []), *groups, *names))
        raise ValueError(f"solve_from must be {known}, or several rounds in order with + between, got {solve_from!r}")
    if not found:
        raise ValueError(f"solve_from=round needs a game of several rounds, got one with {names[0]} alone")
    return found


class Resolved(NamedTuple):
    """What thinking at one decision came to.

    Attributes:
        memory: what the next decision of the deal starts from.
        iterations: of the solver.
        root: where the subgame that was solved begins, as the game's tree numbers it; None if none was, or its answer is not played.
        kept: a search was due, and the strategy so far is played on.
        skipped: a search was due, and the budget allowed no iteration.
        spent: what the seconds went into.
    """

    memory: Any
    iterations: int = 0
    root: int | None = None
    kept: bool = False
    skipped: bool = False
    spent: Spent = Spent()


class Resolver(Protocol[State]):
    """A blueprint, and what re-solves subgames below it at the table. It keeps nothing of a deal: that is in memories."""

    def load(self) -> None:
        """Make what decisions need once for the game, load the kernels and learn the machine's speed."""
        ...

    def think(self, seat: int, state: State, memory: Any, budget: Budget, clock: Deadline) -> Resolved:
        """Re-solve what is due at a decision.

        Args:
            seat: who acts.
            state: the decision.
            memory: of the last decision of this deal; None at the first.
            budget: what the decision may spend.
            clock: of the decision, started at the request.
        """
        ...

    def at(self, memory: Any, state: State) -> Float:
        """Return [A, H], what is played at a decision."""
        ...

    def solver_error(self, seat: int) -> float:
        """Return the exploitability of the game that was solved last, in chips weighted by reach; NaN if that is not known."""
        ...
