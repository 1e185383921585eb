"""A hold'em solution that ``timebank solve`` saved: going on from it, refusing others, and what interruptions leave."""

from __future__ import annotations

import csv
import json
import shutil
import signal
from itertools import pairwise

import numpy as np
import pytest

from agents.apps import run
from agents.reporting import tables as report
from agents.reporting.tables import write_json
from search import BoardSolver
from tests.running import (
    RIVER,
    contents,
    error_line,
    finish,
    let_work,
    result_of,
    solve_river,
    start,
    start_code,
    timebank,
    wait_for,
    wait_for_solving,
)


@pytest.fixture(scope="module")
def solved(tmp_path_factory):
    """A run of two iterations with its solution; to be copied."""
    directory = tmp_path_factory.mktemp("solved") / "run"
    with pytest.MonkeyPatch.context() as patch:
        solve_river(patch, directory, "budget.iterations=2", "save=true")
    return directory


def test_a_saved_solution_goes_on_as_if_never_stopped(monkeypatch, tmp_path):
    _, whole = solve_river(monkeypatch, tmp_path / "whole", "budget.iterations=40")
    solve_river(monkeypatch, tmp_path / "first", "budget.iterations=15", "save=true")
    saved = tmp_path / "first" / "solution.npz"
    _, rest = solve_river(monkeypatch, tmp_path / "rest", "budget.iterations=40", f"load={saved}")
    assert rest["iterations"] == 40
    assert rest["exploitability"] == whole["exploitability"]
    assert rest["root"] == whole["root"]


def test_a_runs_directory_stands_for_its_solution(monkeypatch, tmp_path, capsys, solved):
    _, by_file = solve_river(monkeypatch, tmp_path / "file", f"load={solved / 'solution.npz'}", "budget.iterations=3")
    _, by_run = solve_river(monkeypatch, tmp_path / "run", f"load={solved}", "budget.iterations=3")
    assert (by_run["iterations"], by_run["root"]) == (3, by_file["root"])
    there = shutil.copytree(solved, tmp_path / "there")
    assert solve_river(monkeypatch, there, f"load={there}", "budget.iterations=3")[1]["root"] == by_file["root"]
    (tmp_path / "empty").mkdir()
    (tmp_path / "small").mkdir()
    (tmp_path / "small/view.npz").write_bytes(b"")
    for name, said in (("empty", "empty/solution.npz ("), ("small", "small/view.npz (")):
        given = (*RIVER, f"load={tmp_path / name}", "budget.iterations=3", f"hydra.run.dir={tmp_path / 'new'}")
        assert timebank(monkeypatch, "solve", *given) == 2
        assert f"load must be a file that save=true wrote, got {tmp_path}/{said}" in error_line(capsys)


def test_decisions_below_the_first_are_shown_from_a_saved_solution_without_solving_on(monkeypatch, tmp_path, capsys, solved):
    saved = solved / "solution.npz"
    for name, more in (("none", []), ("equal", ["budget.iterations=2"])):
        capsys.readouterr()
        status, found = solve_river(monkeypatch, tmp_path / name, f"load={saved}", "show=[check,check/bet 100]", *more)
        assert status in (0, None)
        assert found["iterations"] == 2
        assert found["seconds"] == 0
        first = result_of(solved)
        assert {key: found[key] for key in ("root", "exploitability")} == {key: first[key] for key in ("root", "exploitability")}
        assert [node["line"] for node in found["nodes"]] == ["check", "check/bet 100"]
        assert [node["player"] for node in found["nodes"]] == [1, 0]
        assert all(set(found["root"]) <= set(node) for node in found["nodes"])
        faced = found["nodes"][1]
        assert faced["actions"][:2] == ["fold", "call"]
        for hand, entry in faced["hands"].items():  # what they came with is their range times how often they checked
            before = found["root"]["hands"][hand]
            assert entry["weight"] == pytest.approx(before["weight"] * before["strategy"][0])
        with (tmp_path / name / "node_1.csv").open() as file:
            assert [row["hand"] for row in csv.DictReader(file)] == list(faced["hands"])
        for file in ("node_0.png", "node_0.svg", "node_1.png"):
            assert (tmp_path / name / file).stat().st_size > 0
        assert "node_1: check/bet 100\nout of position" in capsys.readouterr().out


