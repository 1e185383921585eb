"""The kernels around a value function of public belief states, against their naive twins."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from search.kernels import add_to_means, see_ranges, see_values, zero_sum_cfvs
from tests.naive import leaves as naive

pytestmark = pytest.mark.kernels

SHAPES = {"size": st.integers(0, 5), "first": st.integers(1, 6), "second": st.integers(1, 9), "seed": st.integers(0, 99)}


def drawn(size, first, second, seed):
    """Return chance's weights with impossible pairs, ranges with empty ones, and the generator."""
    rng = np.random.default_rng(seed)
    weights = rng.random((size, first, second)) * (rng.random((size, first, second)) < 0.8)
    ranges = tuple(rng.random((size, n)) * (rng.random((size, n)) < 0.7) for n in (first, second))
    return rng, weights, ranges


def columns(size, first, second, seed):
    """Return where the players' hands begin: at some leaves the second player's stand first."""
    swapped = np.random.default_rng(seed).random(size) < 0.5
    return np.stack([np.where(swapped, second, 0), np.where(swapped, 0, first)]).astype(np.uint32)


@settings(max_examples=30, deadline=None)
@given(**SHAPES, tremble=st.sampled_from([0.0, 0.02, 0.5]))
def test_what_a_value_function_sees_is_the_twins(size, first, second, seed, tremble):
    rng, weights, ranges = drawn(size, first, second, seed)
    live = tuple((rng.random(range_.shape) < 0.8).astype(np.float64) for range_ in ranges)
    for alive in live:
        alive[:, 0] = 1.0
    where, values = columns(size, first, second, seed), rng.normal(size=weights.shape)
    worth = where + np.uint32(first + second)
    features = np.full((size, 2 * (first + second)), np.nan, np.float32)
    for p in (0, 1):
        see_ranges(ranges[p], live[p], tremble, where[p], features)
    see_values(weights, values, where, worth, features)
    for b in range(size):
        shares = [naive.shares(ranges[p][b], live[p][b], tremble) for p in (0, 1)]
        for p in (0, 1):
            at, hands = where[p, b], len(shares[p])
            np.testing.assert_allclose(features[b, at : at + hands], shares[p], rtol=1e-6, atol=1e-9)
            expected = [naive.mean_value(p, h, weights[b], values[b], np.float32(shares[1 - p])) for h in range(hands)]
            np.testing.assert_allclose(features[b, worth[p, b] :][:hands], expected, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("player", [0, 1])
@settings(max_examples=30, deadline=None)
@given(**SHAPES)
def test_zero_sum_cfvs_are_the_twins(player, size, first, second, seed):
    rng, weights, ranges = drawn(size, first, second, seed)
    values, stakes = rng.normal(size=(size, first + second)).astype(np.float32), 9 * rng.random(size)
    where = columns(size, first, second, seed)
    cfvs = np.full_like(ranges[player], np.nan)
    assert zero_sum_cfvs(player, values, where, stakes, weights, *ranges, cfvs)
    for b in range(size):
        both = [values[b, where[p, b] :][: ranges[p].shape[1]] for p in (0, 1)]
        expected = naive.zero_sum_cfvs(player, both, stakes[b], weights[b], [range_[b] for range_ in ranges])
        np.testing.assert_allclose(cfvs[b], expected, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_values_that_are_no_numbers_are_told(bad):
    _, weights, ranges = drawn(3, 2, 2, 0)
    values = np.zeros((3, 4), np.float32)
    values[2, 3] = bad
    assert not zero_sum_cfvs(0, values, columns(3, 2, 2, 0), np.ones(3), weights, *ranges, np.zeros((3, 2)))


@pytest.mark.parametrize("player", [0, 1])
@settings(max_examples=20, deadline=None)
@given(**SHAPES)
def test_sums_over_iterations_are_the_twins(player, size, first, second, seed):
    rng, weights, ranges = drawn(size, first, second, seed)
    sums, cfvs = rng.random((2, size, (first, second)[player])), rng.normal(size=(size, (first, second)[player]))
    met = np.array([naive.cf_reach(player, weights[b], ranges[1 - player][b]) for b in range(size)]).reshape(cfvs.shape)
    expected = np.stack([0.7 * sums[0] + cfvs, 0.7 * sums[1] + met])
    add_to_means(player, sums, cfvs, weights, ranges[1 - player], 0.7)
    np.testing.assert_allclose(sums, expected, rtol=1e-12, atol=1e-15)
