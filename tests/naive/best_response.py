"""Best response information state by information state, over histories."""

from __future__ import annotations

import numpy as np

from tests.naive.histories import CHANCE, TERMINAL, expected_value


def best_response_value(root, policy, player):
    """Return what ``player`` wins against ``policy`` by taking at each information state the action that is best on average."""
    members = {}  # information state -> [(history, reach of everybody else)]

    def collect(node, others):
        if node.player == TERMINAL:
            return
        if node.player == player:
            members.setdefault(node.infostate, []).append((node, others))
            weights = [1.0] * len(node.children)
        else:
            weights = node.weights if node.player == CHANCE else policy[node.infostate]
        for w, child in zip(weights, node.children, strict=True):
            collect(child, others * w)

    best = {}

    def choice(infostate):
        if infostate not in best:
            group = members[infostate]
            worth = [sum(others * value(node.children[a]) for node, others in group) for a in range(len(group[0][0].children))]
            best[infostate] = int(np.argmax(worth))
        return best[infostate]

    known = {}

    def value(node):
        if id(node) not in known:
            if node.player == TERMINAL:
                known[id(node)] = node.value if player == 0 else -node.value
            elif node.player == player:
                known[id(node)] = value(node.children[choice(node.infostate)])
            else:
                weights = node.weights if node.player == CHANCE else policy[node.infostate]
                known[id(node)] = sum(w * value(child) for w, child in zip(weights, node.children, strict=True))
        return known[id(node)]

    collect(root, 1.0)
    return value(root)


def exploitability(root, policy):
    """Return NashConv / 2 with NashConv = sum_i (BR_i - v_i)."""
    value = expected_value(root, policy)
    gains = best_response_value(root, policy, 0) - value, best_response_value(root, policy, 1) + value
    return sum(gains) / 2
