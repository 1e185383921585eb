"""Card abstraction without a tree of boards."""

from __future__ import annotations

import numpy as np
import pytest

from agents.abstraction import make_card_abstraction
from games.holdem.cards import FULL_DECK
from games.holdem.isomorphism import hand_permutation, permute_card, suit_permutations
from search.boards.card_buckets import CardAbstraction, LosslessBuckets
from search.kernels.mccfr import Deals, draw_deals
from tests.catalogue import game_of, small
from tests.compiling import compiled
from tests.naive.evaluator import strength
from tests.naive.mccfr import deal_key, draw, splitmix
from tests.sampling import Lossless

pytestmark = [compiled, pytest.mark.kernels]


@pytest.fixture(scope="module")
def made():
    game = small([0, 1, 1], ranks="TJQKA")
    return game, make_card_abstraction(game, [6, 11], seed=2)


def test_deals_are_those_of_the_twin(made):
    game, abstraction = made
    deals = Deals(np.zeros((60, 2, 3), np.uint32), np.zeros(60, np.int8))
    with np.errstate(over="ignore"):
        draw_deals(abstraction.arrays(), np.uint64(5), 7, 100, deals)
    hands = game.hands.tolist()
    for i in range(60):
        pair, board = draw(game, splitmix(deal_key(5, 7, 100 + i), 0))
        for p, hand in enumerate(pair):
            numbers = [abstraction.buckets(board[:n])[hands.index(sorted(hand))] for n in (0, 1, 2)]
            assert deals.bucket[i, p].tolist() == numbers
        first, second = (strength([*board, *hand]) for hand in pair)
        assert deals.sign[i] == int(first > second) - int(first < second)


def test_deals_are_even():
    game = small([0, 1], ranks="KA")
    keys = [splitmix(deal_key(0, 1, i), 0) for i in range(20_000)]
    boards = np.bincount([draw(game, key)[1][0] for key in keys])[game.deck.cards()]
    assert np.abs(boards / len(keys) - 1 / 6).max() < 5 * np.sqrt(5 / 36 / len(keys))


def test_hands_that_suits_make_equal_share_a_bucket(made):
    game, abstraction = made
    board = game.deck.cards()[[3, 7]].tolist()
    buckets = abstraction.buckets(board)
    alive = ~np.isin(game.hands, board).any(axis=1)
    for permutation in suit_permutations(game.deck):
        image = hand_permutation(permutation, game.hands)
        renamed = abstraction.buckets([permute_card(permutation, card) for card in board])
        assert np.array_equal(renamed[image][alive], buckets[alive])


def test_lossless_buckets_are_those_of_the_twin():
    game = small([0, 2, 1])
    lossless, twin = LosslessBuckets(game.deck, game.deals), Lossless(game)
    assert list(lossless.sizes) == twin.sizes
    rng = np.random.default_rng(0)
    for _ in range(20):
        board = rng.choice(game.deck.cards(), 3, replace=False).tolist()
        for cards in ((), board[:2], board):
            assert np.array_equal(lossless.buckets(cards), twin.buckets(cards))


def test_there_are_169_classes_before_the_flop():
    abstraction = CardAbstraction(FULL_DECK, (0, 3, 1, 1), np.ones((1, 1326), np.float32), ())
    assert abstraction.sizes == (169,)
    assert sorted(np.unique(np.bincount(abstraction.classes)).tolist()) == [4, 6, 12]


def test_bad_sizes_are_refused():
    game = game_of("ms2f1t1h5")
    for sizes in ([5], [5, 0], [5, 5, 5], [5, 65_537]):
        with pytest.raises(ValueError, match=r"buckets must be a number in 1\.\.65,536 for each of 2 streets, got"):
            make_card_abstraction(game, sizes)
    with pytest.raises(ValueError, match="cards must be as many as on a street, 0, 1, 2, got 3"):
        make_card_abstraction(game, [3, 3]).buckets([35, 36, 37])
