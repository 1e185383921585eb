"""What a network sees where a street begins, and what it says: both ranges by bucket in, values by bucket out, for every board.

For turns and rivers of a full deck. Both players have put in the same. A hand's value is in pots, per reach of the other player that it
can meet, *beside checking down*: what it wins if nobody bets any more is exact (``checked_down``), so the network says only what bets are
worth. The player who acts first stands first. Nothing depends on suits but how many cards of the board share one.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from games.arrays import Float, Float32
from games.holdem.cards import FULL_DECK, Cards
from search.boards.range_buckets import Buckets
from search.kernels.equity import equity_space
from search.kernels.hand_equity import showdown_by_hand

Pair = tuple[Float, Float]  # of the player who acts first, and of the other one
RANKS, SUITS = 13, 4
PUBLIC = RANKS + SUITS + 2  # numbers of the cards and of the chips
START_CARDS = {"turn": 4, "river": 5}  # on the board where each of these streets begins
DECK = 53  # rows that sums by card take
HELD = 4  # cards that two hands hold


class CheckedDown(NamedTuple):
    """What hands win at showdown if nobody bets any more, a mean over the rivers that may come.

    Attributes:
        pots: per player [H], in pots less what the player has put in itself, per reach that the hand meets; 0 where it meets none.
        met: per player [H], the other player's reach that each hand meets.
    """

    pots: Pair
    met: Pair


def checked_down(hands: Cards, cards: tuple[int, ...], ranges: Pair) -> CheckedDown:
    """Return what hands win if a board is checked down: on each river half the pot, nothing, or minus half the pot.

    Args:
        hands: [H, 2] of the full deck.
        cards: four or five.
        ranges: [H] each; hands that hold a card of the board count as 0.
    """
    live = np.asarray(~np.isin(hands, cards).any(axis=1))
    against = np.stack([ranges[1] * live, ranges[0] * live], axis=1)
    wins, met = np.zeros_like(against), np.zeros_like(against)
    rivers = [()] if len(cards) == 5 else [(card,) for card in FULL_DECK.cards().tolist() if card not in cards]
    boards = np.array([[*cards, *river] for river in rivers], np.uint8)
    showdown_by_hand(boards, hands, against, equity_space(len(hands), 1, 1), np.zeros((DECK, 2)), wins, met)
    real = live[:, None] & (met > 1e-12 * len(boards) * against.sum(axis=0))  # what is left of a difference of sums in float64
    pots = np.divide(wins, 2 * met, out=np.full_like(wins, 0.5), where=real) - 0.5
    met = np.where(real, met, 0.0) / (1 if len(cards) == 5 else len(boards) - HELD)
    return CheckedDown((pots[:, 0], pots[:, 1]), (met[:, 0], met[:, 1]))


def public_features(cards: tuple[int, ...], pot: float, behind: float) -> Float32:
    """Return [PUBLIC], what everybody sees.

    Args:
        cards: on the board.
        pot: chips in it.
        behind: chips that each player still has.
    """
    ranks, suits = np.bincount(np.array(cards) // SUITS, minlength=RANKS), np.bincount(np.array(cards) % SUITS, minlength=SUITS)
    chips = [0.25 * np.log(behind / pot), pot / (pot + 2 * behind)]
    return np.concatenate([ranks, np.sort(suits)[::-1] / 5, chips]).astype(np.float32)


def features(public: Float32, buckets: Buckets, ranges: Pair) -> Float32:
    """Return [PUBLIC + 2 buckets], what a network sees: ranges as shares by bucket, which add up to the number of buckets."""
    shares = []
    for own in ranges:
        sums = buckets.sums(own)
        shares.append(sums * (buckets.size / max(float(sums.sum()), 1e-300)))
    return np.concatenate([public, *shares]).astype(np.float32)


def targets(buckets: Buckets, ranges: Pair, down: CheckedDown, pots: Pair) -> tuple[Float, Float]:
    """Return what a network should say [2 buckets], and how much each of it counts [2 buckets], which adds up to two.

    A hand counts half as one of all hands, and half as much as the range holds of it.

    Args:
        buckets: of the board.
        ranges: [H] each.
        down: of the same ranges.
        pots: [H] each, what hands are worth: in pots, less what the player has put in, per reach that they meet.
    """
    values, counts = [], []
    for own, plain, met, range_ in zip(pots, down.pots, down.met, ranges, strict=True):
        alive = buckets.live & (met > 0)
        held = np.where(alive, range_, 0.0)
        weight = 0.5 * alive / max(int(alive.sum()), 1) + 0.5 * held / max(float(held.sum()), 1e-300)
        total = buckets.sums(weight)
        values.append(np.divide(buckets.sums(weight * (own - plain)), total, out=np.zeros(buckets.size), where=total > 0))
        counts.append(total)
    return np.concatenate(values), np.concatenate(counts)


def hand_values(buckets: Buckets, ranges: Pair, down: CheckedDown, said: Float) -> Pair:
    """Return [H] each, what hands are worth by what a network said [2 buckets]: in pots as above, and zero-sum over both ranges."""
    beside = [np.where(met > 0, buckets.of_hands(own), 0.0) for own, met in zip(np.split(said, 2), down.met, strict=True)]
    mass = float((down.met[0] * ranges[0]).sum())
    excess = sum(float((own * met * range_).sum()) for own, met, range_ in zip(beside, down.met, ranges, strict=True))
    shift = excess / (2 * mass) if mass > 0 else 0.0
    first, second = (np.where(met > 0, plain + own - shift, 0.0) for plain, own, met in zip(down.pots, beside, down.met, strict=True))
    return first, second
