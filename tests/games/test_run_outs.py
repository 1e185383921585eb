"""Samples of the cards to come."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import replace

import numpy as np
import pytest

from games.holdem.board_tree import board_tree, game_size
from games.holdem.config import Spot
from games.holdem.isomorphism import canonical_deals, symmetries
from games.holdem.run_outs import RunOuts, sampled_deals, with_run_outs
from games.holdem.subgame import subgame_of
from games.kernels.boards import CHILD, CHILD_END, STREET
from tests.catalogue import SPOTS, small

FLOPS = ("Ks8h3d", "9d8d6s", "6s5s2s", "AcAd5h")


def flop(board="Ks8h3d", **more):
    return Spot(board=board, ranges=["full", "full"], pot=20, stack=90, bets="50%", raises="", **more).build()


def turns(board):
    game = flop(board)
    group = symmetries([s for s in game.board if s], game.ranges, game.hands, game.deck)
    return game.root.cards, canonical_deals(group, set(game.root.cards), 1)


@pytest.mark.parametrize("board", FLOPS)
@pytest.mark.parametrize("count", [1, 3, 5, 12, 24])
def test_weights_are_right_in_expectation(board, count):
    cards, deals = turns(board)
    means, draws = np.zeros(len(deals)), 500
    for place in range(draws):  # places shift the points by multiples of the golden ratio, which fill [0, 1) evenly
        found = dict(sampled_deals(RunOuts((count, 1)), cards, 1, place, deals))
        assert sum(found.values()) == pytest.approx(49)
        assert len(found) <= count
        means += [found.get(own, 0.0) / draws for own, _ in deals]
    np.testing.assert_allclose(means, [alike for _, alike in deals], atol=0.01 * 49)


@pytest.mark.parametrize("board", FLOPS)
def test_every_kind_of_card_comes_as_often_as_it_should(board):
    """A kind that stands together in the line has as many points as its cards have widths, up to one point."""
    cards, deals = turns(board)
    width = 49 / 12

    def kind(own):
        return sum(c % 4 == own % 4 for c in cards)

    expected = Counter()
    for (own,), alike in deals:
        expected[kind(own)] += alike
    for place in range(20):
        found = Counter()
        for (own,), weight in sampled_deals(RunOuts((12, 1)), cards, 1, place, deals):
            found[kind(own)] += weight
        for suited, alike in expected.items():
            assert abs(found[suited] - alike) < width + 1e-9


def test_a_sample_is_the_seeds():
    cards, deals = turns("Ks8h3d")
    found = [sampled_deals(RunOuts((12, 12), seed), cards, 1, 0, deals) for seed in (0, 0, 1)]
    assert found[0] == found[1]
    assert found[0] != found[2]


def test_the_tree_has_the_sample_and_its_size_is_known_before():
    game = with_run_outs(flop("9d8d6s"), (5, 7))
    tree, size = board_tree(game), game_size(game)
    assert np.bincount(tree.boards[:, STREET]).tolist() == [1, 5, 35]
    assert size.boards == 41
    assert size.rows == tree.stored_rows
    for row in tree.boards[:6]:
        left = 49 if row[STREET] == 0 else 48
        weights = tree.weight[int(row[CHILD]) : int(row[CHILD_END])]
        assert weights.sum() == pytest.approx(left / (left - 4))


def test_a_sample_of_all_cards_is_the_game_itself():
    game = SPOTS["flop spot"].build()
    whole, sampled = board_tree(game), board_tree(with_run_outs(game, (49, 48)))
    assert whole.cards == sampled.cards
    np.testing.assert_array_equal(whole.boards, sampled.boards)
    np.testing.assert_array_equal(whole.weight, sampled.weight)


def test_a_sample_is_part_of_what_the_game_is():
    game = flop()
    keys = {game.key, with_run_outs(game, (5, 7)).key, with_run_outs(game, (5, 8)).key, with_run_outs(game, (5, 7), 1).key}
    assert len(keys) == 4
    assert replace(with_run_outs(game, (5, 7)), run_outs=None) == game


def test_a_subgame_of_a_sample_has_all_cards():
    game = with_run_outs(flop(), (5, 7))
    state = game.revealed(game.child(game.child(game.root, game.actions(game.root)[0]), game.actions(game.root)[0]), "2c")
    assert subgame_of(game, state, game.ranges).run_outs is None


@pytest.mark.parametrize(
    ("counts", "text"),
    [
        ((5,), "run-outs must be 2 positive numbers of cards, got [5]"),
        ((5, 0), "run-outs must be 2 positive numbers of cards, got [5, 0]"),
        ((), "run-outs must be 2 positive numbers of cards, got []"),
    ],
)
def test_bad_counts_are_refused(counts, text):
    with pytest.raises(ValueError, match=f"^{re.escape(text)}$"):
        with_run_outs(flop(), counts)


def test_streets_of_several_cards_are_refused():
    with pytest.raises(ValueError, match=r"^run-outs must be of streets of one card each, got streets of 2, 1$"):
        with_run_outs(small([0, 2, 1]), (5, 7))
