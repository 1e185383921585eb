"""What training sees of both families of games: infostates apart, suits together, and every public state found."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from agents.policy import UniformPolicy
from games.holdem.board_tree import board_tree
from games.kernels.boards import HANDS, STREET
from search.boards.infostates import BoardInfostates, bet_features
from search.infostates import uniform_tables
from tests.catalogue import DICE, KUHN, LEDUC, small
from tests.catalogue import TINY as GAMES
from tests.learners import EVERY, HOLDEM, infostates_of

NAMES = ("one-card flop and turn", "no suits alike", "different hands", "limit", "turn")
EVEN = {"full ranges": small([0, 1, 1]), "two cards": small([0, 2, 1], suits="cdhs")}


@pytest.mark.parametrize("name", EVERY)
def test_a_block_is_all_pairs_of_its_sides(name):
    infostates = infostates_of(name)
    for block in itertools.chain(*infostates.blocks):
        assert (block.first_row[0], block.first_row[-1]) == (0, len(block.action))
        assert len(block.first_row) == len(block.public) + 1
        assert (np.diff(block.first_row) > 0).all()
        assert len(np.unique(block.private, axis=0)) == len(block.private)
        assert len(np.unique(block.rows, axis=0)) == len(block.rows) == len(block.action)
        assert all(np.isfinite(side).all() for side in (block.private, block.rows))


@pytest.mark.parametrize("name", EVERY)
def test_uniform_tables_have_no_regret_against_themselves_on_average(name):
    infostates = infostates_of(name)
    uniform = uniform_tables(infostates, 0), uniform_tables(infostates, 1)
    for p in (0, 1):
        found = infostates.sweep(uniform, p)
        for block, regret, reach, row_reach in zip(infostates.blocks[p], found.regret, found.reach, found.row_reach, strict=True):
            counts = np.diff(block.first_row)
            np.testing.assert_allclose(np.add.reduceat(regret, block.first_row[:-1], axis=1), 0, atol=1e-5)
            np.testing.assert_allclose(row_reach, np.repeat(reach / counts, counts, axis=1), rtol=1e-5, atol=1e-12)


@pytest.mark.parametrize("name", [KUHN, LEDUC, DICE])
def test_tables_and_strategies_of_a_tree_are_the_same_numbers(name):
    infostates, rng = infostates_of(name), np.random.default_rng(0)
    tables = [[rng.random((len(block.private), len(block.action)))] for (block,) in infostates.blocks]
    strategy = infostates.strategy(lambda p, b, begin, end: tables[p][b].T)
    for p, (block,) in enumerate(infostates.blocks):
        hands = infostates.tree.num_hands(p)
        np.testing.assert_array_equal(strategy.tables[p][:, :hands].T, tables[p][0])
        assert (strategy.tables[p][:, hands:] == 0).all()
        np.testing.assert_array_equal(block.table(block.dense(tables[p][0])), tables[p][0])


def test_columns_are_the_games_actions():
    infostates = infostates_of(LEDUC)
    for p, (block,) in enumerate(infostates.blocks):
        assert block.action.shape[1] == 3  # fold, call, raise
        for k, node in enumerate(infostates.tree.sequences[p].node):
            legal = [int(infostates.tree.action[child]) for child in infostates.tree.children(int(node))]
            assert np.flatnonzero(block.legal[k]).tolist() == legal


@pytest.mark.parametrize("name", [KUHN, LEDUC])
def test_every_node_of_a_tree_is_found(name):
    infostates = infostates_of(name)
    policy = UniformPolicy(infostates.tree)
    for node in np.flatnonzero(infostates.tree.player >= 0).tolist():
        player, block, k, sides = infostates.at(node)
        first_row = infostates.blocks[player][block].first_row
        assert (sides, first_row[k + 1] - first_row[k]) == (None, len(policy.at(node)))
        assert infostates.text(player, block, k) == infostates.tree.text(node)
    with pytest.raises(ValueError, match="node must be a decision, got"):
        infostates.at(int(np.flatnonzero(infostates.tree.player < 0)[0]))


def test_every_public_state_of_holdem_is_found():
    infostates = infostates_of(HOLDEM)
    game, tree = infostates.game, infostates.tree
    strengths = {}
    for node in np.flatnonzero(game.bets.player >= 0).tolist():
        for board in np.flatnonzero(tree.boards[:, STREET] == game.bets.round[node]).tolist():
            cards = tree.cards[board]
            player, block, k, sides = infostates.at(game.state_at(node, cards))
            assert player == game.bets.player[node]
            assert len(game.bets.children(node)) == np.diff(infostates.blocks[player][block].first_row)[k]
            there = tree.hands_at(player, board)
            assert (np.delete(sides, there) == -1).all()
            strengths.setdefault((player, block), set()).update((board, int(h), int(c)) for h, c in zip(there, sides[there], strict=True))
    for (player, block), found in strengths.items():  # the same class of a hand on a board at every decision, and every class somewhere
        assert len(found) == len({(board, hand) for board, hand, _ in found})
        assert {c for *_, c in found} == set(range(len(infostates.blocks[player][block].private)))


def test_suits_are_turned_where_a_state_has_another_boards_cards():
    infostates = infostates_of(HOLDEM)
    game, tree = infostates.game, infostates.tree
    node = next(n for n in range(len(game.bets.player)) if game.bets.player[n] == 0 and game.bets.round[n] == 1)
    seen = {}
    for card in game.deck.cards().tolist():
        sides = infostates.at(game.state_at(node, (card,)))[3]
        assert ((sides == -1) == (np.isin(game.hands, card).any(axis=1) | (game.ranges[0] == 0))).all()
        seen[card] = sides
    classes = {card: tuple(sorted(sides[sides >= 0].tolist())) for card, sides in seen.items()}
    assert len(set(classes.values())) == len({c // 4 for c in classes}) == (tree.boards[:, STREET] == 1).sum()


# hold'em: classes and bets


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
    infostates = BoardInfostates(game, tree)
    for p, s in itertools.product((0, 1), range(len(game.deals))):
        private, classes = infostates.blocks[p][s].private, infostates.classes[p][s]
        classes = classes[classes >= 0].tolist()
        assert len(classes) == sum(int(row[HANDS + p]) for row in tree.boards if row[STREET] == s)
        keys = [canonical(game, tree, *place) for place in hands_of(tree, p, s)]
        pairs = set(zip(classes, keys, strict=True))
        assert len(pairs) == len({c for c, _ in pairs}) == len({k for _, k in pairs}) == len(private)
        assert len(np.unique(private, axis=0)) == len(private)


@pytest.mark.parametrize("name", NAMES)
def test_every_sequence_has_inputs_of_its_own(name):
    game = GAMES[name]
    infostates = BoardInfostates(game, board_tree(game))
    for p in (0, 1):
        rows = np.concatenate([block.rows for block in infostates.blocks[p]])
        assert len(np.unique(rows, axis=0)) == len(rows)
        assert sum(len(block.public) for block in infostates.blocks[p]) == len(infostates.tree.decisions[p])


def test_bets_are_fractions_of_the_pot():
    # blinds 3 and 7, stacks 41; raise 73 % of the pot after a call: 7 + 10.22 -> 17, which adds 14 to a pot of 10
    public, action, first = bet_features(small([0, 1]), 0)[0]
    fold, call, bet = action[first[0] : first[1]]
    np.testing.assert_allclose(fold, [0, 0, 1])
    np.testing.assert_allclose(call, [4 / 10, 0, 0])
    np.testing.assert_allclose(bet, [14 / 10, 1, 0], rtol=1e-6)
    np.testing.assert_allclose(public[0][:5], [1, 0, 10 / 82, 4 / 10, np.log1p(72 / 10)], rtol=1e-6)
