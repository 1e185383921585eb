"""Values of hold'em's streets that are learned: what networks are taught, and what searches with them are worth."""

from dataclasses import replace

import numpy as np
import pytest

from agents.networks import CheckpointError
from agents.networks.street_values import END, START, load_street_values
from agents.networks.value import ValueConfig
from agents.training import train
from agents.training.street_values import StreetValuesConfig, StreetValuesRun, alike_classes, check_streets
from agents.training.value_run import VALUES_FILE
from games.holdem.cards import hands_apart
from games.holdem.isomorphism import hand_permutation, permute_card
from games.holdem.subtree import entering
from games.public_tree import CHANCE
from search import represent
from search.boards.street_values import StreetEncoding, StreetLeaves
from tests.catalogue import UNEVEN, game_of, small
from tests.compiling import compiled

pytestmark = compiled
GAME = small([0, 1, 1], stack=300, ranges=UNEVEN)
SHORT = StreetValuesConfig(
    iterations=3, network=ValueConfig(hidden=8, layers=1), range_iterations=2, solve_iterations=4, label_iterations=4, steps=2,
    batch_size=8, evaluate_iterations=4,
)  # fmt: skip


def some_values(encoding, board, seed=0):
    """Return chips that both have put in, ranges [L, H] as networks see them, and cfvs that hands may have against these."""
    rng, hands = np.random.default_rng(seed), encoding.hands
    reach = tuple(encoding.trembled(board, rng.random((3, hands))) for _ in (0, 1))
    live = encoding.cards(board).live
    met = [(reach[1 - p] * live) @ hands_apart(encoding.game.hands) * live for p in (0, 1)]
    cfvs = [5.0 * rng.normal(size=own.shape) * own for own in met]
    mass, total = (met[0] * reach[0]).sum(axis=1), sum((cfvs[p] * reach[p]).sum(axis=1) for p in (0, 1))
    return np.array([4.0, 9.0, 20.0]), reach, [cfvs[p] - (total / (2 * mass))[:, None] * met[p] for p in (0, 1)]


@pytest.mark.parametrize("street", [1, 2])
def test_a_network_that_says_what_it_was_taught_gives_leaves_what_they_are_worth(street):
    tree = represent(GAME).tree
    encoding, board = StreetEncoding(GAME, tree, street, 0.02), tree.on_street(street)[1]
    paid, reach, cfvs = some_values(encoding, board)
    features, values, counts = encoding.rows(board, paid, reach, cfvs)
    assert (counts.sum(axis=1) > 0).all()
    bets = GAME.bets
    nodes = np.flatnonzero((bets.player == CHANCE) & (bets.round == 1)) + street - 1
    for row in range(len(paid)):
        layers = ((np.zeros((encoding.length, 2 * encoding.hands), np.float32), values[row].astype(np.float32)),)
        leaves = StreetLeaves(encoding, layers)
        state = GAME.state_at(int(nodes[0]), tree.cards[board])
        leaves.enter([state])
        leaves._paid[:] = paid[row]
        for p in (0, 1):
            found = leaves.cfvs(p, (reach[0][[row]], reach[1][[row]]))
            np.testing.assert_allclose(found[0], cfvs[p][row], rtol=1e-4, atol=1e-4 * np.abs(cfvs[p][row]).max())
    assert features.shape == (3, encoding.length)


def test_cards_under_other_suits_have_the_same_values_under_these_suits():
    tree = represent(GAME).tree
    encoding = StreetEncoding(GAME, tree, 1, 0.02)
    rng = np.random.default_rng(3)
    by_class = rng.normal(size=len(GAME.hands)).astype(np.float32)[alike_classes(GAME)]
    layers = ((np.zeros((encoding.length, 2 * encoding.hands), np.float32), np.concatenate([by_class, 2 * by_class])),)
    leaves, board = StreetLeaves(encoding, layers), tree.on_street(1)[0]
    bets = GAME.bets
    node = int(np.flatnonzero((bets.player == CHANCE) & (bets.round == 1))[0])
    shown = tree.cards[board]
    others = [(card,) for card in GAME.deck.cards().tolist() if card >> 2 == shown[0] >> 2 and card != shown[0]]
    for cards in others:
        (swap,) = [g for g in tree.group if permute_card(g, shown[0]) == cards[0] and permute_card(g, cards[0]) == shown[0]]
        image = hand_permutation(swap, GAME.hands)
        reach = [rng.random((1, encoding.hands)) for _ in (0, 1)]
        renamed = [np.empty_like(own) for own in reach]
        for p in (0, 1):
            renamed[p][:, image] = reach[p]
        for p in (0, 1):
            leaves.enter([GAME.state_at(node, shown)])
            expected = leaves.cfvs(p, tuple(reach))
            leaves.enter([GAME.state_at(node, cards)])
            np.testing.assert_allclose(leaves.cfvs(p, tuple(renamed))[:, image], expected, atol=1e-6)


def test_what_is_learned_is_made_again_from_its_file(tmp_path):
    run = StreetValuesRun(GAME, SHORT)
    path = train(run, tmp_path)
    assert path == tmp_path / VALUES_FILE
    limit = load_street_values(path, GAME, represent(GAME).tree)
    for made, leaves in ((limit.leaves, run.leaves[END]), (limit.starts, run.leaves[START])):
        assert made.fingerprint() == leaves.fingerprint()
    with pytest.raises(CheckpointError, match="checkpoint must be for game"):
        load_street_values(path, small([0, 1, 1], stack=301, ranges=UNEVEN), represent(GAME).tree)


def test_iterations_come_to_rows_of_each_line_and_of_each_board_behind_it():
    run = StreetValuesRun(GAME, replace(SHORT, iterations=1))
    run.step()
    lines = len(entering(GAME, 2))
    assert run.learning[END].replay.seen == lines
    assert run.learning[START].replay.seen % lines == 0
    assert run.learning[START].replay.seen > lines


@pytest.mark.parametrize(
    ("game", "message"),
    [
        (lambda: small([0, 1]), "game must begin before its first card and have two streets behind that one"),
        (lambda: small([0, 1, 1], stack=20, bets="a"), "game must leave both players chips behind street 2"),
        (lambda: game_of("turn spot"), "game must begin before its first card"),
    ],
)
def test_a_game_without_streets_to_learn_is_refused(game, message):
    with pytest.raises(ValueError, match=message):
        check_streets(game())
