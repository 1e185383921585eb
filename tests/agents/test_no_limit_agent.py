"""The agent of no-limit hold'em with any amount, on 20 cards, where its blueprint is exact."""

from __future__ import annotations

import pickle

import numpy as np
import pytest

from agents.board_blueprint import make_blueprint
from agents.no_limit.agent import NoLimitAgent
from games.game import Kind, find_decision, path
from games.holdem.config import Holdem
from games.holdem.subgame import state_in, subgame_of
from games.public_tree import CHANCE, TERMINAL
from search import BoardSolver, Budget, variant
from search.boards.root_gadget import RootGadget
from search.off_tree import pseudo_harmonic
from search.outcome import Outcome
from tests.playing import random_action

SETTINGS = {
    "ranks": "TJQKA", "deals": [0, 1, 1], "blinds": [1, 2], "stack": 60, "min_bet": 2, "bets": "50%,100%", "raises": "100%", "raise_cap": 2,
}  # fmt: skip
GAME, MENU = Holdem(amounts="any", **SETTINGS).build(), Holdem(**SETTINGS).build()
DCFR = variant("default_holdem")


@pytest.fixture(scope="module")
def blueprint(tmp_path_factory):
    return make_blueprint(MENU, (), DCFR, 10, tmp_path_factory.mktemp("blueprint"))


@pytest.fixture
def agent(blueprint):
    return NoLimitAgent(GAME, blueprint, DCFR, "turn")


def asked(agent, line, budget, seat=None):
    """Return the decisions of the seat that acts at the end of a line, the last one last."""
    state, memory, found = find_decision(GAME, line, "line"), None, []
    seat = GAME.player(state) if seat is None else seat
    for here in path(GAME, state):
        if GAME.player(here) == seat:
            found.append(agent.decide(seat, here, memory, budget))
            memory = found[-1].memory
    return state, found


def scaled(reach):
    return reach / reach.max()


def test_before_its_first_search_ranges_are_the_blueprints_by_bayes_rule(agent, blueprint):
    line = "raise 6 / call / Kc / check / bet 12"
    state, decisions = asked(agent, line, Budget(iterations=5))
    assert {decision.outcome for decision in decisions} == {Outcome.NOT_DUE}
    place = MENU.locate(find_decision(MENU, line, "line"))
    expected = blueprint.strategy().reach(place.node, place.cards)
    for found, reach in zip(decisions[-1].memory.ranges, expected, strict=True):
        np.testing.assert_allclose(scaled(found), scaled(reach), atol=1e-6)
    np.testing.assert_allclose(decisions[-1].policy, blueprint.at(find_decision(MENU, line, "line")), atol=1e-6)
    assert decisions[-1].memory.surprises == 0
    assert state.label == "bet 12"


def test_a_search_is_the_solve_of_the_subgame_that_began_with_its_street(agent, blueprint):
    line = "raise 6 / call / Kc / check / check / Tc / bet 6"
    state, decisions = asked(agent, line, Budget(iterations=20))
    decision = decisions[-1]
    root = next(above for above in path(GAME, state) if GAME.round(above) == 2)
    place = MENU.locate(find_decision(MENU, "raise 6 / call / Kc / check / check / Tc", "line"))
    ranges = blueprint.strategy().reach(place.node, place.cards)
    subgame = subgame_of(GAME, state, (scaled(ranges[0]), scaled(ranges[1])), root=root)
    solver = BoardSolver(subgame, DCFR)
    solver.run(20)
    assert decision.root == root
    assert (decision.outcome, decision.iterations) == (Outcome.SEARCHED, 20)
    alive = ~np.isin(GAME.hands, state.cards).any(axis=1)
    np.testing.assert_allclose(decision.policy[:, alive], solver.answer().at(state_in(subgame, root, state))[:, alive], atol=1e-4)


def test_the_same_iterations_give_the_same_answer_and_memories_are_not_changed(agent):
    line = "call / check / Kc / bet 2 / call / Tc / bet 3"
    before = asked(agent, line, Budget(iterations=8))[1]
    policies = [decision.policy.copy() for decision in before]
    again = asked(agent, line, Budget(iterations=8))[1]
    for decision, policy, other in zip(before, policies, again, strict=True):
        np.testing.assert_array_equal(decision.policy, policy)
        np.testing.assert_array_equal(decision.policy, other.policy)


