"""What a card abstraction knows of a hand, by dealing every board."""

from __future__ import annotations

from itertools import combinations

import numpy as np

from games.holdem.cards import hole_hands
from tests.naive.evaluator import strength


def share_beaten(hands, board, hand, weights):
    """Return the share of weighted opponents' hands that a hand beats on a last board, ties counting half."""
    own, won, total = strength([*board, *hand]), 0.0, 0.0
    for other, weight in zip(hands, weights.tolist(), strict=True):
        if not set(other) & {*board, *hand}:
            theirs = strength([*board, *other])
            won += weight * ((own > theirs) + 0.5 * (own == theirs))
            total += weight
    return won / total if total else 0.5


def features(deck, board, missing, hand, groups, bins):
    """Return the features of a hand that holds no card of the board; see ``search.kernels.equity.board_features``."""
    hands = hole_hands(deck).tolist()
    if not missing:
        return [share_beaten(hands, board, hand, weights) for weights in groups]
    left = [card for card in deck.cards().tolist() if card not in {*board, *hand}]
    shares = [share_beaten(hands, [*board, *new], hand, groups[0]) for new in combinations(left, missing)]
    levels = np.arange(1, bins) / bins
    below = [(np.minimum((np.array(shares, np.float32) * bins).astype(int), bins - 1) < k).mean() for k in range(1, len(levels) + 1)]
    return [np.mean(shares), *below]
