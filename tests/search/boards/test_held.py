"""Held decisions of hold'em, beside a naive twin."""

from __future__ import annotations

import numpy as np
import pytest

from search import VARIANTS, BoardSolver, variant
from search.boards.held import SCALE, HeldDecision, board_of
from tests.catalogue import TINY
from tests.compiling import compiled
from tests.naive.held import HeldTwin
from tests.naive.holdem import Twin
from tests.search.boards.test_holdem import close, interior, river

pytestmark = pytest.mark.kernels

DCFR = variant("default_holdem")
EVERY_HAND, HIGH_HANDS = 0, 11  # the lowest rank of a held hand's higher card


def uneven(game, node, least=EVERY_HAND):
    """Return a policy that no solver would find, and which hands are held: it asks for ranks alone, so suits make no difference."""
    count, high = len(game.bets.children(node)), game.hands.max(axis=1) // 4
    shares = 1.0 + (np.arange(count)[:, None] + high) % 3
    return shares / shares.sum(axis=0), high >= least


def holding(game, tree, players, streets, boards=slice(None), least=EVERY_HAND):
    """Return held decisions of some players and streets, every other one of them, on some boards; and the same as the twin asks for it."""
    held = {}
    for street in streets:
        nodes = np.flatnonzero(np.isin(game.bets.player, players) & (game.bets.round == street)).tolist()[::2]
        for board in list(tree.on_street(street))[boards]:
            held |= {(node, tree.cards[board]): uneven(game, node, least) for node in nodes}
    decisions = [HeldDecision(node, cards, *policy) for (node, cards), policy in held.items()]
    return decisions, lambda node, cards: held.get((node, board_of(game, cards).cards))


