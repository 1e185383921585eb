"""How many rivers should an iteration of a turn deal? Trunk loss of three turns by CPU time, see ``search.boards.river_draws``.

    python benchmarks/turn_rivers.py

Each turn is solved for some CPU seconds of one thread, with all rivers or with a few that are drawn anew in each iteration. What is played
on the turn is then held fast in the same tree, and everything else is solved. Two to five minutes.
"""

from __future__ import annotations

import time
from dataclasses import replace

import numpy as np
from flop_spots import spot

from agents.no_limit.plan import LATER, NEAR_ALLIN, RAISED
from agents.yardstick.trunk_loss import trunk_loss
from games.holdem.config import Spot
from games.holdem.rules import HoldemGame
from search import BoardSolver, variant
from search.boards.flop_ways import first_street_of

DCFR = variant("default_holdem")
TURNS = (("Ks8h3d", "2c", LATER), ("QhJh7c", "Ts", LATER), ("9d8d6s", "Ad", RAISED))  # flop, turn, sizes on the river
SECONDS, RIVERS = (0.05, 0.1, 0.2, 0.5), (None, 16, 8, 4, 2)
GAP, MOST = 0.002, 300  # of the pot, how far apart the bounds of a loss may stay; iterations of a solve that bounds it


def turn_of(flop: str, card: str, river: tuple) -> HoldemGame:
    """Return a turn with the ranges and chips of a flop of ``flop_spots``."""
    of = spot(flop)
    game = Spot(board=flop + card, pot=of.pot, stack=of.stack, ranges=["full", "full"]).build()
    betting = replace(game.betting, menus=(RAISED, river), add_allin=NEAR_ALLIN)
    return replace(game, weights=of.ranges, betting=betting)


def main() -> None:
    """Print a line for each turn and time."""
    for flop, card, river in TURNS:
        game = turn_of(flop, card, river)
        BoardSolver(game, DCFR).run(2)  # compiles
        for seconds in SECONDS:
            told = []
            for rivers in RIVERS:
                solver, begun = BoardSolver(game, DCFR, rivers=rivers), time.process_time()
                while time.process_time() - begun < seconds:
                    solver.run(1)
                bounds = trunk_loss(game, first_street_of(solver.answer()).at, DCFR, GAP, MOST)
                told.append(f"{rivers or 'all'}: {100 * np.mean(bounds):.2f} ({solver.iterations})")
            print(f"{flop}{card}, {seconds:g} s, % of the pot by rivers (iterations): {', '.join(told)}", flush=True)


if __name__ == "__main__":
    main()
