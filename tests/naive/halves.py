"""Half precision told by its definition: 11 significant bits, and a last bit of 2^-24 below 2^-14."""

from __future__ import annotations

from fractions import Fraction
from math import frexp

LARGEST = 65504


def last_bit(x):
    """Return the distance of half precision's numbers at x."""
    return Fraction(2) ** max(frexp(abs(float(x)))[1] - 11, -24)


def neighbours(x):
    """Return the numbers of half precision on both sides of x, and how far x is from the first to the second; twice x if it is one."""
    exact = min(max(Fraction(float(x)), Fraction(-LARGEST)), Fraction(LARGEST))
    step = last_bit(exact)
    down = step * (abs(exact) // step)
    sign = -1 if exact < 0 else 1
    if down == abs(exact):
        return float(exact), float(exact), 0.0
    return float(sign * down), float(sign * (down + step)), float((abs(exact) - down) / step)
