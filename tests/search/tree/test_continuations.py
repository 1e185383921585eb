"""Leaves where players choose how they go on, on Leduc, beside the game in which the choices are decisions of its own."""

from copy import deepcopy
from dataclasses import replace
from functools import lru_cache
from itertools import pairwise

import numpy as np
import pytest

from games.game import Kind
from games.public_tree import TERMINAL
from search import variant
from search.continuations import FACTORS, Bias, ContinuationChoice, biases
from search.tree.continuations import Continuation, biased, continuation_limit
from search.tree.depth_limit import DepthLimitedSolver, after_actions, cut, round_ends
from search.tree.strategy import check_strategy, uniform
from search.tree.subgame import whole_game
from search.tree.values import history_values
from search.variants import coefficients
from tests.catalogue import DICE, KUHN, LEDUC, case_of
from tests.naive.best_response import best_response_value, exploitability
from tests.naive.cfr import cfr
from tests.naive.continuations import CALL, FOLD, RAISE, biased_policy, chosen_infostate, with_choices
from tests.naive.histories import infostates
from tests.naive.tables import random_strategy, to_policy, to_strategy

CLOSE = 1e-9  # the order of sums differs
NUMBERS = {Kind.FOLD: FOLD, Kind.PASS: CALL, Kind.BET: RAISE}
CHOOSERS = [(), (0,), (1,), (0, 1)]
LONG_BOTH = pytest.param((0, 1), marks=pytest.mark.long)


@lru_cache(maxsize=2)
def blueprint(seed=0):
    return random_strategy(case_of(LEDUC).tree, np.random.default_rng(seed), zeros=0.2)


@lru_cache(maxsize=4)
def others(count):
    return tuple(biased(blueprint(), bias) for bias in biases(count))


def leaves_of(where):
    tree = case_of(LEDUC).tree
    return after_actions(tree, 0, where) if isinstance(where, int) else round_ends(tree, 0, dealt=where == "dealt")


@lru_cache(maxsize=16)
def game_with_choices(where, choosers, count=4):
    _, tree, root, strings = case_of(LEDUC)
    policies = [to_policy(blueprint(), strings)]
    policies += [biased_policy(root, policies[0], NUMBERS[bias.kind], bias.factor) for bias in biases(count)]
    return with_choices(root, strings, tree, leaves_of(where), policies, choosers)


class Recorder:
    """Leaves whose average choices are kept, weighted as a solver's average strategy."""

    def __init__(self, leaves, row):
        self.leaves, self.row, self.name = leaves, row, leaves.name

    def enter(self, leaves):
        self.leaves.enter(leaves)
        self.nodes, self.asked, self.sums = leaves, [0, 0], [0.0, 0.0]

    def cfvs(self, player, reach):
        self.sums[player] *= coefficients(self.row)[self.asked[player], 2]
        self.sums[player] += self.leaves._choice.choices[player] * reach[player]
        self.asked[player] += 1
        return self.leaves.cfvs(player, reach)

    def policy(self):
        """Return the average choices by information state; uniform where none is reached."""
        found = {}
        for player in self.leaves.choosers:
            for b, leaf in enumerate(self.nodes):
                for hand, sums in enumerate(self.sums[player][:, b].T):
                    even = np.full(len(sums), 1 / len(sums))
                    found[chosen_infostate(player, leaf, hand)] = sums / sums.sum() if sums.sum() > 0 else even
        return found


def solved(where, choosers, row, iterations, count=4):
    """Return the policy of a depth-limited solve, choices included, and the solver."""
    _, tree, _, strings = case_of(LEDUC)
    small, leaves = cut(tree, 0, leaves_of(where)), Recorder(Continuation(blueprint(), others(count), choosers), row)
    solver = DepthLimitedSolver(small, row, leaves)
    solver.start(whole_game(small.tree))
    solver.run(iterations)
    answer = uniform(tree)
    for node, at in enumerate(small.nodes.tolist()):
        if small.tree.player[node] >= 0:
            answer.at(at)[:] = solver.answer().at(node)
    return to_policy(answer, strings) | leaves.policy(), solver


