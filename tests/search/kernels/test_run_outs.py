"""Showdowns of ranges on many boards against the twin."""

from __future__ import annotations

import numpy as np
import pytest

from games.holdem.cards import CARDS, FULL_DECK, Deck, hands_apart, hole_hands
from games.kernels.evaluator import board_strengths
from search.kernels.equity import equity_space
from search.kernels.run_outs import showdown_matrix, showdown_sums
from tests.compiling import compiled
from tests.naive import run_outs as naive

pytestmark = pytest.mark.kernels
SMALL = Deck("TJQKA", "cdh")


def sums_of(boards, hands, first, second):
    wins, met = (np.ones((len(boards), first.shape[1]), first.dtype) for _ in range(2))
    sums = np.ones((CARDS + 1, first.shape[1]), first.dtype)
    showdown_sums(boards, hands, first, second, equity_space(len(hands), 1, 1), sums, wins, met)
    return wins, met


@pytest.mark.parametrize(("dtype", "error"), [(np.float64, 1e-12), (np.float32, 1e-5)])
@pytest.mark.parametrize(("shown", "lanes"), [(1, 1), (3, 3), (5, 2)])
def test_sums_are_those_of_the_twin(shown, lanes, dtype, error):
    rng, hands = np.random.default_rng(shown), hole_hands(SMALL)
    boards = np.array([rng.choice(SMALL.cards(), shown, replace=False) for _ in range(2)])
    first, second = (rng.random((len(hands), lanes)) * (rng.random((len(hands), lanes)) > 0.3) for _ in range(2))
    found = sums_of(boards, hands, first.astype(dtype), second.astype(dtype))
    for kernel, twin in zip(found, naive.showdown_sums(boards, hands, first, second), strict=True):
        np.testing.assert_allclose(kernel, twin, atol=error * np.abs(twin).max())


@pytest.mark.parametrize("shown", [1, 4, 5])
def test_the_matrix_is_that_of_the_twin(shown):
    rng, hands = np.random.default_rng(shown), hole_hands(SMALL)
    boards = np.array([rng.choice(SMALL.cards(), shown, replace=False) for _ in range(3)])
    wins = np.ones((len(hands), len(hands)), np.int32)
    showdown_matrix(boards, hands, np.zeros(len(hands), np.int32), wins)
    np.testing.assert_array_equal(wins, naive.showdown_matrix(boards, hands))


@compiled
def test_the_full_deck_agrees_with_all_pairs_compared():
    rng, hands = np.random.default_rng(0), hole_hands(FULL_DECK)
    boards = np.array([rng.choice(CARDS, 5, replace=False) for _ in range(3)], np.uint8)
    first, second = rng.random((2, len(hands), 2))
    wins, met = sums_of(boards, hands, first, second)
    for b, board in enumerate(boards.tolist()):
        power = board_strengths(board, hands).astype(np.int64)
        alive = power >= 0
        apart = hands_apart(hands) * alive[:, None] * alive
        sign = np.sign(power[:, None] - power) * apart
        np.testing.assert_allclose(wins[b], np.einsum("hk,hi,ik->k", first, sign, second), rtol=1e-9)
        np.testing.assert_allclose(met[b], np.einsum("hk,hi,ik->k", first, apart, second), rtol=1e-9)
