"""``agent.values=continuations`` in commands: what is refused, an ablation and a match on Leduc."""

import pytest

from tests.running import refused, result_of, timebank

LEDUC = ["game=leduc_poker", "agent.policy=uniform", "agent.think=true", "agent.solve_from=root", "agent.values=continuations"]

ALONE = "must be left out where there is one continuation"


@pytest.mark.parametrize(
    ("given", "error"),
    [
        ([*LEDUC, "agent.continuations=5"], "agent.continuations must be one of 1, 4, 10, got 5"),
        ([*LEDUC, "agent.chooser=me"], "agent.chooser must be one of opponent, both, got 'me'"),
        (
            [*LEDUC, "agent.continuations=1", "agent.chooser=both"],
            "agent.chooser must be left out where there is one continuation, got both",
        ),
        ([*LEDUC[:-1], "agent.continuations=4"], "agent.continuations must be left out without agent.values=continuations, got 4"),
        ([*LEDUC[:-1], "agent.chooser=both"], "agent.chooser must be left out without agent.values=continuations, got both"),
        ([*LEDUC, "agent.think=false"], "agent.values must be left out where no subgame solver of ours thinks, got continuations"),
        ([*LEDUC, "agent.solve_from=decision"], "agent.solve_from must name rounds where depth is limited"),
        ([*LEDUC, "game=liars_dice"], "agent.continuations must be 1 in liars_dice"),
        (
            [*LEDUC, "+lines={a: {continuations: 1, chooser: both}}"],
            "lines.a.chooser must be left out where there is one continuation, got both",
        ),
        ([*LEDUC, "+lines={a: {continuations: four}}"], "lines.a.continuations must be a int, got 'four'"),
    ],
)
def test_continuations_that_do_not_fit_are_refused(monkeypatch, tmp_path, capsys, given, error):
    monkeypatch.chdir(tmp_path)
    assert error in refused(monkeypatch, capsys, "ablate", *given)


def test_an_ablation_measures_searches_with_continuations(monkeypatch, tmp_path):
    lines = "+lines={one: {continuations: 1}, both: {chooser: both, continuations: 4}, two actions: {depth: 2}}"
    more = [lines, "budgets=[0,30]", "unit=iterations", "references=false", "executor=serial", f"hydra.run.dir={tmp_path}"]
    assert timebank(monkeypatch, "ablate", *LEDUC, *more) == 0
    rows = {row["line"]: row for row in result_of(tmp_path)["rows"]}
    assert set(rows) == {"uniform alone", "one", "both", "two actions"}
    assert (
        rows["both"]["exploitability"]["value"] < rows["one"]["exploitability"]["value"] < rows["uniform alone"]["exploitability"]["value"]
    )
    assert "4 continuations of both players after the round" in rows["both"]["agent"]
    assert "4 continuations after 2" in rows["two actions"]["agent"]


def test_agents_with_continuations_play_matches(monkeypatch, tmp_path):
    agents = ["agent@agents.a=uniform", "agent@agents.b=uniform", "agents.a.think=true", "agents.a.solve_from=root"]
    more = ["agents.a.values=continuations", "agents.a.chooser=both", "budget.iterations=10", "hands=40", "executor=serial"]
    assert timebank(monkeypatch, "match", "game=leduc_poker", *agents, *more, f"hydra.run.dir={tmp_path}") == 0
    row = result_of(tmp_path)["rows"][0]
    assert row["hands"] == 40
    assert row["exact"]["value"] > 0
    assert sum(row["decisions"][0]["fallbacks"].values()) == 0
