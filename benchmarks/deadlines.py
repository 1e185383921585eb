"""Are decision deadlines kept? Search agents on Leduc and on hold'em, asked at random public states by the clock.

    python benchmarks/deadlines.py                       # under ten minutes on two cores that nobody else uses
    python benchmarks/deadlines.py --games leduc,ms3f1t1r1h5 --share 0.1

Late is what a decision took beyond its budget, measured around the call; the goal is that its 99th percentile is at most 1 ms + 2 % of the
budget. Half of Leduc's decisions ask a network about the whole game and solve it, half re-solve below it. Hold'em is played line by line
with everything inside the clock, gifts counted; only decisions that are due to search are in the table. Blueprints are lossless and made
for the occasion by a few iterations of default_holdem (10; holdem5 2, 1.5 GB in the folder for temporary files). What an agent computes
once for a game, when it is loaded, is in the column ``load``. Decisions without time for an iteration are ``skipped``.
"""

from __future__ import annotations

import argparse
import gc
import os
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np

from agents.board_blueprint import make_blueprint
from agents.networks import NetworkConfig, NetworkPolicy, make_network
from agents.reporting.tables import duration, machine, table, version
from agents.search_agent import SearchAgent
from games import public_tree
from games.game import children
from games.holdem.config import Holdem
from games.public_tree import CHANCE, TERMINAL
from search import Budget, variant
from search.resolving import ResolveConfig
from search.tree.infostates import TreeInfostates

BUDGETS = {"leduc": (0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1.0), "ms3f1t1r1h5": (0.01, 0.1), "holdem5": (0.01, 0.1)}
SECONDS, MOST = {"leduc": 40.0, "ms3f1t1r1h5": 25.0, "holdem5": 25.0}, 1000  # of a row, and its decisions
DEALS = {"ms3f1t1r1h5": ([0, 1, 1, 1], 10), "holdem5": ([0, 3, 1, 1], 2)}  # and iterations of the blueprint
SEARCHES = {
    "ms3f1t1r1h5": (((2,), "refined"), ((1, 2), "refined"), ((1, 2), "resolve")),
    "holdem5": (((2,), "refined"), ((1, 2), "combined")),
}
COLUMNS = [
    "agent", "budget", "decisions", "late, median", "p99", "worst", "allowed", "in time", "searched", "skipped", "median its", "load",
]  # fmt: skip
Asked = Iterator[tuple[float, int, bool]]  # of each decision its seconds, iterations, and whether a subgame was solved


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--games", default=",".join(BUDGETS), help="a list of them")
    parser.add_argument("--share", type=float, default=1.0, help="of the decisions")
    options = parser.parse_args()
    rows: list[list[str]] = []
    for name in options.games.split(","):
        if name not in BUDGETS:
            parser.error(f"argument --games: must be some of {', '.join(BUDGETS)}, got {name!r}")
        most, seconds = max(int(MOST * options.share), 1), SECONDS[name] * options.share
        for agent, load, asked in leduc() if name == "leduc" else holdem(name):
            gc.collect()
            gc.freeze()
            for budget in BUDGETS[name]:
                count = min(most, max(int(seconds / budget), 1))
                rows.append(measured(agent, budget, [x for x, _ in zip(asked(budget), range(count), strict=False)], load))
                print(" ".join(rows[-1]), flush=True)
            gc.unfreeze()
    print(table(COLUMNS, rows))
    print(machine()["cpu"], version(), "one thread", sep="; ")


def measured(agent: str, budget: float, asked: list[tuple[float, int, bool]], load: float) -> list[str]:
    """Return a row."""
    late, iterations = [seconds - budget for seconds, _, _ in asked], [count for _, count, _ in asked]
    p99, allowed = float(np.percentile(late, 99)), 1e-3 + 0.02 * budget
    counts = str(sum(solved for *_, solved in asked)), str(iterations.count(0)), f"{np.median(iterations):.0f}"
    lateness = [duration(max(x, 0.0)) for x in (float(np.median(late)), p99, max(late))]
    return [
        agent,
        duration(budget),
        str(len(asked)),
        *lateness,
        duration(allowed),
        "yes" if p99 <= allowed else "NO",
        *counts,
        duration(load),
    ]


def leduc() -> Iterator[tuple[str, float, Callable[[float], Asked]]]:
    """Yield the agent on Leduc, what loading it took, and how it is asked."""
    tree = public_tree("leduc_poker")
    infostates = TreeInfostates(tree)
    networks = [make_network(NetworkConfig(), infostates, p, seed=p) for p in (0, 1)]  # untrained: only their speed matters here
    agent = SearchAgent(
        NetworkPolicy(infostates, (networks[0], networks[1])), variant("default"), config=ResolveConfig(warm_start="always")
    )
    begun = time.perf_counter()
    agent.load()
    load, rng, nodes = time.perf_counter() - begun, np.random.default_rng(0), np.flatnonzero(tree.player >= 0)

    def asked(budget: float) -> Asked:
        memory = agent.decide(0, 0, None, Budget(iterations=100)).memory
        for i in range(2 * MOST):
            node = int(rng.choice(nodes))
            begun = time.perf_counter()
            decision = agent.decide(int(tree.player[node]), node, None if i % 2 else memory, Budget(seconds=budget))
            yield time.perf_counter() - begun, decision.iterations, decision.solved

    yield "leduc", load, asked


def holdem(name: str) -> Iterator[tuple[str, float, Callable[[float], Asked]]]:
    """Yield the agents on a game of hold'em, what loading each took, and how it is asked."""
    deals, iterations = DEALS[name]
    game = Holdem(
        name=name, ranks="TJQKA", deals=deals, blinds=[1, 2], stack=162, bets="100%", raises="100%", raise_cap=1, min_bet=2
    ).build()
    rng = np.random.default_rng(0)
    with tempfile.TemporaryDirectory() as folder:
        threads = os.cpu_count() or 1
        blueprint = make_blueprint(game, [], variant("default_holdem"), iterations, Path(folder), threads=threads)
        for streets, gadget in SEARCHES[name]:
            agent = SearchAgent(blueprint, variant("default_holdem"), "+".join(game.rounds[s] for s in streets), ResolveConfig(gadget))
            agent.load()

            def asked(budget: float, agent: SearchAgent = agent) -> Asked:
                while True:
                    state, memories, hands = game.root, [None, None], game.deal(rng.random())
                    while (player := game.player(state)) != TERMINAL:
                        if player == CHANCE:
                            state = game.chance(state, hands, rng.random())
                            continue
                        begun = time.perf_counter()
                        decision = agent.decide(player, state, memories[player], Budget(seconds=budget))
                        seconds = time.perf_counter() - begun
                        if decision.outcome != "not_due":
                            yield seconds, decision.iterations, decision.solved
                        memories[player] = decision.memory
                        below = children(game, state)
                        going = [child for child in below if game.player(child) != TERMINAL] or below
                        state = going[rng.integers(len(going))]

            yield f"{name} {'+'.join(game.rounds[s] for s in streets)} {gadget}", agent.load_seconds, asked


if __name__ == "__main__":
    main()
