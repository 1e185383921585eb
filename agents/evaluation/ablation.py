"""Strength against thinking time, measured exactly: the framework's main job."""

from __future__ import annotations

import hashlib
import json
import logging
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

from agents.agent import Tabulated
from agents.evaluation.strength import tabulate
from agents.reporting.tables import Row, write_text
from agents.runtime.executor import Executor, Serial, no_collections
from agents.runtime.progress import ShareWriter, every_second, shares
from agents.runtime.storage import load_or_set_aside, number_in, read_json, require, whole_in
from games.arrays import Float
from games.modules import sources
from search import Budget, Spent
from search.outcome import FALLBACKS, Outcome, Stop
from search.tree.evaluator import exploitability_of

ROUNDING = 1e-6  # of values in float32, as a share
LATE_SECONDS, LATE_FRACTION = 1e-3, 0.02  # a decision is overrun when it ends later than this after its budget
# The rivers of holdem5 are 816,480 subgames: as many seconds, and as many iterations.
MOST_MEASUREMENT_BYTES, MOST_MEASUREMENT_ITEMS = 1 << 26, 2_000_000
SPOILT = 0.05  # share of late decisions: on a quiet machine one in a hundred is late, so more say that it was busy
PARTS = [part.name for part in fields(Spent)]
_unpacked = lru_cache(maxsize=4)(pickle.loads)


@dataclass(frozen=True)
class Measurement:
    """One task: one seat of one agent at one budget, once."""

    key: str  # unique, over all runs: the line, a digest of the agent, budget, draw and seat
    agent: bytes  # pickled, so that a worker which has seen it before knows it again and keeps it loaded
    budget: Budget
    seat: int
    folder: Path | None = None  # for finished parts of it and its progress; None keeps nothing


@dataclass(frozen=True)
class _Group:
    """The measurements that make one row: both seats of one agent at one budget, once or several times."""

    line: str
    agent: Tabulated[Any]
    budget: Budget
    tasks: Sequence[Measurement]


def overruns_of(seconds: Sequence[float] | Float, limit: float | None) -> tuple[Float, Row]:
    """Return how late decisions were, in seconds (none without a limit), and how many too late: enough of them spoil a row."""
    late = np.asarray(seconds, float) - limit if limit else np.zeros(0)
    overruns = int((late > LATE_SECONDS + LATE_FRACTION * (limit or 0.0)).sum())
    return late, {"overruns": overruns, "spoilt": overruns > SPOILT * len(late)}


def measure(task: Measurement) -> Row:
    """Tabulate one seat and best-respond to it; plain numbers come back."""
    agent: Tabulated[Any] = _unpacked(task.agent)
    agent.load()
    with no_collections(bool(task.budget.seconds)):
        start, running = time.perf_counter(), time.process_time()
        report = tabulate(agent, task.seat, task.budget, ShareWriter(task.folder) if task.folder else None, task.folder)
        running = (time.process_time() - running) / (time.perf_counter() - start)
    row = {field.name: getattr(report, field.name) for field in fields(report) if field.name not in ("seat", "table")}
    # The share is CPU time by wall time: below 1 others had the cores, above it several threads worked.
    return row | {"spent": asdict(report.spent), "running_share": running}


