"""The agent that searches hold'em street by street, its blueprints on disk, and ``timebank ablate`` with both."""

from __future__ import annotations

import json
import pickle
from dataclasses import replace

import numpy as np
import pytest

from agents import Serial, ablate
from agents.blueprint import BlueprintAgent
from agents.board_blueprint import make_blueprint
from agents.reporting import tables as report
from agents.search_agent import SearchAgent
from search import BoardSolver, Budget, anytime, represent, variant
from search.resolving import ResolveConfig
from search.stopping import Price
from tests.catalogue import UNEVEN, small
from tests.running import refused, result_of, timebank

GAME = small([0, 1, 1], ranges=UNEVEN)
DCFR = variant("dcfr")
COMMAND = [
    "game=ms2f1t1h5", "game.ranks=QKA", "game.suits=cdh", "agent=tabular", "agent.iterations=4", "executor=serial",
    "unit=iterations", "budgets=[0,5]",
]  # fmt: skip


def blueprint(directory, sizes=(0, 2, 3), iterations=4):
    return make_blueprint(GAME, sizes, DCFR, iterations, directory)


def test_a_blueprint_is_solved_once_and_found_again(tmp_path):
    done = []
    first = make_blueprint(GAME, [0, 2, 3], DCFR, 4, tmp_path, progress=done.append)
    assert done[-1] == 4
    again = make_blueprint(GAME, [0, 2, 3], DCFR, 4, tmp_path, progress=done.append)
    assert (again.size, again.exploitability, again.seconds) == (first.size, first.exploitability, first.seconds)
    assert done[-1] == 4
    assert len(done) <= 4
    with pytest.raises(ValueError, match="must be the one asked for, dcfr:5:all:2:3, got dcfr:4:all:2:3"):
        blueprint(tmp_path, iterations=5)


def test_a_damaged_description_is_made_anew(tmp_path):
    blueprint(tmp_path)
    (tmp_path / "blueprint.json").write_text("{")
    assert blueprint(tmp_path).exploitability > 0


@pytest.mark.parametrize("sizes", [(0, 2, 3), (0, 0, 0)])
@pytest.mark.parametrize("name", ["dcfr", "pcfr_plus"])
def test_a_solve_that_was_killed_goes_on(tmp_path, monkeypatch, sizes, name):
    whole = make_blueprint(GAME, sizes, variant(name), 6, tmp_path / "whole")
    monkeypatch.setattr(report, "KEEP_SECONDS", 0.0)
    monkeypatch.setattr(report, "KEEP_SHARE", 1.0)

    def killed(done):
        if done == 4:
            raise KeyboardInterrupt

    monkeypatch.setattr(anytime, "SLICE_SECONDS", 1e-9)  # look after every iteration
    with pytest.raises(KeyboardInterrupt):
        make_blueprint(GAME, sizes, variant(name), 6, tmp_path / "killed", progress=killed)
    done = []
    again = make_blueprint(GAME, sizes, variant(name), 6, tmp_path / "killed", progress=done.append)
    assert done == [5, 6]
    assert again.seconds > 0
    for p in (0, 1):
        np.testing.assert_array_equal(again.strategies()[p], whole.strategies()[p])
    assert sorted(p.name for p in (tmp_path / "killed").iterdir()) == ["average_0.npy", "average_1.npy", "blueprint.json"]


@pytest.mark.parametrize("damage", [b"", b"no archive"])
def test_a_damaged_or_foreign_unfinished_solve_is_begun_anew(tmp_path, damage):
    (tmp_path / "unfinished.npz").write_bytes(damage)
    done = []
    make_blueprint(GAME, (0, 2, 3), DCFR, 2, tmp_path, progress=done.append)
    assert done[-1] == 2


def test_a_blueprint_without_buckets_is_the_solvers_answer(tmp_path):
    own = blueprint(tmp_path, sizes=[0, 0, 0])
    solver = BoardSolver(GAME, DCFR)
    solver.run(4)
    np.testing.assert_array_equal(own.strategies()[1], solver.answer().average[1])
    assert own.exploitability == solver.exploitability()


