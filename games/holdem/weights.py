"""What weights of hands can be dealt and solved: both ranges leave hands that meet, and the smallest weights count as 0."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from games.holdem.rules import HoldemGame

# Smaller weights, as shares of the largest, are taken as 0. All 1,326 hands together then have less than 1.4e-9 of the range, and no EV
# moves by more than that share of the stacks. Libratus' endgame 3 has a weight of 5e-10; a player's own actions leave smaller ones.
LEAST_WEIGHT = 1e-12
LEAST_MEETING = 1e-4  # of all pairs of hands: the others share a card, and float32 takes them from the sum over all with an error of 1e-7


def with_checked_weights(game: HoldemGame, named: Sequence[tuple[str, str]]) -> HoldemGame:
    """Return a game that can be dealt, with the smallest weights as 0 and a note that says so.

    Args:
        game: to be checked.
        named: key and value of the first player's weights, of the second's and of both, for errors.

    Raises:
        ValueError: a range without a hand, or ranges of which too few pairs of hands share no card.
    """
    kept, notes = [], []
    for (key, value), live in zip(named[:2], game.ranges, strict=True):
        most = live.max()
        if most == 0:
            raise ValueError(f"{key} must leave a hand that the board does not hold, got {value}")
        least = LEAST_WEIGHT * most
        count = int(np.count_nonzero(live) - np.count_nonzero(live >= least))
        if count:
            small = live < least
            share = live[small].sum() / live.sum()
            hands = "1 hand" if count == 1 else f"{count:,} hands"
            notes.append(f"{key}: {hands} with {share:.2g} of the range are taken as 0 (below {LEAST_WEIGHT:g} of the largest weight)")
        kept.append(np.where(small, 0.0, live) if count else live)
    if notes:
        game = replace(game, weights=(kept[0], kept[1]), notes=(*game.notes, *notes))
    first, second = (own / own.max() for own in kept)  # products of tiny weights would be 0
    meeting = game.mass_of(first, second) / (first.sum() * second.sum())
    if meeting < LEAST_MEETING:
        pairs = f"{LEAST_MEETING:g} of their pairs of hands" if meeting > 1e-12 else "two hands"
        raise ValueError(f"{named[2][0]} must leave {pairs} that share no card, got {named[2][1]}")
    return game
