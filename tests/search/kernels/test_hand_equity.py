"""Showdowns of each hand against ranges on many boards against the twin."""

from __future__ import annotations

import numpy as np
import pytest

from games.holdem.cards import CARDS, Deck, hole_hands
from search.kernels.equity import equity_space
from search.kernels.hand_equity import showdown_by_hand
from tests.naive import run_outs as naive

pytestmark = pytest.mark.kernels
SMALL = Deck("TJQKA", "cdh")


@pytest.mark.parametrize(("shown", "lanes"), [(1, 1), (3, 3), (5, 2)])
def test_sums_by_hand_are_those_of_the_twin(shown, lanes):
    rng, hands = np.random.default_rng(shown), hole_hands(SMALL)
    boards = np.array([rng.choice(SMALL.cards(), shown, replace=False) for _ in range(3)])
    reach = rng.random((len(hands), lanes)) * (rng.random((len(hands), lanes)) > 0.3)
    wins, met = np.ones_like(reach), np.ones_like(reach)
    showdown_by_hand(boards, hands, reach, equity_space(len(hands), 1, 1), np.ones((CARDS + 1, lanes)), wins, met)
    for kernel, twin in zip((wins, met), naive.showdown_by_hand(boards, hands, reach), strict=True):
        np.testing.assert_allclose(kernel, twin, atol=1e-12 * np.abs(twin).max())
