"""Boards that are drawn: how often, and that what is learned from them is right on average."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from search.board_sampling import BoardSampler
from tests.catalogue import LEDUC
from tests.learners import HOLDEM, infostates_of
from tests.strategies import random_tables

# 0 is above 1 and 2; 1 is above 3 (chance 1/2) and 4 (1/4); 2 is above 5 (1/4).
UNEVEN_BOARDS = BoardSampler(np.array([-1, 0, 0, 1, 1, 2]), np.array([9.0, 9.0, 9.0, 2.0, 1.0, 1.0]))


class Fixed:
    """A generator whose one number is known."""

    def __init__(self, number):
        self.number = number

    def random(self):
        return self.number


def test_a_board_counts_by_how_often_it_was_drawn():
    assert UNEVEN_BOARDS.boards == 3
    np.testing.assert_allclose(UNEVEN_BOARDS.draw(1, Fixed(0.3)), [1, 4 / 3, 0, 2, 0, 0])
    np.testing.assert_allclose(UNEVEN_BOARDS.draw(1, Fixed(0.8)), [1, 0, 4, 0, 0, 4])
    np.testing.assert_allclose(UNEVEN_BOARDS.draw(2, Fixed(0.8)), [1, 2 / 3, 2, 1, 0, 2])


def test_a_multiple_of_all_boards_is_all_of_them():
    for seed in range(5):
        np.testing.assert_allclose(UNEVEN_BOARDS.draw(4, np.random.default_rng(seed)), 1)


@pytest.mark.parametrize("count", [1, 3])
def test_the_mean_ratio_is_one(count):
    steps = 600  # the one random number at equal distances: means are exact
    ratios = [UNEVEN_BOARDS.draw(count, Fixed((i + 0.5) / steps)) for i in range(steps)]
    np.testing.assert_allclose(np.mean(ratios, axis=0), 1, rtol=1e-12)


@pytest.mark.parametrize(("name", "count"), [(LEDUC, 1), (LEDUC, 4), (HOLDEM, 1), (HOLDEM, 3)])
def test_the_mean_over_draws_is_the_sweep_of_all_boards(name, count):
    infostates = infostates_of(name)
    tables, sampler = random_tables(infostates, 1), infostates.sampler
    # Between two of these places of the first draw, the boards that are drawn stay the same: each is weighted by how far they are apart.
    edges = np.unique(np.concatenate([[0.0, 1.0], (sampler._ends * count) % 1.0]).round(12))
    for player in (0, 1):
        whole, sums = infostates.sweep(tables, player), None
        for low, high in itertools.pairwise(edges):
            drawn = infostates.sweep(tables, player, sampler.draw(count, Fixed((low + high) / 2)))
            parts = [[(high - low) * table for table in tables_of] for tables_of in drawn]
            sums = parts if sums is None else [[x + y for x, y in zip(*pair, strict=True)] for pair in zip(sums, parts, strict=True)]
        again = infostates.sweep(tables, player)
        for all_, mean, after in zip(whole, sums, again, strict=True):
            for x, y, z in zip(all_, mean, after, strict=True):
                np.testing.assert_allclose(y, x, rtol=1e-4, atol=1e-5 * np.abs(x).max())
                np.testing.assert_array_equal(z, x)


@pytest.mark.parametrize("name", [LEDUC, HOLDEM])
def test_what_was_not_drawn_is_zero(name):
    infostates = infostates_of(name)
    tables = random_tables(infostates, 2)
    drawn = infostates.sweep(tables, 0, infostates.sampler.draw(1, np.random.default_rng(0)))
    last = [tables_of[-1] for tables_of in drawn]  # of the last block: the last street, or all of a tree
    whole = [tables_of[-1] for tables_of in infostates.sweep(tables, 0)]
    for x, y in zip(last, whole, strict=True):
        assert 0 < np.count_nonzero(x) < 0.7 * np.count_nonzero(y)


@pytest.mark.parametrize("name", [LEDUC, HOLDEM])
def test_deals_are_what_cf_reach_is_when_the_opponent_comes_everywhere(name):
    infostates = infostates_of(name)
    for p in (0, 1):
        always = [[np.ones_like(table) for table in tables] for tables in random_tables(infostates, 3)]
        for deals, cf_reach in zip(infostates.deals(p), infostates.sweep((always[0], always[1]), p).cf_reach, strict=True):
            np.testing.assert_allclose(deals, cf_reach, rtol=1e-6, atol=1e-12)
