"""Subgames from public states: the same chips, bets and payoffs as in the bigger game, with menus and inserted amounts of their own."""

from __future__ import annotations

import re
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

from games.game import find_decision, path
from games.holdem.board_tree import board_tree
from games.holdem.config import Spot
from games.holdem.ranges import parse_range
from games.holdem.subgame import state_in, subgame_of
from games.public_tree import CHANCE, TERMINAL
from tests.catalogue import game_of
from tests.games.test_betting import menu
from tests.playing import playout, playouts

WHOLE = game_of("heads_up_no_limit")
FULL = (np.ones(1326), np.ones(1326))
ONE_SIZE, FEW = menu("75%,a", "75%,a"), menu("75%", "a")


def at(line, game=WHOLE):
    return find_decision(game, line, "line")


def one_size(game, state, sizes=ONE_SIZE):
    return ((sizes, sizes),) * (len(game.deals) - game.round(state))


def labels(game, state):
    return [action.text for action in game.actions(state)]


def check_same_play(game, subgame, root, states, hands):
    """Check that the rest of a hand is the same in both: who acts, what is legal, the chips and what is won."""
    for state in states:
        here = state_in(subgame, root, state)
        assert subgame.player(here) == game.player(state)
        assert subgame.settled(here) == game.settled(state)
        assert subgame.rounds[subgame.round(here)] == game.rounds[game.round(state)]
        assert subgame.chips(here) == game.chips(state)
        assert game.player(state) < 0 or subgame.amounts(here) == game.amounts(state)
        assert subgame.board_text(here) == game.board_text(state)
        offered = [text for text in labels(subgame, here) if text.split()[0] in ("fold", "check", "call")]
        assert offered == [text for text in labels(game, state) if text.split()[0] in ("fold", "check", "call")]
        if game.player(state) == TERMINAL:
            assert subgame.payoff(here, hands) == game.payoff(state, hands)
            assert subgame.worst_payoff(here, 0) == game.worst_payoff(state, 0)


def test_what_follows_a_state_of_no_limit_is_the_same_in_its_subgame():
    """Random hands with any legal amount, cut at a random state: short all-ins, called all-ins and ends of streets among them."""
    rng, cuts = np.random.default_rng(3), set()
    for hands, states in playouts("heads_up_no_limit", 300, seed=1):
        cut = int(rng.integers(len(states) - 1))
        root = states[cut]
        subgame = subgame_of(WHOLE, root, FULL, one_size(WHOLE, root))
        check_same_play(WHOLE, subgame, root, states[cut:], hands)
        assert subgame.pot == sum(WHOLE.chips(root).paid)
        cuts.add((WHOLE.round(root), WHOLE.player(root) == CHANCE, WHOLE.settled(root)))
    assert cuts >= {(r, ended, False) for r in range(3) for ended in (False, True)} | {(3, False, False), (0, True, True)}


def test_a_subgame_of_a_subgame_is_one_of_the_game():
    rng = np.random.default_rng(5)
    for hands, states in playouts("heads_up_no_limit", 60, seed=2):
        first, second = sorted(rng.integers(len(states) - 1, size=2))
        outer = subgame_of(WHOLE, states[first], FULL, one_size(WHOLE, states[first]))
        root = state_in(outer, states[first], states[second])
        inner = subgame_of(outer, root, FULL, one_size(WHOLE, states[second]))
        assert inner == subgame_of(WHOLE, states[second], FULL, one_size(WHOLE, states[second]))
        check_same_play(WHOLE, inner, states[second], states[second:], hands)


@pytest.mark.parametrize("name", ["flop spot", "turn spot", "river spot", "ms2f1t1h5", "flop_holdem"])
def test_other_games_have_subgames_too(name):
    """Spots with odd pots, few streets and limit games; with the game's own menus a subgame's tree is the part of the whole one."""
    game, rng = game_of(name), np.random.default_rng(4)
    ranges = tuple(np.ones(len(game.hands)) for _ in range(2))
    for hands, states in playouts(name, 20, seed=3):
        root = states[int(rng.integers(len(states) - 1))]
        subgame = subgame_of(game, root, ranges)
        check_same_play(game, subgame, root, states[states.index(root) :], hands)
        node, bets = game.locate(root).node, game.bets
        part = slice(node, int(bets.end[node]))
        assert subgame.bets.labels[1:] == bets.labels[part][1:]
        np.testing.assert_array_equal(subgame.bets.player, bets.player[part])
        np.testing.assert_array_equal(subgame.bets.contribution, bets.contribution[part])
        np.testing.assert_array_equal(subgame.bets.folded, bets.folded[part])
        np.testing.assert_array_equal(subgame.bets.round, bets.round[part] - bets.round[node])
        np.testing.assert_array_equal(subgame.bets.end, bets.end[part] - node)


