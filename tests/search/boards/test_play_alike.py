"""Strategies play alike what suits make alike, so that one board can stand for others: measured by a twin that knows no isomorphism."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from agents.abstraction import make_buckets
from agents.networks import NetworkConfig, NetworkPolicy, make_network
from games.holdem import board_tree as holdem
from games.holdem.board_tree import board_tree
from games.holdem.config import Holdem
from games.holdem.isomorphism import hand_permutation
from games.kernels import LANES
from games.kernels.boards import HANDS, LINES, ROWS, STORE, STREET
from search import BoardSolver, BoardStrategy, Budget, variant
from search.boards.bucket_solver import BucketSolver, lossless_buckets
from search.boards.infostates import BoardInfostates
from search.boards.strategy import play_alike
from search.boards.sweeps import BoardSweeps
from search.boards.trunk import value_against
from tests.catalogue import TINY as GAMES
from tests.compiling import compiled
from tests.naive.holdem import Twin
from tests.naive.isomorphism import symmetries
from tests.searching import searching, sweep

pytestmark = pytest.mark.kernels

SMALL = GAMES["one-card flop and turn"]
DEFAULT = variant("default_holdem")
LONG = 1000  # iterations after which rounding has decided a lot: 3.05e-5 chips by class were 3.50e-5 in the game


def solved(game, tree, iterations, storage=None):
    solver = BoardSolver(game, DEFAULT, storage=storage)
    solver.run(iterations)
    return solver.answer().average


def abstracted(game, tree, iterations, sizes=None):
    buckets = tuple([lossless_buckets(tree, p, s) for s in range(len(game.deals))] for p in (0, 1))
    solver = BucketSolver(game, tree, buckets if sizes is None else make_buckets(game, tree, sizes), DEFAULT)
    solver.run(iterations)
    return solver.answer().average


def searched(game, tree, iterations):
    search = searching(1, "resolve", "safe", Budget(iterations=iterations))
    return sweep(game, tree, solved(game, tree, 30), 0, search, DEFAULT)[0]


def learned(game, tree, iterations=0):
    infostates = BoardInfostates(game, tree)
    networks = [make_network(NetworkConfig(hidden=8, bets=8), infostates, 0, seed) for seed in (1, 2)]
    policy = NetworkPolicy(infostates, (networks[0], networks[1]))
    return policy.strategy().average


def exploitability(game, tree, rows):
    sweeps = BoardSweeps(tree, 1, tree.weight.dtype)
    rows = tuple(own.astype(tree.weight.dtype) for own in rows)
    return sum(value_against(game, sweeps, rows, p) for p in (0, 1)) / 2


class Asking(Twin):
    """The twin, playing a strategy that it looks up board by board."""

    def __init__(self, strategy):
        super().__init__(strategy.game, DEFAULT)
        self.asked = strategy

    def strategy(self, node, cards, source):
        return self.asked.at_node(node, cards)


@compiled
@pytest.mark.parametrize(
    ("make", "more"),
    [
        (solved, {}),
        (solved, {"storage": np.float16}),
        (abstracted, {}),
        (abstracted, {"sizes": (3, 5, 7)}),
        (searched, {}),
        (learned, {}),
    ],
)
def test_exploitability_is_that_of_a_twin_without_isomorphism(make, more):
    tree, exact = board_tree(SMALL), board_tree(SMALL, np.float64)
    rows = make(SMALL, tree, LONG, **more)
    assert exploitability(SMALL, exact, rows) == pytest.approx(Asking(BoardStrategy(SMALL, tree, rows)).exploitability(), rel=1e-6)


def suits_and_ranks(game, cards):
    return [(card // 4, card % 4) for card in cards]


@pytest.mark.parametrize("name", GAMES)
@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_rows_are_the_mean_over_all_suit_maps_that_change_nothing(name, dtype):
    game = GAMES[name]
    tree, generator = board_tree(game), np.random.default_rng(3)
    hands = [frozenset(suits_and_ranks(game, hand)) for hand in game.hands.tolist()]
    ranges = [{hand: weight for hand, weight in zip(hands, live.tolist(), strict=True) if weight > 0} for live in game.ranges]
    suits = sorted({card % 4 for card in game.deck.cards().tolist()})
    whole = symmetries([suits_and_ranks(game, street) for street in game.board], ranges, suits)
    for p in (0, 1):
        rows = generator.random((tree.stored_rows[p], LANES)).astype(dtype)
        found = rows.copy()
        play_alike(tree, p, found)
        again = found.copy()
        play_alike(tree, p, again)
        np.testing.assert_array_equal(found, again)
        for b, cards in enumerate(tree.cards):
            table = tree.forests[p].table[tree.boards[b, STREET]]
            stride, own = int(table[ROWS] - table[LINES]), tree.hands_at(p, b)
            first, tiles = int(tree.boards[b, STORE + p]), -(-len(own) // LANES)
            before, after = (x[first : first + tiles * stride].reshape(tiles, stride, LANES) for x in (rows, found))
            place = {hands[h]: divmod(i, LANES) for i, h in enumerate(own.tolist())}
            ends = np.cumsum([len(tree.cards[0]), *game.deals[1 : int(tree.boards[b, STREET]) + 1]])
            streets = [set(suits_and_ranks(game, cards[low:high])) for low, high in pairwise(ends)]
            group = [m for m in whole if all({(rank, m[suit]) for rank, suit in street} == street for street in streets)]
            for hand, (tile, lane) in place.items():
                images = [place[frozenset((rank, m[suit]) for rank, suit in hand)] for m in group]
                mean = np.mean([before[t, :, at].astype(np.float64) for t, at in images], axis=0)
                np.testing.assert_allclose(after[tile, :, lane], mean, rtol=2e-3 if dtype is np.float16 else 1e-6)


def test_what_no_suits_make_alike_stays_as_it_is():
    game = GAMES["no suits alike"]
    tree = board_tree(game)
    for p in (0, 1):
        rows = np.random.default_rng(1).random((tree.stored_rows[p], LANES)).astype(np.float32)
        before = rows.copy()
        play_alike(tree, p, rows)
        np.testing.assert_array_equal(rows, before)


def spread_out(strategy, tree):
    """Return [stored rows, 8] of both players on a tree of the same game where every board stands for itself alone."""
    game, rows = strategy.game, tuple(np.zeros((count, LANES), tree.weight.dtype) for count in tree.stored_rows)
    for b, cards in enumerate(tree.cards):
        source, permutation = strategy.find(cards)
        image = hand_permutation(permutation, game.hands)
        for p in (0, 1):
            table = tree.forests[p].table[tree.boards[b, STREET]]
            stride = int(table[ROWS] - table[LINES])

            def tiles(kept, stored, board, p=p, stride=stride):
                first, count = int(kept.boards[board, STORE + p]), -(-int(kept.boards[board, HANDS + p]) // LANES)
                return stored[first : first + count * stride].reshape(count, stride, LANES)

            there, hands = strategy.tree.hands_at(p, source), tree.hands_at(p, b)
            full = np.zeros((stride, len(game.hands)))
            full[:, there] = tiles(strategy.tree, strategy.average[p], source).transpose(1, 0, 2).reshape(stride, -1)[:, : len(there)]
            out = tiles(tree, rows[p], b)
            padded = np.zeros((stride, len(out) * LANES))
            padded[:, : len(hands)] = full[:, image[hands]]
            out[:] = padded.reshape(stride, -1, LANES).transpose(1, 0, 2)
    return rows


@pytest.mark.slow
@compiled
@pytest.mark.parametrize("make", [solved, searched, learned])
def test_exploitability_of_a_large_game_is_that_without_isomorphism(make, monkeypatch):
    """On ms3f1t1r1h5: 7,241 boards in place of 536."""
    game = Holdem(ranks="TJQKA", deals=[0, 1, 1, 1], blinds=[1, 2], stack=162, bets="100%", raises="100%", raise_cap=1, min_bet=2).build()
    tree = board_tree(game)
    rows = make(game, tree, 60)
    found = exploitability(game, tree, rows)
    monkeypatch.setattr(holdem, "symmetries", lambda *given: symmetries_of(*given)[:1])
    every = board_tree(game)
    assert len(every.cards) == 7241
    assert exploitability(game, every, spread_out(BoardStrategy(game, tree, rows), every)) == pytest.approx(found, rel=1e-4)


symmetries_of = holdem.symmetries