def altered(saved, name, change):
    arrays = dict(np.load(saved))
    changed = change(arrays[name])
    if changed is not None:
        arrays[name] = changed
    np.savez(saved, **arrays)


def counting(iterations):
    """Return a change of a file's count."""

    def change(about):
        told = json.loads(about.tobytes()) | {"iterations": iterations}
        return np.frombuffer(json.dumps(told).encode(), np.uint8)

    return lambda saved: altered(saved, "about", change)


HARMS = {
    "truncated": (lambda saved: saved.write_bytes(saved.read_bytes()[:-200]), [], "load must be a file that save=true wrote"),
    "no archive": (lambda saved: saved.write_text("{}"), [], "(it is no archive, or not a whole one)"),
    "another game": (lambda saved: None, ["game.stack=901"], "load must be a file of this game, got "),
    "another variant": (lambda saved: None, ["search=cfr_plus"], "search must be that of load (default_holdem), got cfr_plus"),
    "another average": (lambda saved: None, ["search.gamma=1"], "search.gamma must be that of load (3.0), got 1.0"),
    "another discount": (lambda saved: None, ["search.discount=after"], "search.discount must be that of load (before), got after"),
    "not a number": (lambda saved: altered(saved, "regret_1", lambda a: a.fill(np.nan)), [], "got regret_1 of "),
    "a negative average": (lambda saved: altered(saved, "average_0", lambda a: a.fill(-1)), [], "got average_0 of "),
    "no dimension": (lambda saved: altered(saved, "regret_0", lambda a: np.float32(1)), [], "got regret_0 of "),
    "complex numbers": (lambda saved: altered(saved, "regret_0", lambda a: a + 1j), [], "have a header as numpy writes it"),
    "averages whose sums overflow": (lambda saved: altered(saved, "average_0", lambda a: a + np.float32(3e38)), [], "got average_0 of "),
    "regrets whose sums overflow": (lambda saved: altered(saved, "regret_0", lambda a: a - np.float32(3e38)), [], "got regret_0 of "),
    "a negative count": (counting(-2), [], "(-2 iterations)"),
    "an endless count": (counting(10**30), [], f"({10**30} iterations)"),
    "a count that overflows": (counting(2**63 - 1), [], f"({2**63 - 1} iterations)"),
    "a count that is none": (counting(True), [], "(True iterations)"),
    "more than asked for": (lambda saved: None, ["budget.iterations=1"], "budget.iterations must be at least the 2 that load has done"),
}


@pytest.mark.long
@pytest.mark.parametrize("harm", HARMS)
def test_a_solution_that_does_not_fit_is_refused_before_anything_is_written(monkeypatch, tmp_path, capsys, solved, harm):
    shutil.copytree(solved, tmp_path / "first")
    saved = tmp_path / "first" / "solution.npz"
    damage, more, message = HARMS[harm]
    damage(saved)
    before = (tmp_path / "first" / "result.json").read_text()
    capsys.readouterr()
    for directory in (tmp_path / "first", tmp_path / "second"):
        given = (*RIVER, "budget.iterations=4", f"load={saved}", *more, f"hydra.run.dir={directory}")
        assert timebank(monkeypatch, "solve", *given) == 2
        error = capsys.readouterr().err
        assert message in error
        assert len(error) < 300
        assert error.count("\n") == 1
    assert (tmp_path / "first" / "result.json").read_text() == before
    assert not (tmp_path / "second").exists()


