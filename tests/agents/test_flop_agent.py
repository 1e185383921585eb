"""The agent of no-limit hold'em on a flop that is solved in one of its ways, on 20 cards."""

from __future__ import annotations

import pickle

import numpy as np
import pytest

from agents.board_blueprint import make_blueprint
from agents.no_limit.agent import NoLimitAgent
from agents.no_limit.street_search import flop_memory
from games.game import find_decision, path
from games.holdem.board_tree import game_size
from games.holdem.config import Holdem
from games.holdem.subgame import state_in, subgame_of
from games.public_tree import CHANCE
from search import Budget, variant
from search.boards.flop_ways import flop_menus, flop_solver, game_of_way
from search.outcome import Outcome

SETTINGS = {
    "ranks": "TJQKA", "deals": [0, 1, 1], "blinds": [1, 2], "stack": 60, "min_bet": 2, "bets": "50%,100%", "raises": "100%", "raise_cap": 2,
}  # fmt: skip
GAME, MENU = Holdem(amounts="any", **SETTINGS).build(), Holdem(**SETTINGS).build()
DCFR = variant("default_holdem")
LINE = "raise 6 / call / Kc / check / bet 9"  # 75 % of the pot


@pytest.fixture(scope="module")
def blueprint(tmp_path_factory):
    return make_blueprint(MENU, (), DCFR, 10, tmp_path_factory.mktemp("blueprint"))


@pytest.fixture(params=["to_end", "runouts"])
def way(request):
    return request.param


@pytest.fixture
def agent(blueprint, way):
    return NoLimitAgent(GAME, blueprint, DCFR, "turn", flop=way)


def asked(agent, line, budget):
    """Return the state at the end of a line, and the decisions of the seat that acts there."""
    state, memory, found = find_decision(GAME, line, "line"), None, []
    seat = GAME.player(state)
    for here in path(GAME, state):
        if GAME.player(here) == seat:
            found.append(agent.decide(seat, here, memory, budget))
            memory = found[-1].memory
    return state, found


def test_a_flop_is_played_from_its_ways_answer(agent, blueprint, way):
    state, decisions = asked(agent, LINE, Budget(iterations=12))
    assert (decisions[-1].outcome, decisions[-1].iterations) in ((Outcome.SEARCHED, 12), (Outcome.NOT_DUE, 0))
    root = next(above for above in path(GAME, state) if GAME.round(above) == 1)
    place = MENU.locate(find_decision(MENU, "raise 6 / call / Kc", "line"))
    reach = blueprint.strategy().reach(place.node, place.cards)
    ranges = reach[0] / reach[0].max(), reach[1] / reach[1].max()
    solver = flop_solver(game_of_way(subgame_of(GAME, root, ranges, flop_menus(way, 2)), way), way, DCFR)
    solver.run(12)
    alive = ~np.isin(GAME.hands, state.cards).any(axis=1)
    expected = solver.answer().at(state_in(solver.game, root, state))
    np.testing.assert_allclose(decisions[-1].policy[:, alive], expected[:, alive], atol=2e-3 if way == "to_end" else 1e-4)


def test_the_turn_is_solved_again(agent):
    for turn in ("Tc", "As"):
        _, decisions = asked(agent, f"raise 6 / call / Kc / check / check / {turn}", Budget(iterations=12))
        assert [d.outcome for d in decisions[1:]] == [Outcome.SEARCHED, Outcome.SEARCHED]
        assert decisions[-1].root.label == turn


def test_an_amount_that_the_answer_lacks_begins_a_new_solve_of_the_flop(agent):
    _, decisions = asked(agent, "raise 6 / call / Kc / check / bet 5", Budget(iterations=12))
    assert [d.outcome for d in decisions[-2:]] == [Outcome.SEARCHED, Outcome.SEARCHED]
    assert decisions[-1].root == decisions[-2].root


def test_where_the_turn_has_no_time_the_blueprint_plays_it(agent):
    state = find_decision(GAME, "raise 6 / call / Kc / check / check / Tc", "line")
    memory = None
    for here in path(GAME, state):
        if GAME.player(here) == GAME.player(state):
            street = GAME.round(here)
            decision = agent.decide(GAME.player(state), here, memory, Budget(iterations=0 if street == 2 else 12))
            memory = decision.memory
    assert decision.outcome == Outcome.NO_TIME
    expected = agent.blueprint.at(find_decision(MENU, "raise 6 / call / Kc / check / check / Tc", "line"))
    np.testing.assert_allclose(decision.policy, expected, atol=1e-6)


