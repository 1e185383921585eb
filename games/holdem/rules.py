"""Hold'em as a public game: two private cards each, public boards street by street, and a tree of bets."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from games.holdem.betting import Betting, BettingTree, betting_tree
from games.holdem.cards import CARDS, FULL_DECK, Deck, cards_text, hole_hands

Weights = npt.NDArray[np.float64]
STREETS = ("preflop", "flop", "turn", "river")


@dataclass(frozen=True, eq=False)
class HoldemGame:
    """One hold'em game, or one spot of it. Games are equal if their descriptions are.

    Attributes:
        name: for people.
        betting: the rules of the bets, one round per street.
        deals: [R] public cards that are dealt before each round; 0 before a spot's first, whose cards are in ``board``.
        board: cards on the table before the first round, street by street.
        weights: [H] each, both players' weights of hands (see ``games.holdem.cards.hole_hands``).
        deck: the cards that there are.
        big_blind: chips, where the game has blinds.
        notes: what of the settings was taken otherwise than written, a line each; no part of what the game is.
    """

    name: str
    betting: Betting
    deals: tuple[int, ...]
    board: tuple[tuple[int, ...], ...]
    weights: tuple[Weights, Weights]
    deck: Deck = FULL_DECK
    big_blind: float | None = None
    notes: tuple[str, ...] = ()

    def __eq__(self, other: object) -> bool:
        return isinstance(other, HoldemGame) and self.description() == other.description()

    def __hash__(self) -> int:
        return hash(self.description())

    @property
    def pot(self) -> float:
        """Chips in the pot before the first action."""
        return sum(self.betting.start)

    @property
    def streets(self) -> tuple[str, ...]:
        """Names of the rounds: from preflop on where there are blinds, else up to the river."""
        rounds = len(self.deals)
        return STREETS[:rounds] if self.betting.blinds else STREETS[len(STREETS) - rounds :]

    def cards_on(self, street: int) -> int:
        """Return how many public cards there are on a street."""
        return sum(map(len, self.board)) + sum(self.deals[1 : street + 1])

    def description(self) -> str:
        """Return all that makes this game, as one line; games are the same if these are."""
        ranges = [hashlib.sha256(w.tobytes()).hexdigest()[:16] for w in self.live]
        parts = (cards_text(self.deck.cards().tolist()), "|".join(map(cards_text, self.board)), self.deals, self.betting, ranges)
        return " ".join(map(str, parts))

    @cached_property
    def bets(self) -> BettingTree:
        """The tree of bets."""
        return betting_tree(self.betting)

    @cached_property
    def hands(self) -> npt.NDArray[np.uint8]:
        """All hands of the deck [H, 2]."""
        return hole_hands(self.deck)

    @cached_property
    def live(self) -> tuple[Weights, Weights]:
        """Both players' weights, 0 for hands that hold a card of the board."""
        dead = np.isin(self.hands, [card for street in self.board for card in street]).any(axis=1)
        return np.where(dead, 0.0, self.weights[0]), np.where(dead, 0.0, self.weights[1])

    def met(self, player: int) -> Weights:
        """Return [H], for each hand the weight of the other player's hands that share no card with it."""
        other = self.live[1 - player]
        by_card = np.zeros(CARDS)
        for column in (0, 1):
            np.add.at(by_card, self.hands[:, column], other)
        met: Weights = other.sum() - by_card[self.hands].sum(axis=1) + other
        return met

    @cached_property
    def deal_mass(self) -> float:
        """Sum over both players' hands that share no card of the product of their weights: what values are divided by."""
        return float(self.live[0] @ self.met(0))
