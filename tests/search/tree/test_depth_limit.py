"""Subgames that end at leaves: with leaves whose own solve goes on, a depth-limited solve is the solve to the end."""

import numpy as np
import pytest

from games import CHANCE, TERMINAL
from search import variant
from search.kernels import UNSAFE, plain, propagate_reach, sweep_to_leaves
from search.tree.continuations import Continuation
from search.tree.depth_limit import DepthLimitedSolver, after_actions, cut, round_ends
from search.tree.evaluator import span_of
from search.tree.gadgets import Gadget
from search.tree.solver import Solver
from search.tree.strategy import uniform
from search.tree.subgame import Subgame, whole_game
from search.variants import BLOCK, coefficients
from tests.catalogue import case_of

CLOSE = 1e-9  # the order of sums differs
NOTHING = np.zeros(0, np.uint32), np.zeros((0, 8))


class GoingOn:
    """Leaves with a solver of the whole tree below them: each question is one half of an iteration of it."""

    def __init__(self, tree, form):
        self.solver, self.form = Solver(tree, form), form

    def enter(self, leaves):
        self.parts, self.asked = [self.solver.tree.subgame(leaf) for leaf in leaves], 0

    def cfvs(self, player, reach):
        solver, tree = self.solver, self.solver.tree
        block, t = divmod(self.asked // 2, BLOCK)
        self.asked += 1
        found = []
        for leaf, part in enumerate(self.parts):
            for p, side in enumerate(solver.sides):
                side.reach[part.root_row[p], : tree.num_hands(p)] = reach[p][leaf]
                propagate_reach(side.first_row, side.parent_row, span_of(part, p), side.strategy, side.reach)
            sides = plain(solver.sides[player]), plain(solver.sides[1 - player])
            arrays = plain(solver.gadget)[2]
            sweep_to_leaves(*sides, span_of(part, player), UNSAFE, arrays, *NOTHING, coefficients(self.form, block), t)
            found.append(solver.sides[player].cfv[part.root_row[player], : tree.num_hands(player)].copy())
        return np.array(found).reshape(len(self.parts), tree.num_hands(player))


def leaves_of(tree, root, where):
    return after_actions(tree, root, where) if isinstance(where, int) else round_ends(tree, root, dealt=where == "dealt")


@pytest.mark.parametrize("where", ["card", "dealt", 1, 2, 3])
@pytest.mark.parametrize("form", ["default", "cfr", "pcfr_plus"])
def test_a_solve_to_leaves_that_go_on_is_a_solve_to_the_end(where, form):
    tree, row = case_of("leduc_poker").tree, variant(form)
    whole, small = Solver(tree, row), cut(tree, 0, leaves_of(tree, 0, where))
    solver = DepthLimitedSolver(small, row, GoingOn(tree, row))
    whole.start(whole_game(tree))
    solver.start(whole_game(small.tree))
    for iterations in (1, 30):
        whole.run(iterations)
        solver.run(iterations)
        for p in (0, 1):
            assert np.abs(whole.answer().tables[p][small.rows[p][1:] - 1] - solver.answer().tables[p]).max(initial=0.0) < CLOSE


@pytest.mark.parametrize("where", ["card", "dealt", 2])
def test_a_warm_start_above_leaves_is_that_of_the_whole_game(where):
    """Leaves are worth what the strategy at the start makes of them, so regrets are those of a solve of the whole game."""
    tree, row, rng = case_of("leduc_poker").tree, variant("default"), np.random.default_rng(0)
    start = uniform(tree)
    for p in (0, 1):
        own = tree.sequences[p]
        start.tables[p][:] *= rng.random(start.tables[p].shape)
        sums = np.add.reduceat(start.tables[p], own.first_row[:-1].astype(np.int64) - 1)
        start.tables[p][:] /= np.repeat(sums, np.diff(own.first_row.astype(np.int64)), axis=0)
    root = after_actions(tree, 0, 1)[1]
    small = cut(tree, root, leaves_of(tree, root, where))
    ranges = rng.random(tree.num_hands(0)), rng.random(tree.num_hands(1))
    whole, solver = Solver(tree, row), DepthLimitedSolver(small, row, Continuation(start))
    whole.start(Subgame(tree, root, ranges), start, 7)
    solver.start(Subgame(small.tree, 0, ranges), small.part_of(start), 7)
    assert whole.iterations_with_warm_start == solver.iterations_with_warm_start == 7
    for p in (0, 1):
        for name in ("strategy", "regret", "average"):
            found, expected = getattr(solver.sides[p], name)[1:], getattr(whole.sides[p], name)[small.rows[p][1:]]
            assert len(found)
            assert np.abs(found - expected).max() < CLOSE * max(1.0, np.abs(expected).max())


def test_leaves_that_are_no_numbers_make_the_start_cold():
    tree, row = case_of("leduc_poker").tree, variant("default")
    small = cut(tree, 0, round_ends(tree, 0))

    class NoNumbers:
        def enter(self, leaves):
            self.count = len(leaves)

        def cfvs(self, player, reach):
            return np.full_like(reach[player], np.nan)

    solver = DepthLimitedSolver(small, row, NoNumbers())
    solver.start(whole_game(small.tree), small.part_of(uniform(tree)), 5)
    assert solver.iterations_with_warm_start == 0
    assert not any(side.regret.any() or side.average.any() for side in solver.sides)


def test_a_subgame_with_a_gadget_to_leaves_that_go_on_is_solved_to_the_end():
    tree, row = case_of("leduc_poker").tree, variant("default")
    root, rng = after_actions(tree, 0, 1)[1], np.random.default_rng(0)
    ranges = rng.random(tree.num_hands(0)), rng.random(tree.num_hands(1))
    small = cut(tree, root, round_ends(tree, root))
    gadget = Gadget("resolve", 1, rng.random(tree.num_hands(1)) - 0.5)
    whole, solver = Solver(tree, row), DepthLimitedSolver(small, row, GoingOn(tree, row))
    whole.start(Subgame(tree, root, ranges, gadget))
    solver.start(Subgame(small.tree, 0, ranges, gadget))
    whole.run(20)
    solver.run(20)
    first = [tree.subgame(root).rows[p][0] for p in (0, 1)]
    for p in (0, 1):
        assert np.abs(whole.answer().tables[p][small.rows[p][1:] - first[p]] - solver.answer().tables[p]).max(initial=0.0) < CLOSE


@pytest.mark.parametrize("game", ["leduc_poker", "liars_dice(numdice=1,dice_sides=3)", "kuhn_poker"])
def test_a_tree_without_leaves_is_the_subgame(game):
    tree = case_of(game).tree
    for root in range(0, tree.num_nodes, 7):
        if tree.player[root] < 0:
            continue
        small, rng = cut(tree, root, []), np.random.default_rng(root)
        ranges = rng.random(tree.num_hands(0)), rng.random(tree.num_hands(1))
        whole, solver = (Solver(t, variant("default")) for t in (tree, small.tree))
        whole.start(Subgame(tree, root, ranges))
        solver.start(Subgame(small.tree, 0, ranges))
        whole.run(5)
        solver.run(5)
        assert all(np.array_equal(a, b) for a, b in zip(whole.answer().tables, solver.answer().tables, strict=True))
        assert [small.tree.labels[n] for n in range(1, small.tree.num_nodes)] == list(tree.labels[root + 1 : tree.end[root]])


def test_leaves_are_where_a_round_ends_or_after_some_actions():
    tree = case_of("leduc_poker").tree
    assert {tree.player[n] for n in round_ends(tree, 0)} == {CHANCE}
    assert len(round_ends(tree, 0)) == 5
    assert len(round_ends(tree, 0, dealt=True)) == 5 * len(tree.children(round_ends(tree, 0)[0]))
    assert [tree.text(n) for n in after_actions(tree, 0, 1)] == ["Call", "Raise"]
    deep = after_actions(tree, 0, 2)
    assert all(tree.player[n] not in (CHANCE, TERMINAL) for n in deep)


def test_leaves_that_are_none_are_refused():
    tree = case_of("leduc_poker").tree
    over = int(np.flatnonzero(tree.player == TERMINAL)[0])
    for leaves in ([0], [over], [1, 2], [tree.num_nodes], [1, 1]):
        with pytest.raises(ValueError, match="leaves must be inner nodes below public node 0, none below another, got"):
            cut(tree, 0, leaves)


def test_the_solve_of_leaves_worth_nothing_is_of_the_uncut_terminals_alone():
    """A naive twin: a tree whose leaves pay zero."""
    tree, row = case_of("leduc_poker").tree, variant("default")
    small = cut(tree, 0, round_ends(tree, 0))

    class Nothing:
        def enter(self, leaves):
            self.count = len(leaves)

        def cfvs(self, player, reach):
            assert reach[0].shape == (self.count, tree.num_hands(0))
            return np.zeros((self.count, tree.num_hands(player)))

    plain_solver, solver = Solver(small.tree, row), DepthLimitedSolver(small, row, Nothing())
    for one in (plain_solver, solver):
        one.start(whole_game(small.tree))
        one.run(10)
    assert all(np.array_equal(a, b) for a, b in zip(plain_solver.answer().tables, solver.answer().tables, strict=True))
    assert np.isnan(solver.exploitability())
    assert uniform(small.tree).tables[0].shape == solver.answer().tables[0].shape
