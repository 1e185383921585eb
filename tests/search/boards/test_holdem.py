"""The hold'em solver against its naive twin, published values of spots, threads, precision and saved solutions."""

from __future__ import annotations

import re
import resource
import signal
import threading
from contextlib import suppress
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agents.reporting.hand_grid import decision
from agents.runtime.solution_file import load_solution, save_solution
from games import public_tree
from games.holdem.board_tree import board_tree, game_size
from games.holdem.config import Holdem, Spot
from games.kernels.boards import LINES, ROWS, STORE, STREET
from search import VARIANTS, BoardSolver, BoardStrategy, Budget, Evaluator, memory_needed, uniform, useful_threads, variant
from search.boards.solver import ENOUGH_32
from tests.catalogue import TINY as GAMES
from tests.catalogue import small
from tests.compiling import compiled
from tests.naive.holdem import Twin

pytestmark = pytest.mark.kernels

OOP = "66+,A8s+,A5s-A4s,AJo+,K9s+,KQo,QTs+,JTs,96s+,85s+,75s+,65s,54s"
IP = "QQ-22,AQs-A2s,ATo+,K5s+,KJo+,Q8s+,J8s+,T7s+,96s+,86s+,75s+,64s+,53s+"


def river(ranges=("AA,KQs,76s,22,T4s", "TT-88,A5s,T4o,KQo"), **more):
    chosen = {"pot": 20, "stack": 60, "bets": "50%,a", "raises": "100%,a"} | more
    return Spot(board="Td9d6hQc4s", ranges=list(ranges), **chosen).build()


def close(found, expected, tolerance):
    assert found == pytest.approx(expected, abs=tolerance, rel=tolerance)


