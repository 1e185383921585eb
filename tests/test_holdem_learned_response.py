"""A learned best response in hold'em: what it plays is hands as they are dealt, and what it wins is never more than there is."""

from __future__ import annotations

import itertools
from collections import Counter
from functools import lru_cache

import numpy as np
import pytest

from agents.evaluation.holdem_dealer import Cells, HoldemDealer
from agents.evaluation.holdem_learned_response import HoldemResponseConfig, holdem_learned_exploitability, holdem_learned_response
from agents.evaluation.lbr import ACTION_SETS, lbr_exploitability
from agents.evaluation.learned_response import transitions
from agents.networks import NetworkConfig
from agents.training.regression import FitConfig
from games.holdem.board_tree import board_tree
from games.holdem.cards import hand_indices
from games.holdem.isomorphism import permute_cards
from games.kernels.boards import CHILD, CHILD_END
from search import BoardSolver, variant
from search.boards.infostates import BoardInfostates
from search.boards.representation import BoardRepresentation
from search.boards.search import value_against
from search.boards.sweeps import BoardSweeps
from tests.games import call, filled
from tests.test_holdem import UNEVEN, small

GAMES = {
    "flop": small([0, 1]),
    "flop, turn": small([0, 1, 1], ranges=UNEVEN),
    "two cards, several sizes": small([0, 2], ranges=UNEVEN, stack=53, bets="53%,a", raises="2.5x,a", raise_cap=0),
    "no suits alike": small([0, 1], ranges=("AcKd,QcQd,AdQh:0.5", "full")),
}
SMALL = {"fit": FitConfig(steps=10, learning_rate=0.003), "network": NetworkConfig(hidden=16, layers=2, embedding=16, bets=16)}
QUICK = HoldemResponseConfig(rounds=8, hands=20_000, **SMALL)


@lru_cache(maxsize=4)
def encoded(name):
    tree = board_tree(GAMES[name], np.float64)
    return BoardInfostates(GAMES[name], tree), BoardSweeps(tree, 1, np.float64)


@lru_cache(maxsize=4)
def strategies(name):
    game, tree = GAMES[name], encoded(name)[0].tree
    solver = BoardSolver(game, variant("dcfr"), 1, np.float64)
    solver.run(4)
    return {
        "uniform": tuple(np.ones((n, 8)) for n in tree.stored_rows),
        "always call": filled(BoardRepresentation(game, np.float64), call),
        "solved": tuple(a.copy() for a in solver.average),
        "loose": tuple(a + 0.3 for a in solver.average),  # comes everywhere, and hands that suits make equal play alike
    }


def exact(name, pair):
    return sum(value_against(GAMES[name], encoded(name)[1], pair, p) for p in (0, 1)) / 2


@pytest.mark.parametrize("seat", [0, 1])
@pytest.mark.parametrize("name", GAMES)
def test_hands_are_played_as_they_are_dealt(name, seat):
    """Chips of a learner that draws all but folding alike, beside a sweep; an opponent who folds leaves it no hand without an action."""
    game, (infostates, sweeps) = GAMES[name], encoded(name)
    opponent = strategies(name)["loose" if seat == 0 else "always call"][1 - seat]
    cells = Cells(infostates, seat)
    dealer = HoldemDealer(infostates, seat, opponent, cells)
    count = 200_000
    taken, chips = dealer.play(count, np.zeros(cells.size, np.float32), 1.0, np.random.default_rng(3))
    sides = zip(infostates.blocks[seat], cells.nodes, strict=True)
    staying = [np.tile(game.bets.folded[nodes] != seat, (len(block.private), 1)) for block, nodes in sides]
    own = infostates.stored(seat, [table.astype(np.float32) for table in staying])
    value = value_against(game, sweeps, (own, opponent) if seat == 0 else (opponent, own), seat, best=False)
    assert abs(chips.mean() - value) < 4 * chips.std() / count**0.5
    cell, after, won = transitions(taken, chips)
    assert won[after < 0].sum() == pytest.approx(chips.sum())  # one last action a hand
    assert len(np.unique(np.stack([after, cell], axis=1)[after >= 0], axis=0)) == len(np.unique(after[after >= 0]))


