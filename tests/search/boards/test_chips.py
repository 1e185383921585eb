"""Spots in big blinds: a solve of small chips is that of the same spot in larger numbers."""

from __future__ import annotations

import numpy as np
import pytest

from agents.reporting.hand_grid import decision
from games.holdem.config import Spot
from search import BoardSolver, variant
from tests.compiling import compiled

pytestmark = [pytest.mark.kernels, compiled]

RANGES = ["QQ+,AKs,76s", "KK-JJ,ATs"]
SIZES = {"bets": "33%,75%,a", "raises": "60%,a", "ranges": RANGES}


def solved(**settings):
    solver = BoardSolver(Spot(**SIZES, **settings).build(), variant("default_holdem"))
    solver.run(30)
    return solver


@pytest.mark.parametrize("rake", [{}, {"rake": "5%", "rake_cap": 0.5}])
@pytest.mark.parametrize("board", ["Td9d6hQc4s", "Td9d6hQc"])
@pytest.mark.parametrize(("chip", "bets"), [(0.5, (2, 4)), (0.1, (1.8, 4.1))])
def test_a_spot_has_the_very_strategies_of_twice_the_chips(board, rake, chip, bets):
    """Halving every float changes none of their digits, so strategies are equal bit by bit and values are halves."""
    doubled = rake and rake | {"rake_cap": 1.0}
    small = solved(board=board, pot=5.5, stack=97.5, chip=chip, **rake)
    large = solved(board=board, pot=11, stack=195, min_bet=2, chip=2 * chip, **doubled)
    for own, other in zip(small.average, large.average, strict=True):
        np.testing.assert_array_equal(own, other)
    assert [2 * value for value in small.values()] == list(large.values())
    assert 2 * small.exploitability() == large.exploitability()
    assert 0 < small.exploitability() < 1
    row, twice = decision(small), decision(large)
    assert row["frequencies"] == twice["frequencies"]
    assert row["actions"] == ["check", *(f"bet {bet}" for bet in bets), "all-in 97.5"]
    assert twice["actions"] == ["check", *(f"bet {2 * bet}" for bet in bets), "all-in 195"]
    for hand, entry in row["hands"].items():
        assert entry["ev"] == pytest.approx(twice["hands"][hand]["ev"] / 2, abs=1e-9)


@pytest.mark.parametrize("board", ["Td9d6hQc4s", "Td9d6hQc"])
def test_a_strategy_is_worth_a_tenth_in_a_spot_of_tenths(board):
    """The same strategies, as good: a solve of its own takes other ones where actions tie, for a tenth of a float has other digits."""
    small = solved(board=board, pot=5.5, stack=97.5)
    large = solved(board=board, pot=55, stack=975, min_bet=10)
    for own, other in zip(small.average, large.average, strict=True):
        own[:] = other
    row, tenfold = decision(small), decision(large)
    assert row["actions"] == ["check", "bet 1.8", "bet 4.1", "all-in 97.5"]
    assert tenfold["actions"] == ["check", "bet 18", "bet 41", "all-in 975"]
    np.testing.assert_allclose([10 * value for value in small.values()], large.values(), atol=1e-5 * 55)
    assert 10 * small.exploitability() == pytest.approx(large.exploitability(), abs=1e-5 * 55)
    for hand, entry in row["hands"].items():
        assert 10 * entry["ev"] == pytest.approx(tenfold["hands"][hand]["ev"], abs=1e-4 * 55)
        assert entry["strategy"] == tenfold["hands"][hand]["strategy"]
