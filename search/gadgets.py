"""What stands above a subgame's root so that solving it alone is safe.

A gadget gives the opponent, for each hand, an alternative to entering the subgame, worth what that hand could get against our strategy
so far. Bounds are *safe* only if they are the opponent's counterfactual best-response values (Burch, Johanson & Bowling 2014, CFR-D;
Brown & Sandholm 2017, arXiv 1705.02955).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from search.best_response import Evaluator
from search.strategy import Strategy

Float = npt.NDArray[np.float64]
GADGETS = ("unsafe", "resolve")


@dataclass(frozen=True)
class Resolve:
    """The CFR-D re-solving gadget: the opponent may terminate with each hand for ``bounds``.

    Attributes:
        opponent: the player who is given the choice.
        bounds: [H] counterfactual values of terminating, weighted by our reach and chance like all cfvs.
    """

    opponent: int
    bounds: Float

    def __post_init__(self) -> None:
        if self.opponent not in (0, 1):
            raise ValueError(f"opponent must be 0 or 1, got {self.opponent}")
        if not np.isfinite(self.bounds).all():
            raise ValueError(f"bounds must be finite, got {self.bounds.tolist()}")


def safe_bounds(evaluator: Evaluator, strategy: Strategy, opponent: int, own_range: Float) -> Float:
    """Return [H], the opponent's counterfactual best-response values at the root of ``strategy`` against our part of it.

    Args:
        evaluator: of the same tree.
        strategy: our strategy so far at and below the subgame's root (from the blueprint or from the last search).
        opponent: the player whose values are wanted.
        own_range: [H_own] our reach at the root.
    """
    return evaluator.best_response_cfvs(strategy, opponent, own_range)