def test_searching_makes_a_weak_blueprint_stronger_and_rows_say_how(tmp_path):
    own = blueprint(tmp_path)
    agent = pickle.loads(pickle.dumps(SearchAgent(own, DCFR, "flop+turn", ResolveConfig("maxmargin"))))
    lines = {"alone": (BlueprintAgent(own), [Budget(seconds=0)]), "search": (agent, [Budget(iterations=100)])}
    alone, search = ablate(lines, executor=Serial(), directory=tmp_path / "kept")
    assert search["exploitability"]["value"] < 0.8 * alone["exploitability"]["value"]
    assert search["exploitability"]["mbb_per_game"] == pytest.approx(search["exploitability"]["value"] * 1000 / 7)
    assert search["against_blueprint"]["value"] > alone["against_blueprint"]["value"] == pytest.approx(0, abs=1e-5)
    assert search["iterations"] == 100
    assert search["load_seconds"] > 0
    assert search["skipped"] == 0
    assert search["decisions"] == search["solves"] + search["kept"] > 0
    assert list(ablate(lines, executor=Serial(), directory=tmp_path / "kept")) == [alone, search]


def test_an_agent_is_named_by_its_blueprint_streets_and_gadget(tmp_path):
    made = blueprint(tmp_path / "a")
    assert SearchAgent(made, DCFR, "flop+turn", ResolveConfig("resolve")).name == "dcfr:4:all:2:3+flop+turn:resolve"
    assert SearchAgent(made, variant("cfr"), "turn", ResolveConfig("resolve")).name == "dcfr:4:all:2:3+turn:resolve:cfr"
    changed = make_blueprint(GAME, (), replace(DCFR, alpha=2.0), 4, tmp_path / "b")
    assert changed.name == "dcfr(alpha=2):4"
    assert json.loads((tmp_path / "b" / "blueprint.json").read_text())["name"] == "dcfr:4"  # as in older directories


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            {"solve_from": "turn+flop"},
            "solve_from must be decision, round, root, preflop, flop, turn, or several rounds in order with . between, got 'turn.flop'",
        ),
        (
            {"solve_from": "river"},
            "solve_from must be decision, round, root, preflop, flop, turn, or several rounds in order with . between, got 'river'",
        ),
        ({"gadget": "magic"}, "gadget must be one of"),
        ({"bounds": "hope"}, "bounds must be one of"),
        ({"bounds": "distributional", "bound_std": 0.0}, "bound_std must be finite and above 0, got 0.0"),
        ({"gadget": "maxmargin", "bounds": "distributional"}, "bounds must be safe or estimate for maxmargin, got distributional"),
    ],
)
def test_a_wrong_agent_is_named(tmp_path, change, message):
    solve_from, own = change.get("solve_from", "flop"), {key: value for key, value in change.items() if key != "solve_from"}
    made = blueprint(tmp_path)
    with pytest.raises(ValueError, match=message):
        SearchAgent(made, DCFR, solve_from, ResolveConfig(**own))


def test_the_command_measures_blueprints_and_searches(monkeypatch, tmp_path, capsys):
    run = tmp_path / "run"
    lines = ["agent.think=true", "agent.solve_from=flop+turn", "agent.gadget=combined", "agent.buckets=[0,2,0]"]
    assert timebank(monkeypatch, "ablate", *COMMAND, *lines, f"hydra.run.dir={run}") == 0
    result = result_of(run)
    assert [row["line"] for row in result["rows"]] == ["blueprint default_holdem:4:all:2:all", "search"]
    assert all(row["exploitability"]["exact"] for row in result["rows"])
    assert result["rows"][1]["train_compute"] == {"value": result["blueprints"][0]["compute"], "unit": "action probabilities"}
    assert {"rows.csv", "ablation.png", "ablation.svg"} <= {path.name for path in run.iterdir()}
    assert "mbb/g" in capsys.readouterr().out
    kept = next((run / "measurements").glob("search*.json"))
    measured, before = json.loads(kept.read_text()), result["rows"][1]["exploitability"]["value"]
    for value, taken in ((measured["opponent_best_response"] + 1.0, True), (1e6, False)):  # more than there are chips: set aside
        kept.write_text(json.dumps(measured | {"opponent_best_response": value}))
        assert timebank(monkeypatch, "ablate", f"resume={run}") == 0
        found = result_of(run)["rows"][1]["exploitability"]["value"]
        assert found == pytest.approx(before + 0.5 if taken else before)  # what was measured is not measured again


