"""How many times faster is an iteration of CFR+ than its peers'? All three in one run, in turns; ratios of medians.

Averaging is included everywhere, compilation, building and checks nowhere. Peers: OpenSpiel's C++ solver, and LiteEFG if installed
(`pip install -c constraints.txt -e '.[bench]'`).

    python benchmarks/solvers.py [rounds]      # --write, --check: see benchmarks/tables.py

GPU-CFR is not run: its rows are what Li & Huang 2026 (arXiv 2609.11923) publish of CFR+ on an A100, as a public note quotes their table.
"""

from __future__ import annotations

import contextlib
import io
import statistics
import time
from collections.abc import Callable

import pyspiel
from tables import RESULTS, Table, options

from games import public_tree
from search import Solver, variant

GAMES = ("leduc_poker", "liars_dice(numdice=1,dice_sides=5)")
OURS, PEERS, GPU = "ours", ("OpenSpiel C++", "LiteEFG 1.0"), "GPU-CFR, an A100, published"
PUBLISHED = {"leduc_poker": 304.0}  # microseconds
LABELS = [(game, name) for game in GAMES for name in (OURS, *PEERS, *([GPU] if game in PUBLISHED else []))]
TABLE = Table("iterations", RESULTS, ["game", "solver", "us an iteration", "times ours", "over rounds"], LABELS)
TABLES = (TABLE,)


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
    rounds = int((options(TABLES) or ["7"])[0])
    rows = []
    for game in GAMES:
        runs = dict(zip((OURS, *PEERS), ((ours(game), 2000), (openspiel(game), 10), (liteefg(game), 20)), strict=True))
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
        mine = statistics.median(times[OURS])
        for name, found in times.items():
            ratios = [t / m for t, m in zip(found, times[OURS], strict=True)]
            spread = f"{min(ratios):.0f}..{max(ratios):.0f}"
            rows.append([game, name, f"{statistics.median(found) * 1e6:.1f}", f"{statistics.median(found) / mine:.0f}", spread])
        if game in PUBLISHED:
            rows.append([game, GPU, f"{PUBLISHED[game]:.0f}", f"{PUBLISHED[game] / (1e6 * mine):.0f}", "-"])
    TABLE.show(rows, f"{rounds} rounds, one thread")


if __name__ == "__main__":
    main()
