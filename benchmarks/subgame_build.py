"""How long does it take from a public state of no-limit hold'em to the first iteration of a search?

    python benchmarks/subgame_build.py [--before OLD_TREE] [--repeats N]

Both players have 200 big blinds, both ranges nearly all hands with random weights, and the menus are 75 % of the pot and all-in. Measured
is from ``subgame_of`` to the moment when ``BoardSolver.run`` could begin on one thread, with compiled kernels and the memory of the solvers
before, as in an agent that is running: seconds of CPU and of the clock, the best of the repeats. *New* bets are a pot and stacks that no
subgame before had; *known* ones were there before. The first iteration is told apart: it meets large arrays that nobody has touched yet.
OLD_TREE is another checkout, for the columns before; a tree without subgames builds the spot that is the same.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from games.holdem.config import Spot
from search import BoardSolver, variant

HEADS = [
    "state", "bets", "nodes", "MB of regrets and averages", "before, ms of CPU", "ms", "ready, ms of CPU", "ms", "times as fast",
    "first iteration, ms of CPU",
]  # fmt: skip
RAISED, LIMPED = "raise 300 / call / Td9d6h / check / bet 400 / call / Qc", "call / check / Td9d6h / check / check / Qc"
LINES = {  # with the pot and what is behind, for trees without subgames
    "river, 4,200 in the pot": (f"{RAISED} / check / bet 1400 / call / 4s", 4_200, 17_900),
    "turn, 1,400 in the pot": (RAISED, 1_400, 19_300),
    "river, 200 in the pot": (f"{LIMPED} / check / check / 4s", 200, 19_900),
    "turn, 200 in the pot": (LIMPED, 200, 19_900),
}
SIZES, SEARCH = "75%,a", "default_holdem"
Build = Callable[[tuple[np.ndarray, np.ndarray]], BoardSolver]


def builder(line: str, pot: int, behind: int) -> Build:
    """Return what makes a solver of two ranges: from the public state, or in a tree without subgames from the same spot."""
    board = "".join(step for step in line.split(" / ") if step[0] in "23456789TJQKA")
    spot = Spot(board=board, pot=pot, stack=behind, bets=SIZES, raises=SIZES, min_bet=100).build()
    try:
        from games.game import find_decision
        from games.holdem.config import Holdem
        from games.holdem.subgame import subgame_of
        from search.boards.workspace import Workspace
    except ImportError:
        from games.holdem.rules import HoldemGame

        return lambda ranges: BoardSolver(HoldemGame(spot.name, spot.betting, spot.deals, spot.board, ranges), variant(SEARCH))
    whole = Holdem(blinds=[50, 100], stack=20_000, min_bet=100, amounts="any").build()
    state, menus, space = find_decision(whole, line, "line"), spot.betting.menus, Workspace()
    return lambda ranges: BoardSolver(subgame_of(whole, state, ranges, menus), variant(SEARCH), workspace=space)


def forget_bets() -> None:
    """Let no bets be known."""
    try:
        from games.holdem.betting_tree import kept_tree
        from games.holdem.layout import whole_forests, whole_streets
    except ImportError:
        return
    for kept in (kept_tree, whole_streets, whole_forests):
        kept.cache_clear()


def measure(name: str, known: bool, repeats: int) -> list[float]:
    """Return CPU seconds and seconds until a search is ready, CPU seconds of its first iteration, nodes of the bets, and megabytes."""
    rng, build, best = np.random.default_rng(0), builder(*LINES[name]), np.full(3, np.inf)
    for repeat in range(repeats + 1):
        ranges = rng.random(1326) * (rng.random(1326) < 0.95), rng.random(1326) * (rng.random(1326) < 0.95)
        if not known:
            forget_bets()
        clock, start = time.perf_counter(), time.process_time()
        solver = build(ranges)
        built, seconds = time.process_time(), time.perf_counter() - clock
        solver.run(1)
        if repeat:  # the first one compiles
            best = np.minimum(best, (built - start, seconds, time.process_time() - built))
        nodes, megabytes = len(solver.game.bets.labels), 2 * 32 * sum(solver.tree.stored_rows) / 1e6
        del solver
    return [*best.tolist(), nodes, megabytes]


def measured_in(tree: Path, name: str, known: bool, repeats: int) -> list[float]:
    """Return the same of another tree, measured in a process of its own."""
    command = [sys.executable, __file__, "--measure", name, "--repeats", str(repeats), *(["--known"] if known else [])]
    done = subprocess.run(command, env=os.environ | {"PYTHONPATH": str(tree)}, capture_output=True, text=True, check=True, cwd=tree)
    found: list[float] = json.loads(done.stdout.splitlines()[-1])
    return found


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--before", type=Path, metavar="OLD_TREE")
    parser.add_argument("--repeats", type=int, default=30)
    parser.add_argument("--measure", help=argparse.SUPPRESS)
    parser.add_argument("--known", action="store_true", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.measure:
        print(json.dumps(measure(given.measure, given.known, given.repeats)))
        return
    from tables import conditions

    from agents.reporting.tables import table

    here, rows = Path(__file__).resolve().parents[1], []
    for name in LINES:
        old = measured_in(given.before.resolve(), name, False, given.repeats) if given.before else None
        for known in (False, True):
            cpu, seconds, first, nodes, megabytes = measured_in(here, name, known, given.repeats)
            before = ["-", "-"] if old is None else [f"{1e3 * old[0]:.2f}", f"{1e3 * old[1]:.2f}"]
            ratio = "-" if old is None else f"{old[0] / cpu:.1f}"
            own = [f"{1e3 * cpu:.2f}", f"{1e3 * seconds:.2f}", ratio, f"{1e3 * first:.2f}"]
            rows.append([name, "known" if known else "new", str(nodes), f"{megabytes:.2f}", *before, *own])
            print(*rows[-1], flush=True)
    print(f"\n{table(HEADS, rows)}\n\n{conditions('the best of ' + str(given.repeats) + ' repeats')}")


if __name__ == "__main__":
    main()
