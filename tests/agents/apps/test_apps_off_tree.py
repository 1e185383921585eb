"""``experiment=off_tree``: what bets outside the tree cost, from the command to its result; and where its keys are refused."""

from __future__ import annotations

import pytest

from tests.running import contents, refused, result_of, timebank

SMALL = ("game=ms2f1t1h5", "game.ranks=QKA", "game.suits=cdh", "game.stack=200", "agent.iterations=40", "executor=serial")
RUN = ("experiment=off_tree", *SMALL, "budgets=[0,5,60]", "+lines={insert with unsafe: {off_tree: insert, gadget: unsafe}}")
BOTS = ("game=ms1f1", "hands=10", "agent@agents.a=bot", "agents.a.bot=check_call", "agent@agents.b=bot", "agents.b.bot=check_call")


@pytest.mark.long
def test_the_experiment_compares_translation_with_insertion_and_goes_on(monkeypatch, tmp_path, capsys):
    assert timebank(monkeypatch, "ablate", *RUN, f"hydra.run.dir={tmp_path}") == 0
    result = result_of(tmp_path)
    rows = {(row["line"], row["thinking_iterations"]): row for row in result["rows"]}
    inserting = {(line, n) for line in ("insert with resolve", "insert with unsafe") for n in (5, 60)}
    assert set(rows) == {("blueprint default_holdem:40", None), ("translate", None), *inserting}
    alone = rows["blueprint default_holdem:40", None]["exploitability"]
    assert "excess" not in rows["blueprint default_holdem:40", None]
    assert result["off_tree"]["bets"] == "75%"
    assert result["off_tree"]["solver_error"]["mbb_per_game"] == pytest.approx(alone["mbb_per_game"], rel=1e-4)
    translating = rows["translate", None]["excess"]
    assert translating["value"] > 0
    for key in inserting:
        row = rows[key]
        assert row["excess"]["value"] == pytest.approx(row["exploitability"]["value"] - alone["value"], abs=1e-6)
        assert row["excess"]["exact"]
        assert row["solves"] == row["decisions"] > 0
        assert row["spent_seconds"] > 0
    shares = {(share["line"], share["iterations"]): share["of_translate"] for share in result["off_tree"]["ratios"]}
    assert shares["insert with resolve", 60] == pytest.approx(rows["insert with resolve", 60]["excess"]["value"] / translating["value"])
    shown = capsys.readouterr().out
    assert "first bets of 75% beside the menu" in shown
    assert f"{shares['insert with resolve', 60]:.3f}" in shown
    kept = {path: data for path, data in contents(tmp_path).items() if "measurements" in str(path)}
    assert len(kept) == 2 * len(rows)
    assert timebank(monkeypatch, "ablate", f"resume={tmp_path}") == 0
    assert {path: data for path, data in contents(tmp_path).items() if "measurements" in str(path)} == kept


ONLY = "agent.off_tree must be left out but for a sampled policy, or with off_tree_bets, got 'insert'"
REFUSED = [
    ("ablate", ["experiment=none", "game=kuhn_poker", "agent=tabular", "agent.off_tree=insert"], ONLY),
    ("ablate", ["experiment=none", "game=ms1f1", "agent=tabular", "agent.off_tree=insert", "budgets=[0]"], ONLY),
    ("ablate", ["experiment=none", "game=ms1f1", "agent=tabular", "agent.flop=off", "budgets=[0]"], "agent.flop must be left out but for"),
    ("match", [*BOTS, "agents.b.off_tree=insert"], "agents.b.off_tree must be left out but for a sampled policy"),
    ("play", ["game=ms1f1", "agent=tabular", "agent.off_tree=insert"], ONLY),
    ("ablate", [*RUN, "agent.off_tree=guess"], "agent.off_tree must be one of insert, translate, got 'guess'"),
    ("ablate", [*RUN, "unit=seconds"], "unit must be iterations with off_tree_bets (subgames are solved side by side), got 'seconds'"),
    ("ablate", [*RUN, "off_tree_bets=''"], "off_tree_bets must be sizes such as 75%, got ''"),
    ("ablate", [*RUN, "off_tree_bets=2x"], "off_tree_bets must be sizes such as 50%, a, e (only raises are multiples of the bet faced)"),
    ("ablate", [*RUN, "off_tree_bets=75%", "game.stack=12"], "game.stack must be so large that an extra bet leaves the actions"),
    ("ablate", [*RUN, "agent.solve_from=turn"], "agent.solve_from must be left out with off_tree_bets, got 'turn'"),
    (
        "ablate",
        [*RUN, "+lines.more.gadget=combined"],
        "lines.more.gadget must be unsafe, resolve, maxmargin, refined where bets are inserted",
    ),
    ("ablate", [*RUN, "agent.bounds=estimate"], "agent.bounds must be safe where bets are inserted, got 'estimate'"),
    (
        "ablate",
        ["experiment=none", "game=kuhn_poker", "agent=tabular", "off_tree_bets=75%"],
        "off_tree_bets must be left out but in no-limit",
    ),
]


@pytest.mark.parametrize(("command", "overrides", "message"), REFUSED, ids=[f"{c} {' '.join(o[-2:])}" for c, o, _ in REFUSED])
def test_what_has_no_use_is_refused_in_one_line(monkeypatch, tmp_path, capsys, command, overrides, message):
    monkeypatch.chdir(tmp_path)
    assert message in refused(monkeypatch, capsys, command, *overrides)
