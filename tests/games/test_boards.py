"""The hands on all boards of a tree, beside a naive twin."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from games.holdem.board_tree import board_tree
from games.holdem.config import Spot
from games.holdem.rules import HoldemGame
from games.kernels.boards import HAND, HANDS, ORBIT, ORBIT_END, PARENT, STREET, TIE, TIE_END
from tests.catalogue import SPOTS, TINY, game_of, small
from tests.naive.board_hands import alike_hands_of_board, hands_of_board

pytestmark = pytest.mark.kernels


def check(game, boards):
    """Compare some boards, hand by hand, padding included."""
    tree = board_tree(game)
    live, last = [own > 0 for own in game.ranges], int(tree.boards[-1, STREET])
    roots = [np.flatnonzero(own).tolist() for own in live]
    for b in boards(len(tree.cards)):
        row = tree.boards[b]
        parent = int(row[PARENT])
        above = roots if parent < 0 else [tree.hands_at(p, parent).tolist() for p in (0, 1)]
        expected, ends = hands_of_board(game.hands, live, above, tree.cards[b], row[STREET] == last)
        for p, hands in enumerate(tree.hands):
            first, count = int(row[HAND + p]), int(row[HANDS + p])
            assert tree.hands_at(p, b).tolist() == [hand for hand, _, _ in expected[p]]
            assert hands.above[first : first + count].tolist() == [place for _, place, _ in expected[p]]
            assert hands.same[first : first + count].tolist() == [tree.nowhere if at is None else at for _, _, at in expected[p]]
            cards = np.stack([hands.low[first : first + count], hands.high[first : first + count]], axis=1)
            np.testing.assert_array_equal(cards, game.hands[tree.hands_at(p, b)])
            padding = slice(first + count, first + -(-count // 8) * 8)
            for array, fill in ((hands.low, 0), (hands.high, 0), (hands.hand, 0), (hands.above, tree.nowhere), (hands.same, tree.nowhere)):
                assert (array[padding] == fill).all()
            assert hands.tie_end[row[TIE] : row[TIE_END]].tolist() == ends[p]
            first = tree.orbits[p].first[row[ORBIT + p] : row[ORBIT_END + p] + 1].astype(int)
            named = tree.hands_at(p, b)[tree.orbits[p].members[first[0] : first[-1]]] if len(first) else []
            found = np.split(named, (first - first[0])[1:-1]) if len(first) > 1 else []
            assert [orbit.tolist() for orbit in found] == alike_hands_of_board(game, tree.group, tree.cards[b], tree.hands_at(p, b))
    for p, hands in enumerate(tree.hands):
        assert len(hands.low) == tree.boards[-1, HAND + p] + -(-tree.boards[-1, HANDS + p] // 8) * 8
        assert len(hands.tie_end) == tree.boards[-1, TIE_END]


@pytest.mark.parametrize("name", TINY)
def test_hands_of_tiny_games_are_those_of_the_twin(name):
    check(TINY[name], range)


@pytest.mark.parametrize("name", ["river spot", "turn spot", "ms1f1"])
def test_hands_are_those_of_the_twin(name):
    check(game_of(name), lambda count: {0, 1, count // 2, count - 1} & set(range(count)))


@settings(max_examples=9)
@given(st.integers(0, 2**32 - 1), st.sampled_from([0.01, 0.3, 1.0]), st.sampled_from(["Td9d6hQc4s", "2c2d2hAcAd", "AcKcQcJcTc"]))
def test_hands_of_random_ranges_are_those_of_the_twin(seed, share, board):
    rng = np.random.default_rng(seed)
    game = Spot(board=board, bets="a", raises="").build()
    weights = [own * (rng.random(1326) < share) for own in game.weights]
    if min(weights[0].max(), weights[1].max()) > 0:
        check(HoldemGame(game.name, game.betting, game.deals, game.board, (weights[0], weights[1])), range)


def test_boards_of_several_streets_are_those_of_the_twin():
    check(small([0, 2, 1, 1], ranks="TJQK", suits="cdh", ranges=("KK,QJs,TT", "full")), lambda count: range(0, count, 7))


def test_no_board_is_lost():
    assert len(board_tree(SPOTS["turn spot"].build()).cards) == 1 + 48