def test_an_agent_that_was_sent_to_another_process_answers_alike(agent):
    line = "call / check / Kc / bet 2 / call / Tc"
    sent = pickle.loads(pickle.dumps(agent))
    ours, theirs = (asked(one, line, Budget(iterations=8))[1][-1] for one in (agent, sent))
    np.testing.assert_array_equal(ours.policy, theirs.policy)
    assert agent.fingerprint() == sent.fingerprint()


def test_a_bet_that_the_last_answer_lacks_begins_a_subgame_and_one_that_it_has_does_not(agent):
    known, _ = (
        asked(agent, f"call / check / Kc / check / check / Tc / check / {bet}", Budget(iterations=8))[1] for bet in ("bet 2", "bet 3")
    )
    assert [d.outcome for d in known[-2:]] == [Outcome.SEARCHED, Outcome.NOT_DUE]
    state, other = asked(agent, "call / check / Kc / check / check / Tc / check / bet 3", Budget(iterations=8))
    assert [d.outcome for d in other[-2:]] == [Outcome.SEARCHED, Outcome.SEARCHED]
    assert other[-1].root == other[-2].root
    assert other[-1].root.label == "Tc"
    game = other[-1].memory.solved.strategy.game
    assert game.locate(state_in(game, other[-1].root, state)) is not None


def test_the_own_range_is_what_was_really_played_where_a_street_is_solved_anew(agent):
    line = "call / check / Kc / check / check / Tc / check / bet 3"
    state, decisions = asked(agent, line, Budget(iterations=8))
    first, second = decisions[-2:]
    seat = GAME.player(state)
    checked = next(i for i, action in enumerate(GAME.actions(first.memory.state)) if action.text == "check")
    expected = first.memory.ranges[seat] * first.policy[checked]
    np.testing.assert_allclose(scaled(second.memory.ranges[seat]), scaled(expected), atol=1e-9)


def test_no_time_plays_the_blueprint(agent, blueprint):
    line = "call / check / Kc / check / check / Tc"
    _, decisions = asked(agent, line, Budget(iterations=0))
    assert decisions[-1].outcome == Outcome.NO_TIME
    np.testing.assert_allclose(decisions[-1].policy, blueprint.at(find_decision(MENU, line, "line")), atol=1e-6)


def test_an_answer_of_few_iterations_is_not_played_where_the_clock_is_the_budget(agent, blueprint, monkeypatch):
    line = "call / check / Kc / check / check / Tc"
    agent.load()
    played = {}
    for least in (1, 10**9):
        monkeypatch.setattr("agents.no_limit.street_search.MIN_TRUSTED_ITERATIONS", least)
        played[least] = asked(agent, line, Budget(seconds=0.2))[1][-1]
    assert (played[1].outcome, played[10**9].outcome) == (Outcome.SEARCHED, Outcome.NO_TIME)
    np.testing.assert_allclose(played[10**9].policy, blueprint.at(find_decision(MENU, line, "line")), atol=1e-6)


def test_few_iterations_are_played_where_no_more_were_asked_for_or_the_target_was_reached(agent):
    agent.load()
    line = "call / check / Kc / check / check / Tc"
    budgets = {
        Budget(seconds=5.0, iterations=3): 3, Budget(exploitability=100.0): 1, Budget(seconds=5.0, exploitability=100.0): 1,
    }  # fmt: skip
    for budget, iterations in budgets.items():
        decision = asked(agent, line, budget)[1][-1]
        assert (decision.outcome, decision.iterations) == (Outcome.SEARCHED, iterations)


def test_too_few_iterations_are_not_played_where_the_clock_ended_first(agent, monkeypatch):
    agent.load()
    monkeypatch.setattr("agents.no_limit.street_search.MIN_TRUSTED_ITERATIONS", 10**9)
    decision = asked(agent, "call / check / Kc / check / check / Tc", Budget(seconds=0.3, iterations=10**8))[1][-1]
    assert decision.outcome == Outcome.NO_TIME
    assert decision.iterations > 0


