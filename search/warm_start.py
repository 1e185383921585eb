"""When a solve starts from the strategy so far, and for how many iterations that strategy counts.

The idea is that of Brown & Sandholm 2016, "Strategy-Based Warm Starting for Regret Minimization in Games", in a simpler form: regrets and
averages are set as if iterations had already been spent on the strategy; see ``search.kernels.warm`` and ``search.kernels.seed``.
"""

# A solve that expects fewer iterations than WARM_FACTOR times those that the strategy so far is worth starts from it. Over 96 searches of
# Leduc (four blueprints, 3 to 800 iterations) a factor of 1 made them 9 % more exploitable than the better start of each, 3 5 %, 6 6 %,
# 12 10 %; on a hold'em game of one card a street factors from 3 to 6 did not differ. docs/notebook has both tables.
WARM_FACTOR, MIN_WARM = 3, 2  # and at least so many iterations: a warm start takes more than one
WARM_REGRET_SCALE = 2.0  # times what regrets grow to in theory: of 1, 2 and 4 the best in hold'em, and as good as 1 on Leduc


def warm_iterations(warm_start: str, worth: int, expected: float) -> int:
    """Return for how many iterations the strategy so far counts at the start of a solve; 0 for a cold start.

    Args:
        warm_start: see ``ResolveConfig``.
        worth: iterations that make a cold solve as strong.
        expected: iterations that the solve has time for.
    """
    if warm_start == "short":
        return worth if MIN_WARM <= expected < WARM_FACTOR * worth else 0
    return max(worth, 1) if warm_start == "always" else 0