def without_result(directory):
    (directory / "result.json").unlink()


def running(directory):
    (directory / "result.json").write_text('{"command": "solve", "status": "running"}')


@pytest.mark.parametrize("before", [lambda directory: None, running, without_result])
@pytest.mark.parametrize("other", [["budget.iterations=1"], ["game.pot=300"], ["storage=16"], ["load=elsewhere"]])
def test_a_solution_is_never_replaced_by_a_run_that_does_not_go_on_from_it(monkeypatch, tmp_path, capsys, solved, before, other):
    directory = tmp_path / "run"
    shutil.copytree(solved, directory)
    before(directory)
    held = contents(directory)
    more = [f"load={solved / 'solution.npz'}" if override == "load=elsewhere" else override for override in other]
    capsys.readouterr()
    given = (*RIVER, "save=true", "budget.iterations=3", *more, f"hydra.run.dir={directory}")
    assert timebank(monkeypatch, "solve", *given) == 2
    saved = directory / "solution.npz"
    assert capsys.readouterr().err == (
        f"error: hydra.run.dir must be new, got {directory}, which holds a solution (load={saved} goes on with it)\n"
    )
    assert contents(directory) == held


def test_going_on_in_a_solutions_directory_leaves_nothing_of_what_was_shown_before(monkeypatch, tmp_path, solved):
    shutil.copytree(solved, tmp_path, dirs_exist_ok=True)
    load = f"load={tmp_path / 'solution.npz'}"
    (tmp_path / "node_notes.csv").write_text("mine")
    status, _ = solve_river(monkeypatch, tmp_path, load, "show=[check,check/bet 100]")
    assert status == 0
    assert (tmp_path / "node_1.svg").is_file()
    status, result = solve_river(monkeypatch, tmp_path, load, "show=check", "budget.iterations=4", "save=true")
    assert (status, result["iterations"]) == (0, 4)
    assert {path.name for path in tmp_path.glob("node_*")} == {"node_0.csv", "node_0.png", "node_0.svg", "node_notes.csv"}


def test_a_spot_is_solved_saved_and_shown_in_16_bits(monkeypatch, tmp_path, capsys):
    first, second = tmp_path / "first", tmp_path / "second"
    chosen = (*RIVER, "storage=16", "save=true")
    assert timebank(monkeypatch, "solve", *chosen, "budget.exploitability=0.2", f"hydra.run.dir={first}") == 0
    result = result_of(first)
    assert result["storage"] == 16
    assert result["exploitability"]["value"] <= 0.2
    assert sum(result["ev"]) == pytest.approx(200)
    load = f"load={first / 'solution.npz'}"
    assert timebank(monkeypatch, "solve", *chosen, load, "show=check", f"hydra.run.dir={second}") == 0
    assert result_of(second)["root"] == result["root"]
    assert result_of(second)["nodes"][0]["line"] == "check"
    capsys.readouterr()
    assert timebank(monkeypatch, "solve", *RIVER, load) == 2
    assert capsys.readouterr().err == "error: storage must be that of load (16 bits), got 32\n"


@pytest.mark.long
def test_ctrl_c_between_two_threads_keeps_what_was_solved(tmp_path):
    turn = [o.replace("Td9d6hQc4s", "Td9d6hQc") for o in RIVER]
    process = start("solve", *turn, "budget.seconds=3600", "threads=2", "save=true", f"hydra.run.dir={tmp_path}")
    wait_for_solving(tmp_path, process)
    let_work(process, 1.0)
    process.send_signal(signal.SIGINT)
    _, error = finish(process)
    assert process.returncode == 130, error
    result = result_of(tmp_path)
    assert result["status"] == "interrupted"
    assert result["iterations"] > 10
    assert result["threads"] == 2
    assert (tmp_path / "solution.npz").is_file()
    assert "Traceback" not in error


