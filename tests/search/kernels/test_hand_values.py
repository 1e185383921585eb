"""A small network's values of leaves beside their naive twin."""

from itertools import pairwise

import numpy as np
import pytest

from games.holdem.cards import hole_hands
from search.kernels.hand_values import hand_cfvs
from tests.catalogue import small
from tests.naive.hand_values import cfvs as naive_cfvs

pytestmark = pytest.mark.kernels
DECK = small([0, 1]).deck
HANDS = hole_hands(DECK)


def some(leaves, seed=0, hidden=(7,)):
    """Return what a call takes, but for the player, where some hands hold a public card and some ranges are empty."""
    rng, count = np.random.default_rng(seed), len(HANDS)
    card = DECK.cards()[2]
    live = (~(card == HANDS).any(axis=1)).astype(np.float64)
    reach = [rng.random((leaves, count)) ** 3 * live for _ in (0, 1)]
    equity = rng.normal(size=(count, count))
    widths = [3 + 4 * count, *hidden, 2 * count]
    layers = tuple((rng.normal(size=(a, b)).astype(np.float32), rng.normal(size=b).astype(np.float32)) for a, b in pairwise(widths))
    rows = np.zeros((leaves, widths[0]), np.float32)
    rows[:, :3] = rng.normal(size=(leaves, 3))
    return reach, live, equity - equity.T, rng.uniform(1, 9, leaves), rows, layers


def called(player, reach, live, equity, paid, rows, layers, tremble=0.05):
    low, high = np.ascontiguousarray(HANDS.T)
    deck = low, high, np.array([int(HANDS.max()) + 1])
    apart = np.array([[not set(a) & set(b) for b in HANDS.tolist()] for a in HANDS.tolist()]) * live * live[:, None]
    outs = tuple(np.zeros((len(rows), len(bias)), np.float32) for _, bias in layers)
    out, work = np.empty(reach[0].shape), np.zeros((2, *reach[0].shape))
    other = np.ascontiguousarray((equity * apart).T, np.float32)
    hand_cfvs(player, reach[0], reach[1], live, deck, other, paid, tremble, rows.copy(), layers, outs, work, out)
    return out


@pytest.mark.parametrize("player", [0, 1])
@pytest.mark.parametrize("hidden", [(), (7,), (5, 6)])
def test_values_of_a_network_are_those_of_the_twin(player, hidden):
    reach, live, equity, paid, rows, layers = some(3, hidden=hidden)
    expected = naive_cfvs(player, reach, live, HANDS, equity, paid, 0.05, rows, layers)
    np.testing.assert_allclose(called(player, reach, live, equity, paid, rows, layers), expected, rtol=2e-4, atol=2e-4)


def test_both_players_values_add_up_to_nothing():
    reach, live, equity, paid, rows, layers = some(4, seed=1)
    total = sum((called(p, reach, live, equity, paid, rows, layers) * reach[p]).sum(axis=1) for p in (0, 1))
    np.testing.assert_allclose(total, 0, atol=2e-3)


@pytest.mark.parametrize("empty", [(0,), (1,), (0, 1)])
def test_an_empty_range_makes_no_values_that_are_no_numbers(empty):
    reach, live, equity, paid, rows, layers = some(2, seed=2)
    for p in empty:
        reach[p][1] = 0
    for player in (0, 1):
        found = called(player, reach, live, equity, paid, rows, layers)
        assert np.isfinite(found).all()
        if 1 - player in empty:
            assert (found[1] == 0).all()
