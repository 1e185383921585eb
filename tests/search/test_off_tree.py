"""Bets outside of a menu: what they are taken for."""

from __future__ import annotations

import zlib
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from games.game import find_decision, line_of, path
from games.holdem.config import Holdem
from games.public_tree import CHANCE
from search.off_tree import MOST_LINES, carried, likeliest, likely_row, lines_from, pot_fraction, pseudo_harmonic, taken_for

SETTINGS = {"blinds": [50, 100], "stack": 20_000, "min_bet": 100, "bets": "50%,100%", "raises": "100%,a"}
GAME, MENU = Holdem(amounts="any", **SETTINGS).build(), Holdem(**SETTINGS).build()
SIZES = st.floats(0.01, 20)


@given(SIZES, SIZES)
def test_half_of_the_bets_at_the_papers_middle_go_each_way(first, second):
    """Ganzfried & Sandholm 2013, section 6: A and B are equally likely at x = (A + B + 2 A B) / (A + B + 2)."""
    low, high = sorted((first, second))
    if high - low < 1e-6:
        return
    middle = (low + high + 2 * low * high) / (low + high + 2)
    (below, share), (above, other) = pseudo_harmonic(middle, [low, high])
    assert (below, above) == (0, 1)
    assert share == pytest.approx(0.5, abs=1e-6)
    assert share + other == 1.0


@pytest.mark.parametrize(
    ("size", "expected"),
    [(0.1, [(0, 1.0)]), (0.5, [(0, 1.0)]), (1.0, [(1, 1.0)]), (3.0, [(2, 1.0)]), (0.75, [(0, 0.25 * 1.5 / (0.5 * 1.75)), (1, 0.5714286)])],
)
def test_sizes_of_the_menu_and_outside_of_it_are_certain(size, expected):
    found = pseudo_harmonic(size, [0.5, 1.0, 2.0])
    assert [place for place, _ in found] == [place for place, _ in expected]
    np.testing.assert_allclose([share for _, share in found], [share for _, share in expected], rtol=1e-6)


def test_a_menu_must_increase():
    with pytest.raises(ValueError, match=r"menu must be increasing sizes, got \[1.0, 1.0\]"):
        pseudo_harmonic(0.5, [1.0, 1.0])


def state_of(game, line):
    return find_decision(game, line, "line")


@pytest.mark.parametrize(
    ("line", "size"), [("call / check / AhKd7c / bet 100", 0.5), ("raise 300 / raise 900", 1.0), ("call / check / AhKd7c / bet 200", 1.0)]
)
def test_the_size_of_a_bet_is_measured_on_the_pot_after_a_call(line, size):
    steps = line.split(" / ")
    above = state_of(GAME, " / ".join(steps[:-1]))
    assert pot_fraction(GAME, above, GAME.action(above, steps[-1])) == pytest.approx(size)


class Drawn:
    """A policy of the menu that depends on the line and the hand, the same whenever it is asked."""

    game = MENU

    def at(self, state):
        seed = zlib.crc32(" / ".join(line_of(MENU, state)).encode())
        return np.random.default_rng(seed).dirichlet(np.ones(len(MENU.actions(state))), size=len(MENU.hands)).T


def steps_of(line):
    return list(pairwise(path(GAME, state_of(GAME, line))))


def followed(line):
    """Return the state of a line, and what it is most likely taken for."""
    taken = MENU.root
    for above, child in steps_of(line):
        taken = likeliest(GAME, MENU, taken, above, child)
    return state_of(GAME, line), taken


def lines_at(line):
    found = lines_from(GAME, Drawn())
    for above, child in steps_of(line):
        found = found.follow(above, child)
    return found


def drawn_apart(line, player):
    """Return a naive twin of ``MenuLines.at``: every sequence of draws by itself, with what a player's hands do in it."""
    hands = [(1.0, MENU.root, np.ones(len(MENU.hands)))]
    for above, child in steps_of(line):
        after = []
        for share, taken, reach in hands:
            if GAME.player(above) == CHANCE:
                if MENU.player(taken) == CHANCE:
                    after.append((share, MENU.revealed(taken, child.label), reach))
            elif MENU.player(taken) == GAME.player(above):
                offers, policy = MENU.actions(taken), Drawn().at(taken)
                for offer, likely in taken_for(MENU, taken, GAME, above, GAME.action(above, child.label)):
                    own = reach * policy[offer] if GAME.player(above) == player else reach
                    after.append((share * likely, MENU.child(taken, offers[offer]), own))
        hands = after
    state = state_of(GAME, line)
    there = [
        (share * reach, carried(MENU, taken, Drawn().at(taken), GAME, state))
        for share, taken, reach in hands
        if MENU.player(taken) == player
    ]
    return sum(weight * policy for weight, policy in there) / sum(weight for weight, _ in there)


ODD = (
    "raise 327",
    "call / raise 341 / call / AhKd7c",
    "raise 300 / raise 943",
    "raise 250 / call / AhKd7c / bet 130 / raise 777",
    "raise 327 / call / AhKd7c / check / bet 110 / call / 2c",
    "raise 900 / raise 2500 / call / AhKd7c / bet 1700",
)


