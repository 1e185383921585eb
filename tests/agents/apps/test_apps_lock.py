"""``timebank solve lock=...``: what it plays, tells and refuses."""

from __future__ import annotations

import csv
import json
import shutil

import numpy as np
import pytest

from tests.running import RIVER, refused, result_of, solve_river, timebank

CHECK = "check / bet 100"
KUHN = ("solve", "game=kuhn_poker", "budget.iterations=300")


@pytest.mark.parametrize(
    "asked",
    [
        'lock={"check": "bet 100 100%", "check / bet 100": "fold 25%, call 75%"}',
        'lock={check: "bet 100 100%", check / bet 100: "fold 25%, call 75%"}',
        """lock='{"check": "bet 100 100%", "check / bet 100": "fold 25%, call 75%"}'""",
    ],
)
def test_what_is_locked_is_played_and_told(monkeypatch, tmp_path, capsys, asked):
    status, found = solve_river(monkeypatch, tmp_path, "budget.iterations=300", asked, f"show=[check,{CHECK},bet 100]")
    assert status == 0
    first, second, third = found["nodes"]
    assert first["locked"]
    assert second["locked"]
    assert "locked" not in third
    assert "locked" not in found["root"]
    assert all(entry["strategy"] == [0.0, 1.0, 0.0, 0.0] for entry in first["hands"].values())
    assert all(entry["strategy"][:2] == [0.25, 0.75] for entry in second["hands"].values())
    assert [row["line"] for row in found["locks"]] == ["check", CHECK]
    assert [row["player"] for row in found["locks"]] == [1, 0]
    assert found["exploitability"]["value"] < 0.05
    assert found["solved"]
    assert min(found["without_locks"]) > 5  # chips: neither would play so
    text = capsys.readouterr().out
    assert "node_0: check (locked)\n" in text
    assert (
        "locked: check: in position, every hand: bet 100 100%\nlocked: check / bet 100: out of position, every hand: fold 25%, call 75%\n"
        in text
    )
    assert "leaving its locks would win this much more against this answer: out of position " in text
    titles = {name: (tmp_path / f"{name}.png").read_text() for name in ("root", "node_0", "node_2", "trace")}
    assert "check, locked, exploitability" in titles["node_0"]
    for name in ("root", "node_2", "trace"):
        assert "2 decisions locked" in titles[name]


def test_the_other_player_answers_a_lock(monkeypatch, tmp_path):
    """Who always bets behind a check is checked to more, and what the lock costs its player the other one wins."""
    _, free = solve_river(monkeypatch, tmp_path / "free", "budget.iterations=500", "show=check")
    _, locked = solve_river(monkeypatch, tmp_path / "locked", "budget.iterations=500", 'lock={check: "bet 200 100%"}')
    cost = free["values"][1] - locked["values"][1]
    assert cost > 1
    assert cost <= locked["without_locks"][1] + free["exploitability"]["value"] + locked["exploitability"]["value"]
    assert locked["root"]["frequencies"][0] > free["root"]["frequencies"][0] + 0.05


def test_a_table_that_solve_wrote_is_a_lock_and_keeps_the_value(monkeypatch, tmp_path):
    _, free = solve_river(monkeypatch, tmp_path / "free", "budget.iterations=500", "show=check")
    table = tmp_path / "free/node_0.csv"
    _, same = solve_river(monkeypatch, tmp_path / "same", "budget.iterations=500", f'lock={{"check": "{table}"}}', "show=check")
    assert same["nodes"][0]["locked"]
    for hand, entry in same["nodes"][0]["hands"].items():
        np.testing.assert_allclose(entry["strategy"], free["nodes"][0]["hands"][hand]["strategy"], atol=1e-6)
    assert same["values"] == pytest.approx(free["values"], abs=4 * free["exploitability"]["value"])
    with table.open() as file:
        rows = list(csv.DictReader(file))
    for row in rows:
        row |= {"check": 1, "bet 100": 0, "bet 200": 0, "all-in 900": 0} if row["hand"][0] == row["hand"][2] == "J" else {}
    rows = [{key: value for key, value in row.items() if key in ("hand", "check", "bet 100", "bet 200", "all-in 900")} for row in rows]
    with (tmp_path / "mine.csv").open("w", newline="") as file:
        writer = csv.DictWriter(file, rows[0])
        writer.writeheader()
        writer.writerows(rows)
    monkeypatch.chdir(tmp_path)
    _, mine = solve_river(monkeypatch, tmp_path / "mine", "budget.iterations=20", "lock={check: mine.csv}", "show=check")
    assert {tuple(entry["strategy"]) for hand, entry in mine["nodes"][0]["hands"].items() if hand[0] == "J"} == {(1, 0, 0, 0)}
    assert mine["nodes"][0]["hands"]["KsKh"]["strategy"] == pytest.approx(free["nodes"][0]["hands"]["KsKh"]["strategy"], abs=1e-6)