@pytest.mark.parametrize(
    ("overrides", "message"),
    [
        (["agent.policy=table"], "agent.policy must be tabular, network, uniform, sampled or module:name on hold'em, got 'table'"),
        (["agent.iterations=0"], "agent.iterations must be at least 1, got 0"),
        (["agent.threads=0"], "agent.threads must be at least 1, got 0"),
        (["agent.buckets=[1,2]"], "agent.buckets must be a number from 0 to 10,000,000 for each of 3 streets, got [1, 2]"),
        (["agent.buckets=[0,0,99999999]"], "agent.buckets[2] must be at most 10,000,000, got 99,999,999"),
        (["agent.budget.seconds=1"], "agent.budget.seconds must be left out (budgets says what decisions may spend), got 1.0"),
        (["agent.buckets=[0,0,-1]"], "agent.buckets[2] must be at least 0, got -1"),
        (["agent.think=true", "agent.solve_from=river"], "agent.solve_from must be decision, round, root, preflop, flop, turn, or several"),
        (["agent.think=true", "agent.solve_from=turn", "agent.gadget=magic"], "gadget must be one of unsafe, resolve"),
    ],
)
def test_bad_values_are_refused_before_any_work(monkeypatch, tmp_path, capsys, overrides, message):
    monkeypatch.chdir(tmp_path)
    assert message in refused(monkeypatch, capsys, "ablate", *COMMAND, *overrides)


def test_chances_of_lines_are_those_of_their_states(tmp_path):
    """Followed line by line in a search of all boards, and state by state on the game in memory: the same sum for each seat."""
    policy = blueprint(tmp_path)
    agent, budget = SearchAgent(policy, DCFR, "turn", ResolveConfig("refined")), Budget(iterations=3)
    representation, tables = represent(GAME), policy.strategy().tables
    for seat in (0, 1):
        _, found = agent.strategies(seat, budget)
        starts, stack = [], [(GAME.root, (np.ones(GAME.num_hands[0]), np.ones(GAME.num_hands[1])))]
        while stack:
            state, reach = stack.pop()
            if GAME.round(state) == 2 and GAME.player(state) >= 0:
                starts.append(representation.chance(state, reach))
                continue
            rows = representation.at(tables, state) if (player := GAME.player(state)) >= 0 else None
            for i, child in enumerate(representation.below(state)):
                moved = reach if rows is None else tuple(own * rows[i] if p == player else own for p, own in enumerate(reach))
                stack.append((child, moved))
        assert len(found.chances) == len(found.iterations) == len(found.seconds)
        assert sorted(found.chances) == pytest.approx(sorted(chance for chance in starts if chance > 0), rel=1e-4, abs=1e-9)


def test_lines_with_a_price_are_solved_by_themselves(tmp_path):
    """A price that nobody pays gives the same answers; a real one ends some lines earlier than others."""
    agent = SearchAgent(blueprint(tmp_path), DCFR, "turn", ResolveConfig("refined", warm_start="never"))
    together, apart = (agent.strategies(0, Budget(iterations=40, price=price)) for price in (None, Price(chips=1e-12)))
    for p in (0, 1):
        np.testing.assert_allclose(apart[0][p], together[0][p], rtol=1e-4, atol=1e-6)
    assert sorted(apart[1].chances) == pytest.approx(sorted(together[1].chances), rel=1e-6)
    priced = agent.strategies(0, Budget(iterations=40, price=Price(chips=1e-2)))[1]
    assert min(priced.iterations) < max(priced.iterations) <= 40
