"""How long does it take from a public state of no-limit hold'em to the first iteration of a search?

    python benchmarks/subgame_build.py [--repeats N] [--write | --check]    # see benchmarks/tables.py

Both players have 200 big blinds, both ranges nearly all hands with random weights, and the menus are 75 % of the pot and all-in. Measured
is from ``subgame_of`` to the moment when ``BoardSolver.run`` could begin on one thread, with compiled kernels and the memory of the solvers
before, as in an agent that is running: milliseconds of CPU and of the clock, the best of the repeats. *New* bets are a pot and stacks that
no subgame before had; *known* ones were there before. The first iteration is told apart: it meets large arrays that nobody has touched yet.
"""

from __future__ import annotations

import argparse
import time

import numpy as np
from tables import HOLDEM, Table, options

from games.game import find_decision
from games.holdem.betting_tree import kept_tree
from games.holdem.config import Holdem, Spot
from games.holdem.layout import whole_forests, whole_streets
from games.holdem.subgame import subgame_of
from search import BoardSolver, variant
from search.boards.workspace import Workspace

RAISED, LIMPED = "raise 300 / call / Td9d6h / check / bet 400 / call / Qc", "call / check / Td9d6h / check / check / Qc"
LINES = {  # with the pot and what is behind
    "river, 4,200 in the pot": (f"{RAISED} / check / bet 1400 / call / 4s", 4_200, 17_900),
    "turn, 1,400 in the pot": (RAISED, 1_400, 19_300),
    "river, 200 in the pot": (f"{LIMPED} / check / check / 4s", 200, 19_900),
    "turn, 200 in the pot": (LIMPED, 200, 19_900),
}
SIZES, SEARCH = "75%,a", "default_holdem"
TABLE = Table(
    "from a public state to a search", HOLDEM,
    ["state", "bets", "nodes", "MB of tables", "ready, ms of CPU", "ms", "first iteration, ms of CPU"],
    [(name, bets) for name in LINES for bets in ("new", "known")],
)  # fmt: skip
TABLES = (TABLE,)


def forget_bets() -> None:
    """Let no bets be known."""
    for kept in (kept_tree, whole_streets, whole_forests):
        kept.cache_clear()


def measure(name: str, known: bool, repeats: int) -> list[str]:
    """Return a row's numbers."""
    line, pot, behind = LINES[name]
    game = Holdem(blinds=[50, 100], stack=20_000, min_bet=100, amounts="any").build()
    state, space = find_decision(game, line, "line"), Workspace()
    board = "".join(step for step in line.split(" / ") if step[0] in "23456789TJQKA")
    menus = Spot(board=board, pot=pot, stack=behind, bets=SIZES, raises=SIZES, min_bet=100).build().betting.menus
    rng, best = np.random.default_rng(0), np.full(3, np.inf)
    for repeat in range(repeats + 1):
        ranges = rng.random(1326) * (rng.random(1326) < 0.95), rng.random(1326) * (rng.random(1326) < 0.95)
        if not known:
            forget_bets()
        clock, start = time.perf_counter(), time.process_time()
        solver = BoardSolver(subgame_of(game, state, ranges, menus), variant(SEARCH), workspace=space)
        built, seconds = time.process_time(), time.perf_counter() - clock
        solver.run(1)
        if repeat:  # the first one compiles
            best = np.minimum(best, (built - start, seconds, time.process_time() - built))
        nodes, megabytes = len(solver.game.bets.labels), 2 * 32 * sum(solver.tree.stored_rows) / 1e6
        del solver
    return [f"{nodes:,}", f"{megabytes:.2f}", *(f"{1e3 * seconds:.2f}" for seconds in best)]


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repeats", type=int, default=30)
    given = parser.parse_args(options(TABLES))
    rows = [[*label, *measure(label[0], label[1] == "known", given.repeats)] for label in TABLE.labels]
    TABLE.show(rows, f"The best of {given.repeats} repeats")


if __name__ == "__main__":
    main()
