"""Regrets by class against the solver's own, and reach against a walk board by board."""

from __future__ import annotations

import numpy as np
import pytest

from games.holdem.board_tree import board_tree
from games.holdem.layout import betting_streets
from games.kernels.boards import STREET
from search import BoardSolver, variant
from search.boards.infostates import BoardInfostates
from search.boards.regrets import BoardRegrets
from search.boards.trunk import above, board_weights, cf_reach_at, root_reach, row_reach
from tests.catalogue import TINY as GAMES
from tests.catalogue import small

CASES = {"full ranges": small([0, 1, 1]), **{name: GAMES[name] for name in ("one-card flop and turn", "no suits alike", "turn")}}


def made(name, seed=0):
    game = CASES[name]
    tree = board_tree(game)
    classes = BoardInfostates(game, tree).classes
    regrets = BoardRegrets(game, tree, classes)
    rng = np.random.default_rng(seed)
    sides = []
    for p in (0, 1):
        tables = []
        for count, first in zip(regrets.classes(p), regrets.first_rows(p), strict=True):
            x = rng.random((count, first[-1]))
            total = np.add.reduceat(x, first[:-1], axis=1)
            tables.append(x / np.repeat(total, np.diff(first), axis=1))
        sides.append(tables)
    return game, tree, classes, regrets, (sides[0], sides[1])


def uniform_like(regrets, strategies):
    counts = [[np.diff(first) for first in regrets.first_rows(p)] for p in (0, 1)]
    sides = [[np.tile(1 / np.repeat(n, n), (len(t), 1)) for n, t in zip(counts[p], strategies[p], strict=True)] for p in (0, 1)]
    return sides[0], sides[1]


@pytest.mark.parametrize("name", CASES)
def test_regrets_are_those_of_a_first_iteration_of_cfr(name):
    game, tree, classes, regrets, strategies = made(name)
    solver = BoardSolver(game, variant("cfr"))
    uniform = uniform_like(regrets, strategies)
    assert regrets.exploitability(uniform) == pytest.approx(solver.exploitability(), rel=1e-5)
    solver.run(1)
    found = regrets.regrets(uniform, 0)
    chance = board_weights(tree) / game.deal_mass
    at = 0
    for s, (own, table) in enumerate(zip(classes[0], found.regret, strict=True)):
        stored = solver.regret[0][at : at + own.shape[0] * table.shape[1]].reshape(len(own), -1, 8)
        at += own.shape[0] * table.shape[1]
        expected = np.zeros_like(table)
        places = [b for b in np.flatnonzero(tree.boards[:, STREET] == s) for _ in tree.hands_at(0, int(b))]
        hands = np.concatenate([tree.hands_at(0, int(b)) for b in np.flatnonzero(tree.boards[:, STREET] == s)])
        weight = (
            chance[places]
            * game.ranges[0][hands]
            / game.ranges[0].max()
            / game.ranges[1].max()
            * game.ranges[0].max()
            * game.ranges[1].max()
        )
        np.add.at(expected, own[own >= 0], weight[:, None] * stored.transpose(0, 2, 1)[own >= 0])
        np.testing.assert_allclose(table, expected, atol=1e-5 * np.abs(expected).max())


@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize("player", [0, 1])
def test_reach_is_that_of_a_walk_board_by_board(name, player):
    game, tree, classes, regrets, strategies = made(name, seed=1)
    rows = tuple(np.zeros((n, 8), np.float32) for n in tree.stored_rows)
    for p in (0, 1):
        regrets.spread(p, strategies[p], rows[p])
    found = regrets.regrets(strategies, player)
    expected = [np.zeros_like(x) for x in found.cf_reach]
    walks, chance = betting_streets(game.bets, (0,)), board_weights(tree) / game.deal_mass
    at = [0] * len(classes[0])
    entries = {}
    for board, row in enumerate(tree.boards):
        s, parent = int(row[STREET]), int(row[1])
        streets = walks[s]
        other = 1 - player
        entry = root_reach(game, other) if parent < 0 else entries[parent][walks[s - 1][other].exit_row].T[above(tree, other, board)]
        walked = entries[board] = row_reach(tree, other, rows[other], board, entry)
        there = np.stack([walked[streets[other].row[node]] for node in streets[player].decisions], axis=1)
        hands = tree.hands_at(player, board)
        cf_reach = cf_reach_at(tree, player, board, there) * game.ranges[player][hands][:, None] * chance[board]
        own = classes[player][s][classes[player][s] >= 0][at[s] : at[s] + len(hands)]
        at[s] += len(hands)
        np.add.at(expected[s], own, cf_reach)
    for x, y in zip(found.cf_reach, expected, strict=True):
        np.testing.assert_allclose(x, y, atol=1e-9)


def test_the_deals_of_a_street_add_up_to_one():
    *_, regrets, strategies = made("full ranges")
    for p in (0, 1):
        found = regrets.regrets(uniform_like(regrets, strategies), p)
        first = found.reach[0][:, : regrets.first_rows(p)[0][1]]
        assert first.sum() == pytest.approx(1)
        assert all(dealt.sum() == pytest.approx(1) for dealt in regrets._dealt[p])
