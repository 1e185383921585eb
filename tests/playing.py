"""Random hands of every registered game, by the rules alone."""

from __future__ import annotations

from itertools import combinations

import numpy as np

from games import CHANCE, TERMINAL
from games.game import Kind
from games.holdem.cards import cards_text
from tests.games import game_of


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
