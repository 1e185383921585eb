"""Card abstraction and its solver: features by hand, buckets, and that the abstract game is what is solved."""

from __future__ import annotations

from functools import lru_cache
from itertools import combinations

import numpy as np
import pytest

from agents.abstraction import make_buckets
from games.kernels import LANES
from games.kernels.boards import HANDS, STREET
from search import BoardSolver, variant
from search.boards.bucket_solver import BucketSolver, lossless_buckets
from search.boards.strengths import hand_features
from search.kernels.buckets import expand, fold
from tests.catalogue import UNEVEN, small
from tests.compiling import compiled
from tests.naive.evaluator import strength

pytestmark = pytest.mark.kernels


@lru_cache(maxsize=1)
def solved():
    game = small([0, 1, 1], ranges=UNEVEN)
    return game, BoardSolver(game, variant("dcfr"), 1, np.float64)


def by_hand(game, hand, cards, deals):
    """Return E[HS] and E[HS^2] of a hand by dealing every board."""
    left = [c for c in game.deck.cards().tolist() if c not in cards and c not in hand]
    shares = []
    for new in combinations(left, deals):
        board = (*cards, *new)
        others = list(combinations([c for c in left if c not in new], 2))
        own = strength([*board, *hand])
        beaten = [(own > strength([*board, *o])) + 0.5 * (own == strength([*board, *o])) for o in others]
        shares.append(np.mean(beaten))
    return np.mean(shares), np.mean(np.square(shares))


def test_strength_is_the_share_of_hands_that_a_hand_beats_on_boards_to_come():
    game, solver = solved()
    tree = solver.tree
    for player in (0, 1):
        features = hand_features(game, tree, player)
        for s, boards in enumerate(features):
            board = int(np.flatnonzero(tree.boards[:, STREET] == s)[-1])
            for i, h in list(enumerate(tree.hands_at(player, board)))[::7]:
                mean, square = by_hand(game, tuple(game.hands[h].tolist()), tree.cards[board], 2 - s)
                assert boards[-1][i, s] == pytest.approx(mean)
                assert boards[-1][i, s + 1] == pytest.approx(square)


def test_features_keep_the_past():
    game, solver = solved()
    features = hand_features(game, solver.tree, 0)
    assert [f[0].shape[1] for f in features] == [2, 3, 4 + 8]


def test_buckets_hold_every_hand_and_no_padding():
    game, solver = solved()
    tree = solver.tree
    for player, streets in enumerate(make_buckets(game, tree, [0, 3, 5])):
        for s, buckets in enumerate(streets):
            boards = np.flatnonzero(tree.boards[:, STREET] == s)
            counts = tree.boards[boards, HANDS + player]
            assert len(buckets) == (-(-counts // LANES)).sum()
            assert (buckets >= 0).sum() == counts.sum()
        assert len(np.unique(streets[1])) == 3 + 1
        assert len(np.unique(streets[2])) == 5 + 1
        assert streets[0].max() == len(solver.tree.hands_at(player, 0)) - 1


def test_more_buckets_than_hands_that_differ_are_as_many_as_differ():
    game, solver = solved()
    points = np.concatenate(hand_features(game, solver.tree, 0)[2]).round(9)
    assert make_buckets(game, solver.tree, [0, 0, 10_000])[0][2].max() + 1 == len(np.unique(points, axis=0))


@pytest.mark.parametrize("sizes", [[1, 2], [0, 0, -1], [0, 0, 0, 0]])
def test_sizes_that_do_not_fit_are_refused(sizes):
    game, solver = solved()
    with pytest.raises(ValueError, match="buckets must be a number of at least 0 for each of 3 streets, got"):
        make_buckets(game, solver.tree, sizes)


def test_folding_and_expanding_are_sums_and_copies():
    rng = np.random.default_rng(3)
    bucket = rng.integers(-1, 4, (5, LANES)).astype(np.int32)
    weight, rows, table = rng.random((5, LANES)), rng.normal(size=(15, LANES)), np.zeros((4, 3))
    expected = np.zeros((4, 3))
    for t, lane in np.ndindex(5, LANES):
        if bucket[t, lane] >= 0:
            expected[bucket[t, lane]] += weight[t, lane] * rows[3 * t : 3 * t + 3, lane]
    fold(rows, bucket, weight, 3, table)
    np.testing.assert_allclose(table, expected)
    out = np.full((15, LANES), np.nan)
    expand(table, bucket, 3, out)
    for t, lane in np.ndindex(5, LANES):
        np.testing.assert_array_equal(out[3 * t : 3 * t + 3, lane], table[bucket[t, lane]] if bucket[t, lane] >= 0 else 0)


def bucket_solver(sizes):
    game, solver = solved()
    return BucketSolver(game, solver.tree, make_buckets(game, solver.tree, sizes), variant("dcfr"))


def test_without_an_abstraction_it_is_the_solver():
    """For three iterations: then a hand whose regrets are zero up to rounding goes its own way in each."""
    game, _ = solved()
    solver, buckets = BoardSolver(game, variant("dcfr"), 1, np.float64), bucket_solver([0, 0, 0])
    solver.run(3)
    buckets.run(3)
    assert buckets.exploitability() == pytest.approx(solver.exploitability(), rel=1e-9)
    assert sum(buckets.sizes) <= sum(solver.tree.stored_rows) * LANES


def test_hands_of_one_bucket_play_alike():
    buckets = bucket_solver([0, 2, 2])
    buckets.run(5)
    game, answer = buckets.game, buckets.answer()
    for board in np.flatnonzero(buckets.tree.boards[:, STREET] == 2)[:3].tolist():
        node = next(n for n in np.flatnonzero(game.bets.round == 2).tolist() if game.bets.player[n] == 1)
        shares = answer.at_node(node, buckets.tree.cards[board])[:, buckets.tree.hands_at(1, board)]
        assert len(np.unique(shares.round(9), axis=1).T) <= 2


@compiled
def test_the_abstract_game_is_solved_and_more_buckets_are_less_exploitable():
    """The best response to an abstract equilibrium may use what the abstraction hides: exploitability goes down to a floor, not to 0."""
    found = []
    for sizes in ([0, 1, 1], [0, 4, 6], [0, 0, 0]):
        buckets = bucket_solver(sizes)
        buckets.run(300)
        found.append(buckets.exploitability())
    assert found[0] > found[1] > found[2]
    assert found[2] < 0.02 * found[0]


def test_lossless_buckets_number_every_hand_of_every_board():
    _, solver = solved()
    buckets = lossless_buckets(solver.tree, 0, 1)
    there = buckets[buckets >= 0]
    np.testing.assert_array_equal(there, np.arange(len(there)))
