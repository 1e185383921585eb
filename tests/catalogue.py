"""The games that tests play, of both families and by name; each is made once."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import yaml

from games import PublicTree, information_states, public_tree
from games.derived import derived_game
from games.holdem.config import Holdem, Spot
from tests.naive.histories import History, openspiel_histories

SMALL_GAMES = (
    "kuhn_poker",
    "leduc_poker",
    "leduc_poker(suit_isomorphism=true)",
    "liars_dice(numdice=1,dice_sides=2)",
    "liars_dice(numdice=1,dice_sides=4)",
    "liars_dice(numdice=2,dice_sides=2)",
)
LARGE_GAMES = ("liars_dice(numdice=1,dice_sides=5)", "liars_dice(numdice=1,dice_sides=6)", "liars_dice(numdice=2,dice_sides=3)")
KUHN, LEDUC, DICE = "kuhn_poker", "leduc_poker", "liars_dice(numdice=1,dice_sides=4)"


class Case(NamedTuple):
    """A game in every form that tests need."""

    game: str
    tree: PublicTree
    root: History
    strings: Any


@cache
def case_of(game: str) -> Case:
    return Case(game, public_tree(game), openspiel_histories(game), information_states(game))


CONF = Path(__file__).parents[1] / "conf/game"
WHOLE = ("ms1f1", "ms2f1t1h5", "ms3f1t1r1h5", "holdem5", "flop_holdem", "flop_holdem_no_limit", "heads_up_limit", "heads_up_no_limit")
SPOTS = {
    "river spot": Spot(board="Td9d6hQc4s", ranges=["AA,KQs,76s,22", "TT-88,A5s,KQo"], pot=20, stack=60, raises="100%,a"),
    "turn spot": Spot(board="Td9d6hQc", ranges=["QQ,AA", "KK,JJ:0.5"], pot=101, stack=60, bets="60%,a", raises="a"),
    "flop spot": Spot(board="Td9d6h", ranges=["66+,AJs", "QQ-22,KQ"], pot=20, stack=90, bets="50%", raises="100%"),
}
HOLDEM = (*WHOLE, *SPOTS)
GAMES = (*SMALL_GAMES, *HOLDEM)  # every registered one


@cache
def game_of(name):
    """Return a registered game; a hold'em one as conf/game has it."""
    if name in SMALL_GAMES:
        return derived_game(public_tree(name))
    if name in SPOTS:
        return SPOTS[name].build()
    given = yaml.safe_load((CONF / f"{name}.yaml").read_text())
    given.pop("defaults")
    return Holdem(**given).build()


def small(deals, ranks="QKA", suits="cdh", ranges=("full", "full"), **more):
    chosen = {"blinds": [3, 7], "stack": 41, "bets": "61%", "raises": "73%", "raise_cap": 1, "min_bet": 7} | more
    return Holdem(ranks=ranks, suits=suits, deals=deals, ranges=list(ranges), **chosen).build()


def turn(hands):
    """Return a small turn: the twin visits every river card."""
    game = Spot(board="QcKdAhQd", ranges=list(hands), pot=17, stack=23, bets="37%,a", raises="a").build()
    return replace(game, deck=small([0, 1]).deck, weights=tuple(weights[kept(game)] for weights in game.weights))


def kept(game):
    """Return which of the full deck's hands a deck of Q, K, A in three suits has."""
    cards = small([0, 1]).deck.cards()
    return np.isin(game.hands, cards).all(axis=1)


# Weights and stakes without a pattern: in an even game regrets that should be zero are decided by rounding.
UNEVEN = ("QQ:0.7,KK,AA:0.9,AK:0.63,AQ:0.81,KQ:0.57", "QQ:0.83,KK:0.61,AA,AKs:0.9,AKo:0.7,AQ:0.93,KQ:0.77")

TINY = {
    "one-card flop": small([0, 1], ranges=UNEVEN),
    "one-card flop and turn": small([0, 1, 1], ranges=UNEVEN),
    "no suits alike": small([0, 1], ranges=("AcKd,QcQd,AdQh:0.5", "full")),
    "different hands": small([0, 1], ranges=("AA,KQs", "QQ,AK:0.25"), stack=53, bets="53%,a", raises="2.5x,a", raise_cap=0),
    "limit": Holdem(
        ranks="QKA", suits="cdh", deals=[0, 1], ranges=list(UNEVEN), blinds=[3, 7], stack=41, limit=[7, 11], max_raises=[2, 1]
    ).build(),
    "turn": turn(("AA,KQs,AcKc", "QQ,KK,AK")),
}