def check_steps(game, row, steps, **which):
    solver = BoardSolver(game, row, dtype=np.float64)
    decisions, held = holding(game, solver.tree, **which)
    assert decisions
    twin = HeldTwin(game, row, held)
    interior(solver, twin)
    solver.hold(decisions)
    for _ in range(steps):
        solver.run(1)
        twin.iterate()
    close(solver.exploitability(), twin.exploitability(), 1e-9)
    close(solver.values()[0], twin.worth(0, False), 1e-9)
    close(solver.values()[1], twin.worth(1, False), 1e-9)
    free = Twin(game, row)
    free.average = {(node, cards): twin.strategy(node, cards, twin.average) for node, cards in twin.average}
    for p in (0, 1):
        close(solver.free_best_response_values()[p], free.worth(p, True), 1e-9)
    answer = solver.answer()
    for (node, cards), sums in twin.average.items():
        there = (game.ranges[int(game.bets.player[node])] * twin.alive(cards) > 0) & (sums.sum(axis=0) > 0)
        np.testing.assert_allclose(answer.at_node(node, cards)[:, there], free.average[node, cards][:, there], rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize(
    ("name", "players", "streets", "boards", "least"),
    [
        ("one-card flop", (0, 1), (0, 1), slice(None), EVERY_HAND),
        ("one-card flop", (0,), (1,), slice(1), HIGH_HANDS),
        ("one-card flop and turn", (0, 1), (1, 2), slice(3), HIGH_HANDS),
        ("no suits alike", (1,), (0, 1), slice(None), HIGH_HANDS),
        ("turn", (0, 1), (0, 1), slice(None), EVERY_HAND),
    ],
)
def test_iterations_are_those_of_the_naive_twin(name, players, streets, boards, least):
    """Of both players and of one, on all boards and on some; where the lowest ranks' hands are free, too."""
    check_steps(TINY[name], variant("dcfr"), 2, players=players, streets=streets, boards=boards, least=least)


@pytest.mark.parametrize("name", VARIANTS)
def test_every_variant_leaves_what_is_held(name):
    check_steps(river(), variant(name), 3, players=(0, 1), streets=(0,), least=HIGH_HANDS)


@pytest.mark.parametrize("seat", [0, 1])
def test_a_seat_that_is_held_everywhere_has_the_value_of_a_best_response_against_it(seat):
    game = river()
    solver = BoardSolver(game, DCFR, dtype=np.float64)
    nodes = np.flatnonzero(game.bets.player == seat).tolist()
    cards = solver.tree.cards[0]
    solver.hold([HeldDecision(node, cards, *uneven(game, node)) for node in nodes])
    solver.run(400)
    twin = Twin(game, DCFR)
    twin.average = {(node, cards): uneven(game, node)[0] for node in nodes}
    best = twin.worth(1 - seat, True)
    assert solver.best_response_values()[1 - seat] == pytest.approx(best, abs=1e-9)
    assert solver.values()[1 - seat] == pytest.approx(best, abs=1e-3)
    assert solver.best_response_values()[seat] == pytest.approx(solver.values()[seat], abs=1e-9)  # it has nothing to decide
    assert solver.exploitability() < 1e-3


@compiled
@pytest.mark.parametrize(("storage", "error"), [(np.float32, 1e-6), (np.float16, 5e-4)])
@pytest.mark.parametrize("name", ["one-card flop and turn", "turn"])
def test_what_is_held_is_played_whatever_the_storage_and_the_threads(name, storage, error):
    game, answers = TINY[name], []
    for threads in (1, 2):
        solver = BoardSolver(game, DCFR, threads, storage=storage)
        decisions, _ = holding(game, solver.tree, (0, 1), (1,))
        solver.hold(decisions)
        solver.run(150)
        assert 0 <= solver.exploitability() < 0.005 * game.max_payoff
        for own in decisions:
            there = solver.tree.hands_at(int(game.bets.player[own.node]), solver.answer().find(own.cards)[0])
            np.testing.assert_allclose(solver.answer().at_node(own.node, own.cards)[:, there], own.policy[:, there], atol=error)
        answers.append([rows.copy() for rows in solver.answer().average])
    for first, second in zip(*answers, strict=True):
        np.testing.assert_array_equal(first, second)


@compiled
def test_whole_percentages_are_exact_in_sixteen_bits():
    game = river()
    solver = BoardSolver(game, DCFR, storage=np.float16)
    policy = np.repeat([[0.29], [0.57], [0.14]], len(game.hands), axis=1)
    solver.hold([HeldDecision(0, solver.tree.cards[0], policy, np.ones(len(game.hands), np.bool_))])
    solver.run(30)
    there = solver.tree.hands_at(0, 0)
    np.testing.assert_allclose(solver.answer().at_node(0)[:, there], policy[:, there], atol=1e-15)
    assert SCALE == 100


@compiled
def test_a_solution_that_is_held_costs_nothing():
    game = TINY["one-card flop and turn"]
    free = BoardSolver(game, DCFR)
    free.run(300)
    answer, solver = free.answer(), BoardSolver(game, DCFR)
    nodes = np.flatnonzero((game.bets.player == 0) & (game.bets.round == 0)).tolist()
    cards = solver.tree.cards[0]
    solver.hold([HeldDecision(node, cards, answer.at_node(node), np.ones(len(game.hands), np.bool_)) for node in nodes])
    solver.run(300)
    error = 2 * (free.exploitability() + solver.exploitability())
    assert solver.values()[0] == pytest.approx(free.values()[0], abs=error)
    assert solver.free_best_response_values()[0] >= solver.best_response_values()[0]


@compiled
def test_a_held_solve_goes_on_from_its_state_and_is_free_again():
    game = TINY["one-card flop"]
    whole, first, second = (BoardSolver(game, DCFR) for _ in range(3))
    decisions, _ = holding(game, whole.tree, (0,), (0, 1))
    for solver in (whole, first, second):
        solver.hold(decisions)
    whole.run(40)
    first.run(20)
    second.restore(first.state(), 20)
    second.run(20)
    for one, other in zip(whole.regret, second.regret, strict=True):
        np.testing.assert_array_equal(one, other)
    assert second.exploitability() == whole.exploitability()
    held = second.exploitability()
    second.hold([])
    assert second.exploitability() > held


def test_equal_boards_stand_for_each_other():
    game = TINY["one-card flop"]
    tree = BoardSolver(game, DCFR).tree
    for board in tree.on_street(1):
        cards = tree.cards[board]
        for g in tree.group:
            same = tuple(4 * (c // 4) + int(g[c % 4]) for c in cards)
            assert board_of(game, same).cards == cards
