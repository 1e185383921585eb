"""Hands that were played, decision by decision: what the agent would have done, and what the action that was taken costs."""

from __future__ import annotations

import numpy as np
import pytest

from agents.board_blueprint import make_blueprint
from agents.no_limit.agent import NoLimitAgent
from agents.play.review import review_rows, reviewed, summary_rows
from games.game import find_decision, path
from games.holdem.cards import hand_indices, parse_cards
from games.holdem.phh import History
from games.holdem.subgame import state_in, subgame_of
from games.public_tree import CHANCE
from search import BoardSolver, Budget
from search.outcome import Outcome
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
    """Return a hand that was played to the end of a line on the turn."""
    return played_from(f"{LINE} / {line}", first, second)


def played_from(line, first="AhKd", second="QhQd"):
    """Return a hand that was played to the end of a line."""
    state = GAME.root
    for label in line.split(" / "):
        if GAME.player(state) == CHANCE:
            state = GAME.revealed(state, label)
            continue
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


def evs_of(solver, hand, node=0, cards=None):
    """Return net chips that each action of a decision brings a hand which goes on as well as can be."""
    opponent = solver.answer().reach(node, cards)[1 - int(solver.game.bets.player[node])]
    meeting = ~np.isin(GAME.hands, [*GAME.hands[hand], *solver.tree.cards[0]]).any(axis=1)
    return (solver.action_values(node, cards, best=True)[:, hand] / opponent[meeting].sum()).tolist()


def test_a_cost_is_what_the_best_action_wins_more_by_the_solve(agent, blueprint):
    root, solver = solved(blueprint)
    evs = evs_of(solver, played("check / check").hands[1])
    offers = [action.text for action in solver.game.actions(solver.game.root)]
    for label in offers:
        history = played(label if label != "check" else "check / check")
        (*_, first) = (one for one in reviewed(agent, history, 7, GAME.player(root), BUDGET) if one.state == root)
        assert first.loss == pytest.approx(max(evs) - evs[offers.index(label)], abs=1e-3)
        assert first.hand == 7
        assert first.iterations == BUDGET.iterations
        assert first.best.split()[0] == offers[int(np.argmax(evs))].split()[0]


def test_a_hand_goes_on_as_well_as_can_be_behind_an_action_that_the_solve_never_takes_with_it(agent, blueprint):
    """There the solve's own strategy means nothing: what it would lose later is no cost of the action."""
    root, solver = solved(blueprint)
    seat = GAME.player(root)
    best, average = solver.action_values(0, best=True), solver.action_values(0)
    costs = [values.max(axis=0) - values for values in (best, average)]
    label, hand = np.unravel_index((costs[1] - costs[0]).argmax(), best.shape)
    text = GAME.hand_text(seat, int(hand))
    other = next(cards for cards in ("AhKd", "QcQs", "AsQd") if not {text[:2], text[2:]} & {cards[:2], cards[2:]})
    offer = solver.game.actions(solver.game.root)[label].text
    history = played(offer if offer != "check" else "check / check", other, text)
    (*_, one) = (one for one in reviewed(agent, history, 1, seat, BUDGET) if one.state == root)
    evs = evs_of(solver, int(hand))
    assert one.loss == pytest.approx(max(evs) - evs[label], abs=1e-3)
    assert costs[1][label, hand] / (costs[0][label, hand] + 1e-9) > 1.2


@pytest.mark.parametrize("more", [1, 20], ids=["between sizes", "beyond the largest"])
def test_an_amount_that_the_tree_lacks_is_solved_anew_with(agent, blueprint, more):
    root, solver = solved(blueprint)
    largest = max(int(action.chips) for action in solver.game.actions(solver.game.root))
    amount = 2 + more if more == 1 else largest + more
    history = played(f"bet {amount}")
    again = BoardSolver(subgame_of(GAME, history.state, solver.game.ranges, GAME.betting.menus[2:], root), DCFR)
    again.run(BUDGET.iterations)
    offers = [action.text for action in again.game.actions(again.game.root)]
    evs = evs_of(again, history.hands[1])
    one = next(one for one in reviewed(agent, history, 1, GAME.player(root), BUDGET) if one.state == root)
    assert one.loss == pytest.approx(max(evs) - evs[offers.index(f"bet {amount}")], abs=1e-3)


@pytest.mark.parametrize(("amount", "known"), [(3, True), (5, False)])
def test_where_it_cannot_be_solved_anew_it_costs_what_lies_between_its_neighbours(blueprint, amount, known):
    agent = NoLimitAgent(GAME, blueprint, DCFR, "turn", menus=GAME.betting.menus, off_tree="translate")
    root, solver = solved(blueprint)
    assert [action.text for action in solver.game.actions(solver.game.root)] == ["check", "bet 2", "bet 4"]
    evs = evs_of(solver, played("check / check").hands[1])
    one = next(one for one in reviewed(agent, played(f"bet {amount}"), 1, GAME.player(root), BUDGET) if one.state == root)
    edges = [max(evs) - ev for ev in evs[1:]]
    assert (one.loss is not None) == known
    if known:
        assert min(edges) - 1e-3 <= one.loss <= max(edges) + 1e-3
    assert one.best


