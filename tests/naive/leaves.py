"""Around a value function of public belief states, one leaf and one hand at a time."""

from __future__ import annotations

import numpy as np


def shares(reach, live, tremble):
    """Return one player's range as shares, with some of every live hand."""
    total, count = sum(reach[h] for h in range(len(reach)) if live[h]), sum(live)
    found = [(reach[h] / total if total > 0 else 1 / count) if live[h] else 0.0 for h in range(len(reach))]
    return [(1 - tremble) * found[h] + tremble / count if live[h] else 0.0 for h in range(len(reach))]


def mean_value(player, hand, weights, values, other):
    """Return what a hand is worth on average if each pair has a value to player 0, at one leaf."""
    deals = [(weights[hand, h] if player == 0 else weights[h, hand]) * other[h] for h in range(len(other))]
    worth = [values[hand, h] if player == 0 else -values[h, hand] for h in range(len(other))]
    return sum(d * v for d, v in zip(deals, worth, strict=True)) / sum(deals) if sum(deals) > 0 else 0.0


def cf_reach(player, weights, other):
    """Return what each hand of a player meets at one leaf."""
    return weights @ other if player == 0 else other @ weights


def zero_sum_cfvs(player, values, stake, weights, ranges):
    """Return a player's cfvs at one leaf, from both players' values in stakes."""
    met = [cf_reach(p, weights, ranges[1 - p]) for p in (0, 1)]
    total = sum(float((met[p] * ranges[p] * values[p]).sum()) for p in (0, 1))
    mass = float((met[0] * ranges[0]).sum())
    return stake * (np.asarray(values[player], np.float64) - (total / (2 * mass) if mass > 0 else 0.0)) * met[player]
