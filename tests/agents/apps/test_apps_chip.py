"""Spots in big blinds, such as a pot of 5.5, in every command that takes a spot."""

from __future__ import annotations

import csv
import shutil

import pytest
import yaml

from agents.apps.compose import compose
from agents.apps.config import register
from tests.running import RIVER, refused, result_of, timebank

BOARD, RANGES = RIVER[1:3]
SMALL = ("game=spot", BOARD, RANGES, "game.pot=5.5", "game.stack=97.5")
LARGE = ("game=spot", BOARD, RANGES, "game.pot=55", "game.stack=975", "game.min_bet=10")
LINE = "check / bet 2.8"


def solved(monkeypatch, directory, *arguments):
    """Solve; return the result."""
    assert timebank(monkeypatch, "solve", *arguments, f"hydra.run.dir={directory}") == 0
    return result_of(directory)


def table(path):
    with path.open() as file:
        return list(csv.DictReader(file))


def test_a_solve_in_big_blinds_is_one_in_chips_divided_by_ten(monkeypatch, tmp_path, capsys):
    small = solved(monkeypatch, tmp_path / "small", *SMALL, "budget.iterations=200", f"show={LINE}")
    said = capsys.readouterr()
    large = solved(monkeypatch, tmp_path / "large", *LARGE, "budget.iterations=200", "show=check / bet 28")
    assert "note: game.chip: null is taken as 0.1, as pot, stack or min_bet is not whole (bets are multiples of it)\n" in said.err
    assert len(small["notes"]) == 1
    assert "notes" not in large
    shares = [found["exploitability"]["pot_fraction"] for found in (small, large)]
    assert max(shares) < 2e-3
    assert [10 * ev for ev in small["ev"]] == pytest.approx(large["ev"], abs=2 * sum(shares) * 55)  # equilibria of a zero-sum game
    assert sum(small["ev"]) == pytest.approx(5.5, abs=1e-4)
    assert small["root"]["actions"] == ["check", "bet 2.8", "bet 5.5", "all-in 97.5"]
    (node,) = small["nodes"]
    assert node["line"] == LINE
    assert node["pot"] == 8.3
    assert node["actions"] == ["fold", "call", "raise 13.9", "all-in 97.5"]
    assert {"bet 2.8", "ev all-in 97.5"} <= set(table(tmp_path / "small/root.csv")[0])
    assert "bet 2.8" in said.out
    assert (
        yaml.safe_load((tmp_path / "small/.hydra/config.yaml").read_text())["game"] | {"pot": 5.5, "stack": 97.5, "chip": None}
        == (yaml.safe_load((tmp_path / "small/.hydra/config.yaml").read_text())["game"])
    )


@pytest.mark.parametrize("pot", ["200", "200.0", "2e2", "'200'"])
def test_whole_numbers_stay_whole(pot):
    register("solve")
    composed = compose("solve", ["game=spot", BOARD, f"game.pot={pot}", "game.min_bet=2.0"])
    assert repr(composed.settings.game.pot) == repr(composed.config.game.pot) == "200"
    assert repr(composed.settings.game.min_bet) == "2"
    assert repr(composed.settings.game.stack) == "500"


def test_a_file_of_settings_may_have_big_blinds(monkeypatch, tmp_path):
    (tmp_path / "spot.yaml").write_text(
        "game:\n  board: Td9d6hQc4s\n  ranges: ['QQ,AKs', 'KK-JJ']\n  pot: 5.5\n  stack: '97.5'\n  chip: 0.5\nbudget: {iterations: 3}\n"
    )
    found = solved(monkeypatch, tmp_path / "run", str(tmp_path / "spot.yaml"))
    assert found["root"]["actions"] == ["check", "bet 3", "bet 5.5", "all-in 97.5"]


def test_a_saved_solution_opens_alone_with_its_chip(monkeypatch, tmp_path, capsys):
    solved(monkeypatch, tmp_path / "run", *SMALL, "game.chip=0.05", "budget.iterations=30", "save=true")
    shutil.copy(tmp_path / "run/solution.npz", tmp_path / "mine.npz")
    shutil.rmtree(tmp_path / "run")
    capsys.readouterr()
    assert timebank(monkeypatch, "show", str(tmp_path / "mine.npz"), "", "check / bet 2.75", "bet 5.50") == 0
    text = capsys.readouterr().out
    assert "bet 2.75" in text
    assert "raise 13.75" in text
    assert timebank(monkeypatch, "show", str(tmp_path / "mine.npz"), "bet 2.8") == 2
    assert "line must begin with check, bet 2.75, bet 5.5 or all-in 97.5, got 'bet 2.8'" in capsys.readouterr().err
    on = (f"load={tmp_path / 'mine.npz'}", "budget.iterations=40")
    assert solved(monkeypatch, tmp_path / "on", *SMALL, "game.chip=0.05", *on)["iterations"] == 40
    monkeypatch.chdir(tmp_path)
    assert "load must be" in refused(monkeypatch, capsys, "solve", *SMALL, *on)  # of tenths


