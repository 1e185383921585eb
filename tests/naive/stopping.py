"""The readable twin of ``search.stopping``: a line through logarithms by numpy's own least squares, and a search for the stop."""

import numpy as np


def exponent(checks):
    """Return a of c / t^a, fitted to the last three checks and kept from 0.5 to 2; 1 after one check."""
    positive = np.array([check for check in checks[-3:] if check[1] > 0])
    a = 1.0 if len(positive) < 2 else -np.polyfit(np.log(positive[:, 0]), np.log(positive[:, 1]), 1)[0]
    return float(np.clip(a, 0.5, 2.0))


def worth_until(checks, price):
    """Return the time at which the slope of c / t^a through the last check is the price, by halving."""
    t, e = checks[-1]
    a = exponent(checks)

    def slope(x):
        return a * e * (t / x) ** a / x

    low, high = 1e-9 * t, 1e12 * t
    for _ in range(300):
        middle = (low * high) ** 0.5
        low, high = (middle, high) if slope(middle) > price else (low, middle)
    return low


def stopped_at(curve, price, most):
    """Return the checks of a solve whose exploitability is a known function of iterations; it stops at the last one."""
    checks = [(6, curve(6))]
    while checks[-1][0] < most:
        t = checks[-1][0]
        until = worth_until(checks, price) if checks[-1][1] > 0 else 0.0
        if until < 1.2 * t:
            break
        t = t + max(1, round(min(until, 3 * t) - t))
        checks.append((t, curve(t)))
    return [t for t, _ in checks]
