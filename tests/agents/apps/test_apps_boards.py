"""``timebank solve game=spot game.boards=...``: a report over boards, from a command to its tables."""

from __future__ import annotations

import csv
import re
import shutil
import signal

import pytest
from pyarrow import parquet

from agents.evaluation.many_boards import solve_board
from games.holdem.config import Spot
from search import memory_needed, variant
from tests.running import finish, refused, result_of, start, timebank, wait_for

SPOT = ("game=spot", 'game.ranges=["QQ,AKs,76s","KK-JJ,ATs"]', "game.pot=200", "game.stack=300", "game.bets=50%", "game.raises=a")
RIVERS = "game.boards=[Td9d6hQc4s,2c2d2hAsKs,3c5c8cJcKd]"
SERIAL = ("executor=serial", "executor.workers=1")


def table(directory):
    """Return the table of a report without what a clock says."""
    with (directory / "boards.csv").open() as file:
        return [{key: value for key, value in row.items() if key != "seconds"} for row in csv.DictReader(file)]


def test_a_report_has_tables_and_a_figure(monkeypatch, tmp_path, capsys):
    directory = tmp_path / "run"
    asked = ("solve", *SPOT, RIVERS, "budget.iterations=30", *SERIAL, f"hydra.run.dir={directory}")
    assert timebank(monkeypatch, *asked, drawn=True) == 0
    text = capsys.readouterr().out
    assert "all boards" in text
    rows = table(directory)
    assert [row["board"] for row in rows] == ["Td9d6hQc4s", "2c2d2hAsKs", "3c5c8cJcKd"]
    assert "rake" not in rows[0]
    for row in rows:
        assert float(row["ev_oop"]) + float(row["ev_ip"]) == pytest.approx(200)
        assert float(row["check"]) + float(row["bet 100"]) + float(row.get("all-in 300") or 0) == pytest.approx(1.0)
    kept = parquet.read_table(directory / "boards.parquet").to_pylist()
    assert [one["board"] for one in kept] == [row["board"] for row in rows]
    assert (directory / "boards.png").stat().st_size > 1000
    result = result_of(directory)
    assert (result["boards"], result["solved"], result["status"]) == (3, 3, "complete")
    before = {path: path.stat().st_mtime_ns for path in (directory / "boards").iterdir()}
    assert timebank(monkeypatch, *asked) == 0  # the same command goes on: there is nothing left to do
    assert {path: path.stat().st_mtime_ns for path in (directory / "boards").iterdir()} == before
    assert table(directory) == rows


def test_a_report_is_replaced_by_no_other(monkeypatch, tmp_path, capsys):
    directory = tmp_path / "run"
    asked, where = ("solve", *SPOT, "budget.iterations=5", *SERIAL), f"hydra.run.dir={directory}"
    assert timebank(monkeypatch, *asked, RIVERS, where) == 0
    rows = table(directory)
    for other in ([RIVERS, "game.stack=400"], [RIVERS, "budget.iterations=6"], ["game.board=Td9d6hQc4s"]):
        capsys.readouterr()
        assert timebank(monkeypatch, *asked, *other, where) == 2
        assert (
            f"hydra.run.dir must be new or of the same report over boards, got {directory}, which holds a report" in capsys.readouterr().err
        )
    assert table(directory) == rows
    assert timebank(monkeypatch, *asked[:-1], "executor.workers=2", "game.boards=[Td9d6hQc4s]", where) == 0  # rows that are there are taken
    assert table(directory) == rows[:1]


def test_zero_has_no_sign_in_a_report(monkeypatch, tmp_path, capsys):
    """The kings win nothing of aces on any board that has neither, and lose a little to what is not solved yet."""
    asked = ("game=spot", "game.ranges=[AA,KK]", "game.pot=5.3", "game.stack=20", RIVERS, "budget.iterations=200", *SERIAL)
    assert timebank(monkeypatch, "solve", *asked, f"hydra.run.dir={tmp_path / 'report'}") == 0
    row = next(row for row in table(tmp_path / "report") if row["board"] == "Td9d6hQc4s")
    assert -0.005 < float(row["ev_ip"]) < 0
    assert (
        timebank(monkeypatch, "solve", *asked[:4], "game.board=Td9d6hQc4s", "budget.iterations=3000", f"hydra.run.dir={tmp_path / 'one'}")
        == 0
    )
    assert -0.00005 < result_of(tmp_path / "one")["ev"][1] < 0
    assert not re.search(r"-0\.0+%?(\s|$)", capsys.readouterr().out)


