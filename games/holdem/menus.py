"""Menus of bet sizes: an action abstraction of no-limit betting, as poker software writes it.

The *pot* is all chips in the middle, and a size is measured on the pot after a call: a bet of 50 % puts in half the pot, a raise of 50 %
calls and then puts in half of what the pot is by then. Chips are integers, and x.5 is rounded up.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from math import floor
from typing import NamedTuple

_TOKEN = re.compile(r"-?[0-9]{1,6}(\.[0-9]+)?[%x]|[1-9]?e|a")


class Size(NamedTuple):
    """One entry of a menu, as its number and unit are written."""

    unit: str  # "%" of the pot, "x" times the bet faced, "a" all-in, "e" geometric
    number: float = 0.0  # per cent, times, or streets over which "e" puts the stack in (0: all that remain, this one included)


@dataclass(frozen=True)
class Menu:
    """Sizes offered to one player on one street.

    Attributes:
        bets: where nobody has bet.
        raises: against a bet, or against the big blind.
        donks: first bets into the last street's aggressor, where they differ from ``bets``.
        reraises: against the first raise, the second and so on; the last of them also against all later ones. ``raises`` if there are none.
    """

    bets: tuple[Size, ...]
    raises: tuple[Size, ...]
    donks: tuple[Size, ...] | None = None
    reraises: tuple[tuple[Size, ...], ...] = field(default=(), repr=False)  # in a game's key by itself: keys of older files lack it

    def raises_at(self, depth: int) -> tuple[Size, ...]:
        """Return the sizes of a raise; ``depth`` is the number of raises on the street before it."""
        return self.reraises[min(depth, len(self.reraises)) - 1] if depth > 0 and self.reraises else self.raises


def parse_sizes(text: str, key: str, raises: bool) -> tuple[Size, ...]:
    """Read a menu as poker software writes it, e.g. ``50%, 2.5x, a``; an empty text offers nothing.

    Args:
        text: sizes with commas between: ``50%`` of the pot, ``2.5x`` the bet faced (raises only), ``a`` all-in, ``e`` the equal pot
            fractions that put the stack in by the last street, ``2e`` in two streets.
        key: what the text sets, for the error.
        raises: whether these are raises.

    Raises:
        ValueError: an entry is no size, is not positive, or is a multiple of the bet faced where none is.
    """
    return tuple(_parse(token.strip(), key, raises, entry) for entry, token in enumerate(text.split(","), 1)) if text.strip() else ()


def _parse(token: str, key: str, raises: bool, entry: int) -> Size:
    known = _TOKEN.fullmatch(token) is not None
    unit, number = token[-1:], float(token[:-1] or 0) if known else 0.0
    rules = (
        (known, "be sizes such as 50%, 2.5x (raises), a, e"),
        (raises or unit != "x", "be sizes such as 50%, a, e (only raises are multiples of the bet faced)"),
        (number > 0 or unit != "%", "have sizes above 0%"),
        (number > 1 or unit != "x", "have multiples above 1x"),
    )
    for holds, rule in rules:
        if not holds:
            raise ValueError(f"{key} must {rule}, got {token!r} (entry {entry})")
    return Size(unit, number)


def amount_of(size: Size, faced: int, most: int, pot: int, streets: int) -> int:
    """Return the amount that a size asks for, before it is made legal. The pot is that after a call."""
    if size.unit == "a":
        return most
    if size.unit == "x":
        return floor(size.number * faced + 0.5)
    if size.unit == "%":
        return faced + floor(size.number * pot / 100 + 0.5)
    # Geometric: n equal fractions f with pot (1 + 2f)^n = pot + 2 (chips behind).
    fraction: float = ((1 + 2 * (most - faced) / pot) ** (1 / (size.number or streets)) - 1) / 2
    return faced + floor(fraction * pot + 0.5)
