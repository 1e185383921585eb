"""``timebank ablate`` with ``decisions.street``: what is refused before work, and whole commands."""

from __future__ import annotations

import json

import pytest

from agents.apps import decisions
from agents.apps.ablate import check
from agents.apps.config import register
from agents.apps.launch import prepare
from agents.yardstick import decisions as measuring
from tests.compiling import compiled
from tests.running import refused, result_of, timebank

RIVER = ("experiment=river_decisions", "decisions.spots=2", "decisions.gap=5", "unit=iterations", "budgets=[0,20,200]")
GIVEN = ("experiment=none", "game=heads_up_no_limit", "agent=no_limit")
WRONG = {
    "decisions.street=preflop": "decisions.street must be one of flop, turn, river, got 'preflop'",
    "decisions.street=river decisions.spots=0": "decisions.spots must be at least 1, got 0",
    "decisions.street=river decisions.gap=0": "decisions.gap must be above 0 % of the pot, got 0.0",
    "decisions.street=river sweeps=5": "sweeps must be left out with decisions.street, got 5",
    "decisions.street=river references=false": "references must be left out with decisions.street, got False",
    "decisions.street=river off_tree_bets=75%": "off_tree_bets must be left out with decisions.street, got 75%",
    "decisions.street=river searched_iterations=5": "searched_iterations must be left out with decisions.street, got 5",
    "decisions.spots=5": "decisions.spots must be left out without decisions.street, got 5",
    "decisions.street=river game=leduc_poker": "game must be whole no-limit hold'em of any amount (heads_up_no_limit), got leduc_poker",
    "decisions.street=river agent=uniform": "agent.policy must be sampled, as agent=no_limit has it, got 'uniform'",
    "decisions.street=river agent.budget.seconds=1": "agent.budget.seconds must be left out (budgets says what decisions may spend), got 1",
    "decisions.street=river budgets=[]": "budgets must name at least one thinking time, got []",
    "decisions.street=river agent.solve_from=turn": "agent.solve_from must name the river with decisions.street=river, got 'turn'",
    "decisions.street=flop agent.flop=off": "agent.flop must be one of plan, to_end, runouts with decisions.street=flop, got 'off'",
    "decisions.street=flop +lines.a={flop:runout}": "lines.a.flop must be one of off, plan, to_end, runouts, got 'runout'",
    "decisions.street=flop agent.solve_from=river": "agent.flop must be one of plan, to_end, runouts with decisions.street=flop, got 'off'",
    "decisions.street=turn +lines.a={solve_from:river}": "lines.a.solve_from must name the turn with decisions.street=turn, got 'river'",
}


@pytest.mark.parametrize("given", WRONG)
def test_bad_values_are_refused_before_work(given, monkeypatch, capsys, tmp_path):
    monkeypatch.chdir(tmp_path)
    assert WRONG[given] in refused(monkeypatch, capsys, "ablate", *GIVEN, *given.split())


@pytest.mark.parametrize("free", [10**9, 4 * 10**9])
def test_flops_that_do_not_fit_into_memory_are_refused(free, monkeypatch, capsys, tmp_path):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(decisions, "free_memory", lambda: free)  # the second has room for the agent's own solve
    said = refused(monkeypatch, capsys, "ablate", *GIVEN, "decisions.street=flop", "decisions.spots=1", "+lines={a: {flop: to_end}}")
    assert "decisions.street must fit into memory (" in said
    assert "got flop, whose evaluation takes 4" in said
    assert "boards, and 3.28 GB before for the agent's own solve" in said


def test_its_experiments_compose(monkeypatch):
    register("ablate")
    monkeypatch.setattr(decisions, "free_memory", lambda: 1 << 40)
    for street, spots in (("flop", 1), ("turn", 6), ("river", 20)):
        settings = prepare("ablate", [f"experiment={street}_decisions"], check).settings
        assert (settings.decisions.street, settings.decisions.spots, settings.budgets[0]) == (street, spots, 0)


@compiled
@pytest.mark.long
def test_rivers_are_measured_and_a_run_goes_on(monkeypatch, capsys, tmp_path):
    monkeypatch.chdir(tmp_path)
    assert timebank(monkeypatch, "ablate", *RIVER, "hydra.run.dir=run") == 0
    result, said = result_of(tmp_path / "run"), capsys.readouterr().out
    assert (result["command"], result["status"], result["game"]) == ("ablate", "complete", "heads_up_no_limit")
    asked = [(row["line"], row["thinking_seconds"], row["thinking_iterations"], row["spots"]) for row in result["rows"]]
    alone = "blueprint mccfr:10000:500:500:500"
    assert asked == [(alone, 0, None, 2), ("the plan", None, 20, 2), ("the plan", None, 200, 2)]
    blueprint, _, last = (row["trunk_loss"] for row in result["rows"])
    assert blueprint["value"] > 0.1 > last["value"]
    assert last["unit"] == "pot_fraction"
    assert 0 < last["bounds"] <= 0.025
    assert [row["street"] for row in result["rows"]] == ["river"] * 3
    assert len({start["line"] for start in result["decisions"]["starts"]}) == 2
    assert "trunk loss, % of pot" in said
    assert "evaluations of rivers: at most 1 board and" in said
    assert {path.name for path in (tmp_path / "run").iterdir()} >= {"decisions.csv", "decisions.png", "decisions.svg", "result.json"}
    assert "mean trunk loss" in (tmp_path / "run" / "decisions.svg").read_text()
    kept = sorted((tmp_path / "run" / "measurements").iterdir())
    assert len(kept) == 6
    content = json.loads(kept[-1].read_text())
    kept[-1].unlink()  # as where it was stopped before the last answer

    calls, loss_of = [], measuring.trunk_loss
    monkeypatch.setattr(measuring, "trunk_loss", lambda *given: calls.append(1) or loss_of(*given))
    assert timebank(monkeypatch, "ablate", "resume=run") == 0
    assert len(calls) == 1
    again = result_of(tmp_path / "run")
    assert {**json.loads(kept[-1].read_text()), "seconds": 0} == {**content, "seconds": 0}
    assert [row["trunk_loss"] for row in again["rows"]] == [row["trunk_loss"] for row in result["rows"]]
