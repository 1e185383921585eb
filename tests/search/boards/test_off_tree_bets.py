"""Tables that meet extra bets, against translation and insertion done the long way."""

from __future__ import annotations

from itertools import permutations

import numpy as np
import pytest
from scipy.optimize import linprog

from games.holdem.board_tree import board_tree
from games.holdem.extra_bets import with_extra_bets
from games.holdem.menus import Size
from search import BoardSolver, Budget, variant
from search.boards.inserted import insert_bets
from search.boards.strategy import BoardStrategy
from search.boards.sweeps import BoardSweeps
from search.boards.translated import TREMBLE, Whole, correspondence, plan, translated
from search.boards.trunk import value_against
from search.resolving import ResolveConfig
from tests.catalogue import small
from tests.naive.holdem import Twin, winning
from tests.naive.off_tree import promised, translated_policy

DCFR = variant("default_holdem")
SETTINGS = {"blinds": [1, 2], "stack": 200, "bets": "50%,100%", "raises": "50%,100%", "min_bet": 2}
EXTRA = (Size("%", 75.0),)


def blueprint(deals, iterations, **settings):
    game = small(deals, **SETTINGS | settings)
    solver = BoardSolver(game, DCFR)
    solver.run(iterations)
    tables = tuple(np.array(rows) for rows in solver.answer().average)
    tree = board_tree(game)
    return Whole(game, tree, (plan(game, tree, 0, tables[0]), plan(game, tree, 1, tables[1]))), tables


def extended(now, seat, streets=None):
    """Yield the games with the opponent's extra bets on one street more each, their strategies translated, and the new bets."""
    for street in range(1, len(now.game.deals)):
        game = with_extra_bets(now.game, EXTRA, (1 - seat,), (street,))
        tree, found = board_tree(game), correspondence(now.game, game)
        first, second = (translated(now, game, tree, p, found) for p in (0, 1))
        after = Whole(game, tree, (first, second))
        yield now, after, found
        now = after


def twin_of(whole, seat):
    """Return a twin that has a seat's strategy at every decision of every board, suits as they are."""
    twin, game = Twin(whole.game, DCFR), whole.game
    strategy = BoardStrategy(game, whole.tree, whole.tables)
    for node in np.flatnonzero(game.bets.player == seat).tolist():
        for cards in dealt(game, int(game.bets.round[node])):
            twin.average[node, cards] = strategy.at_node(node, cards)
    return twin


def dealt(game, street):
    """Return the boards of a street whose deals are of one card each, in every order."""
    return list(permutations(game.deck.cards().tolist(), street))


def best_response(whole, player):
    return value_against(whole.game, BoardSweeps(whole.tree, 1, np.float32), whole.tables, player)


@pytest.mark.parametrize("deals", [[0, 1], [0, 1, 1]])
def test_a_plan_is_the_strategy_that_it_was_made_of(deals):
    whole, tables = blueprint(deals, 5)
    game, tree = whole.game, whole.tree
    for player in (0, 1):
        before, after = (BoardStrategy(game, tree, own) for own in (tables, whole.tables))
        for node in np.flatnonzero(game.bets.player == player).tolist():
            cards = dealt(game, int(game.bets.round[node]))[0]
            reach = before.reach(node, cards)[player]
            np.testing.assert_allclose(before.at_node(node, cards)[:, reach > 0], after.at_node(node, cards)[:, reach > 0], atol=1e-5)
            np.testing.assert_allclose(after.sums(node, cards).sum(axis=0), reach, atol=1e-5)


@pytest.mark.parametrize("seat", [0, 1])
@pytest.mark.parametrize("deals", [[0, 1], pytest.param([0, 1, 1], marks=pytest.mark.long)])
def test_translation_plays_the_mean_of_all_draws_weighted_by_reach(deals, seat):
    """Its best response, by enumeration of every board and hand, is the table's."""
    whole, tables = blueprint(deals, 60)
    policy = BoardStrategy(whole.game, whole.tree, tables)
    after = [after for _, after, _ in extended(whole, seat)][-1]
    game, twin = after.game, Twin(after.game, DCFR)
    for node in np.flatnonzero(game.bets.player == seat).tolist():
        for cards in dealt(game, int(game.bets.round[node])):
            state = game.state_at(node, cards)
            twin.average[node, cards] = translated_policy(game, whole.game, policy.at, seat, state)
    assert best_response(after, 1 - seat) == pytest.approx(twin.worth(1 - seat, best=True), abs=2e-4)
    assert best_response(after, 1 - seat) > best_response(whole, 1 - seat) + 4e-4  # the bets pay


@pytest.mark.parametrize("seat", [0, 1])
@pytest.mark.parametrize("gadget", ["unsafe", "resolve", "maxmargin", "refined"])
@pytest.mark.parametrize("deals", [[0, 1], pytest.param([0, 1, 1], marks=pytest.mark.long)])
def test_a_best_response_to_insertion_wins_what_enumeration_finds_and_no_more_than_the_violation_allows(deals, gadget, seat):
    now, _ = blueprint(deals, 30)
    most = best_response(now, 1 - seat)
    least = most
    for before, after, found in extended(now, seat):
        report = insert_bets(before, after, found.extras, seat, ResolveConfig(gadget, judge=False), Budget(iterations=40), DCFR)
        most += report.bound_violation
        assert report.solves == len(found.extras) * len(before.tree.on_street(int(before.game.bets.round[found.extras[0].decision])))
    won = best_response(after, 1 - seat)
    assert won == pytest.approx(twin_of(after, seat).worth(1 - seat, best=True), abs=2e-4)
    assert least - 1e-4 < won < most + 1e-4