def test_later_decisions_of_the_street_are_valued_by_the_same_solve(agent, blueprint):
    root, solver = solved(blueprint)
    seat = GAME.player(root)
    history = played("check / bet 4 / call") if any(a.text == "bet 4" for a in GAME.actions(root)) else played("check / bet 2 / call")
    decisions = list(reviewed(agent, history, 1, seat, BUDGET))
    later = decisions[-1]
    assert GAME.round(later.state) == 2
    assert later.iterations == 0  # by the answer of the street's first decision
    place = solver.game.locate(state_in(solver.game, root, later.state))
    evs = evs_of(solver, history.hands[seat], *place)
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


def recorded(agent, monkeypatch):
    """Return a list that fills with the memories of the agent's decisions."""
    memories, decide = [], agent.decide

    def decided(*arguments):
        decision = decide(*arguments)
        memories.append(decision.memory)
        return decision

    monkeypatch.setattr(agent, "decide", decided)
    return memories


def test_a_hand_that_does_what_the_agent_never_does_stays_a_trifle_of_its_range(blueprint, monkeypatch):
    agent = NoLimitAgent(GAME, blueprint, DCFR, "turn", menus=GAME.betting.menus)
    memories, policy_of = recorded(agent, monkeypatch), type(blueprint).at
    held = played("check / check").hands[0]

    def never(self, state):
        policy = policy_of(self, state).copy()
        policy[:, held] = 0.0
        policy[0, held] = 1.0
        return policy

    monkeypatch.setattr(type(blueprint), "at", never)
    history = played_from("raise 4 / raise 8 / call / Kc / check / bet 8 / raise 24 / call / Tc / check / check")
    decisions = list(reviewed(agent, history, 1, 0, BUDGET))
    assert decisions[-1].loss is not None
    shares = [memory.ranges[0][held] / memory.ranges[0].max() for memory in memories]
    assert len(shares) == 5
    assert min(shares) >= 0.99e-3


def test_a_hand_that_does_what_hardly_any_hand_does_is_not_all_of_its_range(blueprint, monkeypatch):
    agent = NoLimitAgent(GAME, blueprint, DCFR, "turn", menus=GAME.betting.menus)
    memories, policy_of = recorded(agent, monkeypatch), type(blueprint).at

    def seldom(self, state):
        policy = policy_of(self, state).copy()
        policy[1] += policy[-1] - 1e-7
        policy[-1] = 1e-7
        return policy

    monkeypatch.setattr(type(blueprint), "at", seldom)
    largest = GAME.actions(GAME.root)[-1].text
    history = played_from(f"{largest} / call / Kc / check / check / Tc / check / check")
    list(reviewed(agent, history, 1, 0, BUDGET))
    live = ~np.isin(GAME.hands, parse_cards("Kc")).any(axis=1)
    assert memories[1].ranges[0][live].min() > 0.5  # it told nothing, as all hands took it alike


def test_a_raise_where_the_tree_has_none_has_no_cost_unless_it_is_solved_anew(blueprint):
    history = played("bet 4 / raise 8 / raise 14 / raise 24 / call")
    state = next(one for one in path(GAME, history.state) if GAME.label(one) == "raise 14")
    for off_tree, known in (("translate", False), ("insert", True)):
        agent = NoLimitAgent(GAME, blueprint, DCFR, "turn", menus=GAME.betting.menus, off_tree=off_tree)
        (one,) = (one for one in reviewed(agent, history, 1, GAME.player(state), BUDGET) if one.state == state)
        assert (one.loss is not None) == known


def test_an_answer_whose_arrays_a_later_solve_has_taken_has_no_values(agent):
    """Also where that later solve came to no answer that is played."""
    agent.search.keeps_solver = True
    state, memory = find_decision(GAME, LINE, "line"), None
    for above in path(GAME, state):
        if GAME.player(above) == GAME.player(state):
            memory = agent.decide(GAME.player(state), above, memory, BUDGET).memory
    assert agent.valued(state, memory) is not None
    other = find_decision(GAME, "call / check / Kc / check / check / Qs", "line")
    assert agent.decide(GAME.player(other), other, None, Budget(iterations=0)).outcome == Outcome.NO_TIME
    assert agent.valued(state, memory) is None


def test_values_are_those_of_the_last_solve_alone(agent):
    agent.search.keeps_solver = True
    state = find_decision(GAME, LINE, "line")
    memory = None
    for above in path(GAME, state):
        if GAME.player(above) == GAME.player(state):
            memory = agent.decide(GAME.player(state), above, memory, BUDGET).memory
    assert agent.valued(state, memory) is not None
    other = find_decision(GAME, "call / check / Kc / check / check / Qs", "line")
    agent.decide(GAME.player(other), other, None, BUDGET)
    assert agent.valued(state, memory) is None


def test_an_agent_that_nobody_asks_for_values_keeps_no_solver(agent):
    state = find_decision(GAME, LINE, "line")
    decision = agent.decide(GAME.player(state), state, None, BUDGET)
    assert decision.outcome == Outcome.SEARCHED
    assert agent.valued(state, decision.memory) is None


def test_rows_and_summary_say_the_same(agent):
    decisions = [one for seat in (0, 1) for one in reviewed(agent, played("check / check"), 1, seat, BUDGET)]
    rows, summary = review_rows(decisions, agent), summary_rows(decisions, agent)
    assert len(rows) == len(decisions) == sum(row["decisions"] for row in summary)
    losses = [row["loss_blinds"] for row in rows if row["loss_blinds"] is not None]
    assert sum(row["valued"] for row in summary) == len(losses)
    assert np.mean(losses) == pytest.approx(np.mean([row["loss_blinds"] for row in summary if row["valued"]]))