def test_a_solution_is_gone_on_from_with_its_locks_alone(monkeypatch, tmp_path, capsys):
    lock = 'lock={check: "check 100%"}'
    for name, more in (("locked", [lock]), ("free", [])):
        solve_river(monkeypatch, tmp_path / name, "budget.iterations=10", "save=true", *more)
    on = [f"load={tmp_path}/locked/solution.npz", "budget.iterations=20"]
    assert solve_river(monkeypatch, tmp_path / "on", *on, 'lock={"check": "bet 100 0%, check 100 %"}')[1]["iterations"] == 20
    whole = solve_river(monkeypatch, tmp_path / "whole", "budget.iterations=20", lock)[1]
    assert result_of(tmp_path / "on")["root"] == whole["root"]
    monkeypatch.chdir(tmp_path / "on")
    for which, locks, what in (
        ("locked", [], "locks and this solve none"),
        ("locked", ['lock={check: "bet 100 100%"}'], "others"),
        ("free", [lock], "no locks"),
    ):
        load = tmp_path / which / "solution.npz"
        line = refused(monkeypatch, capsys, "solve", *RIVER, f"load={load}", *locks)
        assert line == f"error: lock must be what load was solved with, got {load}, which has {what}\n"


def test_show_tells_a_runs_locks(monkeypatch, tmp_path, capsys):
    solve_river(monkeypatch, tmp_path / "run", "budget.iterations=10", "save=true", 'lock={check: "QQ-JJ: check 100%"}')
    capsys.readouterr()
    assert timebank(monkeypatch, "show", str(tmp_path / "run"), "check") == 0
    text = capsys.readouterr().out
    assert text.startswith("check (locked)\n")
    assert "locked: check: in position, 9 hands: QQ-JJ: check 100%\n" in text
    timebank(monkeypatch, "show", str(tmp_path / "run"))
    assert capsys.readouterr().out.startswith("the first decision\n")


@pytest.mark.parametrize(("save", "name"), [("true", "solution.npz"), ("view", "view.npz")])
def test_a_solution_tells_its_locks_wherever_it_was_copied(monkeypatch, tmp_path, capsys, save, name):
    """And not those of a run in whose directory it lies."""
    run, other = tmp_path / "run", tmp_path / "other"
    solve_river(monkeypatch, run, "budget.iterations=10", f"save={save}", 'lock={check: "QQ-JJ: check 100%"}')
    solve_river(monkeypatch, other, "budget.iterations=10", 'lock={root: "check 100%"}')
    shutil.copy(run / name, other / "mine.npz")
    capsys.readouterr()
    assert timebank(monkeypatch, "show", str(other / "mine.npz"), "", "check") == 0
    text = capsys.readouterr().out
    assert text.startswith("the first decision\n")
    assert "\ncheck (locked)\n" in text
    assert text.count("locked: ") == 1
    assert "locked: check: in position, 9 hands: QQ-JJ: check 100%\n" in text


