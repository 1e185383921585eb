"""MCCFR: its kernels against the paper's recursion, unbiased regrets, and strength where it can be measured."""

from __future__ import annotations

from itertools import combinations, pairwise, permutations

import numpy as np
import pytest

from agents.abstraction import make_card_abstraction
from search import represent, variant
from search.boards import mccfr
from search.boards.bucket_solver import BucketSolver, in_tiles
from search.boards.card_buckets import card_arrays
from search.boards.mccfr import MCCFR, Sampling
from tests.catalogue import game_of, small
from tests.compiling import compiled
from tests.naive.mccfr import NaiveMCCFR, deal_key, draw, splitmix
from tests.sampling import Lossless, exploitability_of, lossless_solver, tables_of

pytestmark = pytest.mark.kernels
GAMES = {
    "one-card flop": small([0, 1], bets="61%,a", raises="73%,a", raise_cap=0),
    "three streets": small([0, 1, 1], ranks="JQKA", raise_cap=2),
    "limit": small([0, 2], bets="", raises="", raise_cap=0),
}


def table_entries(solver, table):
    """Return a solver's table as a mapping of node, bucket and action."""
    entries = {}
    for d, node in enumerate(solver.bets.node.tolist()):
        for bucket, rows in enumerate(solver.bets.rows_at(d)):
            entries.update({(node, bucket, a): float(x) for a, x in enumerate(table[rows]) if x})
    return entries


@pytest.mark.parametrize("name", GAMES)
@pytest.mark.parametrize("most", [3, 1 << 31])
def test_iterations_are_those_of_the_twin(name, most):
    game = GAMES[name]
    sampling = Sampling(deals=40, seed=3, pruned=0.8, prune_below=0.05)
    solver, lossless = lossless_solver(game, sampling, most=most)
    twin = NaiveMCCFR(game, lossless.bucket, solver.bets.decision, sampling)
    for _ in range(4):
        solver.run(1)
        twin.run()
    for table, expected in ((solver.regret, twin.regret), (solver.average, twin.average)):
        entries = table_entries(solver, table)
        expected = {place: x for place, x in expected.items() if abs(x) > 1e-9}
        scale = max(map(abs, expected.values()))
        assert {place for place, x in entries.items() if abs(x) > 1e-5 * scale} <= expected.keys()
        for place, x in expected.items():
            assert entries.get(place, 0.0) == pytest.approx(x, abs=1e-5 * scale)


def test_pruning_leaves_actions_out():
    game = GAMES["three streets"]
    visited = []
    for pruned in (0.0, 0.9):
        solver, _ = lossless_solver(game, Sampling(deals=20, pruned=pruned, prune_below=0.5), most=3)
        solver.run(50)
        visited.append(solver.visited)
    assert visited[1] < 0.9 * visited[0]


def naive_regrets(game, lossless, solver, player):
    """Return the expected regrets of one iteration: every deal, all actions of both players."""
    regret = table_entries(solver, solver.regret)
    deck, total, ways = game.deck.cards().tolist(), {}, 0
    twin = NaiveMCCFR(game, lossless.bucket, solver.bets.decision, solver.sampling)
    twin.regret.update(regret)

    def value(node, hands, board, reach):
        tree = game.bets
        if tree.player[node] < 0:
            return twin._payoff(node, hands, board, player) if tree.player[node] != -1 else value(node + 1, hands, board, reach)
        acting, street, children = int(tree.player[node]), int(tree.round[node]), tree.children(node)
        bucket = lossless.bucket(board[: game.cards_on(street)], hands[acting])
        strategy = twin.strategy(node, bucket, len(children))
        shares = [1.0] * len(children) if acting == player else strategy
        values = [value(child, hands, board, reach * share) for child, share in zip(children, shares, strict=True)]
        mean = float(strategy @ values)
        if acting == player:
            for a, x in enumerate(values):
                total[node, bucket, a] = total.get((node, bucket, a), 0.0) + reach * (x - mean)
        return mean

    for cards in combinations(deck, 4 + sum(game.deals)):
        for board in permutations(cards, sum(game.deals)):
            rest = [card for card in cards if card not in board]
            for first in combinations(rest, 2):
                ways += 1
                value(0, (list(first), [card for card in rest if card not in first]), list(board), 1.0)
    return {place: x / ways for place, x in total.items()}