@pytest.mark.parametrize("seat", [0, 1])
def test_on_the_last_street_insertion_comes_to_the_least_violation_that_there_is(seat):
    """Folding or calling hand by hand so that the opponent's hands win least above their promises is a linear program."""
    now, _ = blueprint([0, 1], 200)
    (before, after, found), opponent = next(extended(now, seat)), 1 - seat
    insert_bets(before, after, found.extras, seat, ResolveConfig("resolve", judge=False), Budget(iterations=3000), DCFR)
    twin, strategy, bets = twin_of(before, seat), BoardStrategy(after.game, after.tree, after.tables), after.game.bets
    unsafe = Whole(after.game, after.tree, tuple(np.zeros_like(rows) for rows in after.tables))
    insert_bets(before, unsafe, found.extras, seat, ResolveConfig("unsafe", judge=False), Budget(iterations=50), DCFR)
    above = 0
    for extra in found.extras:
        fold, call = bets.children(extra.node)
        for cards in dealt(before.game, 1)[:4]:
            worth, reach, met = promised(twin, extra.decision, cards, opponent)
            folded = bets.contribution[fold, seat] * twin.meet * reach * twin.alive(cards)[:, None]
            called = bets.contribution[call, opponent] * winning(twin.hands, cards) * reach
            least = least_violation(folded - called, called.sum(axis=1) - worth * met, met > 0)

            def violation(policy, a=folded, b=called, allowed=worth * met, alive=met > 0):
                return float(np.maximum(a @ policy[0] + b @ policy[1] - allowed, 0.0)[alive].sum())

            got = violation(strategy.at_node(extra.node, cards))
            assert least - 1e-3 <= got <= least + 2e-3 * reach.sum()
            above += violation(BoardStrategy(after.game, after.tree, unsafe.tables).at_node(extra.node, cards)) > got + 0.1
    assert above > 0


def least_violation(gains, at_zero, alive):
    """Return the least sum over alive rows of max(0, gains @ x + at_zero) for x from 0 to 1."""
    rows, columns = int(alive.sum()), gains.shape[1]
    costs = np.append(np.zeros(columns), np.ones(rows))
    solved = linprog(
        costs, A_ub=np.hstack([gains[alive], -np.eye(rows)]), b_ub=-at_zero[alive], bounds=[(0, 1)] * columns + [(0, None)] * rows
    )
    assert solved.success
    return solved.fun


@pytest.mark.parametrize("seat", [0, 1])
def test_a_size_of_the_menu_is_no_extra_and_leaves_a_plan_as_it_is(seat):
    whole, _ = blueprint([0, 1, 1], 5)
    game = with_extra_bets(whole.game, (Size("%", 50.0), Size("%", 100.0)), (1 - seat,), (1, 2))
    found, tree = correspondence(whole.game, game), board_tree(game)
    assert not found.extras
    for player in (0, 1):
        np.testing.assert_array_equal(translated(whole, game, tree, player, found), whole.tables[player])


def test_a_model_makes_extra_bets_with_the_hands_of_the_sizes_around_them():
    whole, _ = blueprint([0, 1], 20)
    before, after, found = next(extended(whole, 1))
    extra = found.extras[0]
    (low, share), (high, rest) = extra.likely
    assert (share, rest) == (pytest.approx(3 / 7), pytest.approx(4 / 7))  # 0.75 between 0.5 and 1
    cards, bets = dealt(before.game, 1)[0], before.game.bets
    children = bets.children(extra.decision)
    policy = BoardStrategy(before.game, before.tree, before.tables).at_node(extra.decision, cards)
    expected = share * policy[children.index(low)] + rest * policy[children.index(high)]
    node = int(after.game.bets.parent[extra.node])
    made = BoardStrategy(after.game, after.tree, after.tables).at_node(node, cards)
    reach = BoardStrategy(before.game, before.tree, before.tables).reach(extra.decision, cards)[0] > 0
    place = after.game.bets.children(node).index(extra.node)
    np.testing.assert_allclose(made[place][reach] / TREMBLE, expected[reach], rtol=1e-4, atol=1e-6)
    np.testing.assert_allclose(np.delete(made, place, axis=0)[:, reach], policy[:, reach], atol=1e-5)


@pytest.mark.parametrize(
    ("settings", "error"),
    [
        ({"stack": 9}, r"game.stack must be so large that an extra bet leaves the actions of the bets around it, got"),
        ({"bets": ""}, r"game must have a bet that 'bet 3' can be taken for, got none"),
    ],
)
def test_bets_that_cannot_be_taken_for_others_are_refused(settings, error):
    game = small([0, 1, 1], **SETTINGS | settings)
    with pytest.raises(ValueError, match=error):
        correspondence(game, with_extra_bets(game, EXTRA, (0,), (1,)))


def test_a_limit_game_has_no_menus():
    game = small(
        [0, 1], blinds=[1, 2], stack=20, min_bet=1, bets="50%,100%,a", raises="100%,a", raise_cap=0, limit=[2, 4], max_raises=[1, 1]
    )
    with pytest.raises(ValueError, match="game must have menus of bets, got the limit game holdem"):
        with_extra_bets(game, EXTRA, (0,), (1,))
