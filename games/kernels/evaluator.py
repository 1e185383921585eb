"""How strong a poker hand is, in bit masks over ranks.

Bit r of a mask stands for rank r (0 = ``2`` .. 12 = ``A``), so of two masks with equally many bits the greater one is the better set of
kickers. Four masks say which ranks occur at least once, twice, three and four times; a card joins all of them in a handful of
instructions, without a branch, and a board's masks are shared by all hands on it. A strength is

    category * 2^26 + (mask of the ranks that make it) * 2^13 + (mask of the kickers)

with the categories 0 high card, 1 pair, 2 two pair, 3 trips, 4 straight, 5 flush, 6 full house, 7 quads, 8 straight flush. Of five and
more cards the best five play. Three or four cards all count and make no straight and no flush: quads, trips, two pair, a pair, high card,
then kickers.

There are no tables: 8,192-entry tables for straights and best kickers would have to be passed around, for the few instructions below.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from games.kernels.compile import inlined_kernel, kernel


@inlined_kernel
def with_card(masks: Any, card: Any) -> Any:
    """Return the masks of a set of cards and one more: ranks that occur once, twice, thrice, four times; ranks by suit; suit counts.

    Suit s has the ranks in bits 16 s .. 16 s + 12 of ``suited`` and its number of cards in bits 4 s .. 4 s + 3 of ``counts``.
    """
    once, twice, thrice, four, suited, counts = masks
    wide = np.int64(card)  # a u1 would wrap around
    suit = wide & 3
    bit = np.int64(1) << (wide >> 2)
    return (
        once | bit,
        twice | (once & bit),
        thrice | (twice & bit),
        four | (thrice & bit),
        suited | (bit << (16 * suit)),
        counts + (np.int64(1) << (4 * suit)),
    )


@inlined_kernel
def no_cards() -> Any:
    """Return the masks of no card."""
    zero = np.int64(0)
    return zero, zero, zero, zero, zero, zero


@inlined_kernel
def _highest(mask: Any) -> Any:
    """Return the highest bit of a mask of up to 16 bits, 0 of none."""
    mask |= mask >> 1
    mask |= mask >> 2
    mask |= mask >> 4
    mask |= mask >> 8
    return mask ^ (mask >> 1)


@inlined_kernel
def _without_lowest(mask: Any, count: Any) -> Any:
    """Return a mask without its ``count`` lowest bits; all of it for a negative count."""
    for _ in range(count):
        mask &= mask - 1
    return mask


@inlined_kernel
def _straight(mask: Any) -> Any:
    """Return one bit for the best five consecutive ranks, the higher the better: bit 0 is A2345, bit 9 TJQKA; 0 if there are none."""
    ranks = (mask << 1) | (mask >> 12)  # the ace once more, below the two
    return _highest(ranks & (ranks >> 1) & (ranks >> 2) & (ranks >> 3) & (ranks >> 4))


@inlined_kernel
def masks_strength(masks: Any, n: Any) -> Any:
    """Return the strength of n cards given by their masks."""
    once, twice, thrice, four, suited, counts = masks
    spare = n - 5  # cards that do not play; where every card beside the made ranks is a kicker, so many kickers do not
    flush = np.int64(0)
    if (counts + 0x3333) & 0x8888:  # a count of five or more carries into its bit 3; counts reach 7 + 3, so no further
        for suit in range(4):
            count = (counts >> (4 * suit)) & 15
            if count >= 5:
                ranks = (suited >> (16 * suit)) & 0x1FFF
                straight_flush = _straight(ranks)
                if straight_flush:
                    return (8 << 26) | straight_flush
                flush = _without_lowest(ranks, count - 5)
    if four:
        return (7 << 26) | (four << 13) | _highest(once ^ four)
    trips = _highest(thrice)
    if thrice and twice != trips:
        return (6 << 26) | (trips << 13) | _highest(twice ^ trips)
    if flush:
        return (5 << 26) | flush
    straight = _straight(once)
    if straight:
        return (4 << 26) | straight
    if thrice:
        return (3 << 26) | (trips << 13) | _without_lowest(once ^ trips, spare)
    if twice:
        pair = _highest(twice)
        second = _highest(twice ^ pair)
        if second:
            return (2 << 26) | ((pair | second) << 13) | _highest(once ^ pair ^ second)
        return (1 << 26) | (pair << 13) | _without_lowest(once ^ pair, spare)
    return _without_lowest(once, spare)


@kernel
def strengths(board: Any, hands: Any, out: Any) -> None:
    """Write the strength of every hand together with the board.

    Args:
        board: [b] u1, distinct, 1 <= b <= 5.
        hands: [H, 2] u1, two distinct cards each.
        out: [H] i4, in place: strength of the b + 2 cards, below 2^30; -1 where a hand holds a card of the board.
    """
    shared = no_cards()
    taken = np.int64(0)
    for i in range(len(board)):
        shared = with_card(shared, board[i])
        taken |= np.int64(1) << np.int64(board[i])
    for h in range(len(hands)):
        low, high = np.int64(hands[h, 0]), np.int64(hands[h, 1])
        if ((taken >> low) | (taken >> high)) & 1:
            out[h] = -1
        else:
            out[h] = masks_strength(with_card(with_card(shared, low), high), len(board) + 2)


def board_strengths(board: Sequence[int], hands: npt.NDArray[np.uint8]) -> npt.NDArray[np.int32]:
    """Return the strength of every hand together with the board.

    Args:
        board: 1 to 5 distinct cards.
        hands: [H, 2] u1, two distinct cards each.

    Returns:
        [H] i4, higher is better, equal is a tie; -1 where a hand holds a card of the board.

    Raises:
        ValueError: a board of another size, a card twice, or no card.
    """
    cards = [int(card) for card in board]
    if not 1 <= len(cards) <= 5 or len(set(cards)) < len(cards) or not set(cards) <= set(range(52)):
        raise ValueError(f"board must be 1 to 5 distinct cards in 0..51, got {cards}")
    out = np.empty(len(hands), np.int32)
    strengths(np.array(cards, np.uint8), hands, out)
    return out
