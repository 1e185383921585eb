"""Cards, decks and hands of two cards as integers.

A card is ``4 * rank + suit``: ranks 0 = ``2`` .. 12 = ``A``, suits in the order ``cdhs``, so ``2c`` is 0 and ``As`` is 51. A smaller
deck is a subset of the same 52 numbers.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import combinations, islice
from math import comb

import numpy as np
import numpy.typing as npt

from games.arrays import Bool, Float

RANKS, SUITS = "23456789TJQKA", "cdhs"
SYMBOLS = str.maketrans(SUITS, "♣♦♥♠")
CARDS = len(RANKS) * len(SUITS)

Cards = npt.NDArray[np.uint8]


@dataclass(frozen=True)
class Deck:
    """All cards of some ranks and suits.

    Attributes:
        ranks: distinct ranks, in any order.
        suits: distinct suits, in any order.
    """

    ranks: str = RANKS
    suits: str = SUITS

    def __post_init__(self) -> None:
        """Check the ranks and suits.

        Raises:
            ValueError: none, an unknown one, or the same one twice.
        """
        for key, known in (("ranks", RANKS), ("suits", SUITS)):
            value = getattr(self, key)
            if not value or not set(value) <= set(known) or len(set(value)) < len(value):
                raise ValueError(f"deck.{key} must be distinct {key} of {known}, got {value!r}")

    def cards(self) -> Cards:
        """Return the cards in ascending order [n] u1."""
        numbers = [4 * RANKS.index(r) + SUITS.index(s) for r in self.ranks for s in self.suits]
        return np.array(sorted(numbers), np.uint8)


FULL_DECK = Deck()


def hole_hands(deck: Deck = FULL_DECK) -> Cards:
    """Return all hands of two cards [H, 2] u1: pairs low < high in lexicographic order, H = n (n - 1) / 2 (1,326 of 52 cards)."""
    cards = deck.cards()
    return np.stack([cards[side] for side in np.triu_indices(len(cards), 1)], axis=1)


@lru_cache(maxsize=16)
def deck_hands(deck: Deck) -> Cards:
    """Return ``hole_hands`` of a deck, the same array every time: not to be changed."""
    return hole_hands(deck)


@lru_cache(maxsize=16)
def deck_columns(deck: Deck) -> npt.NDArray[np.intp]:
    """Return [2, H], the lower and the higher cards of all hands as indices, the same array every time: not to be changed."""
    return np.ascontiguousarray(deck_hands(deck).T.astype(np.intp))


def holding(deck: Deck, cards: Sequence[int]) -> Bool:
    """Return [H], whether each hand of a deck holds one of some cards."""
    dead = np.zeros(CARDS, np.bool_)
    dead[list(cards)] = True
    low, high = deck_columns(deck)
    found: Bool = dead[low] | dead[high]
    return found


def unblocked(deck: Deck, reach: Float) -> Float:
    """Return [H], for each hand of a deck the reach [H] of hands that share no card with it."""
    low, high = cards = deck_columns(deck)
    by_card = np.bincount(cards.ravel(), np.concatenate([reach, reach]), CARDS)
    found: Float = reach.sum() - (by_card[low] + by_card[high]) + reach
    return found


def hands_apart(hands: Cards) -> Bool:
    """Return [H, H], whether two hands [H, 2] share no card."""
    low, high = hands.T
    found: Bool = (low[:, None] != low) & (low[:, None] != high) & (high[:, None] != low) & (high[:, None] != high)
    return found


def hand_indices(hands: Cards) -> npt.NDArray[np.int32]:
    """Return the index of each hand by its two cards in either order.

    Args:
        hands: [H, 2] u1, distinct hands.

    Returns:
        [52, 52] i4, -1 where there is no such hand.
    """
    indices = np.full((CARDS, CARDS), -1, np.int32)
    low, high = hands.T
    indices[low, high] = indices[high, low] = np.arange(len(hands))
    return indices


def drawn_cards(deck: Deck, dead: Collection[int], count: int, u: float) -> tuple[int, ...]:
    """Return the cards that a number ``u`` of [0, 1) draws from a deck without dead cards: the ways are equal shares of it, in order."""
    left = [card for card in deck.cards().tolist() if card not in dead]
    ways = comb(len(left), count)
    return next(islice(combinations(left, count), min(int(u * ways), ways - 1), None))


def parse_cards(text: str, what: str = "cards", deck: Deck = FULL_DECK) -> tuple[int, ...]:
    """Return the cards of a text such as ``Td9d6h``, ``Td 9d 6h`` or ``Td,9d,6h``, in its order; none of an empty one.

    Args:
        text: ranks in upper case, suits in lower case.
        what: the key that an error names, e.g. ``game.board``.
        deck: the cards that there are.

    Raises:
        ValueError: something that is no card of the deck, or a card twice.
    """
    joined = "".join(text.replace(",", " ").split())
    known = {card_text(card): card for card in deck.cards().tolist()}
    found: list[int] = []
    for start in range(0, len(joined), 2):
        name = joined[start : start + 2]
        if name not in known:
            where = "" if deck == FULL_DECK else f" of ranks {deck.ranks} and suits {deck.suits}"
            ten = " (a ten is T)" if name == "10" else ""
            raise ValueError(f"{what} must be cards such as Td9d6h{where}{ten}, got {name!r} in {text!r}")
        if known[name] in found:
            raise ValueError(f"{what} must be distinct cards, got {name!r} twice in {text!r}")
        found.append(known[name])
    return tuple(found)


def card_text(card: int) -> str:
    """Return e.g. ``As`` for 51."""
    return RANKS[card // 4] + SUITS[card % 4]


def cards_text(cards: Sequence[int]) -> str:
    """Return e.g. ``Td9d6h``: the inverse of ``parse_cards``."""
    return "".join(map(card_text, cards))


def cards_name(cards: Sequence[int]) -> str:
    """Return cards as people read them, e.g. ``T♦ 9♦ 6♥``."""
    return " ".join(map(card_text, cards)).translate(SYMBOLS)


def hand_text(low: int, high: int) -> str:
    """Return a hand with its higher card first: ``AsKh``, and ``AsAh`` among equal ranks."""
    return card_text(high) + card_text(low)


def hand_class(low: int, high: int) -> str:
    """Return what a hand is called among those that differ by suits alone: ``AKs``, ``AKo`` or ``AA``."""
    suits = "" if low // 4 == high // 4 else "s" if low % 4 == high % 4 else "o"
    return RANKS[high // 4] + RANKS[low // 4] + suits
