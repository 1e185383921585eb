"""What does a flop's strategy lose that was found in so many seconds? Trunk loss on six spots, see ``search.boards.held_trunk``.

    python benchmarks/flop_decisions.py --way runouts --seconds 3 --spot Ks8h3d
    python benchmarks/flop_decisions.py --way to_end --iterations 50 --spot QhJh7c
    python benchmarks/flop_decisions.py --table [--write | --check]    # 24 cards, ten minutes; see benchmarks/tables.py

The seconds begin before the game is built, as a decision's do. What is found is then held fast in the evaluation game: three sizes and one
raise on the flop, 75 % of the pot and all-in on turn and river, two bets and raises a street, all run-outs. That game is solved once a spot
for its value, and once a seat with the flop held. Each solve ends when its exploitability is ``--gap`` of the pot, or after ``--minutes``;
values are kept in ``--kept``. Memory and time are stated before each solve. ``--way value`` solves the evaluation game alone.

A rainbow flop with 40 pots behind takes 14 GB and some ten seconds an iteration on two cores, a 3-bet pot's a fourth of both.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import math
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
from flop_spots import BOARDS, SHORT, spot
from tables import HOLDEM, Table, options

from agents.reporting.tables import free_memory, memory_text
from agents.yardstick.trunk_loss import narrowed
from games.holdem.config import Menus, PlayerMenu, Spot, StreetMenu
from games.holdem.menus import Menu, parse_sizes
from games.holdem.rules import HoldemGame, HoldemState
from search import BoardSolver, Budget, Deadline, memory_needed, variant
from search.boards.flop_ways import WAYS, counts_for, first_street_of, flop_menus, game_of_way, storage_of
from search.boards.held_trunk import Bounds, HeldTrunk
from search.boards.strategy import BoardStrategy
from search.boards.workspace import Workspace

DCFR = variant("default_holdem")
RUNS = (  # way, turns and rivers, sizes on the river, iterations
    ("to_end", "", "75%", 75), ("runouts", "21,10", "75%", 75), ("runouts", "21,3", "75%", 75), ("runouts", "10,10", "75%", 75),
    ("runouts", "21,10", "", 75), ("runouts", "21,3", "", 75), ("runouts", "21,3", "", 25), ("runouts", "21,3", "", 12),
    ("runouts", "21,1", "", 75), ("runouts", "10,6", "", 75),
)  # fmt: skip
TABLE = Table(
    "trunk loss on 24 cards", HOLDEM, ["way", "turns, rivers", "bets on the river", "iterations", "rows", "trunk loss, % of the pot"],
    [(way, counts.replace(",", ", ") or "all", river or "none", str(iterations)) for way, counts, river, iterations in RUNS],
)  # fmt: skip
TABLES = (TABLE,)


def evaluation() -> Spot:
    """Return the sizes of the evaluation game; two bets and raises a street."""
    later = StreetMenu(bets="75%,a", raises="75%,a")
    player = PlayerMenu(flop=StreetMenu(bets="33%,75%,150%", raises="100%"), turn=later, river=later)
    return Spot(menu=Menus(oop=player, ip=player), raise_cap=2)


def solved_by(game: HoldemGame, given: argparse.Namespace, seconds: float = math.inf, row_seconds: float = 0.0) -> HoldemGame:
    """Return what a way solves; ``game`` is the evaluation game. A sample has ``--counts``, or as many cards as fit into the seconds."""
    menus = list(flop_menus(given.way, 3))
    for street, text in ((1, given.turn), (2, given.river)):
        if text is not None:
            menus[street] = (Menu(parse_sizes(text, "sizes", raises=False), ()),) * 2
    game = replace(game, betting=replace(game.betting, menus=tuple(menus)))
    return game_of_way(game, given.way, given.counts or counts_for(game, seconds, row_seconds), given.seed)


def announced(name: str, solver: BoardSolver) -> BoardSolver:
    """Say how large a solve is and how long an iteration takes, which it finds out by one of them."""
    begun = time.perf_counter()
    solver.run(1)
    seconds = time.perf_counter() - begun
    print(f"{name}: {solver.rows:,} rows, {solver.memory_bytes() / 1e9:.2f} GB, {seconds:.2f} s for the first iteration", flush=True)
    return solver


def narrow(
    bounds: Callable[[], tuple[float, float]], run: Callable[[int], None], gap: float, minutes: float, name: str
) -> tuple[float, float]:
    """Run until two bounds are close or the time is over, and say how far it is; return them."""
    begun = time.perf_counter()

    def over(done: int, known: Bounds) -> bool:
        spent = time.perf_counter() - begun
        print(f"  {name}: {done} iterations, {spent:.0f} s, {known.low:.2f} to {known.high:.2f} chips", flush=True)
        return spent > 60 * minutes

    return narrowed(bounds, run, gap, over)


def value_of(game: HoldemGame, given: argparse.Namespace) -> tuple[float, float]:
    """Return bounds of player 0's value of the evaluation game in chips a deal, kept or new."""
    path = given.kept / f"value_{game.name.split()[-1]}_{hashlib.sha256(game.key.encode()).hexdigest()[:12]}.json"
    gap = given.gap / 100 * game.pot * 2
    if path.exists():
        low, high = json.loads(path.read_text())["value"]
        if high - low <= gap:
            return low, high
    solver = announced("value", BoardSolver(game, DCFR, given.threads, storage=np.float16))

    def bounds() -> tuple[float, float]:
        first, second = solver.best_response_values()
        return -second, first

    found = narrow(bounds, solver.run, gap, given.minutes, "value")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({"game": game.key, "value": found, "iterations": solver.iterations}))
    return found