def test_the_start_of_a_street_is_a_spot():
    whole = Spot(board="Td9d6h", pot=101, stack=960, bets="50%,a", raises="100%,a", min_bet=7).build()
    state = at("check / bet 51 / call / Qc", whole)
    spot = Spot(board="Td9d6hQc", pot=203, stack=909, bets="50%,a", raises="100%,a", min_bet=7).build()
    subgame = subgame_of(whole, state, whole.ranges)
    assert subgame.bets.labels == spot.bets.labels
    np.testing.assert_array_equal(subgame.bets.contribution, spot.bets.contribution)
    assert subgame.board == spot.board
    assert subgame.rounds == spot.rounds == ("turn", "river")
    assert subgame.pot == spot.pot == 203
    for player in (0, 1):
        np.testing.assert_array_equal(subgame.ranges[player], spot.ranges[player])
        assert subgame.seat_text(player) == spot.seat_text(player)


def test_bets_of_the_street_at_hand_stand_as_they_are():
    """After a bet of 150 into 600, sizes are of the pot after a call, and a raise is at least as large as the bet."""
    root = at("raise 300 / call / Td9d6h / check / bet 150")
    subgame = subgame_of(WHOLE, root, FULL, one_size(WHOLE, root))
    assert labels(subgame, subgame.root) == ["fold", "call", "raise 825", "all-in 19700"]
    assert subgame.amounts(subgame.root) == (300, 19_700)
    assert subgame.bets.contribution[0].tolist() == [450, 300]
    least = subgame_of(WHOLE, root, FULL, ((menu("1%", "1%"),) * 2,) * 3)
    assert labels(least, least.root) == ["fold", "call", "raise 300"]


def test_called_all_ins_leave_nothing_to_decide():
    root = at("raise 300 / call / Td9d6h / check / bet 150")
    state = WHOLE.child(WHOLE.child(root, WHOLE.action(root, "all-in 19700")), WHOLE.action(WHOLE.root, "call"))
    subgame = subgame_of(WHOLE, state, FULL, one_size(WHOLE, state))
    assert subgame.settled(subgame.root)
    assert subgame.bets.player.tolist() == [CHANCE, CHANCE, TERMINAL]
    assert subgame.bets.contribution.tolist() == [[20_000, 20_000]] * 3


def test_short_all_ins_keep_the_last_raise():
    """An all-in of less than a raise leaves a call: whatever the size, nobody can raise it."""
    game = replace(WHOLE, betting=replace(WHOLE.betting, stack=1_000))
    root = at("raise 300 / call / Td9d6h / bet 400", game)
    subgame = subgame_of(game, root, FULL, one_size(game, root))
    assert subgame.amounts(subgame.root) == (700, 700)
    assert labels(subgame, subgame.root) == ["fold", "call", "all-in 700"]
    after = subgame_of(game, game.child(root, game.action(root, "all-in 700")), FULL, one_size(game, root))
    assert labels(after, after.root) == ["fold", "call"]


def test_amounts_that_were_bet_are_inserted_beside_the_menus():
    rng, off = np.random.default_rng(6), 0
    for _ in range(100):
        hands, states = playout(WHOLE, rng)
        first, last = sorted(rng.integers(len(states) - 1, size=2))
        root, state = states[first], states[last]
        subgame = subgame_of(WHOLE, state, FULL, one_size(WHOLE, root, FEW), root)
        plain = subgame_of(WHOLE, root, FULL, one_size(WHOLE, root, FEW))
        here = state_in(subgame, root, state)
        place = subgame.locate(here)
        assert place.cards == state.cards
        assert tuple(subgame.bets.contribution[place.node]) == WHOLE.chips(state).paid
        assert (subgame == plain) == (plain.locate(state_in(plain, root, state)) is not None)
        check_same_play(WHOLE, subgame, root, states[first:], hands)
        for above, below in pairwise(path(subgame, here)):
            if subgame.player(above) >= 0:
                menus, offered = labels(plain, above), labels(subgame, above)
                assert offered == sorted({*menus, below.label}, key=order)
                off += len(offered) > len(menus)
    assert off > 50


def order(label):
    verb, *amount = label.split()
    return ("fold", "check", "call").index(verb) - 9 if not amount else int(amount[0])


