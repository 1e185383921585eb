"""Does Libratus' endgame 3 converge as published?

    python benchmarks/libratus.py --data DIRECTORY    # that holds subgame3.txt of github.com/Sandholm-Lab/LibratusEndgames

Exploitability in big blinds of 100 chips, times the mass of deals when both ranges sum to one, as in the literature. Linear CFR and DCFR
discount after adding (``search.discount=after``), which is how the published curves come out. In float64 and in float32: how far the
two differ at one iteration says how far rounding alone moves that figure.
"""

from __future__ import annotations

import argparse
from dataclasses import replace
from pathlib import Path

import numpy as np

from agents.reporting.tables import machine, table, version
from games.holdem.config import LibratusEndgame
from search import BoardSolver, variant

VARIANTS = ("cfr", "cfr_plus", "linear_cfr", "dcfr", "pcfr_plus")
ITERATIONS = (1, 10, 50, 100, 1000)


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    options = parser.parse_args()
    game = LibratusEndgame(file=str(options.data / "subgame3.txt")).build()
    decisions = int((game.bets.player >= 0).sum())
    mass = game.deal_mass / float(game.ranges[0].sum() * game.ranges[1].sum())
    print(f"{decisions} decisions, deal mass {mass:.6f}")
    columns = []
    runs = [(name, dtype) for dtype in (np.float64, np.float32) for name in VARIANTS]
    for name, dtype in runs:
        solver = BoardSolver(game, replace(variant(name), discount="after"), 1, dtype)
        found = [solver.exploitability()]
        for iterations in ITERATIONS:
            solver.run(iterations - solver.iterations)
            found.append(solver.exploitability())
        columns.append([f"{e * mass / 100:.6g}" for e in found])
    rows = [[str(n), *values] for n, values in zip((0, *ITERATIONS), zip(*columns, strict=True), strict=True)]
    print(table(["its", *(name + (" f4" if dtype == np.float32 else "") for name, dtype in runs)], rows))
    print(f"{machine()['cpu']}; {version()}")


if __name__ == "__main__":
    main()
