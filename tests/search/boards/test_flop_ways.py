"""Ways to think about a flop."""

from __future__ import annotations

import numpy as np
import pytest

from search import BoardSolver, variant
from search.boards.flop_ways import first_street_of, flop_solver, game_of_way
from tests.compiling import compiled
from tests.search.boards.test_river_draws import flop

pytestmark = [pytest.mark.kernels, compiled]

DCFR = variant("default_holdem")


@pytest.mark.parametrize("way", ["to_end", "runouts"])
def test_an_answer_is_the_first_street_of_what_was_solved(way):
    game = flop(board="QcKcAd", suits="cdhs")
    solver = flop_solver(game_of_way(game, way), way, DCFR)
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
    solver = BoardSolver(game_of_way(game, "runouts"), DCFR)
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