def test_locks_that_a_file_tells_are_anybodys(monkeypatch, tmp_path, capsys):
    row = {"line": "check", "strategy": "check \x1b[2J100%", "player": 1, "hands": 3}
    solve_river(monkeypatch, tmp_path / "run", "budget.iterations=10", "save=true")
    arrays = dict(np.load(tmp_path / "run/solution.npz"))
    about = json.loads(arrays["about"].tobytes())
    assert about["locked"] == []
    capsys.readouterr()
    wrong = (1, [1], [{}], [row | {"player": 2}], [row | {"hands": "x"}], [row | {"strategy": None}], [row | {"line": "jump"}])
    for locked in ([row], *wrong):
        np.savez(tmp_path / "made.npz", **arrays | {"about": np.frombuffer(json.dumps(about | {"locked": locked}).encode(), np.uint8)})
        assert timebank(monkeypatch, "show", str(tmp_path / "made.npz")) == (0 if locked == [row] else 2)
        text = capsys.readouterr()
        if locked == [row]:
            assert "locked: check: in position, 3 hands: check \\x1b[2J100%\n" in text.out
        else:
            assert text.err.startswith("error: ")
            assert text.err.count("\n") == 1


def test_kuhn_with_a_lock(monkeypatch, tmp_path, capsys):
    assert timebank(monkeypatch, *KUHN, 'lock={"": "Bet 100%"}', "save=true", f"hydra.run.dir={tmp_path}") == 0
    found = result_of(tmp_path)
    assert found["values"][0] == pytest.approx(-1 / 3, abs=2e-3)
    assert found["locks"] == [{"line": "", "strategy": "Bet 100%", "player": 0, "hands": 3, "whole": True}]
    policy = json.loads((tmp_path / "policy.json").read_text())
    assert policy["0"] == {"0": 0.0, "1": 1.0}
    assert "locked: the first decision: player 1, every hand: Bet 100%" in capsys.readouterr().out
    _, free = timebank(monkeypatch, *KUHN, f"hydra.run.dir={tmp_path / 'free'}"), result_of(tmp_path / "free")
    assert free["values"][0] == pytest.approx(-1 / 18, abs=2e-3)
    assert "locks" not in free
    assert found["without_locks"][0] >= free["values"][0] - found["values"][0] - 2e-3


def test_a_seat_that_is_locked_everywhere_is_solved_against(monkeypatch, tmp_path, capsys):
    asked = 'lock={"": "Pass 50%, Bet 50%", "Pass / Bet": "Pass 50%, Bet 50%"}'
    assert timebank(monkeypatch, *KUHN, asked, f"hydra.run.dir={tmp_path}") == 0
    found = result_of(tmp_path)
    assert found["solved"]
    assert found["exploitability"]["value"] < 1e-3
    assert found["without_locks"][1] == pytest.approx(0, abs=2e-3)


def test_the_first_decision_of_a_whole_game_is_locked(monkeypatch, tmp_path):
    given = ("solve", "game=ms2f1t1h5", "budget.iterations=20", 'lock={root: "QQ+: call 100%; rest: fold 50%, call 50%"}')
    assert timebank(monkeypatch, *given, f"hydra.run.dir={tmp_path}") == 0
    root = result_of(tmp_path)["root"]
    assert root["locked"]
    call, fold = root["actions"].index("call"), root["actions"].index("fold")
    for hand, entry in root["hands"].items():
        strong = hand[0] == hand[2] and hand[0] in "QKA"
        assert entry["strategy"][call] == pytest.approx(1.0 if strong else 0.5)
        assert entry["strategy"][fold] == pytest.approx(0.0 if strong else 0.5)