def ablate(
    lines: Mapping[str, tuple[Tabulated[Any], Sequence[Budget]]],
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
    rows = [(line, agent, budget) for line, (agent, budgets) in lines.items() for budget in budgets]
    waiting = [_group(line, agent, budget, sweeps if budget.seconds else 1, directory) for line, agent, budget in rows]
    tasks = [task for group in waiting for task in group.tasks]
    measured = {} if directory is None else dict(_load(directory, waiting))

    def say(row: Row | None = None, begun: float = 0.0) -> None:
        if progress is not None:
            progress(len(measured) + begun, len(tasks), row)

    def completed() -> Iterator[Row]:
        """Yield the rows that have become complete."""
        for group in [group for group in waiting if all(task.key in measured for task in group.tasks)]:
            waiting.remove(group)
            row = _row(group, [measured[task.key] for task in group.tasks])
            say(row)
            yield row

    yield from completed()
    missing = [task for task in tasks if task.key not in measured]

    def look() -> None:
        say(begun=shares([task.folder for task in missing if task.folder is not None and task.key not in measured]))

    # closed at once if the caller stops, with its processes
    with every_second(look), closing((executor or Serial()).map(measure, missing)) as results:
        for i, result in results:
            measured[missing[i].key] = result
            _save(directory, missing[i], result)
            say()
            yield from completed()


def _group(line: str, agent: Tabulated[Any], budget: Budget, draws: int, directory: Path | None) -> _Group:
    """Return the measurements of a row."""
    name, packed = file_name(line, digest(agent), budget), pickle.dumps(agent)
    keys = [(f"{name}-{draw}-seat{seat}", seat) for draw in range(draws) for seat in (0, 1)]
    tasks = [Measurement(key, packed, budget, seat, directory and directory / f"{key}.partial") for key, seat in keys]
    return _Group(line, agent, budget, tasks)


def file_name(line: str, key: str, budget: Budget) -> str:
    """Return what a kept measurement of a line at a budget is called: with a digest of what it must agree with."""
    price = budget.price
    prices = ((price.chips, f"chips-per-{price.unit}"),) if price is not None else ()
    limits = ((budget.seconds, "s"), (budget.iterations, "its"), (budget.exploitability, "chips"), *prices)
    limit = "-".join(f"{value:g}{unit}" for value, unit in limits if value is not None)
    return "-".join([re.sub(r"[^\w.]+", "-", line), key, limit])


def _row(group: _Group, seats: list[Row]) -> Row:
    """Join a group's measurements: exploitability is the mean over sweeps of (BR against seat 0 + BR against seat 1) / 2."""
    budget, won = group.budget, [seat["opponent_best_response"] for seat in seats]
    draws = [exploitability_of(*pair) for pair in zip(won[::2], won[1::2], strict=True)]
    seconds = [s for seat in seats for s in seat["seconds"]]
    iterations = [n for seat in seats for n in seat["iterations"]]
    strength = _chips(group.agent, statistics.fmean(draws)) | {"draws": draws}
    if budget.seconds:
        strength["standard_error"] = statistics.stdev(draws) / math.sqrt(len(draws)) if len(draws) > 1 else math.nan
    else:
        strength["exact"] = True
    gained = statistics.fmean(seat["against_blueprint"] for seat in seats)
    error, violation = (sum(seat[key] for seat in seats) / len(draws) for key in ("solver_error", "bound_violation"))
    fallbacks = {kind: sum(seat["fallbacks"].get(kind, 0) for seat in seats) for kind in FALLBACKS}
    late, overruns = overruns_of(seconds, budget.seconds)
    return {
        "game": group.agent.game.name,
        "line": group.line,
        "agent": group.agent.name,
        "thinking_seconds": budget.seconds if budget.iterations is None else None,
        "thinking_iterations": budget.iterations,
        "price": None if budget.price is None else {"value": budget.price.chips, "unit": f"chips a deal per {budget.price.unit}"},
        "spent_seconds": statistics.fmean(seconds) if seconds else 0.0,
        **{f"{part}_seconds": sum(s["spent"][part] for s in seats) / len(seconds) if seconds else None for part in PARTS},
        "iterations": statistics.fmean(iterations) if iterations else 0.0,
        "least_iterations": min(iterations, default=0),
        **asked_means(seconds, iterations, *([x for seat in seats for x in seat[key]] for key in ("work", "chances"))),
        "exploitability": strength,
        "against_blueprint": None if math.isnan(gained) else _chips(group.agent, gained),
        "solver_error": _known(error if group.agent.game.big_blind is None else violation),  # hold'em's as before, for one release
        "bound_violation": _known(violation),
        "draws": len(draws),
        "decisions": sum(seat["decisions"] for seat in seats),  # of all draws, like the counts that follow
        "solves": sum(seat["solves"] for seat in seats),
        "fallbacks": fallbacks,
        "stops": {kind: sum(seat["stops"].get(kind, 0) for seat in seats) for kind in Stop},
        "kept": sum(fallbacks.values()),  # this and the next are what older versions have, for one release
        "skipped": fallbacks[Outcome.NO_TIME],
        "load_seconds": statistics.fmean(seat["loading"] for seat in seats),
        "slowest_decision_seconds": max(seconds, default=0.0),
        "late_p99_seconds": float(np.percentile(late, 99)) if len(late) else 0.0,
        "timed": len(late),
        **overruns,
        "running_share": statistics.fmean(seat["running_share"] for seat in seats),
    }


def asked_means(seconds: Sequence[float], iterations: Sequence[int], work: Sequence[float], chances: Sequence[float]) -> Row:
    """Return what a decision takes on average in play, where each one comes with its chance; None where chances are not known.

    Args:
        seconds: of each decision.
        iterations: of each.
        work: of each.
        chances: that each is asked for.
    """
    total = math.fsum(chances)
    known = len(chances) == len(iterations) == len(work) and total > 0  # also false for NaN
    spent = {"asked_seconds": seconds, "asked_iterations": iterations, "asked_work": work}
    return {key: math.fsum(c * x for c, x in zip(chances, each, strict=True)) / total if known else None for key, each in spent.items()}


def _chips(agent: Tabulated[Any], chips: float) -> Row:
    """Return chips a hand as rows have them, in hold'em with blinds also in thousandths of a big blind."""
    blind = agent.game.big_blind
    return {"value": chips, "unit": "chips"} | ({} if blind is None else {"mbb_per_game": 1000 * chips / blind})


def _known(x: float) -> float | None:
    return None if math.isnan(x) else x


def digest(agent: Tabulated[Any]) -> str:
    """Return what a kept measurement must agree with: the agent's settings, its policy's every number, and modules of your own."""
    return hashlib.sha256(agent.fingerprint() + sources().encode()).hexdigest()[:10]


def _load(directory: Path, groups: Sequence[_Group]) -> Iterator[tuple[str, Row]]:
    """Make the folder of measurements; yield those that are there by key."""
    directory.mkdir(parents=True, exist_ok=True)
    others = {path.stem for path in directory.glob("[!.]*.json")} - {task.key for group in groups for task in group.tasks}
    if others:
        text = "%d of the measurements in %s are of other settings, or of a version with other rules; they stay there, not used"
        logging.getLogger(__name__).warning(text, len(others), directory)
    for group in groups:
        for path in [path for task in group.tasks if os.path.lexists(path := directory / f"{task.key}.json")]:
            row = load_or_set_aside(path, partial(_read, most=group.agent.game.max_payoff))
            if row is not None:
                yield path.stem, row


def _read(path: Path, most: float) -> Row:
    """Return a kept measurement of a game in which a deal can win or lose ``most`` chips; raises any of ``DAMAGES`` if it is none."""
    row: Row = read_json(path, MOST_MEASUREMENT_BYTES, items=MOST_MEASUREMENT_ITEMS)
    if "fallbacks" not in row:  # an older version's
        rejected, skipped = sum(n > 0 for n in row["iterations"]) - row["solves"], row["skipped"]
        fallbacks = {Outcome.UNREACHED: row["kept"] - skipped - rejected, Outcome.NO_TIME: skipped, Outcome.REJECTED: rejected}
        row |= {"fallbacks": fallbacks, "bound_violation": math.nan}
    row.setdefault("chances", [])  # an older version's has neither
    stops = row.setdefault("stops", {})
    require(
        stops.keys() <= set(Stop) and all(whole_in(n, 0, 2**53) for n in stops.values()), "a measurement's stops must be counts of kinds"
    )
    chances, work, length = row["chances"], row.setdefault("work", []), len(row["iterations"])
    worked = len(work) in (0, length) and all(number_in(x, 0, 1e18) for x in work)
    require(worked, "a measurement's work must be that of the same decisions")
    require(len(chances) in (0, length), "a measurement must have chances of the same decisions")
    fitting = (type(x) in (int, float) and (math.isnan(x) or 0 <= x <= 1 + ROUNDING) for x in chances)
    require(all(fitting), "a measurement's chances must be numbers from 0 to 1")
    most *= 1 + ROUNDING
    require(number_in(row["opponent_best_response"], -most, most), f"a measurement's opponent_best_response must be at most {most:g} chips")
    decisions, solves, fallbacks = row["decisions"], row["solves"], row["fallbacks"]
    require(fallbacks.keys() <= set(FALLBACKS), f"a measurement's fallbacks must be among {', '.join(FALLBACKS)}")
    counts = (decisions, solves, *fallbacks.values(), *row["iterations"])
    require(all(whole_in(n, 0, 2**53) for n in counts), "a measurement's counts must be whole numbers of at least 0")
    require(max(solves, sum(fallbacks.values())) <= decisions, "a measurement's decisions must be at least its solves and its fallbacks")
    fits = len(row["seconds"]) == len(row["iterations"]) <= decisions
    require(fits, "a measurement must have seconds and iterations of the same decisions")
    seconds = (*row["seconds"], row["loading"], *(row["spent"][part] for part in PARTS))
    require(all(number_in(x, 0, 1e12) for x in seconds), "a measurement's seconds must be numbers of at least 0")
    errors = 2 * most * max(1, solves)  # each solve's error is that of a game of these stakes
    limits = {"solver_error": errors, "bound_violation": errors, "against_blueprint": most, "running_share": 1e9}
    for key, limit in limits.items():
        value = row[key]
        known = type(value) in (int, float) and (math.isnan(value) or -limit <= value <= limit)  # NaN: not measured
        require(known, f"a measurement's {key} must be a number of at most {limit:g}")
    return row


def _save(directory: Path | None, task: Measurement, row: Row) -> None:
    if directory is not None:
        write_text(directory / f"{task.key}.json", json.dumps(row))
        shutil.rmtree(directory / f"{task.key}.partial", ignore_errors=True)


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
    done = math.exp(curve[-1][0]) if done is None else done
    rates = []
    for row in rows:
        value = row["exploitability"]["value"]
        by_clock = row.get("thinking_iterations") is None
        thinking = row["thinking_seconds"] if by_clock else row["spent_seconds"]  # what the iterations asked for took
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
        rate = {"line": row["line"], "thinking_seconds": thinking, "exploitability": value, "equivalent_compute": compute}
        rates.append(rate | {"times_the_training_done": compute / done, "extrapolated": extrapolated})
    return rates