def test_translation_takes_a_flops_answer_for_the_flop_alone(blueprint):
    agent = NoLimitAgent(GAME, blueprint, DCFR, "turn", flop="runouts", off_tree="translate")
    for line in ("raise 6 / call / Kc / check / bet 5", "raise 6 / call / Kc / check / bet 5 / call / Tc"):
        _, decisions = asked(agent, line, Budget(iterations=12))
        assert decisions[-1].policy.sum(axis=0) == pytest.approx(1.0)
        assert Outcome.SEARCHED in {d.outcome for d in decisions}


def test_gadgets_hold_nothing_behind_the_flop(blueprint):
    agent = NoLimitAgent(GAME, blueprint, DCFR, "turn", gadget="resolve", flop="runouts")
    _, decisions = asked(agent, "raise 6 / call / Kc / check / check / Tc", Budget(iterations=12))
    assert decisions[-1].outcome == Outcome.SEARCHED
    assert decisions[-1].memory.solved.held is None


def test_off_is_the_agent_as_it_was(blueprint):
    plain, off = NoLimitAgent(GAME, blueprint, DCFR, "turn"), NoLimitAgent(GAME, blueprint, DCFR, "turn", flop="off")
    assert plain.fingerprint() == off.fingerprint()
    assert plain.rounds == off.rounds == (2,)


def test_a_way_is_part_of_what_the_agent_is(blueprint, agent, way):
    off = NoLimitAgent(GAME, blueprint, DCFR, "turn")
    assert agent.fingerprint() != off.fingerprint()
    assert way in agent.name
    assert pickle.loads(pickle.dumps(agent)).fingerprint() == agent.fingerprint()
    assert agent.rounds == (1, 2)


def test_it_searches_within_seconds(agent):
    agent.load()
    _, decisions = asked(agent, LINE, Budget(seconds=2.0))
    assert decisions[1].outcome == Outcome.SEARCHED
    assert decisions[1].iterations >= 8


def planning(blueprint, row_seconds):
    """Return an agent that plans its flops, on a machine that takes so long for an iteration, by row."""
    agent = NoLimitAgent(GAME, blueprint, DCFR, "turn", flop="plan")
    agent.load()
    for pace in (agent.search._iterating[1, way] for way in ("runouts", "to_end")):
        pace.expected = pace.fastest = row_seconds
    agent.search._building[1].expected = agent.search._building[1].fastest = 0.0
    return agent


def test_a_plan_plays_the_blueprint_then_drawn_rivers_without_bets_then_with_bets(blueprint):
    plans = []
    for seconds in np.geomspace(1e-3, 3, 12):
        agent = planning(blueprint, 2e-6)
        decision = asked(agent, "raise 6 / call / Kc", Budget(seconds=seconds))[1][-1]
        assert decision.outcome == (Outcome.NOT_DUE if decision.plan == "the blueprint" else Outcome.SEARCHED)
        assert decision.seconds < seconds + 0.1
        plans.append(decision.plan.split()[0])
    order = ["the", "runouts", "to_end"]
    assert [order.index(plan) for plan in plans] == sorted(order.index(plan) for plan in plans)
    assert set(plans) == set(order)


def test_a_plan_without_a_clock_has_no_bets_on_the_river(blueprint):
    agent = NoLimitAgent(GAME, blueprint, DCFR, "turn", flop="plan")
    sample = NoLimitAgent(GAME, blueprint, DCFR, "turn", flop="runouts")
    planned, sampled = (asked(own, "raise 6 / call / Kc", Budget(iterations=12))[1][-1] for own in (agent, sample))
    assert planned.plan == sampled.plan == "runouts"
    np.testing.assert_array_equal(planned.policy, sampled.policy)
    assert agent.fingerprint() != sample.fingerprint()


def test_a_plan_takes_no_more_memory_than_there_is(blueprint, monkeypatch):
    needed = flop_memory(GAME, "to_end", DCFR, 1)[1]
    for free, plan in ((3 * needed, "runouts"), (4 * needed, "to_end")):
        monkeypatch.setattr("agents.no_limit.street_search.free_memory", lambda free=free: free)
        agent = planning(blueprint, 1e-7)
        assert asked(agent, "raise 6 / call / Kc", Budget(seconds=3.0, iterations=1))[1][-1].plan.split()[0] == plan
    assert flop_memory(GAME, "plan", DCFR, 1) == flop_memory(GAME, "runouts", DCFR, 1)


