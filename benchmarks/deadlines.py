"""Are decision deadlines kept? Search agents on Leduc and on hold'em, asked at random public states by the clock.

    python benchmarks/deadlines.py                       # under ten minutes on two cores that nobody else uses
    python benchmarks/deadlines.py --games leduc,ms3f1t1r1h5 --share 0.1
    python benchmarks/deadlines.py --overhead            # what a decision costs beside its kernels
    python benchmarks/deadlines.py --share 0.55 --write  # also into docs/results.md; --check measures nothing (benchmarks/tables.py)

Late is what a decision took beyond its budget, measured around the call; the goal is that its 99th percentile is at most 1 ms + 2 % of the
budget, and a row that misses it is bold. Half of Leduc's decisions ask a network about the whole game and solve it, half re-solve below it.
Hold'em is played line by line with everything inside the clock, gifts counted; only decisions that are due to search are in the table.
Blueprints are lossless and made for the occasion by a few iterations of default_holdem (10; holdem5 2, 1.5 GB in the folder for temporary
files). What an agent computes once for a game, when it is loaded, is in the column ``load``. Decisions without time for an iteration are
``skipped``.

``--overhead`` asks for ten iterations a decision in place of seconds, and takes the time inside compiled functions off: what is left is
Python's part of a decision.
"""

from __future__ import annotations

import argparse
import gc
import os
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numba.core.dispatcher import Dispatcher
from tables import RESULTS, Table, conditions, options

from agents.agent import Decision
from agents.board_blueprint import make_blueprint
from agents.networks import NetworkConfig, NetworkPolicy, make_network
from agents.reporting.tables import duration, table
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
ITERATIONS = 10  # of a decision whose overhead is measured
HEADS = ["agent", "budget", "decisions", "late, p99", "worst", "allowed", "searched", "skipped", "median iterations", "load"]
OVERHEAD = ["agent", "decisions", "whole", "kernels", "calls", "overhead"]


class Asked(NamedTuple):
    """A decision, its seconds around the call, and those inside compiled functions and their number if they are counted."""

    decision: Decision
    seconds: float
    kernels: float
    calls: int


Asking = Callable[[Budget], Iterator[Asked]]


class Timed:
    """A compiled function whose seconds are counted.

    Args:
        function: that was compiled before.
    """

    seconds, calls = 0.0, 0

    def __init__(self, function: Dispatcher) -> None:
        self.function = function

    def __call__(self, *arguments: Any) -> Any:
        begun = time.perf_counter()
        try:
            return self.function(*arguments)
        finally:
            Timed.seconds += time.perf_counter() - begun
            Timed.calls += 1

    @staticmethod
    def ask(agent: SearchAgent, seat: int, state: Any, memory: Any, budget: Budget) -> Asked:
        """Ask for a decision."""
        kernels, calls, begun = Timed.seconds, Timed.calls, time.perf_counter()
        decision = agent.decide(seat, state, memory, budget)
        return Asked(decision, time.perf_counter() - begun, Timed.seconds - kernels, Timed.calls - calls)

    @staticmethod
    @contextmanager
    def everywhere() -> Iterator[None]:
        """Count the seconds of every compiled function that modules of the product name; kernels compiled meanwhile would not find them."""
        modules = [sys.modules[name] for name in sys.modules if name.split(".")[0] in ("games", "search", "agents")]
        found = [(module, key, value) for module in modules for key, value in vars(module).items() if isinstance(value, Dispatcher)]
        for module, key, value in found:
            setattr(module, key, Timed(value))
        yield
        for module, key, value in found:
            setattr(module, key, value)


def called(name: str, streets: tuple[int, ...], gadget: str) -> str:
    """Return what a row calls a searching agent of hold'em."""
    return f"{name} {'+'.join(('preflop', 'flop', 'turn', 'river')[s] for s in streets)} {gadget}"


