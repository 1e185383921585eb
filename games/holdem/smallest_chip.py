"""The smallest chip of a spot: pots such as 5.5 big blinds, and bets that are rounded to it.

``Betting`` counts in steps of the smallest chip, so its amounts are integers whatever the chip is. Numbers that users write are read as
decimals, never as floats: 5.5 is 55 steps of 0.1, exactly.
"""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction

WHOLE, LEAST = Fraction(1), Fraction(1, 100)
CHOICES = WHOLE, Fraction(1, 10), Fraction(1, 20), LEAST  # not 0.5: a third of a pot of 5.5 would be rounded to 2


def smallest_chip(amounts: Mapping[str, float], asked: float | None, key: str) -> Fraction:
    """Return the smallest chip of some amounts: the one that is asked for, else the largest of ``CHOICES`` that all are multiples of.

    Args:
        amounts: by key, chips as settings have them.
        asked: of the user, if any.
        key: of the smallest chip, for errors.

    Raises:
        ValueError: amounts, or the chip, that are no multiples of 0.01, or amounts that are none of the chip; the message names the key.
    """
    for name, value in (amounts if asked is None else {key: asked, **amounts}).items():
        if _exact(value) % LEAST:
            raise ValueError(f"{name} must be a multiple of {float(LEAST):g} chips, got {value}")
    fitting = next(chip for chip in CHOICES if not any(_exact(value) % chip for value in amounts.values()))
    chip = fitting if asked is None else _exact(asked)
    for name, value in amounts.items():
        if _exact(value) % chip:
            right = f"{name}={chip_text(chip)}" if name.endswith("min_bet") and value < chip else f"{key}={chip_text(fitting)}"
            raise ValueError(f"{name} must be a multiple of {key}={chip_text(chip)}, got {value} ({right} would do)")
    return chip


def steps_in(chips: float, chip: Fraction) -> int:
    """Return how many smallest chips an amount is.

    Raises:
        ValueError: it is no whole number of them.
    """
    steps = _exact(chips) / chip
    if steps.denominator != 1:
        raise ValueError(f"chips must be a multiple of {chip_text(chip)}, got {chips:.15g}")
    return steps.numerator


def chip_text(chip: Fraction, steps: int = 1) -> str:
    """Return so many chips of a size as people write their sum: 2 or 2.5."""
    total, ones = steps * chip.numerator, chip.denominator
    return f"{total / ones:.15g}" if total % ones else str(total // ones)


def _exact(chips: float) -> Fraction:
    """Return the decimal number that a user wrote, or meant: 3 * 1.1 is 3.3."""
    return Fraction(f"{chips:.12g}")