def test_a_plan_looks_at_the_memory_anew_at_each_decision(blueprint, monkeypatch):
    needed, plans = flop_memory(GAME, "to_end", DCFR, 1)[1], []
    agent = planning(blueprint, 1e-7)
    for free in (4 * needed, 3 * needed, 4 * needed):
        monkeypatch.setattr("agents.no_limit.street_search.free_memory", lambda free=free: free)
        agent.search._iterating[1, "to_end"].expected = 1e-7
        plans.append(asked(agent, "raise 6 / call / Kc", Budget(seconds=3.0, iterations=1))[1][-1].plan.split()[0])
    assert plans == ["to_end", "runouts", "to_end"]


def test_a_busy_moment_rules_a_flop_out_for_a_while_only(blueprint):
    agent = planning(blueprint, 1e-7)
    agent.search._iterating[1, "runouts"].expected = 1e-3
    plans = [asked(agent, "raise 6 / call / Kc", Budget(seconds=0.05))[1][-1].plan for _ in range(60)]
    assert plans[0] == "the blueprint"
    assert plans[-1] != "the blueprint"


def test_a_plan_leaves_time_for_making_the_solver(blueprint):
    state = find_decision(GAME, "raise 6 / call / Kc", "line")
    subgame = subgame_of(GAME, state, GAME.ranges, flop_menus("runouts", 2))
    rows = sum(game_size(game_of_way(subgame, "runouts")).rows)
    agent = planning(blueprint, 0.3 / (30 * rows))
    for building, plan in ((0.0, "runouts"), (0.5, "the")):
        agent.search._building[1].expected = agent.search._building[1].fastest = building
        assert asked(agent, "raise 6 / call / Kc", Budget(seconds=0.6, iterations=1))[1][-1].plan.split()[0] == plan
        agent = planning(blueprint, 0.3 / (30 * rows))


def test_bets_on_the_river_that_were_never_tried_are_expected_to_be_as_fast_as_none_are_by_now(blueprint):
    agent = NoLimitAgent(GAME, blueprint, DCFR, "turn", flop="plan")
    agent.load()
    plans = []
    for row_seconds in (1e-4, 1e-7):
        pace = agent.search._iterating[1, "runouts"]
        pace.expected = pace.fastest = row_seconds
        assert agent.search._iterating[1, "to_end"].expected == 0
        plans.append(asked(agent, "raise 6 / call / Kc", Budget(seconds=3.0, iterations=1))[1][-1].plan.split()[0])
    assert plans[0] != "to_end"
    assert plans[1] == "to_end"


def test_many_short_decisions_never_lead_to_bets_on_the_river(blueprint, monkeypatch):
    """They are begun for what they took, and not because that was long ago: an iteration of them may take longer than the decision."""
    monkeypatch.setattr("search.budget.FORGOTTEN", 0.5)  # as after a thousand times as many decisions
    agent = planning(blueprint, 1e-7)
    pace = agent.search._iterating[1, "to_end"]
    pace.expected = pace.fastest = 1e-4
    plans = {asked(agent, "raise 6 / call / Kc", Budget(seconds=0.2))[1][-1].plan.split()[0] for _ in range(20)}
    assert plans == {"runouts"}
    assert pace.expected == pytest.approx(1e-4)


def test_memory_is_that_of_the_largest_flop(way):
    boards, needed = flop_memory(GAME, way, DCFR, 1)
    state = find_decision(GAME, "call / check / Tc", "line")
    assert GAME.player(state) != CHANCE
    subgame = subgame_of(GAME, state, GAME.ranges, flop_menus(way, 2))
    solver = flop_solver(game_of_way(subgame, way), way, DCFR)
    assert boards == len(solver.tree.cards)
    assert solver.memory_bytes() <= needed
    assert game_of_way(subgame, way).key == solver.game.key


def test_bad_ways_are_refused(blueprint):
    with pytest.raises(ValueError, match=r"^flop must be one of off, plan, to_end, runouts, got 'turns'$"):
        NoLimitAgent(GAME, blueprint, DCFR, "turn", flop="turns")
    short = Holdem(amounts="any", **(SETTINGS | {"deals": [0, 1]})).build()
    with pytest.raises(ValueError, match=r"^flop must be off in a game without a turn, got 'runouts'$"):
        NoLimitAgent(short, blueprint, DCFR, None, flop="runouts")
    with pytest.raises(ValueError, match=r"^flop must be off in a game without a turn, got 'runouts'$"):
        flop_memory(short, "runouts", DCFR, 1)
