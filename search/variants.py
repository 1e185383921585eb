"""The CFR family as rows of coefficients: a variant is data, not code.

Iteration t (from 1) multiplies old regrets before adding the new ones, and weights its strategy in the average:

    R_t = R_{t-1} * (pos_t if R_{t-1} > 0 else neg_t) + r_t        pos_t = t^alpha / (t^alpha + 1), neg_t likewise with beta
    S_t = S_{t-1} * ((t - 1) / t)^gamma + reach * strategy          so that strategy t weighs t^gamma

alpha = inf keeps positive regrets whole, beta = -inf floors negative ones at zero. OpenSpiel discounts after adding; on strategies that
is the same as discounting before with the factor of t - 1, which is how ``discount="after"`` is done. `predictive` adds the last regret
once more before matching (PCFR+).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt

INFINITY = math.inf


@dataclass(frozen=True)
class Variant:
    """One member of the CFR family.

    Attributes:
        alpha: exponent of the discount of positive regrets; inf for none.
        beta: exponent of the discount of negative regrets; inf for none, -inf for a floor at zero.
        gamma: exponent of the averaging weight t^gamma.
        predictive: weight of the last regret as a prediction of the next; 1 is PCFR+, 0 none.
        discount: "before" scales the old regrets before the new ones are added (the papers), "after" afterwards (OpenSpiel).
    """

    name: str
    alpha: float
    beta: float
    gamma: float
    predictive: float = 0.0
    discount: str = "before"
    source: str = ""

    def __post_init__(self) -> None:
        if self.discount not in ("before", "after"):
            raise ValueError(f"search.discount must be before or after, got {self.discount!r}")
        for key in ("alpha", "beta", "gamma", "predictive"):
            value = getattr(self, key)
            if math.isnan(value) or (key in ("gamma", "predictive") and not 0 <= value < math.inf):
                rule = "at least 0 and finite" if key in ("gamma", "predictive") else "a number or an infinity"
                raise ValueError(f"search.{key} must be {rule}, got {value}")


VARIANTS = {
    v.name: v
    for v in (
        Variant("cfr", INFINITY, INFINITY, 0.0, source="Zinkevich et al. 2007"),
        Variant("cfr_plus", INFINITY, -INFINITY, 1.0, source="Tammelin 2014, arXiv 1407.5042"),
        Variant("linear_cfr", 1.0, 1.0, 1.0, source="Brown & Sandholm 2019, arXiv 1809.04040"),
        Variant("dcfr", 1.5, 0.0, 2.0, source="Brown & Sandholm 2019, arXiv 1809.04040"),
        Variant("dcfr_plus", 1.5, -INFINITY, 4.0, source="DCFR+ (Xu et al. 2024): floored, strongly weighted averages"),
        Variant("pcfr_plus", INFINITY, -INFINITY, 2.0, predictive=1.0, source="Farina et al. 2021, arXiv 2007.14358"),
        Variant("default_holdem", 1.5, 0.0, 3.0, source="DCFR with a steeper average, chosen in docs/holdem.md"),
        Variant(
            "default",
            2.0,
            -INFINITY,
            3.0,
            predictive=0.15,
            source="DCFR+ (Xu et al. 2024) with a damped prediction, chosen in docs/variants.md",
        ),
    )
}


def variant(name: str) -> Variant:
    """Return a variant by name.

    Raises:
        ValueError: no variant of that name.
    """
    if name not in VARIANTS:
        raise ValueError(f"search must be one of {', '.join(VARIANTS)}, got {name!r}")
    return VARIANTS[name]


BLOCK = 1 << 16  # iterations per table of coefficients
SPARSE = 128  # updates at least of a sparse average while iterations double; see docs/holdem.md


@lru_cache(maxsize=32)
def coefficients(row: Variant, block: int = 0) -> npt.NDArray[np.float64]:
    """Return [BLOCK, 4], the coefficients of iterations block * BLOCK + 1 onwards.

    Columns: positive discount, negative discount, decay of the average, prediction weight. Read-only, and kept: a table takes 3 ms to fill.
    """
    t = np.arange(block * BLOCK + 1, (block + 1) * BLOCK + 1, dtype=np.float64)
    index = t - 1 if row.discount == "after" else t
    table = np.empty((BLOCK, 4))
    table[:, 0] = _discount(index, row.alpha)
    table[:, 1] = _discount(index, row.beta)
    table[:, 2] = ((t - 1) / t) ** row.gamma if row.gamma else 1.0
    table[:, 3] = row.predictive
    table.flags.writeable = False
    return table


@lru_cache(maxsize=4)
def sparse_coefficients(row: Variant, block: int = 0) -> npt.NDArray[np.float64]:
    """Return ``coefficients`` for averages that are updated seldom: from 2 * ``SPARSE`` iterations on, ``SPARSE`` times while t doubles.

    An update of a sum that is kept in few bits adds an error of rounding. Later a strategy hardly changes from one iteration to the next:
    one stands for all since the update before, so errors stop growing, and so do sums: none exceeds 2 * ``SPARSE``.
    The decay is -1 where there is no update.
    """
    table = coefficients(row, block).copy()
    t = np.arange(block * BLOCK + 1, (block + 1) * BLOCK + 1)
    before = _update_before(t)
    decay = (before - _update_before(before)) / (t - before) * (before / t) ** row.gamma
    table[:, 2] = np.where(t % _update_step(t) == 0, decay, -1.0)
    table.flags.writeable = False
    return table


def _update_step(t: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """Return how far updates are apart: the largest power of two that is at most t / ``SPARSE``, or 1."""
    step: npt.NDArray[np.int64] = 1 << np.maximum(np.frexp(t // SPARSE)[1] - 1, 0).astype(np.int64)
    return step


def _update_before(t: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """Return the update before that of iteration t."""
    step = _update_step(t)
    return t - np.where(t == SPARSE * step, step - step // 2, step)


def average_weight(row: Variant, begin: int, end: int) -> float:
    """Return the weight of iterations begin + 1 .. end in a sum so far, in units of the last: sum of (t / end)^gamma."""
    return float(((np.arange(begin + 1, end + 1) / end) ** row.gamma).sum())


def _discount(t: npt.NDArray[np.float64], exponent: float) -> npt.NDArray[np.float64]:
    if math.isinf(exponent):
        return np.full(len(t), 1.0 if exponent > 0 else 0.0)
    with np.errstate(divide="ignore"):
        power = t**exponent
    return np.where(np.isinf(power), 1.0, power / (np.where(np.isinf(power), 0.0, power) + 1))
