"""Hands of every registered game: at random by the rules alone, or as an agent plays."""

from __future__ import annotations

from itertools import combinations

import numpy as np

from games import CHANCE, TERMINAL
from games.game import Kind, children
from games.holdem.cards import cards_text
from tests.catalogue import game_of


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


def decisions(agent, seat, budget, count=1):
    """Ask an agent at every decision that its own play comes to, with its memories and after a few of chance's outcomes.

    Yields:
        the state, the memory that the agent was given there, and its decision.
    """
    game, rng = agent.game, np.random.default_rng(0)
    stack = [(game.root, None, np.ones(game.num_hands[seat]))]
    while stack:
        state, memory, reach = stack.pop()
        player, below = game.player(state), children(game, state)
        if player == CHANCE:
            after, _ = outcomes(game, state)
            stack.extend((after[i], memory, reach) for i in rng.choice(len(after), min(count, len(after)), replace=False))
        elif player == seat:
            decision = agent.decide(seat, state, memory, budget)
            yield state, memory, decision
            played = zip(below, decision.policy, strict=True)
            stack.extend((child, decision.memory, reach * share) for child, share in played if (reach * share).any())
        else:
            stack.extend((child, memory, reach) for child in below)
