"""Strength against thinking time, measured exactly: the framework's main job."""

from __future__ import annotations

import gc
import hashlib
import json
import math
import os
import pickle
import re
import shutil
import statistics
import time
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import asdict, dataclass, fields
from functools import lru_cache, partial
from pathlib import Path
from typing import Any

import numpy as np

from agents.agent import Agent
from agents.evaluation.strength import tabulate
from agents.reporting.tables import write_text
from agents.runtime.executor import Executor, Serial
from agents.runtime.progress import Teller, shares, watched
from agents.runtime.storage import load_or_set_aside, number_in, read_json, require, whole_in
from games.modules import sources
from search import Budget, Spent
from search.tree.evaluator import exploitability_of

Row = dict[str, Any]
ROUNDING = 1e-6  # of values in float32, as a share
LATE_SECONDS, LATE_FRACTION = 1e-3, 0.02  # a decision is overrun when it ends later than this after its budget
# The rivers of holdem5 are 816,480 subgames: as many seconds, and as many iterations.
MOST_MEASUREMENT_BYTES, MOST_MEASUREMENT_ITEMS = 1 << 26, 2_000_000
SPOILT = 0.05  # share of late decisions: on a quiet machine one in a hundred is late, so more say that it was busy


@dataclass(frozen=True)
class Measurement:
    """One task: one seat of one agent at one budget, once.

    Attributes:
        key: names the measurement among all others, of other runs too: the line, a digest of the agent, budget, draw and seat.
        agent: pickled, so that a worker which has met it before knows it again and keeps it loaded.
        kept: folder for what is done of it and how far it is; None keeps nothing.
    """

    key: str
    agent: bytes
    budget: Budget
    seat: int
    kept: Path | None = None


def measure(task: Measurement) -> Row:
    """Tabulate one seat and best-respond to it; plain numbers come back."""
    agent = _unpacked(task.agent)
    agent.load()
    if task.budget.seconds:
        gc.collect()
        gc.freeze()  # a collection of everything that torch has loaded takes longer than a short decision
    try:
        start, running = time.perf_counter(), time.process_time()
        report = tabulate(agent, task.seat, task.budget, None if task.kept is None else Teller(task.kept), task.kept)
        running = (time.process_time() - running) / (time.perf_counter() - start)
    finally:
        gc.unfreeze()
    return {
        "opponent_best_response": report.opponent_best_response,
        "against_blueprint": report.against_blueprint,
        "decisions": report.decisions,
        "solves": report.solves,
        "kept": report.kept,
        "skipped": report.skipped,
        "loading": report.loading,
        "seconds": report.seconds,
        "iterations": report.iterations,
        "spent": asdict(report.spent),
        "solver_error": report.solver_error,
        "running_share": running,  # CPU time by wall time: below 1 others had the cores, above it several threads worked
    }


@lru_cache(maxsize=4)
def _unpacked(packed: bytes) -> Agent[Any]:
    agent: Agent[Any] = pickle.loads(packed)
    return agent


def ablate(
    lines: Mapping[str, tuple[Agent[Any], Sequence[Budget]]],
    sweeps: int = 3,
    executor: Executor | None = None,
    directory: Path | None = None,
    progress: Callable[[float, int, Row | None], None] | None = None,
) -> Generator[Row]:
    """Measure agents at budgets; yield a row for each as soon as its measurements are complete.

    Args:
        lines: by name, an agent and the budgets to measure it at. A budget of 0 is given to agents that do not think.
        sweeps: draws of clock-budgeted agents; iteration budgets and agents that do not think need one.
        executor: where the work is done; in this process by default.
        directory: measurements are kept here as they come and not made again, nor are parts of those that were stopped; None keeps none.
        progress: called with measurements done, measurements in all, and the row just completed if any; every second from another thread.
    """
    if sweeps < 1:
        raise ValueError(f"sweeps must be at least 1, got {sweeps}")
    groups: list[tuple[str, Agent[Any], Budget, list[Measurement]]] = []
    for line, (agent, budgets) in lines.items():
        packed, name = pickle.dumps(agent), re.sub(r"[^\w.]+", "-", line) + "-" + digest(agent)
        for budget in budgets:
            limits = ((budget.seconds, "s"), (budget.iterations, "its"), (budget.exploitability, "chips"))
            limit = "-".join(f"{value:g}{unit}" for value, unit in limits if value is not None)
            draws = range(sweeps if budget.seconds else 1)
            keys = [(f"{name}-{limit}-{k}-seat{seat}", seat) for k in draws for seat in (0, 1)]
            tasks = [Measurement(key, packed, budget, seat, directory and directory / f"{key}.partial") for key, seat in keys]
            groups.append((line, agent, budget, tasks))
    every = [task for *_, tasks in groups for task in tasks]
    found = {} if directory is None else dict(_measured(directory, groups))
    told: set[int] = set()

    def complete() -> Iterator[Row]:
        """Yield the rows that have become complete."""
        for i, (line, agent, budget, tasks) in enumerate(groups):
            if i not in told and all(task.key in found for task in tasks):
                told.add(i)
                row = _row(line, agent, budget, [found[task.key] for task in tasks])
                if progress is not None:
                    progress(len(found), len(every), row)
                yield row

    yield from complete()
    missing = [task for task in every if task.key not in found]

    def look() -> None:
        if progress is not None:
            parts = [task.kept for task in missing if task.kept is not None and task.key not in found]
            progress(len(found) + shares(parts), len(every), None)

    # closed at once if the caller stops, with its processes
    with watched(look), closing((executor or Serial()).map(measure, missing)) as results:
        for i, result in results:
            found[missing[i].key] = result
            _keep(directory, missing[i], result)
            if progress is not None:
                progress(len(found), len(every), None)
            yield from complete()


