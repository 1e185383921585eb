"""Does a 95 % interval of a hold'em match hold the true value 95 times in 100? Repeated matches whose exact value is known.

A blueprint with 20 buckets on the last street that searches that street with 20 iterations, against itself without; every match has its
own seed, and is played in duplicate. With 200 matches coverage itself has a standard error of 1.5 %.

    python benchmarks/coverage_holdem.py [matches] [hands] [ms1f1 | ms2f1t1h5]    # --write, --check: see benchmarks/tables.py
"""

from __future__ import annotations

import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from tables import MATCHES, Table, options

from agents import Serial
from agents.blueprint import BlueprintAgent
from agents.board_blueprint import make_blueprint
from agents.match.deal import Competitor, Draws, play_deal
from agents.match.exact_value import exact_values
from agents.match.match import Match
from agents.match.statistics import Tally
from agents.search_agent import SearchAgent
from games.holdem.config import Holdem
from search import Budget, variant
from search.resolving import ResolveConfig

GAMES = {"ms1f1": Holdem(deals=[0, 1]), "ms2f1t1h5": Holdem(ranks="TJQKA", deals=[0, 1, 1])}  # as in conf/game
CASES = (("raw", "none"), ("duplicate", "none"), ("aivat", "uniform"), ("aivat", "blueprint"))
HEADS = ["estimate", "coverage", "mean error", "spread of means", "mean", "off, in its errors", "seconds"]


def called(kind: str, values: str) -> str:
    """Return what a row calls an estimate with a value function."""
    return kind if values == "none" else f"{kind}, {values} values"


TABLE = Table("coverage of hold'em", MATCHES, HEADS, [(called(*case),) for case in CASES])
TABLES = (TABLE,)


def main() -> None:
    given = options(TABLES)
    count, hands = (int(a) for a in (given + ["200", "200"][len(given) :])[:2])
    name = given[2] if len(given) > 2 else "ms2f1t1h5"
    config = GAMES[name]
    config.stack, config.bets, config.raises, config.raise_cap, config.min_bet = 162, "100%", "100%", 1, 2
    game, cfr = config.build(), variant("default_holdem")
    last = len(game.deals) - 1
    with tempfile.TemporaryDirectory() as directory:
        blueprint = make_blueprint(game, [0] * last + [20], cfr, 10, Path(directory))
        competitors = (
            Competitor("search", SearchAgent(blueprint, cfr, game.rounds[last], ResolveConfig("refined")), Budget(iterations=20)),
            Competitor("blueprint", BlueprintAgent(blueprint), Budget(seconds=0)),
        )
        exact = exact_values([Match(competitors)], 1, Serial())[0]
        assert exact is not None
        rows = []
        for values in dict.fromkeys(values for _, values in CASES):
            start, at = time.perf_counter(), Match(competitors, values=values).table()
            found = []
            for seed in range(count):
                at.draws = Draws(seed)
                tally = Tally(Match(competitors, seed, values=values))
                tally.add([play_deal(at, k, swapped) for k in range(hands // 2) for swapped in (False, True)])
                found.append(tally.estimates())
            seconds = time.perf_counter() - start
            for kind in (kind for kind, own in CASES if own == values):
                means = [e[kind].mean for e in found]
                inside = sum(e[kind].low <= exact.value <= e[kind].high for e in found) / count
                spread = float(np.std(means, ddof=1))
                off = (float(np.mean(means)) - exact.value) / (spread / count**0.5)
                errors = float(np.mean([e[kind].standard_error for e in found]))
                cells = [f"{inside:.1%}", f"{errors:.5f}", f"{spread:.5f}", f"{np.mean(means):+.5f}", f"{off:+.1f}", f"{seconds:.0f}"]
                rows.append([called(kind, values), *cells])
                print(rows[-1], file=sys.stderr, flush=True)
    note = f"{name}, search against its blueprint, {count} matches of {hands} hands, seeds 0 to {count - 1}"
    TABLE.show(rows, f"{note}; exact value {exact.value:+.6f} chips a hand")


if __name__ == "__main__":
    main()
