import re
from itertools import chain, combinations, pairwise
from math import comb

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from games.holdem.cards import Deck, card_text, hole_hands, parse_cards
from games.kernels import kernel
from games.kernels.evaluator import board_strengths, masks_strength, no_cards, strengths, with_card
from tests.naive import evaluator as naive

pytestmark = pytest.mark.kernels

DECKS = [Deck(), Deck("TJQKA"), Deck("2345A"), Deck("6789TJQKA"), Deck(suits="cs"), Deck("QKA")]


CATEGORY_SHIFT = 26  # strength >> CATEGORY_SHIFT indexes CATEGORIES; kernels have the number written out
CATEGORIES = ("high card", "pair", "two pair", "trips", "straight", "flush", "full house", "quads", "straight flush")


@kernel
def strength(cards):
    """Return how strong 3 to 7 cards are, whatever of them is on the board."""
    masks = no_cards()
    for i in range(len(cards)):
        masks = with_card(masks, cards[i])
    return masks_strength(masks, len(cards))


@kernel
def all_strengths(hands, out):
    for i in range(len(hands)):
        out[i] = strength(hands[i])


@kernel
def count_categories(n, counts):
    """Add up the categories of all hands of n cards."""
    hand = np.arange(n).astype(np.uint8)
    at = n
    while at >= 0:
        counts[strength(hand) >> 26] += 1
        at = n - 1
        while at >= 0 and hand[at] == 52 - n + at:
            at -= 1
        if at >= 0:
            first = np.int64(hand[at]) + 1
            for i in range(at, n):
                hand[i] = first + i - at


def cards(text):
    return np.array(parse_cards(text), np.uint8)


def category(hand):
    return CATEGORIES[int(strength(hand)) >> CATEGORY_SHIFT]


def assert_same_order(found, expected):
    """Every pair compares alike, ties included: if neighbours in sorted order do, all do."""
    order = sorted(range(len(found)), key=expected.__getitem__)
    for a, b in pairwise(order):
        assert (found[a] == found[b]) == (expected[a] == expected[b])
        assert found[a] <= found[b]


@given(seed=st.integers(0, 10**6), deck=st.sampled_from(DECKS), n=st.integers(3, 7))
def test_hands_compare_like_their_best_five(seed, deck, n):
    rng = np.random.default_rng(seed)
    hands = np.array([rng.choice(deck.cards(), n, replace=False) for _ in range(30)])
    before = hands.copy()
    found = [int(strength(hand)) for hand in hands]
    np.testing.assert_array_equal(hands, before)
    expected = [naive.strength(hand) for hand in hands.tolist()]
    assert_same_order(found, expected)
    assert [value >> CATEGORY_SHIFT for value in found] == [category for category, _ in expected]


# From the weakest to the strongest; "=" joins ties.
LADDERS = {
    3: "2c3d5h < 2c3d6h < AcKdJh < AcKdQh=AcKcQc=QcKcAc < 2c2d3h < 2c2d4h < AcAdKh < 2c2d2h < AcAdAh",
    4: "2c3c4c5c < 2c3c4c6c < AcKcQcJc=AcKdQhJs < 2c2d3h4c < AcAdKhQc < 2c2d3h3c < AcAdKhKc < 2c2d2h3c < AcAdAhKc < 2c2d2h2s < AcAdAhAs",
    5: (
        "2c3d4h5s7c < AcKdQhJs9c < 2c2d3h4s5c < 2c2d3h3s4c < 2c2d3h3s5c < AcAdKhKsQc < 2c2d2h3s4c < Ac2d3h4s5c < 2d3h4s5c6c < TcJdQhKsAc "
        "< 2c3c4c5c7c < AcKcQcJc9c < 2c2d2h3s3c < 2c2d2hAsAc < 3c3d3h2s2c < 2c2d2h2s3c < Ac2c3c4c5c < 2c3c4c5c6c < TcJcQcKcAc"
    ),
    6: ("4c4d3h3s2c2d=4c4d3h3s2h2s < 4c4d3h3s2c5d < AcKcQcJc9c2c=AcKcQcJc9c9d < 2c2d2h3s3c3d=3c3d3h2s2cAd < 2c2d2h2s3c3d < 2c2d2h2s3cAd"),
    7: (
        "AcAdKhKsQcQd2h=AcAdKhKsQcQdJh=AcAdKhKsQc2d3h < 2c2d2h3s3c4d4h=2c2d2h3s5c4d4h < 2c2d2h3s3c3d4h < AcAdAh2s2c2d3h < AcAdAhKsKc2d2h "
        "< 2c2d2h2s3c3d3h < 2c2d2h2sAcAdAh=2c2d2h2sAcKdKh < 5c6c7c8c9cTdJd=5c6c7c8c9c9d9h < 5c6c7c8c9cTcAc"
    ),
}


