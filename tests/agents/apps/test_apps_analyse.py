"""``timebank analyse``: hands that were played, from a file to a table of what they cost."""

from __future__ import annotations

import csv

import pytest

from games.holdem.phh import history_text
from tests.compiling import compiled
from tests.running import refused, result_of, timebank
from tests.spots import GAME

HANDS = (
    (["call", "check", "2c7d9h", "check", "check", "Ts", "bet 200", "call", "3d", "check", "bet 300", "fold"], ("AhKd", "QsQd")),
    (["raise 300", "fold"], ("AsAd", "7h2c")),
)


@pytest.fixture
def hands(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    text = "\n".join(history_text(GAME, play, cards, number, {}) for number, (play, cards) in enumerate(HANDS, 1))
    (tmp_path / "hands.phhs").write_text(text)
    return tmp_path


@compiled
def test_every_decision_is_written_and_the_costliest_are_told(hands, monkeypatch, capsys):
    asked = ("file=hands.phhs", "budget.iterations=10", "agent.flop=off", "hydra.run.dir=run")
    assert timebank(monkeypatch, "analyse", *asked) == 0
    text = capsys.readouterr().out
    assert "agent does the same" in text
    with (hands / "run/decisions.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert [row["hand"] for row in rows].count("2") == 2
    assert len(rows) == 11
    late = [row for row in rows if row["round"] in ("turn", "river")]
    assert all(float(row["loss_chips"]) >= 0 for row in late)
    assert all(row["loss_chips"] == "" for row in rows if row not in late)
    result = result_of(hands / "run")
    assert result["hands"] == 2
    assert sum(row["decisions"] for row in result["rows"]) == len(rows)
    assert timebank(monkeypatch, "analyse", *asked[:-1], "seat=1", "hydra.run.dir=one") == 0
    assert {row["seat"] for row in result_of(hands / "one")["rows"]} == {"the big blind"}


@compiled
def test_a_seat_whose_cards_nobody_saw_is_left_out(hands, monkeypatch, capsys):
    (hands / "mine.phhs").write_text((hands / "hands.phhs").read_text().replace("p1 QsQd", "p1 ????").replace("p1 7h2c", "p1 ????"))
    asked = ("file=mine.phhs", "budget.iterations=2", "agent.flop=off")
    assert timebank(monkeypatch, "analyse", *asked, "hydra.run.dir=run") == 0
    assert {row["seat"] for row in result_of(hands / "run")["rows"]} == {"the small blind, on the button"}
    capsys.readouterr()
    error = "file must have a hand with the cards of seat 1, got unknown ones alone in 'mine.phhs'"
    assert error in refused(monkeypatch, capsys, "analyse", *asked, "seat=1")


@compiled
@pytest.mark.parametrize(
    ("given", "error"),
    [
        ([], "file must be given, got nothing"),
        (["file=none.phhs"], "file must be one that can be read, got 'none.phhs': No such file or directory"),
        (["file=."], "file must be one that can be read, got '.': Is a directory"),
        (["file=binary"], "file must be text, got 'binary'"),
        (["file=empty"], "file must have a hand, got none in 'empty'"),
        (["file=text"], "file must be PHH of heads_up_no_limit, got 'text': a hand history must be PHH, which is TOML"),
        (["file=hands.phhs", "game.stack=10000"], "agent.blueprint must be of heads_up_no_limit with stacks of 10000"),
        (["file=other"], "file must be PHH of heads_up_no_limit, got 'other': hand 1: starting_stacks must be [20000, 20000]"),
        (["file=hands.phhs", "seat=2"], "seat must be"),
        (["file=hands.phhs", "agent.think=false"], "agent.think must be true, got false"),
        (["file=hands.phhs", "game=leduc_poker"], "game must be whole no-limit hold'em of any amount"),
        (["file=hands.phhs", "agent=tabular"], "agent.policy must be sampled"),
    ],
)
def test_what_cannot_be_analysed_is_refused_in_one_line(hands, monkeypatch, capsys, given, error):
    (hands / "binary").write_bytes(b"\xff\xfe\x00")
    (hands / "empty").write_text("")
    (hands / "text").write_text("dealt to me")
    (hands / "other").write_text((hands / "hands.phhs").read_text().replace("20000, 20000", "100, 100"))
    assert error in refused(monkeypatch, capsys, "analyse", *given)


@compiled
def test_a_file_that_is_too_large_is_refused(hands, monkeypatch, capsys):
    monkeypatch.setattr("agents.apps.analyse.MOST_BYTES", 100)
    assert "error: file must have at most 100 bytes, got " in refused(monkeypatch, capsys, "analyse", "file=hands.phhs")
