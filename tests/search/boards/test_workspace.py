"""Solvers that take over each other's memory and threads."""

from __future__ import annotations

import numpy as np
import pytest

from games.kernels import LANES
from search import BoardSolver, variant
from search.boards import workspace as module
from search.boards.workspace import Workspace
from tests.catalogue import TINY
from tests.compiling import compiled
from tests.search.boards.test_holdem import river

GAMES = [river(), TINY["one-card flop and turn"], river(("AA,KQs", "QQ")), TINY["different hands"], river(bets="33%,75%,a", stack=300)]


def states(solver):
    return {name: rows.copy() for name, rows in solver.state().items()}


@pytest.mark.parametrize("threads", [1, pytest.param(2, marks=compiled)])
@pytest.mark.parametrize("name", ["default", "default_holdem"])
def test_solvers_in_one_workspace_solve_as_in_their_own(name, threads):
    """Games of other sizes follow each other, larger and smaller: nothing of the one before is left."""
    space = Workspace()
    for game in [*GAMES, *GAMES[::-1]]:
        shared, alone = BoardSolver(game, variant(name), threads, workspace=space), BoardSolver(game, variant(name), threads)
        for solver in (shared, alone):
            solver.run(9)
        for key, rows in states(alone).items():
            np.testing.assert_array_equal(shared.state()[key], rows)
        assert shared.exploitability() == alone.exploitability()
        assert shared.values() == alone.values()


def test_dtypes_may_change_in_a_workspace():
    space = Workspace()
    for dtype, storage in ((np.float64, None), (np.float32, np.float16), (np.float32, None), (np.float64, None)):
        shared = BoardSolver(GAMES[0], variant("default"), dtype=dtype, storage=storage, workspace=space)
        alone = BoardSolver(GAMES[0], variant("default"), dtype=dtype, storage=storage)
        for solver in (shared, alone):
            solver.run(5)
        for key, rows in states(alone).items():
            np.testing.assert_array_equal(shared.state()[key], rows)


@pytest.mark.parametrize("most_kept", [0, 1 << 22])
def test_arrays_are_zeros_on_a_cache_line_every_time(monkeypatch, most_kept):
    monkeypatch.setattr(module, "MOST_KEPT", most_kept)
    space = Workspace()
    for rows in (3, 100, 7, 0, 120):
        array = space.zeros("array", rows, np.float32)
        assert array.shape == (rows, LANES)
        assert rows == 0 or array.ctypes.data % 64 == 0
        assert not array.any()
        array[:] = 1


def test_kept_memory_is_used_again_and_other_names_are_apart():
    space = Workspace()
    first, other = space.zeros("first", 50, np.float32), space.zeros("other", 50, np.float32)
    first[:], other[:] = 1, 2
    assert not np.shares_memory(first, other)
    again = space.zeros("first", 20, np.float64)
    assert np.shares_memory(first, again)
    assert again.dtype == np.float64
    assert (other == 2).all()