AGENTS = {"leduc": ["leduc"]} | {name: [called(name, *search) for search in searches] for name, searches in SEARCHES.items()}
TABLE = Table("deadlines", RESULTS, HEADS, [(agent, duration(b)) for name in BUDGETS for agent in AGENTS[name] for b in BUDGETS[name]])
TABLES = (TABLE,)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--games", default=",".join(BUDGETS), help="a list of them")
    parser.add_argument("--share", type=float, default=1.0, help="of the decisions")
    parser.add_argument("--overhead", action="store_true", help="measure Python's part of decisions of ten iterations")
    given = parser.parse_args(options(TABLES))
    rows: list[list[str]] = []
    for name in given.games.split(","):
        if name not in BUDGETS:
            parser.error(f"argument --games: must be some of {', '.join(BUDGETS)}, got {name!r}")
        for agent, load, ask in leduc() if name == "leduc" else holdem(name):
            gc.collect()
            gc.freeze()
            if given.overhead:
                with Timed.everywhere():
                    rows.append(overhead(agent, some(ask(Budget(iterations=ITERATIONS)), MOST * given.share / 2)))
            for seconds in () if given.overhead else BUDGETS[name]:
                count = min(MOST, SECONDS[name] / seconds) * given.share
                rows.append(late(agent, seconds, some(ask(Budget(seconds=seconds)), count), load))
                print(" ".join(rows[-1]), flush=True)
            gc.unfreeze()
    if given.overhead:
        print(f"{table(OVERHEAD, rows)}\n\n{conditions('One thread')}")
    else:
        TABLE.show(rows, "One thread")


def some(asked: Iterator[Asked], count: float) -> list[Asked]:
    """Return the first ones."""
    return [found for found, _ in zip(asked, range(max(int(count), 1)), strict=False)]


def overhead(agent: str, asked: list[Asked]) -> list[str]:
    """Return a row: medians of decisions that solved a subgame."""
    solved = [(x.seconds, x.kernels, x.calls, x.seconds - x.kernels) for x in asked if x.decision.solved]
    seconds, kernels, calls, beside = np.median(solved, axis=0).tolist()
    return [agent, str(len(solved)), duration(seconds), duration(kernels), f"{calls:.0f}", duration(beside)]


def late(agent: str, budget: float, asked: list[Asked], load: float) -> list[str]:
    """Return a row."""
    late, iterations = [x.seconds - budget for x in asked], [x.decision.iterations for x in asked]
    p99, allowed = float(np.percentile(late, 99)), 1e-3 + 0.02 * budget
    counts = str(sum(x.decision.solved for x in asked)), str(iterations.count(0)), f"{np.median(iterations):.0f}"
    lateness, worst = duration(max(p99, 0.0)), duration(max(*late, 0.0))
    missed = "" if p99 <= allowed else "**"
    return [agent, duration(budget), str(len(asked)), f"{missed}{lateness}{missed}", worst, duration(allowed), *counts, duration(load)]


def leduc() -> Iterator[tuple[str, float, Asking]]:
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

    def ask(budget: Budget) -> Iterator[Asked]:
        memory = agent.decide(0, 0, None, Budget(iterations=100)).memory
        for i in range(2 * MOST):
            node = int(rng.choice(nodes))
            yield Timed.ask(agent, int(tree.player[node]), node, None if i % 2 else memory, budget)

    yield "leduc", load, ask


def holdem(name: str) -> Iterator[tuple[str, float, Asking]]:
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

            def ask(budget: Budget, agent: SearchAgent = agent) -> Iterator[Asked]:
                while True:
                    state, memories, hands = game.root, [None, None], game.deal(rng.random())
                    while (player := game.player(state)) != TERMINAL:
                        if player == CHANCE:
                            state = game.chance(state, hands, rng.random())
                            continue
                        found = Timed.ask(agent, player, state, memories[player], budget)
                        if found.decision.outcome != "not_due":
                            yield found
                        memories[player] = found.decision.memory
                        below = children(game, state)
                        going = [child for child in below if game.player(child) != TERMINAL] or below
                        state = going[rng.integers(len(going))]

            yield called(name, streets, gadget), agent.load_seconds, ask


if __name__ == "__main__":
    main()
