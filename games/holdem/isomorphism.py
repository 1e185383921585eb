"""Suit isomorphism: deals that differ only in the names of suits are solved once.

A group of suit permutations acts on cards and hands. Where it leaves both ranges and the board as they are, what it maps onto each
other has the same values, so one deal per orbit stands for all of them, with the orbit's size as its weight (Waugh 2013, A Fast and
Optimal Hand Isomorphism Algorithm, indexes the same classes; here they are few enough to enumerate).
"""

from __future__ import annotations

import itertools
from collections.abc import Collection, Sequence
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from games.arrays import Float, Index
from games.holdem.cards import CARDS, FULL_DECK, SUITS, Cards, Deck, card_text, hand_indices

Permutation = npt.NDArray[np.uint8]  # [4] the suit that each suit becomes


@lru_cache(maxsize=16)
def suit_permutations(deck: Deck = FULL_DECK) -> tuple[Permutation, ...]:
    """Return all permutations of the deck's suits, the identity first; each is [4] u1, suit -> suit, and fixes the other suits.

    They are the same arrays every time: not to be changed.
    """
    own = sorted(SUITS.index(s) for s in deck.suits)
    images = np.array([*itertools.permutations(own)], np.uint8)
    permutations = np.tile(np.arange(len(SUITS), dtype=np.uint8), (len(images), 1))
    permutations[:, own] = images
    return tuple(permutations)


def permute_cards(permutation: Permutation, cards: Cards) -> Cards:
    """Return the image of every card: u1 of the shape of ``cards``."""
    images: Cards = (cards & 0b11111100) | permutation[cards & 0b11]
    return images


def permute_card(permutation: Permutation, card: int) -> int:
    """Return the image of one card."""
    return card - card % 4 + int(permutation[card % 4])


def hand_permutation(permutation: Permutation, hands: Cards) -> Index:
    """Return the index of every hand's image.

    Args:
        permutation: [4] u1.
        hands: [H, 2] u1, distinct, low < high.

    Returns:
        [H] u4: hand h becomes hand ``index[h]``. A row ``x`` over hands looks the same after it iff ``x[index] == x``. The same array
        every time: not to be changed.

    Raises:
        ValueError: the image of a hand is not among the hands.
    """
    return _hand_permutation(permutation.tobytes(), hands.tobytes())


@lru_cache(maxsize=64)
def _hand_permutation(permutation_bytes: bytes, hands_bytes: bytes) -> Index:
    permutation, hands = np.frombuffer(permutation_bytes, np.uint8), np.frombuffer(hands_bytes, np.uint8).reshape(-1, 2)
    low, high = permute_cards(permutation, hands).T
    indices = hand_indices(hands)[low, high]
    if (indices < 0).any():
        missing = int(np.argmax(indices < 0))
        raise ValueError(
            f"hands must contain their images, got {''.join(map(card_text, hands[missing].tolist()))} "
            f"without {card_text(int(low[missing]))}{card_text(int(high[missing]))}"
        )
    images: Index = indices.astype(np.uint32)
    return images


def symmetries(
    board_streets: Sequence[tuple[int, ...]], weights: tuple[Float, Float], hands: Cards, deck: Deck = FULL_DECK
) -> list[Permutation]:
    """Return the suit permutations that change nothing: a group, the identity first.

    Each maps the *set* of cards of every street onto itself (the flop's order does not matter, what fell on which street does) and
    leaves both players' weights exactly as they are. Hands that hold a card of the board cannot be dealt; their weights do not count.

    Args:
        board_streets: the cards of each street so far, e.g. a flop of three and a turn of one.
        weights: both players' weights of hands, [H] f8 each.
        hands: [H, 2] u1, closed under the deck's suit permutations.
        deck: whose suits may change places.
    """
    permutations, images = suit_permutations(deck), _image_bits(deck)
    fixing = np.ones(len(permutations), np.bool_)
    for street in board_streets:
        sets = images[:, list(street)].sum(axis=1)
        fixing &= sets == sets[0]
    found = [permutations[0]]
    if fixing[1:].any():
        dealable = ~np.isin(hands, [card for street in board_streets for card in street]).any(axis=1)
        live = [np.where(dealable, own, 0.0) for own in weights]
        for number in np.flatnonzero(fixing[1:]) + 1:
            index = hand_permutation(permutations[number], hands)
            if all(np.array_equal(own[index], own) for own in live):
                found.append(permutations[number])
    return found


@lru_cache(maxsize=16)
def _image_bits(deck: Deck) -> npt.NDArray[np.uint64]:
    """Return [permutations, 52], the image of every card under each of the deck's suit permutations, as a bit."""
    cards = np.arange(CARDS, dtype=np.uint8)
    return np.uint64(1) << np.array([permute_cards(permutation, cards) for permutation in suit_permutations(deck)]).astype(np.uint64)


def canonical_deals(
    group: Sequence[Permutation], dead: Collection[int], count: int, deck: Deck = FULL_DECK
) -> list[tuple[tuple[int, ...], int]]:
    """Return one set of cards per orbit: all sets of ``count`` live cards up to the permutations of a group.

    Args:
        group: suit permutations, closed under composition, as ``symmetries`` returns them.
        dead: cards that cannot be dealt; the group must map them onto themselves.
        count: cards dealt.
        deck: the cards that there are.

    Returns:
        (cards, multiplicity) in lexicographic order: of each orbit the first set, ascending, and how many sets the orbit has. The
        multiplicities sum to all sets.

    Raises:
        ValueError: fewer live cards than are dealt, or a permutation that brings dead cards to life.
    """
    live = [card for card in deck.cards().tolist() if card not in dead]
    if not 1 <= count <= len(live):
        raise ValueError(f"count must be in 1..{len(live)} (live cards), got {count}")
    for permutation in group:
        if {permute_card(permutation, card) for card in dead} != set(dead):
            raise ValueError(f"dead must be mapped onto itself by the group, got {[*dead]} under {permutation.tolist()}")
    if len(group) == 1:
        return [(cards, 1) for cards in itertools.combinations(live, count)]
    deals = np.array(list(itertools.combinations(live, count)), np.uint8)
    # A set as bits, its lowest card the most significant one: the greatest number of an orbit is its lexicographically first set.
    bits = np.uint64(1) << np.arange(CARDS - 1, -1, -1, dtype=np.uint64)
    numbers = bits[deals].sum(axis=1)
    greatest = numbers.copy()
    for permutation in group:
        np.maximum(greatest, bits[permute_cards(permutation, deals)].sum(axis=1), out=greatest)
    _, multiplicity = np.unique(greatest, return_counts=True)
    chosen = deals[numbers == greatest]  # descending numbers
    return [(tuple(cards), size) for cards, size in zip(chosen.tolist(), multiplicity[::-1].tolist(), strict=True)]
