"""The sweeps against their twins, on random trees, random subgames of them and random numbers in every array."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from search import cf_reach_at
from search.gadgets import TAGS
from search.kernels import (
    MAXMARGIN,
    UNSAFE,
    Choice,
    GadgetArrays,
    Side,
    begin_choice,
    evaluate,
    iterate,
    match_regrets,
    plain,
    propagate_reach,
    reach_of_choice,
    seed,
)
from search.tree.evaluator import span_of
from search.variants import VARIANTS, coefficients
from tests.naive import sweep as naive
from tests.naive.synthetic import random_game
from tests.naive.tables import random_range, random_strategy

pytestmark = pytest.mark.kernels

seeds = st.integers(0, 10**6)
hand_counts = st.tuples(st.sampled_from([1, 2, 3, 7, 8, 9, 11]), st.sampled_from([1, 2, 5, 8, 10]))


def tree_and_span(number, hands, max_nodes=30):
    """Return a random tree, a random subgame of it that is no terminal, and the generator."""
    tree = random_game(number, hands, max_nodes).tree
    rng = np.random.default_rng(number + 1)
    part = tree.subgame(int(rng.choice(np.flatnonzero(tree.player >= 0))))
    return tree, part, rng


def noise(tree, player, rng):
    return rng.normal(size=(tree.num_rows(player), tree.padded_hands(player)))


def rows_outside(tree, part, player, root_too=True):
    """Return the rows that a kernel must leave alone."""
    outside = np.ones(tree.num_rows(player), bool)
    outside[slice(*part.rows[player])] = False
    outside[part.root_row[player]] = not root_too
    return outside


@given(number=seeds, hands=hand_counts, player=st.integers(0, 1))
def test_reach(number, hands, player):
    tree, part, rng = tree_and_span(number, hands)
    sequences = tree.sequences[player]
    strategy, reach = noise(tree, player, rng), noise(tree, player, rng)
    before = reach.copy()
    propagate_reach(sequences.first_row, sequences.parent_row, span_of(part, player), strategy, reach)
    expected = naive.reach(sequences, strategy, part.root_row[player], before[part.root_row[player]], part.decisions[player])
    assert set(expected) == {part.root_row[player], *range(*part.rows[player])}
    for row, values in expected.items():
        np.testing.assert_allclose(reach[row], values, rtol=1e-12)
    outside = rows_outside(tree, part, player, root_too=False) | (np.arange(len(reach)) == part.root_row[player])
    np.testing.assert_array_equal(reach[outside], before[outside])


@given(number=seeds, hands=hand_counts, player=st.integers(0, 1), zeros=st.sampled_from([0.0, 0.5, 1.0]))
def test_regret_matching(number, hands, player, zeros):
    tree, part, rng = tree_and_span(number, hands)
    sequences = tree.sequences[player]
    regret = noise(tree, player, rng)
    regret[rng.random(regret.shape) < zeros] = rng.choice([0.0, -0.0, -1.0])
    strategy = noise(tree, player, rng)
    expected = naive.matched(sequences, regret, strategy, part.decisions[player])
    before = regret.copy()
    match_regrets(sequences.first_row, span_of(part, player), regret, strategy)
    np.testing.assert_allclose(strategy, expected, rtol=1e-12)
    np.testing.assert_array_equal(regret, before)


@pytest.mark.parametrize("size", [1e-300, 1e-308, 1e-310, 5e-324])
def test_regrets_next_to_nothing_are_matched(size):
    """Public states that a range hardly reaches have regrets and averages whose sum has no finite reciprocal."""
    tree = random_game(6, (2, 3)).tree
    sequences, part = tree.sequences[0], tree.subgame(0)
    regret = np.zeros((tree.num_rows(0), 8))
    regret[2] = size
    regret[3] = -size
    strategy = np.full_like(regret, np.nan)
    match_regrets(sequences.first_row, span_of(part, 0), regret, strategy)
    expected = naive.matched(sequences, regret, strategy, part.decisions[0])
    np.testing.assert_allclose(strategy[1:], expected[1:])


@given(number=seeds, player=st.integers(0, 1))
def test_an_average_is_normalised_and_uniform_where_the_player_never_comes(number, player):
    tree, part, rng = tree_and_span(number, (3, 9))
    sequences = tree.sequences[player]
    total = np.abs(noise(tree, player, rng)) * 10.0 ** rng.integers(-12, 12, size=(tree.num_rows(player), 1))
    for k in range(*part.decisions[player]):
        total[list(naive.rows_of(sequences, k)), 0] = 0.0
    policy = np.zeros_like(total)
    match_regrets(sequences.first_row, span_of(part, player), total, policy)
    for k in range(*part.decisions[player]):
        rows = list(naive.rows_of(sequences, k))
        np.testing.assert_allclose(policy[rows].sum(axis=0), 1.0, rtol=1e-12)
        np.testing.assert_allclose(policy[rows, 0], 1 / len(rows), rtol=1e-12)
        np.testing.assert_allclose(policy[rows, 1:], total[rows, 1:] / total[rows, 1:].sum(axis=0), rtol=1e-12)


@given(number=seeds, hands=hand_counts, player=st.integers(0, 1), best=st.booleans(), scale=st.sampled_from([1e-20, 1.0]))
def test_values(number, hands, player, best, scale):
    tree, part, rng = tree_and_span(number, hands)
    sequences, terminals = tree.sequences[player], tree.terminals[player]
    other_reach = np.abs(noise(tree, 1 - player, rng)) * (rng.random((tree.num_rows(1 - player), 1)) > 0.3) * scale
    policy, cfv = noise(tree, player, rng), noise(tree, player, rng)
    before = cfv.copy()
    evaluate(sequences.first_row, sequences.parent_row, plain(terminals), span_of(part, player), other_reach, policy, best, cfv)
    leaf = naive.terminal_values(terminals, *part.terminals, other_reach, np.zeros_like(cfv))
    expected = naive.values(sequences, leaf, part.root_row[player], part.decisions[player], None if best else policy)
    for row, values in expected.items():
        np.testing.assert_allclose(cfv[row], values, rtol=1e-11, atol=1e-11 * scale)
    outside = rows_outside(tree, part, player)
    np.testing.assert_array_equal(cfv[outside], before[outside])


def test_a_reach_that_is_not_a_number_shows():
    tree = random_game(4, (3, 3)).tree
    other_reach = np.full((tree.num_rows(1), 8), np.nan)
    cfv = np.zeros((tree.num_rows(0), 8))
    part = tree.subgame(0)
    sequences = tree.sequences[0]
    span, terminals = span_of(part, 0), plain(tree.terminals[0])
    evaluate(sequences.first_row, sequences.parent_row, terminals, span, other_reach, cfv.copy(), False, cfv)
    assert np.isnan(cfv[0, :3]).all()


class Arrays:
    """Both players' arrays for ``iterate`` and its twin."""

    def __init__(self, tree, part, rng, gadget_player=None, kind="resolve"):
        self.tree, self.part, self.kind = tree, part, kind
        start = random_strategy(tree, rng, part.node)
        self.sides = []
        for p in (0, 1):
            rows = [noise(tree, p, rng) for _ in range(5)]  # garbage wherever the subgame does not reach
            side = Side(tree.sequences[p].first_row, tree.sequences[p].parent_row, tree.terminals[p], *rows)
            lo, hi = part.rows[p]
            side.regret[lo:hi] = side.average[lo:hi] = 0.0
            side.strategy[lo:hi] = start.tables[p]
            root = side.reach[part.root_row[p]]
            root[:] = 0.0
            root[: tree.num_hands(p)] = random_range(rng, tree.num_hands(p))
            self.sides.append(side)
        player = gadget_player or 0
        hands, other = tree.num_hands(player), tree.num_hands(1 - player)
        block = rng.normal(size=(len(GadgetArrays._fields), tree.padded_hands(player), 1))
        self.gadget = Choice(UNSAFE if gadget_player is None else TAGS[kind], player, block)
        self.arrays = GadgetArrays(*block)
        self.arrays.spread[:] = 0  # test_gadget_kernel.py has bounds that are distributions
        self.arrays.cf_reach[:] = self.arrays.bound[:] = self.arrays.model[:] = 0.0
        own = self.sides[1 - player].reach[part.root_row[1 - player], :other]
        self.arrays.cf_reach[:hands, 0] = cf_reach_at(tree, part.node, player, own)
        self.arrays.bound[:hands, 0] = rng.normal(size=hands) * 0.1
        self.arrays.model[:hands, 0] = np.minimum(random_range(rng, hands), 1.0)
        if gadget_player is not None:
            begin_choice(plain(self.gadget), self.sides[player].reach[part.root_row[player]])
        for p, side in enumerate(self.sides):
            propagate_reach(side.first_row, side.parent_row, span_of(part, p), side.strategy, side.reach)

    def spans(self):
        return span_of(self.part, 0), span_of(self.part, 1)

    def copies(self):
        return [[x.copy() for x in side[3:]] for side in self.sides], GadgetArrays(*self.gadget.arrays.copy())

    def iterate(self, weights, begin, end):
        iterate(*(plain(side) for side in self.sides), *self.spans(), plain(self.gadget), weights, begin, end)


