"""Random numbers without a state: SplitMix64 (Steele, Lea & Flood 2014, "Fast splittable pseudorandom number generators").

Number k of a stream depends on the stream's key and on k alone, so it does not matter in which order, or on which thread, numbers are
asked for. A stream's number may be the key of another stream.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from games.kernels import inlined_kernel

_GOLDEN = np.uint64(0x9E3779B97F4A7C15)
_FIRST, _SECOND = np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB)
_27, _30, _31, _32, _40 = (np.uint64(shift) for shift in (27, 30, 31, 32, 40))


@inlined_kernel
def number_of(key: Any, k: Any) -> Any:
    """Return number k >= 0 of a stream: 64 bits, u8."""
    mixed = key + (np.uint64(k) + np.uint64(1)) * _GOLDEN
    mixed = (mixed ^ (mixed >> _30)) * _FIRST
    mixed = (mixed ^ (mixed >> _27)) * _SECOND
    return mixed ^ (mixed >> _31)


@inlined_kernel
def whole_below(number: Any, bound: Any) -> Any:
    """Return a number's 64 bits as one of 0 .. bound - 1, each within bound / 2^32 as likely as the next."""
    return np.int64(((number >> _32) * np.uint64(bound)) >> _32)


@inlined_kernel
def share_of(number: Any) -> Any:
    """Return a number's 64 bits as one of [0, 1), f4, a multiple of 2^-24."""
    return np.float32(number >> _40) * np.float32(2.0**-24)
