"""Equity by hand: against all run-outs compared pair by pair, and against the equity of whole ranges."""

from __future__ import annotations

import numpy as np
import pytest

from games.holdem.cards import hand_indices, parse_cards
from games.holdem.config import Spot
from search.boards.settled_leaves import equities
from search.boards.showdown_equity import run_outs_left, showdown_equity
from tests.compiling import compiled

RANGES = ["66+,A8s+,KQo,T9s,98s,87s", "QQ-22,AQs-A2s,KTs+,QTs+,JTs,T9s"]


def spot(board, ranges=RANGES):
    return Spot(board=board, ranges=ranges, pot=200, stack=900, bets="50%", raises="75%").build()


def hand(game, text):
    return int(hand_indices(game.hands)[tuple(parse_cards(text))])


@compiled
@pytest.mark.parametrize(("board", "count"), [("Td9d6hQc4s", 1), ("Td9d6hQc", 48), ("Td9d6h", 1176)])
def test_equities_are_those_of_every_pair_of_hands_on_every_run_out(board, count):
    game = spot(board)
    cards, (first, second) = game.root.cards, game.ranges
    assert run_outs_left(game, cards) == count
    apart = np.array([game.cf_reach(game.root, 0, row) for row in np.eye(len(game.hands))])
    beats = equities(game, cards)
    for player, (other, equity) in enumerate(zip((second, first), showdown_equity(game, cards, (first, second)), strict=True)):
        meets = apart.T @ other
        expected = 0.5 + 0.5 * (beats @ other) / np.where(meets > 0, meets, np.nan)
        np.testing.assert_allclose(equity, expected, atol=1e-12, err_msg=str(player))


@compiled
def test_aces_against_kings_on_a_flop_of_small_cards():
    """Kings win with a king and no ace, or with both kings; no flush and no straight can come: all 990 run-outs are counted."""
    game = spot("2c7d9h", ["AsAh", "KsKh"])
    first, second = showdown_equity(game, game.root.cards, game.ranges)
    wins = 0
    left = [card for card in range(52) if card not in {*game.root.cards, *parse_cards("AsAhKsKh")}]
    for i, one in enumerate(left):
        for other in left[i + 1 :]:
            kings, aces = ([card // 4 for card in (one, other)].count(rank) for rank in (11, 12))
            wins += kings == 2 or (kings == 1 and aces == 0)
    assert len(left) == 45
    assert second[hand(game, "KsKh")] == pytest.approx(wins / 990)
    assert first[hand(game, "AsAh")] == pytest.approx(1 - wins / 990)
    assert np.isnan(first[hand(game, "2dKh")]) is np.True_  # it holds the only hand that it could meet


def test_equities_are_known_from_the_flop_on_only():
    game = spot("Td9d6h")
    with pytest.raises(ValueError, match=r"^run-outs must be at most 2,000, got 2,598,960 on an empty board$"):
        showdown_equity(game, (), game.ranges)
