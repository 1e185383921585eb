"""Which hands each board of a tree leaves to both players, where they stood on the board above, and on the last street their order.

On the last street hands stand by strength, equal ones as they stood before. They are sorted by a radix sort: a strength has 30 bits, so
three passes of ten bits do.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from games.kernels.boards import HAND, HANDS, PARENT, STREET, TIE, TIE_END
from games.kernels.compile import inlined_kernel, kernel
from games.kernels.evaluator import masks_strength, no_cards, with_card
from games.kernels.lanes import LANES

DIGIT, PASSES = 10, 3  # bits of a pass of the sort, and the passes that a strength takes
SAME, NUMBER = 3, 4  # of a player's arrays, which stand as in ``Hands``


@inlined_kernel
def _blocked(taken: Any, deck: Any, hand: Any) -> Any:
    """Say whether a hand holds one of some cards, given as bits."""
    return ((taken >> np.int64(deck[hand, 0])) | (taken >> np.int64(deck[hand, 1]))) & 1


@kernel
def count_hands(deck: Any, roots: Any, taken: Any, counts: Any) -> None:
    """Count the hands that each board leaves to both players.

    Args:
        deck: [H, 2] u1, all hands.
        roots: both players' hands before the first board, [n] i8 indices among all hands.
        taken: [boards] i8, the cards on each board as bits.
        counts: [boards, 2] i8, in place.
    """
    for b in range(len(taken)):
        for p in range(2):
            count = 0
            for hand in roots[p]:
                count += 1 - _blocked(taken[b], deck, hand)
            counts[b, p] = count


@inlined_kernel
def _sort(keys: Any, order: Any, other_keys: Any, other_order: Any, count: Any, ends: Any) -> Any:
    """Return keys in ascending order and what stands beside them, equal ones as they stood; all arrays are overwritten."""
    for turn in range(PASSES):
        for digit in range(1 << DIGIT):
            ends[digit] = 0
        for i in range(count):
            ends[(keys[i] >> (DIGIT * turn)) & ((1 << DIGIT) - 1)] += 1
        total = 0
        for digit in range(1 << DIGIT):
            total += ends[digit]
            ends[digit] = total - ends[digit]
        for i in range(count):
            digit = (keys[i] >> (DIGIT * turn)) & ((1 << DIGIT) - 1)
            other_keys[ends[digit]] = keys[i]
            other_order[ends[digit]] = order[i]
            ends[digit] += 1
        keys, other_keys, order, other_order = other_keys, keys, other_order, order
    return keys, order


@inlined_kernel
def _find_above(root: Any, number: Any, boards: Any, b: Any, p: Any, nowhere: Any, above: Any) -> None:
    """Fill [H], the place of each hand among a player's hands of the board above, ``nowhere`` if it is not there."""
    for h in range(len(above)):
        above[h] = nowhere
    parent = boards[b, PARENT]
    if parent < 0:
        for i in range(len(root)):
            above[root[i]] = i
    else:
        first = boards[parent, HAND + p]
        for i in range(boards[parent, HANDS + p]):
            above[np.int64(number[first + i])] = i


@inlined_kernel
def _live_hands(deck: Any, board: Any, shown: Any, taken: Any, above: Any, other_above: Any, nowhere: Any, keys: Any, order: Any) -> Any:
    """List the hands of either player that a board leaves, with their strengths; return how many."""
    masks, count = no_cards(), 0
    for i in range(shown):
        masks = with_card(masks, board[i])
    low, with_low = np.int64(-1), masks
    for h in range(len(deck)):
        if (above[h] != nowhere or other_above[h] != nowhere) and not _blocked(taken, deck, h):
            if deck[h, 0] != low:  # hands with the same lower card stand together
                low, with_low = np.int64(deck[h, 0]), with_card(masks, deck[h, 0])
            order[count] = h
            keys[count] = masks_strength(with_card(with_low, deck[h, 1]), shown + 2)
            count += 1
    return count


