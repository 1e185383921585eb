"""How exploitable is ReBeL's own way to play with a value network: unsafe solves, and the strategy of a random iteration of each?

    python benchmarks/random_iterates.py GAME VALUES [DEPTH [ITERATIONS [DRAWS]]]

GAME is OpenSpiel's name, VALUES a file that ``timebank train trainer=rebel`` wrote; DEPTH 0 is the end of the round. Nested solves of
ITERATIONS, each with the ranges of the one above, give a strategy of the whole game (``search.tree.nested``). *average*: every solve plays
its average strategy. *random*: every solve plays the strategy of one iteration that is drawn for it (Brown et al. 2020, arXiv 2007.13544,
section 6). What such an agent plays is the mixture over all draws. The exploitability of the mixture of DRAWS is exact. Its mean over sets
of draws bounds that of the whole mixture from above, as exploitability is convex. Half as many draws stand beside it.
"""

from __future__ import annotations

import numpy as np
from tables import conditions, options

from agents.networks.value import load_values
from agents.reporting.tables import table
from games import public_tree
from search import Evaluator, variant
from search.frontier import DepthLimit
from search.tree.infostates import TreeInfostates
from search.tree.nested import mixture, nested_average, nested_draws
from search.tree.subgames import DepthLimitedSubgames


def main() -> None:
    game, path, *numbers = options()
    depth, iterations, draws = (int(given) for given in [*numbers, *("2", "1024", "64")[len(numbers) :]])
    tree = public_tree(game)
    leaves, evaluator, rows = load_values(path, TreeInfostates(tree)), Evaluator(tree), list[list[str]]()
    for name in ("linear_cfr", "default"):
        subgames = DepthLimitedSubgames(tree, variant(name), DepthLimit(leaves, depth or None))
        drawn = nested_draws(subgames, iterations, leaves.encoding.tremble, draws, np.random.default_rng(0))
        found = nested_average(subgames, iterations, leaves.encoding.tremble), mixture(drawn[: draws // 2]), mixture(drawn)
        rows.append([name, *(f"{evaluator.exploitability(strategy):.4f}" for strategy in found)])
    print(table(["search", "average", f"random, {draws // 2} draws", f"random, {draws} draws"], rows))
    print(f"\n{conditions(f'{game}, {iterations:,} iterations a solve, {path}; exact, chips')}")


if __name__ == "__main__":
    main()
