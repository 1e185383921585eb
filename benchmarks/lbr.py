"""How much of exploitability do local and learned best responses find? Leduc, four kinds of agent, beside the exact best response.

The search agent thinks for 50 or 1,000 iterations a decision from the blueprint. All values are exact, (seat 0 + seat 1) / 2 in
chips a hand. A response is learned by playing 200,000 hands in each seat (agents/learned_response.py).

    python benchmarks/lbr.py
"""

from __future__ import annotations

import numpy as np

from agents import BlueprintAgent, SearchAgent, TabularPolicy, UniformPolicy, exploitability, solved_policy, tabulate
from agents.agent import Agent
from agents.lbr import ACTION_SETS, WEAKNESS, calling, lbr_exploitability
from agents.learned_response import WEAKNESS as UNLEARNED
from agents.learned_response import learned_exploitability
from agents.report import table, version
from games import PublicTree, public_tree
from search import Budget, Strategy, uniform, variant


def always_call(tree: PublicTree) -> TabularPolicy:
    tables = [np.zeros_like(t) for t in uniform(tree).tables]
    for node, child in calling(tree).items():
        player = int(tree.player[node])
        tables[player][int(tree.row[player, child]) - 1] = 1.0
    return TabularPolicy(Strategy(tree, tree.subgame(), (tables[0], tables[1])), "always call")


def main() -> None:
    tree = public_tree("leduc_poker")
    blueprint, still = solved_policy(tree, variant("cfr"), 60), Budget(seconds=0)
    lines: list[tuple[str, Agent, Budget]] = [
        ("uniform", BlueprintAgent(UniformPolicy(tree)), still),
        ("always call", BlueprintAgent(always_call(tree)), still),
        ("blueprint, 60 iterations of CFR", BlueprintAgent(blueprint), still),
        ("search from it, 50 iterations", SearchAgent(blueprint, variant("default")), Budget(iterations=50)),
        ("search from it, 1000 iterations", SearchAgent(blueprint, variant("default")), Budget(iterations=1000)),
    ]
    rows = []
    for name, agent, budget in lines:
        seats = (tabulate(agent, 0, budget), tabulate(agent, 1, budget))
        found = [lbr_exploitability(tree, [seat.table for seat in seats], actions) for actions in ACTION_SETS]
        found.append(learned_exploitability(tree, [seat.table for seat in seats]))
        exact = exploitability(seats)
        assert max(found) <= exact
        shares = [f"{value / exact:.0%}" if value > 0 else "none" for value in (max(found[:-1]), found[-1])]
        rows.append([name, *(f"{value:+.4f}" for value in found), *shares, f"{exact:.4f}"])
    print(table(["agent", *(f"LBR: {a.name}" for a in ACTION_SETS), "learned", "LBR of exact", "learned of exact", "exact"], rows))
    print(f"\n{WEAKNESS}\n{UNLEARNED}\n{tree.game}, commit {version()['git']}")


if __name__ == "__main__":
    main()
