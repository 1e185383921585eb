"""What tests of sampled solvers share: lossless buckets of small games, and whole strategies measured."""

from __future__ import annotations

from itertools import accumulate, pairwise

import numpy as np

from agents.bucket_blueprint import tables_of as blueprint_tables
from games.holdem.cards import hand_indices
from games.holdem.isomorphism import permute_card, suit_permutations
from search import represent
from search.boards.card_buckets import board_index, card_arrays
from search.boards.mccfr import MCCFR
from search.representation import exploitability


class Lossless:
    """A bucket for each hand of each board up to suits; a board is remembered street by street.

    With ``most`` buckets a street it is not lossless: their numbers are taken modulo that.
    """

    def __init__(self, game, most=1 << 31):
        self.game, hands = game, len(game.hands)
        self.indices = [board_index(game.deck, tuple(n for n in game.deals[: s + 1] if n)) for s in range(len(game.deals))]
        counts = [len(index.boards) * hands for index in self.indices]
        self.sizes, self.most = [min(count, most) for count in counts], most
        self.arrays = card_arrays(game.deck, self.indices, np.concatenate([np.arange(n, dtype=np.uint32) % most for n in counts]))
        self._number = hand_indices(game.hands)
        self._buckets = {}
        self._rows = [{tuple(board): row for row, board in enumerate(index.boards.tolist())} for index in self.indices]

    def buckets(self, cards):
        """Return [H], the bucket of each hand on a board."""
        if tuple(cards) not in self._buckets:
            self._buckets[tuple(cards)] = np.array([self.bucket(list(cards), hand) for hand in self.game.hands.tolist()])
        return self._buckets[tuple(cards)]

    def bucket(self, board, hand):
        street = [*accumulate(self.game.deals)].index(len(board))
        ends = [0, *accumulate(n for n in self.game.deals[: street + 1] if n)]
        cards = self.game.deck.cards().tolist()

        def key(permutation):
            image = [cards.index(permute_card(permutation, card)) for card in board]
            pieces = [sorted(image[a:b]) for a, b in pairwise(ends)]
            return [piece[::-1] for piece in pieces]

        permutation = min(suit_permutations(self.game.deck), key=key)
        row = self._rows[street][tuple(cards[p] for piece in key(permutation) for p in piece[::-1])]
        low, high = (permute_card(permutation, card) for card in hand)
        return (row * len(self.game.hands) + int(self._number[low, high])) % self.most


def tables_of(solver, buckets):
    """Return a solver's average strategies as tables of the whole game; ``buckets`` is of a board's cards."""
    return blueprint_tables(solver.game, solver.bets, solver.strategy_at, buckets)


def exploitability_of(solver, buckets):
    return exploitability(represent(solver.game), tables_of(solver, buckets))


def lossless_solver(game, sampling, threads=1, most=1 << 31):
    lossless = Lossless(game, most)
    return MCCFR(game, lossless.arrays, lossless.sizes, sampling, threads), lossless
