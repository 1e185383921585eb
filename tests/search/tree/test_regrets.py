import numpy as np
import pytest

from search.tree.infostates import TreeInfostates
from tests.catalogue import DICE, KUHN, LEDUC, case_of
from tests.naive.histories import at_public_node
from tests.naive.regrets import instantaneous_regrets
from tests.naive.tables import random_strategy, to_policy


def tables_of(strategy):
    """Return both players' tables [H, R] of a strategy."""
    tables = [[table[:, : strategy.tree.num_hands(p)].T] for p, table in enumerate(strategy.tables)]
    return tables[0], tables[1]


@pytest.mark.parametrize("game", [KUHN, LEDUC, DICE])
@pytest.mark.parametrize("zeros", [0.0, 0.4])
def test_regrets_match_the_definition(game, zeros):
    case = case_of(game)
    tree = case.tree
    strategy = random_strategy(tree, np.random.default_rng(3), zeros=zeros)
    policy = to_policy(strategy, case.strings)
    for player in (0, 1):
        found = TreeInfostates(tree).sweep(tables_of(strategy), player)
        regrets, cf_reaches, reaches = instantaneous_regrets(case.root, case.strings, tree, strategy, policy, player)
        np.testing.assert_allclose(found.regret[0].T, np.concatenate(regrets), atol=1e-12)
        np.testing.assert_allclose(found.cf_reach[0].T, cf_reaches, atol=1e-14)
        np.testing.assert_allclose(found.reach[0].T, reaches, atol=1e-14)
        counts = [len(regret) for regret in regrets]
        row_reach = np.repeat(reaches, counts, axis=0) * tables_of(strategy)[player][0].T
        np.testing.assert_allclose(found.row_reach[0].T, row_reach, atol=1e-14)


@pytest.mark.parametrize("game", [KUHN, LEDUC, DICE, "leduc_poker(suit_isomorphism=true)"])
def test_chance_weights_are_those_of_the_histories(game):
    case = case_of(game)
    found = case.tree.chance_weights[case.tree.chance_of]
    for node in range(0, case.tree.num_nodes, 3):
        weights = np.zeros(case.tree.deal_weights.shape)
        for _, weight, hands in at_public_node(case.root, case.strings, case.tree, node):
            weights[hands] += weight
        np.testing.assert_allclose(found[node], weights, atol=1e-15)


def test_a_sweep_repeats_and_leaves_its_input_alone(leduc):
    strategy = random_strategy(leduc.tree, np.random.default_rng(4))
    before = [t.copy() for t in strategy.tables]
    infostates = TreeInfostates(leduc.tree)
    first = infostates.sweep(tables_of(strategy), 0)
    infostates.sweep(tables_of(random_strategy(leduc.tree, np.random.default_rng(5))), 1)
    again = infostates.sweep(tables_of(strategy), 0)
    for x, y in zip(first, again, strict=True):
        np.testing.assert_array_equal(x[0], y[0])
    for x, y in zip(before, strategy.tables, strict=True):
        np.testing.assert_array_equal(x, y)
