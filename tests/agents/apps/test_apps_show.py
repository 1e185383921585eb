"""``timebank show``: decisions of a saved solution, without solving it again."""

from __future__ import annotations

import json
import shutil

import numpy as np
import pytest

from agents.reporting.hand_grid import decision, decision_table
from agents.reporting.next_cards import cards_row, cards_table, find_cards
from games.game import find_decision
from games.holdem.config import Spot
from search import BoardSolver, variant
from tests.running import HANG_SECONDS, RIVER, error_line, solve_river, start, timebank

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
        (["none"], "run must be a directory that timebank solve save=true wrote for hold'em, or its solution.npz or view.npz, got 'none'"),
        (["RUN", "jump"], "line must begin with check, bet 100, bet 200 or all-in 900, got 'jump'"),
        (["RUN", "check / check"], "line must end at a decision"),
        (["RUN", "class=nuts"], "class must name kinds of hands among high card, board pair, low pair, underpair, middle pair, top pair, "),
        (["RUN", "class="], "got ''"),
        (["RUN", "class=flush"], "class must name kinds of hands that can be there (high card, low pair, set, pair), got flush"),
        (["RUN", "class=set", "--cards"], "class must be left out with --cards, got set"),
        (["class=set"], "show must be given the directory of a run, got nothing"),
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


def test_hands_of_one_kind_are_told_alone(run, monkeypatch, capsys):
    capsys.readouterr()
    assert timebank(monkeypatch, "show", str(run), "class=set", "check") == 0
    text = capsys.readouterr().out
    game = Spot(board="Td9d6hQc4s", ranges=["QQ,AKs,76s", "KK-JJ,ATs"], pot=200, stack=900).build()
    solver = BoardSolver(game, variant("default_holdem"))
    solver.run(50)
    row = decision(solver, *game.locate(find_decision(game, "check", "line")))
    sets = [entry for entry in row["hands"].values() if entry["made"] == "set"]
    weights = [entry["weight"] for entry in sets]
    share = sum(weights) / sum(entry["weight"] for entry in row["hands"].values())
    often = np.average([entry["strategy"][0] for entry in sets], axis=0, weights=weights)
    assert f"\nset: 3 hands, {share:.1%} of the range by weight; check {often:.1%}, " in text
    assert decision_table(row) in text  # the range as a whole is told, too
    classes = text.partition("of the range by weight")[2].splitlines()[1:]
    assert [line.split()[0] for line in classes if line][2:] == ["QQ"]
    assert timebank(monkeypatch, "show", str(run), "check", "class=pair", "class=set") == 0
    classes = capsys.readouterr().out.partition("of the range by weight")[2].splitlines()[1:]
    assert {line.split()[0] for line in classes if line} == {"hands", "-----", "KK", "QQ", "JJ", "ATs"}


@pytest.mark.parametrize("line", ["root", " root ", ""])
def test_the_first_decision_has_a_name(run, monkeypatch, capsys, line):
    capsys.readouterr()
    assert timebank(monkeypatch, "show", str(run)) == 0
    text = capsys.readouterr().out
    assert text.startswith("the first decision\n")
    assert timebank(monkeypatch, "show", str(run), line) == 0
    assert capsys.readouterr().out == text


def test_a_run_without_a_solution_is_refused(monkeypatch, tmp_path, capsys):
    assert solve_river(monkeypatch, tmp_path / "unsaved", "budget.iterations=5")[0] == 0
    capsys.readouterr()
    assert timebank(monkeypatch, "show", str(tmp_path / "unsaved")) == 2
    assert "run must be a directory that timebank solve save=true wrote" in error_line(capsys)
    assert timebank(monkeypatch, "show", "--help") == 0


def about_of(file):
    return json.loads(np.load(file)["about"].tobytes())


def with_about(file, to, **entries):
    """Write a solution with other words about it; an entry of None is left out."""
    arrays = dict(np.load(file))
    about = {key: value for key, value in (about_of(file) | entries).items() if value is not None}
    arrays["about"] = np.frombuffer(json.dumps(about).encode(), np.uint8)
    np.savez(to, **arrays)