def test_a_translating_agent_solves_a_street_once(blueprint):
    agent = NoLimitAgent(GAME, blueprint, DCFR, "turn", off_tree="translate")
    line = "call / check / Kc / check / check / Tc / bet 3 / raise 9 / raise 30"
    for seat in (0, 1):
        outcomes = [decision.outcome for decision in asked(agent, line, Budget(iterations=4), seat)[1]]
        assert outcomes.count(Outcome.SEARCHED) == 1


def test_a_subgame_of_several_streets_has_few_sizes_and_what_was_really_bet(blueprint):
    agent = NoLimitAgent(GAME, blueprint, DCFR, "flop")
    state, decisions = asked(agent, "call / check / Kc / bet 3", Budget(iterations=3))
    game, root = decisions[-1].memory.solved.strategy.game, decisions[-1].root
    assert [action.text for action in game.actions(game.root)] == ["check", "bet 3"]  # 75 % of the pot of 4; all-in is 14 pots
    assert state_in(game, root, state).label == "bet 3"
    own = NoLimitAgent(GAME, blueprint, DCFR, "flop", menus=GAME.betting.menus)
    solved = asked(own, "call / check / Kc / bet 3", Budget(iterations=3))[1][-1].memory.solved.strategy.game
    assert [action.text for action in solved.actions(solved.root)] == ["check", "bet 2", "bet 3", "bet 4"]


def test_a_subgame_of_several_streets_has_all_ins_of_few_pots(blueprint):
    agent = NoLimitAgent(GAME, blueprint, DCFR, "flop")
    state, decisions = asked(agent, "raise 20 / call / Kc", Budget(iterations=3))
    game = decisions[-1].memory.solved.strategy.game
    assert [action.text for action in game.actions(game.root)] == ["check", "bet 30", "all-in 40"]
    assert GAME.player(state) == GAME.player(decisions[-1].root)


@pytest.mark.parametrize("line", ["bet 2 / call / Tc", "bet 2 / call / Tc / check / bet 11"], ids=["next street", "solved anew"])
def test_subgames_of_the_next_street_are_held_to_bounds_from_the_first(blueprint, line):
    agent = NoLimitAgent(GAME, blueprint, DCFR, "flop+turn", menus=GAME.betting.menus, gadget="resolve")
    seat = GAME.player(find_decision(GAME, f"call / check / Kc / {line}", "line"))
    state, decisions = asked(agent, f"call / check / Kc / {line}", Budget(iterations=20), seat)
    first, second = [decision for decision in decisions if decision.outcome == Outcome.SEARCHED][:2]
    last = decisions[-1]
    assert last.root == second.root
    assert last.root.label == "Tc"
    bound = first.memory.solved.bound(last.root)
    start = second.memory.ranges
    model = [np.maximum(reach, 1e-6 * reach.max()) if p != seat else reach for p, reach in enumerate(start)]
    game = subgame_of(GAME, state, (model[0], model[1]), GAME.betting.menus[GAME.round(last.root) :], last.root)
    policies = []
    for gadget in (RootGadget("resolve", 1 - seat, bound), None):
        solver = BoardSolver(game, DCFR, gadget=gadget)
        solver.run(20)
        policies.append(solver.answer().at(state_in(game, last.root, state)))
    alive = ~np.isin(GAME.hands, state.cards).any(axis=1)
    np.testing.assert_allclose(last.policy[:, alive], policies[0][:, alive], atol=1e-5)
    assert np.abs(policies[0] - policies[1]).max() > 0.1


def test_the_first_subgame_of_a_hand_has_no_bounds(blueprint):
    line, answers = "call / check / Kc / check / check / Tc", []
    for gadget in ("resolve", "unsafe"):
        agent = NoLimitAgent(GAME, blueprint, DCFR, "turn", gadget=gadget)
        answers.append(asked(agent, line, Budget(iterations=9))[1][-1].policy)
    np.testing.assert_array_equal(*answers)


def test_a_gadget_that_there_is_not_is_refused(blueprint):
    with pytest.raises(ValueError, match="gadget must be one of unsafe, resolve, maxmargin, refined, got 'combined'"):
        NoLimitAgent(GAME, blueprint, DCFR, gadget="combined")


