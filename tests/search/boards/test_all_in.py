"""What hands win where nobody bets any more, against a naive twin, and at full size against known equities."""

from __future__ import annotations

import numpy as np
import pytest

from games.holdem.cards import FULL_DECK, Deck, deck_hands, hand_indices, hands_apart, parse_cards
from search.boards.all_in import AllIn, all_in_table, wants_table
from tests.compiling import compiled
from tests.naive.all_in import all_in

pytestmark = pytest.mark.kernels
SMALL = Deck("TJQKA", "cd")


@pytest.mark.parametrize(("shown", "total"), [(0, 1), (0, 2), (1, 2), (2, 3), (3, 3), (1, 4)])
def test_a_hand_wins_what_the_twin_says(shown, total):
    rng = np.random.default_rng(shown + 7 * total)
    cards, hands = SMALL.cards().tolist(), deck_hands(SMALL).tolist()
    for _ in range(3):
        board = rng.choice(cards, shown, replace=False).tolist()
        hand = int(rng.choice([h for h, two in enumerate(hands) if not set(two) & set(board)]))
        wins = AllIn(SMALL, total).against(hand, tuple(board))
        np.testing.assert_allclose(wins, [all_in(cards, board, total, hands[hand], other) for other in hands], atol=1e-12)
        assert wins.any()


@pytest.mark.parametrize("total", [1, 2, 3])
def test_the_table_is_every_hand_by_itself(total):
    table, alone = all_in_table(SMALL, total), AllIn(SMALL, total)
    hands = len(deck_hands(SMALL))
    np.testing.assert_allclose(table, [alone.against(hand, ()) for hand in range(hands)], atol=1e-7)
    np.testing.assert_array_equal(table, -table.T)
    assert not table[~hands_apart(deck_hands(SMALL))].any()
    np.testing.assert_array_equal(AllIn(SMALL, total, table).against(3, ()), table[3])


def test_the_order_of_public_cards_does_not_matter():
    alone, cards = AllIn(SMALL, 3), SMALL.cards().tolist()
    assert alone.against(0, (cards[5], cards[7])) is alone.against(0, (cards[7], cards[5]))


def test_a_table_of_another_deck_is_refused():
    with pytest.raises(ValueError, match="table must have a row and a column for each of 45 hands, got"):
        AllIn(SMALL, 3, np.zeros((3, 3), np.float32))
    assert wants_table(FULL_DECK, 5)
    assert not wants_table(SMALL, 5)


@compiled
@pytest.mark.parametrize(
    ("hand", "other", "board", "wins", "loses"),
    [
        ("AsKs", "QdQc", "Qs7s2h", 0, 0),
        ("AhAd", "KhKd", "2c7d9s3h", 42, 2),
        ("AhAd", "KhKd", "2c7d9s3hTc", 1, 0),
        ("2h2d", "3h3d", "AsAcKsKc", 2, 2),
    ],
)
def test_run_outs_of_the_full_deck_by_hand(hand, other, board, wins, loses):
    """Two kings left of 44 cards beat aces; where the board has two pairs a set wins; the flop is counted by the twin."""
    index, cards = hand_indices(deck_hands(FULL_DECK)), parse_cards(board)
    (a, b), (c, d) = parse_cards(hand), parse_cards(other)
    found = AllIn(FULL_DECK, 5).against(int(index[a, b]), cards)[index[c, d]]
    if len(cards) == 3:
        assert found == pytest.approx(all_in(FULL_DECK.cards().tolist(), list(cards), 5, (a, b), (c, d)), abs=1e-12)
    else:
        assert found == pytest.approx((wins - loses) / (1 if len(cards) == 5 else 44), abs=1e-12)


@compiled
@pytest.mark.slow
def test_preflop_equities_of_the_full_deck():
    """Published win and tie counts of 1,712,304 boards: AA of two suits against KK of the same two."""
    table, index = all_in_table(FULL_DECK, 5), hand_indices(deck_hands(FULL_DECK))
    (a, b), (c, d) = parse_cards("AsAh"), parse_cards("KsKh")
    assert (1 + table[index[a, b], index[c, d]]) / 2 == pytest.approx(0.8264, abs=1e-4)