@pytest.mark.parametrize("choosers", [*CHOOSERS[:3], LONG_BOTH])
@pytest.mark.parametrize("where", ["dealt", *(pytest.param(where, marks=pytest.mark.long) for where in ("card", 2))])
def test_a_solve_is_that_of_the_game_in_which_choices_are_decisions(where, choosers):
    game, row = game_with_choices(where, choosers), variant("cfr_plus")  # whose own regret matching is that of the choices
    expected = cfr(game, "cfr_plus", [12])[0]
    found, _ = solved(where, choosers, row, 12)
    assert set(expected) == set(infostates(game)) <= set(found)
    assert max(np.abs(expected[name] - found[name]).max() for name in expected) < CLOSE
    assert any(name.endswith("chooses") for name in expected) == bool(choosers)


@pytest.mark.parametrize("choosers", [*CHOOSERS[:3], LONG_BOTH])
def test_nobody_wins_from_a_long_solve_by_other_choices(choosers):
    game, lost = game_with_choices("dealt", choosers), []
    for iterations in (10, 100, 1000):
        policy, _ = solved("dealt", choosers, variant("default"), iterations)
        lost.append(exploitability(game, policy))
    assert lost[0] > 5 * lost[1] > 25 * lost[2]
    assert 0 <= lost[2] < 1e-3


def test_a_search_against_one_continuation_loses_to_choosers():
    alone, _ = solved("dealt", (), variant("default"), 1000)
    first, second = game_with_choices("dealt", ()), game_with_choices("dealt", (1,))
    assert best_response_value(second, alone, 1) > best_response_value(first, alone, 1) + 0.1


def test_the_more_continuations_the_opponent_has_the_less_the_searcher_is_worth():
    values = []
    for count in FACTORS:
        choosers = (1,) if count > 1 else ()
        policy, _ = solved("dealt", choosers, variant("default"), 300, count)
        game = game_with_choices("dealt", choosers, count)
        values.append((best_response_value(game, policy, 0), exploitability(game, policy)))
    for (more, error), (less, other) in pairwise(values):
        assert more - less > 2 * (error + other)


@pytest.mark.parametrize("choosers", CHOOSERS)
def test_leaves_are_zero_sum_by_the_choices_made(choosers):
    tree, rng = case_of(LEDUC).tree, np.random.default_rng(1)
    nodes, evaluator = leaves_of("dealt"), Continuation(blueprint(), others(4), choosers)
    evaluator.enter(nodes)
    reach = tuple(rng.random((len(nodes), tree.num_hands(p))) for p in (0, 1))
    for _ in range(5):
        first, second = (deepcopy(evaluator).cfvs(p, reach) for p in (0, 1))  # a question changes the choices of those who choose
        np.testing.assert_allclose((reach[0] * first).sum(axis=1), -(reach[1] * second).sum(axis=1), atol=1e-12)
        for p in (0, 1):
            evaluator.cfvs(p, reach)
    assert any(np.ptp(own) > 0.1 for own in evaluator._choice.choices) == bool(choosers)


def test_the_first_choices_are_even_and_a_new_solve_forgets_the_old_ones():
    nodes, evaluator = leaves_of("dealt"), Continuation(blueprint(), others(4), (1,))
    reach = np.ones((len(nodes), 6)), np.ones((len(nodes), 6))
    evaluator.enter(nodes)
    first = evaluator.cfvs(1, reach)
    weights = case_of(LEDUC).tree.chance_weights[case_of(LEDUC).tree.chance_of[nodes]]
    going_on = [replace(blueprint(), tables=(blueprint().tables[0], own.tables[1])) for own in (blueprint(), *others(4))]
    each = [history_values(strategy)[nodes] for strategy in going_on]
    np.testing.assert_allclose(first, -(weights * np.mean(each, axis=0)).sum(axis=1), atol=1e-12)
    assert np.abs(evaluator.cfvs(1, reach) - first).max() > 1e-3
    evaluator.enter(nodes)
    np.testing.assert_array_equal(evaluator.cfvs(1, reach), first)