def interior(solver, twin, root=0):
    """Give both the same large regrets, so that early on everybody plays everything: where nobody comes, rounding decides.

    ``root`` is the node of the twin's bets where the solver's begin.
    """
    tree = solver.tree
    for p in (0, 1):
        for b, board in enumerate(tree.boards):
            table = tree.forests[p].table[board[STREET]]
            rows = int(table[ROWS] - table[LINES])
            count = -(-len(tree.hands_at(p, b)) // 8) * rows
            solver.regret[p][board[STORE + p] : board[STORE + p] + count] = 1e5 * (10 + np.arange(count) % rows % 5)[:, None]
        solver.matching[p][:] = solver.regret[p]
    twin.iterate()  # visits everything
    state = BoardStrategy(solver.game, tree, solver.regret)
    twin.regret = {(node, cards): state.sums(node - root, cards) for node, cards in twin.regret}
    twin.matching, twin.average, twin.t = dict(twin.regret), {}, 0


def check_steps(game, row, steps):
    solver, twin = BoardSolver(game, row, dtype=np.float64), Twin(game, row)
    close(solver.exploitability(), twin.exploitability(), 1e-9)
    interior(solver, twin)
    for _ in range(steps):
        solver.run(1)
        twin.iterate()
    close(solver.exploitability(), twin.exploitability(), 1e-9)
    close(solver.values()[0], twin.worth(0, False), 1e-9)
    close(solver.values()[1], twin.worth(1, False), 1e-9)
    answer, regret = solver.answer(), BoardStrategy(game, solver.tree, solver.regret)
    for (node, cards), sums in twin.average.items():
        there = game.ranges[int(game.bets.player[node])] * twin.alive(cards) > 0
        np.testing.assert_allclose(answer.sums(node, cards)[:, there], sums[:, there], rtol=1e-9, atol=1e-9)
        np.testing.assert_allclose(regret.sums(node, cards)[:, there], twin.regret[node, cards][:, there], rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("name", GAMES)
def test_iterations_are_those_of_the_naive_twin(name):
    """Averages and regrets at every decision, on every board, canonical or not."""
    check_steps(GAMES[name], variant("dcfr"), 3)


@pytest.mark.parametrize(("name", "discount"), [*((name, "before") for name in VARIANTS), ("dcfr", "after")])
def test_every_variant_is_that_of_the_naive_twin(name, discount):
    check_steps(river(), replace(variant(name), discount=discount), 3)


@pytest.mark.parametrize("name", [*GAMES, "four suits", "two cards", "flop"])
def test_boards_and_memory_are_told_before_they_are_there(name):
    more = {
        "four suits": lambda: small([0, 1, 1, 1], suits="cdhs"),
        "two cards": lambda: small([0, 2, 1], "TJQK", "cdhs", ("KK,QJs,TT", "full")),
        "flop": lambda: Spot(board="Td9d6h", ranges=["66+,AJs", "QQ-22,KQ"], pot=20, stack=90, bets="50%", raises="100%").build(),
    }
    game = GAMES[name] if name in GAMES else more[name]()
    size, tree = game_size(game), board_tree(game)
    assert size.boards == len(tree.cards)
    everything = all((weights > 0).all() for weights in game.weights) and not game.board
    for told, there in zip(size.rows, tree.stored_rows, strict=True):
        assert there == told if everything else there <= told <= 1.25 * there
    for row in (variant("dcfr"), variant("default")):
        needed = memory_needed(game, row, 1)[1]
        assert BoardSolver(game, row).memory_bytes() <= needed
        if name == "flop":
            assert needed < 1.25 * BoardSolver(game, row).memory_bytes()


def test_flop_hold_em_has_its_published_number_of_boards():
    game = Holdem(deals=[0, 3], blinds=[50, 100], stack=20000, limit=[100, 100], max_raises=[3, 3]).build()
    size = game_size(game)
    assert size.boards == 1 + 1755
    assert size.rows == (18060776, 18060610)  # of the tree when it was built


def test_a_limit_game_can_be_made_from_one_without_by_leaving_out_its_sizes():
    given = {"deals": [0, 1], "limit": [2, 2], "max_raises": [1, 1], "blinds": [1, 2], "stack": 162}
    told = re.escape("game.bets must be left out in a limit game, got '100%' (left out by game.bets= game.raises= game.raise_cap=0)")
    with pytest.raises(ValueError, match=f"^{told}$"):
        Holdem(**given, bets="100%", raises="100%", raise_cap=1).build()
    left_out = Holdem(**given, bets="", raises="", raise_cap=0).build()
    assert left_out.betting == Holdem(**given).build().betting


@pytest.mark.parametrize("factor", [1e-50, 1e-200])
def test_only_proportions_of_weights_matter(factor):
    """Also where the weights themselves have no float32."""
    ranges = ("AA:{0},KQs:{1}", "QQ:{1},KK:{0},AK:{1}")
    same, tiny = (
        BoardSolver(Spot(board="Td9d6hQc4s", ranges=[r.format(f, f / 2) for r in ranges], pot=20, stack=60).build(), variant("dcfr"))
        for f in (1.0, factor)
    )
    for solver in (same, tiny):
        solver.run(30)
    assert tiny.values() == pytest.approx(same.values(), rel=1e-12)
    assert tiny.exploitability() == pytest.approx(same.exploitability(), rel=1e-12)
    np.testing.assert_allclose(tiny.board_values(0).cfvs / factor, same.board_values(0).cfvs, rtol=1e-12)
    first, second = decision(same), decision(tiny)
    assert second["frequencies"] == pytest.approx(first["frequencies"])
    assert [h["ev"] for h in second["hands"].values()] == pytest.approx([h["ev"] for h in first["hands"].values()])


@settings(max_examples=8)
@given(st.integers(0, 2**32 - 1), st.sampled_from([0.02, 0.3, 1.0]))
def test_showdowns_and_folds_on_sparse_and_tiny_ranges(seed, share):
    """Uniform play on random ranges, zeros and near-zeros among them."""
    rng = np.random.default_rng(seed)
    game = river(("55-99,T4,KQ", "TT-88,A5,T4,KQ"))
    weights = [w * (rng.random(len(w)) < share) * 10.0 ** rng.integers(-12, 1, len(w)) for w in game.weights]
    game = replace(game, weights=(weights[0], weights[1]))
    if game.deal_mass <= 0:
        return
    solver, twin = BoardSolver(game, variant("cfr"), dtype=np.float64), Twin(game, variant("cfr"))
    for player in (0, 1):
        close(solver.board_values(player).cfvs[0], twin.walk_uniform(player)[solver.tree.hands_at(player, 0)], 1e-12)


@compiled
@pytest.mark.parametrize("name", ["one-card flop and turn", "turn", "river"])
def test_results_do_not_depend_on_the_number_of_threads(name):
    game = river() if name == "river" else GAMES[name]
    one, two, three = (BoardSolver(game, variant("default"), threads=n) for n in (1, 2, 3))
    for solver in (one, two, three):
        solver.run(7)
        solver.run(6)
    for p in (0, 1):
        np.testing.assert_array_equal(one.average[p], two.average[p])
        np.testing.assert_array_equal(one.regret[p], three.regret[p])
    assert one.exploitability() == two.exploitability() == three.exploitability()


@pytest.mark.parametrize("threads", [1, pytest.param(2, marks=compiled)])
def test_ctrl_c_in_a_sweep_leaves_as_many_iterations_as_are_stated(monkeypatch, threads):
    stopped, straight = (BoardSolver(river(), variant("default"), threads) for _ in range(2))
    sweep = stopped._sweeps.update

    def interrupted(*arguments):
        sweep(*arguments)
        signal.raise_signal(signal.SIGINT)

    monkeypatch.setattr(stopped._sweeps, "update", interrupted)
    for _ in range(2):
        with pytest.raises(KeyboardInterrupt):
            stopped.run(3)
    assert stopped.iterations == 6
    straight.run(6)
    for name, rows in straight.state().items():
        np.testing.assert_array_equal(stopped.state()[name], rows)


def test_one_thread_is_used_where_a_second_does_not_pay():
    assert useful_threads(river(), 2) == 1
    assert useful_threads(river(("full", "full"), bets="50%,100%,a", stack=500, pot=100), 2) == 2
    assert useful_threads(GAMES["turn"], 2) == 2


@compiled
def test_threads_that_cannot_start_leave_none_waiting(monkeypatch):
    start, started = threading.Thread.start, []

    def some(thread):
        if len(started) == 2:
            raise RuntimeError("can't start new thread")
        started.append(thread)
        start(thread)

    monkeypatch.setattr(threading.Thread, "start", some)
    with pytest.raises(OSError, match=r"^threads must be as many as the system can start, got 4 "):
        BoardSolver(river(), variant("dcfr"), threads=4)


def test_answers_are_strategies_and_values_sum_to_zero():
    for game in GAMES.values():
        solver = BoardSolver(game, variant("dcfr_plus"))
        solver.run(20)
        assert sum(solver.values()) == 0
        assert solver.exploitability() >= 0
        for name in ("regret", "average"):
            assert all(np.isfinite(array).all() for array in getattr(solver, name))
        shares = solver.answer().at_node(0)[:, game.ranges[int(game.bets.player[0])] > 0]
        np.testing.assert_allclose(shares.sum(axis=0), 1.0, atol=1e-12)


def test_a_saved_solution_goes_on_to_the_same_bits(tmp_path):
    for name in ("dcfr_plus", "default"):
        whole, first, rest = (BoardSolver(river(), variant(name)) for _ in range(3))
        whole.run(20)
        first.run(8)
        save_solution(first, tmp_path / "s.npz")
        load_solution(rest, tmp_path / "s.npz")
        rest.run(12)
        np.testing.assert_array_equal(rest.regret[1], whole.regret[1])
        np.testing.assert_array_equal(rest.average[0], whole.average[0])


def test_a_file_that_does_not_fit_changes_nothing(tmp_path):
    solver, file = BoardSolver(river(), variant("dcfr_plus")), tmp_path / "s.npz"
    solver.run(3)
    other = BoardSolver(river(stack=61), variant("dcfr_plus"))
    save_solution(other, file)
    before = solver.regret[0].copy()
    with pytest.raises(ValueError, match=r"^load must be a file of this game, got "):
        load_solution(solver, file)
    np.testing.assert_array_equal(solver.regret[0], before)
    save_solution(solver, file)
    file.write_bytes(file.read_bytes()[:1000])
    with pytest.raises(ValueError, match=r"^load must be a file that save=true wrote, got "):
        load_solution(solver, file)
    for damaged in (b"", b"{}"):
        file.write_bytes(damaged)
        with pytest.raises(ValueError, match=r"^load must be a file that save=true wrote, got "):
            load_solution(solver, file)
    save_solution(solver, file)
    whole = file.read_bytes()
    for place in range(1, 200, 9):  # the archive's own fields: names, sizes, flags
        for at in (place, len(whole) - place):
            file.write_bytes(whole[:at] + bytes([whole[at] ^ 0xFF]) + whole[at + 1 :])
            with suppress(ValueError):  # or it was a byte that nobody reads
                load_solution(solver, file)
    np.testing.assert_array_equal(solver.regret[0], before)
    save_solution(solver, file)
    solver.run(1)
    saved = dict(np.load(file))
    saved["average_0"][0] = np.nan
    np.savez(file, **saved)
    with pytest.raises(ValueError, match=r"^load must hold finite arrays"):
        load_solution(solver, file)
    assert solver.iterations == 4
    assert np.isfinite(solver.average[0]).all()


def test_a_solution_that_cannot_be_written_whole_leaves_nothing(tmp_path):
    solver = BoardSolver(river(("full", "full")), variant("dcfr_plus"))
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, hard))
    try:
        with pytest.raises(OSError, match=r"s\.npz must be a file that can be written, got "):
            save_solution(solver, tmp_path / "s.npz")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert not list(tmp_path.iterdir())


