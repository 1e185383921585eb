"""What does a flop's strategy lose that was found in so many seconds? Trunk loss on six spots, see ``search.boards.held_trunk``.

    python benchmarks/flop_decisions.py --way runouts --seconds 1 --spot Ks8h3d
    python benchmarks/flop_decisions.py --way to_end --rivers 4 --iterations 50 --spot QhJh7c
    python benchmarks/flop_decisions.py --table [--write | --check]    # 24 cards, ten minutes; see benchmarks/tables.py

The seconds begin before the game is built, as a decision's do. What is found is then held fast in the evaluation game: three sizes and one
raise on the flop, 75 % of the pot and all-in on turn and river, two bets and raises a street, all run-outs. That game is solved once a seat
with the flop held. Each solve ends when its bounds are ``--gap`` % of the pot apart, or after ``--most`` iterations.

A rainbow flop with 40 pots behind takes 14 GB and some ten seconds an iteration on two cores, a 3-bet pot's a fourth of both.
"""

from __future__ import annotations

import argparse
import sys
import time
from dataclasses import replace

import numpy as np
from flop_spots import BOARDS, SHORT, spot
from tables import HOLDEM, Table, options

from agents.reporting.tables import free_memory, memory_text
from agents.yardstick.trunk_loss import trunk_loss
from games.holdem.config import Menus, PlayerMenu, Spot, StreetMenu
from games.holdem.menus import Menu, parse_sizes
from games.holdem.rules import HoldemGame
from search import BoardSolver, Budget, Deadline, memory_needed, variant
from search.boards.flop_ways import RIVERS, WAYS, first_street_of, flop_menus, game_of_way, storage_of
from search.boards.held_trunk import Bounds
from search.boards.strategy import BoardStrategy
from search.boards.workspace import Workspace

DCFR = variant("default_holdem")
RUNS = (  # way, rivers that an iteration deals, bets on the river, iterations
    ("to_end", 0, "75%", 75), ("runouts", 0, "", 75), ("runouts", 1, "", 75), ("runouts", 2, "", 75), ("runouts", 2, "", 25),
    ("runouts", 2, "", 12), ("runouts", 4, "", 25), ("to_end", 2, "75%", 75), ("to_end", 4, "75%", 75), ("to_end", 4, "75%", 25),
)  # fmt: skip
TABLE = Table(
    "trunk loss on 24 cards", HOLDEM, ["way", "rivers an iteration", "bets on the river", "iterations", "trunk loss, % of the pot"],
    [(way, str(rivers or "all"), sizes or "none", str(iterations)) for way, rivers, sizes, iterations in RUNS],
)  # fmt: skip
TABLES = (TABLE,)


def evaluation(plain: bool = False) -> Spot:
    """Return the sizes of the evaluation game, two bets and raises a street; ``plain``: 75 % of the pot alone on turn and river."""
    later = StreetMenu(bets="75%", raises="") if plain else StreetMenu(bets="75%,a", raises="75%,a")
    player = PlayerMenu(flop=StreetMenu(bets="33%,75%,150%", raises="100%"), turn=later, river=later)
    return Spot(menu=Menus(oop=player, ip=player), raise_cap=2)


def solved_by(game: HoldemGame, given: argparse.Namespace) -> HoldemGame:
    """Return what a way solves; ``game`` is the evaluation game."""
    menus = list(flop_menus(given.way, 3))
    if given.turn is not None:
        menus[1] = (Menu(parse_sizes(given.turn, "sizes", raises=False), ()),) * 2
    return game_of_way(replace(game, betting=replace(game.betting, menus=tuple(menus))), given.way)


