"""Every registered game of both families, and random hands of them by the rules alone."""

from __future__ import annotations

from functools import cache
from itertools import combinations
from pathlib import Path

import numpy as np
import yaml

from games import CHANCE, TERMINAL, public_tree
from games.derived import derived_game
from games.game import Kind
from games.holdem.cards import cards_text
from games.holdem.config import Holdem, Spot

CONF = Path(__file__).parents[2] / "conf/game"
SPIEL = (
    "kuhn_poker",
    "leduc_poker",
    "leduc_poker(suit_isomorphism=true)",
    "liars_dice(numdice=1,dice_sides=4)",
    "liars_dice(numdice=2,dice_sides=2)",
)
WHOLE = ("ms1f1", "ms2f1t1h5", "ms3f1t1r1h5", "holdem5", "flop_holdem", "flop_holdem_no_limit", "heads_up_limit", "heads_up_no_limit")
SPOTS = {
    "river spot": Spot(board="Td9d6hQc4s", ranges=["AA,KQs,76s,22", "TT-88,A5s,KQo"], pot=20, stack=60, raises="100%,a"),
    "turn spot": Spot(board="Td9d6hQc", ranges=["QQ,AA", "KK,JJ:0.5"], pot=101, stack=60, bets="60%,a", raises="a"),
    "flop spot": Spot(board="Td9d6h", ranges=["66+,AJs", "QQ-22,KQ"], pot=20, stack=90, bets="50%", raises="100%"),
}
HOLDEM = (*WHOLE, *SPOTS)
GAMES = (*SPIEL, *HOLDEM)


@cache
def game_of(name):
    """Return a registered game; a hold'em one as conf/game has it."""
    if name in SPIEL:
        return derived_game(public_tree(name))
    if name in SPOTS:
        return SPOTS[name].build()
    given = yaml.safe_load((CONF / f"{name}.yaml").read_text())
    given.pop("defaults")
    return Holdem(**given).build()


def random_action(game, state, rng):
    """Return any legal action; half of them fold nothing and bet nothing, so that hands are long."""
    offered, amounts = game.actions(state), game.amounts(state)
    passing = [action for action in offered if action.kind == Kind.PASS]
    if passing and rng.random() < 0.5:
        return passing[0]
    if amounts is not None and rng.random() < 0.7:
        return game.action(state, f"bet {rng.integers(amounts[0], amounts[1] + 1)}")
    return offered[rng.integers(len(offered))]


def playout(game, rng):
    """Return a random hand: both private hands, and all states from the root to a terminal."""
    hands, states = game.deal(rng.random()), [game.root]
    while (player := game.player(states[-1])) != TERMINAL:
        state = states[-1]
        if player == CHANCE:
            states.append(game.chance(state, hands, rng.random()))
        else:
            states.append(game.child(state, random_action(game, state, rng)))
    return hands, states


def playouts(name, count, seed=0):
    """Yield random hands of a game."""
    rng = np.random.default_rng(seed)
    for _ in range(count):
        yield playout(game_of(name), rng)


def alone(game, player, hand):
    """Return [H], the reach of one hand."""
    reach = np.zeros(game.num_hands[player])
    reach[hand] = 1.0
    return reach


def outcomes(game, state):
    """Return every state that public chance can lead to, and what divides their sum in hold'em."""
    if game.spiel is not None:
        return game.tree.children(state), 1
    left = [card for card in game.deck.cards().tolist() if card not in state.cards]
    count = game.deals[game.round(state) + 1]
    ways = len(list(combinations(left[4:], count)))
    return [game.revealed(state, cards_text(cards)) for cards in combinations(left, count)], ways
