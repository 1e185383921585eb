"""Games in memory, both families: tables written and read state by state, values, best responses, values of actions."""

import numpy as np
import pytest

from agents import tabulate
from games.derived import derived_game
from search import Budget, represent
from search.boards.strategy import play_alike
from tests.strategies import DERIVED, EVERY, HOLDEM, Asked, every_state, filled, representation_of, strategies

STILL = Budget(seconds=0)


def plan(name):
    """Return tables that play differently from state to state, and what they play at a state."""
    representation, tables = representation_of(name), strategies(name)["loose" if name in HOLDEM else "random 1"]
    return tables, lambda game, state: representation.at(tables, state)


@pytest.mark.parametrize("name", EVERY)
def test_a_table_is_what_was_written_state_by_state(name):
    representation, (tables, policy) = representation_of(name), plan(name)
    again = filled(representation, policy)
    for player in (0, 1):
        assert again[player].shape == representation.shape(player)
        assert again[player].dtype == representation.dtype
        representation.check(again[player], player)
        assert representation.value(again, player) == pytest.approx(representation.value(tables, player), abs=1e-9)
    for state in every_state(representation):
        if representation.game.player(state) >= 0:
            np.testing.assert_allclose(representation.at(again, state), policy(None, state), atol=1e-12)


@pytest.mark.parametrize("name", EVERY)
def test_values_are_opposite_and_no_more_than_best_responses(name):
    representation, (tables, _) = representation_of(name), plan(name)
    first, second = (representation.value(tables, player) for player in (0, 1))
    assert first == pytest.approx(-second, abs=1e-9)
    for player, value in enumerate((first, second)):
        assert value < representation.best_response_value(tables[1 - player], player)


@pytest.mark.parametrize("name", EVERY)
def test_an_agent_that_is_asked_everywhere_is_its_table(name, monkeypatch):
    representation, (tables, policy) = representation_of(name), plan(name)
    monkeypatch.setattr("agents.agent.represent", lambda game: representation)  # hold'em in float64
    monkeypatch.setattr("agents.evaluation.strength.represent", lambda game: representation)
    agent = Asked(representation.game, "plan", policy)
    for seat in (0, 1):
        report = tabulate(agent, seat, STILL)
        states = [s for s in every_state(representation) if representation.game.player(s) == seat]
        assert 0 < report.decisions <= len(states)
        expected = representation.best_response_value(tables[seat], 1 - seat)
        assert report.opponent_best_response == pytest.approx(expected, abs=1e-9)
        assert np.isnan(report.against_blueprint)


@pytest.mark.parametrize("name", EVERY)
def test_actions_are_worth_what_both_go_on_to_win(name):
    """At the first decision, weighted by deals and by what is played there."""
    representation, (tables, _) = representation_of(name), plan(name)
    game, values = representation.game, representation.value_function(tables)
    player = game.player(game.root)
    others = game.ranges[1 - player]
    won = (representation.at(tables, game.root) * values.action_values(game.root, others)).sum(axis=0) @ game.ranges[player]
    cf_reach = game.cf_reach(game.root, player, others) @ game.ranges[player]
    assert won / cf_reach == pytest.approx(representation.value(tables, player), abs=1e-9)


@pytest.mark.parametrize("name", EVERY)
def test_what_is_no_strategy_is_refused(name):
    representation, (tables, _) = representation_of(name), plan(name)
    for wrong in (np.nan, -1.0):
        table = tables[0].copy()
        table.reshape(-1)[0] = wrong
        with pytest.raises(ValueError, match="a table must"):
            representation.check(table, 0)


@pytest.mark.parametrize("name", EVERY)
def test_sizes_are_told_without_building(name):
    representation = representation_of(name)
    exact = sum(table.nbytes for table in representation.uniform())
    assert exact <= representation.table_bytes <= (2 if name == "no suits alike" else 1.5) * exact


def test_a_game_is_represented_once():
    for name in EVERY:
        game = derived_game(representation_of(name).tree) if name in DERIVED else HOLDEM[name]
        assert represent(game) is represent(game)
    with pytest.raises(TypeError, match="game must be derived from OpenSpiel or hold'em, got str"):
        represent("leduc_poker")


def test_written_hands_that_suits_make_equal_play_alike():
    representation, (_, policy) = representation_of("flop, turn"), plan("flop, turn")
    tables = filled(representation, policy)
    before = [table.copy() for table in tables]
    for player in (0, 1):
        play_alike(representation.tree, player, tables[player])
        np.testing.assert_allclose(tables[player], before[player], atol=1e-12)


@pytest.mark.parametrize("name", EVERY)
def test_what_comes_to_a_state_goes_on_to_those_below(name):
    """Chances: 1 at the root, and at every state the sum of those that follow, public cards that suits make equal counted together."""
    representation, (tables, _) = representation_of(name), plan(name)
    game, ones = representation.game, [np.ones(count) for count in representation.game.num_hands]
    assert representation.chance(game.root, tuple(ones)) == pytest.approx(1.0, abs=1e-9)
    stack, seen = [(game.root, tuple(ones))], 0
    while stack and seen < 300:
        state, reach = stack.pop()
        seen, below, player = seen + 1, representation.below(state), game.player(state)
        moved = [list(reach) for _ in below]
        if player >= 0:
            for own, row in zip(moved, representation.at(tables, state), strict=True):
                own[player] = own[player] * row
        children = [(child, tuple(own)) for child, own in zip(below, moved, strict=True)]
        if children:
            passed = sum(representation.chance(child, own) for child, own in children)
            assert passed == pytest.approx(representation.chance(state, reach), abs=1e-9)
        stack += children
    assert seen > 8
