"""What does MCCFR's batch size cost, and how fast is it on full no-limit hold'em?

    python benchmarks/mccfr.py [--write | --check]    # see benchmarks/tables.py

First table: exploitability after as many traversals, in ``ms2f1t1h5`` without an abstraction, by the deals of an iteration. All traversals
of an iteration see the same strategy. Second: traversals a CPU second with a menu of one pot and all-in and 500 buckets a street, after the
table has been trained by so many.
"""

from __future__ import annotations

import argparse
import time

import numpy as np
import yaml
from tables import HOLDEM, ROOT, Table, options

from agents.abstraction import make_card_abstraction
from agents.bucket_blueprint import tables_of
from agents.training.mccfr import MCCFRConfig
from games.holdem.config import Holdem
from games.holdem.rules import HoldemGame
from search.boards.card_buckets import LosslessBuckets
from search.boards.mccfr import MCCFR, Sampling
from search.representation import exploitability, represent

DEALS = (10, 100, 1_000, 10_000, 100_000)
TRAVERSALS = (200_000, 2_000_000, 20_000_000)
TRAINED = (1_000_000, 10_000_000)
BATCHES = Table("MCCFR's batches", HOLDEM, ["deals an iteration", *(f"{n:,} traversals" for n in TRAVERSALS)], [(f"{n:,}",) for n in DEALS])
SPEED = Table(
    "MCCFR's speed", HOLDEM, ["traversals before", "decisions a traversal", "traversals a CPU second"], [(f"{n:,}",) for n in TRAINED]
)
TABLES = (BATCHES, SPEED)


def game_of(name: str) -> HoldemGame:
    """Return a game as conf/game has it."""
    given = yaml.safe_load((ROOT / "conf/game" / f"{name}.yaml").read_text())
    given.pop("defaults")
    return Holdem(**given).build()


def batches(seed: int) -> None:
    """Measure the first table."""
    game, rows = game_of("ms2f1t1h5"), []
    lossless = LosslessBuckets(game.deck, game.deals)
    for deals in DEALS:
        solver, cells = MCCFR(game, lossless.arrays(), lossless.sizes, Sampling(deals=deals, seed=seed, pruned=0.0)), []
        for traversals in TRAVERSALS:
            solver.run(round(traversals / 2 / deals) - solver.iterations)
            strategy = tables_of(game, solver.bets, solver.strategy_at, lossless.buckets)
            chips = exploitability(represent(game), strategy)
            cells.append(f"{1000 * chips / (game.big_blind or 1):.3g}")
        rows.append([f"{deals:,}", *cells])
    BATCHES.show(rows, f"Exploitability in mbb/g, exact; seed {seed}, Linear CFR's weights, nothing pruned")


def speed(seed: int) -> None:
    """Measure the second table."""
    game = MCCFRConfig(bets="100%,a", raises="100%,a").abstract(game_of("heads_up_no_limit"))
    start = time.process_time()
    abstraction = make_card_abstraction(game, [500, 500, 500], seed)
    arrays = abstraction.arrays()
    made, rows = time.process_time() - start, []
    solver = MCCFR(game, arrays, abstraction.sizes, Sampling(deals=4096, seed=seed))
    for trained in TRAINED:
        solver.run(trained // 8192 - solver.iterations)
        seconds, before = [], solver.visited
        for _ in range(10):
            start = time.process_time()
            solver.run(10)
            seconds.append(time.process_time() - start)
        rows.append([f"{trained:,}", f"{(solver.visited - before) / 819_200:.3g}", f"{81_920 / np.min(seconds):,.0f}"])
    note = f"Best of ten times ten iterations of 4,096 deals; seed {seed}; the buckets of all boards took {made:.0f} CPU seconds"
    SPEED.show(rows, note)


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", choices=("batches", "speed"))
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args(options(TABLES))
    for name, measure in (("batches", batches), ("speed", speed)):
        if given.only in (None, name):
            measure(given.seed)


if __name__ == "__main__":
    main()
