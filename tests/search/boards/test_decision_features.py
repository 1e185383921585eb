"""What policy networks see at decisions of turns and rivers, and how hands play by what they say."""

import numpy as np
import pytest

from games.game import find_decision
from games.holdem.cards import hole_hands, parse_cards
from search.boards.decision_features import (
    ALL_IN,
    FOLD,
    PASS,
    SEEN,
    SLOTS,
    SMALLEST,
    bucket_policy,
    decision_features,
    policy_of,
    seen_at,
    slots_of,
)
from search.boards.range_buckets import board_buckets
from tests.compiling import compiled
from tests.spots import GAME

pytestmark = compiled
TURN = "raise 300 / call / Ks8h3d / check / check / 2c"


@pytest.mark.parametrize(
    ("line", "slots"),
    [
        ("", [PASS, SMALLEST, SMALLEST + 1, ALL_IN]),
        ("check", [PASS, SMALLEST, SMALLEST + 1, ALL_IN]),
        ("bet 300", [FOLD, PASS, SMALLEST + 1, ALL_IN]),
        ("bet 300 / all-in 19700", [FOLD, PASS]),
    ],
)
def test_actions_have_slots_by_what_they_add_to_the_pot(line, slots):
    state = find_decision(GAME, f"{TURN} / {line}" if line else TURN, "line")
    assert slots_of(GAME, state, GAME.actions(state)) == slots


def test_what_is_seen_counts_chips_after_a_call():
    seen = seen_at(GAME, find_decision(GAME, f"{TURN} / check / bet 600", "line"))
    assert seen == (parse_cards("Ks8h3d2c", "board"), 1800.0, 600.0, 19100.0, True, 1)
    seen = seen_at(GAME, find_decision(GAME, f"{TURN} / check", "line"))
    assert (seen.pot, seen.call, seen.behind, seen.first, seen.raises) == (600.0, 0.0, 19700.0, False, 0)


@pytest.mark.parametrize("count", [8, 16])
def test_hands_play_what_their_buckets_play(count):
    cards = parse_cards("Ks8h3d2c", "board")
    buckets, rng, slots = board_buckets(hole_hands(), cards, count), np.random.default_rng(0), [PASS, SMALLEST, SMALLEST, ALL_IN]
    said = rng.normal(size=(SLOTS, count)).astype(np.float32)
    policy = policy_of(said, slots, buckets)
    np.testing.assert_allclose(policy.sum(axis=0), 1)
    np.testing.assert_allclose(policy[1], policy[2])
    powers = np.exp(said[[PASS, SMALLEST, ALL_IN]].astype(float))
    shares = powers / powers.sum(axis=0)
    hand = int(np.flatnonzero(buckets.live)[100])
    wanted = (buckets.weight[hand] * shares[:, buckets.index[hand]]).sum(axis=1)
    np.testing.assert_allclose(policy[[0, 1, 3], hand] * [1, 2, 1], wanted, rtol=1e-6)


def test_slots_that_are_not_legal_are_never_played():
    legal = np.array([False, True, False, False, True])
    shares = bucket_policy(np.full((SLOTS, 3), 300.0, np.float32) * np.arange(SLOTS)[:, None].astype(np.float32), legal)
    np.testing.assert_array_equal(shares[~legal], 0)
    np.testing.assert_allclose(shares.sum(axis=0), 1)


def test_the_acting_players_range_stands_first():
    state = find_decision(GAME, f"{TURN} / check", "line")
    buckets = board_buckets(hole_hands(), state.cards, 8)
    live = buckets.live.astype(float)
    strong = live * (np.arange(len(live)) % 7 == 0)
    row = decision_features(seen_at(GAME, state), buckets, strong, live)
    assert row.shape == (SEEN + 16,)
    np.testing.assert_allclose(row[SEEN:].reshape(2, 8).sum(axis=1), 8, rtol=1e-5)
    other = decision_features(seen_at(GAME, state), buckets, live, strong)
    np.testing.assert_array_equal(row[SEEN : SEEN + 8], other[SEEN + 8 :])
