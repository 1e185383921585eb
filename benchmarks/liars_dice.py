"""Deriving and solving Liar's Dice 1x6 and 2x3 (8,191 public nodes each) to exploitability 1e-4 chips, kernels warm, one thread.

python benchmarks/liars_dice.py [rounds]
"""

from __future__ import annotations

import statistics
import time

from tables import conditions, options

from agents.reporting.tables import table
from games import public_tree
from search import Budget, Solver, variant, whole_game

GAMES = ("liars_dice(numdice=1,dice_sides=6)", "liars_dice(numdice=2,dice_sides=3)")
GOAL = 1e-4


def main() -> None:
    rounds = int((options() or ["5"])[0])
    rows = []
    for game in GAMES:
        derived = []
        for _ in range(rounds):
            start = time.perf_counter()
            tree = public_tree(game)
            derived.append(time.perf_counter() - start)
        for name in ("default", "dcfr", "cfr_plus"):
            solver = Solver(tree, variant(name))
            solver.run(1)
            solver.exploitability()
            found, checked, iterations = [], [], 0
            for _ in range(rounds):
                solver.start(whole_game(tree))
                solution = solver.solve(Budget(exploitability=GOAL))
                found.append(solution.seconds)
                checked.append(solution.check_seconds)
                iterations = solution.iterations
            columns = [statistics.median(derived), statistics.median(found), max(found), statistics.median(checked)]
            rows.append([game, name, *(f"{x:.3f}" for x in columns), str(iterations)])
    print(table(["game", "search", "derived s", "solved s", "slowest s", "checks s", "iterations"], rows))
    print(f"\n{conditions(f'Medians of {rounds}, one thread, to {GOAL} chips')}")


if __name__ == "__main__":
    main()
