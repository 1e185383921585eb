"""Local best response in both families: never above the exact one, and the look-ahead beside evaluations by sweeps."""

import numpy as np
import pytest

from agents import SearchAgent, solved_policy, tabulate
from agents.evaluation.lbr import ACTION_SETS, ActionSet, lbr_exploitability, local_best_response
from games.game import Kind
from search import BoardStrategy, Budget, variant
from search.boards.values import values_against
from tests.strategies import HOLDEM, POKER, every_state, exploitability, representation_of, strategies

LEDUC = "leduc_poker(suit_isomorphism=true)"


@pytest.mark.long
@pytest.mark.parametrize("name", POKER)
def test_it_never_wins_more_than_a_best_response(name):
    game = representation_of(name)
    for tables in strategies(name).values():
        exact = exploitability(game, tables)
        assert exact > 0
        assert max(lbr_exploitability(game, tables, actions) for actions in ACTION_SETS) <= exact + 1e-9


@pytest.mark.parametrize(("name", "share"), [(LEDUC, 0.9), ("flop, turn", 0.7)])
def test_against_one_that_always_calls_it_finds_most_of_the_best_response(name, share):
    """No bet is ever folded to, so betting better hands is all there is; waiting for the board with it takes more than one step."""
    game, tables = representation_of(name), strategies(name)["calling"]
    exact = exploitability(game, tables)
    assert share * exact < lbr_exploitability(game, tables, ActionSet(0)) <= exact


def test_kuhn_by_hand():
    """Against always call (never bet): the best card bets and is called by both others, the middle one is indifferent."""
    game, other = representation_of("kuhn_poker"), strategies("kuhn_poker")["calling"][1]
    table, value = local_best_response(game, 0, other, ActionSet(0))
    assert value == pytest.approx(game.best_response_value(other, 0)) == pytest.approx(1 / 3)
    assert table[:2, 2].tolist() == [0.0, 1.0]  # the king bets


def test_more_actions_are_not_always_more_but_no_bets_leave_less_to_win_here():
    values = {a.name: lbr_exploitability(representation_of(LEDUC), strategies(LEDUC)["uniform"], a) for a in ACTION_SETS}
    assert values["fold, call"] < values["fold, call, raise from round 2"] < values["fold, call, raise"]
    assert list(values) == ["fold, call", "fold, call, raise", "fold, call, raise from round 2"]


@pytest.mark.parametrize("seat", [0, 1])
@pytest.mark.parametrize("name", POKER)
def test_its_own_strategy_is_one_and_keeps_to_its_actions(name, seat):
    representation, pair = representation_of(name), strategies(name)["uniform"]
    game = representation.game
    table, value = local_best_response(representation, seat, pair[1 - seat], ActionSet(None))
    representation.check(table, seat)
    assert value < local_best_response(representation, seat, pair[1 - seat], ActionSet(0))[1]
    offered = 0
    for state in every_state(representation):
        if game.player(state) == seat:
            bets = [action.kind == Kind.BET for action in game.actions(state)]
            there = game.ranges[seat] * game.cf_reach(state, seat, game.ranges[1 - seat]) > 0
            assert not representation.at((table, table), state)[bets][:, there].any()
            offered += any(bets)
    assert offered > 0


@pytest.mark.parametrize("name", [name for name in HOLDEM if name in ("flop, turn", "several sizes", "no suits alike")])
def test_it_takes_what_is_worth_most_if_only_checks_and_calls_follow(name):
    """Beside sweeps that let both check and call from a decision on, against the range that comes there."""
    representation, pair = representation_of(name), strategies(name)["loose"]
    game, tree = representation.game, representation.tree
    bets, deck = game.bets, game.deck.cards().tolist()
    called = BoardStrategy(game, tree, strategies(name)["calling"])
    clear = 0
    for seat in (0, 1):
        rows, _ = local_best_response(representation, seat, pair[1 - seat], ActionSet(0))
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
                folds = reach * other.at_node(child, cards)[0]
                meets = np.array([folds[~np.isin(game.hands, hand).any(axis=1)].sum() for hand in game.hands])
                worth[i] = bets.contribution[child, 1 - seat] * meets + values_against(called, node, cards, reach - folds)[i]
            here = (game.ranges[seat] > 0) & ~np.isin(game.hands, cards).any(axis=1)
            best = np.sort(worth, axis=0)[-2:]
            here &= best[1] - best[0] > 1e-6
            np.testing.assert_array_equal(own.at_node(node, cards).argmax(axis=0)[here], worth.argmax(axis=0)[here])
            clear += int(here.sum())
    assert clear > 100


def test_a_search_agent_is_tabulated_first():
    game = representation_of(LEDUC)
    agent = SearchAgent(solved_policy(game.tree, variant("cfr"), 5), variant("default"))
    first, second = (tabulate(agent, seat, Budget(iterations=200)).table for seat in (0, 1))
    assert max(lbr_exploitability(game, (first, second), a) for a in ACTION_SETS) <= exploitability(game, (first, second))


def test_games_without_calls_are_refused():
    game = representation_of("liars_dice(numdice=1,dice_sides=3)")
    with pytest.raises(ValueError, match=r"local best response needs a check or call at every decision, got .* in liars_dice"):
        lbr_exploitability(game, game.uniform(), ActionSet(0))
