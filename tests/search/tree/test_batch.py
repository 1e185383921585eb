"""Subgames solved side by side: each comes to what its own solver comes to."""

import numpy as np
import pytest

from search import Evaluator, Solver, variant
from search.frontier import DepthLimit
from search.tree.batch import DepthLimitedBatch
from search.tree.depth_limit import DepthLimitedSolver, after_actions, cut
from search.tree.nested import mixture, nested_average, nested_draws
from search.tree.strategy import Strategy, uniform
from search.tree.subgame import Subgame, whole_game
from search.tree.subgames import DepthLimitedSubgames
from search.tree.values import history_values
from tests.catalogue import DICE, KUHN, LEDUC, case_of

CLOSE = 1e-9  # the order of sums differs


class Uniform:
    """Leaves are worth what uniform play is worth; there may be none."""

    def __init__(self, tree):
        self.tree, self.values = tree, history_values(uniform(tree))

    def enter(self, leaves):
        at = np.array(leaves, np.int64)
        self.matrices = self.tree.chance_weights[self.tree.chance_of[at]] * self.values[at]

    def cfvs(self, player, reach):
        return np.einsum("bij,bj->bi", self.matrices, reach[1]) if player == 0 else -np.einsum("bij,bi->bj", self.matrices, reach[0])


def several(game, depth, count=8):
    """Return a tree, cut subgames of it and ranges at their roots."""
    tree, rng = case_of(game).tree, np.random.default_rng(0)
    roots = rng.choice(np.flatnonzero(tree.player >= 0), count).tolist()
    cuts = [cut(tree, root, [] if depth is None else after_actions(tree, root, depth)) for root in roots]
    return tree, cuts, tuple(rng.random((count, tree.num_hands(p))) for p in (0, 1))


@pytest.mark.parametrize("form", ["default", "linear_cfr"])
@pytest.mark.parametrize(("game", "depth"), [(LEDUC, 2), (DICE, 2), (LEDUC, None)])
def test_a_batch_is_its_solvers(game, depth, form):
    tree, cuts, ranges = several(game, depth)
    batch = DepthLimitedBatch(cuts, ranges, variant(form), Uniform(tree))
    batch.run(1)
    batch.run(19)
    averages, present, values = batch.strategies(), batch.strategies(average=False), batch.values()
    leaf_ranges = batch.leaf_ranges()
    for k, part in enumerate(cuts):
        alone = DepthLimitedSolver(part, variant(form), Uniform(tree))
        alone.start(Subgame(part.tree, 0, (ranges[0][k], ranges[1][k])))
        alone.run(20)
        for p in (0, 1):
            assert np.abs(alone.answer().tables[p] - averages[k][p]).max(initial=0.0) < CLOSE
            assert np.abs(alone.sides[p].strategy[1:] - present[k][p]).max(initial=0.0) < CLOSE
            np.testing.assert_allclose(alone.values()[p], values[p][k], atol=CLOSE)
            rows = slice(batch.first_leaf[k], batch.first_leaf[k + 1])
            np.testing.assert_allclose(alone.leaf_ranges()[p], leaf_ranges[p][rows], atol=CLOSE)


def test_best_responses_to_subgames_solved_to_the_end_are_the_evaluators():
    tree, cuts, ranges = several(LEDUC, None)
    batch = DepthLimitedBatch(cuts, ranges, variant("default"), Uniform(tree))
    batch.run_to_the_end(50)
    found, solver, evaluator = batch.best_responses(), Solver(tree, variant("default")), Evaluator(tree)
    for k, part in enumerate(cuts):
        solver.start(Subgame(tree, int(part.nodes[0]), (ranges[0][k], ranges[1][k])))
        solver.run(50)
        for p in (0, 1):
            np.testing.assert_allclose(found[p][k], evaluator.best_response_cfvs(solver.answer(), p, ranges[1 - p][k]), atol=CLOSE)


def test_best_responses_to_subgames_with_leaves_are_refused():
    tree, cuts, ranges = several(LEDUC, 1)
    with pytest.raises(ValueError, match="subgames must go on to the end of the game for best responses, got"):
        DepthLimitedBatch(cuts, ranges, variant("default"), Uniform(tree)).best_responses()


def subgames(game, depth):
    tree = case_of(game).tree
    return DepthLimitedSubgames(tree, variant("default"), DepthLimit(Uniform(tree), depth))


def test_nested_solves_without_leaves_are_one_solve_of_the_game():
    inside = subgames(DICE, 99)
    solver = Solver(inside.tree, variant("default"))
    solver.start(whole_game(inside.tree))
    solver.run(30)
    for found, expected in zip(nested_average(inside, 30, 0.02).tables, solver.answer().tables, strict=True):
        np.testing.assert_allclose(found, expected, atol=CLOSE)


def test_below_a_leaf_the_ranges_are_those_of_the_solve_above():
    inside, tremble = subgames(KUHN, 1), 0.1
    found = nested_average(inside, 40, tremble)
    above = DepthLimitedSolver(inside.cut(0), variant("default"), inside.limit.leaves)
    above.start(whole_game(above.tree))
    above.run(40)
    for at in above.cut.leaves.tolist():
        node = int(above.cut.nodes[at])
        reach = above.answer().ranges(at, (np.ones(3), np.ones(3)))
        ranges = tuple((1 - tremble) * r / r.sum() + tremble / 3 for r in reach)
        below = DepthLimitedSolver(inside.cut(node), variant("default"), inside.limit.leaves)
        below.start(Subgame(below.tree, 0, ranges))
        below.run(40)
        np.testing.assert_allclose(found.at(node), below.answer().at(0), atol=CLOSE)


def test_draws_of_iterations_average_to_the_average_strategy():
    """Without leaves a draw is the strategy of one iteration; with the weights of the average their mixture is the average."""
    inside = subgames(KUHN, 99)
    found = mixture(nested_draws(inside, 12, 0.0, 4000, np.random.default_rng(0)))
    for p in (0, 1):
        for k, node in enumerate(inside.tree.sequences[p].node.tolist()):
            assert np.abs(found.at(node) - nested_average(inside, 12, 0.0).at(node)).max() < 0.05, k


def test_a_mixture_is_realised_by_its_strategy():
    """Its values are the mean of the values of the strategies that are drawn from, against anybody."""
    tree, rng = case_of(LEDUC).tree, np.random.default_rng(0)

    def strategy():
        tables = [np.zeros_like(table) for table in uniform(tree).tables]
        for p, own in enumerate(tree.sequences):
            for first, end in zip(own.first_row[:-1], own.first_row[1:], strict=True):
                drawn = rng.random((end - first, tables[p].shape[1])) + 0.01
                tables[p][first - 1 : end - 1] = drawn / drawn.sum(axis=0)
        return Strategy(tree, tree.subgame(), (tables[0], tables[1]))

    several, other, evaluator = [strategy() for _ in range(3)], strategy(), Evaluator(tree)
    mean = np.mean([evaluator.values(Strategy(tree, tree.subgame(), (one.tables[0], other.tables[1])))[0] for one in several])
    found = evaluator.values(Strategy(tree, tree.subgame(), (mixture(several).tables[0], other.tables[1])))[0]
    assert found == pytest.approx(mean, abs=1e-12)
