"""Weights in half precision: half the bytes, if what a network says hardly changes."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from agents.networks.checkpoint import Tensors, weights_of

MOST_CHANGE = 1e-3  # of an output, in pots


def halved(tensors: Tensors, change: Callable[[Tensors], float], most: float = MOST_CHANGE, spare: bool = False) -> tuple[Tensors, float]:
    """Return weights in half precision, and by how much outputs change with them at most.

    Args:
        tensors: weights in single precision.
        change: of outputs where a network has some other weights, which are rounded and in single precision.
        most: that outputs may change by.
        spare: where they change by more, leave tensors in single precision, one after the other, the one that helps most each time.

    Raises:
        ValueError: they change by more, or a weight is too large for half precision.
    """
    with np.errstate(over="ignore"):
        halves = {name: array.astype(np.float16) for name, array in tensors.items()}
    if too_large := [name for name, array in halves.items() if not np.isfinite(array).all()]:
        raise ValueError(f"weights must be at most {np.finfo(np.float16).max:,.0f} in half precision, got larger ones in {too_large[0]}")
    by = change(weights_of(halves))
    while by > most and spare and (rest := [name for name, array in halves.items() if array.dtype == np.float16]):
        options = {name: change(weights_of(halves | {name: tensors[name]})) for name in rest}
        best = min(options, key=lambda name: options[name])
        halves, by = halves | {best: tensors[best]}, options[best]
    if not by <= most:
        raise ValueError(f"outputs must change by at most {most:g} in half precision, got {by:.3g}")
    return halves, by
