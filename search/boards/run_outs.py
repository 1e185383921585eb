"""Boards that may still come: all of them, or a sample that depends on the cards on the board alone."""

from __future__ import annotations

from itertools import combinations
from math import comb
from zlib import crc32

import numpy as np

from games.holdem.cards import SUITS, Cards
from games.holdem.rules import HoldemGame

RUN_OUTS, SAMPLE = 48, 24  # boards on which a hand is checked down: all if they are no more than the first, else as many as the second
NEXT_CARDS = 13  # next cards that are looked at: all if they are no more, else one of each rank


def missing_cards(game: HoldemGame, cards: tuple[int, ...]) -> int:
    """Return how many public cards are still to come."""
    return game.cards_on(len(game.deals) - 1) - len(cards)


def count_run_outs(game: HoldemGame, cards: tuple[int, ...]) -> int:
    """Return how many boards some cards may be completed to."""
    return comb(len(game.deck.cards()) - len(cards), missing_cards(game, cards))


def boards_of(game: HoldemGame, cards: tuple[int, ...], count: int | None = None) -> Cards:
    """Return [n, count], all boards that some cards may be completed to; of all cards, unless ``count`` says of how many."""
    left = [card for card in game.deck.cards().tolist() if card not in cards]
    more = missing_cards(game, cards) if count is None else count - len(cards)
    return np.array([[*cards, *new] for new in combinations(left, more)], np.uint8)


def some_boards(game: HoldemGame, cards: tuple[int, ...]) -> Cards:
    """Return boards on which a hand is checked down: all, or a sample of them."""
    if count_run_outs(game, cards) <= RUN_OUTS:
        return boards_of(game, cards)
    left, more = [card for card in game.deck.cards().tolist() if card not in cards], missing_cards(game, cards)
    random = np.random.default_rng(crc32(bytes(sorted(cards))))
    return np.array([[*cards, *random.choice(left, more, replace=False).tolist()] for _ in range(SAMPLE)], np.uint8)


def some_next(game: HoldemGame, cards: tuple[int, ...]) -> Cards:
    """Return boards [n, cards + 1] with a next card: all, or one of each rank."""
    boards = boards_of(game, cards, len(cards) + 1)
    if len(boards) <= NEXT_CARDS:
        return boards
    ranks, first = boards[:, -1] // len(SUITS), crc32(bytes(sorted(cards)))
    alike = [boards[ranks == rank] for rank in np.unique(ranks)]
    return np.array([those[(first + i) % len(those)] for i, those in enumerate(alike)])
