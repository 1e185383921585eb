"""Agents whose searches end at a depth limit, on Leduc and Liar's Dice, with leaves that are worth a fixed strategy."""

import pickle
from dataclasses import replace

import numpy as np
import pytest

from agents.evaluation.ablation import ablate
from agents.evaluation.strength import exploitability, tabulate
from agents.networks.value import new_values
from agents.play.thoughts import thought
from agents.policy import UniformPolicy, solved_policy
from agents.search_agent import SearchAgent
from search import Budget, variant
from search.continuations import OPPONENT, biases
from search.frontier import DepthLimit
from search.outcome import Outcome
from search.resolving import ResolveConfig
from search.tree.continuations import Continuation, biased, continuation_limit
from search.tree.depth_limit import DepthLimitedSolver, cut, round_ends
from search.tree.infostates import TreeInfostates
from search.tree.solver import Solver
from search.tree.strategy import uniform
from search.tree.subgame import whole_game
from tests.catalogue import DICE, LEDUC, case_of

FORM = variant("default")


def agent_of(game, gadget="resolve", actions=None, strategy=None, solve_from="root"):
    tree = case_of(game).tree
    limit = DepthLimit(Continuation(strategy or uniform(tree)), actions)
    return SearchAgent(UniformPolicy(tree), FORM, solve_from, ResolveConfig(gadget), limit=limit)


def solved(game, iterations):
    solver = Solver(case_of(game).tree, FORM)
    solver.run(iterations)
    return solver.answer()


def test_the_first_round_is_played_by_the_depth_limited_solve():
    tree, agent = case_of(LEDUC).tree, agent_of(LEDUC)
    small = cut(tree, 0, round_ends(tree, 0, dealt=True))
    solver = DepthLimitedSolver(small, FORM, Continuation(uniform(tree)))
    solver.start(whole_game(small.tree))
    solver.run(20)
    decision = agent.decide(0, 0, None, Budget(iterations=20))
    np.testing.assert_array_equal(decision.policy, solver.answer().at(0))
    assert (decision.outcome, decision.root) == (Outcome.SEARCHED, 0)
    later = tree.children(tree.children(0)[0])[1]
    assert tree.player[later] == 0
    again = agent.decide(0, later, decision.memory, Budget(iterations=20))
    assert again.outcome == Outcome.NOT_DUE
    np.testing.assert_array_equal(again.policy, solver.answer().at(int(np.flatnonzero(small.nodes == later)[0])))


def test_the_next_subgame_begins_at_the_leaf_and_its_end_is_the_games():
    tree, agent = case_of(LEDUC).tree, agent_of(LEDUC)
    first = agent.decide(0, 0, None, Budget(iterations=20))
    leaf = tree.children(tree.children(tree.children(0)[0])[0])[2]
    assert tree.player[leaf] == 0
    decision = agent.decide(0, leaf, first.memory, Budget(iterations=20))
    assert (decision.outcome, decision.root) == (Outcome.SEARCHED, leaf)
    assert decision.memory.answer.covers(leaf)
    assert np.isfinite(decision.bound_violation)


@pytest.mark.parametrize("actions", [1, 2])
def test_subgames_follow_each_other_by_numbers_of_actions(actions):
    tree, agent = case_of(DICE).tree, agent_of(DICE, actions=actions)
    report = tabulate(agent, 0, Budget(iterations=10))
    assert report.fallbacks.total() == 0
    assert report.decisions == int((tree.player == 0).sum())
    assert 1 < report.solves <= report.decisions


def test_promises_keep_what_is_lost_small():
    budget, found = Budget(iterations=60), {}
    for gadget in ("resolve", "unsafe"):
        agent = agent_of(LEDUC, gadget, strategy=solved(LEDUC, 3))
        found[gadget] = exploitability((tabulate(agent, 0, budget), tabulate(agent, 1, budget)))
    blueprint = Solver(case_of(LEDUC).tree, FORM).exploitability(solved(LEDUC, 3))
    assert found["resolve"] < 0.5 * found["unsafe"]
    assert found["resolve"] < 0.5 * blueprint


@pytest.mark.parametrize(("iterations", "warm"), [(3, True), (14, True), (15, False)])
def test_short_searches_start_from_a_policy_that_is_worth_more(iterations, warm):
    """A policy of 10 iterations is worth 10; above leaves that is too few for 15. Above uniform play every start is cold."""
    tree, policy = case_of(LEDUC).tree, solved_policy(case_of(LEDUC).tree, FORM, 10)
    limit = DepthLimit(Continuation(policy.strategy()), None)

    def first(policy, mode):
        agent = SearchAgent(policy, FORM, "root", ResolveConfig("resolve", warm_start=mode), limit=limit)
        return agent.decide(0, 0, None, Budget(iterations=iterations)).policy

    cold = first(policy, "never")
    assert np.array_equal(cold, first(policy, "short")) is not warm
    assert np.array_equal(cold, first(UniformPolicy(tree), "short"))