def _row(line: str, agent: Agent[Any], budget: Budget, seats: list[Row]) -> Row:
    """Join a group's measurements: exploitability is the mean over sweeps of (BR against seat 0 + BR against seat 1) / 2."""
    draws = [
        exploitability_of(a["opponent_best_response"], b["opponent_best_response"]) for a, b in zip(seats[::2], seats[1::2], strict=True)
    ]
    seconds = [s for seat in seats for s in seat["seconds"]]
    iterations = [n for seat in seats for n in seat["iterations"]]
    strength: Row = {"value": statistics.fmean(draws), "unit": "chips", "draws": draws}
    if agent.game.big_blind is not None:
        strength["mbb_per_game"] = 1000 * strength["value"] / agent.game.big_blind
    if budget.seconds:
        strength["standard_error"] = statistics.stdev(draws) / math.sqrt(len(draws)) if len(draws) > 1 else float("nan")
    else:
        strength["exact"] = True
    won = [seat.get("against_blueprint", math.nan) for seat in seats]  # measurements of older versions have none
    error = sum(seat["solver_error"] for seat in seats) / len(draws)
    late = [s - budget.seconds for s in seconds] if budget.seconds else []
    allowed = LATE_SECONDS + LATE_FRACTION * (budget.seconds or 0.0)
    overruns = sum(x > allowed for x in late)
    running = [seat["running_share"] for seat in seats if "running_share" in seat]  # measurements of older versions have none
    return {
        "game": agent.game.name,
        "line": line,
        "agent": agent.name,
        "thinking_seconds": budget.seconds if budget.iterations is None else None,
        "thinking_iterations": budget.iterations,
        "spent_seconds": statistics.fmean(seconds) if seconds else 0.0,
        **_parts(seats, len(seconds)),
        "iterations": statistics.fmean(iterations) if iterations else 0.0,
        "least_iterations": min(iterations, default=0),
        "exploitability": strength,
        "against_blueprint": _won(agent, statistics.fmean(won)),
        "solver_error": None if math.isnan(error) else error,
        "draws": len(draws),
        "decisions": sum(seat["decisions"] for seat in seats),  # of all draws, like the counts that follow
        "solves": sum(seat["solves"] for seat in seats),
        "kept": sum(seat["kept"] for seat in seats),
        "skipped": sum(seat.get("skipped", 0) for seat in seats),
        "load_seconds": statistics.fmean(seat.get("loading", 0.0) for seat in seats),
        "slowest_decision_seconds": max(seconds, default=0.0),
        "late_p99_seconds": float(np.percentile(late, 99)) if late else 0.0,
        "overruns": overruns,
        "timed": len(late),
        "spoilt": overruns > SPOILT * len(late),
        "running_share": statistics.fmean(running) if running else None,
    }


def _parts(seats: list[Row], decisions: int) -> Row:
    """Return the mean seconds of decisions that went into each part of them; None where older versions measured."""
    known = decisions > 0 and all("spent" in seat for seat in seats)
    names = [part.name for part in fields(Spent)]
    return {f"{name}_seconds": sum(seat["spent"][name] for seat in seats) / decisions if known else None for name in names}


def _won(agent: Agent[Any], chips: float) -> Row | None:
    """Return what an agent wins a hand from its own blueprint, seats changing; None for agents without one."""
    if math.isnan(chips):
        return None
    found: Row = {"value": chips, "unit": "chips"}
    if agent.game.big_blind is not None:
        found["mbb_per_game"] = 1000 * chips / agent.game.big_blind
    return found


def digest(agent: Agent[Any]) -> str:
    """Return what a kept measurement must agree with: the agent's settings, its policy's every number, and modules of your own."""
    return hashlib.sha256(agent.fingerprint() + sources().encode()).hexdigest()[:10]


