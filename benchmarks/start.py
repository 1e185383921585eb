"""The user's wait: from process start to the first solved Leduc (1,000 iterations), kernel cache warm and cold.

python benchmarks/start.py [rounds]
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time

from tables import conditions, options

from agents.reporting.tables import table

PROGRAM = """
from games import public_tree
from search import Budget, Solver, variant
solution = Solver(public_tree("leduc_poker"), variant("default")).solve(Budget(iterations=1000), trace=True)
print(solution.exploitability)
"""
COMMAND = [sys.executable, "-m", "agents.apps.solve", "game=leduc_poker", "budget.iterations=1000"]


def seconds(command: list[str], cache: str) -> float:
    """Run a command with a kernel cache folder; return its seconds from start to end."""
    with tempfile.TemporaryDirectory() as directory:
        extra = [f"hydra.run.dir={directory}"] if "agents.apps.solve" in command else []
        start = time.perf_counter()
        subprocess.run([*command, *extra], env={**os.environ, "NUMBA_CACHE_DIR": cache}, check=True, capture_output=True)
        return time.perf_counter() - start


def main() -> None:
    rounds = int((options() or ["5"])[0])
    rows = []
    for name, command in (("library", [sys.executable, "-c", PROGRAM]), ("timebank solve, figures included", COMMAND)):
        with tempfile.TemporaryDirectory() as cache:
            cold = seconds(command, cache)
            warm = [seconds(command, cache) for _ in range(rounds)]
        rows.append([name, f"{cold:.2f}", f"{statistics.median(warm):.2f}", f"{max(warm):.2f}"])
    print(table(["process", "cold s", "warm s", "slowest warm s"], rows))
    print(f"\n{conditions(f'Median of {rounds} warm runs, 1 cold')}")


if __name__ == "__main__":
    main()