def test_rivers_of_a_view_are_solved_again_in_big_blinds(monkeypatch, tmp_path, capsys):
    turn = ("game=spot", "game.board=Td9d6hQc", RANGES, "game.pot=5.5", "game.stack=11.5", "game.bets=50%", "game.raises=a")
    solved(monkeypatch, tmp_path / "run", *turn, "budget.iterations=60", "save=view")
    capsys.readouterr()
    assert timebank(monkeypatch, "show", str(tmp_path / "run"), "bet 2.8 / call / 2c", "bet 2.8 / call / 2c / bet 5.6") == 0
    text = capsys.readouterr().out
    assert "the river was solved again" in text
    assert "all-in 8.7" in text  # 11.5 - 2.8, to the digit
    assert "bet 5.6" in text


@pytest.mark.parametrize("asked", ["bet 2.8 100%", "bet 2.80 100%", "QQ-JJ: bet 2.8 100%; rest: check 50%, bet 2.8 50%", "table"])
def test_decisions_of_decimals_are_locked(monkeypatch, tmp_path, asked):
    if asked == "table":
        asked = str(tmp_path / "lock.csv")
        free = solved(monkeypatch, tmp_path / "free", *SMALL, "budget.iterations=5", "show=check")
        assert free["nodes"][0]["actions"][1] == "bet 2.8"
        shutil.copy(tmp_path / "free/node_0.csv", asked)
    found = solved(monkeypatch, tmp_path / "run", *SMALL, "budget.iterations=5", f'lock={{"check": "{asked}"}}', "show=check")
    (node,) = found["nodes"]
    assert node["locked"]
    if asked.startswith("bet"):
        assert all(entry["strategy"] == [0.0, 1.0, 0.0, 0.0] for entry in node["hands"].values())
    if asked.startswith("QQ"):
        assert all(
            entry["strategy"][:2] == ([0.0, 1.0] if hand[0] == hand[2] else [0.5, 0.5])
            for hand, entry in node["hands"].items()
            if hand[0] != "K"
        )


def test_a_report_over_boards_takes_big_blinds(monkeypatch, tmp_path, capsys):
    asked = (
        "game=spot",
        RANGES,
        "game.boards=[Td9d6hQc4s,3c5c8cJcKd]",
        "game.pot=5.5",
        "game.stack=9.5",
        "game.rake=5%",
        "game.rake_cap=0.3",
    )
    serial = ("executor=serial", "executor.workers=1", "budget.iterations=60")
    solved(monkeypatch, tmp_path / "run", *asked, *serial)
    for row in table(tmp_path / "run/boards.csv"):
        assert 5.2 - 1e-3 < float(row["ev_oop"]) + float(row["ev_ip"]) < 5.225 + 1e-3  # the cap, and 5 % of 5.5
        assert {"check", "bet 2.8", "all-in 9.5"} <= set(row)
    assert "bet 2.8" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("more", "error"),
    [
        (("game.pot=5.555",), "game.pot must be a multiple of 0.01 chips, got 5.555"),
        (("game.chip=1",), "game.pot must be a multiple of game.chip=1, got 5.5 (game.chip=0.1 would do)"),
        (("game.chip=0.015",), "game.chip must be a multiple of 0.01 chips, got 0.015"),
        (("show=bet 3",), "show must begin with check, bet 2.8, bet 5.5 or all-in 97.5, got 'bet 3'"),
        (('lock={"": "bet 3 100%"}',), "lock['root'] must have actions among check, bet 2.8, bet 5.5 or all-in 97.5, got 'bet 3'"),
        (("game=ms1f1", "game.stack=5.5"), "game.stack must be a whole number of chips, got 5.5"),
    ],
)
def test_bad_chips_are_refused_before_any_work(monkeypatch, tmp_path, capsys, more, error):
    monkeypatch.chdir(tmp_path)
    asked = SMALL if not more[0].startswith("game=") else ()
    assert error in refused(monkeypatch, capsys, "solve", *asked, "budget.iterations=5", *more)


@pytest.mark.parametrize(
    ("given", "pots"), [(("game.pot='5.5',6",), [5.5, 6]), (("game.pot=5.5", "game.stack='9.50'", "game.chip=0.5,0.1"), [5.5, 5.5])]
)
def test_numbers_as_text_are_swept_over_too(monkeypatch, tmp_path, given, pots):
    """Hydra itself composes the runs of a sweep, and takes no text for a number that may be whole or not."""
    asked = ("game=spot", BOARD, RANGES, "game.stack=9.5", *given, "budget.iterations=2", f"hydra.sweep.dir={tmp_path}")
    assert timebank(monkeypatch, "solve", "-m", *asked) == 0
    assert [result_of(tmp_path / str(number))["root"]["pot"] for number in (0, 1)] == pots
