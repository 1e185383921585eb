"""Strategies by class from a network's outputs: tables [C, R], C classes of hands, R sequences of their decisions."""

from __future__ import annotations

from typing import Any

import numpy as np

from games.kernels import kernel


@kernel
def match_highest(outputs: Any, first_row: Any) -> None:
    """Turn advantages into regret matching, in place; where none is positive the first highest one gets 1 (1811.00164, section 4).

    Args:
        outputs: [C, R] advantages; strategies afterwards.
        first_row: [K + 1] decision k's sequences are columns first_row[k] : first_row[k + 1].
    """
    zero, one = outputs.dtype.type(0), outputs.dtype.type(1)
    for c in range(outputs.shape[0]):
        for k in range(len(first_row) - 1):
            low, high = first_row[k], first_row[k + 1]
            total, best = zero, low
            for r in range(low, high):
                total += max(outputs[c, r], zero)
                if outputs[c, r] > outputs[c, best]:
                    best = r
            for r in range(low, high):
                outputs[c, r] = max(outputs[c, r], zero) / total if total > zero else zero
            if total <= zero:
                outputs[c, best] = one


@kernel
def softmax(outputs: Any, first_row: Any) -> None:
    """Turn logits into probabilities, exp(x) / sum of exp over each decision, in place; arguments as for ``match_highest``."""
    for c in range(outputs.shape[0]):
        for k in range(len(first_row) - 1):
            low, high = first_row[k], first_row[k + 1]
            most = outputs[c, low]
            for r in range(low + 1, high):
                most = max(most, outputs[c, r])
            total = outputs.dtype.type(0)
            for r in range(low, high):
                outputs[c, r] = np.exp(outputs[c, r] - most)
                total += outputs[c, r]
            for r in range(low, high):
                outputs[c, r] /= total
