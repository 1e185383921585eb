"""Values of actions against a range, beside the solver's own and by hand."""

from __future__ import annotations

import numpy as np
import pytest

from search import BoardSolver, variant
from search.boards.values import values_against
from tests.catalogue import UNEVEN, small

GAME = small([0, 1, 1], ranges=UNEVEN)


def solved():
    solver = BoardSolver(GAME, variant("dcfr"), 1, np.float64)
    solver.run(6)
    return solver


def decisions(cards_by_street):
    for node in np.flatnonzero(GAME.bets.player >= 0).tolist():
        yield node, cards_by_street[int(GAME.bets.round[node])]


def test_with_the_range_that_comes_there_they_are_the_solvers():
    """On boards that are not the canonical ones too: suits are renamed."""
    solver, deck = solved(), GAME.deck.cards().tolist()
    answer, met = solver.answer(), 0
    for flop, turn in ((deck[2], deck[5]), (deck[0], deck[3])):
        for node, cards in decisions([(), (flop,), (flop, turn)]):
            player, reach = int(GAME.bets.player[node]), answer.reach(node, cards)
            expected = solver.action_values(node, cards)
            found = values_against(answer, node, cards, reach[1 - player])
            there = np.abs(expected).max(axis=0) > 1e-9
            np.testing.assert_allclose(found[:, there], expected[:, there], rtol=1e-4, atol=1e-5 * np.abs(expected).max())
            met += int(there.sum())
    assert met > 100


def test_folding_loses_what_was_put_in():
    solver = solved()
    answer, bets = solver.answer(), GAME.bets
    node = next(n for n, _ in decisions([0, 0, 0]) if bets.labels[bets.children(n)[0]] == "fold" and bets.round[n] == 1)
    cards = (int(GAME.deck.cards()[4]),)
    player = int(bets.player[node])
    range_ = np.where(np.isin(GAME.hands, cards).any(axis=1), 0.0, GAME.ranges[1 - player])
    hand = next(h for h in range(len(GAME.hands)) if GAME.ranges[player][h] > 0 and cards[0] not in GAME.hands[h])
    meets = ~np.isin(GAME.hands, GAME.hands[hand]).any(axis=1)
    folded = values_against(answer, node, cards, range_)[0, hand]
    assert folded == pytest.approx(-bets.contribution[node, player] * range_[meets].sum())
