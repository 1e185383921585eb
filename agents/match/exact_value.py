"""The exact value of a match: both agents tabulated, searches included, and the tables played against each other.

An agent's table is the agent where iterations are its budget or it does not think. With a clock a table is one draw of it; a match's value
is linear in each agent's probabilities of its own sequences, and the decisions of one sequence are made one after the other as in a match,
so the mean over draws is unbiased.

Bots of ours are tables too where the menu's sizes are all there is. Where a bot's policy is not known, or the tables would take more than
``MOST_BYTES``, there is no exact value; nor with a time bank, whose decisions depend on the hands before.
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
from typing import Any

import numpy as np

from agents.match.deal import Competitor
from agents.match.match import Match
from agents.opponents.builtin import bot_table, known
from agents.runtime.arrays import read_npy, write_npy
from agents.runtime.executor import Executor
from agents.runtime.storage import load_or_set_aside
from search import represent
from search.representation import Representation, Table

MOST_BYTES = 1_000_000_000  # of all tables of a match


@dataclass(frozen=True)
class ExactValue:
    """The value of a match to its first competitor, chips a hand."""

    value: float  # mean of both seats
    seats: tuple[float, float]  # as player 0 and as player 1
    standard_error: float  # over draws of clocked agents; 0 where nothing is drawn
    draws: int


def table_bytes(match: Match, draws: int) -> int:
    """Return how large a match's tables are; 0 where somebody has none."""
    if not _has_tables(match):
        return 0
    return represent(match.game).table_bytes * sum(1 if competitor.steady else draws for competitor in match.competitors)


def _has_tables(match: Match) -> bool:
    return all(known(bot) for bot in match.bots) and not any(competitor.bank for competitor in match.competitors)


def too_large(match: Match, draws: int) -> str:
    """Say that a match has no exact value since its tables would be too large; nothing where they are not."""
    if (size := table_bytes(match, draws)) <= MOST_BYTES:
        return ""
    names = " - ".join(competitor.name for competitor in match.competitors)
    return f"{names}: no exact value: tables would take {size / 1e9:.3g} GB, {MOST_BYTES / 1e9:.3g} are the most"


@dataclass(frozen=True)
class _Seat:
    """One task: one seat of one competitor, tabulated."""

    competitor: bytes
    seat: int


def exact_values(
    matches: Sequence[Match],
    draws: int,
    executor: Executor,
    directory: Path | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> list[ExactValue | None]:
    """Return each match's value, None if a bot plays in it whose policy is not known, or its tables are too large.

    A competitor of several matches is tabulated once, clocked agents in so many draws. Tables are kept in ``directory`` and not made again.
    ``progress`` is called with tables done and tables in all.
    """
    tasks: dict[tuple[str, int, int], _Seat] = {}
    paths: dict[tuple[str, int, int], Path | None] = {}
    valued = [match for match in matches if _has_tables(match) and not too_large(match, draws)]
    for match in valued:
        for competitor, mark in zip(match.competitors, match.marks(), strict=True):
            packed = pickle.dumps(competitor)
            for draw in range(1 if competitor.steady else draws):
                for seat in (0, 1):
                    key = (competitor.name, draw, seat)
                    tasks[key] = _Seat(packed, seat)
                    paths[key] = None if directory is None else directory / f"{competitor.name}-{mark}-{draw}-seat{seat}.npy"
    games = {competitor.name: match.game for match in valued for competitor in match.competitors}
    tables: dict[tuple[str, int, int], Table] = {}
    for key in tasks:
        table = load_or_set_aside(paths[key], partial(_read, representation=represent(games[key[0]]), seat=key[2]))
        if table is not None:
            tables[key] = table
    missing = [key for key in tasks if key not in tables]
    with closing(executor.map(_tabulated, [tasks[key] for key in missing])) as results:
        for number, made in results:
            tables[missing[number]] = made
            _keep(paths[missing[number]], made)
            if progress is not None:
                progress(len(tables), len(tasks))
    return [_value(match, tables) if match in valued else None for match in matches]


def _tabulated(task: _Seat) -> Table:
    competitor: Competitor = pickle.loads(task.competitor)
    if competitor.bot is not None:
        return np.array(bot_table(competitor.bot, task.seat))
    return np.array(competitor.known.tabulate(task.seat, competitor.budget).table)


def _value(match: Match, tables: dict[tuple[str, int, int], Table]) -> ExactValue:
    names = [competitor.name for competitor in match.competitors]
    count = max(draw for name, draw, _ in tables if name in names) + 1

    def table(who: int, draw: int, seat: int) -> Table:
        return tables.get((names[who], draw, seat), tables[names[who], 0, seat])  # a steady agent has one draw

    game, seats = represent(match.game), []
    for k in range(count):
        as_first = game.value((table(0, k, 0), table(1, k, 1)), 0)
        seats.append((as_first, -game.value((table(1, k, 0), table(0, k, 1)), 0)))
    means = [sum(pair) / 2 for pair in seats]
    error = statistics.stdev(means) / math.sqrt(count) if count > 1 else 0.0 if all(e.steady for e in match.competitors) else math.nan
    return ExactValue(statistics.fmean(means), (statistics.fmean(s[0] for s in seats), statistics.fmean(s[1] for s in seats)), error, count)


def _read(path: Path, representation: Representation[Any], seat: int) -> Table:
    """Return a seat's table; raises ValueError if the file holds something else."""
    table = read_npy(path, representation.shape(seat), representation.dtype)
    representation.check(table, seat)
    return table


def _keep(path: Path | None, table: Table) -> None:
    if path is not None:
        path.parent.mkdir(exist_ok=True)  # no parents: what was deleted on the way is not made again
        write_npy(path, table)
