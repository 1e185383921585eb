import itertools

import numpy as np
import pytest

from games import TERMINAL
from search import check_strategy, full_ranges, uniform
from tests.naive.histories import at_public_node, random_policy
from tests.naive.tables import random_strategy, to_policy, to_strategy


def decisions(tree):
    return [int(i) for i in np.flatnonzero(tree.player >= 0)]


def test_uniform_takes_every_action(case):
    strategy = uniform(case.tree)
    check_strategy(strategy)
    for node in decisions(case.tree)[:200]:
        children = len(case.tree.children(node))
        at = strategy.at(node)
        assert at.shape == (children, case.tree.num_hands(int(case.tree.player[node])))
        np.testing.assert_array_equal(at, 1 / children)


def test_uniform_below_a_node_is_the_part_of_the_whole(leduc):
    for node in range(0, leduc.tree.num_nodes, 7):
        for x, y in zip(uniform(leduc.tree, node).tables, uniform(leduc.tree).below(node).tables, strict=True):
            np.testing.assert_array_equal(x, y)


def test_tables_and_information_states_are_one_to_one(leduc):
    policy = random_policy(leduc.root, np.random.default_rng(0))
    back = to_policy(to_strategy(leduc.tree, leduc.strings, policy), leduc.strings)
    assert back.keys() == policy.keys()
    assert all((back[name] == policy[name]).all() for name in policy)


def test_below_is_a_view_of_the_same_numbers(leduc):
    strategy = random_strategy(leduc.tree, np.random.default_rng(1))
    node = int(leduc.tree.children(0)[1])
    part = strategy.below(node)
    for inner in decisions(leduc.tree):
        assert part.covers(inner) == (node <= inner < leduc.tree.end[node])
        if part.covers(inner):
            np.testing.assert_array_equal(part.at(inner), strategy.at(inner))
            np.testing.assert_array_equal(part.below(inner).at(inner), strategy.at(inner))
    first = decisions(leduc.tree)[decisions(leduc.tree).index(node)]
    part.at(first)[:] = 0.25
    assert (strategy.at(first) == 0.25).all()


def test_what_the_span_does_not_cover_is_refused(leduc):
    node = leduc.tree.children(0)[1]
    part = random_strategy(leduc.tree, np.random.default_rng(1), node)
    with pytest.raises(ValueError, match=rf"node must be in {node}\.\.{leduc.tree.end[node] - 1}, got 0"):
        part.at(0)
    with pytest.raises(ValueError, match=rf"node must be in {node}\.\.{leduc.tree.end[node] - 1}, got 0"):
        part.below(0)
    with pytest.raises(ValueError, match=f"node must lie below node {node}"):
        part.ranges(0, full_ranges(leduc.tree))
    leaf = int(np.flatnonzero(leduc.tree.player == TERMINAL)[-1])
    with pytest.raises(ValueError, match="node must be a decision"):
        uniform(leduc.tree).at(leaf)


def test_ranges_are_the_product_of_own_probabilities(case):
    """Against the histories: the probability of a history is chance times both players' reach."""
    rng = np.random.default_rng(3)
    policy = random_policy(case.root, rng)
    strategy = to_strategy(case.tree, case.strings, policy)
    start = full_ranges(case.tree)
    nodes = rng.choice(np.flatnonzero(case.tree.player >= 0), size=8)
    for node in map(int, nodes):
        ranges = strategy.ranges(node, start)
        for p in (0, 1):
            expected = np.ones(case.tree.num_hands(p))
            path = case.tree.path(node)
            for above, here in itertools.pairwise(path):
                if case.tree.player[above] == p:
                    expected *= strategy.at(above)[case.tree.children(above).index(here)]
            np.testing.assert_allclose(ranges[p], expected, rtol=1e-14)
    assert all((r == 1).all() for r in start)  # not changed


def test_ranges_start_where_the_span_does(leduc):
    rng = np.random.default_rng(4)
    strategy = random_strategy(leduc.tree, rng)
    middle = leduc.tree.children(leduc.tree.children(0)[1])[1]
    inner = next(i for i in range(middle + 1, int(leduc.tree.end[middle])) if leduc.tree.player[i] == 1)
    start = full_ranges(leduc.tree)
    here = strategy.ranges(middle, start)
    for x, y in zip(strategy.below(middle).ranges(inner, here), strategy.ranges(inner, start), strict=True):
        np.testing.assert_allclose(x, y, rtol=1e-14)


def test_reach_and_chance_make_the_probability_of_a_public_node(leduc):
    rng = np.random.default_rng(5)
    strategy = random_strategy(leduc.tree, rng)
    leaves = np.flatnonzero(leduc.tree.player == TERMINAL)
    total = 0.0
    for leaf in map(int, leaves):
        ranges = strategy.ranges(leaf, full_ranges(leduc.tree))
        total += sum(w * ranges[0][h0] * ranges[1][h1] for _, w, (h0, h1) in at_public_node(leduc.root, leduc.strings, leduc.tree, leaf))
    assert total == pytest.approx(1, abs=1e-12)


def spoilt(tree, change):
    strategy = random_strategy(tree, np.random.default_rng(6))
    change(strategy)
    return strategy


def test_probabilities_are_checked(leduc):
    tree = leduc.tree
    node = next(i for i in decisions(tree) if tree.text(i) == "Call Call Chance outcome 2" or tree.round[i] == 1)

    def put(value):
        def change(strategy):
            strategy.at(node)[1, 2] = value

        return change

    where = f"at public node {tree.text(node)!r}"
    for value in (np.nan, np.inf, 3.0, -0.5):
        with pytest.raises(ValueError, match=r"^blueprint must be probabilities that sum to one at every decision") as refusal:
            check_strategy(spoilt(tree, put(value)), "blueprint")
        assert where in str(refusal.value)


def test_nan_is_called_nan(leduc):
    """Wherever it stands: first or last action, the whole game or one decision."""
    for node in (0, decisions(leduc.tree)[-1]):
        for action in (0, -1):
            strategy = random_strategy(leduc.tree, np.random.default_rng(6), node)
            strategy.at(node)[action, 0] = np.nan
            with pytest.raises(ValueError, match=f"got NaN at public node {leduc.tree.text(node)!r}"):
                check_strategy(strategy)


def test_a_negative_probability_is_called_so(leduc):
    strategy = random_strategy(leduc.tree, np.random.default_rng(6))
    strategy.at(0)[:, 0] = [1.5, -0.5]
    with pytest.raises(ValueError, match=r"got .*-0\.5.* at public node 'start'"):
        check_strategy(strategy)


def test_what_cannot_be_reached_in_the_padding_is_not_checked(leduc):
    strategy = random_strategy(leduc.tree, np.random.default_rng(6))
    for table in strategy.tables:
        table[:, 6:] = np.nan
    check_strategy(strategy)


def test_a_strategy_of_one_player_only(kuhn):
    """A subgame in which one player has nothing to decide."""
    node = decisions(kuhn.tree)[-1]
    strategy = uniform(kuhn.tree, node)
    assert {len(t) for t in strategy.tables} == {0, 2}
    check_strategy(strategy)