UNIVERSAL = (
    "universal_poker(betting=limit,numPlayers=2,numRounds=2,blind=1 2,raiseSize=2 2,firstPlayer=1 2,maxRaises={1} {1},numSuits=2,"
    "numRanks={0},numHoleCards=2,numBoardCards=0 1)"
)


@pytest.mark.parametrize(("ranks", "raises"), [(3, 1), pytest.param(3, 2, marks=compiled), pytest.param(4, 1, marks=compiled)])
def test_openspiel_agrees_about_uniform_play(ranks, raises):
    """Best responses to the uniform policy of a small universal_poker: its cards, its bets and its payoffs, by our other derivation."""
    game = Holdem(ranks="23456"[:ranks], suits="cd", deals=[0, 1], stack=100, limit=[2, 2], max_raises=[raises] * 2).build()
    tree = public_tree(UNIVERSAL.format(ranks, raises))
    expected = Evaluator(tree).exploitability(uniform(tree))
    assert BoardSolver(game, variant("dcfr"), dtype=np.float64).exploitability() == pytest.approx(expected, abs=1e-9)


def spot(board, ranges, pot, stack, bets, raises):
    return Spot(board=board, ranges=ranges, pot=pot, stack=stack, bets=bets, raises=raises).build()


@pytest.mark.parametrize(
    ("game", "ev"),
    [
        (("Td9d6hQc4s", [OOP, IP], 200, 900, "33%,75%,a", "75%,a"), (91.9731, 108.0269)),
        pytest.param(("KsTh6d2c9h", ["full", "full"], 100, 500, "50%,100%,a", "100%,a"), (46.8921, 53.1079), marks=pytest.mark.slow),
        pytest.param(("Td9d6hQc", [OOP, IP], 200, 900, "60%,a", "75%,a"), (92.8219, 107.1781), marks=pytest.mark.slow),
    ],
)
@compiled
def test_spots_have_their_published_values(game, ev):
    """Values that another open solver found at 0.0005 to 0.001 % of the pot."""
    game = spot(*game)
    solution = BoardSolver(game, variant("dcfr_plus"), threads=2)
    found = solution.solve(Budget(exploitability=0.001 * game.pot))
    assert found.exploitability <= 0.001 * game.pot
    for value, published in zip(solution.values(), ev, strict=True):
        assert abs(value + game.pot / 2 - published) < 2 * found.exploitability


