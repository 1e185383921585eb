"""Equity by hand: the share of the pot that each hand wins at showdown if nobody bets any more, against a range as it is."""

from __future__ import annotations

from itertools import combinations
from math import comb

import numpy as np

from games.arrays import Float
from games.holdem.cards import CARDS, cards_text
from games.holdem.rules import HoldemGame
from search.kernels.equity import equity_space
from search.kernels.hand_equity import showdown_by_hand

MOST_RUN_OUTS = 2_000  # the full deck's behind a flop are 1,176; before it there are 2.1 million


def run_outs_left(game: HoldemGame, cards: tuple[int, ...]) -> int:
    """Return how many sets of public cards may still come."""
    return comb(len(game.deck.cards()) - len(cards), _missing(game, cards))


def showdown_equity(game: HoldemGame, cards: tuple[int, ...], reach: tuple[Float, Float]) -> tuple[Float, Float]:
    """Return both players' equity by hand, [H] each, NaN for hands that meet nothing; exact, over all run-outs.

    Args:
        game: whose hands and deck.
        cards: on the board.
        reach: [H] each, what the players come there with. The weights of the opponent's hands are taken as they are: bets to come are not
            looked at, nor what the player itself holds.

    Raises:
        ValueError: there are more run-outs than ``MOST_RUN_OUTS``.
    """
    count = run_outs_left(game, cards)
    if count > MOST_RUN_OUTS:
        raise ValueError(f"run-outs must be at most {MOST_RUN_OUTS:,}, got {count:,} on {cards_text(cards) or 'an empty board'}")
    left = [card for card in game.deck.cards().tolist() if card not in cards]
    boards = np.array([[*cards, *more] for more in combinations(left, _missing(game, cards))], np.uint8)
    against = np.stack([own / (own.max() or 1.0) for own in (reach[1], reach[0])], axis=1)
    wins, met, sums = np.zeros_like(against), np.zeros_like(against), np.zeros((CARDS + 1, 2))
    showdown_by_hand(boards, game.hands, against, equity_space(len(game.hands), 1, 1), sums, wins, met)
    real = met > 1e-12 * len(boards) * against.sum(axis=0)  # what is left of a difference of sums in float64
    equity = np.divide(wins, 2 * met, out=np.full_like(wins, np.nan), where=real)
    return equity[:, 0], equity[:, 1]


def _missing(game: HoldemGame, cards: tuple[int, ...]) -> int:
    return game.cards_on(len(game.deals) - 1) - len(cards)
