"""The CFR family over histories, a dict of information states, alternating updates (player 0 first).

Zinkevich et al. 2007 (CFR); Tammelin 2014 (CFR+); Brown & Sandholm 2019, arXiv 1809.04040 (Linear CFR, DCFR); Farina et al. 2021,
arXiv 2007.14358 (PCFR+); Xu et al. 2024, arXiv 2404.09097 (DCFR+).
"""

from __future__ import annotations

import numpy as np

from tests.naive.histories import CHANCE, TERMINAL, infostates


def cfr(root, rule, iterations, start=None):
    """Return the average policy after each count in ``iterations``: a list of policies.

    ``rule`` is one of RULES, or a rule as they are; ``start`` is played in the first iteration instead of the uniform policy.
    """
    accumulate, weigh, predict = RULES[rule] if isinstance(rule, str) else rule
    counts = [infostates(root, p) for p in (0, 1)]
    regret = {name: np.zeros(n) for p in (0, 1) for name, n in counts[p].items()}
    total = {name: np.zeros(n) for p in (0, 1) for name, n in counts[p].items()}
    strategy = {name: np.full(n, 1 / n) for p in (0, 1) for name, n in counts[p].items()}
    strategy.update({name: start[name] for name in strategy if start is not None})
    averages = []
    for t in range(1, max(iterations) + 1):
        for player in (0, 1):
            new = {name: np.zeros(n) for name, n in counts[player].items()}
            own_reach = {}
            counterfactual_regrets(root, player, strategy, 1.0, 1.0, new, own_reach)
            for name, r in new.items():
                total[name] = total[name] + weigh(t) * own_reach[name] * strategy[name]
                regret[name] = accumulate(regret[name], r, t)
                strategy[name] = regret_matching(np.maximum(regret[name], 0) + predict * r if predict else regret[name])
        if t in iterations:
            averages.append({name: average(s) for name, s in total.items()})
    return averages


def counterfactual_regrets(node, player, strategy, own, others, regret, own_reach):
    """Return a history's value to ``player``; add pi_{-i} (v(h a) - v(h)) to its information state's regrets."""
    if node.player == TERMINAL:
        return node.value if player == 0 else -node.value
    if node.player == CHANCE:
        pairs = zip(node.weights, node.children, strict=True)
        return sum(w * counterfactual_regrets(c, player, strategy, own, others * w, regret, own_reach) for w, c in pairs)
    sigma = strategy[node.infostate]
    if node.player != player:
        pairs = zip(sigma, node.children, strict=True)
        return sum(s * counterfactual_regrets(c, player, strategy, own, others * s, regret, own_reach) for s, c in pairs)
    own_reach[node.infostate] = own  # the same in all its histories: perfect recall
    pairs = zip(sigma, node.children, strict=True)
    values = np.array([counterfactual_regrets(c, player, strategy, own * s, others, regret, own_reach) for s, c in pairs])
    value = float(sigma @ values)
    regret[node.infostate] += others * (values - value)
    return value


def regret_matching(regret):
    """Return [R]+ normalised, uniform where none is positive."""
    positive = np.maximum(regret, 0.0)
    return positive / positive.sum() if positive.sum() > 0 else np.full(len(regret), 1 / len(regret))


def average(total):
    return total / total.sum() if total.sum() > 0 else np.full(len(total), 1 / len(total))


def discount(t, exponent):
    return t**exponent / (t**exponent + 1)


def _plain(regret, r, t):
    return regret + r


def _floor(regret, r, t):
    return np.maximum(regret + r, 0)


def _linear(regret, r, t):
    return regret * t / (t + 1) + r


def _dcfr(regret, r, t):
    return np.where(regret > 0, regret * discount(t, 1.5), regret * 0.5) + r


def _dcfr_after(regret, r, t):
    both = regret + r
    return np.where(both > 0, both * discount(t, 1.5), both * 0.5)


def dcfr_plus(alpha, gamma, predict=0.0):
    """Return the rule that floors negative regrets, discounts positive ones, and may add a share of the last regret as a prediction."""
    return lambda regret, r, t: np.maximum(regret * discount(t, alpha) + r, 0), lambda t: float(t) ** gamma, predict


# rule: (old regret, new regret, t) -> regret; averaging weight of iteration t; weight of the last regret as a prediction
RULES = {
    "cfr": (_plain, lambda t: 1.0, 0.0),
    "cfr_plus": (_floor, lambda t: float(t), 0.0),
    "linear_cfr": (_linear, lambda t: float(t), 0.0),
    "dcfr": (_dcfr, lambda t: float(t) ** 2, 0.0),
    "default_holdem": (_dcfr, lambda t: float(t) ** 3, 0.0),
    "dcfr_after": (_dcfr_after, lambda t: float(t) ** 2, 0.0),
    "pcfr_plus": (_floor, lambda t: float(t) ** 2, 1.0),
    "dcfr_plus": dcfr_plus(1.5, 4.0),
}
