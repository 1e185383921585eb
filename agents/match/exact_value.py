"""The exact value of a match: both agents tabulated, searches included, and the tables played against each other.

An agent's table is the agent where iterations are its budget or it does not think. With a clock a table is one draw of it; a match's value
is linear in each agent's probabilities of its own sequences, and the decisions of one sequence are made one after the other as in a match,
so the mean over draws is unbiased.

Tables of hold'em are a player's stored rows of the board tree; where they would take more than ``MOST_BYTES`` there is no exact value.
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
from typing import Any, TypeGuard

import numpy as np
import numpy.typing as npt

from agents.agent import Agent
from agents.board_blueprint import BoardBlueprint
from agents.evaluation.strength import tabulate
from agents.match.deal import Entrant
from agents.match.match import Match
from agents.opponents.bot import Bot
from agents.reporting.tables import replacing
from agents.runtime.arrays import read_npy
from agents.runtime.executor import Executor
from agents.runtime.storage import load_or_set_aside, require
from agents.search_agent import SearchAgent
from games import PublicTree
from games.derived import tree_of
from games.holdem.board_tree import game_size
from games.kernels import LANES
from search import Evaluator, Strategy, check_strategy, uniform
from search.boards.search import value_against
from search.boards.sweeps import BoardSweeps

Float = npt.NDArray[np.float64]
MOST_BYTES = 1_000_000_000  # of all tables of a match in hold'em


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


def table_bytes(match: Match, draws: int) -> int:
    """Return how large a match's tables are in hold'em; 0 with bots, which have none, and for other games, whose trees are small."""
    agents = [e.agent for e in match.entrants if on_boards(e.agent)]
    if not agents or match.bots:
        return 0
    rows = game_size(agents[0].blueprint.game).rows
    return sum(rows) * LANES * 4 * sum(1 if e.steady else draws for e in match.entrants)


def on_boards(agent: Any) -> TypeGuard[SearchAgent]:
    """Say whether an agent's strategy is kept by board."""
    return isinstance(getattr(agent, "blueprint", None), BoardBlueprint)


def _valued(match: Match, draws: int) -> bool:
    return not match.bots and table_bytes(match, draws) <= MOST_BYTES


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
    """Return each match's value, None if a bot plays in it or its tables are too large.

    Args:
        matches: an entrant of several is tabulated once.
        draws: of clocked agents.
        executor: where agents think.
        directory: tables are kept here and not made again.
        progress: called with tables done and tables in all.
    """
    tasks: dict[tuple[str, int, int], _Seat] = {}
    paths: dict[tuple[str, int, int], Path | None] = {}
    valued = [m for m in matches if _valued(m, draws)]
    for match in valued:
        for entrant, mark in zip(match.entrants, match.marks(), strict=True):
            packed = pickle.dumps(entrant)
            for draw in range(1 if entrant.steady else draws):
                for seat in (0, 1):
                    key = (entrant.name, draw, seat)
                    tasks[key] = _Seat(packed, seat)
                    paths[key] = None if directory is None else directory / f"{entrant.name}-{mark}-{draw}-seat{seat}.npy"
    agents = {entrant.name: entrant.agent for match in valued for entrant in match.entrants}
    found: dict[tuple[str, int, int], npt.NDArray[Any]] = {}
    for key in tasks:
        table = load_or_set_aside(paths[key], partial(_read, agent=agents[key[0]], seat=key[2]))
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


def _tabulated(task: _Seat) -> npt.NDArray[Any]:
    entrant: Entrant = pickle.loads(task.entrant)
    agent = entrant.agent
    if on_boards(agent):
        return np.array(agent.strategies(task.seat, entrant.budget)[0][task.seat])
    assert not isinstance(agent, Bot)
    return tabulate(agent, task.seat, entrant.budget).table


def _first_wins(match: Match, first: npt.NDArray[Any], second: npt.NDArray[Any]) -> float:
    """Return player 0's exact expected chips of two tables."""
    agent = match.entrants[0].agent
    if on_boards(agent):
        tree = agent.blueprint.tree
        return value_against(agent.blueprint.game, BoardSweeps(tree, 1, tree.weight.dtype), (first, second), 0, best=False)
    assert not isinstance(agent, Bot)
    return table_value(tree_of(agent.game), first, second)


def _value(match: Match, found: dict[tuple[str, int, int], npt.NDArray[Any]]) -> ExactValue:
    names = [entrant.name for entrant in match.entrants]
    count = max(draw for name, draw, _ in found if name in names) + 1

    def table(who: int, draw: int, seat: int) -> npt.NDArray[Any]:
        return found.get((names[who], draw, seat), found[names[who], 0, seat])  # a steady agent has one draw

    seats = []
    for k in range(count):
        as_first = _first_wins(match, table(0, k, 0), table(1, k, 1))
        seats.append((as_first, -_first_wins(match, table(1, k, 0), table(0, k, 1))))
    means = [sum(pair) / 2 for pair in seats]
    error = statistics.stdev(means) / math.sqrt(count) if count > 1 else 0.0 if all(e.steady for e in match.entrants) else math.nan
    return ExactValue(statistics.fmean(means), (statistics.fmean(s[0] for s in seats), statistics.fmean(s[1] for s in seats)), error, count)


def _read(path: Path, agent: Agent[Any] | Bot, seat: int) -> npt.NDArray[Any]:
    """Return a seat's table.

    Raises:
        ValueError: the file holds something else.
    """
    if on_boards(agent):
        table = read_npy(path, (agent.blueprint.tree.stored_rows[seat], LANES), agent.blueprint.tree.weight.dtype)
        require(bool(np.isfinite(table).all() and (table >= 0).all()), "a table must have finite numbers of at least 0")
        return table
    assert not isinstance(agent, Bot)
    tables = list(uniform(tree_of(agent.game)).tables)
    tables[seat] = read_npy(path, tables[seat].shape, np.float64)
    check_strategy(Strategy(tree_of(agent.game), tree_of(agent.game).subgame(), (tables[0], tables[1])), "a table")
    return tables[seat]


def _keep(path: Path | None, table: npt.NDArray[Any]) -> None:
    if path is None:
        return
    path.parent.mkdir(exist_ok=True)  # no parents: what was deleted on the way is not made again
    with replacing(path) as temporary, temporary.open("wb") as file:
        np.save(file, table)
