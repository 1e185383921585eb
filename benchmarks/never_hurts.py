"""Does search ever hurt? Every gadget that bounds its harm, above blueprints that leave little to gain, with few iterations and many.

Exploitability is exact, search included: chips on Leduc, mbb/g in hold'em. Beside each figure stands what the search itself reports:

* Leduc: the solver error, the sum of both seats' NashConv / 2 of the gadget games, weighted by reach. A safe search above the blueprint is
  at most that much worse; `refined` may lose half of what the model's hands lose on top of it.
* Hold'em: the bound violation, half of what the opponent's hands win above their bounds in both seats. With safe bounds (all here) no
  search can be worse than its blueprint by more.

    python benchmarks/never_hurts.py                     # all families: leduc ms2f1t1h5 ms1f1
    python benchmarks/never_hurts.py leduc               # some of them; leduc takes seconds
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from agents import SearchAgent, exploitability, solved_policy, tabulate
from agents.board_blueprint import make_blueprint
from agents.reporting.tables import machine, table, version
from games import public_tree
from games.holdem.config import Holdem
from search import Budget, Evaluator, variant
from search.resolving import ResolveConfig

GADGETS = ("resolve", "maxmargin", "reach_maxmargin", "refined")
COMMON = {"blinds": [1, 2], "stack": 162, "bets": "100%", "raises": "100%", "raise_cap": 1, "min_bet": 2}
HOLDEM = {  # as in conf/game: what it is made of, and where searches begin
    "ms2f1t1h5": (Holdem(name="ms2f1t1h5", ranks="TJQKA", deals=[0, 1, 1], **COMMON), ((2,), (1,), (1, 2))),
    "ms1f1": (Holdem(name="ms1f1", deals=[0, 1], **COMMON), ((1,),)),
}


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
        for solve_from in ("round", "decision"):
            for gadget in GADGETS:
                agent = SearchAgent(blueprint, variant("default"), solve_from, ResolveConfig(gadget), measure_error=True)
                for iterations in (3, 10, 30, 100, 1000):
                    seats = tabulate(agent, 0, Budget(iterations=iterations)), tabulate(agent, 1, Budget(iterations=iterations))
                    yield Cell(f"{solve_from}, {gadget}", iterations, exploitability(seats), sum(seat.solver_error for seat in seats))

    return Evaluator(tree).exploitability(blueprint.strategy()), cells()


def holdem(name: str, directory: Path) -> tuple[float, Iterator[Cell]]:
    """Return the strength of a lossless blueprint of 200 iterations of CFR+, and searches from it."""
    settings, starts = HOLDEM[name]
    game = settings.build()
    blueprint = make_blueprint(game, [], variant("cfr_plus"), 200, directory)

    def cells() -> Iterator[Cell]:
        for streets in starts:
            for gadget in GADGETS:
                agent = SearchAgent(blueprint, variant("cfr_plus"), "+".join(game.rounds[s] for s in streets), ResolveConfig(gadget))
                for iterations in (50, 200, 800):
                    seats = [agent.tabulate(seat, Budget(iterations=iterations)) for seat in (0, 1)]
                    value = sum(seat.opponent_best_response for seat in seats) / 2
                    bound = sum(seat.solver_error for seat in seats) / 2
                    search = f"{' and '.join(game.rounds[s] for s in streets)}, {gadget}"
                    yield Cell(search, iterations, 500 * value, 500 * bound)  # a big blind is 2 chips

    return 500 * blueprint.exploitability, cells()


def main() -> None:
    every = ("leduc", *HOLDEM)
    wanted = sys.argv[1:] or every
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
        worse = [cell for cell in found if cell.value > blueprint]
        print(f"\n{family}, {unit}; the blueprint: {blueprint:.4g}\n")
        rows = [[c.search, str(c.iterations), f"{c.value:.4g}", f"{c.value - blueprint:+.2g}", f"{c.bound:.2g}"] for c in found]
        print(table(["search", "iterations", "exploitability", "above the blueprint", bound], rows))
        most = max((cell.value - blueprint for cell in found), default=0.0)
        print(f"\n{len(worse)} of {len(found)} are above the blueprint" + (f", by {most:.2g} {unit} at most" if worse else ""))
    print(f"\n{machine()['cpu']}, commit {version()['git']}")


if __name__ == "__main__":
    main()
