"""When a match is decided: a generalised sequential probability ratio test (GSPRT) of the scores of its deals.

It is the test that chess engines are tested with, for scores of any size. Two tests run on the same scores, each of H0: *the mean is 0*,
against H1: *the first wins by a margin m*, and against H1: *the second does*. With n scores of mean x and variance v the log-likelihood
ratio (LLR) of normal scores, each hypothesis with the variance that suits it best, is::

    n/2 · ln((v + x²) / (v + (x - m)²)),  and the same of -x

* Where the first's reaches ``upper`` = ln((1 - beta) / (alpha / 2)), the first wins; likewise the second. A winner is wrong at most
  ``alpha`` of the time, half of it on each side.
* Where both are at or below ``lower`` = ln(beta / (1 - alpha / 2)), they are even: neither wins by the margin. Of a match that one of them
  wins by the margin that is said at most ``beta`` of the time.

Scores of poker are not normal: a few large pots make most of their variance, and before they have come the variance looks small. So nothing
is decided by fewer than ``LEAST_DEALS``, nor while few deals make the variance: n / kurtosis, the number of *effective deals*, must be at
least ``LEAST_EFFECTIVE``. benchmarks/sequential_errors.py has the errors that are left.

Sources: Wald 1945, *Sequential tests of statistical hypotheses*; Sobel and Wald 1949 for two tests with three answers; Li, Liu and Ying
2014, *Generalized sequential probability ratio test for separate families of hypotheses*; Van den Bergh's notes for fishtest, which has it
for pairs of games. Deviations: the two least numbers, and both tests must accept H0 at the same look.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from games.arrays import Float, Int

LEAST_DEALS = 500
LEAST_EFFECTIVE = 30.0  # n / kurtosis: 90 normal scores; some 1,900 where one score in 30 makes 84 % of the variance
LOOK_DEALS, LOOK_SHARE = 50, 100  # a look after so many more deals, and from 10,000 on after about a hundredth more of those so far
ALIKE_SHARE = 1e-6  # of the margin: scores that spread less are alike, and do not show how far apart others may be
UNDECIDED, FIRST, SECOND, EVEN = 0, 1, 2, 3
RULE, NOBODY = "sprt", "even"  # as settings and results have them


@dataclass(frozen=True)
class SPRT:
    """A stopping rule.

    Attributes:
        margin: the smallest difference that matters, chips a hand.
        alpha: the most that a wrong winner is to be likely, in (0, 0.5).
        beta: the most that *even* is to be likely where the margin is won, in (0, 0.5).
    """

    margin: float
    alpha: float = 0.05
    beta: float = 0.05

    def __post_init__(self) -> None:
        if not 0 < self.margin < math.inf:
            raise ValueError(f"margin must be above 0 chips a hand, got {self.margin:g}")
        for name, value in (("alpha", self.alpha), ("beta", self.beta)):
            if not 0 < value < 0.5:
                raise ValueError(f"{name} must be above 0 and below 0.5, got {value:g}")

    @property
    def lower(self) -> float:
        """The LLR at which a test accepts H0."""
        return math.log(self.beta / (1 - self.alpha / 2))

    @property
    def upper(self) -> float:
        """The LLR at which a test accepts H1."""
        return math.log((1 - self.beta) / (self.alpha / 2))


class Look(NamedTuple):
    """What scores say so far, for each of some samples.

    Attributes:
        ratios: [..., 2] LLRs: of the first's margin, and of the second's.
        effective: [...] n / kurtosis.
        decision: [...] ``UNDECIDED``, ``FIRST``, ``SECOND`` or ``EVEN``.
    """

    ratios: Float
    effective: Float
    decision: Int


def look(rule: SPRT, scores: Float, exact: bool = False) -> Look:
    """Judge samples.

    Args:
        rule: by which.
        scores: [..., n] chips a hand to the first, a score for each deal; a sample in each row.
        exact: each score is the mean itself, but for rounding: any number of them is enough.
    """
    n, mean = scores.shape[-1], scores.mean(axis=-1)
    squares = (scores - mean[..., None]) ** 2
    variance, fourth = squares.mean(axis=-1), (squares**2).mean(axis=-1)
    with np.errstate(divide="ignore", invalid="ignore"):
        h0 = np.log(variance + mean**2)
        ratios = np.stack([n / 2 * (h0 - np.log(variance + (mean - m) ** 2)) for m in (rule.margin, -rule.margin)], axis=-1)
        effective = np.where(variance > (ALIKE_SHARE * rule.margin) ** 2, n * variance**2 / fourth, 0.0)
    wins = ratios >= rule.upper
    decision = np.select([wins[..., 0], wins[..., 1], (ratios <= rule.lower).all(axis=-1)], [FIRST, SECOND, EVEN], UNDECIDED)
    allowed = exact | ((n >= LEAST_DEALS) & (effective >= LEAST_EFFECTIVE))
    return Look(ratios, effective, np.where(allowed, decision, UNDECIDED))


def next_look(deals: int) -> int:
    """Return at how many deals the next look is after one at ``deals``, 0 for none: at multiples of ``LOOK_DEALS``."""
    return deals + LOOK_DEALS * max(1, deals // (LOOK_SHARE * LOOK_DEALS))


def decide(rule: SPRT, samples: Float) -> tuple[Int, Int]:
    """Judge whole samples as a match is judged, look by look.

    Args:
        rule: by which.
        samples: [R, N] scores; a sample in each row.

    Returns:
        decisions: [R].
        deals: [R] after how many, N where it is ``UNDECIDED``.
    """
    decisions, deals = np.full(len(samples), UNDECIDED), np.full(len(samples), samples.shape[1])
    left, n = np.arange(len(samples)), next_look(0)
    while n <= samples.shape[1] and len(left):
        decisions[left] = look(rule, samples[left, :n]).decision
        decided = decisions[left] != UNDECIDED
        deals[left[decided]] = n
        left, n = left[~decided], next_look(n)
    return decisions, deals
