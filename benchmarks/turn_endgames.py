"""What does a turn's strategy lose that was found with a network of rivers below it? Trunk loss of twelve turns, rivers scored exactly.

    python benchmarks/turn_endgames.py --values RUN/values.safetensors [--write | --check]     # see benchmarks/tables.py

The blueprint plays both seats of drawn deals to turns whose flops the network never saw; both ranges follow by Bayes' rule. The turn is
solved to its end with the network's values, and to the end of the game: with all rivers, and with four of them drawn anew in each
iteration. What either finds for the turn is then held fast in the same tree, whose rivers are solved (``agents.yardstick.trunk_loss``).
Losses depend on iterations alone; milliseconds are CPU time of an iteration, one thread.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from tables import HOLDEM, Table, options

from agents.apps.build import blueprint_directory
from agents.bucket_blueprint import load_blueprint
from agents.networks.residual import residual_layers
from agents.networks.start_values import load_start_values
from agents.training.start_labels import MENUS, held_out
from agents.yardstick.drawing import draw_starts
from agents.yardstick.trunk_loss import trunk_loss
from games.holdem.config import Holdem
from games.holdem.menus import Menu, parse_sizes
from games.holdem.rules import HoldemGame
from games.holdem.subgame import subgame_of
from search import BoardSolver, variant
from search.boards.depth_limit import BoardDepthLimitedSolver
from search.boards.flop_ways import first_street_of
from search.boards.river_leaves import RiverLeaves
from search.boards.settled_leaves import SettledLeaves

DCFR = variant("default_holdem")
TURN_MENU = Menu(parse_sizes("50%,100%", "bets", raises=False), parse_sizes("100%", "raises", raises=True), reraises=((),))
COUNTS = (60, 300)
WAYS = ("a network of rivers", "all rivers", "four rivers, drawn anew")
TABLE = Table(
    "turns with a network of rivers", HOLDEM, ["below the turn", "ms an iteration", *(f"after {count}" for count in COUNTS), "worst"],
    [(way,) for way in WAYS],
)  # fmt: skip
TABLES = (TABLE,)


def turns(given: argparse.Namespace) -> list[HoldemGame]:
    """Return turns whose flops are held out, as games."""
    whole = Holdem(name="heads_up_no_limit", blinds=[50, 100], stack=20_000, min_bet=100, amounts="any").build()
    blueprint, found, seed = load_blueprint(whole, blueprint_directory(given.blueprint)), list[HoldemGame](), given.seed
    while len(found) < given.turns:
        for start in draw_starts(whole, blueprint, "turn", 50, seed):
            if held_out(start.state.cards[:3]) and len(found) < given.turns:
                (river,), near = MENUS[5]  # the network's
                rules = replace(whole, betting=replace(whole.betting, add_allin=near))
                found.append(subgame_of(rules, start.state, start.ranges, ((TURN_MENU, TURN_MENU), river)))
        seed += 1
    return found


def solvers(game: HoldemGame, said: Callable[[Any], Any], buckets: int) -> list[Any]:
    """Return what solves a turn each way."""
    leaves = SettledLeaves(game, RiverLeaves(game, said, buckets))
    return [BoardDepthLimitedSolver(game, DCFR, leaves), BoardSolver(game, DCFR), BoardSolver(game, DCFR, rivers=4)]


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--values", type=Path, help="file of a network that timebank train trainer=start_values wrote")
    parser.add_argument("--blueprint", default="small")
    parser.add_argument("--turns", type=int, default=12)
    parser.add_argument("--seed", type=int, default=1000)
    parser.add_argument("--gap", type=float, default=0.003, help="how far apart the bounds of a loss may stay, in shares of the pot")
    parser.add_argument("--most", type=int, default=400, help="iterations of a solve that bounds it")
    given = parser.parse_args(options(TABLES))
    if given.values is None:
        sys.exit("error: --values must be given, got nothing")
    try:
        network, about = load_start_values(given.values)
    except ValueError as error:
        sys.exit(f"error: {error}")
    if about.get("street") != "river":
        sys.exit(f"error: --values must be a network of rivers, got one of {about.get('street')}s")
    said, games = residual_layers(network), turns(given)
    losses, speeds = np.zeros((len(WAYS), len(COUNTS), len(games))), np.full((len(WAYS), len(games)), np.inf)
    for number, game in enumerate(games):
        for way, solver in enumerate(solvers(game, said, network.config.buckets)):
            solver.warm_up()
            for i, count in enumerate(COUNTS):
                more, start = count - solver.iterations, time.process_time()
                solver.run(more)
                speeds[way, number] = min(speeds[way, number], (time.process_time() - start) / more)
                answer = solver.answer() if way == 0 else first_street_of(solver.answer())
                bounds = trunk_loss(game, answer.at, DCFR, given.gap, given.most)
                losses[way, i, number] = 100 * np.mean(bounds)
        told = [" / ".join(f"{loss:.2f}" for loss in losses[way, :, number]) for way in range(len(WAYS))]
        print(f"{number}: {game.board}, pot {game.pot:g}, {game.betting.stack:g} behind: {', '.join(told)}", flush=True)
    rows = [
        [name, f"{1000 * np.median(speeds[way]):.2f}", *(f"{loss.mean():.2f}" for loss in losses[way]), f"{losses[way, -1].max():.2f}"]
        for way, name in enumerate(WAYS)
    ]
    TABLE.show(rows, f"% of the pot, mean of {len(games)} turns with held-out flops; network {about.get('name')} of {given.values.name}")


if __name__ == "__main__":
    main()
