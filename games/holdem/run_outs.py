"""A sample of the public cards to come: a smaller game with the same first street.

After every board only some cards may come on the next street. They are drawn by systematic sampling (Madow 1949, "On the theory of
systematic sampling II"): the cards stand in a line in the order of what they do to the board, each as wide as the number of cards that it
stands for, and evenly spaced points choose from it, the first of which is drawn. Neighbours in the line are alike, so every kind of card
comes as often as it should. A chosen card's weight is the width between two points for every point that falls on it: its expectation is the
number of cards that the chosen one stands for. So the values of a fixed strategy are right in expectation, those of each pair of hands too.

The order is: how many cards of its suit are on the board (whether a flush gets closer), how many of its rank (whether it pairs the board),
its rank, and its suit, the first of which changes from rank to rank.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import accumulate
from math import ceil
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from games.holdem.rules import HoldemGame

GOLDEN = (5**0.5 - 1) / 2  # multiples of it, modulo 1, are spread evenly however many there are
Deals = list[tuple[tuple[int, ...], float]]


class RunOuts(NamedTuple):
    """How many of the cards to come a sample has.

    Attributes:
        counts: on each street after the first, after each board; all of them where there are no more.
        seed: of the sample.
    """

    counts: tuple[int, ...]
    seed: int = 0


def with_run_outs(game: HoldemGame, counts: Sequence[int], seed: int = 0) -> HoldemGame:
    """Return a game with a sample of the cards to come; with as many as there are it is the game itself.

    Args:
        game: whose streets after the first are one card each.
        counts: see ``RunOuts``.
        seed: of the sample.

    Raises:
        ValueError: a street of several cards, or counts that are no positive numbers, one for each street.
    """
    streets = len(game.deals) - 1
    if set(game.deals[1:]) - {1}:
        raise ValueError(f"run-outs must be of streets of one card each, got streets of {', '.join(map(str, game.deals[1:]))}")
    if len(counts) != streets or min(counts, default=1) < 1:
        raise ValueError(f"run-outs must be {streets} positive number{'s' * (streets != 1)} of cards, got {list(counts)}")
    return replace(game, run_outs=RunOuts(tuple(counts), seed)) if counts else game


def sampled_deals(
    run_outs: RunOuts, board: tuple[int, ...], street: int, place: int, deals: Sequence[tuple[tuple[int, ...], int]]
) -> Deals:
    """Return some of the cards that may come, in their order, with their weights.

    Args:
        run_outs: how many.
        board: the cards on it.
        street: on which the cards come.
        place: number of the board; neighbours have samples that differ as much as they can.
        deals: single cards and how many each stands for, as ``games.holdem.isomorphism.canonical_deals`` has them.
    """
    count = run_outs.counts[street - 1]
    if count >= len(deals):
        return [(cards, float(alike)) for cards, alike in deals]
    width = sum(alike for _, alike in deals) / count
    line = sorted(range(len(deals)), key=lambda i: _effect(board, deals[i][0][0]))
    first = (np.random.default_rng([run_outs.seed, street]).random() + place * GOLDEN) % 1.0
    weight, begin = [0.0] * len(deals), 0
    for i, end in zip(line, accumulate(deals[i][1] for i in line), strict=True):
        points = _points_below(end / width, first) - _points_below(begin / width, first)
        weight[i], begin = width * points, end
    return [(cards, own) for (cards, _), own in zip(deals, weight, strict=True) if own > 0]


def _points_below(end: float, first: float) -> int:
    """Return how many of the points first, first + 1, ... are below ``end``, all of them in widths."""
    return max(0, ceil(end - first))


def _effect(board: tuple[int, ...], card: int) -> tuple[int, int, int, int]:
    """Return where a card stands in the line, see the module."""
    rank, suit = card // 4, card % 4
    return sum(own % 4 == suit for own in board), sum(own // 4 == rank for own in board), rank, (suit + rank) % 4
