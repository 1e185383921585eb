"""Leaves of depth-limited hold'em below which nobody acts, all chips being in: their values need no estimate."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations
from math import comb

import numpy as np

from games.arrays import Float
from games.holdem.cards import cards_text, hands_apart
from games.holdem.rules import HoldemGame, HoldemState
from search.frontier import LeafEvaluator
from search.kernels.run_outs import showdown_matrix

MOST_RUN_OUTS = 2_000  # the full deck's behind a flop are 1,176; they take about a second


class SettledLeaves:
    """Gives leaves where all chips are in their exact cfvs, and asks for those of all others: see ``search.frontier.LeafEvaluator``.

    With E[h, h'] the mean over all run-outs of 1 where h beats h' and -1 where it loses, 0 for hands that share a card, a hand's cfv is
    chips * sum_h' E[h, h'] reach[h'].

    Args:
        game: whose states the leaves are.
        others: what says what all other leaves are worth.
    """

    def __init__(self, game: HoldemGame, others: LeafEvaluator[HoldemState]) -> None:
        self.game, self.others = game, others
        self._equities: dict[tuple[int, ...], Float] = {}

    @property
    def name(self) -> str:
        """See ``LeafEvaluator``."""
        return f"{self.others.name}, exact where all chips are in"

    def fingerprint(self) -> bytes:
        """See ``LeafEvaluator``."""
        return b"settled leaves, " + self.others.fingerprint()

    def enter(self, leaves: Sequence[HoldemState], /) -> None:
        """See ``LeafEvaluator``."""
        settled = [leaf for leaf in leaves if self.game.settled(leaf)]
        others = [leaf for leaf in leaves if not self.game.settled(leaf)]
        self._is_settled = np.array([self.game.settled(leaf) for leaf in leaves], np.bool_)
        self._chips = np.array([self.game.chips(leaf).paid[0] for leaf in settled])
        self._cards = [leaf.cards for leaf in settled]
        for cards in self._cards:
            if cards not in self._equities:
                self._equities[cards] = equities(self.game, cards)
        if others:
            self.others.enter(others)

    def cfvs(self, player: int, reach: tuple[Float, Float], /) -> Float:
        """See ``LeafEvaluator``."""
        found, settled = np.zeros(reach[player].shape), self._is_settled
        if not settled.all():
            found[~settled] = self.others.cfvs(player, (reach[0][~settled], reach[1][~settled]))
        leaves = np.flatnonzero(settled)
        for cards in set(self._cards):
            here = np.array([own == cards for own in self._cards])
            found[leaves[here]] = self._chips[here, None] * (reach[1 - player][leaves[here]] @ self._equities[cards].T)
        return found


def equities(game: HoldemGame, cards: tuple[int, ...]) -> Float:
    """Return [H, H], the mean over all run-outs of 1 where a hand beats another one and -1 where it loses.

    0 for hands that share a card with each other, or with the board.

    Args:
        game: whose hands and deck.
        cards: on the board.

    Raises:
        ValueError: there are more than ``MOST_RUN_OUTS``.
    """
    left = [card for card in game.deck.cards().tolist() if card not in cards]
    missing = game.cards_on(len(game.deals) - 1) - len(cards)
    if comb(len(left), missing) > MOST_RUN_OUTS:
        on = cards_text(cards) or "an empty board"
        raise ValueError(f"run-outs must be at most {MOST_RUN_OUTS:,}, got {comb(len(left), missing):,} on {on}")
    boards = np.array([[*cards, *more] for more in combinations(left, missing)], np.uint8)
    size = len(game.hands)
    wins = np.zeros((size, size), np.int32)
    showdown_matrix(boards, game.hands, np.zeros(size, np.int32), wins)
    return np.where(hands_apart(game.hands), wins / comb(len(left) - 4, missing), 0.0)
