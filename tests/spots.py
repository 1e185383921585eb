"""Spots that tests share: a few by hand, whose ranges are drawn, and a small set with answers."""

from functools import cache

import numpy as np

from agents.yardstick.file import SpotSet
from agents.yardstick.solving import solved
from agents.yardstick.spots import LEVELS, Spot
from games.holdem.config import Holdem
from search import variant

GAME = Holdem(blinds=[50, 100], stack=20_000, min_bet=100, amounts="any", name="heads_up_no_limit").build()
VARIANT = variant("default_holdem")
FLOP = "raise 300 / call / 2c7d9h / check / check / Jd"
LINES = {"first": ("river", f"{FLOP} / check / check / 4s"), "faced": ("river", f"{FLOP} / check / check / 4s / bet 600")}
LINES["turn"] = ("turn", f"{FLOP} / check")
GAP = 1e-4


@cache
def spot(name, seed=0, hands=40):
    """Return a spot of ``LINES``."""
    street, line = LINES[name]
    random, levels = np.random.default_rng(seed), np.zeros((2, 1326), np.uint8)
    board = Spot(GAME, street, line, levels, 0).state.cards
    alive = np.flatnonzero(~np.isin(GAME.hands, board).any(axis=1))
    for row in levels:
        chosen = random.choice(alive, hands, replace=False)
        row[chosen] = random.integers(1, LEVELS + 1, hands)
        row[chosen[0]] = LEVELS
    return Spot(GAME, street, line, levels, 0)


@cache
def spot_set():
    """Return a set of three spots."""
    return SpotSet(0, "by hand", tuple((spot(name), solved(spot(name), VARIANT, GAP)) for name in LINES))
