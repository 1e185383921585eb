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
    source: str = ""  # saved blueprints and measurements agree with it to the letter: it stays as it was written first

    @property
    def label(self) -> str:
        """What reports call it: its name, and what differs from the row of that name, as in ``dcfr(alpha=2)``."""
        row = VARIANTS.get(self.name, self)
        keys = ("alpha", "beta", "gamma", "predictive", "discount")
        pairs = [(key, getattr(self, key)) for key in keys if getattr(self, key) != getattr(row, key)]
        changed = [f"{key}={value}" if isinstance(value, str) else f"{key}={value:g}" for key, value in pairs]
        return f"{self.name}({', '.join(changed)})" if changed else self.name

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
WINDOW = 1 << 13  # iterations that an average of bounded size remembers


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
def windowed_coefficients(row: Variant, block: int = 0) -> npt.NDArray[np.float64]:
    """Return ``coefficients`` whose averages forget: no decay is above 1 - 1 / ``WINDOW``, so no sum exceeds ``WINDOW`` reaches.

    The averages are the variant's own for gamma * ``WINDOW`` iterations; of CFR, whose gamma is 0, older ones fade from the first on.
    """
    table = coefficients(row, block).copy()
    np.minimum(table[:, 2], 1.0 - 1.0 / WINDOW, out=table[:, 2])
    table.flags.writeable = False
    return table


@lru_cache(maxsize=32)
def thinned_coefficients(row: Variant, block: int = 0) -> npt.NDArray[np.float64]:
    """Return ``coefficients`` for float32: from 2 * ``WINDOW`` iterations on only every 2nd is averaged, from twice as many every 4th, ...

    A sum of t iterations changes by some 1 / t of itself in each, and once that is near float32's 2^-24 all changes are rounded alike: on a
    river (RB of benchmarks/holdem.py) exploitability rose from 4e-5 chips after 30,000 iterations to 1e-2 after two million. So a sum takes
    ``WINDOW`` strategies while t doubles. A decay of -1 says that an iteration is not averaged.
    """
    table = coefficients(row, block).copy()
    t = np.arange(block * BLOCK + 1, (block + 1) * BLOCK + 1)
    step, before = (1 << np.maximum(np.log2(np.maximum(x, 1) / WINDOW), 0).astype(np.int64) for x in (t, t - 1))
    table[:, 2] = np.where(t % step == 0, ((t - before) / t) ** row.gamma, -1.0)
    table.flags.writeable = False
    return table


def average_weight(row: Variant, begin: int, end: int) -> float:
    """Return the weight of iterations begin + 1 .. end in a sum so far, in units of the last: sum of (t / end)^gamma."""
    return float(((np.arange(begin + 1, end + 1) / end) ** row.gamma).sum())


def _discount(t: npt.NDArray[np.float64], exponent: float) -> npt.NDArray[np.float64]:
    if math.isinf(exponent):
        return np.full(len(t), 1.0 if exponent > 0 else 0.0)
    with np.errstate(divide="ignore", over="ignore"):
        power = t**exponent
    return np.where(np.isinf(power), 1.0, power / (np.where(np.isinf(power), 0.0, power) + 1))
