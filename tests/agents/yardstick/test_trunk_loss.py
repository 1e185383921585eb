"""What a street's strategy loses: starts, the evaluation game, bounds, and answers that are kept."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import agents
from agents.bucket_blueprint import load_blueprint
from agents.no_limit.agent import NoLimitAgent
from agents.no_limit.plan import ladder_of
from agents.no_limit.street_search import Searched, StreetSearch
from agents.yardstick import drawing
from agents.yardstick.decisions import Street, decisions_row
from agents.yardstick.drawing import Start, draw_starts
from agents.yardstick.spots import LEVELS
from agents.yardstick.trunk_loss import SIZES, evaluation_game, narrowed, trunk_loss
from games.game import find_decision
from games.holdem.subgame import subgame_of
from search import BoardSolver, Budget
from search.boards.flop_ways import WAYS, flop_menus
from search.boards.held_trunk import Bounds
from search.outcome import Outcome
from tests.compiling import compiled
from tests.spots import GAME, LINES, VARIANT, spot

pytestmark = compiled

GAP, MOST = 0.02, 400


@pytest.fixture(scope="module")
def blueprint():
    return load_blueprint(GAME, Path(agents.__file__).parent / "blueprints" / "small")


@pytest.fixture(scope="module")
def agent(blueprint):
    loaded = NoLimitAgent(GAME, blueprint, VARIANT)
    loaded.load()
    return loaded


def start(seed=0):
    """Return the start of a river with few hands."""
    one = spot("first", seed)
    return Start(seed, one.line, find_decision(GAME, one.line, "line"), one.ranges)


def street(folder, count=1, **changes):
    return Street(**{
        "name": "river", "game": GAME, "starts": [start(seed) for seed in range(count)], "variant": VARIANT, "gap": GAP, "most": MOST,
        "cores": 1, "folder": folder,
    } | changes)  # fmt: skip


def losses_of(measured, agent, line, budget, tell=lambda text: None):
    """Return what an agent's answers lose, all of them made before the first is measured."""
    return [measured.measured(answered, tell) for answered in [*measured.decided(agent, line, budget)]]


@pytest.fixture(scope="module")
def river():
    """Return a river's evaluation game and a solver of it."""
    game = evaluation_game(GAME, start().state, start().ranges)
    return game, BoardSolver(game, VARIANT)


def even(game):
    return lambda state: np.full((len(game.actions(state)), 1326), 1 / len(game.actions(state)))


def test_starts_are_first_decisions_and_keep_to_their_rule(blueprint):
    for street_, cards in (("flop", 3), ("turn", 4), ("river", 5)):
        drawn = draw_starts(GAME, blueprint, street_, 3, 3)
        assert [one.line for one in draw_starts(GAME, blueprint, street_, 2, 3)] == [one.line for one in drawn[:2]]
        assert [one.line for one in draw_starts(GAME, blueprint, street_, 2, 4)] != [one.line for one in drawn[:2]]
        assert [one.number for one in drawn] == sorted({one.number for one in drawn})
        for one in drawn:
            assert one.state == find_decision(GAME, one.line, "line")
            assert (len(one.state.cards), one.state.betting.acted) == (cards, False)
            chips = GAME.chips(one.state)
            assert sum(chips.paid) >= 600
            assert min(chips.behind) >= sum(chips.paid) / 4
            for weights in one.ranges:
                assert weights.max() == 1
                np.testing.assert_allclose(weights * LEVELS, np.round(weights * LEVELS), atol=1e-9)


def test_a_street_that_hands_hardly_come_to_is_refused(blueprint, monkeypatch):
    monkeypatch.setattr(drawing, "MOST_HANDS", 5)
    monkeypatch.setattr(drawing, "_qualifies", lambda game, seen: False)
    with pytest.raises(ValueError, match=r"game must have hands that come to the river .*, got none of 5"):
        draw_starts(GAME, blueprint, "river", 1, 0)


