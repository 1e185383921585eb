"""What leaves at the end of a turn are worth by a network of rivers: river by river, leaf by leaf."""

import numpy as np

from search.boards.range_buckets import board_buckets
from search.boards.start_values import checked_down, features, hand_values, public_features

DECK = 52


def leaf_cfvs(game, leaves, said, buckets, reach):
    """Return per player [B, H] cfvs in chips; ``said`` is called with one row at a time."""
    begins = game.betting.first[-1]
    found = np.zeros((2, len(leaves), len(game.hands)))
    for b, leaf in enumerate(leaves):
        chips = game.chips(leaf)
        pot = sum(chips.paid)
        for card in set(range(DECK)) - set(leaf.cards):
            cards = (*leaf.cards, card)
            live = ~np.isin(game.hands, cards).any(axis=1)
            ranges = tuple(np.where(live, reach[p][b], 0.0) for p in (begins, 1 - begins))
            places, down = board_buckets(game.hands, cards, buckets), checked_down(game.hands, cards, ranges)
            row = features(public_features(cards, pot, min(chips.behind)), places, ranges)
            values = hand_values(places, ranges, down, said(row[None])[0])
            for i, p in enumerate((begins, 1 - begins)):
                found[p, b] += pot * values[i] * down.met[i] / (DECK - 4 - 4)
    return found
