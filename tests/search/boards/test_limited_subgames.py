"""Searches of hold'em that end before the next card, and what it is worth to come behind it."""

from functools import lru_cache

import numpy as np
import pytest

from games.holdem.board_tree import board_tree
from games.holdem.subgame import state_above, subgame_of
from games.holdem.subtree import entering, street_lines
from games.kernels.boards import PARENT
from search import BoardSolver, Budget, variant
from search.beliefs import Beliefs
from search.boards.continuations import BoardContinuation
from search.boards.depth_limit import BoardDepthLimitedSolver
from search.boards.limited_subgames import MOST_VISITS, LimitedBoardSubgames, Visits
from search.boards.next_street import NextStreet
from search.boards.promises import WorthOfStarts
from search.boards.strategy import BoardStrategy, alike_images, image_of_hands
from search.boards.subgames import BoardSubgames
from search.gadgets import UNSAFE
from tests.catalogue import UNEVEN, small

pytestmark = pytest.mark.kernels
ROW = variant("default_holdem")
GAME = small([0, 1, 1], ranges=UNEVEN)


@lru_cache(maxsize=1)
def solved():
    solver = BoardSolver(GAME, ROW, 1, np.float64)
    solver.run(20)
    return solver.answer()


def ranges_on(tree, board, seed, lines):
    """Return per player [lines, H], ranges on the cards above a board, by hands of the deck."""
    rng = np.random.default_rng(seed)
    found = []
    for p in (0, 1):
        own = np.zeros((lines, len(GAME.hands)))
        own[:, tree.hands_at(p, board)] = rng.random((lines, len(tree.hands_at(p, board))))
        found.append(own)
    return found


def beliefs_of(tree, board, reach):
    """Return how players come to a board's lines with ranges [L, H] by hands of the deck."""
    place = int(tree.boards[board, PARENT])
    first, second = (own[:, tree.hands_at(p, place)].T for p, own in enumerate(reach))
    return Beliefs(place, (first, second), None)


def symmetric(tree, board, reach):
    """Return ranges in which hands that the board's suits make alike have the same weight."""
    return [np.mean([own[:, image] for image in alike_images(GAME, tree, board)], axis=0) for own in reach]


def test_a_search_on_a_board_is_that_of_the_subgame_that_begins_there():
    answer, tree = solved(), board_tree(GAME, np.float64)
    board, node = tree.on_street(1)[1], entering(GAME, 1)[0]
    reach = symmetric(tree, board, ranges_on(tree, board, 3, 1))
    state = GAME.state_at(node, tree.cards[board])
    lines = street_lines(GAME, [node], np.float64, streets=1)
    searching = LimitedBoardSubgames(GAME, tree, lines, ROW, BoardContinuation(answer))
    searching.enter(board, beliefs_of(tree, board, reach), answer.tables, 0)
    searching.restrict(np.ones(1, bool))
    searching.start(UNSAFE, None, 0.0, 0)
    searching.run(30)
    found = searching.answer()
    subgame = subgame_of(GAME, state, (reach[0][0], reach[1][0]))
    expected = BoardDepthLimitedSolver(subgame, ROW, BoardContinuation(answer, state), np.float64)
    expected.run(30)
    tables = [np.zeros_like(rows) for rows in answer.tables]
    for p in (0, 1):
        found.part.put(p, found.average[p], tables[p])
    whole = BoardStrategy(GAME, tree, (tables[0], tables[1]))
    for own in np.flatnonzero(expected.game.bets.player >= 0).tolist():
        same = state_above(state, expected.game.state_at(own, expected.game.root.cards))
        live = reach[GAME.player(same)][0] > 0
        np.testing.assert_allclose(whole.at(same)[:, live], expected.answer().at_node(own)[:, live], atol=1e-6)


@pytest.mark.parametrize("kind", [UNSAFE, "resolve", "maxmargin"])
@pytest.mark.parametrize("form", ["default_holdem", "pcfr_plus"])
def test_a_warm_start_above_leaves_is_that_of_the_whole_subgame(form, kind):
    """The strategy at the start goes on below the leaves, so the regrets of the street are those of a solve to the end."""
    answer, tree, row = solved(), board_tree(GAME, np.float64), variant(form)
    board, nodes = tree.on_street(1)[0], entering(GAME, 1)
    beliefs = beliefs_of(tree, board, symmetric(tree, board, ranges_on(tree, board, 6, len(nodes))))
    found = []
    for limited in (True, False):
        lines = street_lines(GAME, nodes, np.float64, **({"streets": 1} if limited else {}))
        args = GAME, tree, lines, row
        solver = LimitedBoardSubgames(*args, BoardContinuation(answer)) if limited else BoardSubgames(*args)
        entrance = solver.enter(board, beliefs, answer.tables, 1)
        solver.restrict(np.ones(len(nodes), bool))
        solver.start(kind, None if kind == UNSAFE else 0.1 * entrance.cf_reach, 0.0, 9)
        assert solver._before_start == 9
        kept = []
        for name in ("regret", "average", *(["matching"] if row.predictive else [])):
            table = [np.zeros_like(rows) for rows in answer.tables]
            for p in (0, 1):
                solver._part.put(p, getattr(solver._stored, name)[p], table[p])
            decisions = np.flatnonzero((GAME.bets.player >= 0) & (GAME.bets.round == 1)).tolist()
            kept.append([tree.by_hand(p := int(GAME.bets.player[n]), board, table[p], tree.rows_of[n]) for n in decisions])
        found.append(kept)
    for kinds in zip(*found, strict=True):
        for limited, whole in zip(*kinds, strict=True):
            np.testing.assert_allclose(limited, whole, rtol=1e-7, atol=1e-9)
    assert np.abs(found[0][0][0]).max() > 0.01


