"""What a card abstraction knows of hands, and boards as numbers, against naive twins."""

from __future__ import annotations

from itertools import combinations, pairwise

import numpy as np
import pytest

from games.holdem.board_tree import count_boards
from games.holdem.cards import FULL_DECK, Deck, hole_hands
from games.holdem.isomorphism import canonical_deals, permute_cards, suit_permutations
from search.boards.card_buckets import BINS, board_index, features_of
from search.kernels.equity import equity_space, fill_buckets
from tests.compiling import compiled
from tests.naive.equity import features

pytestmark = pytest.mark.kernels
SMALL = Deck("TJQKA", "cdh")


def groups_of(deck, count):
    weights = np.random.default_rng(1).random((count, len(hole_hands(deck)))).astype(np.float32)
    weights[0] = 1
    return weights


@pytest.mark.parametrize(("shown", "missing"), [(1, 0), (3, 0), (1, 1), (1, 2), (3, 1)])
def test_features_are_those_of_the_twin(shown, missing):
    rng = np.random.default_rng(shown + 10 * missing)
    boards = np.array([rng.choice(SMALL.cards(), shown, replace=False) for _ in range(2)])
    groups = groups_of(SMALL, 2)
    kernel = features_of(SMALL, boards, missing, groups)
    for board, rows in zip(boards.tolist(), kernel, strict=True):
        for hand, row in [*zip(hole_hands(SMALL).tolist(), rows, strict=True)][::9]:
            if set(hand) & set(board):
                assert not row.any()
            else:
                np.testing.assert_allclose(row, features(SMALL, board, missing, hand, groups, BINS), atol=2e-6)


def test_a_bucket_is_the_nearest_centre():
    rng = np.random.default_rng(4)
    deck, boards = SMALL, np.array([[35, 38]], np.uint8)
    groups, hands = groups_of(SMALL, 1), hole_hands(SMALL)
    centres = rng.random((30, BINS)).astype(np.float32)
    centres = centres[np.lexsort(centres.T[::-1])]
    buckets = np.zeros((1, len(hands)), np.uint16)
    fill_buckets(boards, deck.cards(), 1, hands, groups, BINS, centres, equity_space(len(hands), 1, BINS), buckets)
    points = features_of(deck, boards, 1, groups)[0]
    distances = ((points[:, None] - centres) ** 2).sum(axis=2)
    np.testing.assert_allclose(distances[np.arange(len(hands)), buckets[0]], distances.min(axis=1), rtol=1e-5)
    assert len(np.unique(buckets)) > 3


@pytest.mark.parametrize("sets", [(1,), (2,), (1, 1), (2, 1), (1, 1, 1)])
def test_boards_that_suits_make_equal_share_a_row(sets):
    index = board_index(SMALL, sets)
    symmetries = suit_permutations(SMALL)

    def form(cards):
        ends = np.cumsum([0, *sets])
        return tuple(tuple(sorted(cards[a:b])) for a, b in pairwise(ends))

    images = [{form(permute_cards(g, board).tolist()) for g in symmetries} for board in index.boards]
    boards = [form(cards) for cards in index.boards.tolist()]
    assert all(board in orbit for board, orbit in zip(boards, images, strict=True))
    assert len(set().union(*images)) == sum(map(len, images)), "two rows for one orbit"
    pieces = [list(combinations(SMALL.cards().tolist(), size)) for size in sets]
    ways = [()]
    for piece in pieces:
        ways = [(*way, cards) for way in ways for cards in piece]
    ways = [way for way in ways if len(set(sum(way, ()))) == sum(sets)]
    assert sum(map(len, images)) == len(ways), "a board without a row"


def test_a_symmetry_leads_to_the_board_that_stands_for_others():
    index, symmetries = board_index(SMALL, (3,)), suit_permutations(SMALL)
    cards = SMALL.cards()
    for key, positions in enumerate(sorted(combinations(range(len(cards)), 3), key=lambda p: p[::-1])):
        image = permute_cards(symmetries[index.symmetry[key]], cards[list(positions)])
        assert sorted(image.tolist()) == index.boards[index.row[key]].tolist()


@compiled
def test_the_full_deck_has_as_many_boards_as_are_known():
    assert [len(board_index(FULL_DECK, (n,)).boards) for n in (1, 2, 3)] == [13, 169, 1755]
    assert len(canonical_deals(suit_permutations(), (), 3)) == 1755


@compiled
@pytest.mark.parametrize("deck", [SMALL, Deck("23456789TJQKA", "cd"), Deck("QKA", "cdh"), Deck("23456", "s"), FULL_DECK])
def test_boards_are_counted_as_they_are_numbered(deck):
    for count in range(4 if deck == FULL_DECK else 6):
        assert count_boards(deck, count) == len(board_index(deck, (count,) if count else ()).boards)
