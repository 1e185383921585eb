"""Are decision deadlines kept? 1,000 decisions of the search agent on Leduc at each budget, at random public states.

Half of the decisions solve the whole game (first decisions), half re-solve below it. Late is what a decision took beyond its budget; the
goal is that its 99th percentile is at most 1 ms + 2 % of the budget.

    python benchmarks/deadlines.py [decisions]
"""

from __future__ import annotations

import gc
import sys

import numpy as np

from agents.policy import UniformPolicy
from agents.report import duration, machine, table, version
from agents.search_agent import SearchAgent
from games import public_tree
from search import Budget, variant

BUDGETS = (0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1.0)


def main() -> None:
    decisions = int(sys.argv[1]) if len(sys.argv) > 1 else 1000
    tree = public_tree("leduc_poker")
    agent = SearchAgent(UniformPolicy(tree), variant("default"))
    agent.load()
    rng = np.random.default_rng(0)
    nodes = np.flatnonzero(tree.player >= 0)
    gc.collect()
    gc.freeze()
    rows = []
    for seconds in BUDGETS:
        late, iterations = [], []
        memory = agent.decide(0, 0, None, Budget(iterations=100)).memory
        for i in range(decisions):
            node = int(rng.choice(nodes))
            decision = agent.decide(int(tree.player[node]), node, None if i % 2 else memory, Budget(seconds=seconds))
            late.append(decision.seconds - seconds)
            iterations.append(decision.iterations)
        p99, allowed = float(np.percentile(late, 99)), 1e-3 + 0.02 * seconds
        columns = [duration(max(x, 0.0)) for x in (float(np.median(late)), p99, max(late))]
        verdict = "yes" if p99 <= allowed else "NO"
        rows.append([duration(seconds), *columns, duration(allowed), verdict, str(min(iterations)), f"{np.median(iterations):.0f}"])
    print(table(["budget", "late, median", "p99", "worst", "allowed", "kept", "least its", "median its"], rows))
    print(machine()["cpu"], version(), f"{decisions} decisions a budget, one thread", sep="; ")


if __name__ == "__main__":
    main()
