"""Does search ever hurt? Gadgets that bound what they may cost, above blueprints that leave little to gain, few iterations and many.

Exploitability is exact, search included: chips on Leduc, mbb/g in hold'em. Beside each figure stands what the search itself reports:

* Leduc: the solver error, the sum of both seats' NashConv / 2 of the gadget games, weighted by reach. A safe search above the blueprint is
  at most that much worse; `refined` may lose half of what the model's hands lose on top of it.
* Hold'em: the bound violation, half of what the opponent's hands win above their bounds in both seats. With safe bounds (all here) no
  search can be worse than its blueprint by more.

    python benchmarks/never_hurts.py                     # all families: leduc ms2f1t1h5 ms1f1
    python benchmarks/never_hurts.py leduc               # some of them; leduc takes seconds. --write, --check: see benchmarks/tables.py

Unsafe and combined searches stand beside the others in hold'em, from the last street: nothing bounds what those cost. *Slumbot* is what
Eric Jackson's open Slumbot published above blueprints of 200 iterations of CFR+; its ``resolve`` is CFR-D.
"""

from __future__ import annotations

import math
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from tables import RESULTS, Table, options

from agents import SearchAgent, exploitability, solved_policy, tabulate
from agents.board_blueprint import make_blueprint
from games import public_tree
from games.holdem.config import Holdem
from search import Budget, Evaluator, variant
from search.resolving import ResolveConfig

GADGETS = ("resolve", "maxmargin", "reach_maxmargin", "refined")
COMMON = {"blinds": [1, 2], "stack": 162, "bets": "100%", "raises": "100%", "raise_cap": 1, "min_bet": 2}
HOLDEM = {  # as in conf/game: what it is made of, and where searches begin
    "ms2f1t1h5": (Holdem(name="ms2f1t1h5", ranks="TJQKA", deals=[0, 1, 1], **COMMON), ("turn", "flop", "flop+turn")),
    "ms1f1": (Holdem(name="ms1f1", deals=[0, 1], **COMMON), ("flop",)),
}
PUBLISHED = {  # mbb/g, above blueprints of 7.99 and 2.86
    "ms2f1t1h5": {"turn, unsafe": "43.72", "turn, resolve": "5.82", "turn, combined": "11.20"},
    "ms1f1": {"flop, unsafe": "3.83", "flop, resolve": "2.95", "flop, combined": "2.92"},
}
BUDGETS = {"leduc": (3, 10, 30, 100, 1000), "ms2f1t1h5": (50, 200, 800), "ms1f1": (50, 200, 800)}
STARTS = {"round": "from the second round", "decision": "at every decision"}


def searches(family: str) -> dict[str, tuple[str, str]]:
    """Return where a family's searches begin and their gadgets, by what a row calls them."""
    if family == "leduc":
        return {f"{STARTS[start]}, {gadget}": (start, gadget) for start in STARTS for gadget in GADGETS}
    starts = HOLDEM[family][1]
    return {
        f"{start.replace('+', ' and ')}, {gadget}": (start, gadget)
        for start in starts
        for gadget in (*(("unsafe", "combined") if start == starts[0] else ()), *GADGETS)
    }


def table_of(family: str) -> Table:
    """Return a family's table: each cell has the exploitability, and in brackets what bounds the cost."""
    published = ["Slumbot"] if family in PUBLISHED else []
    heads = ["search", *(f"{iterations:,} iterations" for iterations in BUDGETS[family]), *published]
    return Table(f"search never hurts, {family}", RESULTS, heads, [(search,) for search in searches(family)])


TABLES = tuple(table_of(family) for family in BUDGETS)


class Cell(NamedTuple):
    """One search with one budget; figures in the family's unit."""

    search: str
    iterations: int
    value: float
    bound: float


def leduc() -> tuple[float, Iterator[Cell]]:
    """Return the strength of a blueprint of 500 iterations of CFR+, and searches from it."""
    tree = public_tree("leduc_poker")
    blueprint = solved_policy(tree, variant("cfr_plus"), 500)

    def cells() -> Iterator[Cell]:
        for search, (solve_from, gadget) in searches("leduc").items():
            agent = SearchAgent(blueprint, variant("default"), solve_from, ResolveConfig(gadget), measure_error=True)
            for iterations in BUDGETS["leduc"]:
                seats = tabulate(agent, 0, Budget(iterations=iterations)), tabulate(agent, 1, Budget(iterations=iterations))
                yield Cell(search, iterations, exploitability(seats), sum(seat.solver_error for seat in seats))

    return Evaluator(tree).exploitability(blueprint.strategy()), cells()


def holdem(name: str, directory: Path) -> tuple[float, Iterator[Cell]]:
    """Return the strength of a lossless blueprint of 200 iterations of CFR+, and searches from it."""
    game = HOLDEM[name][0].build()
    blueprint = make_blueprint(game, [], variant("cfr_plus"), 200, directory)

    def cells() -> Iterator[Cell]:
        for search, (solve_from, gadget) in searches(name).items():
            agent = SearchAgent(blueprint, variant("cfr_plus"), solve_from, ResolveConfig(gadget))
            for iterations in BUDGETS[name]:
                seats = [tabulate(agent, seat, Budget(iterations=iterations)) for seat in (0, 1)]
                bound = sum(seat.bound_violation for seat in seats) / 2 if gadget in GADGETS else math.nan
                yield Cell(search, iterations, 500 * exploitability(seats), 500 * bound)  # a big blind is 2 chips

    return 500 * blueprint.exploitability, cells()


def main() -> None:
    every = ("leduc", *HOLDEM)
    wanted = options(TABLES) or every
    if unknown := set(wanted) - set(every):
        sys.exit(f"error: a family must be one of {', '.join(every)}, got {min(unknown)!r}")
    for family in wanted:
        with tempfile.TemporaryDirectory() as directory:
            blueprint, cells = leduc() if family == "leduc" else holdem(family, Path(directory))
            found = []
            for cell in cells:
                found.append(cell)
                print(f"{family}: {cell.search}, {cell.iterations}: {cell.value:.4g}", file=sys.stderr, flush=True)
        unit, bound = ("chips", "solver error") if family == "leduc" else ("mbb/g", "bound violation")
        rows = []
        for search in searches(family):
            digits = 3 if family == "leduc" else 4
            cells = [f"{c.value:.{digits}g}" + ("" if math.isnan(c.bound) else f" ({c.bound:.2g})") for c in found if c.search == search]
            rows.append([search, *cells, *([PUBLISHED[family].get(search, "-")] if family in PUBLISHED else [])])
        bounded = [cell for cell in found if not math.isnan(cell.bound)]
        worse, most = sum(cell.value > blueprint for cell in bounded), max(cell.value - blueprint for cell in bounded)
        note = f"Exploitability, {unit}, and the {bound} in brackets; the blueprint: {blueprint:.4g}"
        note += f"; {worse} of {len(bounded)} bounded searches are above it" + (f", by {most:.2g} at most" if worse else "")
        table_of(family).show(rows, note)


if __name__ == "__main__":
    main()
