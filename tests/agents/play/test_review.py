"""Hands that were played, decision by decision: what the agent would have done, and what the action that was taken costs."""

from __future__ import annotations

import numpy as np
import pytest

from agents.board_blueprint import make_blueprint
from agents.no_limit.agent import NoLimitAgent
from agents.play.review import review_rows, reviewed, summary_rows
from agents.reporting.hand_grid import decision
from games.game import find_decision, path
from games.holdem.cards import hand_indices, parse_cards
from games.holdem.phh import History
from games.holdem.subgame import state_in, subgame_of
from search import BoardSolver, Budget
from tests.agents.test_no_limit_agent import DCFR, GAME, MENU

LINE = "call / check / Kc / check / check / Tc"
BUDGET = Budget(iterations=40)


@pytest.fixture(scope="module")
def blueprint(tmp_path_factory):
    return make_blueprint(MENU, (), DCFR, 10, tmp_path_factory.mktemp("blueprint"))


@pytest.fixture
def agent(blueprint):
    return NoLimitAgent(GAME, blueprint, DCFR, "turn", menus=GAME.betting.menus)


def played(line, first="AhKd", second="QhQd"):
    """Return a hand that was played to the end of a line."""
    state = find_decision(GAME, LINE, "line")
    for label in line.split(" / "):
        state = GAME.child(state, GAME.action(state, label))
    hands = tuple(int(hand_indices(GAME.hands)[parse_cards(cards)]) for cards in (first, second))
    return History(hands, state, {})


def solved(blueprint):
    """Return the turn's subgame as the agent solves it."""
    root = find_decision(GAME, LINE, "line")
    place = MENU.locate(find_decision(MENU, LINE, "line"))
    reach = blueprint.strategy().reach(place.node, place.cards)
    ranges = reach[0] / reach[0].max(), reach[1] / reach[1].max()
    solver = BoardSolver(subgame_of(GAME, root, ranges, GAME.betting.menus[2:], root), DCFR)
    solver.run(BUDGET.iterations)
    return root, solver


def test_a_cost_is_what_the_best_action_wins_more_by_the_solve(agent, blueprint):
    root, solver = solved(blueprint)
    text = GAME.hand_text(1, played("check / check").hands[1])
    evs = decision(solver)["hands"][text]["action_evs"]
    offers = [action.text for action in solver.game.actions(solver.game.root)]
    for label in offers:
        history = played(label if label != "check" else "check / check")
        (*_, first) = (one for one in reviewed(agent, history, 7, GAME.player(root), BUDGET) if one.state == root)
        assert first.loss == pytest.approx(max(evs) - evs[offers.index(label)], abs=1e-3)
        assert first.hand == 7
        assert first.iterations == BUDGET.iterations
        assert first.best.split()[0] == offers[int(np.argmax(evs))].split()[0]


def test_an_amount_that_the_tree_lacks_costs_what_lies_between_its_neighbours(agent, blueprint):
    root, solver = solved(blueprint)
    row = decision(solver)
    text = GAME.hand_text(1, played("check / check").hands[1])
    evs = dict(zip([action.text for action in solver.game.actions(solver.game.root)], row["hands"][text]["action_evs"], strict=True))
    amounts = sorted(int(label.split()[1]) for label in evs if label != "check")
    low, high = amounts[:2]
    between = next(one for one in reviewed(agent, played(f"bet {low + 1}"), 1, GAME.player(root), BUDGET) if one.state == root)
    edges = [max(evs.values()) - ev for label, ev in evs.items() if label.endswith((f" {low}", f" {high}"))]
    assert min(edges) - 1e-3 <= between.loss <= max(edges) + 1e-3


def test_later_decisions_of_the_street_are_valued_by_the_same_solve(agent, blueprint):
    root, solver = solved(blueprint)
    seat = GAME.player(root)
    history = played("check / bet 4 / call") if any(a.text == "bet 4" for a in GAME.actions(root)) else played("check / bet 2 / call")
    decisions = list(reviewed(agent, history, 1, seat, BUDGET))
    later = decisions[-1]
    assert GAME.round(later.state) == 2
    assert later.iterations == 0  # by the answer of the street's first decision
    place = solver.game.locate(state_in(solver.game, root, later.state))
    evs = decision(solver, *place)["hands"][GAME.hand_text(seat, history.hands[seat])]["action_evs"]
    offers = [action.text for action in solver.game.actions(state_in(solver.game, root, later.state))]
    assert later.loss == pytest.approx(max(evs) - evs[offers.index("call")], abs=1e-3)


def test_where_nothing_was_solved_there_is_no_cost(agent):
    decisions = list(reviewed(agent, played("check / check"), 1, 0, BUDGET))
    assert [one.loss is None for one in decisions] == [GAME.round(one.state) < 2 for one in decisions]
    assert all(0 <= one.share <= 1 for one in decisions)
    assert {one.state for one in decisions} == {state for state in path(GAME, played("check / check").state) if GAME.player(state) == 0}


def test_a_hand_that_the_agent_would_never_have_brought_there_is_valued_all_the_same(blueprint, monkeypatch):
    agent = NoLimitAgent(GAME, blueprint, DCFR, "turn", menus=GAME.betting.menus)
    history, seat = played("check / check"), 1
    policy_of = blueprint.at

    def never(state):
        policy = policy_of(state).copy()
        policy[:, history.hands[seat]] = 0.0
        policy[0, history.hands[seat]] = 1.0  # it folds, or checks where nobody may fold
        return policy

    monkeypatch.setattr(type(blueprint), "at", lambda self, state: never(state))
    decisions = list(reviewed(agent, played("check / check"), 1, seat, BUDGET))
    assert decisions[-1].loss is not None


def test_values_are_those_of_the_last_solve_alone(agent):
    state = find_decision(GAME, LINE, "line")
    memory = None
    for above in path(GAME, state):
        if GAME.player(above) == GAME.player(state):
            memory = agent.decide(GAME.player(state), above, memory, BUDGET).memory
    assert agent.valued(state, memory) is not None
    other = find_decision(GAME, "call / check / Kc / check / check / Qs", "line")
    agent.decide(GAME.player(other), other, None, BUDGET)
    assert agent.valued(state, memory) is None


def test_rows_and_summary_say_the_same(agent):
    decisions = [one for seat in (0, 1) for one in reviewed(agent, played("check / check"), 1, seat, BUDGET)]
    rows, summary = review_rows(decisions, agent), summary_rows(decisions, agent)
    assert len(rows) == len(decisions) == sum(row["decisions"] for row in summary)
    losses = [row["loss_blinds"] for row in rows if row["loss_blinds"] is not None]
    assert sum(row["valued"] for row in summary) == len(losses)
    assert np.mean(losses) == pytest.approx(np.mean([row["loss_blinds"] for row in summary if row["valued"]]))