@inlined_kernel
def _write_hands(deck: Any, side: Any, first: Any, order: Any, count: Any, above: Any, nowhere: Any, place: Any) -> None:
    """Write a player's hands of a board in order, padding included, but for ``same``, and each one's ``place`` among them, in place."""
    low, high, out, same, number = side
    n = 0
    for i in range(count):
        h = np.int64(order[i])
        if above[h] != nowhere:
            low[first + n], high[first + n] = deck[h, 0], deck[h, 1]
            out[first + n], number[first + n] = above[h], h
            place[h] = n
            n += 1
    for at in range(first + n, first + -(-n // LANES) * LANES):
        low[at], high[at], number[at] = 0, 0, 0
        out[at], same[at] = nowhere, nowhere


@inlined_kernel
def _write_same(same: Any, first: Any, order: Any, count: Any, above: Any, other_above: Any, other_place: Any, nowhere: Any) -> None:
    """Write where a player's hands of a board stand among the opponent's, in place."""
    n = 0
    for i in range(count):
        h = np.int64(order[i])
        if above[h] != nowhere:
            same[first + n] = other_place[h] if other_above[h] != nowhere else nowhere
            n += 1


@inlined_kernel
def _write_ties(tie_end: Any, tie: Any, keys: Any, order: Any, count: Any, above: Any, nowhere: Any) -> Any:
    """Write one past the last hand of each strength of a board, in place; return how many strengths there are."""
    n = strengths = 0
    for i in range(count):
        n += above[np.int64(order[i])] != nowhere
        if i + 1 == count or keys[i + 1] != keys[i]:
            tie_end[tie + strengths] = n
            strengths += 1
    return strengths


@kernel
def place_hands(
    deck: Any, roots: Any, cards: Any, shown: Any, taken: Any, boards: Any, last: int, nowhere: int, sides: Any, ties: Any
) -> int:
    """Write the hands of all boards; boards above stand before those below them. Return how many strengths there are on all boards.

    Args:
        deck: [H, 2] u1, all hands.
        roots: both players' hands before the first board, [n] i8 indices among all hands, ascending.
        cards: [boards, 5] u1.
        shown: [boards] i8, how many cards a board has.
        taken: [boards] i8, the same cards as bits.
        boards: see ``BoardTree``: street, parent and hands are given; where strengths begin and end is filled in.
        last: the street on which hands stand by strength.
        nowhere: index of a hand that is not there.
        sides: both players' arrays ``low`` to ``hand`` of ``Hands``, in place, padding included.
        ties: both players' ``tie_end``, in place; room for every hand of every board.
    """
    hands, tie = len(deck), 0
    side, other_side = sides
    above, other_above = np.empty(hands, np.uint16), np.empty(hands, np.uint16)  # narrow: all of it stays in the nearest cache
    place, other_place = np.empty(hands, np.uint16), np.empty(hands, np.uint16)
    order, other_order = np.empty(hands, np.uint16), np.empty(hands, np.uint16)
    keys, other_keys = np.empty(hands, np.int32), np.empty(hands, np.int32)
    ends = np.empty(1 << DIGIT, np.int32)
    for b in range(len(boards)):
        if b == 0 or boards[b, PARENT] != boards[b - 1, PARENT]:
            _find_above(roots[0], side[NUMBER], boards, b, 0, nowhere, above)
            _find_above(roots[1], other_side[NUMBER], boards, b, 1, nowhere, other_above)
        count = _live_hands(deck, cards[b], shown[b], taken[b], above, other_above, nowhere, keys, order)
        strength, hand = keys, order
        if boards[b, STREET] == last:
            strength, hand = _sort(keys, order, other_keys, other_order, count, ends)
            boards[b, TIE] = tie
            _write_ties(ties[1], tie, strength, hand, count, other_above, nowhere)
            tie += _write_ties(ties[0], tie, strength, hand, count, above, nowhere)
            boards[b, TIE_END] = tie
        _write_hands(deck, side, boards[b, HAND], hand, count, above, nowhere, place)
        _write_hands(deck, other_side, boards[b, HAND + 1], hand, count, other_above, nowhere, other_place)
        _write_same(side[SAME], boards[b, HAND], hand, count, above, other_above, other_place, nowhere)
        _write_same(other_side[SAME], boards[b, HAND + 1], hand, count, other_above, above, place, nowhere)
    return tie


@kernel
def find_orbits(images: Any, members: Any, lengths: Any) -> Any:
    """Return how many orbits of more than one hand a board has: hands that its symmetries turn into each other.

    Args:
        images: [symmetries but the identity, n] i8, what each makes of each hand.
        members: [n] i8, the hands of orbit after orbit, each orbit's in ascending order; in place.
        lengths: [n] i8, hands of each orbit; in place.
    """
    end, orbits = 0, 0
    for hand in range(images.shape[1]):
        least, length = np.int64(hand), 1
        members[end] = hand
        for g in range(len(images)):
            image = images[g, hand]
            least = min(least, image)
            at = end + length
            while at > end and members[at - 1] > image:
                at -= 1
            if at > end and members[at - 1] == image:
                continue
            for later in range(end + length, at, -1):
                members[later] = members[later - 1]
            members[at] = image
            length += 1
        if least == hand and length > 1:
            lengths[orbits] = length
            orbits += 1
            end += length
    return orbits
