"""Warm starts and early stops of hold'em's searches."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from games.holdem.subtree import street_lines, subtree
from search import BoardSolver, Budget, variant
from search.boards.entrance import BoardEntrance
from search.boards.subgames import BoardSubgames
from search.boards.sweeps import BoardSweeps
from search.boards.trunk import Trunk
from search.gadgets import GADGETS
from search.kernels.warm import seed_rows
from search.resolving import MIN_TRUSTED_ITERATIONS
from search.warm_start import MOST_WORTH, cold_iterations
from tests.compiling import compiled
from tests.naive.holdem import seeded
from tests.search.boards.test_board_search import blueprint, strength
from tests.searching import searching, sweep

pytestmark = pytest.mark.kernels
DEFAULT = variant("default_holdem")


def test_seeding_is_its_twin():
    _, tree, arrays = blueprint()
    generator = np.random.default_rng(5)
    for p in (0, 1):
        regret, average = generator.normal(size=arrays[p].shape), generator.random(arrays[p].shape)
        strategy = np.maximum(generator.normal(size=arrays[p].shape), 0)
        expected = seeded(tree, p, strategy, regret, average, 3.0, 2.0)
        forest = tree.forests[p]
        seed_rows(forest.table, forest.first_row, tree.boards, p, strategy, regret, average, 3.0, 2.0)
        np.testing.assert_allclose(regret, expected[0], rtol=1e-12)
        np.testing.assert_allclose(average, expected[1], rtol=1e-12)


def test_uniform_play_is_worth_no_iteration_and_no_strategy_more_than_the_most():
    done = []
    assert cold_iterations(1.0, lambda: 1.0, lambda: done.append(1)) == len(done) == 0
    assert cold_iterations(0.3, lambda: 1.0 / (1 + len(done)), lambda: done.append(1)) == len(done) == 3
    assert cold_iterations(0.0, lambda: 1.0, lambda: done.append(1)) == len(done) - 3 == MOST_WORTH


@compiled
def test_a_strategy_is_worth_the_iterations_that_made_it_or_so():
    game, tree, arrays = blueprint(20)
    goal = strength(game, tree, [arrays, arrays])
    worth = BoardSubgames(game, tree, street_lines(game, [0], np.float64), DEFAULT).worth(
        0, next(Trunk(game, tree, arrays, 0).arrivals()), arrays
    )
    solver, done = BoardSolver(game, DEFAULT, 1, np.float64), 0
    while done == 0 or solver.exploitability() > sum(goal) / 2:
        solver.run(1)
        done += 1
    assert worth == done <= MOST_WORTH


@compiled
@pytest.mark.parametrize("iterations", [2, 4, 8])
@pytest.mark.parametrize("blueprints", [10, 40])
def test_a_warm_start_is_ahead_of_a_cold_one(blueprints, iterations):
    game, tree, arrays = blueprint(blueprints)
    found = {}
    for warm in ("never", "short"):
        search = searching(1, "unsafe", "safe", Budget(iterations=iterations), judge=False, warm_start=warm)
        out = sweep(game, tree, arrays, 0, search, DEFAULT)[0]
        found[warm] = strength(game, tree, [out, out])[0]
    assert found["short"] < found["never"]


@compiled
def test_many_iterations_start_cold():
    game, tree, arrays = blueprint()
    search = searching(1, "resolve", "safe", Budget(iterations=100), worth=5)
    ways = [search._replace(config=replace(search.config, warm_start=warm)) for warm in ("never", "short")]
    cold, short = (sweep(game, tree, arrays, 0, way, DEFAULT)[0] for way in ways)
    np.testing.assert_array_equal(cold[0], short[0])


@compiled
@pytest.mark.parametrize("gadget", GADGETS)
def test_a_search_stops_when_little_is_left_to_gain(gadget):
    game, tree, arrays = blueprint()
    enough, most = 0.02, 4000
    budget = Budget(iterations=most, exploitability=enough)
    for street in (1, 2):
        _, report = sweep(game, tree, arrays, 0, searching(street, gadget, "safe", budget), DEFAULT)
        assert MIN_TRUSTED_ITERATIONS < max(report.iterations) < most
        hopeless = Budget(iterations=50, exploitability=1e-12)
        _, report = sweep(game, tree, arrays, 0, searching(street, gadget, "safe", hopeless), DEFAULT)
        assert set(report.iterations) == {50}


@compiled
def test_what_is_left_to_gain_is_the_whole_games_exploitability():
    """Unsafe at the root: the subgame is the game."""
    game, tree, arrays = blueprint()
    lines = street_lines(game, [0], np.float64)
    part, sweeps = subtree(tree, lines, 0), BoardSweeps(subtree(tree, lines, 0).tree, 1, np.float64)
    sweeps.look_at(replace(part.tree, forests=sweeps.tree.forests))
    root = BoardEntrance(part, next(Trunk(game, tree, arrays, 0).arrivals()), 0)
    root.enter(sweeps, np.ones(1, bool))
    kept = [reach.copy() for reach in sweeps.reach]
    per_deal = root.worst_line(sweeps, arrays, None, 1.0)
    assert per_deal == pytest.approx(sum(strength(game, tree, [arrays, arrays])) / 2, rel=1e-9)
    for p in (0, 1):
        np.testing.assert_array_equal(sweeps.reach[p], kept[p])
