"""Compiled sweeps. Arrays in, arrays out; numpy, numba and ``games.kernels`` only."""

from search.kernels.sweep import (
    RESOLVE,
    UNSAFE,
    Gadget,
    Side,
    Span,
    evaluate,
    iterate,
    match_regrets,
    plain,
    propagate_reach,
    seed,
)

__all__ = ["RESOLVE", "UNSAFE", "Gadget", "Side", "Span", "evaluate", "iterate", "match_regrets", "plain", "propagate_reach", "seed"]
