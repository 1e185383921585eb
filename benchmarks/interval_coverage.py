"""Does a 95 % interval hold the true value 95 times in 100? Repeated matches whose exact value is known; every match has its own seed.

* ``leduc``: a blueprint against search from it. Raw is estimated in matches of independent deals, duplicate in duplicate, AIVAT in both.
  With 400 matches, coverage itself has a standard error of 1.1 %.
* ``ms1f1``, ``ms2f1t1h5``: a blueprint with 20 buckets on the last street that searches that street with 20 iterations, against itself
  without. All matches are in duplicate. With 200 matches, coverage itself has a standard error of 1.5 %.

    python benchmarks/interval_coverage.py [game] [matches] [hands] [raw | duplicate | aivat]  # --write, --check: see benchmarks/tables.py
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from tables import MATCHES, Table, options

from agents import BlueprintAgent, SearchAgent, Serial, solved_policy
from agents.board_blueprint import make_blueprint
from agents.match.deal import Competitor, play_deal
from agents.match.exact_value import exact_values
from agents.match.match import Match, check_hands
from agents.match.statistics import Estimate, Tally
from games import public_tree
from games.holdem.config import Holdem
from search import Budget, variant
from search.resolving import ResolveConfig

LEDUC = "leduc"
HOLDEM = {"ms1f1": Holdem(deals=[0, 1]), "ms2f1t1h5": Holdem(ranks="TJQKA", deals=[0, 1, 1])}  # as in conf/game


class Case(NamedTuple):
    """One row: what it is called, an estimate (a key of ``Tally.estimates``), and the matches that it is read off."""

    name: str
    estimate: str
    duplicate: bool
    values: str


RAW, DUPLICATE = Case("raw", "raw", True, "none"), Case("duplicate", "duplicate", True, "none")
AIVAT = (Case("AIVAT, uniform values", "aivat", True, "uniform"), Case("AIVAT, blueprint's values", "aivat", True, "blueprint"))
INDEPENDENT = Case("AIVAT, independent deals", "aivat", False, "uniform")
LEDUC_CASES, HOLDEM_CASES = (RAW._replace(duplicate=False), DUPLICATE, INDEPENDENT, *AIVAT), (RAW, DUPLICATE, *AIVAT)
HEADS = ["estimate", "coverage", "mean error", "spread of means", "mean", "off, in its errors", "seconds"]
LEDUC_TABLE = Table("coverage", MATCHES, HEADS, [(case.name,) for case in LEDUC_CASES])
HOLDEM_TABLE = Table("coverage of hold'em", MATCHES, HEADS, [(case.name,) for case in HOLDEM_CASES])
TABLES = (LEDUC_TABLE, HOLDEM_TABLE)


def main() -> None:
    """Measure one game and show its table."""
    game, *given = options(TABLES) or [LEDUC]
    if game not in (LEDUC, *HOLDEM):
        sys.exit(f"error: game must be one of {', '.join((LEDUC, *HOLDEM))}, got {game!r}")
    matches = "400" if game == LEDUC else "200"
    count, hands = (int(a) for a in (given + [matches, matches][len(given) :])[:2])
    table, every = (LEDUC_TABLE, LEDUC_CASES) if game == LEDUC else (HOLDEM_TABLE, HOLDEM_CASES)
    with tempfile.TemporaryDirectory() as directory:
        cases = [case for case in every if case.estimate in given[2:] or not given[2:]]
        rows, exact = measure(competitors_of(game, Path(directory)), cases, count, hands)
    who = "Leduc, blueprint against search" if game == LEDUC else f"{game}, search against its blueprint"
    table.show(rows, f"{who}, {count} matches of {hands} hands, seeds 0 to {count - 1}; exact value {exact:+.6f} chips a hand")


def competitors_of(game: str, directory: Path) -> tuple[Competitor, Competitor]:
    """Return who plays; ``directory`` is for a hold'em blueprint."""
    if game == LEDUC:
        policy = solved_policy(public_tree("leduc_poker"), variant("cfr"), 60)
        search = SearchAgent(policy, variant("default"))
        return Competitor("blueprint", BlueprintAgent(policy), Budget(seconds=0)), Competitor("search", search, Budget(iterations=100))
    config = HOLDEM[game]
    config.stack, config.bets, config.raises, config.raise_cap, config.min_bet = 162, "100%", "100%", 1, 2
    rules, cfr = config.build(), variant("default_holdem")
    last = len(rules.deals) - 1
    blueprint = make_blueprint(rules, [0] * last + [20], cfr, 10, directory)
    search = SearchAgent(blueprint, cfr, rules.rounds[last], ResolveConfig("refined"))
    alone = BlueprintAgent(blueprint)
    return Competitor("search", search, Budget(iterations=20)), Competitor("blueprint", alone, Budget(seconds=0))


def measure(competitors: tuple[Competitor, Competitor], cases: Sequence[Case], count: int, hands: int) -> tuple[list[list[str]], float]:
    """Return the table's rows, one for each case, and the exact value in chips a hand. Cases of the same matches share them."""
    check_hands(hands)
    exact = exact_values([Match(competitors)], 1, Serial())[0]
    assert exact is not None
    rows = []
    for duplicate, values in dict.fromkeys((case.duplicate, case.values) for case in cases):
        start = time.perf_counter()
        found = play(competitors, duplicate, values, count, hands)
        seconds = f"{time.perf_counter() - start:.0f}"
        for case in cases:
            if (case.duplicate, case.values) == (duplicate, values):
                rows.append([case.name, *cells([estimates[case.estimate] for estimates in found], exact.value), seconds])
                print(rows[-1], file=sys.stderr, flush=True)
    return rows, exact.value


def play(competitors: tuple[Competitor, Competitor], duplicate: bool, values: str, count: int, hands: int) -> list[dict[str, Estimate]]:
    """Return the estimates of matches with seeds 0 to ``count`` - 1, played at one table."""
    found, table = [], Match(competitors, 0, duplicate, values).table()
    for seed in range(count):
        match = Match(competitors, seed, duplicate, values)
        table.draws = match.draws
        tally = Tally(match)
        for numbers in match.rounds_of_play(hands):
            tally.add([play_deal(table, number // 2, bool(number % 2)) for number in numbers])
        found.append(tally.estimates())
    return found


def cells(found: Sequence[Estimate], exact: float) -> list[str]:
    """Return a row's cells from an estimate of each match: how often the interval holds the exact value, and how far off the mean is."""
    means = [estimate.mean for estimate in found]
    inside = sum(estimate.low <= exact <= estimate.high for estimate in found) / len(found)
    spread = float(np.std(means, ddof=1))
    off = (float(np.mean(means)) - exact) / (spread / len(found) ** 0.5)
    errors = float(np.mean([estimate.standard_error for estimate in found]))
    return [f"{inside:.1%}", f"{errors:.5f}", f"{spread:.5f}", f"{np.mean(means):+.5f}", f"{off:+.1f}"]


if __name__ == "__main__":
    main()
