"""Which CFR variant should `default` be? Iterations to a target on five games, and how it behaves late.

"rise" is the largest ratio of an exploitability to the best one before it, from iteration 100 to 5,000: a variant that blows up late
is no default. Iterations are counted on a grid 5 % wide.

    python benchmarks/variants.py [--write | --check]     # see benchmarks/tables.py
"""

from __future__ import annotations

from tables import VARIANTS as DOCUMENT
from tables import Table, options

from games import public_tree
from search import VARIANTS, Solver

GAMES = {
    "Kuhn": "kuhn_poker",
    "Leduc": "leduc_poker",
    "Liar's Dice 1x5": "liars_dice(numdice=1,dice_sides=5)",
    "Liar's Dice 1x6": "liars_dice(numdice=1,dice_sides=6)",
    "Liar's Dice 2x3": "liars_dice(numdice=2,dice_sides=3)",
}
TARGETS = (1e-2, 1e-3, 1e-4, 1e-5)
ITERATIONS = 5000
HEADS = ["game", "search", *(f"to {target:.0e}" for target in TARGETS), f"after {ITERATIONS}", "rise"]
TABLE = Table("variants", DOCUMENT, HEADS, [(title, one.name) for title in GAMES for one in VARIANTS.values()])
TABLES = (TABLE,)


def main() -> None:
    options(TABLES)
    rows = []
    for title, game in GAMES.items():
        tree = public_tree(game)
        for variant in VARIANTS.values():
            first, value, rise = measure(Solver(tree, variant))
            rows.append([title, variant.name, *(str(its or "-") for its in first), f"{value:.1e}", f"{rise:.2f}"])
    TABLE.show(rows)


def measure(solver: Solver) -> tuple[list[int | None], float, float]:
    """Return the iterations to each target (None: not reached), the last exploitability, and the rise."""
    first: dict[float, int] = {}
    best, rise, value = float("inf"), 1.0, float("inf")
    while solver.iterations < ITERATIONS:
        solver.run(min(max(5, solver.iterations // 20), ITERATIONS - solver.iterations))
        value = solver.exploitability()
        best = min(best, value)
        rise = max(rise, value / best) if solver.iterations >= 100 and best > 1e-13 else rise
        for target in TARGETS:
            if value <= target:
                first.setdefault(target, solver.iterations)
    return [first.get(target) for target in TARGETS], value, rise


if __name__ == "__main__":
    main()