def _measured(directory: Path, groups: Sequence[tuple[str, Agent[Any], Budget, list[Measurement]]]) -> Iterator[tuple[str, Row]]:
    """Make the folder of measurements; yield those that are there by key."""
    directory.mkdir(parents=True, exist_ok=True)
    for _, agent, _, tasks in groups:
        kept = [path for task in tasks if os.path.lexists(path := directory / f"{task.key}.json")]
        most = agent.game.max_payoff if kept else 0.0
        for path in kept:
            row = load_or_set_aside(path, partial(_read, most=most))
            if row is not None:
                yield path.stem, row


def _read(path: Path, most: float) -> Row:
    """Return a measurement made before.

    Args:
        path: of the file.
        most: chips that a deal can win or lose.

    Raises:
        ValueError: the file holds something else, or what cannot have been measured; KeyError, TypeError likewise.
    """
    row: Row = read_json(path, MOST_MEASUREMENT_BYTES, items=MOST_MEASUREMENT_ITEMS)
    most *= 1 + ROUNDING
    require(number_in(row["opponent_best_response"], -most, most), f"a measurement's opponent_best_response must be at most {most:g} chips")
    counts = [row[key] for key in ("decisions", "solves", "kept")]
    require(all(whole_in(n, 0, 2**53) for n in counts), "a measurement's counts must be whole numbers of at least 0")
    require(max(counts) == counts[0], "a measurement's decisions must be at least its solves and those that were kept")
    lengths = [len(row[key]) for key in ("seconds", "iterations")]
    require(lengths[0] == lengths[1] <= counts[0], "a measurement must have seconds and iterations of the same decisions")
    require(all(number_in(x, 0, 1e9) for x in row["seconds"]), "a measurement's seconds must be numbers of at least 0")
    require(all(whole_in(n, 0, 2**53) for n in row["iterations"]), "a measurement's iterations must be whole numbers of at least 0")
    fits = whole_in(row.get("skipped", 0), 0, 2**53) and number_in(row.get("loading", 0.0), 0, 1e9)  # older versions have neither
    require(fits, "a measurement's skipped and loading must be numbers of at least 0")
    spent = row.get("spent")  # older versions have none
    require(
        spent is None or all(number_in(spent[part.name], 0, 1e12) for part in fields(Spent)), "what a measurement spent must be numbers"
    )
    # NaN where they were not measured; older versions have only the first. Each solve's error is that of a game of these stakes.
    limits = {"solver_error": 2 * most * max(1, counts[1]), "against_blueprint": most, "running_share": 1e9}
    for key, limit in limits.items():
        value = row[key] if key == "solver_error" else row.get(key, math.nan)
        possible = type(value) in (int, float) and (math.isnan(value) or -limit <= value <= limit)
        require(possible, f"a measurement's {key} must be a number of at most {limit:g}")
    return row


def _keep(directory: Path | None, task: Measurement, row: Row) -> None:
    if directory is None:
        return
    write_text(directory / f"{task.key}.json", json.dumps(row))
    shutil.rmtree(task.kept or directory / f"{task.key}.partial", ignore_errors=True)


def exchange_rate(training: Sequence[Row], rows: Sequence[Row], done: float | None = None) -> list[Row]:
    """Return, for each measured thinking time, the training compute that buys the same exploitability for the network alone.

    Between measured points the training curve is interpolated in log(compute) against log(exploitability), on its lower envelope (the
    best so far). Beyond them, on either side, the line through its first and last points is continued, and the row says ``extrapolated``.

    Args:
        training: rows with ``compute`` and ``exploitability`` (chips) of the network alone.
        rows: of ``ablate``, for agents that search from that network.
        done: compute of the network that they search from; the last point's unless given.
    """
    best, curve = math.inf, []
    for point in sorted(training, key=lambda r: float(r["compute"])):
        if 0 < point["exploitability"] < best and point["compute"] > 0:
            best = float(point["exploitability"])
            curve.append((math.log(float(point["compute"])), math.log(best)))
    if len(curve) < 2:
        return []
    slope = (curve[-1][1] - curve[0][1]) / (curve[-1][0] - curve[0][0])
    own = math.exp(curve[-1][0]) if done is None else done
    found = []
    for row in rows:
        value = row["exploitability"]["value"]
        asked_seconds = row.get("thinking_iterations") is None
        thinking = row["thinking_seconds"] if asked_seconds else row["spent_seconds"]  # what the iterations asked for took
        if not thinking or value <= 0:
            continue
        goal = math.log(value)
        extrapolated = not curve[-1][1] <= goal <= curve[0][1]
        if extrapolated:
            near = curve[-1] if goal < curve[-1][1] else curve[0]
            log_compute = near[0] + (goal - near[1]) / slope
        else:
            log_compute = float(np.interp(-goal, [-y for _, y in curve], [x for x, _ in curve]))
        compute = math.exp(log_compute) if log_compute < 700 else math.inf
        found.append(
            {
                "line": row["line"],
                "thinking_seconds": thinking,
                "exploitability": value,
                "equivalent_compute": compute,
                "times_the_training_done": compute / own,
                "extrapolated": extrapolated,
            }
        )
    return found
