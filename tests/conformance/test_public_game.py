"""What every public game must do, checked on random hands of every registered instance."""

from __future__ import annotations

import pickle
from collections import Counter
from itertools import pairwise

import numpy as np
import pyspiel
import pytest

from games import CHANCE, TERMINAL
from games.game import Action, Kind, children, find_decision, line_of, path
from search import represent
from tests.catalogue import DICE, GAMES, HOLDEM, SMALL_GAMES, TINY, game_of
from tests.playing import alone, outcomes, playouts

HANDS = 40  # of a game, played at random
BETTING = [name for name in GAMES if "dice" not in name]


@pytest.mark.parametrize("name", GAMES)
def test_paths_labels_and_parents_agree(name):
    game = game_of(name)
    assert game.parent(game.root) is None
    assert game.label(game.root) == ""
    for _, states in playouts(name, HANDS):
        assert path(game, states[-1]) == states
        assert line_of(game, states[-1]) == [game.label(state) for state in states[1:]]
        deciding = [game.player(state) >= 0 for state in states]
        for i, (state, child) in enumerate(pairwise(states)):
            assert game.parent(child) == state
            assert 0 <= game.round(child) - game.round(state) <= 1
            if game.player(state) == CHANCE:
                assert game.revealed(state, game.label(child)) == child
            else:
                assert game.child(state, game.action(state, game.label(child))) == child
            if game.settled(state):
                assert not any(deciding[i:])
        *_, last = (state for state, decides in zip(states, deciding, strict=True) if decides)
        assert find_decision(game, " / ".join(line_of(game, last)), "show") == last
        assert game.settled(states[-1])
        assert 0 <= game.round(states[-1]) < len(game.rounds)
        assert not any(game.settled(state) for state, decides in zip(states, deciding, strict=True) if decides)