@pytest.mark.parametrize("n", LADDERS)
def test_the_ladder_of_hands(n):
    steps = [{int(strength(cards(text))) for text in step.split("=")} for step in LADDERS[n].split(" < ")]
    assert all(len(step) == 1 for step in steps)
    values = [min(step) for step in steps]
    assert values == sorted(set(values))


def test_what_is_a_straight():
    assert category(cards("AcQdJhTs9c2c")) == "high card"
    assert category(cards("AcKd2h3s4c")) == "high card"  # around the corner
    assert category(cards("Ac6d7h8s9c")) == "high card"  # the ace is low below the two only, whatever the deck
    assert category(cards("AcTdJhQsKc9c8c")) == "straight"
    assert strength(cards("AcTdJhQsKc9c8c")) == strength(cards("AdTdJhQsKc2c3c"))
    assert strength(cards("Ac2d3h4s5c6c7d")) == strength(cards("3h4s5c6c7dKsKd"))
    assert category(cards("Ac2d3h4s5cAdAh")) == "straight"
    assert category(cards("2c3c4d")) == category(cards("2c3c4c5c")) == "high card"  # fewer than five cards make none


def test_an_empty_list_of_hands_is_fine():
    assert board_strengths((0, 1, 2), np.empty((0, 2), np.uint8)).tolist() == []


@given(seed=st.integers(0, 10**6), deck=st.sampled_from(DECKS), size=st.integers(1, 5))
def test_a_board_joins_every_hand(seed, deck, size):
    rng = np.random.default_rng(seed)
    board = rng.choice(deck.cards(), size, replace=False)
    hands = rng.permutation(hole_hands(deck))[:40]
    before = board.copy(), hands.copy()
    out = np.full(len(hands), 99, np.int32)
    strengths(board, hands, out)
    np.testing.assert_array_equal(board, before[0])
    np.testing.assert_array_equal(hands, before[1])
    expected = naive.board_strengths(board.tolist(), hands.tolist())
    free = [h for h, value in enumerate(expected) if value is not None]
    assert np.flatnonzero(out != -1).tolist() == free
    assert_same_order(out[free].tolist(), [expected[h] for h in free])
    assert out[free].tolist() == [int(strength(np.concatenate([board, hands[h]]))) for h in free]  # the same numbers, too
    np.testing.assert_array_equal(board_strengths(board.tolist(), hands), out)


@pytest.mark.parametrize("board", [(), range(6), (3, 3), (52,), (-1,)])
def test_what_is_no_board_is_refused(board):
    with pytest.raises(ValueError, match=f"^{re.escape(f'board must be 1 to 5 distinct cards in 0..51, got {[*board]}')}$"):
        board_strengths(board, hole_hands())


@pytest.mark.parametrize("count", [pytest.param(1_000_000, marks=pytest.mark.slow), 100_000])
def test_seven_cards_compare_as_in_phevaluator(count):
    """Against phevaluator, an independent evaluator with the same numbers of cards; there, lower is better."""
    phevaluator = pytest.importorskip("phevaluator")
    rng = np.random.default_rng(7)
    hands = rng.random((count, 52)).argpartition(7, axis=1)[:, :7].astype(np.uint8)
    found = np.empty(count, np.int64)
    all_strengths(hands, found)
    peer = -np.array([phevaluator.evaluate_cards(*hand) for hand in hands.tolist()])
    order = np.argsort(peer)
    np.testing.assert_array_equal(np.sign(np.diff(found[order])), np.sign(np.diff(peer[order])))


FIVE = (1302540, 1098240, 123552, 54912, 10200, 5108, 3744, 624, 40)
SEVEN = (23294460, 58627800, 31433400, 6461620, 6180020, 4047644, 3473184, 224848, 41584)


@pytest.mark.slow
@pytest.mark.parametrize(("n", "expected"), [(5, FIVE), (7, SEVEN)])
def test_there_are_as_many_of_each_category_as_is_known(n, expected):
    """The well-known frequencies of five and of seven cards, weakest category first."""
    assert sum(expected) == comb(52, n)
    counts = np.zeros(len(CATEGORIES), np.int64)
    count_categories(n, counts)
    assert (*counts.tolist(),) == expected


@pytest.mark.slow
def test_five_cards_have_as_many_strengths_as_is_known():
    """7,462 classes of five cards that do not tie (Cactus Kev's count)."""
    every = np.fromiter(chain.from_iterable(combinations(range(52), 5)), np.uint8, 5 * comb(52, 5)).reshape(-1, 5)
    found = np.empty(len(every), np.int64)
    all_strengths(every, found)
    assert len(np.unique(found)) == 7462
    assert card_text(int(every[np.argmax(found), 0]))[0] == "T"  # the royal flush