@pytest.mark.parametrize("name", SIZES)
def test_the_evaluation_game_has_the_sizes_of_every_tree_of_the_agent(name):
    line = {"flop": "raise 300 / call / 2c7d9h", "turn": LINES["turn"][1].removesuffix(" / check"), "river": LINES["first"][1]}[name]
    state, ranges = find_decision(GAME, line, "line"), GAME.ranges
    evaluation = evaluation_game(GAME, state, ranges)
    count = len(GAME.rounds) - GAME.round(state)
    trees = [flop_menus(way, count) for way in WAYS] if name == "flop" else []
    for menus, near in [(rung.menus, rung.near) for rung in ladder_of(count).rungs] + [(menus, None) for menus in trees]:
        rules = GAME if near is None else replace(GAME, betting=replace(GAME.betting, add_allin=near))
        tree = subgame_of(rules, state, ranges, menus or GAME.betting.menus[GAME.round(state) :])
        for above in (tree.root, *(tree.child(tree.root, action) for action in tree.actions(tree.root))):
            if tree.round(above) == 0 and tree.player(above) >= 0:
                there = {action.text for action in evaluation.actions(above)}
                assert {action.text for action in tree.actions(above)} <= there


def test_on_the_last_street_it_is_the_strategys_exploitability(river):
    game, solver = river
    solver.run(8)
    heard = []
    for _ in range(2):
        low, high = trunk_loss(game, solver.answer().at, VARIANT, 1e-4, 400, tell=lambda done, bounds: heard.append(done))
        loss = solver.exploitability() / game.pot
        assert low - 1e-5 <= loss <= high + 1e-5
        assert heard[0] == 10
        assert high - low <= 1e-4
        solver.run(200)
    assert loss < 0.01


def test_who_takes_every_action_alike_loses_much_and_looser_bounds_hold_the_others(river):
    game, _ = river
    loose, tight = (trunk_loss(game, even(game), VARIANT, gap, MOST) for gap in (0.2, 0.002))
    assert loose.low <= tight.low <= tight.high <= loose.high
    assert tight.high - tight.low <= 0.002
    assert tight.low > 0.2


def test_nobody_loses_who_is_free(river):
    game, _ = river
    low, high = trunk_loss(game, lambda state: None, VARIANT, 0.002, MOST)
    assert low - 1e-5 <= 0 <= high + 1e-5


def test_bounds_are_narrowed_until_they_are_close_or_it_is_over():
    done = []

    def bounds():
        return 0.0, 10.0 / sum(done)

    assert narrowed(bounds, done.append, 0.1, lambda count, known: False) == Bounds(0.0, 0.1)
    assert sum(done) == 100
    done.clear()
    assert narrowed(bounds, done.append, 0.1, lambda count, known: count >= 7, looks=5) == Bounds(0.0, 1.0)


def test_an_agent_answers_a_whole_street_of_both_seats(agent):
    one = start()
    decision, answer = agent.decide_street(one.state, one.ranges, Budget(iterations=50))
    assert (decision.outcome, decision.iterations, decision.plan) == (Outcome.SEARCHED, 50, "the game's sizes")
    actions = GAME.actions(one.state)
    np.testing.assert_array_equal(answer.at(one.state, actions), decision.policy)
    evaluation = evaluation_game(GAME, one.state, one.ranges)
    richer = answer.at(one.state, evaluation.actions(evaluation.root))
    place = [action.text for action in evaluation.actions(evaluation.root)].index(actions[1].text)
    np.testing.assert_array_equal(richer[place], decision.policy[1])
    np.testing.assert_allclose(richer.sum(axis=0), 1)
    checked = GAME.child(one.state, actions[0])
    assert answer.at(checked, GAME.actions(checked)).shape == (len(GAME.actions(checked)), 1326)
    odd = GAME.child(one.state, GAME.action(one.state, "bet 333"))
    assert answer.at(odd, GAME.actions(odd)) is None