@compiled
def test_the_uniform_policy_of_ms1f1_is_worth_what_was_published():
    """Eric Jackson's ms1f1: uniform play loses 1,164.5 thousandths of a big blind."""
    chosen = {"blinds": [1, 2], "stack": 162, "bets": "100%", "raises": "100%", "raise_cap": 1, "min_bet": 2}
    solver = BoardSolver(Holdem(deals=[0, 1], **chosen).build(), variant("cfr_plus"))
    assert solver.exploitability() * 500 == pytest.approx(1164.5, abs=0.05)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["default_holdem", "dcfr_plus"])
def test_float32_does_not_drift(name):
    """In f4 and in f8; the default until it ends by itself."""
    game = spot("Td9d6hQc4s", [OOP, IP], 200, 900, "33%,75%,a", "75%,a")
    single, double = (BoardSolver(game, variant(name), dtype=dtype) for dtype in (np.float32, np.float64))
    for iterations in (10_000, ENOUGH_32) if name == "default_holdem" else (10_000,):
        for solver in (single, double):
            solver.run(iterations - solver.iterations)
        assert single.values()[0] == pytest.approx(double.values()[0], abs=1e-4 * game.pot)
        assert single.exploitability() < 2 * double.exploitability() + 1e-6 * game.pot


def test_without_a_number_of_iterations_float32_ends_where_it_tells_no_more_apart(monkeypatch):
    monkeypatch.setattr("search.boards.solver.ENOUGH_32", 50)
    game = spot("Td9d6hQc4s", ["AA", "KK"], 200, 900, "a", "a")
    asked = [(Budget(seconds=60), 50), (Budget(exploitability=0), 50), (Budget(iterations=70, seconds=60), 70)]
    assert [BoardSolver(game, variant("dcfr")).solve(budget).iterations for budget, _ in asked] == [done for _, done in asked]
    assert BoardSolver(game, variant("dcfr"), dtype=np.float64).solve(Budget(iterations=60)).iterations == 60
