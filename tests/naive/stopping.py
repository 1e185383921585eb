"""The readable twin of ``search.stopping``: a line through logarithms by numpy's own least squares."""

import itertools

import numpy as np


def predicted_fall(checks, iterations):
    """Return the fall from the last check on, by c / t^a through it; a from a fit of the last four checks, kept from 0.5 to 2."""
    t, e = checks[-1]
    if e <= 0:
        return 0.0
    positive = np.array([check for check in checks[-4:] if check[1] > 0])
    a = 1.0 if len(positive) < 2 else -np.polyfit(np.log(positive[:, 0]), np.log(positive[:, 1]), 1)[0]
    return e - e * (t / (t + iterations)) ** np.clip(a, 0.5, 2.0)


def stopped_at(curve, price, checked):
    """Return the first check whose fall to the next one, per iteration, is at most the price; the last one if there is none."""
    checks = []
    for t, after in itertools.pairwise(checked):
        checks.append((t, curve(t)))
        if predicted_fall(checks, after - t) / (after - t) <= price:
            return t
    return checked[-1]
