"""Ranges on a board as a few numbers: how much of a range lies where among the hands that the board leaves.

On a whole board hands stand in order of strength, from 0 to 1. That line is cut into *buckets*, and each hand belongs to the two that it
lies between, more to the nearer one. So nothing jumps where hands change places, suits play no part, and what is known by bucket is read
back for each hand along the line between them.

Before the river a hand has a place for each river that may come. Hands stand in order of their mean, and a second line says how far the
places lie apart: draws are on its far end. A hand belongs to four buckets of this plane.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations

import numpy as np
import numpy.typing as npt

from games.arrays import Bool, Float
from games.holdem.cards import FULL_DECK, Cards
from games.kernels.evaluator import board_strengths
from search.kernels.equity import equity_space
from search.kernels.turn_places import turn_places

SPREADS = 4  # buckets of the second line
RIVERS_LEFT = 46  # that a turn and a hand leave
MOST_SPREAD = 0.3  # standard deviation of a hand's places over rivers, where the second line ends


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


def board_buckets(hands: Cards, cards: tuple[int, ...], count: int) -> Buckets:
    """Return the buckets of a turn or of a whole board.

    Args:
        hands: [H, 2] of the full deck.
        cards: four or five.
        count: of buckets, two at least; a multiple of ``SPREADS`` on turns, and twice that at least.

    Raises:
        ValueError: another count.
    """
    check_count(count, len(cards))
    if len(cards) == 5:
        live, place = _places(hands, cards)
        return Buckets(live, *_between(live, place, count), count)
    live = np.asarray(~np.isin(hands, cards).any(axis=1))
    sums, squares = np.zeros(len(hands)), np.zeros(len(hands))
    for card in FULL_DECK.cards().tolist():
        if card not in cards:
            _, place = _places(hands, (*cards, card))
            sums += place
            squares += place**2
    return _plane(live, sums, squares, count)


def check_count(count: int, cards: int) -> None:
    """Refuse a count of buckets that a board of so many cards cannot have.

    Raises:
        ValueError: see ``board_buckets``.
    """
    step = 1 if cards == 5 else SPREADS
    if count % step or count < 2 * step:
        raise ValueError(f"count of buckets must be a multiple of {step}, at least {2 * step}, on {cards} cards, got {count}")


def flop_buckets(hands: Cards, flop: tuple[int, ...], count: int) -> dict[int, Buckets]:
    """Return ``board_buckets`` of all turns behind a flop, by the turn card; rivers are gone through once for both cards.

    Args:
        hands: [H, 2] of the full deck.
        flop: three cards.
        count: see ``board_buckets``.

    Raises:
        ValueError: another count.
    """
    check_count(count, len(flop) + 1)
    left = [card for card in FULL_DECK.cards().tolist() if card not in flop]
    turns = np.array([*combinations(range(len(left)), 2)])
    boards = np.concatenate([np.tile(flop, (len(turns), 1)), np.array(left)[turns]], axis=1).astype(np.uint8)
    sums, squares = np.zeros((2, len(left), len(hands)))
    turn_places(boards, turns, hands, equity_space(len(hands), 1, 1), sums, squares)
    rows = zip(left, sums, squares, strict=True)
    return {card: _plane(np.asarray(~np.isin(hands, (*flop, card)).any(axis=1)), own, square, count) for card, own, square in rows}


def _plane(live: Bool, sums: Float, squares: Float, count: int) -> Buckets:
    """Return buckets of a turn by the sums of places over rivers [H], and of their squares [H]."""
    mean = np.where(live, sums / RIVERS_LEFT, 0.0)
    spread = np.sqrt(np.where(live, np.maximum(squares / RIVERS_LEFT - mean**2, 0.0), 0.0))
    order: Float = np.asarray(np.round(mean, 9), np.float64)  # sums differ by the order of suits
    index, weight = _between(live, _ranks(live, order), count // SPREADS)
    second, share = _between(live, np.minimum(spread / MOST_SPREAD, 1.0), SPREADS)
    both = (SPREADS * index[:, :, None] + second[:, None, :]).reshape(len(live), -1)
    return Buckets(live, both, (weight[:, :, None] * share[:, None, :]).reshape(len(live), -1), count)


def made_strengths(hands: Cards, cards: tuple[int, ...]) -> npt.NDArray[np.int32]:
    """Return [n], how strong hands [n, 2] are together with a board of three to five cards, as it lies; higher is better."""
    return board_strengths(cards, hands)


def _places(hands: Cards, cards: tuple[int, ...]) -> tuple[Bool, Float]:
    """Return which hands a whole board leaves, and their places by strength, 0 to 1; 0 for others."""
    live = np.asarray(~np.isin(hands, cards).any(axis=1))
    strength = np.zeros(len(hands))
    strength[live] = board_strengths(cards, hands[live])
    return live, _ranks(live, strength)


def _ranks(live: Bool, values: Float) -> Float:
    """Return [H], where live hands stand among each other, 0 to 1; equal ones in the middle of where they would."""
    found = np.zeros(len(values))
    _, rank, ties = np.unique(values[live], return_inverse=True, return_counts=True)
    found[live] = (np.cumsum(ties) - (ties + 1) / 2)[rank] / (np.count_nonzero(live) - 1)
    return found


def _between(live: Bool, place: Float, count: int) -> tuple[npt.NDArray[np.int64], Float]:
    """Return which two of so many buckets a place from 0 to 1 lies between [H, 2], and how much it belongs to each [H, 2]."""
    at = place * (count - 1)
    low = np.minimum(at.astype(np.int64), count - 2)
    weight = np.stack([1 - (at - low), at - low], axis=1) * live[:, None]
    return np.stack([low, low + 1], axis=1) * live[:, None], weight
