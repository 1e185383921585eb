"""What bets are still worth where a street begins: the seam between public values (``search.boards.menu_values``) and a network.

A street's start is a pot, what is behind it, and both players' ranges. What it is worth beside checking down is all that is asked for:
checking down is exact. ``NetworkStarts`` asks a network of ``search.boards.start_values``, for turns and rivers of a full deck.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import NamedTuple, Protocol

import numpy as np

from games.arrays import Float, Float32
from games.holdem.cards import Cards
from games.holdem.rules import HoldemGame
from search.boards.range_buckets import Buckets, board_buckets, flop_buckets
from search.boards.start_values import PUBLIC, Pair, public_features
from search.kernels.river_values import bucket_shares

ROWS = 1024  # that a network is asked for at a time
TURN = 4  # public cards
MOST_BOARDS, MOST_FLOPS, MOST_SETS = 256, 2, 8  # whose buckets are kept: one by one, of all turns, and together as they are asked for


class BegunStreet(NamedTuple):
    """A street's start before its card is known.

    Attributes:
        pot: chips in it.
        behind: chips that each player still has.
        ranges: [H] each, of player 0 and of player 1; hands that hold the card that comes count as 0.
    """

    pot: float
    behind: float
    ranges: Pair


class StreetStarts(Protocol):
    """What bets are worth where a street begins."""

    def bets(self, boards: Cards, starts: Sequence[BegunStreet], /) -> Float:
        """Return [boards, starts], the chips that bets bring player 0 beside checking down.

        Args:
            boards: [n, cards] u1, as the street may begin.
            starts: the ranges may hold cards of a board.
        """
        ...


class NetworkStarts:
    """See ``StreetStarts``: the mean of what a network says of both ranges' hands. Not for two threads at a time.

    Each player's mean is over its own range by bucket: that hands which share a card cannot meet is left out here, as ``hand_values`` does
    not leave it out. Half the difference is what player 0 wins, so the players' values add up to nothing.

    Args:
        game: whose streets begin, with a full deck.
        said: what the network says [B, 2 buckets] of what it sees [B, D].
        buckets: that it sees each range by.
    """

    def __init__(self, game: HoldemGame, said: Callable[[Float32], Float32], buckets: int) -> None:
        self.game, self._said, self._buckets = game, said, buckets
        self._of_flop = lru_cache(MOST_FLOPS)(lambda flop: flop_buckets(game.hands, flop, buckets))
        self._of_board, self._together = lru_cache(MOST_BOARDS)(self._one), lru_cache(MOST_SETS)(self._every)
        size = len(game.hands)
        bucket_shares(  # compiles
            np.zeros((0, size)), np.zeros((0, size, 2), np.int64), np.zeros((0, size, 2)), np.zeros((0, size), np.bool_),
            np.zeros((0, PUBLIC + buckets), np.float32), PUBLIC, buckets,
        )  # fmt: skip

    def bets(self, boards: Cards, starts: Sequence[BegunStreet], /) -> Float:
        """See ``StreetStarts``.

        Raises:
            ValueError: the network said something that is no number.
        """
        count, begins = self._buckets, self.game.betting.first[-1]
        cards = tuple(map(tuple, boards.tolist()))
        index, weight, live = self._together(cards)
        rows = np.zeros((len(starts) * len(boards), PUBLIC + 2 * count), np.float32)
        rows[:, :PUBLIC] = [public_features(board, start.pot, start.behind) for start in starts for board in cards]
        for place, player in enumerate((begins, 1 - begins)):
            ranges = np.array([start.ranges[player] for start in starts], np.float64)
            bucket_shares(ranges, index, weight, live, rows, PUBLIC + place * count, count)
        said = np.concatenate([self._said(rows[first : first + ROWS]) for first in range(0, len(rows), ROWS)])
        if not np.isfinite(said).all():
            raise ValueError("values of a street's start must be numbers, got NaN or infinity from the network")
        means = (rows[:, PUBLIC:] * said).reshape(-1, 2, count).sum(axis=2, dtype=np.float64) / count
        pots = np.array([start.pot for start in starts]) * (0.5 if begins == 0 else -0.5)
        won: Float = (means[:, 0] - means[:, 1]).reshape(len(starts), len(boards)).T * pots
        return won

    def _one(self, cards: tuple[int, ...]) -> Buckets:
        if len(cards) == TURN:
            return self._of_flop(cards[:-1])[cards[-1]]
        return board_buckets(self.game.hands, cards, self._buckets)

    def _every(self, boards: tuple[tuple[int, ...], ...]) -> tuple[Float, Float, Float]:
        """Return the arrays of ``bucket_shares`` of some boards."""
        every = [self._of_board(cards) for cards in boards]
        index, weight, live = (np.array([getattr(own, name) for own in every]) for name in ("index", "weight", "live"))
        return index, weight, live
