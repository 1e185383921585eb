"""Boards as numbers, and suit isomorphism on them.

Cards are positions in the deck here, 0 .. n - 1. A board is one or several sets of cards. A set has its colexicographic rank, the sum of
binomial(c_i, i + 1) over its cards in ascending order, and the *key* of a board has the ranks of its sets as digits. An abstraction that
forgets which card fell when has one set on each street; one that remembers has a set for each street so far.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from games.kernels import inlined_kernel, kernel

NO_ROW = np.uint32(0xFFFFFFFF)


@inlined_kernel
def board_key(cards: Any, ends: Any, sets: int, binomial: Any) -> Any:
    """Return the key of a board, and sort each of its sets in place.

    Args:
        cards: positions, at least ``ends[sets - 1]`` of them.
        ends: [sets] i8, one past the last card of each set.
        sets: how many there are.
        binomial: [n + 1, k] i8, binomial(i, j).
    """
    key, first = np.int64(0), np.int64(0)
    for s in range(sets):
        last = ends[s]
        rank = np.int64(0)
        for i in range(first, last):
            card = cards[i]
            j = i
            while j > first and cards[j - 1] > card:
                cards[j] = cards[j - 1]
                j -= 1
            cards[j] = card
        for i in range(first, last):
            rank += binomial[np.int64(cards[i]), i - first + 1]
        key = key * binomial[len(binomial) - 1, last - first] + rank
        first = last
    return key


@inlined_kernel
def board_of_key(key: Any, ends: Any, sets: int, binomial: Any, cards: Any) -> None:
    """Write the cards of a board with that key, each set in ascending order: the inverse of ``board_key``."""
    for s in range(sets - 1, -1, -1):
        first = ends[s - 1] if s > 0 else 0
        size = ends[s] - first
        ways = binomial[len(binomial) - 1, size]
        rank = key % ways
        key = key // ways
        card = np.int64(len(binomial) - 1)
        for i in range(size, 0, -1):
            card -= 1
            while binomial[card, i] > rank:
                card -= 1
            rank -= binomial[card, i]
            cards[first + i - 1] = card


@kernel
def canonical_rows(ends: Any, binomial: Any, images: Any, row: Any, symmetry: Any) -> int:
    """Number the boards that stand for all that suits make equal, and find for each board the one that stands for it.

    Args:
        ends: [sets] i8, see ``board_key``.
        binomial: [n + 1, k] i8.
        images: [symmetries, n] u1, the position that each card becomes; the identity first.
        row: [keys] u4, in place: the number of the board that stands for it, in the order of keys; ``NO_ROW`` for a card twice.
        symmetry: [keys] u1, in place: which of the symmetries leads there, 0 where the board stands for itself.

    Returns:
        How many boards stand for all.
    """
    sets = len(ends)
    size = ends[sets - 1]
    cards, renamed = np.zeros(size, np.uint8), np.zeros(size, np.uint8)
    rows = 0
    for key in range(len(row)):
        board_of_key(key, ends, sets, binomial, cards)
        twice = False
        for i in range(size):
            for j in range(i):
                twice = twice or cards[i] == cards[j]
        least, best = np.int64(key), 0
        if not twice:
            for g in range(1, len(images)):
                for i in range(size):
                    renamed[i] = images[g, np.int64(cards[i])]
                image = board_key(renamed, ends, sets, binomial)
                if image < least:
                    least, best = image, g
        symmetry[key] = best
        if twice:
            row[key] = NO_ROW
        elif best == 0:
            row[key] = rows
            rows += 1
        else:
            row[key] = row[least]
    return rows


@kernel
def boards_of_keys(keys: Any, ends: Any, binomial: Any, boards: Any) -> None:
    """Write the cards of boards, [n, cards] u1, of their keys [n] i8; see ``board_key``."""
    for b in range(len(keys)):
        board_of_key(keys[b], ends, len(ends), binomial, boards[b])
