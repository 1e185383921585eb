"""Does a 95 % interval hold the true value 95 times in 100? Repeated matches on Leduc whose exact value is known.

A blueprint against search from it, both as they are; every match has its own seed. Coverage is counted for each estimate: raw in matches
of independent deals, duplicate and AIVAT (with two value functions) in matches in duplicate. With 400 matches, coverage itself has a
standard error of 1.1 %.

    python benchmarks/coverage.py [matches] [hands] [raw | duplicate | aivat]      # --write, --check: see benchmarks/tables.py
"""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence

import numpy as np
from tables import MATCHES, Table, options

from agents import BlueprintAgent, SearchAgent, Serial, solved_policy
from agents.match.deal import Competitor
from agents.match.exact_value import exact_values
from agents.match.match import Match, play_matches
from agents.match.statistics import Tally
from games import public_tree
from search import Budget, variant

CASES = (  # name, estimate, duplicate, value function
    ("raw", "raw", False, "none"),
    ("duplicate", "duplicate", True, "none"),
    ("AIVAT, independent deals", "aivat", False, "uniform"),
    ("AIVAT, uniform values", "aivat", True, "uniform"),
    ("AIVAT, blueprint's values", "aivat", True, "blueprint"),
)
HEADS = ["estimate", "coverage", "mean error", "spread of means", "mean", "off, in its errors", "seconds"]
TABLE = Table("coverage", MATCHES, HEADS, [(case[0],) for case in CASES])
TABLES = (TABLE,)


def main() -> None:
    given = options(TABLES)
    count, hands = (int(a) for a in (given + ["400", "400"][len(given) :])[:2])
    cases = [case for case in CASES if case[1] in given[2:] or not given[2:]]
    rows, exact = measure(cases, count, hands)
    note = f"Leduc, blueprint against search, {count} matches of {hands} hands, seeds 0 to {count - 1}"
    TABLE.show(rows, f"{note}; exact value {exact:+.6f} chips a hand")


def measure(cases: Sequence[tuple[str, str, bool, str]], count: int, hands: int) -> tuple[list[list[str]], float]:
    """Return the table's rows, one for each of some ``CASES``, and the exact value in chips a hand."""
    tree = public_tree("leduc_poker")
    policy = solved_policy(tree, variant("cfr"), 60)
    competitors = (
        Competitor("blueprint", BlueprintAgent(policy), Budget(seconds=0)),
        Competitor("search", SearchAgent(policy, variant("default")), Budget(iterations=100)),
    )
    exact = exact_values([Match(competitors)], 1, Serial())[0]
    assert exact is not None
    rows = []
    for name, kind, duplicate, values in cases:
        start, inside, errors, means = time.perf_counter(), 0, [], []
        for seed in range(count):
            match = Match(competitors, seed, duplicate, values)
            tally = Tally(match)
            for _, records, _ in play_matches([match], hands):
                tally.add(records)
            found = tally.estimates()[kind]
            inside += found.low <= exact.value <= found.high
            errors.append(found.standard_error)
            means.append(found.mean)
        spread = float(np.std(means, ddof=1))
        off = (float(np.mean(means)) - exact.value) / (spread / count**0.5)
        cells = [f"{inside / count:.1%}", f"{np.mean(errors):.5f}", f"{spread:.5f}", f"{np.mean(means):+.5f}", f"{off:+.1f}"]
        rows.append([name, *cells, f"{time.perf_counter() - start:.0f}"])
        print(f"{name}: {cells}", file=sys.stderr, flush=True)
    return rows, exact.value


if __name__ == "__main__":
    main()
