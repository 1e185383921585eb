"""When more thinking is no longer worth its price: a stationary rule that ends a solve.

A solve is checked now and then: how exploitable is the answer so far? From the checks the rule predicts by how much that falls until the
next check. The solve goes on while the fall is worth the iterations (or seconds) that it takes, at a *price* in chips. One price for all
decisions of a game is how a common bank of time is divided best: if two decisions stopped at different prices, to move time from the one
with the lower price to the other would gain. (Russell & Wefald 1991, "Principles of Metareasoning", call a rule *myopic* that looks one
step ahead, as this one does.)

The prediction is a power law, e(t) = c / t^a, through the last check. The exponent a is the slope of log e against log t over the last
few checks, and 1 after the first one. CFR's exploitability falls with 1/sqrt(t) at worst and with about 1/t in practice, but checks jump
up and down, so a is kept from ``LEAST_EXPONENT`` to ``MOST_EXPONENT``.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

ITERATION, SECOND = "iteration", "second"
UNITS = (ITERATION, SECOND)
FITTED = 4  # checks that the exponent is fitted to, the last ones
LEAST_EXPONENT, FIRST_EXPONENT, MOST_EXPONENT = 0.5, 1.0, 2.0
FIRST_CHECK, CHECK_RATIO = 5, 1.25  # iterations before the first check; from check to check they grow by this factor

Check = tuple[float, float]  # iterations, those that a warm start counts for included; exploitability in chips


@dataclass(frozen=True, kw_only=True)
class Price:
    """What thinking must gain to go on.

    Attributes:
        chips: of exploitability for each unit, a deal that comes to the subgame (NashConv / 2).
        unit: ``iteration``, which is the same on every machine, or ``second``.

    Raises:
        ValueError: a price that is no number above 0, or a unit that there is not.
    """

    chips: float
    unit: str = ITERATION

    def __post_init__(self) -> None:
        if not (math.isfinite(self.chips) and self.chips > 0):
            raise ValueError(f"price must be a number above 0, got {self.chips}")
        if self.unit not in UNITS:
            raise ValueError(f"price's unit must be one of {', '.join(UNITS)}, got {self.unit!r}")

    def times(self, factor: float) -> Price:
        """Return the price in other chips."""
        return replace(self, chips=self.chips * factor)

    def is_worth(self, checks: Sequence[Check], iterations: float, seconds: float) -> bool:
        """Say whether more iterations are worth their price.

        Args:
            checks: so far, in order; at least one.
            iterations: until the next check.
            seconds: that those are expected to take.
        """
        units = iterations if self.unit == ITERATION else seconds
        return not predicted_fall(checks, iterations) <= self.chips * units  # what is not a number says nothing


def exponent(checks: Sequence[Check]) -> float:
    """Return the exponent a of c / t^a that fits the last checks best in logarithms (least squares), within what is plausible."""
    last = [(math.log(t), math.log(e)) for t, e in checks[-FITTED:] if t > 0 and e > 0]
    if len(last) < 2:
        return FIRST_EXPONENT
    mean_t, mean_e = (sum(column) / len(last) for column in zip(*last, strict=True))
    spread = sum((t - mean_t) ** 2 for t, _ in last)
    if spread == 0:
        return FIRST_EXPONENT
    slope = sum((t - mean_t) * (e - mean_e) for t, e in last) / spread
    return float(min(max(-slope, LEAST_EXPONENT), MOST_EXPONENT))


def predicted_fall(checks: Sequence[Check], iterations: float) -> float:
    """Return by how many chips exploitability is expected to fall in so many more iterations; 0 where nothing is left to fall.

    The curve goes through the last check.
    """
    t, e = checks[-1]
    if e <= 0:
        return 0.0
    left: float = (t / (t + iterations)) ** exponent(checks)
    return e * (1.0 - left)


def next_check(iterations: int, least: float) -> int:
    """Return the iteration of the next check.

    Args:
        iterations: done so far.
        least: iterations between two checks at least, because of what a check takes.
    """
    if iterations < FIRST_CHECK:
        return FIRST_CHECK
    return iterations + max(1, math.ceil(least), round((CHECK_RATIO - 1.0) * iterations))
