"""Local best response in hold'em: never above the exact one, and the look-ahead beside evaluations by sweeps."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import pytest

from agents.evaluation.holdem_lbr import Showdowns, always_call, holdem_best_response, holdem_lbr_exploitability
from agents.evaluation.lbr import ACTION_SETS, ActionSet
from games.holdem.board_tree import board_tree
from search import BoardSolver, BoardStrategy, Budget, variant
from search.boards.search import value_against
from search.boards.sweeps import BoardSweeps
from search.boards.values import values_against
from tests.searching import searching, sweep
from tests.test_holdem import UNEVEN, small

GAMES = {
    "flop, turn": small([0, 1, 1], ranges=UNEVEN),
    "several sizes": small([0, 1], ranges=UNEVEN, stack=53, bets="53%,a", raises="2.5x,a", raise_cap=0),
    "no suits alike": small([0, 1], ranges=("AcKd,QcQd,AdQh:0.5", "full")),
}


@lru_cache(maxsize=3)
def tree_of(name):
    tree = board_tree(GAMES[name], np.float64)
    return tree, Showdowns(GAMES[name], tree), BoardSweeps(tree, 1, np.float64)


def calling(name):
    return always_call(GAMES[name], tree_of(name)[0])


def strategies(name):
    tree = tree_of(name)[0]
    yield "uniform", tuple(np.ones((n, 8)) for n in tree.stored_rows)
    yield "calling", calling(name)
    solver = BoardSolver(GAMES[name], variant("dcfr"), 1, np.float64)
    for _ in range(2):
        solver.run(5)
        yield f"solved:{solver.iterations}", tuple(a.copy() for a in solver.answer().average)
    yield "loose", tuple(a + 0.3 for a in solver.average)  # comes everywhere, and hands that suits make equal play alike


@pytest.mark.parametrize("name", GAMES)
def test_it_never_wins_more_than_a_best_response(name):
    game, (_, showdowns, sweeps) = GAMES[name], tree_of(name)
    for _, pair in strategies(name):
        exact = sum(value_against(game, sweeps, pair, p) for p in (0, 1)) / 2
        found = [holdem_lbr_exploitability(showdowns, sweeps, pair, actions) for actions in ACTION_SETS]
        assert max(found) <= exact + 1e-9
        assert exact > 0


def test_it_finds_most_of_what_there_is_in_play_without_a_plan():
    game, (_, showdowns, sweeps) = GAMES["flop, turn"], tree_of("flop, turn")
    for pair in (dict(strategies("flop, turn"))[name] for name in ("uniform", "calling")):
        exact = sum(value_against(game, sweeps, pair, p) for p in (0, 1)) / 2
        assert holdem_lbr_exploitability(showdowns, sweeps, pair, ActionSet(0)) > 0.7 * exact


@pytest.mark.parametrize("name", GAMES)
def test_it_takes_what_is_worth_most_if_only_checks_and_calls_follow(name):
    """Beside sweeps that let both check and call from a decision on, against the range that comes there."""
    game, (tree, showdowns, sweeps) = GAMES[name], tree_of(name)
    bets, deck = game.bets, game.deck.cards().tolist()
    pair = dict(strategies(name))["loose"]
    called = BoardStrategy(game, tree, calling(name))
    clear = 0
    for seat in (0, 1):
        rows, _ = holdem_best_response(showdowns, sweeps, seat, pair[1 - seat], ActionSet(0))
        own, other = BoardStrategy(game, tree, (rows, rows)), BoardStrategy(game, tree, pair)
        for node in np.flatnonzero(bets.player == seat).tolist()[::2]:
            cards = tuple(deck[3:0:-2][: int(bets.round[node])])  # no canonical board
            reach = other.reach(node, cards)[1 - seat]
            children = bets.children(node)
            worth = values_against(called, node, cards, reach)
            for i, child in enumerate(children):
                if bets.player[child] != 1 - seat or bets.labels[child] in ("check", "call"):
                    continue
                assert bets.labels[bets.children(child)[0]] == "fold"
                folds = reach * other.at(child, cards)[0]
                meets = np.array([folds[~np.isin(game.hands, hand).any(axis=1)].sum() for hand in game.hands])
                worth[i] = bets.contribution[child, 1 - seat] * meets + values_against(called, node, cards, reach - folds)[i]
            here = (game.ranges[seat] > 0) & ~np.isin(game.hands, cards).any(axis=1)
            best = np.sort(worth, axis=0)[-2:]
            here &= best[1] - best[0] > 1e-6
            np.testing.assert_array_equal(own.at(node, cards).argmax(axis=0)[here], worth.argmax(axis=0)[here])
            clear += int(here.sum())
    assert clear > 100


def test_without_bets_it_makes_none():
    game, (tree, showdowns, sweeps) = GAMES["flop, turn"], tree_of("flop, turn")
    _, pair = next(strategies("flop, turn"))
    rows, value = holdem_best_response(showdowns, sweeps, 0, pair[1], ActionSet(None))
    strategy = BoardStrategy(game, tree, (rows, rows)).at(0)
    verbs = [game.bets.labels[child].split()[0] for child in game.bets.children(0)]
    assert not strategy[verbs.index("raise"), game.ranges[0] > 0].any()
    assert value < holdem_best_response(showdowns, sweeps, 0, pair[1], ActionSet(0))[1]


def test_an_agent_that_searches_is_tabulated_first():
    game, (tree, showdowns, sweeps) = GAMES["flop, turn"], tree_of("flop, turn")
    pair = dict(strategies("flop, turn"))["solved:5"]
    search = searching(1, "maxmargin", "safe", Budget(iterations=20))
    seats = [sweep(game, tree, pair, seat, search, variant("dcfr"))[0][seat] for seat in (0, 1)]
    exact = sum(value_against(game, sweeps, (seats[0], seats[1]), p) for p in (0, 1)) / 2
    assert max(holdem_lbr_exploitability(showdowns, sweeps, (seats[0], seats[1]), a) for a in ACTION_SETS) <= exact + 1e-9