def test_it_chooses_among_all_trees_unlike_a_decision_of_a_spot(blueprint, monkeypatch):
    taken = []

    def run(self, hand, root, state, budget, clock, ladder=None):
        taken.append(ladder)
        return Searched(Outcome.NO_TIME)

    monkeypatch.setattr(StreetSearch, "run", run)
    agent, one = NoLimitAgent(GAME, blueprint, VARIANT), start()
    agent.decide_street(one.state, one.ranges, Budget(seconds=1))
    agent.decide_from(one.state, one.ranges, GAME.actions(one.state), Budget(seconds=1))
    assert [len(ladder.rungs) for ladder in taken] == [3, 1]
    assert taken[0] == ladder_of(1)


def test_without_time_the_blueprint_answers_the_whole_street(agent, blueprint):
    alone, one = NoLimitAgent(GAME, blueprint, VARIANT, None), start()
    for who, outcome in ((alone, Outcome.NOT_DUE), (agent, Outcome.NO_TIME)):
        decision, answer = who.decide_street(one.state, one.ranges, Budget(seconds=0))
        assert (decision.outcome, decision.iterations) == (outcome, 0)
        for line in ("", " / check", " / bet 333", " / check / bet 600 / raise 1800"):
            state = find_decision(GAME, one.line + line, "line")
            played = alone.decide(GAME.player(state), state, None, Budget()).policy
            np.testing.assert_array_equal(answer.at(state, GAME.actions(state)), played)


def test_more_iterations_lose_less_and_answers_are_kept(agent, tmp_path, monkeypatch):
    measured, said = street(tmp_path / "measurements", 2), []
    budgets = [Budget(iterations=count) for count in (20, 400)]
    rows = [decisions_row("plan", "river", losses_of(measured, agent, "plan", budget, said.append), budget) for budget in budgets]
    losses = [row["trunk_loss"] for row in rows]
    assert losses[0]["value"] > 0.02 > losses[1]["value"]
    assert all(0 < loss["bounds"] <= GAP / 2 and loss["unit"] == "pot_fraction" for loss in losses)
    assert [(row["spots"], row["iterations"], row["thinking_iterations"], row["fallbacks"]) for row in rows] == [
        (2, 20, 20, {}),
        (2, 400, 400, {}),
    ]
    assert rows[0]["plans"] == {"the game's sizes": 2}
    assert "% of the pot open" in said[0]
    files = sorted((tmp_path / "measurements").iterdir())
    assert len(files) == 4

    def decide(self, *arguments):
        raise AssertionError("it is kept")

    monkeypatch.setattr(NoLimitAgent, "decide_street", decide)
    again = [decisions_row("plan", "river", losses_of(measured, agent, "plan", budget, said.append), budget) for budget in budgets]
    assert again == rows
    for other in (street(measured.folder, 2, gap=0.1), street(measured.folder, 2, most=10)):
        with pytest.raises(AssertionError, match="it is kept"):
            next(other.decided(agent, "plan", budgets[0]))
    with pytest.raises(AssertionError, match="it is kept"):
        next(measured.decided(agent, "another line", budgets[0]))


@pytest.mark.parametrize(
    "wrong",
    [{"low": "x"}, {"low": 2.0, "high": 1.0}, {"outcome": "fine"}, {"plan": "a\nb"}, {"seconds": -1}, {"iterations": 0.5}, {"high": None}],
)
def test_a_damaged_answer_is_set_aside_and_made_anew(agent, tmp_path, wrong):
    measured, budget = street(tmp_path / "measurements", gap=0.1), Budget(iterations=20)
    (loss,) = losses_of(measured, agent, "plan", budget)
    (path,) = measured.folder.iterdir()
    path.write_text(json.dumps(json.loads(path.read_text()) | wrong))
    (again,) = losses_of(measured, agent, "plan", budget)
    assert replace(again, seconds=0.0) == replace(loss, seconds=0.0)
    assert {file.name for file in measured.folder.iterdir()} == {path.name, f"{path.name}.damaged"}
