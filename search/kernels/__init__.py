"""Compiled sweeps. Arrays in, arrays out; numpy, numba and ``games.kernels`` only."""

from search.kernels.gadget import COMBINED, MAXMARGIN, REFINED, RESOLVE, UNSAFE, GadgetArrays
from search.kernels.leaves import add_to_means, see_ranges, see_values, zero_sum_cfvs
from search.kernels.sweep import (
    Choice,
    Side,
    Span,
    begin_choice,
    evaluate,
    iterate,
    match_regrets,
    plain,
    propagate_reach,
    reach_of_choice,
    seed,
    sweep_to_leaves,
)

__all__ = [
    "COMBINED",
    "MAXMARGIN",
    "REFINED",
    "RESOLVE",
    "UNSAFE",
    "Choice",
    "GadgetArrays",
    "Side",
    "Span",
    "add_to_means",
    "begin_choice",
    "evaluate",
    "iterate",
    "match_regrets",
    "plain",
    "propagate_reach",
    "reach_of_choice",
    "see_ranges",
    "see_values",
    "seed",
    "sweep_to_leaves",
    "zero_sum_cfvs",
]