@pytest.mark.parametrize("name", GAMES)
def test_actions_are_told_apart_and_no_other_is_taken(name):
    game = game_of(name)
    for _, states in playouts(name, HANDS):
        for state in states:
            if game.player(state) < 0:
                assert not game.actions(state)
                continue
            offered, amounts = game.actions(state), game.amounts(state)
            assert len({action.text for action in offered}) == len({action.code for action in offered}) == len(offered) > 0
            assert [game.action(state, action.text) for action in offered] == offered
            assert len(set(children(game, state))) == len(offered)
            with pytest.raises(ValueError, match=r"^[^\n]+$"):
                game.child(state, Action(Kind.BET, "bet 1000000000000", 1e12, "bet 1000000000000"))
            with pytest.raises(ValueError, match=r"^[^\n]+$"):
                game.action(state, "nonsense")
            if amounts is not None:
                least, most = amounts
                assert all(least <= action.chips <= most for action in offered if action.kind == Kind.BET)
                for amount in (least, (least + most) // 2, most):
                    assert game.child(state, game.action(state, f"raise {amount}")).betting.player == 1 - game.player(state)
                for amount in (least - 1, most + 1):
                    with pytest.raises(ValueError, match=f"{least}\\.\\.{most}|all-in {most}"):
                        game.action(state, f"bet {amount}")


@pytest.mark.parametrize("name", GAMES)
def test_states_are_values(name):
    """Equal ones are one key, also those made anew by the same line, and those that were sent elsewhere."""
    game = game_of(name)
    for _, states in playouts(name, 10):
        again = game.root
        for state in states[1:]:
            text = game.label(state)
            again = game.revealed(again, text) if game.player(again) == CHANCE else game.child(again, game.action(again, text))
            sent = pickle.loads(pickle.dumps(state))
            assert state == again == sent
            assert len({state, again, sent}) == 1
        assert len(set(states)) == len(states)


@pytest.mark.parametrize("name", GAMES)
def test_games_travel_and_are_equal_by_their_keys(name):
    game = game_of(name)
    sent = pickle.loads(pickle.dumps(game))
    assert sent.key == game.key
    for hands, states in playouts(name, 5):
        assert sent.payoff(states[-1], hands) == game.payoff(states[-1], hands)
    assert len({game_of(other).key for other in GAMES}) == len(GAMES)


@pytest.mark.parametrize("name", BETTING)
def test_chips_are_conserved(name):
    game = game_of(name)
    folds = 0
    for hands, states in playouts(name, HANDS):
        stack = None
        for state, child in pairwise(states):
            before, after, player = game.chips(state), game.chips(child), game.player(state)
            if before.behind is not None:
                total = [before.paid[p] + before.behind[p] for p in (0, 1)]
                assert stack in (None, total)
                assert min(before.behind) >= 0
                stack = total
            assert all(before.opened[p] <= before.paid[p] for p in (0, 1))
            if player == CHANCE:
                assert before.paid == after.paid
                assert before.paid[0] == before.paid[1]
                assert after.opened == after.paid
                continue
            action = game.action(state, game.label(child))
            assert after.paid[1 - player] == before.paid[1 - player]
            if action.kind == Kind.BET:
                assert after.paid[player] > max(before.paid)
                assert action.chips == after.paid[player] - before.opened[player]
            elif action.kind == Kind.PASS:
                assert after.paid == (max(before.paid),) * 2
            else:
                assert action.kind == Kind.FOLD
                assert before.paid[player] < before.paid[1 - player]
                assert after.paid == before.paid
                assert game.player(child) == TERMINAL
                assert game.payoff(child, hands) == before.paid[player] * (-1 if player == 0 else 1)
                folds += 1
        assert abs(game.payoff(states[-1], hands)) <= min(game.chips(states[-1]).paid)
    assert folds > 0


@pytest.mark.parametrize("name", GAMES)
def test_cfvs_are_payoffs_weighted_by_what_can_be_met(name):
    game, rng = game_of(name), np.random.default_rng(1)
    for hands, states in playouts(name, 6):
        end, won = states[-1], game.payoff(states[-1], hands)
        for player in (0, 1):
            reach = alone(game, 1 - player, hands[1 - player])
            met, cfvs = game.cf_reach(end, player, reach), game.cfvs(end, player, reach)
            assert met[hands[player]] > 0
            assert cfvs[hands[player]] == pytest.approx(met[hands[player]] * won * (1 if player == 0 else -1))
            assert not cfvs[met == 0].any()
            assert (np.abs(cfvs) <= met * game.max_payoff * (1 + 1e-12)).all()
        one, other = (rng.random(game.num_hands[p]) * game.ranges[p] for p in (0, 1))
        assert one @ game.cfvs(end, 0, other) == pytest.approx(-(other @ game.cfvs(end, 1, one)), rel=1e-9, abs=1e-9)
        assert one @ game.cf_reach(end, 0, other) == pytest.approx(other @ game.cf_reach(end, 1, one))
        for player, opposite in ((0, other), (1, one)):
            another = rng.random(len(opposite))
            for asked in (game.cfvs, game.cf_reach):
                mixed = asked(end, player, 2.0 * opposite + 3.0 * another)
                np.testing.assert_allclose(mixed, 2.0 * asked(end, player, opposite) + 3.0 * asked(end, player, another), atol=1e-6)


@pytest.mark.parametrize("name", GAMES)
def test_nobody_wins_more_than_is_left_to_win(name):
    game = game_of(name)
    for hands, states in playouts(name, 15):
        won, worst = game.payoff(states[-1], hands), []
        for state in states:
            worst.append([game.worst_payoff(state, player) for player in (0, 1)])
            assert worst[-1][0] <= won <= worst[-1][1]
        assert np.abs(worst).max() <= game.max_payoff
        assert (np.diff(np.array(worst)[:, 0]) >= 0).all()
        assert (np.diff(np.array(worst)[:, 1]) <= 0).all()


@pytest.mark.parametrize("name", GAMES)
def test_hands_are_dealt_as_often_as_their_weights_say(name):
    game, count = game_of(name), 4000
    dealt = np.array([game.deal((k + 0.5) / count) for k in range(count)])
    first = game.ranges[0] * game.cf_reach(game.root, 0, game.ranges[1])
    expected = count * first / first.sum()
    assert np.abs(np.bincount(dealt[:, 0], minlength=len(first)) - expected).max() <= 1 + 1e-6  # hands of player 0 are stretches of [0, 1)
    random = np.array([game.deal(u) for u in np.random.default_rng(2).random(count)])[:, 1]
    second = game.ranges[1] * game.cf_reach(game.root, 1, game.ranges[0])
    expected = count * second / second.sum()
    assert (np.abs(np.bincount(random, minlength=len(second)) - expected) < 5 * np.sqrt(expected + 1)).all()
    for hands in dealt[:: count // 50].tolist():
        assert game.cf_reach(game.root, 0, alone(game, 1, hands[1]))[hands[0]] > 0
    assert game.deal(0.0) == game.deal(1e-12)
    game.deal(1.0 - 1e-16)


@pytest.mark.parametrize("name", [name for name in GAMES if name not in ("kuhn_poker", "river spot") and "dice" not in name])
def test_public_chance_comes_as_often_as_it_should_and_never_with_a_card_that_is_held(name):
    game, seen = game_of(name), 0
    for hands, states in playouts(name, 4, seed=1):
        for state in (state for state in states if game.player(state) == CHANCE):
            reach = alone(game, 1, hands[1])
            before, count = game.cf_reach(state, 0, reach)[hands[0]], 500
            found = Counter(game.chance(state, hands, (k + 0.5) / count) for k in range(count))
            shares = {child: game.cf_reach(child, 0, reach)[hands[0]] for child in list(found)[:50]}
            assert min(shares.values()) > 0
            if game.spiel is not None:
                assert all(abs(found[child] - count * share / before) <= 1 for child, share in shares.items())
            elif game.deals[game.round(state) + 1] == 1:
                ways = len(game.deck.cards()) - len(state.cards) - 4
                assert len(found) == ways
                assert max(found.values()) - min(found.values()) <= 1
            else:
                assert len(found) > 100
            seen += 1
    assert seen > 0


def expected_chips(game, state, reach):
    """Return what player 0 wins if both play every action alike, over all hands with these weights."""
    player = game.player(state)
    if player == TERMINAL:
        return float(reach[0] @ game.cfvs(state, 0, reach[1]))
    if player == CHANCE:
        children_, ways = outcomes(game, state)
        return sum(expected_chips(game, child, reach) for child in children_) / ways
    below = children(game, state)
    less = [own / len(below) if p == player else own for p, own in enumerate(reach)]
    return sum(expected_chips(game, child, less) for child in below)


@pytest.mark.parametrize("name", [*SMALL_GAMES[:3], DICE, "one-card flop", "limit"])
def test_the_rules_alone_give_the_value_of_play(name):
    game = game_of(name) if name in SMALL_GAMES else TINY[name]
    dealt = 1.0 if name in SMALL_GAMES else game.deal_mass
    found = represent(game)
    expected = found.value(found.uniform(), 0)
    assert expected_chips(game, game.root, list(game.ranges)) / dealt == pytest.approx(expected, abs=1e-5 * game.max_payoff)


@pytest.mark.parametrize("name", [name for name in HOLDEM if not game_of(name).any_amount])
def test_the_menus_tree_has_every_state_of_play_by_the_menu(name):
    game = game_of(name)
    for _, states in playouts(name, HANDS):
        for state in states:
            place = game.locate(state)
            assert place.cards == state.cards
            assert game.bets.player[place.node] == game.player(state)
            assert game.bets.round[place.node] == game.round(state)
            assert tuple(game.bets.contribution[place.node]) == game.chips(state).paid
            assert game.state_at(*place) == state
            if game.player(state) >= 0:
                assert [game.bets.labels[child] for child in game.bets.children(place.node)] == [a.text for a in game.actions(state)]


def test_amounts_that_the_menu_does_not_offer_are_off_the_tree():
    game = game_of("heads_up_no_limit")
    off = on = 0
    for _, states in playouts("heads_up_no_limit", 100):
        left = False  # the menu
        for state, child in pairwise(states):
            if game.player(state) >= 0:
                left = left or game.label(child) not in [action.text for action in game.actions(state)]
            place = game.locate(child)
            assert (place is None) == left
            if place is not None:
                assert game.state_at(*place) == child
            off, on = off + left, on + (not left)
    assert off > 50
    assert on > 50


@pytest.mark.parametrize("name", SMALL_GAMES)
def test_hands_are_those_of_openspiel(name):
    game, spiel = game_of(name), pyspiel.load_game(name)
    for hands, states in playouts(name, 200):
        for state in states:
            theirs = spiel.new_initial_state()
            for action in game.history(state, hands):
                theirs.apply_action(action)
            player = game.player(state)
            if player == TERMINAL:
                assert theirs.returns() == pytest.approx([game.payoff(state, hands), -game.payoff(state, hands)])
            elif player == CHANCE:
                assert theirs.is_chance_node()
            else:
                assert theirs.current_player() == player
                assert theirs.legal_actions() == [action.code for action in game.actions(state)]
                assert [action.text for action in game.actions(state)] == [theirs.action_to_string(a) for a in theirs.legal_actions()]


def test_hands_and_boards_read_as_people_write_them():
    leduc, spot, whole = (game_of(name) for name in ("leduc_poker", "turn spot", "heads_up_no_limit"))
    assert [leduc.hand_name(0, h) for h in range(6)] == ["J♠", "J♥", "Q♠", "Q♥", "K♠", "K♥"]
    assert [leduc.hand_class(0, h) for h in range(6)] == ["J", "J", "Q", "Q", "K", "K"]
    assert [game_of("kuhn_poker").hand_name(1, h) for h in range(3)] == ["J", "Q", "K"]
    assert game_of("liars_dice(numdice=2,dice_sides=2)").hand_name(0, 1) == "12"
    assert spot.board_text(spot.root) == "Td9d6hQc"
    assert spot.board_name(spot.root) == "T♦ 9♦ 6♥ | Q♣"
    assert [spot.seat_text(p) for p in (0, 1)] == ["out of position", "in position"]
    assert [whole.seat_text(p) for p in (0, 1)] == ["the small blind, on the button", "the big blind"]
    names = {whole.hand_text(0, h): (whole.hand_name(0, h), whole.hand_class(0, h)) for h in range(whole.num_hands[0])}
    assert names["AhKd"] == ("A♥ K♦", "AKo")
    assert names["AhKh"] == ("A♥ K♥", "AKs")
    assert names["AhAd"] == ("A♥ A♦", "AA")
    assert len({name for name, _ in names.values()}) == 1326
    assert len({kind for _, kind in names.values()}) == 169
