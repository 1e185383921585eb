"""Does Libratus' endgame 3 converge as published?

    python benchmarks/libratus.py --data DIRECTORY    # that holds subgame3.txt of github.com/Sandholm-Lab/LibratusEndgames
    python benchmarks/libratus.py --check             # or --write: see benchmarks/tables.py

Exploitability in big blinds of 100 chips, times the mass of deals when both ranges sum to one, as in the literature. Linear CFR and DCFR
discount after adding (``search.discount=after``), which is how the published curves come out. In float64 and in float32: how far the
two differ at one iteration says how far rounding alone moves that figure. *Published* are the literature's curves, solved again by another
solver, since the public code that draws them has three errors (ranges swapped, the second player first, six cards named otherwise).
"""

from __future__ import annotations

import argparse
from dataclasses import replace
from pathlib import Path

import numpy as np
from tables import HOLDEM, Table, options

from games.holdem.config import LibratusEndgame
from search import BoardSolver, variant

VARIANTS = ("cfr", "cfr_plus", "linear_cfr", "dcfr", "pcfr_plus")
ITERATIONS = (10, 50, 100, 1000)
PUBLISHED = {
    "cfr": (6.40872, 1.41995, 0.771153, 0.0856663),
    "cfr_plus": (2.50456, 0.468663, 0.216981, 0.0198848),
    "linear_cfr": (2.42012, 0.163640, 0.0997411, 0.00279854),
    "dcfr": (1.52463, 0.234027, 0.137941, 0.00540642),
    "pcfr_plus": (1.54094, 0.389921, 0.243984, 0.0230548),
}
HEADS = ["search", "iterations", "float64", "float32", "published"]
TABLE = Table("Libratus' endgame 3", HOLDEM, HEADS, [(name, f"{its:,}") for name in VARIANTS for its in ITERATIONS])
TABLES = (TABLE,)


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    given = parser.parse_args(options(TABLES))
    game = LibratusEndgame(file=str(given.data / "subgame3.txt")).build()
    decisions = int((game.bets.player >= 0).sum())
    mass = game.deal_mass / float(game.ranges[0].sum() * game.ranges[1].sum())
    rows = []
    for name in VARIANTS:
        solvers = [BoardSolver(game, replace(variant(name), discount="after"), 1, dtype) for dtype in (np.float64, np.float32)]
        for iterations, published in zip(ITERATIONS, PUBLISHED[name], strict=True):
            found = []
            for solver in solvers:
                solver.run(iterations - solver.iterations)
                found.append(solver.exploitability() * mass / 100)
            rows.append([name, f"{iterations:,}", *(f"{value:.6g}" for value in (*found, published))])
    TABLE.show(rows, f"Big blinds; {decisions} decisions, deal mass {mass:.6f}")


if __name__ == "__main__":
    main()
