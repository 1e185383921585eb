"""What hands of hold'em win where nobody bets any more, exactly: over all cards to come, against every hand of the other player."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from math import comb

import numpy as np

from games.arrays import Float, Float32
from games.holdem.cards import Deck, deck_hands, hands_apart
from games.holdem.isomorphism import hand_permutation, suit_permutations
from search.boards.card_buckets import board_index
from search.kernels.all_in import add_pair_wins, hand_wins

MOST_SHOWDOWNS = 10_000_000  # that one hand is taken through when it is asked for: a tenth of a second
MOST_KEPT = 1 << 12  # hands on boards whose rows are kept


def run_outs_of(deck: Deck, shown: int, total: int) -> int:
    """Return how many run-outs there are for two hands that share no card, of ``total`` public cards with ``shown`` there."""
    return comb(len(deck.cards()) - shown - 4, total - shown)


def wants_table(deck: Deck, total: int) -> bool:
    """Say whether a hand before the first public cards has too many run-outs to go through whenever it is asked for."""
    return comb(len(deck.cards()) - 2, total) * len(deck_hands(deck)) > MOST_SHOWDOWNS


def all_in_table(deck: Deck, total: int) -> Float32:
    """Return [H, H] what a first hand wins of a chip against a second one before any public card, exact but for rounding.

    All boards of ``total`` cards are gone through, those once that suits make equal; two minutes for the full deck and five cards.
    """
    hands, index = deck_hands(deck), board_index(deck, (total,))
    weights = np.bincount(index.row, minlength=len(index.boards)).astype(np.int32)
    wins = np.zeros((len(hands), len(hands)), np.int32)
    add_pair_wins(index.boards, weights, hands, np.zeros(len(hands), np.int32), wins)
    wins = np.triu(wins, 1)
    wins -= wins.T
    images = [hand_permutation(permutation, hands) for permutation in suit_permutations(deck)]
    alike = np.zeros(wins.shape, np.int64)
    for image in images:
        alike += wins[np.ix_(image, image)]
    table: Float32 = np.where(hands_apart(hands), alike / (len(images) * run_outs_of(deck, 0, total)), 0.0).astype(np.float32)
    return table


class AllIn:
    """What a hand wins of a chip against each hand of the other player, on any board of a deck.

    Args:
        deck: the cards that there are.
        total: public cards at a showdown.
        table: of ``all_in_table``; None where each hand is to be worked out when it is asked for.

    Raises:
        ValueError: a table of another deck.
    """

    def __init__(self, deck: Deck, total: int, table: Float32 | None = None) -> None:
        self.deck, self.total, self.hands, self._table = deck, total, deck_hands(deck), table
        if table is not None and table.shape != (len(self.hands), len(self.hands)):
            raise ValueError(f"table must have a row and a column for each of {len(self.hands):,} hands, got {table.shape}")
        self._kept: Callable[[int, tuple[int, ...]], Float] = lru_cache(MOST_KEPT)(self._worked_out)

    def against(self, hand: int, cards: tuple[int, ...]) -> Float:
        """Return [H], in -1..1; 0 for hands that share a card with the hand or the board. Not to be changed.

        Args:
            hand: its index; it holds no public card.
            cards: public cards so far.
        """
        return self._kept(hand, tuple(sorted(cards)))

    def _worked_out(self, hand: int, cards: tuple[int, ...]) -> Float:
        if not cards and self._table is not None:
            row: Float = self._table[hand].astype(np.float64)
            return row
        rest = np.array([card for card in self.deck.cards().tolist() if card not in {*cards, *self.hands[hand].tolist()}], np.uint8)
        wins, missing = np.zeros(len(self.hands), np.int32), self.total - len(cards)
        hand_wins(np.array(cards, np.uint8), rest, missing, hand, self.hands, np.zeros(5, np.int64), wins)
        share: Float = wins / run_outs_of(self.deck, len(cards), self.total)
        return share