@pytest.mark.parametrize("line", ODD)
def test_the_mean_of_all_lines_is_what_secret_draws_come_to(line):
    found, state = lines_at(line), state_of(GAME, line)
    np.testing.assert_allclose(found.at(state), drawn_apart(line, GAME.player(state)), atol=1e-12)
    np.testing.assert_allclose(found.at(state).sum(axis=0), 1.0)


def test_a_line_of_the_menu_is_taken_for_itself():
    line = "call / check / AhKd7c / bet 100 / call / 2c / bet 400 / all-in 19800"
    state, taken = followed(line)
    assert taken == state_of(MENU, line)
    assert state.label == taken.label
    assert [known.state for known in lines_at(line).lines] == [taken]


def test_no_amount_is_folded_to_more_often_than_the_sizes_around_it():
    """One drawn line would let an opponent find the amounts that are taken for an all-in."""

    def folded(line):
        return lines_at(line).at(state_of(GAME, line))[0].mean()

    known = {amount: folded(f"raise {amount}") for amount in (300, 20_000)}
    found = [folded(f"raise {amount}") for amount in range(301, 4000, 97)]
    assert min(known.values()) <= min(found)
    assert max(found) <= max(known.values())
    assert np.abs(np.diff(found)).max() < 0.2 * abs(known[300] - known[20_000])


def test_a_call_of_a_bet_that_may_be_taken_for_an_all_in_leaves_the_other_line():
    line = "raise 327 / call / AhKd7c"
    found, state = lines_at(line), state_of(GAME, line)
    assert [known.state.above.above.label for known in found.lines] == ["raise 300"]
    assert found.at(state) is not None


def test_a_small_bet_is_taken_for_the_smallest_size_or_for_none():
    above, taken = (state_of(game, "call / check / AhKd7c") for game in (GAME, MENU))
    shares = taken_for(MENU, taken, GAME, above, GAME.action(above, "bet 100"))
    assert shares == [(1, 1.0)]
    above, taken = (state_of(game, "raise 300 / call / AhKd7c") for game in (GAME, MENU))
    (passing, none), (smallest, some) = taken_for(MENU, taken, GAME, above, GAME.action(above, "bet 150"))
    assert [MENU.actions(taken)[place].text for place in (passing, smallest)] == ["check", "bet 300"]
    assert none == pytest.approx((0.5 - 0.25) / (0.5 * 1.25))
    assert none + some == 1.0
    last = "raise 300 / call / AhKd7c / check"
    above, taken = (state_of(game, last) for game in (GAME, MENU))  # without a bet the street would be over
    assert taken_for(MENU, taken, GAME, above, GAME.action(above, "bet 150")) == [(1, 1.0)]


def test_where_the_menu_can_raise_no_more_there_is_no_line():
    state, taken = followed("raise 300 / raise 15000")
    assert taken is not None
    assert taken.label == "all-in 20000"
    child = GAME.child(state, GAME.action(state, "all-in 20000"))
    assert likeliest(GAME, MENU, taken, state, child) is None
    assert likeliest(GAME, MENU, None, state, child) is None
    none = replace(lines_at("raise 300"), lines=())
    above = state_of(GAME, "raise 300")
    assert none.at(above) is None
    assert none.likely(above, "call") is None
    assert none.follow(above, GAME.child(above, GAME.action(above, "call"))).lines == ()


def test_few_lines_are_kept_the_likeliest():
    line = "raise 250 / raise 777 / raise 1701 / call / AhKd7c / bet 1000 / raise 4321"
    found = lines_at(line)
    assert 1 < len(found.lines) <= MOST_LINES
    assert [known.share for known in found.lines] == sorted((known.share for known in found.lines), reverse=True)


def test_a_policy_is_carried_to_the_nearest_sizes_and_keeps_its_sum():
    state, taken = followed("call / check / AhKd7c / bet 150")
    actions = MENU.actions(taken)
    policy = np.random.default_rng(0).dirichlet(np.ones(len(actions)), size=1326).T
    found = carried(MENU, taken, policy, GAME, state)
    assert found.shape == (len(GAME.actions(state)), 1326)
    np.testing.assert_allclose(found.sum(axis=0), 1.0)
    assert [a.kind for a in GAME.actions(state)] == [a.kind for a in actions]
    np.testing.assert_array_equal(found, policy)


def test_an_action_that_the_menu_lacks_has_the_shares_of_its_neighbours():
    state = taken = state_of(MENU, "call / check / AhKd7c")
    policy = np.repeat([[0.2], [0.5], [0.3]], 1326, axis=1)  # check, bet 100, bet 200
    low, high = (share for _, share in pseudo_harmonic(0.75, [0.5, 1.0]))
    game_state = state_of(GAME, "call / check / AhKd7c")
    np.testing.assert_allclose(likely_row(MENU, taken, policy, GAME, game_state, "bet 150"), 0.5 * low + 0.3 * high)
    np.testing.assert_allclose(likely_row(MENU, taken, policy, GAME, game_state, "check"), 0.2)
    assert state.label == game_state.label
