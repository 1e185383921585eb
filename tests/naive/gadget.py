"""The re-solving game of CFR-D as an explicit extensive-form game (Burch, Johanson & Bowling 2014, section 4)."""

from __future__ import annotations

import numpy as np

from tests.naive.histories import CHANCE, TERMINAL, History, at_public_node

FOLLOW, TERMINATE = 0, 1


def gadget_game(root, strings, tree, node, own_range, opponent, bounds):
    """Return the gadget game's root.

    Chance deals each pair of hands by its weight and by *our* reach. The opponent, who sees the own hand only, follows into the
    subgame or terminates; terminating with hand h is worth ``bounds[h]`` in all, so ``bounds[h] / mass(h)`` in each of its histories.
    """
    found = at_public_node(root, strings, tree, node)
    weights = np.array([w * own_range[hands[1 - opponent]] for _, w, hands in found])
    mass = np.zeros(len(bounds))
    for weight, (_, _, hands) in zip(weights, found, strict=True):
        mass[hands[opponent]] += weight
    children = []
    for history, _, hands in found:
        h = hands[opponent]
        worth = bounds[h] / mass[h] if mass[h] > 0 else 0.0
        stop = History(TERMINAL, value=worth if opponent == 0 else -worth)
        children.append(History(opponent, gadget_infostate(h), [FOLLOW, TERMINATE], [history, stop]))
    return History(CHANCE, actions=list(range(len(found))), children=children, weights=list(weights))


def gadget_infostate(hand):
    return f"gadget, hand {hand}"