def decide(game: HoldemGame, given: argparse.Namespace) -> tuple[BoardStrategy, int]:
    """Return what a way plays on the flop after so many seconds or iterations, and its rows; ``game`` is the evaluation game."""
    boards, needed = memory_needed(solved_by(game, given), DCFR, given.threads, storage_of(given.way))
    print(f"{given.way}: {boards:,} boards, at most {needed / 1e9:.2f} GB", flush=True)
    space = Workspace()
    first = BoardSolver(solved_by(game, given), DCFR, given.threads, storage=storage_of(given.way), workspace=space)
    first.solve(Budget(iterations=3))  # compiles, and learns the machine's speed
    clock = Deadline(given.seconds)
    chosen = solved_by(game, given, math.inf if given.seconds is None else given.seconds, first.pace.expected)
    solver = BoardSolver(chosen, DCFR, given.threads, storage=storage_of(given.way), workspace=space)
    solver.pace, built = first.pace, clock.spent()
    solution = solver.solve(Budget(seconds=given.seconds, iterations=given.iterations), clock)
    done = f"{solution.iterations} iterations in {solution.seconds:.2f} s, {100 * solver.exploitability() / game.pot:.2f} % of the pot"
    print(
        f"{given.way}: {len(solver.tree.cards):,} boards, {solver.rows:,} rows, {built:.2f} s until ready, {done} in its own game",
        flush=True,
    )
    return first_street_of(solution.strategy), solver.rows


def loss(game: HoldemGame, trunk: Callable[[HoldemState], np.ndarray], given: argparse.Namespace) -> tuple[float, float]:
    """Return bounds of the trunk loss in % of the pot, the mean of both seats."""
    low, high = value_of(game, given)
    found = []
    for seat in (0, 1):
        held = HeldTrunk(BoardSolver(game, DCFR, given.threads, storage=np.float16), seat, trunk)
        bounds = narrow(held.bounds, held.run, given.gap / 100 * game.pot * 2, given.minutes, f"seat {seat} held")
        value = (-high, -low) if seat == 0 else (low, high)  # of the other seat
        found.append((100 * (bounds[0] - value[1]) / game.pot, 100 * (bounds[1] - value[0]) / game.pot))
        print(f"  seat {seat} loses {found[-1][0]:.2f} to {found[-1][1]:.2f} % of the pot", flush=True)
        del held
    return sum(own[0] for own in found) / 2, sum(own[1] for own in found) / 2


def measured(given: argparse.Namespace) -> tuple[int, tuple[float, float] | None]:
    """Return the rows that a way solves, and its loss.

    Raises:
        ValueError: bad settings, or an evaluation game that does not fit into memory.
    """
    game = spot(given.spot).game(evaluation())
    (boards, needed), free = memory_needed(game, DCFR, given.threads, np.float16), free_memory()
    print(f"evaluation game of {given.spot}: {boards:,} boards, at most {memory_text(needed)}", flush=True)
    if needed > 0.9 * free and not given.way_alone:
        raise ValueError(f"spot must fit into memory ({memory_text(free)} are free), got {given.spot}, which takes {memory_text(needed)}")
    print(f"three solves of it follow, {given.minutes:g} minutes each at most", flush=True)
    if given.way == "value":
        print(f"value of player 0: {value_of(game, given)} chips")
        return 0, None
    answer, rows = decide(game, given)
    if given.way_alone:
        return rows, None
    found = loss(game, lambda state: answer.at(state), given)
    print(f"trunk loss: {found[0]:.2f} to {found[1]:.2f} % of the pot", flush=True)
    return rows, found


def make_table(given: argparse.Namespace) -> None:
    """Measure the rows of the table."""
    rows, given.spot, given.gap = [], next(iter(SHORT)), 0.2
    for (given.way, counts, given.river, given.iterations), label in zip(RUNS, TABLE.labels, strict=True):
        given.counts = tuple(map(int, counts.split(","))) if counts else None
        size, found = measured(given)
        assert found is not None
        rows.append([*label, f"{size:,}", f"{found[0]:.1f} to {found[1]:.1f}"])
    TABLE.show(
        rows, f"{given.spot}, 500 in the pot and 2,500 behind; the bounds of a loss are what its solves leave open; seed {given.seed}"
    )


def main() -> None:
    """Print the loss."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--way", choices=(*WAYS, "value"))
    parser.add_argument("--spot", choices=(*BOARDS, *SHORT))
    parser.add_argument("--seconds", type=float)
    parser.add_argument("--iterations", type=int)
    parser.add_argument("--counts", type=lambda text: tuple(map(int, text.split(","))), help="turns, rivers of a sample")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--turn", help="sizes of the way's turn in place of its own, e.g. 75%%")
    parser.add_argument("--river", help="likewise")
    parser.add_argument("--way-alone", action="store_true", help="measure no loss")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--gap", type=float, default=0.3, help="%% of the pot: NashConv / 2 of a solve that is done")
    parser.add_argument("--minutes", type=float, default=5.0, help="at most, of each solve")
    parser.add_argument("--kept", type=Path, default=Path("outputs/flop_decisions"))
    parser.add_argument("--table", action="store_true", help="measure the table of the notebook")
    given = parser.parse_args(options(TABLES))
    if given.table:
        make_table(given)
        return
    if given.way is None or given.spot is None:
        sys.exit("error: --way and --spot must be given")
    if given.way != "value" and given.seconds is None and given.iterations is None:
        sys.exit("error: --seconds or --iterations must be given, got neither")
    try:
        measured(given)
    except ValueError as error:
        sys.exit(f"error: {error}")


if __name__ == "__main__":
    main()
