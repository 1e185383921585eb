"""``timebank show``: decisions of a saved solution, without solving it again."""

from __future__ import annotations

import pytest

from agents.reporting.hand_grid import decision, decision_table
from agents.reporting.next_cards import cards_row, cards_table, find_cards
from games.game import find_decision
from games.holdem.config import Spot
from search import BoardSolver, variant
from tests.running import error_line, solve_river, timebank

SIZES = ["game.pot=200", "game.stack=900", "game.bets=50%"]
LINE = "check / all-in 900"


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    directory = tmp_path_factory.mktemp("show") / "run"
    with pytest.MonkeyPatch.context() as patch:
        status, _ = solve_river(patch, directory, "budget.iterations=50", "save=true", "threads=2")
    assert status == 0
    return directory


def test_decisions_are_those_of_the_solve(run, monkeypatch, capsys):
    before = {path: path.stat().st_mtime_ns for path in run.rglob("*")}
    assert timebank(monkeypatch, "show", str(run), "", LINE) == 0
    text = capsys.readouterr().out
    game = Spot(board="Td9d6hQc4s", ranges=["QQ,AKs,76s", "KK-JJ,ATs"], pot=200, stack=900).build()
    solver = BoardSolver(game, variant("default_holdem"))
    solver.run(50)
    for line in ("", LINE):
        place = game.locate(find_decision(game, line, "line"))
        assert decision_table(decision(solver, *place)) in text
    assert f"\n{LINE}\n" in text
    assert "EV" in text
    assert {path: path.stat().st_mtime_ns for path in run.rglob("*")} == before  # nothing is written


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        ([], "show must be given the directory of a run, got nothing"),
        (["none"], "run must be a directory that timebank solve save=true wrote for hold'em, got 'none'"),
        (["RUN", "jump"], "line must begin with check, bet 100, bet 200 or all-in 900, got 'jump'"),
        (["RUN", "check / check"], "line must end at a decision"),
        (["--cards"], "show must be given the directory of a run, got nothing"),
        (["RUN", "check / check", "--cards"], "line must end where one card comes and somebody acts behind it, got 'check / check'"),
    ],
)
def test_what_is_not_there_is_refused_in_one_line(run, monkeypatch, tmp_path, capsys, arguments, error):
    monkeypatch.chdir(tmp_path)
    capsys.readouterr()
    assert timebank(monkeypatch, "show", *[str(run) if argument == "RUN" else argument for argument in arguments]) == 2
    assert error in error_line(capsys)


def test_cards_that_may_come_are_those_of_the_solve(monkeypatch, tmp_path, capsys):
    given = [
        "game=spot",
        "game.board=Td9d6hQc",
        'game.ranges=["QQ,AKs,76s","KK-JJ,ATs"]',
        "game.pot=200",
        "game.stack=900",
        "game.bets=50%",
    ]
    directory = tmp_path / "turn"
    assert timebank(monkeypatch, "solve", *given, "budget.iterations=5", "save=true", f"hydra.run.dir={directory}") == 0
    capsys.readouterr()
    assert timebank(monkeypatch, "show", str(directory), "check / check", "check / bet 100 / call", "--cards") == 0
    text = capsys.readouterr().out
    game = Spot(board="Td9d6hQc", ranges=["QQ,AKs,76s", "KK-JJ,ATs"], pot=200, stack=900, bets="50%").build()
    solver = BoardSolver(game, variant("default_holdem"))
    solver.run(5)
    for line in ("check / check", "check / bet 100 / call"):
        assert f"{line}\n{cards_table(cards_row(solver, find_cards(game, line)))}" in text


def test_a_run_without_a_solution_is_refused(monkeypatch, tmp_path, capsys):
    assert solve_river(monkeypatch, tmp_path / "unsaved", "budget.iterations=5")[0] == 0
    capsys.readouterr()
    assert timebank(monkeypatch, "show", str(tmp_path / "unsaved")) == 2
    assert "run must be a directory that timebank solve save=true wrote" in error_line(capsys)
    assert timebank(monkeypatch, "show", "--help") == 0
