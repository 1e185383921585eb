"""Bets outside of a menu: what they are taken for."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from games.game import find_decision
from games.holdem.config import Holdem
from search.off_tree import Translation, carried, likely_row, pot_fraction, pseudo_harmonic

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


def followed(line, seed=0):
    """Return the state of a line, and what it is taken for."""
    state = state_of(GAME, line)
    way = [state]
    while way[0].above is not None:
        way.insert(0, way[0].above)
    taken, translation = MENU.root, Translation(GAME, MENU, seed)
    for above, child in pairwise(way):
        taken = translation.follow(taken, above, child)
    return state, taken


def test_a_line_of_the_menu_is_taken_for_itself():
    line = "call / check / AhKd7c / bet 100 / call / 2c / bet 400 / all-in 19800"
    state, taken = followed(line)
    assert taken == state_of(MENU, line)
    assert state.label == taken.label


def test_each_line_is_always_taken_for_the_same_and_both_neighbours_come_up():
    line = "call / check / AhKd7c / bet 150"
    found = {followed(line, seed)[1].label for seed in range(40)}
    assert found == {"bet 100", "bet 200"}
    assert len({followed(line, 3)[1] for _ in range(3)}) == 1


def test_a_raise_of_a_bet_that_was_taken_for_an_all_in_has_no_line_any_more():
    state, taken = followed("raise 300 / raise 15000")
    assert taken is not None
    assert taken.label == "all-in 20000"
    above = state
    state = GAME.child(state, GAME.action(state, "all-in 20000"))
    translation = Translation(GAME, MENU)
    assert translation.follow(taken, above, state) is None
    assert translation.follow(None, above, state) is None


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
