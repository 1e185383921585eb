"""Are decision deadlines kept? 1,000 decisions of the search agent on Leduc at each budget, at random public states.

Half of the decisions ask a network about the whole game and solve it (first decisions), half re-solve below it. Late is what a
decision took beyond its budget; the goal is that its 99th percentile is at most 1 ms + 2 % of the budget.

    python benchmarks/deadlines.py [decisions]
"""

from __future__ import annotations

import gc
import sys

import numpy as np

from agents.networks import NetworkPolicy, PolicyNetworkConfig, encode, make_network
from agents.report import duration, machine, table, version
from agents.search_agent import SearchAgent
from games import public_tree
from search import Budget, variant

BUDGETS = (0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1.0)


def main() -> None:
    decisions = int(sys.argv[1]) if len(sys.argv) > 1 else 1000
    tree = public_tree("leduc_poker")
    encoding = encode(tree)
    networks = [make_network(PolicyNetworkConfig(), encoding, p, seed=p) for p in (0, 1)]  # untrained: only their speed matters here
    agent = SearchAgent(NetworkPolicy(encoding, (networks[0], networks[1])), variant("default"), warm_start="always")
    agent.load()
    rng = np.random.default_rng(0)
    nodes = np.flatnonzero(tree.player >= 0)
    gc.collect()
    gc.freeze()
    rows = []
    for seconds in BUDGETS:
        late, iterations = [], []
        thought = agent.decide(0, 0, None, Budget(iterations=100)).thought
        for i in range(decisions):
            node = int(rng.choice(nodes))
            decision = agent.decide(int(tree.player[node]), node, None if i % 2 else thought, Budget(seconds=seconds))
            late.append(decision.seconds - seconds)
            iterations.append(decision.iterations)
        p99, allowed = float(np.percentile(late, 99)), 1e-3 + 0.02 * seconds
        columns = [duration(max(x, 0.0)) for x in (float(np.median(late)), p99, max(late))]
        verdict = "yes" if p99 <= allowed else "NO"
        rows.append([duration(seconds), *columns, duration(allowed), verdict, str(min(iterations)), f"{np.median(iterations):.0f}"])
    print(table(["budget", "late, median", "p99", "worst", "allowed", "in time", "least its", "median its"], rows))
    print(machine()["cpu"], version(), f"{decisions} decisions a budget, one thread", sep="; ")


if __name__ == "__main__":
    main()
