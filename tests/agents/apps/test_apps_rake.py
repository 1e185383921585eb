"""Rake in commands: what a raked solve says, and that whatever takes a game for zero-sum refuses it."""

from __future__ import annotations

import csv
import json

import pytest

from tests.running import RIVER, refused, result_of, timebank

RAKE = ("game.rake=5%", "game.rake_cap=20")


def test_a_raked_solve_says_what_the_house_takes_and_is_shown_again(monkeypatch, tmp_path, capsys):
    directory = tmp_path / "run"
    asked = ("solve", *RIVER, *RAKE, "budget.exploitability=0.4", "save=true", "show=check / all-in 900", f"hydra.run.dir={directory}")
    assert timebank(monkeypatch, *asked) == 0
    text, result = capsys.readouterr().out, result_of(directory)
    assert 10 - 1e-6 < result["rake"] < 20 + 1e-6  # every pot pays 5 % of 200 or more, and none more than the cap
    assert sum(result["ev"]) == pytest.approx(200 - result["rake"], abs=1e-3)
    assert sum(result["values"]) == pytest.approx(-result["rake"], abs=1e-3)
    assert result["rounding_pot_fraction"] < 1e-5
    assert result["exploitability"]["value"] <= 0.4
    assert result["solved"]
    assert f"mean rake: {result['rake']:.4f} chips a deal, " in text
    assert "rounding" not in text
    assert timebank(monkeypatch, "show", str(directory), "", "check / all-in 900") == 0
    assert "check / all-in 900" in capsys.readouterr().out


def test_a_solve_without_rake_says_nothing_of_it(monkeypatch, tmp_path, capsys):
    assert timebank(monkeypatch, "solve", *RIVER, "budget.iterations=20", f"hydra.run.dir={tmp_path / 'run'}") == 0
    assert "mean rake" not in capsys.readouterr().out
    assert "rake" not in result_of(tmp_path / "run")


def test_a_report_over_boards_has_evs_less_rake(monkeypatch, tmp_path, capsys):
    directory, serial = tmp_path / "run", ("executor=serial", "executor.workers=1")
    asked = (*RIVER[:1], *RIVER[2:], "game.boards=[Td9d6hQc4s,3c5c8cJcKd]", *RAKE, "budget.iterations=60", *serial)
    assert timebank(monkeypatch, "solve", *asked, f"hydra.run.dir={directory}") == 0
    with (directory / "boards.csv").open() as file:
        rows = list(csv.DictReader(file))
        for row in rows:
            assert 10 - 1e-6 < float(row["rake"]) < 20 + 1e-6
            assert float(row["ev_oop"]) + float(row["ev_ip"]) + float(row["rake"]) == pytest.approx(200, abs=1e-3)
            assert 180 - 1e-3 < float(row["ev_oop"]) + float(row["ev_ip"]) < 190 + 1e-3
            assert 0 < float(row["equity_oop"]) < 1
            assert 0 <= float(row["exploitability_pot"]) < 0.05
    assert len({row["rake"] for row in rows}) == 2
    with (directory / "textures.csv").open() as file:
        means = list(csv.DictReader(file))
    weights = [float(row["weight"]) * float(row["deals"]) for row in rows]
    mean = sum(weight * float(row["rake"]) for weight, row in zip(weights, rows, strict=True)) / sum(weights)
    assert float(means[-1]["rake"]) == pytest.approx(mean)
    kept = next((directory / "boards").glob("Td9d6hQc4s-*.json"))
    older = json.loads(kept.read_text())
    del older["rake"]  # a report that an older version began
    kept.write_text(json.dumps(older))
    assert timebank(monkeypatch, "solve", *asked, f"hydra.run.dir={directory}") == 0
    assert "  in position   rake  equity out of position" in capsys.readouterr().out
    with (directory / "boards.csv").open() as file:
        assert float(next(csv.DictReader(file))["rake"]) == pytest.approx(float(rows[0]["rake"]), abs=1e-3)


def test_whole_games_take_rake_too(monkeypatch, tmp_path):
    asked = ("solve", "game=ms1f1", "game.rake=0.1", "budget.iterations=3", f"hydra.run.dir={tmp_path / 'run'}")
    assert timebank(monkeypatch, *asked) == 0
    result = result_of(tmp_path / "run")
    assert result["rake"] > 0
    assert sum(result["values"]) == pytest.approx(-result["rake"], abs=1e-4)


@pytest.mark.parametrize(
    "arguments",
    [
        ("play", *RIVER, "agent.iterations=5"),
        ("match", *RIVER, "agent@agents.a=tabular", "agent@agents.b=uniform", "agents.a.iterations=5"),
        ("train", *RIVER),
        ("ablate", *RIVER),
        ("bot", *RIVER),
        ("analyse", "file=hands.jsonl", *RIVER),
        ("spots", "game=heads_up_no_limit"),
        ("ablate", "game=heads_up_no_limit", "agent=no_limit", "decisions.street=river"),
    ],
)
def test_what_takes_a_game_for_zero_sum_refuses_rake_in_one_line(monkeypatch, tmp_path, capsys, arguments):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "hands.jsonl").write_text("")
    error = refused(monkeypatch, capsys, *arguments, *RAKE)
    assert error == "error: game.rake must be left out here (timebank solve and show take it), got 5%\n"