def assert_matched(strategy, basis, rows):
    """The rows of a decision are regret matching of ``basis``; where that is discontinuous (no sum to speak of), some probabilities."""
    for h in range(strategy.shape[1]):
        found = strategy[rows, h]
        if np.maximum(basis[rows, h], 0).sum() > 1e-6:
            np.testing.assert_allclose(found, naive.regret_matching(basis[rows, h]), rtol=0, atol=1e-9)
        else:
            assert found.sum() == pytest.approx(1, abs=1e-12)
            assert (found >= 0).all()


def check_iteration(arrays, weights, t):
    """Run iteration t and compare each player's half with its twin, from the arrays as the kernel had them before that half."""
    tree, part, gadget = arrays.tree, arrays.part, arrays.gadget
    before, gadget_before = arrays.copies()
    arrays.iterate(weights, t, t + 1)
    other_reach = before[1][3]
    for p, side in enumerate(arrays.sides):
        sequences, root, inside = tree.sequences[p], part.root_row[p], slice(*part.rows[p])
        leaf = naive.terminal_values(tree.terminals[p], *part.terminals, other_reach, np.zeros_like(side.cfv))
        half = naive.half_iteration(sequences, leaf, root, part.decisions[p], before[p][:3], before[p][3], weights[t])
        for found, expected in zip((side.regret, side.average), (half.regret, half.average), strict=True):
            np.testing.assert_allclose(found[inside], expected[inside], rtol=1e-9, atol=1e-12)
        for k in range(*part.decisions[p]):
            assert_matched(side.strategy, half.basis, list(naive.rows_of(sequences, k)))
        follow = before[p][3][root]
        if gadget.kind != UNSAFE and gadget.player == p:
            follow = check_choice(arrays, gadget_before, half.cfv[root], weights[t])
        for row, values in naive.reach(sequences, side.strategy, root, follow, part.decisions[p]).items():
            np.testing.assert_allclose(side.reach[row], values, rtol=1e-12, atol=1e-300)
        outside = rows_outside(tree, part, p)
        for found, old in zip(side[3:], before[p], strict=True):
            np.testing.assert_array_equal(found[outside], old[outside])
        assert not side.regret[inside, tree.num_hands(p) :].any()  # padding never has regret
        other_reach = side.reach  # player 1 already meets player 0's new strategy
    for field in ("bound", "cf_reach", "model"):
        np.testing.assert_array_equal(getattr(arrays.arrays, field), getattr(gadget_before, field))


