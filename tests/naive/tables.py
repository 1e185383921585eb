"""Between a strategy as tables over the public tree and a policy as a dict of information states."""

from __future__ import annotations

import numpy as np

from search import Strategy, uniform


def to_policy(strategy, strings):
    """Return {information state: probabilities} of the part that the strategy covers."""
    tree, policy = strategy.tree, {}
    for p in (0, 1):
        for k in range(*strategy.span.decisions[p]):
            at = strategy.at(int(tree.sequences[p].node[k]))
            policy.update({text: at[:, h].copy() for h, text in enumerate(strings[p][k]) if text})
    return policy


def to_strategy(tree, strings, policy, node=0):
    """Return the tables of a policy at and below a node; uniform for information states that it does not name."""
    strategy = uniform(tree, node)
    for p in (0, 1):
        for k in range(*strategy.span.decisions[p]):
            at = strategy.at(int(tree.sequences[p].node[k]))
            for h, text in enumerate(strings[p][k]):
                if text in policy:
                    at[:, h] = policy[text]
    return strategy


def random_strategy(tree, rng, node=0, zeros=0.0):
    """Return random probabilities everywhere, impossible hands included; a share ``zeros`` of the actions is never taken."""
    strategy = uniform(tree, node)
    for p in (0, 1):
        for k in range(*strategy.span.decisions[p]):
            at = strategy.at(int(tree.sequences[p].node[k]))
            weights = rng.exponential(size=at.shape) * (rng.random(at.shape) >= zeros)
            weights[:, weights.sum(axis=0) == 0] = 1.0
            at[:] = weights / weights.sum(axis=0)
    return strategy


def replace(strategy, part, players=(0, 1)):
    """Return a copy of ``strategy`` with ``part``'s tables of some players put in their place."""
    tables = [t.copy() for t in strategy.tables]
    for p in players:
        first = strategy.span.rows[p][0]
        lo, hi = part.span.rows[p]
        tables[p][lo - first : hi - first] = part.tables[p]
    return Strategy(strategy.tree, strategy.span, (tables[0], tables[1]))


def random_range(rng, hands):
    """Return a random range with about a third of zeros, never empty."""
    range_ = rng.random(hands) * (rng.random(hands) > 0.3)
    range_[rng.integers(hands)] = rng.random() + 0.1
    return np.asarray(range_)
