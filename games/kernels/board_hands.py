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
LOW, HIGH, ABOVE, SAME, NUMBER = range(5)  # a player's arrays, in the order of ``Hands``


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
def _find_above(roots: Any, boards: Any, b: Any, sides: Any, nowhere: Any, above: Any) -> None:
    """Fill [2, H], the place of each hand among both players' hands of the board above, ``nowhere`` if it is not there."""
    parent = boards[b, PARENT]
    for p in range(2):
        for h in range(above.shape[1]):
            above[p, h] = nowhere
        if parent < 0:
            for i in range(len(roots[p])):
                above[p, roots[p][i]] = i
        else:
            first = boards[parent, HAND + p]
            for i in range(boards[parent, HANDS + p]):
                above[p, np.int64(sides[p][NUMBER][first + i])] = i


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
    above, place = np.empty((2, hands), np.int64), np.empty((2, hands), np.int64)
    order, other_order = np.empty(hands, np.int64), np.empty(hands, np.int64)
    keys, other_keys = np.empty(hands, np.int64), np.empty(hands, np.int64)
    ends = np.empty(1 << DIGIT, np.int64)
    for b in range(len(boards)):
        _find_above(roots, boards, b, sides, nowhere, above)
        ranked, count, shared = boards[b, STREET] == last, 0, no_cards()
        for i in range(shown[b]):
            shared = with_card(shared, cards[b, i])
        for h in range(hands):
            if (above[0, h] != nowhere or above[1, h] != nowhere) and not _blocked(taken[b], deck, h):
                order[count] = h
                if ranked:
                    keys[count] = masks_strength(with_card(with_card(shared, deck[h, 0]), deck[h, 1]), shown[b] + 2)
                count += 1
        strength, hand = keys, order
        if ranked:
            strength, hand = _sort(keys, order, other_keys, other_order, count, ends)
            boards[b, TIE] = tie
        strengths = 0
        for p in range(2):
            first, number, strengths = boards[b, HAND + p], 0, 0
            for i in range(count):
                h = hand[i]
                if above[p, h] != nowhere:
                    at = first + number
                    sides[p][LOW][at], sides[p][HIGH][at] = deck[h, 0], deck[h, 1]
                    sides[p][ABOVE][at], sides[p][NUMBER][at] = above[p, h], h
                    place[p, h] = number
                    number += 1
                if ranked and (i + 1 == count or strength[i + 1] != strength[i]):
                    ties[p][tie + strengths] = number
                    strengths += 1
            for at in range(first + number, first + -(-number // LANES) * LANES):
                sides[p][LOW][at], sides[p][HIGH][at], sides[p][NUMBER][at] = 0, 0, 0
                sides[p][ABOVE][at], sides[p][SAME][at] = nowhere, nowhere
        for p in range(2):
            for i in range(count):
                h = hand[i]
                if above[p, h] != nowhere:
                    sides[p][SAME][boards[b, HAND + p] + place[p, h]] = place[1 - p, h] if above[1 - p, h] != nowhere else nowhere
        tie += strengths
        if ranked:
            boards[b, TIE_END] = tie
    return tie
