"""What do MCCFR's batches and its pruning cost, and how fast is it on full no-limit hold'em?

    python benchmarks/mccfr.py [--write | --check]    # see benchmarks/tables.py

First table: exploitability after as many traversals, in ``ms2f1t1h5`` without an abstraction, by the deals of an iteration. All traversals
of an iteration see the same strategy. Second: heads-up no-limit hold'em with a menu of one pot and all-in and 500 buckets a street. What
comes of a threshold for pruning plays what comes of no pruning, on buckets and menu alone: both seats of every deal, and all actions by
their probabilities.
"""

from __future__ import annotations

import argparse
import time

import yaml
from tables import HOLDEM, ROOT, Table, options

from agents.abstraction import make_card_abstraction
from agents.bucket_blueprint import tables_of
from agents.training.mccfr import MCCFRConfig
from games.holdem.config import Holdem
from games.holdem.rules import HoldemGame
from search.boards.bucket_match import BucketMatch
from search.boards.card_buckets import LosslessBuckets
from search.boards.mccfr import MCCFR, Sampling
from search.representation import exploitability, represent

DEALS = (10, 100, 1_000, 10_000, 100_000)
TRAVERSALS = (200_000, 2_000_000, 20_000_000)
THRESHOLDS = ("none", "1,000", "100", "5")  # stacks
TRAINED, PLAYED = 8_000_000, 50_000  # traversals, deals
BATCHES = Table("MCCFR's batches", HOLDEM, ["deals an iteration", *(f"{n:,} traversals" for n in TRAVERSALS)], [(f"{n:,}",) for n in DEALS])
PRUNING = Table(
    "MCCFR's pruning", HOLDEM, ["pruned below, stacks", "decisions a traversal", "traversals a CPU second", "wins, mbb/g"],
    [(text,) for text in THRESHOLDS],
)  # fmt: skip
TABLES = (BATCHES, PRUNING)


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


def pruning(seed: int) -> None:
    """Measure the second table."""
    game = MCCFRConfig(bets="100%,a", raises="100%,a").abstract(game_of("heads_up_no_limit"))
    start = time.process_time()
    abstraction = make_card_abstraction(game, [500, 500, 500], seed)
    arrays = abstraction.arrays()
    made, rows, solvers = time.process_time() - start, [], list[MCCFR]()
    for text in THRESHOLDS:
        below = {"pruned": 0.0} if text == "none" else {"prune_below": float(text.replace(",", ""))}
        solver = MCCFR(game, arrays, abstraction.sizes, Sampling(seed=seed, **below))
        start = time.process_time()
        solver.run(TRAINED // 2 // solver.sampling.deals)
        each = solver.traversals / (time.process_time() - start)
        solvers.append(solver)
        match = BucketMatch(solver.bets, arrays, seed, PLAYED)
        won, error = (1000 / game.big_blind * chips for chips in match.gain(solver.strategy_at, solvers[0].strategy_at))
        text_won = f"{won:.1f} ± {error:.1f}" if len(solvers) > 1 else "-"
        rows.append([text, f"{solver.visited / solver.traversals:.3g}", f"{each:,.0f}", text_won])
    note = f"{TRAINED:,} traversals; seed {seed}; {PLAYED:,} deals; the buckets of all boards took {made:.0f} CPU seconds, once"
    PRUNING.show(rows, note)


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", choices=("batches", "pruning"))
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args(options(TABLES))
    for name, measure in (("batches", batches), ("pruning", pruning)):
        if given.only in (None, name):
            measure(given.seed)


if __name__ == "__main__":
    main()
