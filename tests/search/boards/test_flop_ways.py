"""Ways to think about a flop."""

from __future__ import annotations

import math

import numpy as np
import pytest

from games.holdem.board_tree import board_tree, game_size
from games.holdem.config import Spot
from search import BoardSolver, variant
from search.boards.flop_ways import COUNTS, ITERATIONS, counts_for, first_street_of, game_of_way, most_of_way
from tests.compiling import compiled
from tests.search.boards.test_run_outs import flop

pytestmark = [pytest.mark.kernels, compiled]

DCFR = variant("default_holdem")


@pytest.mark.parametrize("way", ["to_end", "runouts"])
@pytest.mark.parametrize("storage", [np.float32, np.float16])
def test_an_answer_is_the_first_street_of_what_was_solved(way, storage):
    game = flop(board="QcKcAd", suits="cdhs")
    solver = BoardSolver(game_of_way(game, way, (3, 4)), DCFR, storage=storage)
    solver.run(10)
    whole = solver.answer()
    answer = first_street_of(whole)
    decisions = np.flatnonzero((game.bets.player >= 0) & (game.bets.round == 0)).tolist()
    assert len(decisions) > 3
    for node in decisions:
        state = game.state_at(node, game.root.cards)
        np.testing.assert_array_equal(answer.at(state), whole.at(state))
    solver.run(10)  # the answer is a copy
    assert not np.array_equal(answer.average[0], solver.answer().average[0][: len(answer.average[0])])


def test_an_answer_has_no_state_behind_its_street():
    game = flop()
    solver = BoardSolver(game_of_way(game, "runouts", (3, 4)), DCFR)
    solver.run(2)
    answer, state = first_street_of(solver.answer()), game.root
    for _ in range(2):
        state = game.child(state, game.actions(state)[0])
    assert answer.game.locate(state) is not None
    assert answer.game.locate(game.revealed(state, "Jc")) is None


def test_to_end_is_the_game():
    assert game_of_way(flop(), "to_end") == flop()


def test_an_unknown_way_is_refused():
    with pytest.raises(ValueError, match=r"^flop must be one of to_end, runouts, got 'turns'$"):
        game_of_way(flop(), "turns")


def test_a_sample_has_as_many_rivers_as_the_time_allows():
    game = Spot(board="Ks8h3d", ranges=["full", "full"], pot=20, stack=90, bets="50%", raises="").build()
    rows = [sum(game_size(game_of_way(game, "runouts", (49, rivers))).rows) for rivers in range(1, 25)]
    found = [counts_for(game, seconds, 1e-8) for seconds in (0.01, ITERATIONS * 1.001e-8 * rows[6], 1e6)]
    assert found == [(49, 2), (49, 7), (49, 24)]
    assert counts_for(game, math.inf, 1e-8) == counts_for(game, 1.0, 0.0) == COUNTS
    assert counts_for(Spot(board="Ks8h3d7c", ranges=["full", "full"]).build(), 1.0, 1e-8) == COUNTS[:1]
    assert len(board_tree(most_of_way(game, "runouts")).cards) == 1 + 49 + 49 * 24