def test_an_action_that_no_hand_takes_leaves_the_range_and_is_counted(agent, blueprint):
    class Folds:
        name, game, strategy, fingerprint = "folds", MENU, blueprint.strategy, blueprint.fingerprint

        def at(self, state):
            policy = np.zeros_like(blueprint.at(state))
            policy[0] = 1.0  # folds to a bet, else checks
            return policy

    timid = NoLimitAgent(GAME, Folds(), DCFR, "turn")
    _, decisions = asked(timid, "raise 6 / call / Kc / bet 12", Budget(iterations=3), seat=0)
    memory = decisions[-1].memory
    assert memory.surprises > 0
    assert all((reach > 0).any() for reach in memory.ranges)


@pytest.mark.parametrize("seat", [0, 1])
def test_it_answers_whatever_is_bet(agent, seat):
    rng, outcomes = np.random.default_rng(seat), set()
    for _ in range(40):
        hands, state, memory = GAME.deal(rng.random()), GAME.root, None
        while (player := GAME.player(state)) != TERMINAL and not GAME.settled(state):
            if player == CHANCE:
                state = GAME.chance(state, hands, rng.random())
            elif player == seat:
                decision = agent.decide(seat, state, memory, Budget(iterations=4))
                memory, actions = decision.memory, GAME.actions(state)
                outcomes.add(decision.outcome)
                assert decision.policy.shape == (len(actions), len(GAME.hands))
                np.testing.assert_allclose(decision.policy.sum(axis=0), 1.0, atol=1e-6)
                assert (decision.policy >= 0).all()
                state = GAME.child(state, actions[int(rng.choice(len(actions), p=decision.policy[:, hands[seat]]))])
            else:
                action = random_action(GAME, state, rng)
                state = GAME.child(state, action if action.kind != Kind.FOLD else GAME.actions(state)[1])
    assert outcomes == {Outcome.NOT_DUE, Outcome.SEARCHED}


def test_a_translating_agent_answers_another_amount_from_the_last_answer_between_its_sizes(blueprint):
    agent = NoLimitAgent(GAME, blueprint, DCFR, "turn", off_tree="translate")
    line = "call / check / Kc / check / check / Tc / check"
    known = {bet: asked(agent, f"{line} / {bet}", Budget(iterations=8))[1] for bet in ("bet 2", "bet 3", "bet 4")}
    assert [d.outcome for d in known["bet 3"][-2:]] == [Outcome.SEARCHED, Outcome.NOT_DUE]  # where inserting solves anew
    odd, low, high = (known[bet][-1].policy[0] for bet in ("bet 3", "bet 2", "bet 4"))  # who folds
    share = pseudo_harmonic(0.75, [0.5, 1.0])[0][1]
    np.testing.assert_allclose(odd, share * low + (1 - share) * high, atol=1e-6)
    assert not np.array_equal(low, high)


def test_a_translating_agents_solves_have_the_menus_sizes_alone(blueprint):
    agent = NoLimitAgent(GAME, blueprint, DCFR, "turn", off_tree="translate")
    _, decisions = asked(agent, "call / check / Kc / check / check / Tc / bet 3", Budget(iterations=8))
    game = decisions[-1].memory.solved.strategy.game
    assert decisions[-1].outcome == Outcome.SEARCHED
    assert [action.text for action in game.actions(game.root)] == ["check", "bet 2", "bet 4"]
    elsewhere = find_decision(GAME, "call / check / Qc / check / check / Tc / bet 3", "line")
    assert decisions[-1].memory.solved.at(GAME, elsewhere) is None


def test_within_the_menu_translating_and_inserting_are_the_same(agent, blueprint):
    line = "call / check / Kc / bet 2 / call / Tc / bet 4"
    other = NoLimitAgent(GAME, blueprint, DCFR, "turn", off_tree="translate")
    ours, theirs = (asked(one, line, Budget(iterations=8))[1][-1].policy for one in (agent, other))
    np.testing.assert_array_equal(ours, theirs)
    assert agent.fingerprint() != other.fingerprint()
