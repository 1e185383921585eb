"""What hold'em networks see: infostates apart, suits together."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from agents.networks.holdem_features import bet_features, encode_holdem
from games.holdem.board_tree import board_tree
from games.kernels.boards import HANDS, STREET
from tests.test_holdem import GAMES, small

NAMES = ("one-card flop and turn", "no suits alike", "different hands", "limit", "turn")
EVEN = {"full ranges": small([0, 1, 1]), "two cards": small([0, 2, 1], suits="cdhs")}


def hands_of(tree, player, street):
    """Return (board, hand) in the order of tiles, padding left out."""
    boards = np.flatnonzero(tree.boards[:, STREET] == street)
    return [(int(b), int(h)) for b in boards for h in tree.hands_at(player, int(b))]


def canonical(game, tree, board, hand):
    """Return the first of all images of a hand on a board, cards as sorted tuples by group, one suit permutation after the other."""
    ends = np.cumsum([0, *(n for n in (*map(len, game.board), *game.deals) if n)])
    cards = tree.cards[board]
    groups = [tuple(game.hands[hand].tolist()), *(cards[low:high] for low, high in itertools.pairwise(ends[ends <= len(cards)]))]
    return min(tuple(tuple(sorted(c // 4 * 4 + int(suits[c % 4]) for c in group)) for group in groups) for suits in tree.group)


@pytest.mark.parametrize("game", [*(GAMES[name] for name in NAMES), *EVEN.values()], ids=[*NAMES, *EVEN])
def test_hands_share_a_class_if_and_only_if_suits_make_them_equal(game):
    tree = board_tree(game)
    encoding = encode_holdem(game, tree)
    for p, s in itertools.product((0, 1), range(len(game.deals))):
        street = encoding.streets[p][s]
        classes = street.classes[street.classes >= 0].tolist()
        assert len(classes) == sum(int(row[HANDS + p]) for row in tree.boards if row[STREET] == s)
        keys = [canonical(game, tree, *place) for place in hands_of(tree, p, s)]
        pairs = set(zip(classes, keys, strict=True))
        assert len(pairs) == len({c for c, _ in pairs}) == len({k for _, k in pairs}) == len(street.cards)
        assert len(np.unique(street.cards, axis=0)) == len(street.cards)


@pytest.mark.parametrize("name", NAMES)
def test_every_sequence_has_inputs_of_its_own(name):
    game = GAMES[name]
    for p in (0, 1):
        streets = bet_features(game, p)
        rows = np.concatenate([rows for rows, _ in streets])
        assert len(np.unique(rows, axis=0)) == len(rows)
        assert np.isfinite(rows).all()
        tree = board_tree(game)
        assert sum(len(first) - 1 for _, first in streets) == len(tree.decisions[p])


def test_bets_are_fractions_of_the_pot():
    # blinds 3 and 7, stacks 41; raise 73 % of the pot after a call: 7 + 10.22 -> 17, which adds 14 to a pot of 10
    rows, first = bet_features(small([0, 1]), 0)[0]
    fold, call, bet = rows[first[0] : first[1]]
    np.testing.assert_allclose(fold[-3:], [0, 0, 1])
    np.testing.assert_allclose(call[-3:], [4 / 10, 0, 0])
    np.testing.assert_allclose(bet[-3:], [14 / 10, 1, 0], rtol=1e-6)
    np.testing.assert_allclose(fold[:5], [1, 0, 10 / 82, 4 / 10, np.log1p(72 / 10)], rtol=1e-6)