def test_leaves_without_values_make_the_start_cold():
    answer, tree = solved(), board_tree(GAME, np.float64)
    board, nodes = tree.on_street(1)[0], entering(GAME, 1)

    class NoNumbers(BoardContinuation):
        def cfvs(self, player, reach):
            return np.full_like(reach[player], np.nan)

    solver = LimitedBoardSubgames(GAME, tree, street_lines(GAME, nodes, np.float64, streets=1), ROW, NoNumbers(answer))
    solver.enter(board, beliefs_of(tree, board, ranges_on(tree, board, 7, len(nodes))), answer.tables, 0)
    solver.restrict(np.ones(len(nodes), bool))
    solver.start(UNSAFE, None, 0.0, 9)
    assert solver._before_start == 0
    assert not any(rows.any() for rows in (*solver._stored.regret, *solver._stored.average))


def test_lines_side_by_side_are_searched_as_each_alone():
    answer, tree = solved(), board_tree(GAME, np.float64)
    board, nodes = tree.on_street(1)[0], entering(GAME, 1)
    reach = symmetric(tree, board, ranges_on(tree, board, 4, len(nodes)))

    def searched(own, picked):
        lines = street_lines(GAME, own, np.float64, streets=1)
        searching = LimitedBoardSubgames(GAME, tree, lines, ROW, BoardContinuation(answer))
        searching.enter(board, beliefs_of(tree, board, [r[picked] for r in reach]), answer.tables, 0)
        searching.restrict(np.ones(len(own), bool))
        searching.start(UNSAFE, None, 0.0, 0)
        searching.solve(Budget(iterations=12))
        table = [np.zeros_like(rows) for rows in answer.tables]
        for p in (0, 1):
            searching.answer().part.put(p, searching.answer().average[p], table[p])
        return table

    together = searched(nodes, slice(None))
    alone = [searched([node], slice(i, i + 1)) for i, node in enumerate(nodes)]
    for p in (0, 1):
        np.testing.assert_allclose(together[p], sum(table[p] for table in alone), atol=1e-9)


def test_a_line_that_is_not_solved_keeps_the_strategy_so_far():
    answer, tree = solved(), board_tree(GAME, np.float64)
    board, nodes = tree.on_street(1)[0], entering(GAME, 1)
    lines = street_lines(GAME, nodes, np.float64, streets=1)
    searching = LimitedBoardSubgames(GAME, tree, lines, ROW, BoardContinuation(answer))
    accepted = np.arange(len(nodes)) > 0
    searching.enter(board, beliefs_of(tree, board, ranges_on(tree, board, 5, len(nodes))), answer.tables, 0)
    searching.restrict(accepted)
    searching.start(UNSAFE, None, 0.0, 0)
    searching.run(3)
    played = searching.played(searching.answer(), accepted)
    changed = [np.array(rows) for rows in answer.tables]
    for p in (0, 1):
        played.part.put(p, played.average[p], changed[p])
    bets = GAME.bets
    for node in np.flatnonzero((bets.player >= 0) & (bets.round == 1)).tolist():
        p, rows = int(bets.player[node]), tree.rows_of[node]
        before, now = (tree.by_hand(p, board, table[p], rows) for table in (answer.tables, changed))
        first = node < int(bets.end[nodes[0]])
        assert first == bool(np.array_equal(before, now))


@lru_cache(maxsize=1)
def behind():
    tree = board_tree(GAME, np.float64)
    nodes = entering(GAME, 2)
    board = tree.on_street(1)[1]
    reach = symmetric(tree, board, ranges_on(tree, board, 6, len(nodes)))
    street = NextStreet(GAME, tree, 2, ROW)
    return tree, board, reach, street, street.solve(board, (reach[0], reach[1]), 40)