@pytest.mark.parametrize(
    ("settings", "error"),
    [
        (["lock={check: 100}"], "lock must be lines with what is played there"),
        (["lock=check"], "lock must be lines with what is played there"),
        (['lock={jump: "check 100%"}'], "lock must begin with check, bet 100, bet 200 or all-in 900, got 'jump'"),
        (['lock={check / check: "check 100%"}'], "lock must end at a decision, got 'check / check'"),
        (['lock={check: "call 100%"}'], "lock['check'] must have actions among check, bet 100, bet 200 or all-in 900, got 'call'"),
        (['lock={check: "check 99%"}'], "lock['check'] must have shares that add up to 100 %, got 99 % in 'check 99%'"),
        (['lock={"check": "it\'s.csv"}'], "lock['check'] must be a CSV file that can be read, got \"it's.csv\""),
        (["lock={check: none.csv}"], "lock['check'] must be a CSV file that can be read, got 'none.csv'"),
        (['lock={"check": "check 100%", "check": "check 100%"}'], "lock must name each decision once, got 'check' again"),
        (['lock={"check": "check 100%", " check": "check 100%"}'], "lock must name each decision once, got ' check' again"),
    ],
)
def test_bad_locks_are_refused_before_any_work(monkeypatch, tmp_path, capsys, settings, error):
    monkeypatch.chdir(tmp_path)
    line = refused(monkeypatch, capsys, "solve", *RIVER, "budget.iterations=10", *settings)
    assert line.startswith(f"error: {error}")


def test_boards_have_no_locks(monkeypatch, tmp_path, capsys):
    monkeypatch.chdir(tmp_path)
    spot = [setting for setting in RIVER if not setting.startswith("game.board=")]
    line = refused(monkeypatch, capsys, "solve", *spot, "game.boards=[Td9d6h]", "budget.iterations=10", 'lock={check: "check 100%"}')
    assert line.startswith("error: lock must be left out with game.boards, got ")


def test_sixteen_bits_and_two_threads_play_what_is_locked(monkeypatch, tmp_path):
    lock = 'lock={check: "check 30%, bet 100 70%"}'
    _, found = solve_river(monkeypatch, tmp_path, "budget.iterations=200", "storage=16", "threads=2", lock, "show=check")
    for entry in found["nodes"][0]["hands"].values():
        np.testing.assert_allclose(entry["strategy"], [0.3, 0.7, 0, 0], atol=1e-12)


@pytest.mark.parametrize("asked", ['lock={check / check / *: "check 100%"}', 'lock={"check / check / *": "check 100%"}'])
def test_a_star_locks_a_decision_on_every_card(monkeypatch, tmp_path, capsys, asked):
    turn = [override.replace("Td9d6hQc4s", "Td9d6hQc") for override in RIVER]
    show = "show=[check / check / 2c, check / check / Kd, bet 100 / call / 2c]"
    assert timebank(monkeypatch, "solve", *turn, "budget.iterations=5", "save=true", asked, show, f"hydra.run.dir={tmp_path}") == 0
    result = result_of(tmp_path)
    assert ["locked" in node for node in result["nodes"]] == [True, True, False]
    for node in result["nodes"][:2]:
        assert {entry["strategy"][0] for entry in node["hands"].values()} == {1.0}
    (row,) = result["locks"]
    assert (row["line"], row["player"], row["whole"]) == ("check / check / *", 0, True)
    assert row["decisions"] > 30
    words = "locked: check / check / *: out of position, every hand on every card: check 100%\n"
    assert words in capsys.readouterr().out
    assert timebank(monkeypatch, "show", str(tmp_path), "check / check / 7s", "check") == 0
    text = capsys.readouterr().out
    assert text.startswith("check / check / 7s (locked)\n")
    assert "\ncheck\n" in text
    assert words in text


def test_a_star_that_cannot_be_is_refused_in_one_line(monkeypatch, tmp_path, capsys):
    monkeypatch.chdir(tmp_path)
    given = (*RIVER, "budget.iterations=5")
    line = refused(monkeypatch, capsys, "solve", *given, 'lock={check / *: "check 100%"}')
    assert line == "error: lock must lead where a card comes, got 'check', where a player acts\n"
    turn = [override.replace("Td9d6hQc4s", "Td9d6hQc") for override in given]
    line = refused(monkeypatch, capsys, "solve", *turn, "lock={check / check / *: mine.csv}")
    assert "must say what is played where * stands for every card, got the file 'mine.csv'" in line
