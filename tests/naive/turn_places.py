"""Where hands stand among all hands of each river behind the turns of a flop: see ``search.kernels.turn_places``."""

import numpy as np

from games.kernels.evaluator import board_strengths


def turn_places(boards, turns, hands, sums, squares):
    """Add up the places of hands on whole boards, and their squares, for two turns a board, in place."""
    for cards, pair in zip(boards, turns, strict=True):
        live = np.flatnonzero(~np.isin(hands, cards).any(axis=1))
        strength = board_strengths(tuple(cards.tolist()), hands[live])
        for hand, own in zip(live, strength, strict=True):
            place = (np.sum(strength < own) + (np.sum(strength == own) - 1) / 2) / (len(live) - 1)
            for turn in pair:
                sums[turn, hand] += place
                squares[turn, hand] += place**2
