import re

import numpy as np
import pytest

from games.holdem.cards import FULL_DECK, RANKS, Deck, hand_text, hole_hands
from games.holdem.ranges import parse_range

SMALL = Deck("TJQKA")
DECKS = [FULL_DECK, SMALL, Deck("2579A", "hs"), Deck("TJQKA", "c"), Deck("A", "cd")]
BUTTON = "66+,A8s+,A5s-A4s,AJo+,K9s+,KQo,QTs+,JTs,96s+,85s+,75s+,65s,54s"


def names(weights, deck=FULL_DECK):
    """Return the groups of a range whose hands all weigh 1, and check that all others weigh 0."""
    hands = hole_hands(deck).tolist()
    found = {group_name(*hand) for hand, weight in zip(hands, weights, strict=True) if weight > 0}
    assert all(weight == (group_name(*hand) in found) for hand, weight in zip(hands, weights, strict=True))
    return found


def group_name(low, high):
    ranks = RANKS[high // 4] + RANKS[low // 4]
    return ranks + ("" if high // 4 == low // 4 else "s" if high % 4 == low % 4 else "o")


def weight_of(weights, hand, deck=FULL_DECK):
    texts = [hand_text(*cards) for cards in hole_hands(deck).tolist()]
    return weights[texts.index(hand)]


@pytest.mark.parametrize(
    ("text", "expected", "hands"),
    [
        ("QQ", "QQ", 6),
        ("QQ+", "QQ KK AA", 18),
        ("TT-77", "TT 99 88 77", 24),
        ("77-TT", "TT 99 88 77", 24),
        ("AKs", "AKs", 4),
        ("AKo", "AKo", 12),
        ("AK", "AKs AKo", 16),
        ("AQ+", "AQs AQo AKs AKo", 32),
        ("A8s+", "A8s A9s ATs AJs AQs AKs", 24),
        ("A5s-A2s", "A5s A4s A3s A2s", 16),
        ("A2s-A5s", "A5s A4s A3s A2s", 16),
        ("K9-K8", "K9s K9o K8s K8o", 32),
        ("96s+", "96s 97s 98s", 12),
        ("JTs-65s", "JTs T9s 98s 87s 76s 65s", 24),
        ("64o-86o", "64o 75o 86o", 36),
        ("AKs+", "AKs", 4),
        ("T9s - 65s", "T9s 98s 87s 76s 65s", 20),
        ("QQ- JJ", "QQ JJ", 12),
        ("32", "32s 32o", 16),
        ("AA+", "AA", 6),
    ],
)
def test_groups_are_what_players_mean(text, expected, hands):
    weights = parse_range(text)
    assert names(weights) == set(expected.split())
    assert weights.sum() == hands


def test_a_range_is_the_union_of_its_entries():
    assert names(parse_range(BUTTON)) == set().union(*(names(parse_range(entry)) for entry in BUTTON.split(",")))
    np.testing.assert_array_equal(parse_range(BUTTON), parse_range(" " + BUTTON.replace(",", " ,\n ") + ","))
    assert parse_range("full").sum() == parse_range("random").sum() == 1326


def test_hands_and_weights():
    weights = parse_range("76s:0.5, AhKh, KdAd:.25, QQ:1e-3, JJ:1.0, 22:0")
    assert weights.sum() == 4 * 0.5 + 1 + 0.25 + 6e-3 + 6
    assert weight_of(weights, "AhKh") == 1
    assert weight_of(weights, "AdKd") == 0.25
    assert weight_of(weights, "7c6c") == 0.5
    assert weight_of(weights, "2d2c") == 0


@pytest.mark.parametrize(
    ("text", "same"),
    [
        ("7d7c: 1,AhQs: 0.25", "7d7c,AhQs:0.25"),
        ("88 :0.5", "88:0.5"),
        ("88 : 0.5 77", "88:0.5,77"),
        ("T9s - 65s:.5\tAA", "T9s-65s:.5,AA"),
        ("A5s -\n A2s : 1e-3, KK", "A5s-A2s:1e-3,KK"),
        ("AA KK - QQ", "AA,KK-QQ"),
    ],
)
def test_blanks_beside_colons_and_dashes_do_not_count(text, same):
    np.testing.assert_array_equal(parse_range(text), parse_range(same))


@pytest.mark.parametrize(
    ("text", "deck", "error"),
    [
        ("T9s+", FULL_DECK, "got 'T9s+' at character 0 (write T9s or AKs-T9s: tools read it as the one or as the other)"),
        ("AA,KQ+:0.5", FULL_DECK, "got 'KQ+:0.5' at character 3 (write KQ or AK-KQ: tools read it as the one or as the other)"),
        ("32o+", FULL_DECK, "got '32o+' at character 0 (write 32o or AKo-32o: tools read it as the one or as the other)"),
        ("JTs+", Deck("9TJQ"), "got 'JTs+' at character 0 (write JTs or QJs-JTs: tools read it as the one or as the other)"),
    ],
)
def test_a_connector_with_a_plus_is_refused(text, deck, error):
    """It is T9s alone by the rule of kickers, and T9s, JTs .. AKs in postflop-solver and tools built on it."""
    with pytest.raises(ValueError, match=re.escape(f"game.ranges[0] must have no connector with a plus, {error}")):
        parse_range(text, deck=deck)
    np.testing.assert_array_equal(parse_range("QJs+", deck=Deck("9TJQ")), parse_range("QJs", deck=Deck("9TJQ")))


def test_a_list_with_one_bad_weight_is_still_a_list():
    listed = ["0.5"] * 1326
    listed[700] = "x"
    with pytest.raises(ValueError, match=re.escape("game.ranges[0] must have weights in 0..1, got 'x' at character 2800")):
        parse_range(" ".join(listed))
    listed[700] = "-0.5"
    with pytest.raises(ValueError, match=re.escape("game.ranges[0] must have weights in 0..1, got '-0.5' at character 2800")):
        parse_range(" ".join(listed))


def test_the_last_entry_holds():
    weights = parse_range("full:0.5, AA, AsAh:0")
    assert weight_of(weights, "KsKh") == 0.5
    assert weight_of(weights, "AsAd") == 1
    assert weight_of(weights, "AsAh") == 0
    assert weight_of(parse_range("AsAh:0, AA"), "AsAh") == 1


def test_the_order_of_hands_is_hole_hands():
    hands = hole_hands().tolist()
    for index in (0, 1, 50, 51, 700, 1325):
        low, high = hands[index]
        assert np.flatnonzero(parse_range(hand_text(low, high))).tolist() == [index]


@pytest.mark.parametrize("deck", DECKS)
def test_listed_weights_are_in_piosolvers_order(deck):
    cards = deck.cards().tolist()
    order = [(low, high) for high in cards for low in cards if low < high]
    values = [k / len(order) for k in range(1, len(order) + 1)]
    weights = parse_range(" ".join(map(str, values)), deck=deck)
    at = {tuple(hand): weight for hand, weight in zip(hole_hands(deck).tolist(), weights.tolist(), strict=True)}
    assert [at[hand] for hand in order] == values
    if deck == FULL_DECK:
        assert [hand_text(*hand) for hand in order[:6]] == ["2d2c", "2h2c", "2h2d", "2s2c", "2s2d", "2s2h"]


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("", "hands such as QQ+, A5s-A2s, AhKh:0.5, got ''"),
        (" ,\n", "hands such as QQ+, A5s-A2s, AhKh:0.5, got ' ,\\n'"),
        ("AA, QZ+", "hands such as QQ+, A5s-A2s, AhKh:0.5, got 'QZ+' at character 4"),
        ("KAs", "hands such as QQ+, A5s-A2s, AhKh:0.5, got 'KAs' at character 0"),
        ("23+", "hands such as QQ+, A5s-A2s, AhKh:0.5, got '23+' at character 0"),
        ("QQs", "hands such as QQ+, A5s-A2s, AhKh:0.5, got 'QQs' at character 0"),
        ("QQo+", "hands such as QQ+, A5s-A2s, AhKh:0.5, got 'QQo+' at character 0"),
        ("aks", "hands such as QQ+, A5s-A2s, AhKh:0.5, got 'aks' at character 0"),
        ("A5s-A2o", "hands such as QQ+, A5s-A2s, AhKh:0.5, got 'A5s-A2o' at character 0"),
        ("A5s-K2s", "hands such as QQ+, A5s-A2s, AhKh:0.5, got 'A5s-K2s' at character 0"),
        ("AA-AK", "hands such as QQ+, A5s-A2s, AhKh:0.5, got 'AA-AK' at character 0"),
        ("AKs-", "hands such as QQ+, A5s-A2s, AhKh:0.5, got 'AKs-' at character 0"),
        ("AhAh", "hands such as QQ+, A5s-A2s, AhKh:0.5, got 'AhAh' at character 0"),
        ("AhKx", "hands such as QQ+, A5s-A2s, AhKh:0.5, got 'AhKx' at character 0"),
        ("QQ -JJ", "hands such as QQ+, A5s-A2s, AhKh:0.5, got '-JJ' at character 3"),
        ("AA - , KK", "hands such as QQ+, A5s-A2s, AhKh:0.5, got 'AA -' at character 0"),
        ("1010,A10s", "hands such as QQ+, A5s-A2s, AhKh:0.5 (a ten is T), got '1010' at character 0"),
        ("QQ,AA|KK", "hands such as QQ+, A5s-A2s, AhKh:0.5, got 'AA|KK' at character 3 (commas separate entries)"),
        ("AA,A10s", "hands such as QQ+, A5s-A2s, AhKh:0.5 (a ten is T), got 'A10s' at character 3"),
        ("0.5 AA", "hands such as QQ+, A5s-A2s, AhKh:0.5, got '0.5' at character 0"),
        ("0.5", "hands such as QQ+, A5s-A2s, AhKh:0.5, or 1326 weights, got 1"),
        ("AA 0.5", "hands such as QQ+, A5s-A2s, AhKh:0.5, got '0.5' at character 3"),
        ("0.5 1", "hands such as QQ+, A5s-A2s, AhKh:0.5, or 1326 weights, got 2"),
    ],
)
def test_what_is_no_range_is_refused(text, error):
    with pytest.raises(ValueError, match=f"^{re.escape('game.ranges[1] must be ' + error)}$"):
        parse_range(text, "game.ranges[1]")


