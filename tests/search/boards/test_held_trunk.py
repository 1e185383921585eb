"""What a first street that is held fast costs, beside a naive twin."""

from __future__ import annotations

import numpy as np
import pytest

from search import BoardSolver, variant
from search.boards.flop_ways import game_of_way
from search.boards.held_trunk import HeldTrunk
from tests.catalogue import TINY
from tests.compiling import compiled
from tests.naive.holdem import Twin
from tests.search.boards.test_river_draws import flop

pytestmark = [pytest.mark.kernels, compiled]

DCFR = variant("default_holdem")
GAMES = {"flop": flop(), "flop with suits alike": flop(board="QcKcAd", suits="cdhs"), "one-card flop": TINY["one-card flop"]}


def uneven(game):
    """Return a strategy of a first street that no solver would find."""

    def trunk(state):
        count = len(game.actions(state))
        shares = 1.0 + (np.arange(count)[:, None] + game.hands.max(axis=1) // 4) % 3
        return shares / shares.sum(axis=0)

    return trunk


def sums_of(solver, twin):
    """Give the twin a solver's averages, as they are stored, at every decision that it comes to."""
    answer = solver.answer()
    twin.iterate()
    twin.average = {(node, cards): answer.sums(node, cards) for node, cards in twin.average}


def least(twin, seat):
    """Return what a seat has at best that plays its average on the first street, against the other seat's average."""
    twin.now, first = twin.average, twin.game.root.betting.round

    def value(node, cards, values, own):
        held = twin.bets.round[node] == first
        return (twin.strategy(node, cards, twin.average) * values).sum(axis=0) if held else values.max(axis=0)

    cfvs = twin.walk(0, twin.start, seat, twin.game.ranges[1 - seat], twin.game.ranges[seat], value)
    return float(cfvs @ twin.game.ranges[seat]) / twin.game.deal_mass


@pytest.mark.parametrize("name", GAMES)
@pytest.mark.parametrize("seat", [0, 1])
def test_bounds_are_those_of_the_naive_twin(name, seat):
    game = GAMES[name]
    held, twin = HeldTrunk(BoardSolver(game, DCFR, dtype=np.float64), seat, uneven(game)), Twin(game, DCFR)
    held.run(2)
    bounds = held.bounds()
    sums_of(held.solver, twin)
    assert bounds.high == pytest.approx(twin.worth(1 - seat, True), abs=1e-9)
    assert bounds.low == pytest.approx(-least(twin, seat), abs=1e-9)


@pytest.mark.parametrize("name", GAMES)
@pytest.mark.parametrize("seat", [0, 1])
def test_the_trunk_is_played_and_bounds_close_on_more_than_the_games_value(name, seat):
    game, trunk = GAMES[name], uneven(GAMES[name])
    free = BoardSolver(game, DCFR, dtype=np.float64)
    free.run(400)
    error = free.exploitability()
    held = HeldTrunk(BoardSolver(game, DCFR, dtype=np.float64), seat, trunk)
    held.run(400)
    bounds = held.bounds()
    assert bounds.low <= bounds.high + 1e-9
    assert bounds.high - bounds.low < 0.004 * game.pot
    assert bounds.high > free.values()[1 - seat] + 2 * error
    for node in np.flatnonzero((game.bets.player == seat) & (game.bets.round == 0)).tolist():
        state = game.state_at(node, held.solver.tree.cards[0])
        reached = held.solver.answer().sums(node).sum(axis=0) > 0
        np.testing.assert_allclose(held.solver.answer().at(state)[:, reached], trunk(state)[:, reached], atol=1e-9)


@pytest.mark.parametrize("seat", [0, 1])
def test_the_trunk_of_a_solution_costs_nothing(seat):
    game = GAMES["flop"]
    free = BoardSolver(game, DCFR, dtype=np.float64)
    free.run(400)
    held = HeldTrunk(BoardSolver(game, DCFR, dtype=np.float64), seat, free.answer().at)
    held.run(400)
    bounds, value = held.bounds(), free.values()[1 - seat]
    assert bounds.high - value >= -1e-9
    assert bounds.low - value <= 2 * free.exploitability()


def test_sixteen_bits_hold_it_too():
    game, trunk = GAMES["flop"], uneven(GAMES["flop"])
    found = []
    for storage in (np.float32, np.float16):
        held = HeldTrunk(BoardSolver(game, DCFR, storage=storage), 1, trunk)
        held.run(200)
        found.append(held.bounds())
    np.testing.assert_allclose(found[0], found[1], atol=0.004 * game.pot)
    assert found[1].low <= found[1].high


def test_the_trunk_of_a_game_without_bets_on_the_river_costs_something_in_the_whole_game():
    game = flop(board="QcKcAd", suits="cdhs")
    simpler = BoardSolver(game_of_way(game, "runouts"), DCFR, dtype=np.float64)
    simpler.run(200)
    free = BoardSolver(game, DCFR, dtype=np.float64)
    free.run(200)
    answer = simpler.answer()
    held = HeldTrunk(BoardSolver(game, DCFR, dtype=np.float64), 0, lambda state: answer.at(state))
    held.run(200)
    assert held.bounds().low > free.values()[1] + free.exploitability()


@pytest.mark.parametrize("seat", [0, 1])
def test_decisions_that_a_trunk_lacks_are_played_as_well_as_can_be(seat):
    game = GAMES["one-card flop"]
    free = BoardSolver(game, DCFR, dtype=np.float64)
    free.run(400)
    answer, trunk, asked = free.answer(), uneven(game), set()

    def partly(state):
        """Uneven decisions, and none after a raise."""
        asked.add(state)
        return None if "raise" in state.label else trunk(state)

    bounds = {}
    for name, own in {"all": trunk, "partly": partly, "nothing": lambda state: None, "solution": answer.at}.items():
        held = HeldTrunk(BoardSolver(game, DCFR, dtype=np.float64), seat, own)
        held.run(400)
        bounds[name] = held.bounds()
        assert bounds[name].low <= bounds[name].high + 1e-9
    value, error = free.values()[1 - seat], 3 * free.exploitability()
    assert bounds["nothing"].low - error <= value <= bounds["nothing"].high + error
    assert bounds["all"].low > bounds["partly"].high > value - error
    assert len(asked) > 1
