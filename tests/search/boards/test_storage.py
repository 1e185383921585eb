"""Hold'em solved with regrets and averages in 16 bits, beside the same in float32."""

from __future__ import annotations

import json

import numpy as np
import pytest

from agents.reporting.hand_grid import decision
from agents.runtime.solution_file import check_solution, load_solution, save_solution
from games.holdem.config import Spot
from games.kernels.stored import LARGEST
from search import VARIANTS, BoardSolver, memory_needed, variant
from tests.compiling import compiled

pytestmark = pytest.mark.kernels

RANGES = ("AA,KQs,76s,22,T4s", "TT-88,A5s,T4o,KQo")
LAST_BIT = 2.0**-10  # of half precision, as a share of the number, at most


def spot(board="Td9d6hQc4s", ranges=RANGES, pot=20, stack=60, bets="50%,a", raises="100%,a"):
    return Spot(board=board, ranges=list(ranges), pot=pot, stack=stack, bets=bets, raises=raises).build()


def turn():
    return spot("QhJc7d4s", ("AA,KQs,QJs,76s,55", "QQ-99,AJs,KJs,98s"), bets="70%,a")


def both(game, name="default_holdem"):
    return BoardSolver(game, variant(name)), BoardSolver(game, variant(name), storage=np.float16)


def test_an_iteration_is_that_of_float32_but_for_the_last_bit():
    """One from zero: regrets and averages of all hands on all boards, each in its unit."""
    for game in (spot(), turn()):
        wide, half = both(game, "cfr")
        for solver in (wide, half):
            solver._sweeps.update(solver._rows(solver.matching), solver._coefficients(solver.variant), 0, 1, only=0)
        for name, unit in (("regret", half._cfv_unit), ("average", half._reach_unit)):
            expected, found = (getattr(solver, name)[0].astype(np.float64) for solver in (wide, half))
            assert np.abs(expected).max() > 0
            np.testing.assert_allclose(found / unit, expected, rtol=LAST_BIT, atol=2.0**-24 / unit)
        np.testing.assert_allclose(half.values(), wide.values(), atol=2 * LAST_BIT * game.pot)


@compiled
@pytest.mark.parametrize("game", [spot(), turn(), spot("9s8s7h3c2s", ("55-22,AK,A2s+", "66-33,KQ,K2s+"))])
@pytest.mark.parametrize("name", ["default_holdem", "dcfr_plus", "pcfr_plus"])
def test_16_bits_come_as_near_as_11_bits_allow(game, name):
    """Probabilities that are wrong by their last bit cost that share of the pot; on the way there iterates differ, too, by a quarter."""
    wide, half = both(game, name)
    for count in (200, 800):
        for solver in (wide, half):
            solver.run(count)
        near, nearer = half.exploitability(), wide.exploitability()
        assert near < 1.25 * nearer + LAST_BIT * game.pot
        assert abs(half.values()[0] - wide.values()[0]) <= near + nearer


@compiled
@pytest.mark.parametrize(("pot", "stack"), [(20, 60), (2, 200_000)])
@pytest.mark.parametrize("name", [name for name in VARIANTS if name != "default"])
def test_sums_stay_in_range_for_ten_thousand_iterations(name, pot, stack):
    """Also with a hundred thousand pots behind, where regrets differ most in size."""
    wide, half = both(spot(pot=pot, stack=stack), name)
    for solver in (wide, half):
        solver.run(10_000)
    for p in (0, 1):
        assert half.regret[p].max() < LARGEST / 8  # what matters to the strategy
        assert half.regret[p].min() >= -LARGEST
        assert 0 <= half.average[p].min() <= half.average[p].max() <= 2**15
    assert half.exploitability() < 2 * wide.exploitability() + LAST_BIT * pot


