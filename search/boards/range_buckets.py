"""Ranges on a board as a few numbers: how much of a range lies where among the hands that the board leaves.

On a whole board hands stand in order of strength, from 0 to 1. That line is cut into *buckets*, and each hand belongs to the two that it
lies between, more to the nearer one. So nothing jumps where hands change places, suits play no part, and what is known by bucket is read
back for each hand along the line between them.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from games.arrays import Bool, Float
from games.holdem.cards import Cards
from games.kernels.evaluator import board_strengths


@dataclass(frozen=True)
class Buckets:
    """Where each hand of a deck lies on one board.

    Attributes:
        live: [H] whether the board leaves the hand.
        index: [H, m] the buckets that it belongs to.
        weight: [H, m] f8, how much of it belongs to each; they add up to 1, and to 0 for hands that are not live.
        size: how many buckets there are.
    """

    live: Bool
    index: npt.NDArray[np.int64]
    weight: Float
    size: int

    def sums(self, weights: Float) -> Float:
        """Return [buckets], what weights [H] come to by bucket; those of hands that are not live are left out."""
        parts = self.weight * weights[:, None]
        found: Float = np.asarray(np.bincount(self.index.ravel(), parts.ravel(), self.size), np.float64)
        return found

    def of_hands(self, values: Float) -> Float:
        """Return [H], values [buckets] read back for each hand; 0 for hands that are not live."""
        found: Float = (values[self.index] * self.weight).sum(axis=1)
        return found


def river_buckets(hands: Cards, cards: tuple[int, ...], count: int) -> Buckets:
    """Return the buckets of a whole board.

    Args:
        hands: [H, 2] of the deck.
        cards: five.
        count: of buckets, two at least.
    """
    live: Bool = np.asarray(~np.isin(hands, cards).any(axis=1))
    _, rank, ties = np.unique(board_strengths(cards, hands[live]), return_inverse=True, return_counts=True)
    middle = np.cumsum(ties) - (ties + 1) / 2  # equal hands stand in the middle of where they would
    place = middle[rank] / (np.count_nonzero(live) - 1) * (count - 1)
    low = np.minimum(place.astype(np.int64), count - 2)
    index, weight = np.zeros((len(hands), 2), np.int64), np.zeros((len(hands), 2))
    index[live] = np.stack([low, low + 1], axis=1)
    weight[live] = np.stack([1 - (place - low), place - low], axis=1)
    return Buckets(live, index, weight, count)