@pytest.mark.parametrize(
    ("given", "error"),
    [
        (["game.boards=flops"], "game.boards must be all_flops, subset, turns or a list of at most 1,755 boards in [ ], got 'flops'"),
        (["game.boards=all_flops", "game.board=2c7d9h"], "game.board must be left out where game.boards=all_flops"),
        (["game.boards=turns"], "game.board must be a flop where game.boards=turns, got ''"),
        (["game.boards=subset", "save=true"], "save must be left out with game.boards, got True"),
        (["game.boards=subset", "show=check"], "show must be left out with game.boards, got check"),
        (["game.boards=subset", "threads=2"], "threads must be 1 with game.boards"),
        (["game.boards=subset", "budget.iterations=null"], "budget must limit seconds, iterations or exploitability, got none"),
        (["game.boards=subset", "game.stack=-1"], "game.stack must"),
        (["game.boards=subset", "game.bets=x"], "game.bets must"),
    ],
)
def test_what_cannot_be_reported_is_refused_in_one_line(monkeypatch, tmp_path, capsys, given, error):
    monkeypatch.chdir(tmp_path)
    assert error in refused(monkeypatch, capsys, "solve", *SPOT, "budget.iterations=5", *SERIAL, *given)


def test_a_report_that_does_not_fit_into_memory_is_refused(monkeypatch, tmp_path, capsys):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("agents.apps.boards.free_memory", lambda: 10**6)
    error = refused(monkeypatch, capsys, "solve", *SPOT, "game.boards=subset", "budget.iterations=5", *SERIAL)
    assert "game.boards must fit into memory (1 MB are free), got 1 board at a time of " in error


def test_the_largest_board_counts_for_memory(monkeypatch, tmp_path, capsys):
    """After a flop of one suit, more suits are alike behind a fourth card of it, the last one in the list, than behind other cards."""
    monkeypatch.chdir(tmp_path)
    last, largest = (bytes_of_solve(cards) for cards in ("2s7s9sAs", "2s7s9sKh"))
    assert largest > 1.1 * last
    monkeypatch.setattr("agents.apps.boards.free_memory", lambda: (last + largest) / 1.8)
    asked = ("game.board=2s7s9s", "game.boards=turns", "budget.iterations=5", *SERIAL)
    assert "game.boards must fit into memory" in refused(monkeypatch, capsys, "solve", *SPOT, *asked)


def bytes_of_solve(cards):
    game = Spot(board=cards, ranges=["QQ,AKs,76s", "KK-JJ,ATs"], pot=200, stack=300, bets="50%", raises="a").build()
    return memory_needed(game, variant("default_holdem"))[1]


def test_a_directory_that_was_deleted_is_told_as_that(monkeypatch, tmp_path, capsys):
    directory = tmp_path / "run"

    def deleted(tasks, executor):
        row = solve_board(tasks[0])
        yield row
        shutil.rmtree(directory)
        yield row

    monkeypatch.setattr("agents.apps.boards.solve_boards", deleted)
    assert timebank(monkeypatch, "solve", *SPOT, RIVERS, "budget.iterations=5", *SERIAL, f"hydra.run.dir={directory}") == 1
    assert "must stay where it is while the run lives" in capsys.readouterr().err
    assert not directory.exists()


def test_a_report_that_is_interrupted_says_how_much_of_it_there_is(monkeypatch, tmp_path, capsys):
    directory = tmp_path / "run"

    def interrupted(tasks, executor):
        yield solve_board(tasks[0])
        raise KeyboardInterrupt

    monkeypatch.setattr("agents.apps.boards.solve_boards", interrupted)
    assert timebank(monkeypatch, "solve", *SPOT, RIVERS, "budget.iterations=5", *SERIAL, f"hydra.run.dir={directory}") == 130
    assert f"so far 1 of 3 boards; the same command with hydra.run.dir={directory} goes on" in capsys.readouterr().out
    assert (result_of(directory)["solved"], result_of(directory)["status"]) == (1, "interrupted")


def test_other_commands_refuse_boards(monkeypatch, tmp_path, capsys):
    monkeypatch.chdir(tmp_path)
    error = refused(monkeypatch, capsys, "play", *SPOT, "game.boards=subset", "agent.iterations=5")
    assert "game.boards must be left out here (timebank solve takes it), got subset" in error


@pytest.mark.long
def test_a_killed_report_is_resumed_to_the_same_table(monkeypatch, tmp_path):
    killed, whole = tmp_path / "killed", tmp_path / "whole"
    asked = (*SPOT, "game.board=Td9d6h", "game.boards=turns", "budget.iterations=60")
    process = start("solve", *asked, f"hydra.run.dir={killed}")
    wait_for(lambda: len(list((killed / "boards").glob("*.json"))) >= 3, process)
    process.send_signal(signal.SIGKILL)
    finish(process)
    before = {path.name for path in (killed / "boards").glob("*.json")}
    again = start("solve", *asked, f"hydra.run.dir={killed}")
    finish(again)
    assert again.returncode == 0
    assert before <= {path.name for path in (killed / "boards").glob("*.json")}
    assert timebank(monkeypatch, "solve", *asked, *SERIAL, f"hydra.run.dir={whole}") == 0
    assert table(killed) == table(whole)
