"""What a network says bets are worth where a street begins, as a mean over both ranges."""

import numpy as np
import pytest

from games.holdem.cards import hole_hands, parse_cards
from games.holdem.config import Holdem
from search.boards.menu_values import MenuValues, UniformMenu
from search.boards.range_buckets import board_buckets
from search.boards.run_outs import NEXT_CARDS, boards_of, some_next
from search.boards.start_values import PUBLIC, checked_down, features, hand_values, public_features
from search.boards.street_starts import BegunStreet, NetworkStarts
from tests.compiling import compiled

FULL = Holdem(blinds=[50, 100], stack=20000, min_bet=100, amounts="any", bets="100%", raises="a").build()
HANDS, BUCKETS, TURN = hole_hands(), 8, parse_cards("Ks8h3d2c", "board")


def network(seed=0):
    """Return what says anything of what it sees."""
    weight = (0.1 * np.random.default_rng(seed).normal(size=(PUBLIC + 2 * BUCKETS, 2 * BUCKETS))).astype(np.float32)
    return lambda seen: seen @ weight


def ranges_on(cards, seed=0):
    rng, live = np.random.default_rng(seed), ~np.isin(HANDS, cards).any(axis=1)
    return tuple(np.where(live, rng.random(len(HANDS)) ** 3, 0.0) for _ in (0, 1))


def said_of(said, cards, start):
    """Return what a network says of a start, with the buckets and what is won by checking down; the big blind acts first."""
    live = ~np.isin(HANDS, cards).any(axis=1)
    ranges = tuple(start.ranges[p] * live for p in (1, 0))
    places = board_buckets(HANDS, cards, BUCKETS)
    row = features(public_features(cards, start.pot, start.behind), places, ranges)
    return ranges, places, said(row[None])[0]


@compiled
@pytest.mark.parametrize("count", [4, 5])
def test_bets_are_worth_half_the_difference_of_both_means(count):
    cards, said = TURN[: count - 1], network()
    starts = [BegunStreet(300.0, 800.0, ranges_on(cards)), BegunStreet(1000.0, 200.0, ranges_on(cards, 1))]
    boards = boards_of(FULL, cards, count)[7::16]
    found = NetworkStarts(FULL, said, BUCKETS).bets(boards, starts)
    for board, row in zip(boards.tolist(), found, strict=True):
        for start, value in zip(starts, row, strict=True):
            ranges, places, numbers = said_of(said, tuple(board), start)
            first, second = (r @ places.of_hands(own) / r.sum() for r, own in zip(ranges, np.split(numbers, 2), strict=True))
            assert value == pytest.approx(0.5 * start.pot * (second - first), rel=1e-4)


@compiled
def test_that_is_what_hands_are_worth_but_for_those_that_cannot_meet():
    said, start = network(), BegunStreet(1000.0, 3000.0, ranges_on(TURN))
    for river in parse_cards("9c Ad", "board"):
        cards = (*TURN, river)
        ranges, places, numbers = said_of(said, cards, start)
        down = checked_down(HANDS, cards, ranges)
        weight = ranges[0] * down.met[0]
        exact = 1000 * float(weight @ (down.pots[0] - hand_values(places, ranges, down, numbers)[0]) / weight.sum())
        found = float(NetworkStarts(FULL, said, BUCKETS).bets(np.array([cards], np.uint8), [start])[0, 0])
        assert abs(exact) > 10
        assert found == pytest.approx(exact, abs=0.05 * abs(exact))


@compiled
def test_a_network_that_says_nothing_changes_no_value():
    policies = (UniformMenu(FULL), UniformMenu(FULL))
    plain, silent = (
        MenuValues(FULL, policies),
        MenuValues(FULL, policies, {5: NetworkStarts(FULL, lambda seen: 0 * seen[:, PUBLIC:], BUCKETS)}),
    )
    state = FULL.root
    for text in ("call", "check"):
        state = FULL.child(state, FULL.action(state, text))
    for cards in ("Ks8h3d", "2c"):
        state = FULL.revealed(state, cards)
        for _ in (0, 1):
            state = FULL.child(state, FULL.action(state, "check"))
    belief, child, random = ranges_on(TURN), FULL.revealed(state, "9c"), np.random.default_rng(0)
    np.testing.assert_allclose(silent._values([(state, belief)]), plain._values([(state, belief)]), atol=1e-9)
    for one, other in zip(silent.revealed(belief, state, child, random), plain.revealed(belief, state, child, random), strict=True):
        np.testing.assert_allclose(one, other, atol=1e-9)


@compiled
def test_numbers_that_are_none_are_refused():
    starts = NetworkStarts(FULL, lambda seen: np.full((len(seen), 2 * BUCKETS), np.nan, np.float32), BUCKETS)
    with pytest.raises(ValueError, match="values of a street's start must be numbers, got NaN or infinity from the network"):
        starts.bets(boards_of(FULL, TURN, 5)[:1], [BegunStreet(100.0, 100.0, ranges_on(TURN))])


def test_a_look_ahead_sees_one_card_of_each_rank():
    boards = some_next(FULL, TURN)
    assert sorted(boards[:, -1] // 4) == [*range(NEXT_CARDS)]
    assert {*map(tuple, boards.tolist())} <= {*map(tuple, boards_of(FULL, TURN, 5).tolist())}
    assert np.bincount(boards[:, -1] % 4, minlength=4).min() >= 2
    np.testing.assert_array_equal(boards, some_next(FULL, TURN))
