"""Run a golden and read what it left: numbers and texts by where they stand, and digests of arrays.

What is read: ``result.json``, ``policy.json`` and the hands of each run, by name; of ``solution.npz`` and of networks every array. What is
left out: times and what depends on them, versions, machines, paths, sizes in memory, and names that only describe. ``compare.py`` looks
at all of it; ``make.py`` stores the numbers, the long columns of them summed up.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import shlex
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import numpy as np
from safetensors.numpy import load_file

from tests.goldens.cases import Golden

RENAMED: dict[str, str] = {}  # fields: name of an earlier version -> name of today; where a result has both, today's counts
LEFT_OUT = re.compile(
    r".*seconds.*|version|machine|command|checkpoint|directory|playing|running_share|spoilt|overruns|timed|speed"
    r"|memory_bytes|agent|agents|algorithm|name|notes?|description|digest|salt|status"
)
NOT_STORED = re.compile(r"mbb_per_game|pot_fraction|[:.](unit|game)$|\.decisions\[")
NETWORK = re.compile(r"network:[0-9a-f]{8}")  # a digest of its weights, which differ in their last bits
INDEX, HAND = re.compile(r"\[\d+\]"), re.compile(r"\.(?:[2-9TJQKA][cdhs]){2}\.")
LONG = 420  # entries of a column
TIMED_ROWS = ("trace", "decisions")  # lists of rows whose second entry is seconds

Values = dict[str, Any]


def arguments_of(golden: Golden) -> list[list[str]]:
    """Return each command's arguments, its run's folder among them."""
    found = []
    for number, command in enumerate(golden.commands, 1):
        arguments = shlex.split(command)
        resumes = any(a.startswith("resume=") for a in arguments)
        found.append(arguments if resumes else [*arguments, f"hydra.run.dir={number}"])
    return found


def run_in(tree: Path, golden: Golden, folder: Path) -> None:
    """Run a golden's commands in an empty folder with the code of a source tree, each in a process of its own.

    Raises:
        RuntimeError: a command failed.
    """
    folder.mkdir(parents=True)
    script = tomllib.loads((tree / "pyproject.toml").read_text())["project"]["scripts"]["timebank"]
    module, _, function = script.partition(":")
    code = f"import sys; from {module} import {function}; sys.argv[0] = 'timebank'; {function}()"
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"} | {"PYTHONPATH": str(tree.resolve())}
    for arguments in arguments_of(golden):
        done = subprocess.run(
            [sys.executable, "-c", code, *arguments], cwd=folder, env=environment, input=golden.typed, capture_output=True, text=True
        )
        if done.returncode:
            raise RuntimeError(f"timebank {shlex.join(arguments)} must end well in {tree}, got status {done.returncode}: {done.stderr}")


def values_in(folder: Path) -> Values:
    """Return the values of every run in a folder, by ``run/file:field``."""
    found: Values = {}
    for run in sorted(path for path in folder.iterdir() if path.is_dir()):
        found |= values_of(run, f"{run.name}/")
    return found


def values_of(run: Path, prefix: str = "") -> Values:
    """Return the values of one run, by ``file:field``."""
    found: Values = {}
    for name in ("result", "policy"):
        if (run / f"{name}.json").is_file():
            _flatten(json.loads((run / f"{name}.json").read_text()), f"{prefix}{name}:", found)
    hands = [*run.glob("hands.jsonl"), *sorted(run.glob("hands/*/*.jsonl"))]
    _flatten([json.loads(line) for path in hands for line in path.read_text().splitlines()], f"{prefix}hands:", found)
    return found


def arrays_in(folder: Path) -> Values:
    """Return a digest of every array that runs wrote, by ``run/file:array``."""
    found: Values = {}
    for path in sorted([*folder.glob("*/*.npz"), *folder.glob("*/*.safetensors")]):
        arrays = load_file(path) if path.suffix == ".safetensors" else dict(np.load(path))
        for name, array in arrays.items():
            digest = hashlib.sha256(np.ascontiguousarray(array).tobytes()).hexdigest()[:16]
            found[f"{path.relative_to(folder)}:{name}"] = f"{array.dtype}{list(array.shape)} {digest}"
    return found


def columns(values: Values) -> dict[str, list[Any]]:
    """Return values that stand at the same field of different rows or hands together, in order."""
    found: dict[str, list[Any]] = {}
    for path, value in values.items():
        found.setdefault(HAND.sub(".HAND.", INDEX.sub("[]", path)), []).append(value)
    return found


def summary(column: list[Any]) -> list[Any] | dict[str, Any]:
    """Return a column as it is stored: a long one as few numbers that tell a change of any entry, or of the order, all the same."""
    if len(column) <= LONG:
        return [float(f"{v:.9g}") if isinstance(v, float) else v for v in column]
    if not all(isinstance(v, int | float) for v in column):
        return {"count": len(column), "sha256": hashlib.sha256(json.dumps(column).encode()).hexdigest()}
    array = np.array(column, float)
    weights = np.random.default_rng(0).uniform(0.5, 1.5, len(array))
    return {"count": len(array), "mean": float(array.mean()), "weighted_mean": float(array @ weights / weights.sum())}


def stored(values: Values) -> dict[str, Any]:
    """Return what is stored of values.

    Not stored is a field that repeats another in another unit, one that is nothing but rounding, and which decisions of a match were
    computed: later commands of one process find them made.
    """
    return {path: summary(column) for path, column in columns(values).items() if not NOT_STORED.search(path)}


def _flatten(value: Any, path: str, found: Values) -> None:
    if isinstance(value, dict):
        renamed = {RENAMED.get(key, key): entry for key, entry in value.items() if key in RENAMED}
        for key, entry in (renamed | {k: v for k, v in value.items() if k not in RENAMED}).items():
            if not LEFT_OUT.fullmatch(key):
                _flatten(_untimed(entry) if key in TIMED_ROWS else entry, path + ("" if path[-1] == ":" else ".") + key, found)
    elif isinstance(value, list):
        for i, entry in enumerate(value):
            _flatten(entry, f"{path}[{i}]", found)
    else:
        found[path] = NETWORK.sub("network", value) if isinstance(value, str) else value


def _untimed(rows: Any) -> Any:
    return [row[:1] + row[2:] if isinstance(row, list) else row for row in rows] if isinstance(rows, list) else rows
