"""The six flops that flop decisions are measured on."""

from __future__ import annotations

import sys

import numpy as np
import pytest

from games.holdem.cards import FULL_DECK, hole_hands, parse_cards
from games.holdem.config import Spot
from tests.running import ROOT

sys.path.insert(0, str(ROOT / "benchmarks"))
from flop_spots import BOARDS, spot


@pytest.mark.parametrize("board", BOARDS)
def test_a_spot_has_the_chips_of_its_line_and_ranges_without_the_boards_cards(board):
    found = spot(board)
    assert found.pot + 2 * found.stack == 40_000
    dead = np.isin(hole_hands(FULL_DECK), parse_cards(board)).any(axis=1)
    for own in found.ranges:
        assert own.shape == (1326,)
        assert own.min() >= 0
        assert own.max() <= 1
        assert not own[dead].any()
        assert 0.05 < own.sum() / 1326 < 0.7


def test_a_spots_game_has_its_board_chips_and_ranges():
    found = spot("QhJh7c")
    game = found.game(Spot(bets="75%", raises=""))
    assert (game.pot, game.betting.stack, game.board) == (1_800, 19_100, (parse_cards("QhJh7c"),))
    for own, weights in zip(game.ranges, found.ranges, strict=True):
        np.testing.assert_array_equal(own, weights)


def test_hands_of_one_class_have_one_weight():
    found, hands = spot("Th7d2c"), hole_hands(FULL_DECK)
    aces = np.flatnonzero((hands // 4 == 12).all(axis=1))
    assert len(aces) == 6
    assert len(set(found.ranges[1][aces].tolist())) == 1


def test_an_unknown_spot_is_refused():
    with pytest.raises(ValueError, match=r"spot must be one of Ks8h3d, .*, got '2c2d2h'"):
        spot("2c2d2h")


def test_the_short_decks_spot_has_the_ranges_of_its_hands():
    found, full = spot("QhJh9c"), spot("Ks8h3d")
    game = found.game(Spot(bets="75%", raises=""))
    assert len(game.hands) == len(found.ranges[0]) == 24 * 23 // 2
    assert (game.pot, game.betting.stack) == (500, 2_500)
    hand = int(np.flatnonzero((game.hands == sorted(parse_cards("AsAd"))).all(axis=1))[0])
    alike = int(np.flatnonzero((hole_hands(FULL_DECK) == sorted(parse_cards("AsAd"))).all(axis=1))[0])
    assert found.ranges[0][hand] == full.ranges[0][alike] > 0
