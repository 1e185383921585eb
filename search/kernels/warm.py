"""A warm start on hold'em: regrets and averages as if iterations had already been spent on a strategy."""

from __future__ import annotations

from typing import Any

from games.kernels import kernel
from games.kernels.boards import DECISIONS, FIRST_ROW, HANDS, LINES, ROWS, STORE, STREET
from games.kernels.lanes import LANES, add, divide, load_row, multiply, splat, store_row, subtract, where_positive
from search.kernels.streets import TINY


@kernel
def seed_rows(
    table: Any,
    first_row: Any,
    boards: Any,
    player: int,
    strategy: Any,
    regret: Any,
    average: Any,
    regret_scale: float,
    average_scale: float,
) -> None:
    """Turn one iteration of a strategy into a warm start from it, in place.

    With r the regrets of that iteration and s the strategy, at every decision

        regret[a]  = regret_scale * (max_b r[b] - min_b r[b]) * s[a]        average[a] = average_scale * average[a]

    Positive regrets in proportion to the strategy are a fixed point of regret matching; the spread of regrets, which is that of cfvs, is
    their unit (the idea of Brown & Sandholm 2016, "Strategy-Based Warm Starting", in a simpler form).

    Args:
        table: the player's ``Forest.table``.
        first_row: the player's ``Forest.first_row``.
        boards: of the tree.
        player: its number.
        strategy: [stored rows, 8] in proportion to the strategy.
        regret: [stored rows, 8].
        average: [stored rows, 8].
        regret_scale: square root of the iterations that the strategy counts for.
        average_scale: their weight in the average, in units of the last.
    """
    dtype = regret.dtype.type
    zero, one, tiny = splat(dtype(0)), splat(dtype(1)), splat(dtype(TINY))
    scale, weight = splat(dtype(regret_scale)), splat(dtype(average_scale))
    for b in range(len(boards)):
        s = boards[b, STREET]
        stride, lines = table[s, ROWS] - table[s, LINES], table[s, LINES]
        for t in range((boards[b, HANDS + player] + LANES - 1) // LANES):
            base = boards[b, STORE + player] + t * stride - lines
            for k in range(table[s, DECISIONS]):
                low, high = base + first_row[table[s, FIRST_ROW] + k], base + first_row[table[s, FIRST_ROW] + k + 1]
                total = zero
                best = worst = load_row(regret, low)
                for r in range(low, high):
                    x, y = load_row(strategy, r), load_row(regret, r)
                    total = add(total, where_positive(x, x, zero))
                    best, worst = where_positive(subtract(y, best), y, best), where_positive(subtract(worst, y), y, worst)
                enough = subtract(total, tiny)
                inverse = divide(multiply(scale, subtract(best, worst)), where_positive(enough, total, one))
                for r in range(low, high):
                    x = load_row(strategy, r)
                    store_row(regret, r, where_positive(enough, multiply(where_positive(x, x, zero), inverse), zero))
                    store_row(average, r, multiply(weight, load_row(average, r)))
