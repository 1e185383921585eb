"""When more thinking is no longer worth its price: a stationary rule that ends a solve.

A solve is checked now and then: how exploitable is the answer so far? From the checks the rule predicts by how much that falls until the
next check. The solve goes on while the fall is worth the iterations (or seconds) that it takes, at a *price* in chips. One price for all
decisions of a game is how a common bank of time is divided best: if two decisions stopped at different prices, to move time from the one
with the lower price to the other would gain. (Russell & Wefald 1991, "Principles of Metareasoning", call a rule *myopic* that looks one
step ahead, as this one does.)

The prediction is a power law, e(t) = c / t^a, through the last check. The exponent a is the slope of log e against log t over the last
few checks, and 1 after the first one. CFR's exploitability falls with 1/sqrt(t) at worst and with about 1/t in practice, but checks jump
up and down, so a is kept from ``LEAST_EXPONENT`` to ``MOST_EXPONENT``. By the same law the fall is worth its price until the iteration

    t* = t (a e(t) / (t price))^(1 / (a + 1)),

where its slope is the price. A check takes as long as an iteration or two, so there are few: the next one is at t*, at most ``MOST_RATIO``
times as far as the last one. The solve ends at a check that expects t* within ``LEAST_RATIO`` of where it is.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

ITERATION, SECOND = "iteration", "second"
UNITS = (ITERATION, SECOND)
FITTED = 3  # checks that the exponent is fitted to, the last ones
LEAST_EXPONENT, FIRST_EXPONENT, MOST_EXPONENT = 0.5, 1.0, 2.0
FIRST_CHECK, LEAST_RATIO, MOST_RATIO = 6, 1.2, 3.0  # iterations before the first check; factors from check to check

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

    def worth_until(self, checks: Sequence[Check], iteration_seconds: float) -> float:
        """Return the iteration until which more are expected to be worth their price; infinite where a check is not a number.

        Args:
            checks: so far, in order; at least one.
            iteration_seconds: that an iteration takes.
        """
        t, e = checks[-1]
        if not math.isfinite(e):
            return math.inf
        price = self.chips * (1.0 if self.unit == ITERATION else iteration_seconds)
        a = exponent(checks)
        return t * (a * max(e, 0.0) / (t * price)) ** (1.0 / (a + 1.0)) if price > 0 else math.inf


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


def next_check(price: Price, checks: Sequence[Check], iteration_seconds: float, least: float) -> int | None:
    """Return how many iterations to do until the next check; None where no more are worth their price.

    Args:
        price: of thinking.
        checks: so far, in order; none before the first one.
        iteration_seconds: that an iteration takes.
        least: iterations between two checks at least, because of what a check takes.
    """
    if not checks:
        return FIRST_CHECK
    t = checks[-1][0]
    until = price.worth_until(checks, iteration_seconds)
    if until < LEAST_RATIO * t:
        return None
    return max(1, math.ceil(least), round(min(until, MOST_RATIO * t) - t))