def decide(game: HoldemGame, given: argparse.Namespace) -> BoardStrategy:
    """Return what a way plays on the flop after so many seconds or iterations; ``game`` is the evaluation game."""
    chosen, storage, rivers = solved_by(game, given), storage_of(given.way), rivers_of(given)
    boards, needed = memory_needed(chosen, DCFR, given.threads, storage)
    print(f"{given.way}: {boards:,} boards, at most {needed / 1e9:.2f} GB", flush=True)
    space = Workspace()
    first = BoardSolver(chosen, DCFR, given.threads, storage=storage, workspace=space, rivers=rivers)
    first.solve(Budget(iterations=3))  # compiles, and learns the machine's speed
    clock = Deadline(given.seconds)
    solver = BoardSolver(chosen, DCFR, given.threads, storage=storage, workspace=space, rivers=rivers)
    solver.pace, built = first.pace, clock.spent()
    solution = solver.solve(Budget(seconds=given.seconds, iterations=given.iterations), clock)
    done = f"{solution.iterations} iterations in {solution.seconds:.2f} s, {100 * solver.exploitability() / game.pot:.2f} % of the pot"
    print(f"{given.way}: {solver.rows:,} rows, {built:.2f} s until ready, {done} in its own game", flush=True)
    return first_street_of(solution.strategy)


def rivers_of(given: argparse.Namespace) -> int | None:
    """Return how many rivers an iteration of a way deals after each turn; None for all, which --rivers 0 asks for."""
    return (RIVERS[given.way] if given.rivers is None else given.rivers) or None


def measured(given: argparse.Namespace) -> Bounds | None:
    """Return bounds of what a way loses, in shares of the pot; None where only the way is to run.

    Raises:
        ValueError: bad settings, or an evaluation game that does not fit into memory.
    """
    game = spot(given.spot).game(evaluation(given.plain))
    (boards, needed), free = memory_needed(game, DCFR, given.threads, np.float16), free_memory()
    print(f"evaluation game of {given.spot}: {boards:,} boards, at most {memory_text(needed)}, two solves", flush=True)
    if needed > 0.9 * free and not given.way_alone:
        raise ValueError(f"spot must fit into memory ({memory_text(free)} are free), got {given.spot}, which takes {memory_text(needed)}")
    answer, begun = decide(game, given), time.perf_counter()
    if given.way_alone:
        return None

    def tell(done: int, bounds: Bounds) -> None:
        gap = 100 * (bounds.high - bounds.low) / game.pot
        print(f"  {done} iterations, {time.perf_counter() - begun:.0f} s, {gap:.2f} % of the pot open", flush=True)

    found = trunk_loss(game, answer.at, DCFR, given.gap / 100, given.most, given.threads, np.float16, tell)
    print(f"trunk loss of {given.spot}: {100 * found.low:.2f} to {100 * found.high:.2f} % of the pot", flush=True)
    return found


def make_table(given: argparse.Namespace) -> None:
    """Measure the rows of the table."""
    rows, given.spot, given.gap = [], next(iter(SHORT)), 0.4
    for (given.way, given.rivers, _, given.iterations), label in zip(RUNS, TABLE.labels, strict=True):
        found = measured(given)
        assert found is not None
        rows.append([*label, f"{100 * found.low:.1f} to {100 * found.high:.1f}"])
    TABLE.show(rows, f"{given.spot}, 500 in the pot and 2,500 behind; the bounds of a loss are what its solves leave open")


def main() -> None:
    """Print the loss."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--way", choices=WAYS)
    parser.add_argument("--spot", choices=(*BOARDS, *SHORT))
    parser.add_argument("--seconds", type=float)
    parser.add_argument("--iterations", type=int)
    parser.add_argument("--rivers", type=int, help="that an iteration deals after each turn, 0 for all; the way's own unless given")
    parser.add_argument("--turn", help="sizes of the way's turn in place of its own, e.g. 75%%")
    parser.add_argument("--plain", action="store_true", help="measure in a game with 75 %% of the pot alone on turn and river")
    parser.add_argument("--way-alone", action="store_true", help="measure no loss")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--gap", type=float, default=0.6, help="%% of the pot: how far apart the bounds of a solve may stay")
    parser.add_argument("--most", type=int, default=200, help="iterations of each solve, at most")
    parser.add_argument("--table", action="store_true", help="measure the table of the notebook")
    given = parser.parse_args(options(TABLES))
    if given.table:
        make_table(given)
        return
    if given.way is None or given.spot is None:
        sys.exit("error: --way and --spot must be given")
    if given.seconds is None and given.iterations is None:
        sys.exit("error: --seconds or --iterations must be given, got neither")
    try:
        measured(given)
    except ValueError as error:
        sys.exit(f"error: {error}")


if __name__ == "__main__":
    main()
