"""What hands are called: made hands as pokerkit and phevaluator rank them, draws by the cards that complete them."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from agents.reporting.made_hands import DRAWS, KINDS, LEAST_CARDS, MADE, ONE_PAIR, draw, hand_names, kinds_of, made_hand, parse_kinds
from games.holdem.cards import FULL_DECK, Deck, card_text, hole_hands, parse_cards

pokerkit = pytest.importorskip("pokerkit")
POKERKIT = {  # its names of the same rankings
    "High card": {"high card"}, "One pair": set(ONE_PAIR), "Two pair": {"two pair"}, "Three of a kind": {"set", "trips"},
    "Straight": {"straight"}, "Flush": {"flush"}, "Full house": {"full house"}, "Four of a kind": {"four of a kind"},
    "Straight flush": {"straight flush"},
}  # fmt: skip


def text(cards):
    return "".join(map(card_text, cards))


@pytest.mark.parametrize("shown", [3, 4, 5])
def test_made_hands_are_those_of_pokerkit(shown):
    rng, seen = np.random.default_rng(shown), set()
    for number in range(600):
        # few ranks and suits, so that strong hands come, too
        deck = Deck().cards() if number % 3 else Deck("789TJ", "cdhs").cards() if number % 2 else Deck("23456789TJQKA", "ch").cards()
        cards = rng.choice(deck, 2 + shown, replace=False).tolist()
        hand, board = cards[:2], cards[2:]
        name = made_hand(hand, board)
        label = pokerkit.StandardHighHand.from_game(text(hand), text(board)).entry.label.value
        assert name in POKERKIT[label], (text(hand), text(board))
        seen.add(name)
    assert len(seen) >= 11


@pytest.mark.parametrize(
    ("hand", "board", "name"),
    [
        ("AhAd", "Td9d6h", "overpair"),
        ("8h8c", "Td9d6h", "underpair"),
        ("2h2c", "Td9d6h", "underpair"),
        ("AhTc", "Td9d6h", "top pair"),
        ("Ah9c", "Td9d6h", "middle pair"),
        ("Ah6c", "Td9d6h", "low pair"),
        ("4h3c", "Td9d6hQc4s", "low pair"),
        ("AhKc", "TdTh6h", "board pair"),
        ("TcTs", "Td9d6h", "set"),
        ("Tc3s", "TdTh6h", "trips"),
        ("AcKc", "TdThTs", "trips"),
        ("9s9h", "TdTh6h", "two pair"),
        ("AhKc", "Td9d6h", "high card"),
    ],
)
def test_pairs_and_threes_are_told_apart_as_players_do(hand, board, name):
    assert made_hand(parse_cards(hand), parse_cards(board)) == name
    assert name in MADE


@pytest.mark.parametrize(
    ("hand", "board", "name"),
    [
        ("AhKh", "Th9h2c", "flush draw"),
        ("AcKd", "Th9h2h", ""),  # three of a suit on the board, none in the hand
        ("AhKd", "Th9h2h", "flush draw"),
        ("8c7c", "Td9d2h", "open-ended"),
        ("8d7d", "Td9d2h", "flush draw + open-ended"),
        ("Qc8c", "Td9d2h", "gutshot"),
        ("QcJc", "Td9d8h", ""),  # a straight
        ("QcJc", "Td9d2h", "open-ended"),
        ("KcQc", "AdJd2h", "gutshot"),
        ("Ac3c", "4d2d9h", "gutshot"),
        ("Jc7c", "9d8h5s", "double gutshot"),
        ("Kc2c", "5d6h7s8c", ""),  # the board's own
        ("Tc2c", "5d6h7s8c", "gutshot"),  # the ten is of use with a nine
        ("Jc7c", "Td9d8hQc4s", ""),  # a river
        ("8c7c", "Td9d2hQc4s", ""),
    ],
)
def test_draws_are_a_card_away(hand, board, name):
    assert draw(parse_cards(hand), parse_cards(board)) == name


def test_draws_are_those_that_pokerkit_sees_card_by_card():
    rng, places = np.random.default_rng(5), set()
    for number in range(60):
        deck = Deck().cards() if number % 2 else Deck("6789TJ", "cdh").cards()
        cards = rng.choice(deck, 6, replace=False).tolist()
        hand, board = cards[:2], cards[2:]
        now = made_hand(hand, board)
        after = {}
        for card in set(FULL_DECK.cards().tolist()) - set(cards):
            strong = pokerkit.StandardHighHand.from_game(text(hand), text([*board, card]))
            alone = pokerkit.StandardHighHand.from_game("", text([*board, card])) if len(board) == 4 else None
            if alone is None or strong > alone:
                after.setdefault(strong.entry.label.value, set()).add(card)
        name = draw(hand, board)
        if MADE.index(now) < MADE.index("flush"):
            suits = [card % 4 for card in cards]
            drawing = any(suits.count(suit) == 4 and suit in {card % 4 for card in hand} for suit in range(4))
            assert ("flush draw" in name) == (drawing and bool(after.get("Flush") or after.get("Straight flush")))
        if MADE.index(now) < MADE.index("straight") and not any(word in name for word in ("gutshot", "open-ended")):
            assert "Straight" not in after, (text(hand), text(board), name)
        places.add(name)
    assert len(places) >= 4


def test_a_hand_with_a_card_of_the_board_is_none():
    with pytest.raises(ValueError, match=r"^hand must hold no card of the board, got \["):
        made_hand(parse_cards("TdAc"), parse_cards("Td9d6h"))


def test_all_hands_of_a_deck_have_a_name_but_those_on_the_board():
    board = tuple(parse_cards("Td9d6h"))
    names = hand_names(FULL_DECK, board)
    assert len(names) == 1176
    assert names["AdKd"] == "high card, flush draw"
    assert names["ThTc"] == "set"
    assert set(itertools.chain(*(name.split(", ")[:1] for name in names.values()))) <= set(MADE)
    assert hand_names(FULL_DECK, board[: LEAST_CARDS - 1]) == {}
    assert len(hole_hands(FULL_DECK)) == 1326


def test_a_hand_is_of_several_kinds():
    assert kinds_of("top pair, flush draw + gutshot") == ["top pair", "pair", "flush draw", "gutshot", "draw"]
    assert kinds_of("set") == ["set"]
    assert kinds_of("high card, open-ended") == ["high card", "open-ended", "draw"]
    boards = ("Td9d6h", "Td9d6hQc", "Td9d6hQc4s", "7c7d9h")
    names = {name for board in boards for name in hand_names(FULL_DECK, parse_cards(board)).values()}
    assert all({*kinds_of(name)} <= {*KINDS} for name in names)
    assert {kind for name in names for kind in kinds_of(name)} >= {*ONE_PAIR, *DRAWS}


def test_kinds_are_named_as_people_write_them():
    assert parse_kinds("top-pair,Flush_Draw, open ended", "class") == ["top pair", "flush draw", "open-ended"]
    assert [parse_kinds(kind, "class") for kind in KINDS] == [[kind] for kind in KINDS]
    for text in ("", "top pair,", "nuts"):
        with pytest.raises(ValueError, match=r"^class must name kinds of hands among high card, .*gutshot, draw, got '(nuts)?'$"):
            parse_kinds(text, "class")