def test_a_solution_is_shown_wherever_it_was_copied(run, monkeypatch, tmp_path, capsys):
    alone = tmp_path / "elsewhere" / "mine.npz"
    alone.parent.mkdir()
    shutil.copy(run / "solution.npz", alone)
    monkeypatch.chdir(tmp_path)
    capsys.readouterr()
    assert timebank(monkeypatch, "show", str(run), LINE) == 0
    text = capsys.readouterr().out
    assert timebank(monkeypatch, "show", str(alone), LINE) == 0
    assert capsys.readouterr().out == text
    settings = about_of(alone)["settings"]
    assert settings[0] == "game=spot"
    assert not [s for s in settings if s.startswith(("save", "threads", "budget", "hydra"))]


def test_an_older_solution_is_shown_in_its_run_alone(run, monkeypatch, tmp_path, capsys):
    older = tmp_path / "run"
    shutil.copytree(run, older)
    with_about(run / "solution.npz", older / "solution.npz", settings=None)
    for path in (older, older / "solution.npz"):
        assert timebank(monkeypatch, "show", str(path)) == 0
    alone = tmp_path / "alone.npz"
    shutil.copy(older / "solution.npz", alone)
    capsys.readouterr()
    assert timebank(monkeypatch, "show", str(alone)) == 2
    rule = "run must be the run's directory where a solution of an older version does not say its game"
    assert error_line(capsys) == f"error: {rule}, got {alone}\n"


def test_a_run_that_went_on_to_a_view_is_shown_as_far_as_it_came(run, monkeypatch, tmp_path, capsys):
    both = shutil.copytree(run, tmp_path / "both")
    on = [f"load={both / 'solution.npz'}", "save=view", "threads=2"]
    assert solve_river(monkeypatch, both, "budget.iterations=51", *on)[0] == 0
    shown = {}
    for name in ("", "solution.npz", "view.npz"):
        capsys.readouterr()
        assert timebank(monkeypatch, "show", str(both / name), LINE) == 0
        shown[name] = capsys.readouterr().out
    assert shown[""] == shown["view.npz"] != shown["solution.npz"]
    assert solve_river(monkeypatch, both, "budget.iterations=51", *on[:1], "save=true", "threads=2")[0] == 0
    capsys.readouterr()
    assert timebank(monkeypatch, "show", str(both), "", LINE) == 0
    as_found = capsys.readouterr().out
    assert timebank(monkeypatch, "show", str(both / "solution.npz"), "", LINE) == 0
    assert capsys.readouterr().out == as_found  # as far as the view, and exact


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        (["game=spot", "game.board=${oc.env:HOME}"], "must not ask for anything of this machine, got game.board=${...:...}"),
        (["game=module:thing"], "game must be of a module that the environment variable TIMEBANK_MODULES names"),
        (["game=kuhn_poker"], "run must be of hold'em, got kuhn_poker"),
        (["game=spot", "game.board=Td9d6hQc4s"], "load must be a file of this game, got "),
        (["game.nokey=1"], "alone.npz: game.nokey must be a key of the settings"),
        ("game=spot", "its settings must be a list of texts, got 'game=spot'"),
        ([1], "its settings must be a list of texts, got [1]"),
    ],
)
def test_settings_of_a_file_are_anybodys(run, monkeypatch, tmp_path, capsys, settings, message):
    with_about(run / "solution.npz", tmp_path / "alone.npz", settings=settings)
    capsys.readouterr()
    assert timebank(monkeypatch, "show", str(tmp_path / "alone.npz")) == 2
    assert message in error_line(capsys)


def test_no_solution_is_refused_in_one_line(monkeypatch, tmp_path, capsys):
    (tmp_path / "text.npz").write_text("no archive")
    np.savez(tmp_path / "other.npz", a=np.zeros(3))
    for name in ("text", "other"):
        assert timebank(monkeypatch, "show", str(tmp_path / f"{name}.npz")) == 2
        assert f"run must have a solution that timebank solve wrote, got {tmp_path / name}.npz (" in error_line(capsys)


@pytest.mark.long
def test_a_reader_that_has_seen_enough_ends_it_without_a_word(run):
    process = start("show", str(run), "", LINE)
    process.stdout.close()
    process.wait(timeout=HANG_SECONDS)
    assert (process.returncode, process.stderr.read()) == (0, "")