def test_a_warm_start_makes_short_searches_much_stronger():
    policy = solved_policy(case_of(LEDUC).tree, FORM, 100)
    limit, found = continuation_limit(policy.strategy(), 4, OPPONENT, None), {}
    for mode in ("never", "short"):
        agent = SearchAgent(policy, FORM, "root", ResolveConfig("resolve", warm_start=mode), limit=limit)
        found[mode] = exploitability((tabulate(agent, 0, Budget(iterations=10)), tabulate(agent, 1, Budget(iterations=10))))
    assert found["short"] < found["never"] / 5


def test_without_time_the_blueprint_plays():
    agent = agent_of(LEDUC)
    decision = agent.decide(0, 0, None, Budget(iterations=0))
    assert decision.outcome == Outcome.NO_TIME
    np.testing.assert_array_equal(decision.policy, UniformPolicy(case_of(LEDUC).tree).at(0))
    first = agent.decide(0, 0, None, Budget(iterations=20))
    leaf = case_of(LEDUC).tree.children(case_of(LEDUC).tree.children(case_of(LEDUC).tree.children(0)[0])[0])[2]
    late = agent.decide(0, leaf, first.memory, Budget(iterations=0))
    assert late.outcome == Outcome.NO_TIME
    np.testing.assert_array_equal(late.policy, UniformPolicy(case_of(LEDUC).tree).at(leaf))


class Failing(Continuation):
    """Leaves whose values are NaN after so many answers."""

    def __init__(self, strategy, good):
        super().__init__(strategy)
        self.good = good

    def enter(self, leaves):
        super().enter(leaves)
        self.asked = 0

    def cfvs(self, player, reach):
        self.asked += 1
        return super().cfvs(player, reach) * (np.nan if self.asked > self.good else 1.0)


def failing(good):
    tree = case_of(LEDUC).tree
    return SearchAgent(UniformPolicy(tree), FORM, "root", limit=DepthLimit(Failing(uniform(tree), good)))


@pytest.mark.parametrize("good", [14, 15])  # answers: of seven iterations, and of half of another
def test_values_that_are_no_numbers_end_a_search_with_its_answer_so_far(good):
    budget, tree = Budget(iterations=20), case_of(LEDUC).tree
    decision = failing(good).decide(0, 0, None, budget)
    assert (decision.outcome, decision.iterations, decision.root) == (Outcome.NO_VALUES, 7, 0)
    if good == 14:
        np.testing.assert_array_equal(decision.policy, agent_of(LEDUC).decide(0, 0, None, Budget(iterations=7)).policy)
    np.testing.assert_allclose(decision.policy.sum(axis=0), 1.0)
    assert thought(failing(good).game, decision) == "its value network gave no numbers after 7 iterations: it plays what it had"
    leaf = tree.children(tree.children(tree.children(0)[0])[0])[2]
    later = failing(good).decide(0, leaf, decision.memory, budget)  # to the end of the game: no leaves are asked
    assert later.outcome == Outcome.SEARCHED
    assert np.isfinite(later.policy).all()


@pytest.mark.parametrize("good", [0, 1])
def test_without_an_iteration_before_them_the_blueprint_plays(good):
    decision = failing(good).decide(0, 0, None, Budget(iterations=20))
    assert (decision.outcome, decision.iterations, decision.root) == (Outcome.NO_VALUES, 0, None)
    np.testing.assert_array_equal(decision.policy, UniformPolicy(case_of(LEDUC).tree).at(0))
    assert thought(failing(good).game, decision) == "its value network gave no numbers after 0 iterations: it plays on without"


@pytest.mark.parametrize("good", [0, 14])
def test_such_searches_are_counted(good):
    (row,) = ablate({"search": (failing(good), [Budget(iterations=20)])})
    assert row["fallbacks"][Outcome.NO_VALUES] == sum(row["fallbacks"].values()) > 0
    assert row["solves"] > 0
    assert np.isfinite(row["exploitability"]["value"])


def test_nobody_comes_to_leaves_with_an_empty_range():
    tree, reach = case_of(LEDUC).tree, (np.zeros((30, 6)), np.zeros((30, 6)))
    infostates = TreeInfostates(tree)
    leaves, nodes = new_values(infostates), round_ends(tree, 0, dealt=True)
    leaves.enter(nodes)
    for ranges in (reach, (reach[0], np.ones((30, 6))), (np.ones((30, 6)), reach[1])):
        first, second = (leaves.cfvs(p, ranges) for p in (0, 1))
        assert np.isfinite(first).all()
        assert np.isfinite(second).all()
    assert not first.any()  # player 0 meets nobody


@pytest.mark.parametrize("evaluator", [lambda tree: Continuation(uniform(tree)), lambda tree: new_values(TreeInfostates(tree))])
@pytest.mark.parametrize("empty", [0, 1])
def test_a_subgame_whose_range_is_empty_is_not_searched(evaluator, empty):
    tree = case_of(LEDUC).tree
    agent = SearchAgent(UniformPolicy(tree), FORM, "root", limit=DepthLimit(evaluator(tree)))
    first = agent.decide(0, 0, None, Budget(iterations=20))
    leaf = tree.children(tree.children(tree.children(0)[0])[0])[2]
    tables = [table.copy() for table in first.memory.answer.strategy.tables]
    strategy = replace(first.memory.answer.strategy, tables=tuple(t * (p != empty) for p, t in enumerate(tables)))
    memory = replace(first.memory, answer=replace(first.memory.answer, strategy=strategy))
    decision = agent.decide(0, leaf, memory, Budget(iterations=20))
    assert decision.outcome == (Outcome.UNREACHED if empty == 0 else Outcome.SEARCHED)
    assert np.isfinite(decision.policy).all()
    np.testing.assert_allclose(decision.policy.sum(axis=0), 1.0)