@pytest.mark.parametrize("name", GAMES)
def test_cards_are_drawn_as_the_deck_has_them(name):
    """Every set of cards that is left, turned by each suit permutation that makes a board of the tree of it, is drawn alike."""
    game, infostates = GAMES[name], encoded(name)[0]
    tree, deck = infostates.tree, game.deck.cards()
    cells = Cells(infostates, 0)
    dealer = HoldemDealer(infostates, 0, np.ones((tree.stored_rows[1], 8)), cells)
    which = [tree.hands_at(p, 0) for p in (0, 1)]
    boards = {frozenset(tree.cards[b]): b for b in range(int(tree.boards[0, CHILD]), int(tree.boards[0, CHILD_END]))}
    numbers = hand_indices(game.hands)
    count, random = 100_000, np.random.default_rng(5)
    pairs = [(i, j) for i, j in np.ndindex(*map(len, which)) if len(np.unique(game.hands[[which[0][i], which[1][j]]])) == 4]
    for pair in pairs[:: len(pairs) // 4]:
        held = game.hands[[which[p][pair[p]] for p in (0, 1)]]
        expected = Counter()
        for drawn in itertools.combinations(np.setdiff1d(deck, held), game.deals[1]):
            turned = [(g, frozenset(permute_cards(g, np.array(drawn, np.uint8)).tolist())) for g in tree.group]
            ways = [(boards[cards], g) for g, cards in turned if cards in boards]
            for board, g in ways:
                images = np.sort(permute_cards(g, held), axis=1)
                expected[board, int(numbers[tuple(images[0])]), int(numbers[tuple(images[1])])] += 1 / len(ways)
        at = np.repeat(np.array(pair)[:, None], count, axis=1)
        found, there = dealer.draw(np.zeros(count, np.int64), at, random)
        seen = Counter(
            (board, int(tree.hands_at(0, board)[first]), int(tree.hands_at(1, board)[second]))
            for board, first, second in zip(found.tolist(), *there.tolist(), strict=True)
        )
        assert set(seen) == set(expected)
        for key, weight in expected.items():
            mean = count * weight / sum(expected.values())
            assert abs(seen[key] - mean) < 5 * mean**0.5


@pytest.mark.parametrize("name", GAMES)
def test_it_never_wins_more_than_a_best_response(name):
    infostates, sweeps = encoded(name)
    for pair in strategies(name).values():
        assert holdem_learned_exploitability(infostates, sweeps, pair, QUICK) <= exact(name, pair) + 1e-9


def test_with_hardly_a_hand_played_it_is_a_strategy_still():
    infostates, sweeps = encoded("flop, turn")
    config = HoldemResponseConfig(rounds=1, hands=1, **SMALL)
    for pair in strategies("flop, turn").values():
        for seat in (0, 1):
            found, value = holdem_learned_response(infostates, sweeps, seat, pair[1 - seat], config)
            assert np.isfinite(found).all()
            assert value <= value_against(GAMES["flop, turn"], sweeps, pair, seat) + 1e-9


@pytest.mark.parametrize("name", ["flop", "flop, turn"])
def test_it_finds_nearly_all_there_is_in_play_without_a_plan(name):
    infostates, sweeps = encoded(name)
    for pair in (strategies(name)["uniform"], strategies(name)["always call"]):
        assert holdem_learned_exploitability(infostates, sweeps, pair, QUICK) > 0.9 * exact(name, pair)


def test_it_sees_what_takes_more_than_one_step():
    game, (infostates, sweeps) = GAMES["flop, turn"], encoded("flop, turn")
    pair = strategies("flop, turn")["always call"]
    looked = max(lbr_exploitability(BoardRepresentation(game, np.float64), pair, actions) for actions in ACTION_SETS)
    assert holdem_learned_exploitability(infostates, sweeps, pair, QUICK) > looked


def test_the_network_knows_of_hands_like_those_played():
    """Few hands: what a network says of the others is better than what nobody says of them."""
    infostates, sweeps = encoded("flop, turn")
    pair = strategies("flop, turn")["uniform"]
    few = {"rounds": 8, "hands": 200, **SMALL}
    alone = HoldemResponseConfig(**few, network_hands=1e-6)
    assert holdem_learned_exploitability(infostates, sweeps, pair, HoldemResponseConfig(**few)) > holdem_learned_exploitability(
        infostates, sweeps, pair, alone
    )


def test_it_is_the_same_for_the_same_seed_and_leaves_the_agent_as_it_was():
    infostates, sweeps = encoded("flop")
    opponent = strategies("flop")["solved"][0]
    before = opponent.copy()
    found, value = holdem_learned_response(infostates, sweeps, 1, opponent, QUICK)
    again, same = holdem_learned_response(infostates, sweeps, 1, opponent, QUICK)
    np.testing.assert_array_equal(again, found)
    assert same == value
    np.testing.assert_array_equal(opponent, before)
    other, _ = holdem_learned_response(infostates, sweeps, 1, opponent, HoldemResponseConfig(rounds=8, hands=20_000, seed=1, **SMALL))
    assert (other != found).any()


def test_what_cannot_be_learned_with_is_refused():
    with pytest.raises(ValueError, match="network_hands must be positive, got 0"):
        HoldemResponseConfig(network_hands=0)
    with pytest.raises(ValueError, match="rounds must be at least 1, got 0"):
        HoldemResponseConfig(rounds=0)
