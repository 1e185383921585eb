"""How many times faster is an iteration of CFR+ than its peers'? All three in one run, in turns; ratios of medians.

Averaging is included everywhere, compilation, building and checks nowhere. Peers: OpenSpiel's C++ solver, and LiteEFG if installed
(`pip install -c constraints.txt -e '.[bench]'`).

    python benchmarks/solvers.py [rounds]
"""

from __future__ import annotations

import contextlib
import io
import statistics
import sys
import time
from collections.abc import Callable

import pyspiel

from agents.reporting.tables import machine, table, version
from games import public_tree
from search import Solver, variant

GAMES = ("leduc_poker", "liars_dice(numdice=1,dice_sides=5)")


def ours(game: str) -> Callable[[int], None]:
    """Return a function that runs iterations of ours."""
    return Solver(public_tree(game), variant("cfr_plus")).run


def openspiel(game: str) -> Callable[[int], None]:
    """Return a function that runs iterations of OpenSpiel's C++ solver."""
    solver = pyspiel.CFRPlusSolver(pyspiel.load_game(game))

    def run(iterations: int) -> None:
        for _ in range(iterations):
            solver.evaluate_and_update_policy()

    return run


def liteefg(game: str) -> Callable[[int], None] | None:
    """Return a function that runs iterations of LiteEFG with linear averaging, None if it is not installed."""
    try:
        import LiteEFG
        from LiteEFG.baselines.CFRplus import graph
    except ImportError:
        return None
    with contextlib.redirect_stdout(io.StringIO()):
        cfr = graph()
    environment = LiteEFG.OpenSpielEnv(pyspiel.load_game(game), traverse_type="Enumerate", regenerate=False)
    environment.set_graph(cfr)

    def run(iterations: int) -> None:
        for _ in range(iterations):
            cfr.update_graph(environment)
            environment.update_strategy(cfr.current_strategy())

    return run


def seconds(run: Callable[[int], None], iterations: int) -> float:
    """Return seconds per iteration."""
    start = time.perf_counter()
    run(iterations)
    return (time.perf_counter() - start) / iterations


def main() -> None:
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 7
    rows = []
    for game in GAMES:
        runs = {"ours": (ours(game), 2000), "OpenSpiel C++": (openspiel(game), 10), "LiteEFG 1.0": (liteefg(game), 20)}
        times: dict[str, list[float]] = {name: [] for name, (run, _) in runs.items() if run is not None}
        for name in times:
            run = runs[name][0]
            assert run is not None
            run(1)  # compiles, or touches its memory
        for _ in range(rounds):
            for name in times:
                run, iterations = runs[name]
                assert run is not None
                times[name].append(seconds(run, iterations))
        mine = statistics.median(times["ours"])
        for name, found in times.items():
            ratios = [t / m for t, m in zip(found, times["ours"], strict=True)]
            spread = f"{min(ratios):.0f}..{max(ratios):.0f}"
            rows.append([game, name, f"{statistics.median(found) * 1e6:.1f}", f"{statistics.median(found) / mine:.0f}", spread])
    print(table(["game", "solver", "us per iteration", "times ours", "over rounds"], rows))
    print(machine()["cpu"], version(), f"{rounds} rounds, one thread", sep="; ")


if __name__ == "__main__":
    main()
