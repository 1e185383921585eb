"""Poker hands by counting: every five of the cards, the best of them."""

from __future__ import annotations

from collections import Counter
from itertools import combinations

SHAPES = {
    (4, 1): 7,
    (4,): 7,
    (3, 2): 6,
    (3, 1, 1): 3,
    (3, 1): 3,
    (3,): 3,
    (2, 2, 1): 2,
    (2, 2): 2,
    (2, 1, 1, 1): 1,
    (2, 1, 1): 1,
    (2, 1): 1,
}
STRAIGHT, FLUSH, STRAIGHT_FLUSH = 4, 5, 8


def strength(cards):
    """Return (category, ranks from the most important on), to be compared; fewer than five cards make no straight and no flush."""
    return max(of_at_most_five(five) for five in combinations(cards, min(5, len(cards))))


def of_at_most_five(cards):
    ranks = sorted((card // 4 for card in cards), reverse=True)
    counts = Counter(ranks)
    by_count = sorted(counts, key=lambda rank: (counts[rank], rank), reverse=True)
    if len(cards) == 5:
        flush = len({card % 4 for card in cards}) == 1
        wheel = ranks == [12, 3, 2, 1, 0]
        if wheel or ranks == [*range(ranks[0], ranks[0] - 5, -1)]:
            return (STRAIGHT_FLUSH if flush else STRAIGHT), [3 if wheel else ranks[0]]
        if flush:
            return FLUSH, ranks
    return SHAPES.get(tuple(counts[rank] for rank in by_count), 0), by_count


def board_strengths(board, hands):
    """Return the strength of each hand with the board, None where they share a card."""
    return [None if set(board) & set(hand) else strength([*board, *hand]) for hand in hands]
