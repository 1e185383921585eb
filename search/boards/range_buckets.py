"""Ranges on a whole board as a few numbers: how much of a range lies at which strength.

The hands that a board leaves stand in order of strength, from 0 to 1. That line is cut into *buckets*, and each hand belongs to the two
that it lies between, more to the nearer one. So nothing jumps where hands change places, suits play no part, and what is known by bucket
is read back for each hand along the line between them.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from games.arrays import Bool, Float
from games.holdem.cards import Cards
from games.kernels.evaluator import board_strengths


class Buckets(NamedTuple):
    """Where each hand of a deck lies on one board.

    Attributes:
        live: [H] whether the board leaves the hand.
        low: [H] the bucket below, 0 for hands that are not live.
        share: [H] f8, the part of the hand that belongs to the bucket above.
        count: how many buckets there are.
    """

    live: Bool
    low: npt.NDArray[np.int64]
    share: Float
    count: int

    def sums(self, weights: Float) -> Float:
        """Return [..., buckets], what weights [..., H] come to by bucket; those of hands that are not live are left out."""
        own = np.where(self.live, weights, 0.0)
        found = np.zeros((*own.shape[:-1], self.count))
        rows = own.reshape(-1, own.shape[-1])
        for out, row in zip(found.reshape(-1, self.count), rows, strict=True):
            out += np.bincount(self.low, row * (1 - self.share), self.count)
            out += np.bincount(self.low + 1, row * self.share, self.count + 1)[: self.count]
        return found

    def of_hands(self, values: Float) -> Float:
        """Return [..., H], values [..., buckets] read back for each hand; 0 for hands that are not live."""
        above = np.minimum(self.low + 1, self.count - 1)
        found: Float = np.where(self.live, values[..., self.low] * (1 - self.share) + values[..., above] * self.share, 0.0)
        return found


def river_buckets(hands: Cards, cards: tuple[int, ...], count: int) -> Buckets:
    """Return the buckets of a whole board.

    Args:
        hands: [H, 2] of the deck.
        cards: five.
        count: of buckets, two at least.
    """
    live = ~np.isin(hands, cards).any(axis=1)
    _, place, ties = np.unique(board_strengths(cards, hands[live]), return_inverse=True, return_counts=True)
    ends = np.cumsum(ties)
    middle = ends - (ties - 1) / 2 - 1  # equal hands stand in the middle of where they would
    place_of = middle[place] / (np.count_nonzero(live) - 1) * (count - 1)
    low, share = np.zeros(len(hands), np.int64), np.zeros(len(hands))
    low[live] = np.minimum(place_of.astype(np.int64), count - 2)
    share[live] = place_of - low[live]
    return Buckets(live, low, share, count)
