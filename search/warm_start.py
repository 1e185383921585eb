"""When a solve starts from the strategy so far, and for how many iterations that strategy counts.

The idea is that of Brown & Sandholm 2016, "Strategy-Based Warm Starting for Regret Minimization in Games", in a simpler form: regrets and
averages are set as if iterations had already been spent on the strategy; see ``search.kernels.warm`` and ``search.kernels.seed``.
"""

from collections.abc import Callable

MOST_WORTH = 100  # iterations that a blueprint counts for at most
# A solve that expects fewer iterations than WARM_FACTOR times those that the strategy so far is worth starts from it. In 96 searches of
# Leduc (four blueprints, 3 to 800 iterations) the better of both starts was missed by 5 % on average; a factor of 1 missed it by 7 %, 6 by
# 6 %, cold starts alone by 40 %. In 60 searches of a hold'em game with one card a street it was 2 %, 8 %, 2 % and 8 %.
WARM_FACTOR, MIN_WARM = 3.0, 2  # and at least so many iterations: a warm start takes more than one
LIMITED_FACTOR = 1.5  # the same where the solve ends at a depth limit: docs/notebook/search.md, "Warm starts above leaves"
# Times what regrets grow to in theory. Half of it does as well on Leduc; in hold'em it is 4 to 7 % worse after 5 to 20 iterations.
WARM_REGRET_SCALE = 2.0


def warm_iterations(warm_start: str, worth: int, expected: float, factor: float) -> int:
    """Return for how many iterations the strategy so far counts at the start of a solve; 0 for a cold start.

    Args:
        warm_start: see ``ResolveConfig``.
        worth: iterations that make a cold solve as strong.
        expected: iterations that the solve has time for.
        factor: times ``worth``, how many iterations are too many for a warm start to pay.
    """
    if warm_start == "short":
        return worth if MIN_WARM <= expected < factor * worth else 0
    return max(worth, 1) if warm_start == "always" else 0


def cold_iterations(goal: float, exploitability: Callable[[], float], step: Callable[[], None]) -> int:
    """Return how many iterations of a cold solve make its answer as strong as a strategy so far, at most ``MOST_WORTH``.

    Args:
        goal: the strategy's exploitability.
        exploitability: returns that of the solve's answer, before any iteration of uniform play.
        step: does one iteration.
    """
    done = 0
    while done < MOST_WORTH and exploitability() > goal:
        step()
        done += 1
    return done