KEPT_EVERY = """
import sys
from agents.reporting import tables as report
from agents.apps import solve
report.KEEP_SECONDS = 0.1
solve.main(sys.argv[1:])
"""


@pytest.mark.long
def test_a_killed_run_leaves_what_it_kept_on_the_way(monkeypatch, tmp_path):
    turn = [o.replace("Td9d6hQc4s", "Td9d6hQc") for o in RIVER]
    directory, saved = tmp_path / "killed", tmp_path / "killed" / "solution.npz"
    process = start_code(KEPT_EVERY, *turn, "budget.seconds=3600", "save=true", f"hydra.run.dir={directory}")
    wait_for(saved.exists, process)
    let_work(process, 0.3)
    process.kill()
    finish(process)
    assert process.returncode == -signal.SIGKILL
    assert result_of(directory)["status"] == "running"
    (directory / ".solution.1.part.npz").write_bytes(b"half")
    more = (*turn, f"load={saved}", "save=true", "show=check", f"hydra.run.dir={directory}")
    assert timebank(monkeypatch, "solve", *more) == 0
    result = result_of(directory)
    assert result["iterations"] >= 1
    assert result["exploitability"]["value"] < 300
    assert {path.name for path in directory.glob(".*")} <= {".hydra", ".lock"}


def test_saving_on_the_way_takes_a_tenth_of_the_time_at_most(monkeypatch):
    now, saved = [0.0], []

    def save():
        saved.append(now[0])
        now[0] += 20.0

    monkeypatch.setattr(report.time, "perf_counter", lambda: now[0])
    keeper = report.Autosave(save)
    while now[0] < 1000:
        now[0] += 1.0
        keeper.look()
    assert saved[0] == 60
    assert {later - earlier for earlier, later in pairwise(saved)} == {20 + 180}


@pytest.mark.parametrize("during", ["saving", "drawing", "the last words"])
def test_another_ctrl_c_ends_the_report_and_leaves_whole_files(monkeypatch, tmp_path, capsys, solved, during):
    """The first one comes while solving, the second one while the report is written."""
    shutil.copytree(solved, tmp_path, dirs_exist_ok=True)
    before = (tmp_path / "solution.npz").read_bytes()
    solving = BoardSolver.run

    def stopped(solver, iterations):
        if solver.iterations >= 3:
            signal.raise_signal(signal.SIGINT)
        solving(solver, 1)

    def half_written(stream, **arrays):
        stream.write(b"half")
        signal.raise_signal(signal.SIGINT)

    def half_drawn(figure, target, **how):
        target.write_text("half")
        signal.raise_signal(signal.SIGINT)

    def with_interruption(path, content):
        if content["status"] == "interrupted":
            signal.raise_signal(signal.SIGINT)
        write_json(path, content)

    monkeypatch.setattr(BoardSolver, "run", stopped)
    if during == "saving":
        monkeypatch.setattr(np, "savez", half_written)
    elif during == "drawing":
        monkeypatch.setattr("matplotlib.figure.Figure.savefig", half_drawn)
    else:
        monkeypatch.setattr(run, "write_json", with_interruption)
    capsys.readouterr()
    given = (*RIVER, "budget.iterations=9", "save=true", f"load={tmp_path / 'solution.npz'}", f"hydra.run.dir={tmp_path}")
    assert timebank(monkeypatch, "solve", *given) == 130
    shown = capsys.readouterr()
    assert "Traceback" not in shown.err
    assert f"interrupted; what there is so far is in {tmp_path}" in shown.err
    result = result_of(tmp_path)
    assert (result["status"], result["iterations"]) == ("interrupted", 3)
    after = (tmp_path / "solution.npz").read_bytes()
    assert (after == before) == (during == "saving")
    assert after[:2] == b"PK"
    assert b"half" not in (tmp_path / "trace.svg").read_bytes()
    assert {path.name for path in tmp_path.glob(".*")} <= {".hydra", ".lock"}
