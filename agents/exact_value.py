"""The exact value of a match: both agents tabulated, searches included, and the tables played against each other.

An agent's table is the agent where iterations are its budget or it does not think. With a clock a table is one draw of it; a match's value
is linear in each agent's probabilities of its own sequences, and the decisions of one sequence are made one after the other as in a match,
so the mean over draws is unbiased.
"""

from __future__ import annotations

import math
import pickle
import statistics
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import numpy.typing as npt

from agents.executor import Executor
from agents.hand import Entrant
from agents.kept import kept, must
from agents.match import Match
from agents.report import replacing
from agents.stranger import Stranger
from agents.strength import tabulate
from games import PublicTree
from search import Evaluator, Strategy, check_strategy, uniform

Float = npt.NDArray[np.float64]


@dataclass(frozen=True)
class ExactValue:
    """What a match is worth to its first entrant, chips a hand.

    Attributes:
        value: mean of both seats.
        seats: as player 0 and as player 1.
        standard_error: over draws of clocked agents; 0 where nothing is drawn.
        draws: how many.
    """

    value: float
    seats: tuple[float, float]
    standard_error: float
    draws: int


def table_value(tree: PublicTree, first: Float, second: Float) -> float:
    """Return player 0's exact expected chips.

    Args:
        tree: the public tree.
        first: [R - 1, padded H] player 0's strategy of the whole game.
        second: player 1's.
    """
    return Evaluator(tree).values(Strategy(tree, tree.subgame(), (first, second)))[0]


@dataclass(frozen=True)
class _Seat:
    """One task: one seat of one entrant, tabulated."""

    entrant: bytes
    seat: int


def exact_values(
    matches: Sequence[Match],
    draws: int,
    executor: Executor,
    directory: Path | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> list[ExactValue | None]:
    """Return each match's value, None if a stranger plays in it.

    Args:
        matches: an entrant of several is tabulated once.
        draws: of clocked agents.
        executor: where agents think.
        directory: tables are kept here and not made again.
        progress: called with tables done and tables in all.
    """
    tasks: dict[tuple[str, int, int], _Seat] = {}
    paths: dict[tuple[str, int, int], Path | None] = {}
    valued = [m for m in matches if all(e.known for e in m.entrants)]
    for match in valued:
        for entrant, mark in zip(match.entrants, match.marks(), strict=True):
            packed = pickle.dumps(entrant)
            for draw in range(1 if entrant.steady else draws):
                for seat in (0, 1):
                    key = (entrant.name, draw, seat)
                    tasks[key] = _Seat(packed, seat)
                    paths[key] = None if directory is None else directory / f"{entrant.name}-{mark}-{draw}-seat{seat}.npy"
    trees = {entrant.name: match.tree for match in valued for entrant in match.entrants}
    found: dict[tuple[str, int, int], Float] = {}
    for key in tasks:
        table = kept(paths[key], partial(_read, tree=trees[key[0]], seat=key[2]))
        if table is not None:
            found[key] = table
    missing = [key for key in tasks if key not in found]
    with closing(executor.map(_tabulated, [tasks[key] for key in missing])) as results:
        for number, made in results:
            found[missing[number]] = made
            _keep(paths[missing[number]], made)
            if progress is not None:
                progress(len(found), len(tasks))
    return [_value(match, found) if match in valued else None for match in matches]


def _tabulated(task: _Seat) -> Float:
    entrant: Entrant = pickle.loads(task.entrant)
    assert not isinstance(entrant.agent, Stranger)
    return tabulate(entrant.agent, task.seat, entrant.budget).table


def _value(match: Match, found: dict[tuple[str, int, int], Float]) -> ExactValue:
    names = [entrant.name for entrant in match.entrants]
    count = max(draw for name, draw, _ in found if name in names) + 1

    def table(who: int, draw: int, seat: int) -> Float:
        return found.get((names[who], draw, seat), found[names[who], 0, seat])  # a steady agent has one draw

    seats = []
    for k in range(count):
        as_first = table_value(match.tree, table(0, k, 0), table(1, k, 1))
        seats.append((as_first, -table_value(match.tree, table(1, k, 0), table(0, k, 1))))
    means = [sum(pair) / 2 for pair in seats]
    error = statistics.stdev(means) / math.sqrt(count) if count > 1 else 0.0 if all(e.steady for e in match.entrants) else math.nan
    return ExactValue(statistics.fmean(means), (statistics.fmean(s[0] for s in seats), statistics.fmean(s[1] for s in seats)), error, count)


def _read(path: Path, tree: PublicTree, seat: int) -> Float:
    """Return a seat's table.

    Raises:
        ValueError: the file holds something else.
    """
    table, tables = np.load(path, allow_pickle=False), list(uniform(tree).tables)
    must((table.shape, table.dtype) == (tables[seat].shape, np.float64), f"a table must be f8 {tables[seat].shape}, got {table.shape}")
    tables[seat] = table
    check_strategy(Strategy(tree, tree.subgame(), (tables[0], tables[1])), "a table")
    return tables[seat]


def _keep(path: Path | None, table: Float) -> None:
    if path is None:
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    with replacing(path) as temporary, temporary.open("wb") as file:
        np.save(file, table)
