"""``timebank spots``: what is refused before work, and whole commands."""

from __future__ import annotations

import json
import sys

import pytest

from agents.yardstick.file import save_spots
from tests.running import ROOT, refused, result_of, timebank
from tests.spots import spot_set

WRONG = {
    "budgets=[]": "budgets must name at least one thinking time, got []",
    "unit=hours": "unit must be one of seconds, iterations, got 'hours'",
    "rivers=0 turns=0": "rivers and turns must leave a spot, got 0 of both",
    "rivers=-1": "rivers must be at least 0, got -1",
    "hands=0": "hands must be at least 1, got 0",
    "file=none.npz": "file must be a file of spots that timebank spots make=true wrote, got none.npz",
    "answers=none.jsonl": "answers must be policies as docs/how-to/spots.md has them, got none.jsonl",
    "program=a answers=b": "answers must be left out beside a program, got b",
    "program=''": "program must be a command, got ''",
    "make=true file=a": "file must be left out where make=true draws a new set, got a",
    "make=true program=a": "program must be left out where make=true draws a new set, got a",
    "agent=uniform": "agent.policy must be sampled, as agent=no_limit has it, got 'uniform'",
    "agent.budget.seconds=1": "agent.budget.seconds must be left out (budgets says what decisions may spend), got 1",
    "game=leduc_poker": "game must be whole no-limit hold'em of any amount (heads_up_no_limit), got leduc_poker",
    "game.stack=10000 agent.blueprint=small": "agent.blueprint must be of heads_up_no_limit with stacks of 10000",
}
TWO = ["rivers=1", "turns=1", "unit=iterations", "budgets=[5,50]"]
ENGINE = """
import sys
print("ready", flush=True)
for line in sys.stdin:
    if line.startswith("position"):
        actions = line.rpartition(" actions ")[2].strip().split(" / ")
        print("state", flush=True)
    else:
        print("bestaction", actions[0], flush=True)
"""


@pytest.fixture(autouse=True)
def in_an_empty_folder(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def made(tmp_path):
    path = tmp_path / "three.npz"
    save_spots(path, spot_set())
    return f"file={path}"


@pytest.mark.parametrize("given", WRONG)
def test_bad_values_are_refused_before_work(given, monkeypatch, capsys):
    assert WRONG[given] in refused(monkeypatch, capsys, "spots", *given.split())


def test_our_agent_is_measured(monkeypatch, capsys, tmp_path, made):
    assert timebank(monkeypatch, "spots", made, *TWO, "write=true", "hydra.run.dir=run") == 0
    result = result_of(tmp_path / "run")
    assert (result["command"], result["status"], result["game"]) == ("spots", "complete", "heads_up_no_limit")
    assert result["spots"] == {"digest": spot_set().digest, "seed": 0, "blueprint": "by hand", "river": 1, "turn": 1}
    lines = [(row["line"].partition("+")[0], row["street"], row["thinking_iterations"]) for row in result["rows"]]
    alone = "mccfr:10000:500:500:500"
    for street, four in (("river", lines[:4]), ("turn", lines[4:])):
        assert four == [("uniform", street, None), (alone, street, None), (alone, street, 5), (alone, street, 50)]
    for four in (result["rows"][:4], result["rows"][4:]):
        losses = [row["ev_loss"]["value"] for row in four]
        assert losses[0] > losses[2] > losses[3] >= 0
        assert [row["spots"] for row in four] == [1] * 4
    said = capsys.readouterr().out
    assert "EV loss, % of pot" in said
    assert "the opponent's equilibrium is taken for granted" in said
    assert {path.name for path in (tmp_path / "run").iterdir()} >= {"spots.csv", "spots.png", "spots.svg", "spots.jsonl", "result.json"}
    assert len((tmp_path / "run" / "spots.jsonl").read_text().splitlines()) == 2


def test_somebody_s_program_and_answers_are_measured(monkeypatch, capsys, tmp_path, made):
    (tmp_path / "engine.py").write_text(ENGINE)
    program = f"program={sys.executable} engine.py"
    assert timebank(monkeypatch, "spots", made, *TWO, program, "hands=4", "write=true", "hydra.run.dir=program") == 0
    rows = result_of(tmp_path / "program")["rows"]
    assert len(rows) == 6
    assert all(row["hands"] == 4 and not row["faults"] for row in rows if row["line"] != "uniform")
    policies = []
    for line in (tmp_path / "program" / "spots.jsonl").read_text().splitlines():
        one = json.loads(line)
        hands = [entry.partition(":")[0] for entry in one["ranges"][one["player"]].split(",")]
        policies.append({"spot": one["spot"], "policy": {hand: [1, *[0] * (len(one["actions"]) - 1)] for hand in hands}})
    (tmp_path / "answers.jsonl").write_text("\n".join(map(json.dumps, policies)))
    assert timebank(monkeypatch, "spots", made, *TWO, "answers=answers.jsonl", "hydra.run.dir=answers") == 0
    answered = result_of(tmp_path / "answers")["rows"]
    assert [row["line"] for row in answered] == ["uniform", "answers.jsonl"] * 2
    entries = [spot_set().of(street)[0] for street in ("river", "turn")]
    for row, (one, answer) in zip(answered[1::2], entries, strict=True):
        assert row["ev_loss"]["value"] == pytest.approx(answer.losses[0] @ one.chances, rel=1 / 1024)


def test_a_program_that_does_not_start_is_one_error(monkeypatch, capsys, made):
    assert timebank(monkeypatch, "spots", made, *TWO, "program=./no_such_program", "hydra.run.dir=run") == 1
    assert "error: program must be one that can be started, got ./no_such_program" in capsys.readouterr().err


@pytest.mark.long
def test_our_own_bot_is_measured_through_the_protocol(monkeypatch, tmp_path, made):
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    program = f"program='{sys.executable} -m agents.apps.bot agent=no_limit protocol=text'"
    budget = ["unit=iterations", "budgets=[20]"]
    assert timebank(monkeypatch, "spots", made, *budget, program, "hands=40", "hydra.run.dir=program") == 0
    assert timebank(monkeypatch, "spots", made, *budget, "hydra.run.dir=agent") == 0
    asked, direct = (result_of(tmp_path / name)["rows"] for name in ("program", "agent"))
    for street in ("river", "turn"):
        (row,) = (row for row in asked if row["street"] == street and row["line"] != "uniform")
        (own,) = (row for row in direct if row["street"] == street and row["thinking_iterations"] == 20)
        assert not row["faults"]
        assert row["ev_loss"]["value"] == pytest.approx(own["ev_loss"]["value"], rel=0.3, abs=1e-3)


@pytest.mark.long
def test_a_set_is_made(monkeypatch, capsys, tmp_path):
    assert timebank(monkeypatch, "spots", "make=true", "rivers=2", "turns=0", "seed=5", "hydra.run.dir=made") == 0
    made = result_of(tmp_path / "made")["spots"]
    assert [(one["street"], one["spots"]) for one in made["streets"]] == [("river", 2)]
    assert made["streets"][0]["largest_gap"] <= 1e-5
    assert f"digest {made['digest']}" in capsys.readouterr().out
