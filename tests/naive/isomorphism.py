"""Suit isomorphism by trying everything, on cards as (rank, suit) pairs."""

from __future__ import annotations

from itertools import combinations, permutations


def suit_maps(suits):
    return [dict(zip(suits, image, strict=True)) for image in permutations(suits)]


def image(mapping, cards):
    return frozenset((rank, mapping[suit]) for rank, suit in cards)


def symmetries(streets, ranges, suits):
    """Return the suit maps under which each street is the same set and each range the same dict {two cards: weight}."""
    found = []
    for mapping in suit_maps(suits):
        same_board = all(image(mapping, street) == frozenset(street) for street in streets)
        if same_board and all({image(mapping, hand): w for hand, w in range_.items()} == range_ for range_ in ranges):
            found.append(mapping)
    return found


def orbits(cards, count, group):
    """Return the orbits of all sets of ``count`` cards, each a set of frozensets."""
    seen, found = set(), []
    for deal in map(frozenset, combinations(cards, count)):
        if deal not in seen:
            orbit = {image(mapping, deal) for mapping in group}
            seen |= orbit
            found.append(orbit)
    return found
