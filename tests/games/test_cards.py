from itertools import combinations

import numpy as np
import pytest

from games.holdem.cards import FULL_DECK, Deck, card_text, cards_text, hand_indices, hand_text, hole_hands, parse_cards

SMALL = Deck("TJQKA")


def test_cards_are_numbered_by_rank_then_suit():
    assert [card_text(card) for card in (0, 1, 2, 3, 4, 32, 51)] == ["2c", "2d", "2h", "2s", "3c", "Tc", "As"]
    np.testing.assert_array_equal(FULL_DECK.cards(), np.arange(52))
    assert FULL_DECK.cards().dtype == np.uint8


def test_a_smaller_deck_is_a_subset():
    np.testing.assert_array_equal(SMALL.cards(), np.arange(32, 52))
    np.testing.assert_array_equal(Deck("AKQJT", "shdc").cards(), SMALL.cards())
    assert [card_text(card) for card in Deck("72", "sd").cards().tolist()] == ["2d", "2s", "7d", "7s"]


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        ({"ranks": "TTJ"}, "deck.ranks must be distinct ranks of 23456789TJQKA, got 'TTJ'"),
        ({"ranks": "1"}, "deck.ranks must be distinct ranks of 23456789TJQKA, got '1'"),
        ({"ranks": ""}, "deck.ranks must be distinct ranks of 23456789TJQKA, got ''"),
        ({"suits": "cx"}, "deck.suits must be distinct suits of cdhs, got 'cx'"),
    ],
)
def test_a_deck_of_no_such_cards_is_refused(arguments, error):
    with pytest.raises(ValueError, match=f"^{error}$"):
        Deck(**arguments)


@pytest.mark.parametrize(("deck", "count"), [(FULL_DECK, 1326), (SMALL, 190), (Deck("A", "cd"), 1), (Deck("A", "s"), 0)])
def test_hands_are_all_pairs_in_lexicographic_order(deck, count):
    hands = hole_hands(deck)
    assert hands.shape == (count, 2)
    assert hands.dtype == np.uint8
    assert [*map(tuple, hands.tolist())] == [*combinations(deck.cards().tolist(), 2)]


@pytest.mark.parametrize("deck", [FULL_DECK, SMALL])
def test_hands_are_found_by_their_cards(deck):
    hands = hole_hands(deck)
    indices = hand_indices(hands)
    np.testing.assert_array_equal(indices[hands[:, 0], hands[:, 1]], np.arange(len(hands)))
    np.testing.assert_array_equal(indices, indices.T)
    assert (indices < 0).sum() == 52 * 52 - 2 * len(hands)


def test_boards_are_read_and_written():
    assert parse_cards("Td9d6h") == (33, 29, 18)
    assert parse_cards(" Td 9d\t6h ") == (33, 29, 18)
    assert parse_cards("Td,9d, 6h") == (33, 29, 18)
    assert parse_cards("") == ()
    assert cards_text((33, 29, 18)) == "Td9d6h"
    everything = FULL_DECK.cards().tolist()
    assert parse_cards(cards_text(everything)) == (*everything,)


@pytest.mark.parametrize(
    ("text", "deck", "error"),
    [
        ("Td9x", FULL_DECK, "game.board must be cards such as Td9d6h, got '9x' in 'Td9x'"),
        ("td", FULL_DECK, "game.board must be cards such as Td9d6h, got 'td' in 'td'"),
        ("10d9d6h", FULL_DECK, "game.board must be cards such as Td9d6h \\(a ten is T\\), got '10' in '10d9d6h'"),
        ("Td9", FULL_DECK, "game.board must be cards such as Td9d6h, got '9' in 'Td9'"),
        ("TdAsTd", FULL_DECK, "game.board must be distinct cards, got 'Td' twice in 'TdAsTd'"),
        ("Td9d", SMALL, "game.board must be cards such as Td9d6h of ranks TJQKA and suits cdhs, got '9d' in 'Td9d'"),
    ],
)
def test_what_is_no_board_is_refused(text, deck, error):
    with pytest.raises(ValueError, match=f"^{error}$"):
        parse_cards(text, "game.board", deck)


def test_hands_are_written_with_the_higher_card_first():
    assert hand_text(46, 51) == "AsKh"
    assert hand_text(50, 51) == "AsAh"
    assert hand_text(0, 1) == "2d2c"