@compiled
@pytest.mark.parametrize("player", [0, 1])
def test_regrets_are_unbiased(player):
    game = small([0, 1], ranks="KA", bets="61%", raises="")
    solver, lossless = lossless_solver(game, Sampling(deals=256, pruned=0.0))
    rng = np.random.default_rng(5)
    start = rng.normal(size=len(solver.regret)).astype(np.float32)
    solver.regret[:] = start
    expected = naive_regrets(game, lossless, solver, player)
    draws = []
    for seed in range(400):
        solver.sampling.seed = seed
        solver.regret[:] = start
        solver.draw(1)
        solver.update(player, 1)
        draws.append((solver.regret.astype(np.float64) - start) / solver.sampling.deals)
    mean, error = np.mean(draws, axis=0), np.std(draws, axis=0) / np.sqrt(len(draws))
    checked = 0
    for d, node in enumerate(solver.bets.node.tolist()):
        for bucket, rows in enumerate(solver.bets.rows_at(d)):
            for a, row in enumerate(rows):
                exact = expected.get((node, bucket, a), 0.0)
                assert abs(mean[row] - exact) <= 4 * error[row] + 1e-6
                checked += exact != 0
    assert checked > 50


@compiled
def test_threads_and_pieces_of_logs_change_no_bit(monkeypatch):
    game, sampling = GAMES["three streets"], Sampling(deals=333, seed=9, prune_below=0.1)
    tables = []
    for threads, entries in ((1, 1 << 18), (2, 1 << 18), (1, 1), (3, 500)):
        monkeypatch.setattr(mccfr, "LOG_ENTRIES", entries)
        solver, _ = lossless_solver(game, sampling, threads)
        solver.run(5)
        tables.append((solver.regret.tobytes(), solver.average.tobytes()))
    assert len(set(tables)) == 1


@compiled
def test_a_solve_that_goes_on_gives_the_same_bits():
    game, sampling = GAMES["one-card flop"], Sampling(deals=100, seed=9)
    whole, _ = lossless_solver(game, sampling)
    whole.run(7)
    first, _ = lossless_solver(game, sampling)
    first.run(3)
    rest, _ = lossless_solver(game, sampling)
    rest.restore({name: table.copy() for name, table in first.state().items()}, 3)
    rest.run(4)
    assert all(np.array_equal(table, rest.state()[name]) for name, table in whole.state().items())


@pytest.mark.long
@compiled
def test_exploitability_falls_towards_zero():
    game = game_of("ms2f1t1h5")
    solver, lossless = lossless_solver(game, Sampling(deals=500, seed=1))
    measured = []
    for iterations in (20, 180, 1800):
        solver.run(iterations)
        measured.append(exploitability_of(solver, lossless.buckets))
    assert all(later < 0.5 * earlier for earlier, later in pairwise(measured))  # ten times as many traversals: 0.32 in expectation


@pytest.mark.long
@pytest.mark.slow
@compiled
def test_buckets_come_to_the_value_that_solving_without_sampling_gives():
    """Buckets that remember: without perfect recall the value of an abstract game is not unique."""
    game = game_of("ms2f1t1h5")
    representation = represent(game)
    tree, abstraction, lossless = representation.tree, make_card_abstraction(game, [4, 5]), Lossless(game)

    def buckets(cards):
        bucket = abstraction.classes.astype(np.uint32)
        for street, count in enumerate((4, 5)):
            bucket = bucket * count + abstraction.buckets(cards[: street + 1]) if len(cards) > street else bucket
        return bucket

    tiles = [in_tiles(buckets(tree.cards[b])[tree.hands_at(0, b)] for b in tree.on_street(s)) for s in range(3)]
    exact = BucketSolver(game, tree, (tiles, tiles), variant("dcfr"))
    exact.run(300)
    first, second = exact.answer().average
    value = representation.value((first, second), 0)
    boards = [buckets(cards) for index in lossless.indices for cards in index.boards.tolist()]
    arrays = card_arrays(game.deck, lossless.indices, np.concatenate(boards))
    sampled = MCCFR(game, arrays, (25, 100, 500), Sampling(deals=500, seed=1))
    sampled.run(8000)
    tables = tables_of(sampled, buckets)
    for pair in (tables, (tables[0], second), (first, tables[1])):
        assert representation.value(pair, 0) == pytest.approx(value, abs=0.015)


def test_a_game_that_cannot_be_sampled_is_refused():
    game = small([0, 1], ranges=("AA,KK", "full"))
    with pytest.raises(ValueError, match=r"game\.ranges must be full"):
        lossless_solver(game, Sampling())
    with pytest.raises(ValueError, match="threads must be at least 1, got 0"):
        MCCFR(small([0, 1]), None, (9, 9), Sampling(), 0)


def test_numbers_of_a_stream_are_those_of_splitmix():
    assert splitmix(0, 0) == 0xE220A8397B1DCDAF  # the first of the authors' generator from 0
    hands, board = draw(small([0, 1]), splitmix(deal_key(1, 2, 3), 0))
    assert len({*hands[0], *hands[1], *board}) == 5
