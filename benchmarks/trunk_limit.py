"""How good could any search from a street be, above whose trunk the blueprint has played?

    timebank ablate experiment=ms3_search hydra.run.dir=RUN
    python benchmarks/trunk_limit.py RUN/blueprints/100-0-0-0-3000 --game ms3f1t1r1h5     # --write, --check: see benchmarks/tables.py

For each seat the whole game is solved with that seat's play above the street held fast; what a best response then wins is what no subgame
solving from the street on could have bettered. It is an upper estimate of that limit: the solve has only so many iterations.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
from omegaconf import OmegaConf
from tables import SEARCHING, Table, options

from games.holdem.config import Holdem
from games.holdem.rules import HoldemGame
from games.kernels.boards import STORE, STREET
from search import BoardSolver, variant
from search.boards.sweeps import BoardSweeps
from search.boards.trunk import value_against

HELD = 1e20  # regrets so large that what an iteration adds changes no probability
TABLE = Table("what is left to gain", SEARCHING, ["search from", "mbb/g at best"], [("flop",), ("turn",), ("river",)])
TABLES = (TABLE,)


def limit(game: HoldemGame, average: np.ndarray, seat: int, street: int, iterations: int) -> float:
    """Return what a best response wins in chips a deal against the best that one seat can do from a street on.

    Args:
        game: whole.
        average: [stored rows, 8] the seat's part of the blueprint.
        seat: whose trunk is held.
        street: where it is free to play, above 0.
        iterations: of the solve.
    """
    solver = BoardSolver(game, variant("default_holdem"))
    boards = solver.tree.boards
    end = int(boards[np.flatnonzero(boards[:, STREET] == street)[0], STORE + seat])
    trunk = average[:end].astype(np.float64)
    held = np.where(trunk > 0, np.maximum(trunk / trunk.max() * HELD, 1.0), 0.0)
    for _ in range(iterations):
        solver.regret[seat][:end] = held
        solver.run(1)
    solver.average[seat][:end] = average[:end]
    sweeps = BoardSweeps(solver.tree, 1, solver.dtype)
    return value_against(game, sweeps, (solver.average[0], solver.average[1]), 1 - seat)


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("blueprint", type=Path)
    parser.add_argument("--game", required=True, help="the name of a file in conf/game, one of a game with blinds")
    parser.add_argument("--iterations", type=int, default=300)
    given = parser.parse_args(options(TABLES))
    settings = OmegaConf.to_container(OmegaConf.load(Path(__file__).parent.parent / "conf/game" / f"{given.game}.yaml"))
    game = Holdem(**{key: value for key, value in settings.items() if key != "defaults"}).build()
    parts = [np.load(given.blueprint / f"average_{p}.npy") for p in (0, 1)]
    rows = []
    for street in range(1, len(game.deals)):
        found = [limit(game, parts[p], p, street, given.iterations) for p in (0, 1)]
        rows.append([("flop", "turn", "river")[street - 1], f"{1000 * sum(found) / 2 / game.big_blind:.3g}"])
    TABLE.show(rows, f"{given.game}, {given.iterations} iterations")


if __name__ == "__main__":
    main()
