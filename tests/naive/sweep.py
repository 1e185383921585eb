"""Twins of the array kernels: one hand, one row at a time, and recursion down a player's own decisions."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from tests.naive.cfr import regret_matching


def terminal_values(terminals, begin, end, other_reach, cfv):
    """Return cfv plus what the terminals pay: an O(H^2) sum for each."""
    cfv = cfv.copy()
    for t in range(begin, end):
        for h in range(cfv.shape[1]):
            for g in range(terminals.other_hands):
                payoff = terminals.payoff[int(terminals.matrix[t]) * terminals.other_hands + g, h]
                cfv[int(terminals.own_row[t]), h] += terminals.scale[t] * payoff * other_reach[int(terminals.other_row[t]), g]
    return cfv


def rows_of(sequences, k):
    return range(int(sequences.first_row[k]), int(sequences.first_row[k + 1]))


def decisions_under(sequences, row, begin, end):
    return [k for k in range(begin, end) if int(sequences.parent_row[k]) == row]


def reach(sequences, strategy, root_row, range_, decisions):
    """Return {row: [H]} own reach, by recursion from the root row."""
    found = {root_row: np.array(range_)}

    def down(row):
        for k in decisions_under(sequences, row, *decisions):
            for r in rows_of(sequences, k):
                found[r] = found[row] * strategy[r]
                down(r)

    down(root_row)
    return found


def matched(sequences, regret, strategy, decisions):
    """Return ``strategy`` with the decisions' rows replaced by regret matching, hand by hand."""
    strategy = strategy.copy()
    for k in range(*decisions):
        rows = list(rows_of(sequences, k))
        for h in range(regret.shape[1]):
            strategy[rows, h] = regret_matching(regret[rows, h])
    return strategy


def values(sequences, leaf, root_row, decisions, policy=None):
    """Return {row: [H]} counterfactual values of the sequences, the root row included; best response without a policy.

    v(row) = leaf(row) + sum over own decisions next after row of (max or mean over their rows r of v(r)).
    """
    found = {}

    def value(row):
        total = leaf[row].copy()
        for k in decisions_under(sequences, row, *decisions):
            below = {r: value(r) for r in rows_of(sequences, k)}
            total = total + (np.max(list(below.values()), axis=0) if policy is None else sum(policy[r] * v for r, v in below.items()))
        found[row] = total
        return total

    value(root_row)
    return found


class Half(NamedTuple):
    """One player's half of an iteration."""

    regret: np.ndarray
    average: np.ndarray
    basis: np.ndarray  # what the next strategy is regret matching of
    cfv: dict[int, np.ndarray]


def half_iteration(sequences, leaf, root_row, decisions, state, own_reach, weights):
    """Return a half iteration from state = (regret, average, strategy), arrays [R, H].

    R <- R * (pos if R > 0 else neg) + r;  S <- S * decay + reach * sigma;  next sigma from R, or from [R]+ + prediction * r.
    """
    regret, average, strategy = (x.copy() for x in state)
    basis = np.zeros_like(regret)
    positive, negative, decay, prediction = weights
    cfv = values(sequences, leaf, root_row, decisions, strategy)
    for k in range(*decisions):
        above = int(sequences.parent_row[k])
        rows = list(rows_of(sequences, k))
        for h in range(regret.shape[1]):
            value = sum(strategy[r, h] * cfv[r][h] for r in rows)
            for r in rows:
                new = cfv[r][h] - value
                average[r, h] = average[r, h] * decay + own_reach[above][h] * strategy[r, h]
                regret[r, h] = regret[r, h] * (positive if regret[r, h] > 0 else negative) + new
                basis[r, h] = max(regret[r, h], 0) + prediction * new if prediction > 0 else regret[r, h]
    return Half(regret, average, basis, cfv)


def choice(worth, state, weights):
    """Return (regret, average, basis), arrays [2, H], of a decision above the root, reached with probability one by every hand."""
    regret, average, strategy = (x.copy() for x in state)
    basis = np.zeros_like(regret)
    positive, negative, decay, prediction = weights
    for h in range(worth.shape[1]):
        value = strategy[0, h] * worth[0, h] + strategy[1, h] * worth[1, h]
        for a in (0, 1):
            new = worth[a, h] - value
            average[a, h] = average[a, h] * decay + strategy[a, h]
            regret[a, h] = regret[a, h] * (positive if regret[a, h] > 0 else negative) + new
            basis[a, h] = max(regret[a, h], 0) + prediction * new if prediction > 0 else regret[a, h]
    return regret, average, basis


def margins(worth, cf_reach, state, weights):
    """Return (regret, average, basis), arrays [H], of maxmargin's decision: which hand to enter with, for ``worth`` chips each."""
    regret, average, strategy = (x.copy() for x in state)
    basis = np.zeros_like(regret)
    positive, negative, decay, prediction = weights
    alive = [h for h in range(len(worth)) if cf_reach[h] > 0]
    value = sum(strategy[h] * worth[h] for h in alive)
    for h in alive:
        new = worth[h] - value
        average[h] = average[h] * decay + strategy[h]
        regret[h] = regret[h] * (positive if regret[h] > 0 else negative) + new
        basis[h] = max(regret[h], 0) + prediction * new if prediction > 0 else regret[h]
    return regret, average, basis


def entering(kind, choice, cf_reach, model):
    """Return [H], the opponent's reach at the root that follows from a choice.

    * resolve: the probability of entering.
    * maxmargin: choice / cf_reach, times the mean cf_reach of the hands that exist.
    * refined: a hand enters unasked with half of its model's share of the largest, and else with the probability of entering.
    * combined: model + (1 - model) * choice, the additions cut by one factor for all hands to a fifth of the model's sum if they are
      more; then a tenth of the whole is taken from everybody and dealt evenly.
    """
    alive = [h for h in range(len(choice)) if cf_reach[h] > 0]
    reach = np.zeros(len(choice))
    if kind == "maxmargin" and alive:
        mean = sum(cf_reach[h] for h in alive) / len(alive)
        for h in alive:
            reach[h] = choice[h] / cf_reach[h] * mean
    elif kind == "resolve":
        for h in alive:
            reach[h] = choice[h]
    elif kind == "refined" and alive:
        for h in alive:
            unasked = 0.5 * model[h] / max(model[i] for i in alive) if any(model[i] > 0 for i in alive) else 0.0
            reach[h] = unasked + (1 - unasked) * choice[h]
    elif kind == "combined" and alive:
        most = 0.2 * sum(model[h] for h in alive)
        added = {h: (1 - model[h]) * choice[h] for h in alive}
        cut = most / sum(added.values()) if sum(added.values()) > most else 1.0
        for h in alive:
            reach[h] = model[h] + cut * added[h]
        even = sum(reach) / len(alive)
        for h in alive:
            reach[h] = 0.9 * reach[h] + 0.1 * even
    return reach
