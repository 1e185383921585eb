"""Instantaneous regrets from the definition: every history of every decision, one at a time."""

from __future__ import annotations

import numpy as np

from tests.naive.histories import at_public_node, expected_value


def instantaneous_regrets(root, strings, tree, strategy, policy, player):
    """Return lists by decision: regrets [A, H], cf_reach [H] and own reach [H]. ``policy`` is ``strategy`` by information state."""
    regrets, cf_reaches, reaches = [], [], []
    sign = 1 if player == 0 else -1
    full = (np.ones(tree.num_hands(0)), np.ones(tree.num_hands(1)))
    for node in tree.sequences[player].node:
        reach = strategy.ranges(int(node), full)
        at = strategy.at(int(node))
        regret, cf_reach = np.zeros(at.shape), np.zeros(at.shape[1])
        for history, weight, hands in at_public_node(root, strings, tree, int(node)):
            own, other = hands[player], hands[1 - player]
            weight *= reach[1 - player][other]
            values = np.array([sign * expected_value(child, policy) for child in history.children])
            regret[:, own] += weight * (values - policy[history.infostate] @ values)
            cf_reach[own] += weight
        regrets.append(regret)
        cf_reaches.append(cf_reach)
        reaches.append(reach[player])
    return regrets, cf_reaches, reaches