def check_choice(arrays, before, cfv, weights):
    """Compare the choice above the root with its twin's; return the reach that follows from it."""
    now, cf_reach = GadgetArrays(*(x[:, 0] for x in arrays.arrays)), before.cf_reach[:, 0]
    old = GadgetArrays(*(x[:, 0] for x in before))
    if arrays.gadget.kind == MAXMARGIN:
        alive = cf_reach > 0
        worth = (cfv - old.bound) / np.where(alive, cf_reach, 1.0)
        regret, average, basis = naive.margins(worth, cf_reach, (old.follow, old.chosen, old.choice), weights)
        np.testing.assert_allclose(now.follow, regret, rtol=1e-9, atol=1e-10)
        np.testing.assert_allclose(now.chosen, average, rtol=1e-9, atol=1e-12)
        if alive.any():
            assert_matched(now.choice[:, None], basis[:, None], np.flatnonzero(alive))
    else:
        # One more decision with two actions, which every hand reaches with probability one.
        regret, chosen, choice = ([x, y] for x, y in ((old.follow, old.stop), (old.chosen, 0 * old.chosen), (old.choice, 1 - old.choice)))
        expected = naive.choice(np.array([cfv, old.bound]), (np.array(regret), np.array(chosen), np.array(choice)), weights)
        np.testing.assert_allclose([now.follow, now.stop], expected[0], rtol=1e-9, atol=1e-12)
        np.testing.assert_allclose(now.chosen, expected[1][0], rtol=1e-9, atol=1e-12)
        assert_matched(np.array([now.choice, 1 - now.choice]), expected[2], [0, 1])
    reach = naive.entering(arrays.kind, now.choice, cf_reach, old.model)
    root = arrays.sides[arrays.gadget.player].reach[arrays.part.root_row[arrays.gadget.player]]
    np.testing.assert_allclose(root, reach, rtol=1e-12, atol=1e-300)
    return reach


@pytest.mark.parametrize("kind", ["resolve", "refined", "maxmargin", "combined"])
@given(number=seeds, hands=hand_counts, player=st.integers(0, 1))
def test_the_first_choice_is_between_equals(kind, number, hands, player):
    tree, part, rng = tree_and_span(number, hands, max_nodes=18)
    arrays = Arrays(tree, part, rng, player, kind)
    found, cf_reach = arrays.arrays, arrays.arrays.cf_reach[:, 0]
    for learnt in (found.follow, found.stop, found.chosen):
        assert not learnt.any()
    np.testing.assert_array_equal(found.choice, 0.5 if kind != "maxmargin" else 1 / max(1, np.count_nonzero(cf_reach)))
    expected = naive.entering(kind, found.choice[:, 0], cf_reach, found.model[:, 0])
    root = arrays.sides[player].reach[part.root_row[player]]
    np.testing.assert_allclose(root, expected, rtol=1e-12)
    choice, row = rng.random(len(root)), np.full(len(root), np.nan)
    reach_of_choice(plain(arrays.gadget), choice, row)
    np.testing.assert_allclose(row, naive.entering(kind, choice, cf_reach, found.model[:, 0]), rtol=1e-12)
    np.testing.assert_array_equal(root, arrays.sides[player].reach[part.root_row[player]])


