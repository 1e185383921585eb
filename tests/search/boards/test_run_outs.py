"""The solver on samples of the cards to come: beside a naive twin, and beside the whole game."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from games.holdem.config import Spot
from games.holdem.run_outs import with_run_outs
from search import BoardSolver, memory_needed, variant
from tests.catalogue import UNEVEN, small
from tests.compiling import compiled
from tests.naive.holdem import SampledTwin
from tests.search.boards.test_holdem import close, interior

pytestmark = pytest.mark.kernels

DCFR = variant("dcfr")


def flop(ranges=UNEVEN, suits="cdh", board="QcKdAh"):
    """Return a flop with two streets of one card after it, from a deck of Q, K, A and J."""
    game = Spot(board=board, ranges=["full", "full"], pot=17, stack=23, bets="37%,a", raises="").build()
    deck = small([0, 1], ranks="JQKA", suits=suits)
    weights = small([0, 1], ranks="JQKA", suits=suits, ranges=ranges).weights
    return replace(game, deck=deck.deck, weights=weights)


@pytest.mark.parametrize(("board", "suits"), [("QcKdAh", "cdh"), ("QcKcAd", "cdhs"), ("QcKcAc", "cdhs")])
@pytest.mark.parametrize("counts", [(3, 3), (2, 20)])
def test_iterations_on_a_sample_are_those_of_the_naive_twin(board, suits, counts):
    """Suits that are alike share a board, whose weight is that of all its like."""
    game = with_run_outs(flop(board=board, suits=suits), counts, seed=3)
    solver = BoardSolver(game, DCFR, dtype=np.float64)
    twin = SampledTwin(game, DCFR, solver.tree)
    close(solver.exploitability(), twin.exploitability(), 1e-9)
    interior(solver, twin)
    for _ in range(2):
        solver.run(1)
        twin.iterate()
    close(solver.exploitability(), twin.exploitability(), 1e-9)
    close(solver.values()[0], twin.worth(0, False), 1e-9)
    close(solver.values()[1], twin.worth(1, False), 1e-9)


@compiled
def test_a_sample_of_all_cards_is_solved_as_the_whole_game_is_to_the_bit():
    game = flop(board="QcKcAd", suits="cdhs")
    whole, sampled = BoardSolver(game, DCFR), BoardSolver(with_run_outs(game, (13, 12)), DCFR)
    for solver in (whole, sampled):
        solver.run(20)
    for own, other in zip(whole.answer().average, sampled.answer().average, strict=True):
        np.testing.assert_array_equal(own, other)
    assert whole.exploitability() == sampled.exploitability()


@compiled
def test_values_of_a_strategy_are_those_of_the_whole_game_in_expectation():
    game = flop(board="QcKcAd", suits="cdhs")
    exact = BoardSolver(game, DCFR, dtype=np.float64).board_values(0).cfvs[0]
    sampled = [with_run_outs(game, (4, 3), seed) for seed in range(400)]
    found = [BoardSolver(one, DCFR, dtype=np.float64).board_values(0).cfvs[0] for one in sampled]
    mean, error = np.mean(found, axis=0), np.std(found, axis=0) / 20
    assert (np.abs(mean - exact) < 4.5 * error + 1e-12).all()
    assert error.max() > 0
    assert np.abs(found[0] - exact).max() > error.max()


def test_memory_of_a_sample_is_known_before():
    game = with_run_outs(flop(), (3, 3))
    solver = BoardSolver(game, DCFR)
    boards, needed = memory_needed(game, DCFR)
    assert boards == len(solver.tree.cards)
    assert solver.memory_bytes() <= needed