def test_an_inserted_bet_is_offered_above_the_cap_and_beside_close_sizes():
    capped = replace(WHOLE, betting=replace(WHOLE.betting, raise_cap=1, merging=0.2))
    root = at("raise 300 / call / Td9d6h")
    state = WHOLE.child(root, WHOLE.action(root, "bet 440"))
    state = WHOLE.child(state, WHOLE.action(state, "raise 900"))
    subgame = subgame_of(capped, state, FULL, one_size(WHOLE, root), root)
    assert labels(subgame, subgame.root) == ["check", "bet 440", "bet 450", "all-in 19700"]
    bet = subgame.child(subgame.root, subgame.action(subgame.root, "bet 440"))
    assert labels(subgame, bet) == ["fold", "call", "raise 900"]
    assert labels(subgame, subgame.child(subgame.root, subgame.action(subgame.root, "bet 450"))) == ["fold", "call"]


def test_menus_differ_by_the_depth_of_the_raise():
    """The big blind counts as the bet that the first raise before the flop faces."""
    sizes = replace(menu("50%", "100%"), reraises=(menu("", "2x").raises, ()))
    flop, whole = at("raise 300 / call / Td9d6h"), WHOLE.root
    first = (["check", "bet 300"], ["fold", "call", "raise 1500"], ["fold", "call", "raise 3000"], ["fold", "call"])
    blinds = (["fold", "call", "raise 300"], ["fold", "call", "raise 600"], ["fold", "call"])
    for root, expected in ((flop, first), (whole, blinds)):
        subgame = subgame_of(WHOLE, root, FULL, ((sizes, sizes),) * (4 - WHOLE.round(root)))
        state = subgame.root
        for offered in expected:
            assert labels(subgame, state) == offered
            state = subgame.child(state, subgame.actions(state)[-1])
        same = subgame_of(WHOLE, root, FULL, ((menu("50%", "100%"),) * 2,) * (4 - WHOLE.round(root)))
        assert subgame != same
        assert labels(same, state_in(same, subgame.root, subgame.root)) == expected[0]


def test_suits_are_merged_only_where_both_ranges_allow_it():
    root = at("raise 300 / call / Td9d6d / check / check / Qd")  # clubs, hearts and spades are alike
    one_suit = parse_range("AsKs", "range")
    ranges = {"both": FULL, "one player's": (FULL[0], FULL[1] + one_suit), "clubs and hearts": (one_suit + 1, one_suit + 1)}
    groups = {name: len(board_tree(subgame_of(WHOLE, root, own, one_size(WHOLE, root))).group) for name, own in ranges.items()}
    assert groups == {"both": 6, "one player's": 2, "clubs and hearts": 2}


def test_games_differ_by_where_they_begin_and_by_what_was_inserted():
    root = at("raise 300 / call / Td9d6h")
    state = WHOLE.child(root, WHOLE.action(root, "bet 440"))
    games = [
        subgame_of(WHOLE, root, FULL, one_size(WHOLE, root)),
        subgame_of(WHOLE, state, FULL, one_size(WHOLE, root)),
        subgame_of(WHOLE, state, FULL, one_size(WHOLE, root), root),
    ]
    assert len(set(games)) == 3


def test_what_has_no_subgame_is_refused():
    root = at("raise 300 / call / Td9d6h")
    other, folded = at("raise 400"), WHOLE.child(WHOLE.root, WHOLE.action(WHOLE.root, "fold"))
    short, negative, dead = np.ones(1325), np.full(1326, -1.0), np.where((WHOLE.hands == root.cards[0]).any(axis=1), 1.0, 0.0)
    refused = [
        ((folded, FULL), "state must not be the end of the hand, got fold"),
        ((root, FULL, None, other), "root must be on the way to the state, got raise 400"),
        ((root, (FULL[0], short)), "ranges[1] must be [1326] finite weights of at least 0, got "),
        ((root, (negative, FULL[0])), "ranges[0] must be [1326] finite weights of at least 0, got "),
        ((root, (FULL[0] * np.nan, FULL[0])), "ranges[0] must be [1326] finite weights of at least 0, got "),
        ((root, (FULL[0], dead)), "ranges[1] must leave a hand that the board does not hold, got 51 hands on Td9d6h"),
        ((root, FULL, ((ONE_SIZE, ONE_SIZE),)), "menus must be given for each of 3 rounds, got "),
    ]
    for given, message in refused:
        with pytest.raises(ValueError, match=f"^{re.escape(message)}"):
            subgame_of(WHOLE, *given)