@pytest.mark.parametrize("name", VARIANTS)
@given(
    number=seeds,
    hands=hand_counts,
    gadget_player=st.sampled_from([None, 0, 1]),
    kind=st.sampled_from(["resolve", "refined", "maxmargin", "combined"]),
)
def test_iterations(name, number, hands, gadget_player, kind):
    tree, part, rng = tree_and_span(number, hands, max_nodes=18)
    arrays = Arrays(tree, part, rng, gadget_player, kind)
    for t in range(3):
        check_iteration(arrays, coefficients(VARIANTS[name]), t)


factors = st.just(0.0) | st.floats(1e-6, 1)


@given(number=seeds, weights=st.lists(st.tuples(factors, factors, factors, st.sampled_from([0.0, 0.5, 1.0])), min_size=1, max_size=3))
def test_any_coefficients(number, weights):
    """Not only the rows of today's table."""
    tree, part, rng = tree_and_span(number, (3, 3), max_nodes=15)
    arrays = Arrays(tree, part, rng)
    table = np.array(weights)
    table.flags.writeable = False  # as `coefficients` gives them: another type would be another compilation
    for t in range(len(table)):
        check_iteration(arrays, table, t)


@pytest.mark.parametrize("name", ["cfr_plus", "dcfr", "pcfr_plus"])
@given(number=seeds, gadget_player=st.sampled_from([None, 0, 1]))
def test_slices_of_iterations_are_the_same_bits(name, number, gadget_player):
    tree, part, _ = tree_and_span(number, (3, 9), max_nodes=18)
    whole, cut = (Arrays(tree, part, np.random.default_rng(number), gadget_player) for _ in range(2))
    weights = coefficients(VARIANTS[name])
    whole.iterate(weights, 0, 5)
    cut.iterate(weights, 0, 2)
    cut.iterate(weights, 2, 2)
    cut.iterate(weights, 2, 5)
    for x, y in zip([a for side in whole.sides for a in side[3:]], [a for side in cut.sides for a in side[3:]], strict=True):
        np.testing.assert_array_equal(x, y)


@given(number=seeds, hands=hand_counts, counts=st.tuples(st.floats(0.5, 1e4), st.floats(0.5, 1e4)))
def test_a_warm_start_seeds_regrets_and_average(number, hands, counts):
    """Average = count * reach * strategy; regret = sqrt(iterations) * spread of cfvs * strategy, so the strategy is a fixed point.

    Two rows of each player lead to leaves, too, whose cfvs are given.
    """
    tree, part, rng = tree_and_span(number, hands, max_nodes=18)
    arrays = Arrays(tree, part, rng)
    before, _ = arrays.copies()
    for p, side in enumerate(arrays.sides):
        sequences, root, inside = tree.sequences[p], part.root_row[p], slice(*part.rows[p])
        other_reach = arrays.sides[1 - p].reach
        rows = rng.integers(*part.rows[p], 2).astype(np.uint32) if np.diff(part.rows[p]) else np.zeros(0, np.uint32)
        cfvs = rng.normal(size=(len(rows), side.cfv.shape[1]))
        seed(plain(side), other_reach, arrays.spans()[p], rows, cfvs, *counts)
        leaf = naive.terminal_values(tree.terminals[p], *part.terminals, other_reach, np.zeros_like(side.cfv))
        np.add.at(leaf, rows, cfvs)
        cfv = naive.values(sequences, leaf, root, part.decisions[p], side.strategy)
        for k in range(*part.decisions[p]):
            rows = list(naive.rows_of(sequences, k))
            spread = np.ptp([cfv[r] for r in rows], axis=0)
            for r in rows:
                average = counts[1] * side.reach[sequences.parent_row[k]] * side.strategy[r]
                np.testing.assert_allclose(side.average[r], average, rtol=1e-12)
                np.testing.assert_allclose(side.regret[r], np.sqrt(counts[0]) * spread * side.strategy[r], rtol=1e-9, atol=1e-11)
        outside = rows_outside(tree, part, p)
        for found, old in zip(side[3:], before[p], strict=True):
            np.testing.assert_array_equal(found[outside], old[outside])
        np.testing.assert_array_equal(side.strategy[inside], before[p][2][inside])
