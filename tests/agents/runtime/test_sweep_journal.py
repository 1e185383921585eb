"""Sweeps that are stopped go on: the boards that were done are kept, and how far a sweep is can be seen from outside."""

from __future__ import annotations

import numpy as np
import pytest

from agents import Serial, ablate, tabulate
from agents.reporting import tables as report
from agents.runtime.progress import ShareWriter, every_second, shares
from agents.runtime.sweep_journal import SweepJournal
from agents.search_agent import SearchAgent
from search import Budget
from search.boards.subgames import BoardSubgames
from search.resolving import ResolveConfig
from tests.agents.test_street_agent import DCFR, blueprint

BUDGET = Budget(iterations=7)


@pytest.fixture
def agent(tmp_path):
    return SearchAgent(blueprint(tmp_path / "blueprint"), DCFR, "flop+turn", ResolveConfig("refined"))


@pytest.fixture
def every_board(monkeypatch):
    """Keep after every board."""
    monkeypatch.setattr(report, "KEEP_SECONDS", 0.0)
    monkeypatch.setattr(report, "KEEP_SHARE", 1.0)


def stopped(monkeypatch, agent, folder, after):
    """Sweep until so many boards were searched."""
    solve, count = BoardSubgames.enter, 0

    def dies(self, *arguments):
        nonlocal count
        count += 1
        if count > after:
            raise KeyboardInterrupt
        return solve(self, *arguments)

    with monkeypatch.context() as patch:
        patch.setattr(BoardSubgames, "enter", dies)
        with pytest.raises(KeyboardInterrupt):
            tabulate(agent, 0, BUDGET, folder=folder)


@pytest.mark.usefixtures("every_board")
@pytest.mark.parametrize("after", [1, 7, 16])
def test_a_sweep_that_was_stopped_goes_on_and_comes_to_the_same(tmp_path, monkeypatch, agent, after):
    whole = agent.strategies(0, BUDGET)
    stopped(monkeypatch, agent, tmp_path / "kept", after)
    searched = []
    solve = BoardSubgames.enter
    monkeypatch.setattr(BoardSubgames, "enter", lambda self, board, *rest: searched.append(board) or solve(self, board, *rest))
    strategies, found = agent.strategies(0, BUDGET, folder=tmp_path / "kept")
    total = len(list((tmp_path / "kept").rglob("boards_*.npz")))
    assert len(searched) <= total - after + 1
    for p in (0, 1):
        np.testing.assert_array_equal(strategies[p], whole[0][p])
    for name in ("solves", "fallbacks", "iterations"):
        assert getattr(found, name) == getattr(whole[1], name)
    assert found.bound_violation == pytest.approx(whole[1].bound_violation, rel=1e-12)


@pytest.mark.usefixtures("every_board")
@pytest.mark.parametrize("damage", [b"", b"no archive"])
def test_a_damaged_batch_is_set_aside_and_its_boards_searched_again(tmp_path, monkeypatch, agent, damage, caplog):
    stopped(monkeypatch, agent, tmp_path / "kept", 7)
    batches = sorted((tmp_path / "kept").rglob("boards_*.npz"))
    batches[1].write_bytes(damage)
    whole, again = agent.strategies(0, BUDGET)[0], agent.strategies(0, BUDGET, folder=tmp_path / "kept")[0]
    for p in (0, 1):
        np.testing.assert_array_equal(again[p], whole[p])
    assert "set aside" in caplog.text
    assert batches[1].with_name(batches[1].name + ".damaged").exists()


@pytest.mark.usefixtures("every_board")
def test_another_streets_batch_is_damaged(tmp_path, monkeypatch, agent):
    stopped(monkeypatch, agent, tmp_path / "kept", 7)
    batch = next((tmp_path / "kept" / "flop").glob("boards_*.npz"))
    (tmp_path / "other").mkdir()
    batch.replace(tmp_path / "other" / batch.name)
    game, tree = agent.game, agent.blueprint.tree
    out = tuple(np.array(rows) for rows in agent.blueprint.strategies())
    assert SweepJournal(game, tree, 2, tmp_path / "other").restore((out[0], out[1])) == {}


@pytest.mark.usefixtures("every_board")
def test_what_was_kept_on_the_way_is_removed_when_it_is_measured(tmp_path, agent):
    kept = tmp_path / "measurements"
    (row,) = ablate({"search": (agent, [BUDGET])}, executor=Serial(), directory=kept)
    assert all(path.suffix == ".json" for path in kept.iterdir())
    parts = [row[f"{name}_seconds"] for name in ("preparing", "iterating", "judging")]
    assert min(parts) > 0
    assert sum(parts) == pytest.approx(row["spent_seconds"], rel=0.05)


def test_how_far_tasks_are_is_seen_from_outside(tmp_path, monkeypatch):
    monkeypatch.setattr("agents.runtime.progress.SECONDS", 0.0)
    folders = [tmp_path / name for name in ("one", "two", "none", "broken")]
    ShareWriter(folders[0])(0.25)
    ShareWriter(folders[1])(0.5)
    ShareWriter(folders[3])(0.5)
    (folders[3] / "share").write_text("half")
    assert shares(folders) == 0.75


def test_a_watcher_looks_until_the_block_is_done(monkeypatch):
    monkeypatch.setattr("agents.runtime.progress.SECONDS", 1e-3)
    looks = []
    with every_second(lambda: looks.append(1)):
        while len(looks) < 3:
            pass
    seen = len(looks)
    assert len(looks) == seen >= 3
