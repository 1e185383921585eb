"""Poker's ranking of hands by name."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from games.holdem.cards import Cards
from games.kernels.evaluator import board_strengths

RANKING = ("high card", "one pair", "two pair", "three of a kind", "straight", "flush", "full house", "four of a kind", "straight flush")


def ranks_of(board: Sequence[int], hands: Cards) -> list[str | None]:
    """Return what each hand [H, 2] ranks as together with a board of three to five cards; None where it holds one of them."""
    strengths = board_strengths(board, np.asarray(hands, np.uint8)).tolist()
    return [None if strength < 0 else RANKING[strength >> 26] for strength in strengths]
