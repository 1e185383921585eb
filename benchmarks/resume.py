"""Does a match that is killed go on to the table of one that is not? Ten matches, each killed (SIGKILL) once at a random moment.

Leduc, search against its blueprint and 20,000 hands on two processes, iterations as budget. The moment is random among its hands, and up to
0.2 s later. Everything but times must come out alike, to the last digit.

    python benchmarks/resume.py [matches]
"""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from tables import conditions, options

from agents.reporting.tables import table

ROOT = Path(__file__).resolve().parents[1]
HANDS = 20_000
GIVEN = ["agent@agents.a=tabular", "agents.a.think=true", "agents.a.budget.iterations=50", "agents.a.iterations=30"]
GIVEN += ["agent@agents.b=tabular", "agents.b.iterations=30", f"hands={HANDS}", "exact=false", "executor.workers=2"]
TIMED = ("decisions", "speed")


def start(*overrides: str) -> subprocess.Popen[bytes]:
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-m", "agents.apps.match", *overrides]
    return subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.DEVNULL)


def hands_kept(directory: Path) -> int:
    return sum(path.read_text().count("\n") for path in (directory / "hands").rglob("[0-9]*.jsonl"))


def rows_of(directory: Path) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = json.loads((directory / "result.json").read_text())["rows"]
    return [{key: value for key, value in row.items() if key not in TIMED} for row in rows]


def main() -> None:
    count = int((options() or ["10"])[0])
    rows = []
    with tempfile.TemporaryDirectory() as scratch:
        whole = Path(scratch) / "whole"
        assert start(*GIVEN, f"hydra.run.dir={whole}").wait() == 0
        moments = random.Random(0)
        for trial in range(count):
            directory = Path(scratch) / f"killed{trial}"
            process = start(*GIVEN, f"hydra.run.dir={directory}")
            least = moments.randrange(HANDS)
            while hands_kept(directory) <= least and process.poll() is None:
                time.sleep(0.005)
            time.sleep(moments.uniform(0, 0.2))
            process.kill()
            ended = process.wait() == 0
            assert process.returncode in (0, -signal.SIGKILL), f"match {trial + 1} ended by itself with status {process.returncode}"
            kept = hands_kept(directory)
            assert start(f"resume={directory}").wait() == 0
            alike = rows_of(directory) == rows_of(whole)
            print(f"{trial + 1} of {count}: {kept} hands kept, {alike}", file=sys.stderr, flush=True)
            rows.append([str(trial + 1), "ended before" if ended else f"{kept:,}", "the same" if alike else "DIFFERENT"])
    print(f"{table(['match', 'hands kept', 'table after resuming'], rows)}\n\n{conditions()}")
    assert all(row[-1] == "the same" for row in rows)


if __name__ == "__main__":
    main()