TURN = [o.replace("Td9d6hQc4s", "Td9d6hQc") for o in RIVER]


def solve_turn(monkeypatch, directory, *overrides):
    return timebank(monkeypatch, "solve", *TURN, "budget.iterations=30", *overrides, f"hydra.run.dir={directory}")


def test_a_view_of_a_turn_is_small_and_shows_the_same_turn(monkeypatch, tmp_path, capsys):
    whole, small = tmp_path / "whole", tmp_path / "small"
    assert solve_turn(monkeypatch, whole, "save=true") == 0
    assert solve_turn(monkeypatch, small, "save=view") == 0
    assert (small / "view.npz").stat().st_size <= (whole / "solution.npz").stat().st_size / 10
    assert not (small / "solution.npz").exists()
    alone = tmp_path / "alone.npz"
    shutil.copy(small / "view.npz", alone)
    texts = []
    for path in (whole, small, alone):
        capsys.readouterr()
        assert timebank(monkeypatch, "show", str(path), "", "check", "check / bet 100") == 0
        texts.append(capsys.readouterr().out)
    assert texts[1] == texts[2] == texts[0]
    assert timebank(monkeypatch, "show", str(alone), "check / check / 4s") == 0
    assert "check / check / 4s\nthe river was solved again: " in capsys.readouterr().out


def test_what_a_view_cannot_do_is_refused_in_one_line(monkeypatch, tmp_path, capsys):
    assert solve_river(monkeypatch, tmp_path / "view", "budget.iterations=5", "save=view")[0] == 0
    view = tmp_path / "view" / "view.npz"
    refusals = {
        (*RIVER, f"load={view}", "budget.iterations=9"): "it is a view, which timebank show reads and no solve can go on from",
        (*RIVER, "budget.iterations=9", f"hydra.run.dir={tmp_path / 'view'}"): "which holds a result that would be lost",
        (*RIVER, "budget.iterations=9", "save=small"): "save must be true, false or view, got 'small'",
        (*RIVER, "budget.iterations=9", "save=[view]"): "save must be true, false or view, got ['view']",
        (*RIVER, "budget.iterations=9", "save=null"): "save must be true, false or view, got None",
        (*TURN, "game.rake=5%", "budget.iterations=9", "save=view"): "save must be true or false with game.rake (a view's last street is",
        ("game=kuhn_poker", "budget.iterations=9", "save=view"): "save must be true or false for a game derived from OpenSpiel, got view",
        ("game=spot", "game.boards=subset", "budget.iterations=9", "save=view"): "save must be left out with game.boards, got view",
    }
    for arguments, message in refusals.items():
        capsys.readouterr()
        assert timebank(monkeypatch, "solve", *arguments) == 2
        assert message in error_line(capsys)
    for line, message in (("jump", "line must begin with check"), ("check / check", "line must end at a decision")):
        assert timebank(monkeypatch, "show", str(view), line) == 2
        assert message in error_line(capsys)
    view.write_bytes(view.read_bytes()[:-300])
    assert timebank(monkeypatch, "show", str(view)) == 2
    assert "run must have a solution that timebank solve wrote" in error_line(capsys)


@pytest.mark.parametrize("value", ["yes", "1", "on", "True"])
def test_save_is_said_as_before(monkeypatch, tmp_path, value):
    assert timebank(monkeypatch, "solve", "game=kuhn_poker", "budget.iterations=1", f"save={value}", f"hydra.run.dir={tmp_path}") == 0
    assert (tmp_path / "policy.json").is_file()


def test_a_river_with_rake_has_a_view(monkeypatch, tmp_path, capsys):
    texts = []
    for name, save in (("whole", "true"), ("small", "view")):
        assert solve_river(monkeypatch, tmp_path / name, "game.rake=5%", "budget.iterations=300", f"save={save}")[0] == 0
        capsys.readouterr()
        assert timebank(monkeypatch, "show", str(tmp_path / name)) == 0
        texts.append(capsys.readouterr().out.split("\n\n")[0].splitlines()[0:2])
    assert texts[0] == texts[1]
