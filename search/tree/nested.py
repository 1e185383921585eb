"""Strategies of a whole game from nested depth-limited solves: each subgame begins at a leaf of the one above, with its ranges there.

No solve is safe: both players' ranges are those of the solve above, as in self-play and as ReBeL plays (Brown, Bakhtin, Lerer & Gong 2020,
arXiv 2007.13544, section 6). Either each solve's average strategy is played, or that of an iteration drawn at random for each solve, with
the weights of the average. What such an agent plays is then a mixture, of which draws are averaged.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from games.arrays import Bool, Float
from search.tree.batch import DepthLimitedBatch
from search.tree.strategy import Strategy, full_ranges, uniform
from search.tree.subgames import DepthLimitedSubgames
from search.variants import BLOCK, coefficients


def nested_average(subgames: DepthLimitedSubgames, iterations: int, tremble: float) -> Strategy:
    """Return the strategy of the whole game of which every solve of so many iterations plays its average."""
    return _nested(subgames, iterations, tremble, 1, None)[0]


def nested_draws(subgames: DepthLimitedSubgames, iterations: int, tremble: float, draws: int, rng: np.random.Generator) -> list[Strategy]:
    """Return strategies of the whole game; in each, every solve plays the strategy of an iteration that is drawn for it."""
    return _nested(subgames, iterations, tremble, draws, rng)


def _nested(subgames: DepthLimitedSubgames, iterations: int, tremble: float, draws: int, rng: np.random.Generator | None) -> list[Strategy]:
    """Return strategies of the whole game, of averages if there is no generator; all draws are solved side by side."""
    tree, full = subgames.tree, full_ranges(subgames.tree)
    found = [uniform(tree) for _ in range(draws)]
    roots, ranges = [(draw, 0) for draw in range(draws)], tuple(np.repeat(full[p][None], draws, axis=0) for p in (0, 1))
    while roots:
        cuts = [subgames.cut(node) for _, node in roots]
        batch = DepthLimitedBatch(cuts, (ranges[0], ranges[1]), subgames.variant, subgames.limit.leaves)
        times = np.full(len(roots), iterations) if rng is None else 1 + rng.choice(iterations, len(roots), p=_weights(subgames, iterations))
        following, reached = list[tuple[int, int]](), (list[Float](), list[Float]())
        for t in np.unique(times).tolist():
            batch.run(t - batch.iterations - (rng is not None))
            played = batch.strategies(average=rng is None)
            for k in np.flatnonzero(times == t).tolist():
                (draw, _), cut = roots[k], batch.cuts[k]
                for p in (0, 1):
                    found[draw].tables[p][cut.rows[p][1:] - 1] = played[k][p]
                strategy = Strategy(cut.tree, cut.tree.subgame(), played[k])
                for leaf, node in zip(cut.leaves.tolist(), cut.nodes[cut.leaves].tolist(), strict=True):
                    following.append((draw, node))
                    weights = cut.tree.chance_weights[cut.tree.chance_of[leaf]]
                    for p, reach in enumerate(strategy.ranges(leaf, (ranges[0][k], ranges[1][k]))):
                        reached[p].append(_trembled(reach, weights.max(axis=1 - p) > 0, tremble))
        roots, ranges = following, (np.array(reached[0]), np.array(reached[1]))
    return found


def _trembled(reach: Float, live: Bool, tremble: float) -> Float:
    """Return [H], a share for each hand, with some of every hand that can be there, ``live`` [H]; even where nobody is."""
    total, even = reach[live].sum(), live / live.sum()
    found: Float = even if total == 0 else (1.0 - tremble) * live * reach / total + tremble * even
    return found


def _weights(subgames: DepthLimitedSubgames, iterations: int) -> Float:
    """Return [T], the weights of iterations in an average strategy."""
    decay = np.concatenate([coefficients(subgames.variant, block)[:, 2] for block in range(-(-iterations // BLOCK))])[:iterations]
    decay[0] = 1.0
    weights: Float = 1.0 / np.cumprod(decay)
    shares: Float = weights / weights.sum()
    return shares


def mixture(strategies: Sequence[Strategy]) -> Strategy:
    """Return the strategy whose reach is the mean of the reach of strategies of the whole game: what drawing one of them plays."""
    tree, tables = strategies[0].tree, list[Float]()
    for p in (0, 1):
        own, reach = tree.sequences[p], np.zeros((tree.num_rows(p), tree.padded_hands(p)))
        for strategy in strategies:
            one = np.ones_like(reach)
            for k, parent in enumerate(own.parent_row):
                rows = slice(own.first_row[k], own.first_row[k + 1])
                one[rows] = one[parent] * strategy.tables[p][own.first_row[k] - 1 : own.first_row[k + 1] - 1]
            reach += one
        table = uniform(tree).tables[p]
        for first, end in zip(own.first_row[:-1], own.first_row[1:], strict=True):
            total = reach[first:end].sum(axis=0)
            np.divide(reach[first:end], total, out=table[first - 1 : end - 1], where=total > 0)
        tables.append(table)
    return Strategy(tree, tree.subgame(), (tables[0], tables[1]))
