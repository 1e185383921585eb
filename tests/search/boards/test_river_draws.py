"""Rivers that each iteration draws anew: how often each comes, iterations beside a naive twin, and where they lead."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import numpy as np
import pytest

from games.holdem.board_tree import board_tree
from games.holdem.config import Spot
from games.holdem.menus import Menu
from games.kernels import LANES
from games.kernels.boards import CHILD, CHILD_END, HANDS, LINES, PARENT, ROWS, STREET
from search import BoardSolver, variant
from search.boards.river_draws import RiverDraws
from tests.catalogue import UNEVEN, small
from tests.compiling import compiled
from tests.naive.holdem import SampledTwin
from tests.search.boards.test_holdem import close, interior

pytestmark = pytest.mark.kernels

DCFR = variant("dcfr")
ALIKE = {"board": "QcKcAd", "suits": "cdhs"}


def flop(ranges=UNEVEN, suits="cdh", board="QcKdAh"):
    """Return a flop with two streets of one card after it, from a deck of Q, K, A and J."""
    game = Spot(board=board, ranges=["full", "full"], pot=17, stack=23, bets="37%,a", raises="").build()
    deck = small([0, 1], ranks="JQKA", suits=suits)
    weights = small([0, 1], ranks="JQKA", suits=suits, ranges=ranges).weights
    return replace(game, deck=deck.deck, weights=weights)


def acting(game):
    return game


def silent(game):
    return replace(game, betting=replace(game.betting, silent=1))


def full(board):
    return silent(Spot(board=board, ranges=["full", "full"], pot=20, stack=90, bets="50%", raises="").build())


@compiled
@pytest.mark.parametrize("board", ["Ks8h3d", "6s5s2s", "AcAd5h", "Ks8h3d2c"])
@pytest.mark.parametrize("count", [1, 2, 7])
def test_every_river_counts_what_it_should_on_average(board, count):
    tree = board_tree(full(board))
    draws, means, many = RiverDraws(tree, count), np.zeros(len(tree.cards)), 400
    number = {cards: i for i, cards in enumerate(tree.cards)}
    last = tree.on_street(int(tree.boards[-1, STREET]))
    above = len(tree.cards) - len(last)
    for iteration in range(many):
        drawn = draws.tree(iteration)
        assert drawn.cards[:above] == tree.cards[:above]
        assert len(drawn.cards) <= above + count * (len(tree.on_street(int(tree.boards[-1, STREET]) - 1)))
        means[[number[cards] for cards in drawn.cards]] += drawn.weight / many
    whole = tree.weight[last.start :]
    points = float(whole.sum()) / len(tree.on_street(int(tree.boards[-1, STREET]) - 1)) / count / many  # what a river counts for one draw
    assert np.abs(means[last.start :] - whole).max() < 4 * points
    assert means[last.start :].min() > 0


@compiled
def test_the_tables_of_what_is_drawn_lead_from_boards_to_their_own_rivers():
    tree = board_tree(full("9d8d6s"))
    drawn = RiverDraws(tree, 3).tree(5)
    for board in tree.on_street(1):
        span = range(*drawn.boards[board, CHILD : CHILD_END + 1].tolist())
        assert all(drawn.cards[child][:4] == tree.cards[board] for child in span)
        assert all(drawn.boards[child, PARENT] == board for child in span)
        whole = slice(*tree.boards[board, CHILD : CHILD_END + 1].tolist())
        assert drawn.weight[span.start : span.stop].sum() == pytest.approx(tree.weight[whole].sum())
    assert drawn.boards[tree.on_street(1).stop - 1, CHILD_END] == len(drawn.boards)


@compiled
def test_every_kind_of_river_comes_as_often_as_it_should():
    """A kind that stands together in the line has as many points as its cards have widths, up to one point."""
    tree, count = board_tree(full("Ks8h3d2d")), 6
    kinds = {cards: sum(card % 4 == cards[-1] % 4 for card in cards[:-1]) for cards in tree.cards[1:]}
    expected, width = Counter(), float(tree.weight[1:].sum()) / count
    for cards, weight in zip(tree.cards[1:], tree.weight[1:], strict=True):
        expected[kinds[cards]] += float(weight)
    for iteration in range(20):
        drawn, got = RiverDraws(tree, count).tree(iteration), Counter()
        for cards, weight in zip(drawn.cards[1:], drawn.weight[1:], strict=True):
            got[kinds[cards]] += float(weight)
        assert all(abs(got[kind] - whole) < width * (1 + 1e-6) for kind, whole in expected.items())


@pytest.mark.parametrize(("board", "suits"), [("QcKdAh", "cdh"), ("QcKcAd", "cdhs"), ("QcKcAc", "cdhs")])
@pytest.mark.parametrize("rivers", [1, 3])
@pytest.mark.parametrize("kind", [acting, silent])
def test_iterations_are_those_of_the_naive_twin_on_what_is_drawn(board, suits, rivers, kind):
    """Suits that are alike share a board, whose weight is that of all its like."""
    game = kind(flop(board=board, suits=suits))
    solver = BoardSolver(game, DCFR, dtype=np.float64, rivers=rivers)
    twin = SampledTwin(game, DCFR, solver.tree)
    interior(solver, twin)
    for iteration in range(3):
        twin.deals = SampledTwin(game, DCFR, RiverDraws(solver.tree, rivers).tree(iteration)).deals
        solver.run(1)
        twin.iterate()
    twin.deals = SampledTwin(game, DCFR, solver.tree).deals  # values are those of all rivers
    close(solver.exploitability(), twin.exploitability(), 1e-9)
    close(solver.values()[0], twin.worth(0, False), 1e-9)
    close(solver.values()[1], twin.worth(1, False), 1e-9)


@compiled
@pytest.mark.parametrize("given", [{}, ALIKE])
@pytest.mark.parametrize("kind", [acting, silent])
def test_drawn_rivers_lead_to_the_solution_of_all_rivers(given, kind):
    game = kind(flop(**given))
    drawn, whole = BoardSolver(game, DCFR, rivers=2), BoardSolver(game, DCFR)
    drawn.run(2000)
    whole.run(2000)
    assert whole.exploitability() < 1e-3 * game.pot
    assert drawn.exploitability() < 0.01 * game.pot
    assert drawn.values()[0] == pytest.approx(whole.values()[0], abs=0.01 * game.pot)


@compiled
def test_iterations_do_not_depend_on_how_they_are_asked_for_nor_on_threads():
    game, answers = silent(flop(**ALIKE)), []
    for threads, parts in ((1, [30]), (1, [7, 23]), (2, [30])):
        solver = BoardSolver(game, DCFR, threads, rivers=2)
        for part in parts:
            solver.run(part)
        answers.append([own.copy() for own in solver.answer().average])
    for other in answers[1:]:
        for own, again in zip(answers[0], other, strict=True):
            np.testing.assert_array_equal(own, again)


@compiled
@pytest.mark.parametrize("given", [{}, ALIKE])
def test_a_silent_street_is_one_on_which_everybody_checks(given):
    game, none = flop(**given), Menu((), ())
    checked = replace(game, betting=replace(game.betting, menus=(*game.betting.menus[:-1], (none, none))))
    solvers = [BoardSolver(own, DCFR, dtype=np.float64) for own in (silent(game), checked)]
    for solver in solvers:
        solver.run(20)
    assert solvers[0].values() == pytest.approx(solvers[1].values(), abs=1e-9)
    assert solvers[0].exploitability() == pytest.approx(solvers[1].exploitability(), abs=1e-9)
    assert solvers[0].rows < solvers[1].rows
    assert silent(game).key != game.key


@compiled
def test_rivers_that_cannot_be_drawn_are_refused():
    with pytest.raises(ValueError, match=r"^rivers must be left out in a game of one street, got 2$"):
        BoardSolver(Spot(board="Td9d6hQc2s", ranges=["full", "full"]).build(), DCFR, rivers=2)
    with pytest.raises(ValueError, match=r"^rivers must be at least 1, got 0$"):
        BoardSolver(silent(flop()), DCFR, rivers=0)


@pytest.mark.parametrize("count", [-1, 3])
def test_not_every_street_may_be_silent(count):
    with pytest.raises(ValueError, match=f"^silent must be fewer than the 3 rounds, got {count}$"):
        replace(flop().betting, silent=count)


def test_a_solve_that_is_interrupted_looks_at_all_rivers_again(monkeypatch):
    game = acting(flop())
    solver, whole = (BoardSolver(game, DCFR, dtype=np.float64, rivers=1) for _ in range(2))
    update = solver._sweeps.update

    def interrupted(*arguments):
        update(*arguments)
        raise KeyboardInterrupt

    solver.run(1)
    whole.run(2)
    monkeypatch.setattr(solver._sweeps, "update", interrupted)
    with pytest.raises(KeyboardInterrupt):
        solver.run(1)
    assert solver.exploitability() == pytest.approx(whole.exploitability(), abs=1e-12)


@pytest.mark.parametrize(("board", "suits"), [("QcKdAh", "cdh"), ("QcKcAd", "cdhs"), ("QcKcAc", "cdhs")])
@pytest.mark.parametrize("rivers", [None, 1, 3, 100])
@pytest.mark.parametrize("kind", [acting, silent])
def test_the_time_of_an_iteration_is_learnt_by_the_rows_that_it_deals(board, suits, rivers, kind):
    solver = BoardSolver(kind(flop(board=board, suits=suits)), DCFR, rivers=rivers)
    dealt = []
    for iteration in range(50):
        tree = solver.tree if rivers is None else RiverDraws(solver.tree, rivers).tree(iteration)
        rows = 0
        for p in (0, 1):
            actions = solver.tree.forests[p].table[tree.boards[:, STREET]]
            rows += int((-(-tree.boards[:, HANDS + p] // LANES) * (actions[:, ROWS] - actions[:, LINES])).sum())
        dealt.append(rows)
    assert solver.rows == pytest.approx(np.mean(dealt), rel=0.1)
