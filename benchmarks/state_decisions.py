"""Is a decision from a public state, its tree included, as good as a solve of the same spot in the same seconds?

    python benchmarks/state_decisions.py [--draws N] [--write | --check]    # see benchmarks/tables.py

No-limit hold'em with 200 big blinds, both ranges nearly all hands with random weights, menus of 75 % of the pot and all-in, one thread. The
decision's clock starts before ``subgame_of``, in memory that a solver before has left; the solve has its tree built beforehand and its
seconds begin with the first iteration. Each number is the exploitability of the answer in % of the pot, the median of the draws, which
take turns.
"""

from __future__ import annotations

import argparse
import time
from statistics import median

import numpy as np
from subgame_build import LINES, SEARCH, SIZES
from tables import HOLDEM, Table, options

from games.game import find_decision
from games.holdem.config import Holdem, Spot
from games.holdem.subgame import subgame_of
from search import BoardSolver, Budget, Deadline, variant
from search.boards.workspace import Workspace

SECONDS = ("0.01", "0.03", "0.1", "0.3", "1", "3")
TABLE = Table(
    "decisions from a public state", HOLDEM,
    ["state", "seconds", "decision: ms until ready", "iterations", "% of the pot", "solve: iterations", "% of the pot", "ratio"],
    [(name, seconds) for name in LINES for seconds in SECONDS],
)  # fmt: skip
TABLES = (TABLE,)


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--draws", type=int, default=5)
    given = parser.parse_args(options(TABLES))
    whole, row = Holdem(blinds=[50, 100], stack=20_000, min_bet=100, amounts="any").build(), variant(SEARCH)
    rows = []
    for name, (line, pot, behind) in LINES.items():
        state, space = find_decision(whole, line, "line"), Workspace()
        menus = Spot(board="Td9d6h", pot=pot, stack=behind, bets=SIZES, raises=SIZES).build().betting.menus
        menus, rng, pace = menus[-(len(whole.deals) - whole.round(state)) :], np.random.default_rng(0), None
        for seconds in [0.05, *map(float, SECONDS)]:  # the first one compiles and learns the machine's speed
            found = []
            for _ in range(given.draws):
                ranges = rng.random(1326) * (rng.random(1326) < 0.95), rng.random(1326) * (rng.random(1326) < 0.95)
                start, clock = time.perf_counter(), Deadline(seconds)
                decision = BoardSolver(subgame_of(whole, state, ranges, menus), row, workspace=space)
                ready = time.perf_counter() - start
                decision.pace = pace or decision.pace
                decision.solve(Budget(seconds=seconds), clock)
                pace = decision.pace
                answered = decision.iterations, 100 * decision.exploitability() / decision.game.pot
                solver = BoardSolver(subgame_of(whole, state, ranges, menus), row)
                solver.pace = pace
                solver.solve(Budget(seconds=seconds))
                found.append((1e3 * ready, *answered, solver.iterations, 100 * solver.exploitability() / solver.game.pot))
            ready, done, share, solved, solved_share = (median(column) for column in zip(*found, strict=True))
            ratio = median(own[2] / own[4] for own in found)
            rows.append(
                [name, f"{seconds:g}", f"{ready:.2f}", f"{done:g}", f"{share:.3g}", f"{solved:g}", f"{solved_share:.3g}", f"{ratio:.3f}"]
            )
            print(*rows[-1], flush=True)
        rows = [own for own in rows if own[1] != "0.05"]
    TABLE.show(rows, f"Medians of {given.draws} draws")


if __name__ == "__main__":
    main()
