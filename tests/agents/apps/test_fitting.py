"""Defaults that fit a game, and the blueprint that comes with the package."""

import io
import json
import shutil
import sys

import pytest
from numba.core import event

from agents.apps.build import BLUEPRINTS, SHIPPED, blueprint_directory
from agents.apps.compose import compose
from agents.apps.config import register
from agents.apps.fitting import fitting
from agents.apps.run import COMPILING, compiling
from tests.compiling import compiled
from tests.running import ROOT, refused, result_of, timebank

GAME = "game=heads_up_no_limit"
PAIR = ["agent@agents.a=no_limit", "agent@agents.b=no_limit", "agents.b.think=false", "budget.seconds=0.3", "hands=1000"]


@pytest.mark.parametrize(
    ("command", "given", "added"),
    [
        ("play", [GAME], ["agent=no_limit", "budget.seconds=1"]),
        ("play", [GAME, "budget.iterations=50"], ["agent=no_limit"]),
        ("play", [GAME, "agent.think=false", "seed=3"], ["agent=no_limit", "budget.seconds=1"]),
        ("play", [GAME, "agent=tabular"], []),
        ("play", ["game=leduc_poker"], []),
        ("play", [], []),
        ("match", [GAME], PAIR),
        ("match", [GAME, "hands=40", "budget.seconds=1"], PAIR[:3]),
        ("match", [GAME, "agent@agents.b=bot", "agents.b.bot=all_in"], [PAIR[0], *PAIR[3:]]),
        ("match", [GAME, "agent@agents.a=bot", "agent@agents.b=bot"], []),
        ("match", [GAME, "experiment=time_match_holdem"], []),
        ("match", [GAME, "resume=outputs"], []),
        ("solve", [GAME], []),
        ("train", [GAME], []),
    ],
)
def test_what_a_command_takes_by_itself(command, given, added):
    assert fitting(command, given) == added


def test_a_users_settings_come_after_what_is_taken_by_itself():
    register("match")
    given = [GAME, "agents.b.think=true"]
    settings = compose("match", [*fitting("match", given), *given]).settings
    assert [(agent.policy, agent.blueprint, agent.think) for agent in settings.agents.values()] == [("sampled", "small", True)] * 2
    assert (settings.budget.seconds, settings.hands) == (0.3, 1000)


def test_a_blueprint_is_named_or_a_directory(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "small").mkdir()
    assert SHIPPED == ("small",)
    assert blueprint_directory("small") == BLUEPRINTS / "small" == ROOT / "agents/blueprints/small"
    assert blueprint_directory("./small").resolve() == tmp_path / "small"
    assert sum(file.stat().st_size for file in (BLUEPRINTS / "small").iterdir()) < 8e6


@compiled
@pytest.mark.parametrize(
    ("given", "error"),
    [
        (["game.stack=10000"], "(timebank train game=heads_up_no_limit game.stack=10000 trainer=mccfr makes one)"),
        (["game.blinds=[100,200]"], "'game.blinds=[100,200]' trainer=mccfr makes one)"),
        (["game.min_bet=200"], "made for other sizes, cards or ranges (timebank train trainer=mccfr with the same game keys makes one)"),
        (
            ["game.amounts=menu", "agent=no_limit", "budget.seconds=1"],
            "agent.policy must not be sampled where somebody knows the menu's sizes alone",
        ),
        (
            ["agent.blueprint=standard"],
            "agent.blueprint must have been made: timebank train game=heads_up_no_limit trainer=mccfr "
            "hydra.run.dir=outputs/blueprints/standard takes half an hour, got standard and no outputs/blueprints/standard",
        ),
        (["agent.blueprint=small/"], "must be small, standard or a directory that timebank train trainer=mccfr wrote, got 'small/'"),
        (["agent.blueprint=."], "agent.blueprint must be a directory that trainer=mccfr wrote, got /"),
        (["agent.own=some:agent"], "agent.own must be left out where the policy is sampled, got 'some:agent'"),
        (["agent.flop=turns"], "agent.flop must be one of off, plan, to_end, runouts, got 'turns'"),
        (["agent.flop=runouts", "agent.think=false"], "agent.flop must be off where agent.think is false, got 'runouts'"),
        (["agent.solve_from=preflop"], "agent.solve_from must be rounds after the first by name"),
        (["budget.seconds=-1"], "budget.seconds must be at least 0 seconds, got -1.0"),
    ],
)
def test_play_refuses_what_does_not_fit_in_one_line(monkeypatch, tmp_path, capsys, given, error):
    monkeypatch.chdir(tmp_path)
    assert error in refused(monkeypatch, capsys, "play", GAME, *given)


@compiled
def test_a_flop_that_does_not_fit_into_memory_is_refused(monkeypatch, tmp_path, capsys):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("agents.apps.holdem.free_memory", lambda: 10**9)
    error = refused(monkeypatch, capsys, "play", GAME, "agent.flop=to_end")
    assert "agent.flop must fit into memory (1 GB are free), got to_end, which takes 3.28 GB for 2,402 boards" in error


@compiled
def test_a_damaged_copy_is_refused(monkeypatch, tmp_path, capsys):
    monkeypatch.chdir(tmp_path)
    shutil.copytree(BLUEPRINTS / "small", tmp_path / "copy")
    shares = tmp_path / "copy/shares.npy"
    shares.write_bytes(shares.read_bytes()[:-100])
    assert "agent.blueprint must be a directory that trainer=mccfr wrote, got " in refused(
        monkeypatch, capsys, "play", GAME, "agent.blueprint=copy"
    )


@compiled
@pytest.mark.long
def test_a_hand_of_full_no_limit_holdem_is_played_with_nothing_else_given(monkeypatch, tmp_path, capsys):
    keys = ["banana", "19", "1e3", "60%", "g", "?", *["c"] * 4, "last", *["c"] * 40]
    monkeypatch.setattr(sys, "stdin", io.StringIO("\n".join(keys)))
    assert timebank(monkeypatch, "play", GAME, "hands=2", "seed=1", f"hydra.run.dir={tmp_path}") == 0
    said = capsys.readouterr()
    assert "taken for this game where nothing else is given: agent=no_limit budget.seconds=1\n" in said.err
    assert said.out.count("what you may hold, in its eyes:") >= 2
    assert "m raise to 200 (2 bb) [the least], p raise to 300 (3 bb) [pot], a all-in 20000 (200 bb), or any amount" in said.out
    assert "subgame from the river, " in said.out
    hands = [json.loads(line) for line in (tmp_path / "hands.jsonl").read_text().splitlines()]
    assert [hand["hand"] for hand in hands] == [0, 1]
    assert hands[0]["play"][0] == "raise 220"
    assert result_of(tmp_path)["status"] == "complete"


@compiled
def test_what_compiles_for_long_says_so_and_counts(monkeypatch, capsys):
    def compiled_kernels(count):
        for _ in range(count):
            with event.trigger_event("numba:compile", data={}):
                pass

    with compiling():
        compiled_kernels(3)  # at once
    assert not capsys.readouterr().err
    monkeypatch.setattr("agents.apps.run.SLOW_SECONDS", -1.0)
    monkeypatch.setattr("agents.apps.run.PROGRESS_SECONDS", -1.0)
    with compiling():
        pass
    assert not capsys.readouterr().err
    with compiling():
        compiled_kernels(2)
    assert capsys.readouterr().err.splitlines() == [COMPILING, f"{COMPILING}: 1 ", f"{COMPILING}: 2 "]
