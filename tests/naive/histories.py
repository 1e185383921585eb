"""A game as what it is: a tree of histories. Everything else in this folder walks it."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import pyspiel

CHANCE, TERMINAL = -1, -4

Policy = dict[str, np.ndarray]  # information state -> probability of each legal action, in order


@dataclass
class History:
    """One history and all that follow it."""

    player: int
    infostate: str = ""  # of the player who acts
    actions: list[int] = field(default_factory=list)
    children: list[History] = field(default_factory=list)
    weights: list[float] = field(default_factory=list)  # of a chance node's children; need not sum to one at a root made here
    value: float = 0.0  # player 0's winnings at a terminal
    hands: tuple[int, int] | None = None  # right after the deal, where known

    def child(self, action):
        return self.children[self.actions.index(action)]


def openspiel_histories(game):
    """Return the root history of an OpenSpiel game."""

    def build(state):
        if state.is_terminal():
            return History(TERMINAL, value=state.player_return(0))
        if state.is_chance_node():
            outcomes = [(a, p) for a, p in state.chance_outcomes() if p > 0]
            children = [build(state.child(a)) for a, _ in outcomes]
            return History(CHANCE, actions=[a for a, _ in outcomes], children=children, weights=[p for _, p in outcomes])
        player, actions = state.current_player(), state.legal_actions()
        return History(player, state.information_state_string(player), actions, [build(state.child(a)) for a in actions])

    return build(pyspiel.load_game(game).new_initial_state())


def walk(root):
    """Yield every history."""
    stack = [root]
    while stack:
        node = stack.pop()
        yield node
        stack.extend(node.children)


def infostates(root, player=None):
    """Return {information state: number of actions}, of one player or of both."""
    return {n.infostate: len(n.actions) for n in walk(root) if n.player >= 0 and player in (None, n.player)}


def random_policy(root, rng, zeros=0.0):
    """Return random probabilities at every information state; a share ``zeros`` of the actions is never taken."""
    policy = {}
    for name, count in sorted(infostates(root).items()):
        weights = rng.exponential(size=count) * (rng.random(count) >= zeros)
        if weights.sum() == 0:
            weights[rng.integers(count)] = 1.0
        policy[name] = weights / weights.sum()
    return policy


def expected_value(node, policy):
    """Return player 0's expected winnings."""
    if node.player == TERMINAL:
        return node.value
    weights = node.weights if node.player == CHANCE else policy[node.infostate]
    return sum(w * expected_value(child, policy) for w, child in zip(weights, node.children, strict=True) if w != 0)


def deals(root):
    """Return [(history right after the private deal, chance weight)]."""
    if root.player != CHANCE:
        return [(root, 1.0)]
    return [(n, w * v) for w, child in zip(root.weights, root.children, strict=True) for n, v in deals(child)]


def hands(node, strings):
    """Return both hands in a history right after the deal: the first information states below it are looked up in ``strings``."""
    if node.hands is None:
        texts = [next(below.infostate for below in walk(node) if below.player == p) for p in (0, 1)]
        node.hands = tuple(next(h for at in strings[p] for h, text in enumerate(at) if text == texts[p]) for p in (0, 1))
    return node.hands


def at_public_node(root, strings, tree, node):
    """Return [(history, chance weight, hands)]: all histories of a public node, found by following its public actions."""
    found = []
    for start, weight in deals(root):
        here = start
        for step in tree.path(node)[1:]:
            action = int(tree.action[step])
            if action not in here.actions:  # a board card that is in somebody's hand
                here = None
                break
            if here.player == CHANCE:
                weight *= here.weights[here.actions.index(action)]
            here = here.child(action)
        if here is not None:
            found.append((here, weight, hands(start, strings)))
    return found


def subgame(root, strings, tree, node, ranges):
    """Return the subgame at a public node as a game of its own: chance deals what the ranges say (unnormalised)."""
    found = at_public_node(root, strings, tree, node)
    weights = [w * ranges[0][h0] * ranges[1][h1] for _, w, (h0, h1) in found]
    return History(CHANCE, actions=list(range(len(found))), children=[n for n, _, _ in found], weights=weights)