@pytest.mark.parametrize("number", ["1.5", "-0.1", "nan", "inf", "", "x", "1_0", "0.5:0.5", "1e3"])
def test_what_is_no_weight_is_refused(number):
    error = f"game.ranges[0] must have weights in 0..1, got 'QQ:{number}' at character 3"
    with pytest.raises(ValueError, match=f"^{re.escape(error)}$"):
        parse_range(f"AA QQ:{number}")


def test_another_separator_than_a_comma_is_refused_with_the_rule():
    error = "game.ranges[0] must have weights in 0..1, got 'AA:0.5;KK' at character 0 (commas separate entries)"
    with pytest.raises(ValueError, match=f"^{re.escape(error)}$"):
        parse_range("AA:0.5;KK")


def test_a_listed_weight_outside_is_refused():
    listed = ["0"] * 1326
    listed[7] = "2"
    with pytest.raises(ValueError, match=re.escape("game.ranges[0] must have weights in 0..1, got '2' at character 14")):
        parse_range(" ".join(listed))


@pytest.mark.parametrize("text", ["AA:0", " ".join(["0"] * 1326)])
def test_a_range_without_weight_is_refused(text):
    with pytest.raises(ValueError, match=re.escape("game.ranges[0] must give some hand a positive weight, got only weights of 0")):
        parse_range(text)


def test_ranges_end_with_the_deck():
    assert names(parse_range("JJ+", deck=Deck("TJQ")), Deck("TJQ")) == {"JJ", "QQ"}
    assert names(parse_range("A2s+", deck=Deck("2579A", "hs")), Deck("2579A", "hs")) == {"A2s", "A5s", "A7s", "A9s"}
    assert names(parse_range("97s-75s", deck=Deck("579")), Deck("579")) == {"97s", "75s"}
    assert names(parse_range("AK", deck=Deck("KA", "c")), Deck("KA", "c")) == {"AKs"}
    assert parse_range("full", deck=SMALL).sum() == 190


@pytest.mark.parametrize(
    ("text", "deck"),
    [("99", SMALL), ("A9s", SMALL), ("A9s+", SMALL), ("AhKh", Deck("AK", "s")), ("AA", Deck("AK", "s")), ("AKo", Deck("AK", "s"))],
)
def test_hands_that_a_deck_lacks_are_refused(text, deck):
    with pytest.raises(ValueError, match=re.escape(f"got {text!r} at character 0")):
        parse_range(text, deck=deck)