def test_an_agent_that_was_sent_to_another_process_answers_alike():
    agent = agent_of(LEDUC)
    sent = pickle.loads(pickle.dumps(agent))
    ours, theirs = (one.decide(0, 0, None, Budget(iterations=5)).policy for one in (agent, sent))
    np.testing.assert_array_equal(ours, theirs)
    assert agent.fingerprint() == sent.fingerprint() != agent_of(LEDUC, strategy=solved(LEDUC, 3)).fingerprint()


def choosing_agent(count, chooser="opponent", strategy=None):
    tree = case_of(LEDUC).tree
    limit = continuation_limit(strategy or solved(LEDUC, 3), count, chooser)
    return SearchAgent(UniformPolicy(tree), FORM, "root", ResolveConfig("resolve"), limit=limit)


@pytest.mark.parametrize(("chooser", "choosers"), [("opponent", ((1,), (0,))), ("both", ((0, 1), (0, 1)))])
def test_who_chooses_a_continuation_depends_on_who_searches(chooser, choosers):
    tree, blueprint = case_of(LEDUC).tree, solved(LEDUC, 3)
    agent, others = choosing_agent(4, chooser), [biased(blueprint, bias) for bias in biases(4)]
    for seat, state in ((0, 0), (1, tree.children(0)[1])):
        small = cut(tree, 0, round_ends(tree, 0, dealt=True))
        solver = DepthLimitedSolver(small, FORM, Continuation(blueprint, others, choosers[seat]))
        solver.start(whole_game(small.tree))
        solver.run(20)
        decision = agent.decide(seat, state, None, Budget(iterations=20))
        np.testing.assert_array_equal(decision.policy, solver.answer().at(int(np.flatnonzero(small.nodes == state)[0])))
        assert decision.outcome == Outcome.SEARCHED


def test_agents_with_other_continuations_are_other_agents():
    agents = [
        choosing_agent(1),
        choosing_agent(4),
        choosing_agent(10),
        choosing_agent(4, "both"),
        choosing_agent(4, strategy=solved(LEDUC, 5)),
    ]
    assert len({agent.fingerprint() for agent in agents}) == len(agents)
    assert len({agent.name for agent in agents}) == len(agents) - 1  # one differs in its strategy alone
    sent = pickle.loads(pickle.dumps(agents[1]))
    ours, theirs = (one.decide(1, 1, None, Budget(iterations=5)).policy for one in (agents[1], sent))
    np.testing.assert_array_equal(ours, theirs)


def test_choices_at_the_leaves_make_a_search_stronger():
    budget, found = Budget(iterations=100), {}
    for count, chooser in ((1, "opponent"), (4, "opponent"), (4, "both")):
        agent = choosing_agent(count, chooser, solved(LEDUC, 10))
        found[count, chooser] = exploitability((tabulate(agent, 0, budget), tabulate(agent, 1, budget)))
    assert found[4, "both"] < found[4, "opponent"] < found[1, "opponent"]


def test_a_choice_of_continuations_makes_a_good_blueprint_better_where_one_makes_it_much_worse():
    blueprint, budget, found = solved(LEDUC, 100), Budget(iterations=300), {}
    for count in (1, 4):
        agent = choosing_agent(count, strategy=blueprint)
        found[count] = exploitability((tabulate(agent, 0, budget), tabulate(agent, 1, budget)))
    alone = Solver(case_of(LEDUC).tree, FORM).exploitability(blueprint)
    assert found[4] < alone < 0.1 < found[1]


def test_solvers_are_made_and_timed_before_the_first_decision():
    agent = choosing_agent(4)
    agent.load()
    limited = agent._resolver._limited
    assert set(limited._solvers) == {(0, True), (0, False)}
    assert min(pace.expected for pace in (limited.paces.preparing, limited.paces.iterating)) > 0
    assert agent.decide(0, 0, None, Budget(seconds=1.0)).outcome == Outcome.SEARCHED


def test_a_depth_limit_needs_roots_that_follow_each_other():
    with pytest.raises(ValueError, match=r"solve_from must name rounds where depth is limited.*, got decision"):
        agent_of(LEDUC, solve_from="decision")
    with pytest.raises(ValueError, match="actions must be at least 1, got 0"):
        agent_of(LEDUC, actions=0)


def test_an_exact_equilibrium_below_the_leaves_is_not_enough():
    agent, budget = agent_of(LEDUC, strategy=solved(LEDUC, 3000)), Budget(iterations=300)
    assert exploitability((tabulate(agent, 0, budget), tabulate(agent, 1, budget))) > 0.1
