import re
from itertools import combinations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from games.holdem.cards import FULL_DECK, RANKS, SUITS, Deck, card_text, hand_indices, hole_hands, parse_cards
from games.holdem.isomorphism import canonical_deals, hand_permutation, permute_card, permute_cards, suit_permutations, symmetries
from games.holdem.ranges import parse_range
from tests.naive import isomorphism as naive

SMALL = Deck("TJQKA")
DECKS = [FULL_DECK, SMALL, Deck("28A", "cds"), Deck("KA", "hs"), Deck("JQKA", "d")]


def uniform(deck):
    ones = np.ones(len(hole_hands(deck)))
    return ones, ones


def group_of(streets, weights, deck):
    return symmetries(streets, weights, hole_hands(deck), deck)


def pairs(cards):
    return [(RANKS[card // 4], SUITS[card % 4]) for card in cards]


def as_maps(group, deck):
    return [{s: SUITS[permutation[SUITS.index(s)]] for s in deck.suits} for permutation in group]


@pytest.mark.parametrize("deck", DECKS)
def test_all_suit_permutations_are_there(deck):
    permutations = suit_permutations(deck)
    np.testing.assert_array_equal(permutations[0], np.arange(4))
    assert as_maps(permutations, deck) == naive.suit_maps(deck.suits)
    others = [SUITS.index(s) for s in SUITS if s not in deck.suits]
    assert all((permutation[others] == others).all() for permutation in permutations)


def test_cards_keep_their_rank():
    permutation = np.array([1, 2, 0, 3], np.uint8)  # c -> d -> h -> c
    assert [card_text(permute_card(permutation, card)) for card in parse_cards("2cTdAhAs")] == ["2d", "Th", "Ac", "As"]
    cards = np.arange(52, dtype=np.uint8)
    assert permute_cards(permutation, cards).tolist() == [permute_card(permutation, card) for card in range(52)]
    assert permute_cards(permutation, hole_hands()).dtype == np.uint8


@pytest.mark.parametrize("deck", DECKS)
def test_hands_go_where_their_cards_go(deck):
    hands = hole_hands(deck)
    for permutation in suit_permutations(deck):
        index = hand_permutation(permutation, hands)
        assert sorted(index.tolist()) == list(range(len(hands)))
        for h, image in enumerate(index.tolist()):
            assert set(hands[image].tolist()) == {permute_card(permutation, card) for card in hands[h].tolist()}


def test_hands_without_their_images_are_refused():
    hands = np.array([parse_cards("KcAc"), parse_cards("KdAd"), parse_cards("KhAh")], np.uint8)
    with pytest.raises(ValueError, match=r"^hands must contain their images, got KhAh without KsAs$"):
        hand_permutation(np.array([0, 1, 3, 2], np.uint8), hands)


@given(seed=st.integers(0, 10**6), deck=st.sampled_from(DECKS[1:]), sizes=st.lists(st.integers(1, 2), max_size=2))
def test_symmetries_are_those_that_change_nothing(seed, deck, sizes):
    rng = np.random.default_rng(seed)
    cards, hands = deck.cards().tolist(), hole_hands(deck)
    drawn = rng.permutation(cards).tolist()
    streets = [(*drawn[sum(sizes[:i]) : sum(sizes[: i + 1])],) for i in range(len(sizes))]
    weights = []
    for _ in range(2):  # symmetric under a random permutation, so that there is something to find
        own = rng.integers(1, 4, len(hands)) / 4.0
        permutation = suit_permutations(deck)[rng.integers(len(suit_permutations(deck)))]
        index = hand_permutation(permutation, hands)
        for _ in range(12):  # the order of a permutation of four things divides 12
            own = np.maximum(own, own[index])
        weights.append(own)
    board = set().union(*streets)
    ranges = [
        {frozenset(pairs(hand)): w for hand, w in zip(hands.tolist(), own.tolist(), strict=True) if not board & set(hand)}
        for own in weights
    ]
    expected = naive.symmetries([pairs(street) for street in streets], ranges, deck.suits)
    assert as_maps(group_of(streets, (weights[0], weights[1]), deck), deck) == expected


def test_either_players_weights_break_a_symmetry():
    flop = [parse_cards("Td9d6h")]
    full, odd = parse_range("full"), parse_range("full, AcKc:0.5")
    assert as_maps(group_of(flop, (full, full), FULL_DECK), FULL_DECK) == [
        dict(zip("cdhs", "cdhs", strict=True)),
        dict(zip("cdhs", "sdhc", strict=True)),
    ]
    assert len(group_of(flop, (odd, full), FULL_DECK)) == len(group_of(flop, (full, odd), FULL_DECK)) == 1


def test_blocked_hands_do_not_count():
    odd = parse_range("full, 6hAc:0.5")
    assert len(group_of([parse_cards("Td9d6h")], (odd, odd), FULL_DECK)) == 2


def test_what_fell_on_which_street_counts():
    assert len(group_of([parse_cards("TcTd2h")], uniform(FULL_DECK), FULL_DECK)) == 2
    assert len(group_of([parse_cards("Tc2h"), parse_cards("Td")], uniform(FULL_DECK), FULL_DECK)) == 1


@given(seed=st.integers(0, 10**6), deck=st.sampled_from(DECKS[1:]), count=st.integers(1, 3))
def test_deals_are_the_orbits(seed, deck, count):
    rng = np.random.default_rng(seed)
    cards = deck.cards().tolist()
    dead = rng.permutation(cards)[: rng.integers(0, len(cards) - 2)].tolist()
    group = group_of([(*dead,)], uniform(deck), deck)
    live = [card for card in cards if card not in dead]
    count = min(count, len(live))
    deals = canonical_deals(group, dead, count, deck)
    orbits = naive.orbits(pairs(live), count, as_maps(group, deck))
    number = {name: card for card, name in zip(cards, pairs(cards), strict=True)}
    expected = [(min(tuple(sorted(number[name] for name in deal)) for deal in orbit), len(orbit)) for orbit in orbits]
    assert deals == sorted(expected)


def test_flops_of_a_full_deck():
    """1,755 classes of 22,100 flops by Burnside's lemma: (22,100 + 6 * 2,938 + 8 * 299) / 24, over 6 swaps and 8 three-cycles of suits."""
    group = group_of([], uniform(FULL_DECK), FULL_DECK)
    assert len(group) == 24
    flops = canonical_deals(group, (), 3)
    assert len(flops) == 1755
    assert sum(size for _, size in flops) == 22100
    assert {size for _, size in flops} == {4, 12, 24}
    assert flops == sorted(flops)


@pytest.mark.slow
def test_rivers_of_a_full_deck():
    """134,459 classes of 2,598,960 sets by Burnside's lemma: (2,598,960 + 6 * 101,608 + 8 * 2,301) / 24."""
    deals = canonical_deals(suit_permutations(), (), 5)
    assert len(deals) == 134459
    assert sum(size for _, size in deals) == 2598960


def test_boards_of_a_twenty_card_deck():
    weights = uniform(SMALL)
    flops = canonical_deals(group_of([], weights, SMALL), (), 3, SMALL)
    assert len(flops) == 95
    assert sum(size for _, size in flops) == 1140
    turns = rivers = 0
    for flop, _ in flops:
        deals = canonical_deals(group_of([flop], weights, SMALL), flop, 1, SMALL)
        assert sum(size for _, size in deals) == 17
        turns += len(deals)
        for turn, _ in deals:
            last = canonical_deals(group_of([flop, turn], weights, SMALL), flop + turn, 1, SMALL)
            assert sum(size for _, size in last) == 16
            rivers += len(last)
    assert turns == 1145
    assert rivers == 15120


def test_turns_of_a_two_tone_flop():
    flop = parse_cards("Td9d6h")
    full = parse_range("full")
    assert len(canonical_deals(group_of([flop], (full, full), FULL_DECK), flop, 1)) == 36
    odd = parse_range("full, AcKc:0.5")
    deals = canonical_deals(group_of([flop], (full, odd), FULL_DECK), flop, 1)
    assert deals == [((card,), 1) for card in range(52) if card not in flop]


def test_pairs_of_rivers_are_all_pairs_under_the_identity():
    assert canonical_deals(suit_permutations(SMALL)[:1], (), 2, SMALL) == [(deal, 1) for deal in combinations(range(32, 52), 2)]


@pytest.mark.parametrize(
    ("dead", "count", "error"),
    [
        ((), 0, "count must be in 1..20 (live cards), got 0"),
        (range(32, 36), 17, "count must be in 1..16 (live cards), got 17"),
        ([32], 1, "dead must be mapped onto itself by the group, got [32] under [1, 0, 2, 3]"),
    ],
)
def test_impossible_deals_are_refused(dead, count, error):
    group = [np.array([0, 1, 2, 3], np.uint8), np.array([1, 0, 2, 3], np.uint8)]
    with pytest.raises(ValueError, match=f"^{re.escape(error)}$"):
        canonical_deals(group, dead, count, SMALL)


def test_nothing_passed_in_is_changed():
    hands, weights = hole_hands(), parse_range("QQ+, AcKc:0.5")
    before = weights.copy()
    symmetries([parse_cards("AcKdQh")], (weights, weights), hands)
    np.testing.assert_array_equal(weights, before)
    np.testing.assert_array_equal(hands, hole_hands())
    assert (hand_indices(hands) >= 0).sum() == 2 * len(hands)
