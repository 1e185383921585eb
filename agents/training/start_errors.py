"""How far a network of a street's start is from solved states with held-out flops, hand by hand, as shares of the pot."""

from __future__ import annotations

from typing import Any

import numpy as np

from agents.training.start_labels import SOURCES, Shard
from games.arrays import Float, Float32
from games.holdem.cards import hole_hands
from search.boards.range_buckets import board_buckets
from search.boards.start_values import checked_down, hand_values


def state_errors(held: Shard, buckets: int, said: Float32 | None) -> Float:
    """Return [n], of each state the mean error of both players' hands, weighted by the ranges.

    Args:
        held: solved states with their hands.
        buckets: of each range.
        said: [n, 2 buckets] what a network said; None says of every hand that it is worth half of the pot.
    """
    hands, errors = hole_hands(), np.zeros(len(held.source))
    for i in range(len(errors)):
        cards, ranges, pots = tuple(held.cards[i].tolist()), _pair(held.ranges[i]), _pair(held.pots[i])
        down = checked_down(hands, cards, ranges)
        if said is None:
            values = np.zeros(len(hands)), np.zeros(len(hands))
        else:
            values = hand_values(board_buckets(hands, cards, buckets), ranges, down, said[i].astype(np.float64))
        masses = [mass * range_ for mass, range_ in zip(down.met, ranges, strict=True)]
        errors[i] = sum(
            float((abs(value - pot) * mass).sum() / mass.sum()) for value, pot, mass in zip(values, pots, masses, strict=True)
        ) / len(masses)
    return errors


def by_source(held: Shard, errors: Float) -> tuple[float, ...]:
    """Return the mean error of the states of each source."""
    return tuple(float(errors[held.source == source].mean()) for source in range(len(SOURCES)))


def _pair(rows: Any) -> tuple[Float, Float]:
    return rows[0].astype(np.float64), rows[1].astype(np.float64)