def test_boards_behind_the_card_are_solved_as_subgames_that_begin_there():
    tree, _, reach, street, values = behind()
    zeros = tuple(np.zeros((rows, 8)) for rows in tree.stored_rows)
    for i, child in enumerate(values.boards):
        for seat in (0, 1):
            alone = BoardSubgames(GAME, tree, street.lines, ROW)
            entrance = alone.enter(child, beliefs_of(tree, child, reach), zeros, seat)
            alone.restrict(np.ones(len(street.lines), bool))
            alone.start(UNSAFE, None, 0.0, 0)
            alone.run(40)
            alone.played(alone.answer(), np.ones(len(street.lines), bool))
            expected = alone.cfvs(answered=True, best=True) * entrance.scale
            found = values.cfvs[1 - seat][i][:, tree.hands_at(1 - seat, child)].T
            np.testing.assert_allclose(found, expected, rtol=0.02, atol=0.02 * np.abs(expected).max())


def test_leaving_a_board_is_worth_the_mean_over_all_cards_of_the_deck():
    tree, board, _, street, values = behind()
    found = street.before(board, values)
    left = [card for card in GAME.deck.cards().tolist() if card not in tree.cards[board]]
    answer = solved()
    ways = len(left) - 4
    for p in (0, 1):
        total = np.zeros_like(found[p])
        for card in left:
            child, permutation = answer.find((*tree.cards[board], card))
            image = image_of_hands(permutation.tobytes(), GAME.deck)
            total += values.cfvs[p][child - values.boards.start][:, image] / ways
        np.testing.assert_allclose(found[p], total, atol=1e-9)


def test_hands_are_promised_what_those_who_are_asked_say_that_they_are_worth():
    tree, _, reach, _, values = behind()
    nodes, child = entering(GAME, 2), values.boards[0]

    class Known:
        name = "known"

        def fingerprint(self):
            return b"known"

        def enter(self, states):
            self.states = list(states)

        def cfvs(self, player, asked):
            (state,) = set(self.states)
            line = nodes.index(GAME.locate(state).node)
            for p in (0, 1):
                live = tree.hands_at(p, child)
                np.testing.assert_allclose(asked[p][:, live], reach[p][[line]][:, live])
            return values.cfvs[player][0][[line]]

    known = Known()
    for player in (0, 1):
        promised = WorthOfStarts(GAME, tree, known, {}).at(nodes, child, beliefs_of(tree, child, reach), player)
        hands = tree.hands_at(player, child)
        meet = np.array([[not set(a) & set(b) for b in GAME.hands.tolist()] for a in GAME.hands[hands].tolist()])
        other = np.zeros_like(reach[1 - player])
        other[:, tree.hands_at(1 - player, child)] = reach[1 - player][:, tree.hands_at(1 - player, child)]
        met = meet @ other.T
        np.testing.assert_allclose(promised * met, np.where(met > 0, values.cfvs[player][0][:, hands].T, 0), atol=1e-9)


def test_what_is_promised_behind_a_search_is_a_mean_over_its_iterations():
    tree, board, _, _, values = behind()
    leaf, child = int(GAME.bets.parent[entering(GAME, 2)[1]]), values.boards[1]
    rng, visits, asked = np.random.default_rng(8), Visits([leaf + 5, leaf]), []
    decays = [0.0, 0.3, 0.8]
    for t, decay in enumerate(decays):
        asked.append(tuple(rng.random((2, len(GAME.hands))) for _ in (0, 1)))
        visits.add(t, decay, asked[-1])

    class Squares:
        def enter(self, states):
            assert len(states) == 3
            assert set(states) == {GAME.state_at(leaf + 1, tree.cards[child])}

        def cfvs(self, player, reach):
            return reach[1 - player] ** 2 + reach[player]

    hands = tree.hands_at(0, child)
    promised = WorthOfStarts(GAME, tree, Squares(), {board: [visits]}).at([leaf + 1], child, None, 0)
    meet = np.array([[not set(a) & set(b) for b in GAME.hands[tree.hands_at(1, child)].tolist()] for a in GAME.hands[hands].tolist()])
    cfvs, cf_reach = 0.0, 0.0
    for decay, (own, other) in zip(decays, asked, strict=True):
        own, other = own[1].astype(np.float32), other[1].astype(np.float32)
        at_other = np.where(np.isin(np.arange(len(GAME.hands)), tree.hands_at(1, child)), other, 0)
        cfvs = cfvs * decay + at_other[hands] ** 2 + own[hands]
        cf_reach = cf_reach * decay + meet @ other[tree.hands_at(1, child)]
    np.testing.assert_allclose(promised[:, 0], cfvs / cf_reach, rtol=1e-6)


def test_of_long_searches_some_iterations_are_kept_with_their_weights():
    visits, reach = Visits([7]), (np.zeros((1, 3)), np.ones((1, 3)))
    for t in range(1000):
        visits.add(t, t / (t + 1), (reach[0] + t, reach[1]))
    weights, (first, _) = visits.at(7)
    assert MOST_VISITS / 2 <= len(weights) <= MOST_VISITS
    iterations = first[:, 0]
    assert set(np.diff(iterations)) == {16}
    np.testing.assert_allclose(weights / weights[0], (iterations + 1) / (iterations[0] + 1), rtol=1e-9)
    assert iterations[-1] > 1000 - 16