@compiled
def test_regrets_that_would_be_too_large_stop_at_the_largest_number():
    """Those of CFR are as negative as an action is bad, iteration after iteration."""
    wide, half = both(spot(), "cfr")
    for solver in (wide, half):
        solver.run(100_000)
    assert min(rows.min() for rows in half.regret) == -LARGEST
    assert half.exploitability() < wide.exploitability() + LAST_BIT * 20


@compiled
def test_hands_of_tiny_weights_have_strategies():
    """A hand of a millionth of the largest weight plays as it does in float32."""
    game = spot(ranges=("AA:1e-6,KQs,76s,22,T4s", "TT-88,A5s,T4o:1e-6,KQo"))
    wide, half = both(game, "cfr")
    for solver in (wide, half):
        solver.run(30)
    tiny = [hand for hand in decision(half)["hands"] if hand[0] == hand[2] == "A"]
    assert tiny
    for hand in tiny:
        found, expected = (decision(solver)["hands"][hand] for solver in (half, wide))
        np.testing.assert_allclose(found["strategy"], expected["strategy"], atol=0.05)
        assert found["ev"] == pytest.approx(expected["ev"], abs=0.05 * game.pot)


@pytest.mark.parametrize("name", ["dcfr", "default"])
def test_memory_is_told_and_half(name):
    game, row = Spot(board="Td9d6h", ranges=["66+,AJs", "QQ-22,KQ"], pot=20, stack=90, bets="50%", raises="100%").build(), variant(name)
    wide, half = BoardSolver(game, row), BoardSolver(game, row, storage=np.float16)
    kept = sum(rows.nbytes for rows in half.state().values())
    assert wide.memory_bytes() - half.memory_bytes() == kept
    assert half.memory_bytes() <= memory_needed(game, row, 1, np.float16)[1] < 1.25 * half.memory_bytes()


@compiled
def test_results_do_not_depend_on_the_number_of_threads():
    one, two = (BoardSolver(turn(), variant("default"), threads, storage=np.float16) for threads in (1, 2))
    for solver in (one, two):
        solver.run(9)
        solver.run(4)
    for name, rows in one.state().items():
        assert rows.dtype == np.float16
        np.testing.assert_array_equal(rows, two.state()[name])
    assert one.exploitability() == two.exploitability()


def test_a_saved_solution_goes_on_to_the_same_bits(tmp_path):
    row, file = variant("default"), tmp_path / "s.npz"
    whole, first, rest = (BoardSolver(spot(), row, storage=np.float16) for _ in range(3))
    whole.run(5)
    first.run(2)
    save_solution(first, file)
    assert check_solution(file, first.game, row, np.float16) == 2
    load_solution(rest, file)
    rest.run(3)
    for name, rows in whole.state().items():
        np.testing.assert_array_equal(rest.state()[name], rows)


def test_a_file_of_another_storage_is_refused(tmp_path):
    wide, half = both(spot())
    for solver, other, bits in ((wide, half, (32, 16)), (half, wide, (16, 32))):
        file = tmp_path / f"{bits[0]}.npz"
        save_solution(solver, file)
        refused = rf"^storage must be that of load \({bits[0]} bits\), got {bits[1]}$"
        with pytest.raises(ValueError, match=refused):
            load_solution(other, file)
        with pytest.raises(ValueError, match=refused):
            check_solution(file, other.game, other.variant, other.storage)


def test_a_file_from_before_there_was_a_choice_is_of_float32(tmp_path):
    wide, _ = both(spot())
    wide.run(2)
    save_solution(wide, tmp_path / "s.npz")
    saved = dict(np.load(tmp_path / "s.npz"))
    about = json.loads(saved["about"].tobytes())
    del about["storage"]
    saved["about"] = np.frombuffer(json.dumps(about).encode(), np.uint8)
    np.savez(tmp_path / "s.npz", **saved)
    assert check_solution(tmp_path / "s.npz", wide.game, wide.variant) == 2


def test_another_storage_is_refused():
    with pytest.raises(ValueError, match=r"^storage must be float32 or float16, got int8$"):
        BoardSolver(spot(), variant("dcfr"), storage=np.int8)
