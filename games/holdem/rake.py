"""Rake: what the house takes of the pots of hold'em.

A pot that ends after the flop pays a *share* of itself, at most a *cap* of chips. The pot is what both players have matched: the part of a
bet that nobody called goes back first. A hand that ends by a fold before the flop pays nothing ("no flop, no drop").

A raked game is not zero-sum: together the players lose the rake.
"""

from __future__ import annotations

import re
from math import inf
from typing import NamedTuple

MOST = 0.5  # from there on the winner of a pot gets back no more than it put in


class Rake(NamedTuple):
    """What the house takes.

    Attributes:
        share: of the pot, above 0 and at most 0.5.
        cap: chips that it takes at most; 0 for no cap.
    """

    share: float
    cap: float

    @property
    def valid(self) -> bool:
        """Whether the share and the cap are in their bounds."""
        return 0 < self.share <= MOST and 0 <= self.cap < inf

    def of(self, pot: float) -> float:
        """Return the chips that it takes of a pot."""
        taken = self.share * pot
        return min(taken, self.cap) if self.cap else taken


def parse_rake(text: str, cap: float, key: str) -> Rake | None:
    """Return the rake that settings ask for; None for none.

    Args:
        text: the share, ``0.05`` or ``5%``; 0 for none.
        cap: chips, 0 for no cap.
        key: of the share, for errors; the cap's is ``<key>_cap``.

    Raises:
        ValueError: the text is no share of 0 to 0.5, or there is a cap and no share; the message names the key.
    """
    number = re.fullmatch(r"([0-9]{1,9}(?:\.[0-9]{0,15})?|\.[0-9]{1,15})(%?)", text.strip())
    share = float(number[1]) / (100 if number[2] else 1) if number else -1.0
    if not 0 <= share <= MOST:
        raise ValueError(f"{key} must be a share of the pot from 0 to {MOST} (0.05 or 5%), got {text!r}")
    if not share and cap:
        raise ValueError(f"{key}_cap must be left out where {key} is 0, got {cap:g}")
    return Rake(share, cap) if share else None