def test_a_chooser_gets_no_less_than_with_any_one_continuation():
    """Regret matching+ against ranges that stay: the mean of its cfvs comes to the best continuation of each hand."""
    rng = np.random.default_rng(3)
    chips, reach = rng.normal(size=(1, 4, 2, 5, 6)), (rng.random((2, 5)), rng.random((2, 6)))
    choice = ContinuationChoice(chips)
    mean = np.mean([choice.cfvs(1, reach) for _ in range(2000)], axis=0)
    best = (-np.einsum("cbij,bi->cbj", chips[0], reach[0])).max(axis=0)
    assert (mean <= best + 1e-12).all()
    assert np.abs(mean - best).max() < 0.05 * np.abs(best).max()


@pytest.mark.parametrize("bias", biases(10))
def test_biased_strategies_are_those_of_the_twin(bias):
    _, tree, root, strings = case_of(LEDUC)
    before = [table.copy() for table in blueprint().tables]
    found = biased(blueprint(), bias)
    check_strategy(found)
    twin = biased_policy(root, to_policy(blueprint(), strings), NUMBERS[bias.kind], bias.factor)
    expected, found = to_policy(to_strategy(tree, strings, twin), strings), to_policy(found, strings)
    assert max(np.abs(expected[name] - found[name]).max() for name in expected) < CLOSE
    assert all(np.array_equal(old, now) for old, now in zip(before, blueprint().tables, strict=True))


def test_four_and_ten_continuations_are_what_they_are_said_to_be():
    assert biases(1) == []
    assert biases(4) == [Bias(Kind.FOLD, 10.0), Bias(Kind.PASS, 10.0), Bias(Kind.BET, 10.0)]
    assert set(biases(4)) < set(biases(10))
    assert [len(biases(count)) + 1 for count in FACTORS] == list(FACTORS)
    with pytest.raises(ValueError, match="continuations must be one of 1, 4, 10, got 5"):
        biases(5)


def test_the_opponent_of_the_searcher_chooses_or_both_do():
    limit = continuation_limit(blueprint(), 4)
    assert [limit.leaves_of(seat).choosers for seat in (0, 1)] == [(1,), (0,)]
    assert limit.leaves_of(0).fingerprint() != limit.leaves_of(1).fingerprint()
    both = continuation_limit(blueprint(), 4, "both", 2)
    assert both.leaves_of(0) is both.leaves_of(1)
    assert (both.leaves.choosers, both.actions) == ((0, 1), 2)
    assert continuation_limit(blueprint(), 1).leaves.choosers == ()
    names = [continuation_limit(blueprint(), count, chooser).leaves.name for count, chooser in ((1, "both"), (4, "opponent"), (10, "both"))]
    assert names == ["1 continuation", "4 continuations", "10 continuations of both players"]


def test_what_cannot_be_is_refused():
    with pytest.raises(ValueError, match=r"continuations must be 1 in liars_dice.*, which has no folds, calls and raises, got 4"):
        continuation_limit(uniform(case_of(DICE).tree), 4)
    assert continuation_limit(uniform(case_of(DICE).tree), 1).leaves.choosers == ()
    assert continuation_limit(uniform(case_of(KUHN).tree), 4).leaves.choosers == (1,)
    with pytest.raises(ValueError, match="chooser must be one of opponent, both, got 'me'"):
        continuation_limit(blueprint(), 4, "me")
    with pytest.raises(ValueError, match=r"choosers must be players, 0 or 1, got \[2\]"):
        Continuation(blueprint(), others(4), (2,))
    tree = case_of(LEDUC).tree
    inner = next(n for n in range(1, tree.num_nodes) if tree.player[n] not in (TERMINAL, -1))
    with pytest.raises(ValueError, match="strategy must cover the whole game, got one from public node"):
        Continuation(blueprint(), [blueprint().below(inner)], (1,))
