import itertools
import math
import statistics
import threading
import time

import numpy as np
import pytest

from search import Budget, Deadline, Evaluator, Solver, check_strategy, uniform, variant
from search.budget import Pace, Watch
from tests.naive.tables import random_strategy

KEYS = ("seconds", "iterations", "exploitability")


@pytest.mark.parametrize("key", KEYS)
@pytest.mark.parametrize("value", [-1, -1e-9, math.nan, math.inf, -math.inf])
def test_values_that_are_no_budget_are_refused(key, value):
    with pytest.raises(ValueError, match=rf"^budget\.{key} must be .*, got {value}$"):
        Budget(**{key: value})


def test_half_an_iteration_is_refused():
    with pytest.raises(ValueError, match=r"^budget\.iterations must be .*, got 2\.5$"):
        Budget(iterations=2.5)


@pytest.mark.parametrize("key", KEYS)
def test_nothing_is_a_budget(key):
    assert Budget(**{key: 0}).limited()
    assert not Budget().limited()


def test_a_solve_without_limit_is_refused(kuhn):
    with pytest.raises(ValueError, match="budget must limit seconds, iterations or exploitability, got none of them"):
        Solver(kuhn.tree, variant("cfr")).solve(Budget())


def test_deadlines(monkeypatch):
    assert Deadline(None).remaining() == math.inf
    monkeypatch.setattr(time, "perf_counter", lambda: 12.0)
    clock = Deadline(3.0, 10.0)
    assert clock.remaining() == 1.0
    assert clock.spent() == 2.0
    assert Deadline(1.0, 10.0).remaining() == -1.0


@pytest.mark.parametrize("iterations", [0, 1, 2, 7, 100, 1001])
def test_iterations_are_exact(case, iterations):
    solver = Solver(case.tree, variant("default"))
    solution = solver.solve(Budget(iterations=iterations))
    assert solution.iterations == solver.iterations == iterations
    check_strategy(solution.strategy)
    assert solution.exploitability is None
    assert solution.trace == ()


def test_an_iteration_budget_is_the_same_answer_in_slices_of_any_length(leduc):
    """The clock decides how iterations are cut into calls, never what they do."""
    plain, timed = Solver(leduc.tree, variant("default")), Solver(leduc.tree, variant("default"))
    plain.run(400)
    timed.solve(Budget(iterations=400, seconds=60.0))
    for x, y in zip(plain.answer().tables, timed.answer().tables, strict=True):
        np.testing.assert_array_equal(x, y)


@pytest.mark.parametrize("target", [0.5, 1e-2, 1e-4])
def test_a_target_is_met_at_the_first_check_that_meets_it(golden_case, target):
    """Checks are exact, and at most ten iterations or 5 % apart."""
    solution = Solver(golden_case.tree, variant("cfr_plus")).solve(Budget(exploitability=target))
    assert solution.exploitability == Evaluator(golden_case.tree).exploitability(solution.strategy) <= target
    assert solution.check_seconds > 0
    checks = [0, *(row[0] for row in solution.trace)]
    assert checks[-1] == solution.iterations
    assert all(0 < b - a <= max(10, a / 20) for a, b in itertools.pairwise(checks))
    assert all(row[2] > target for row in solution.trace[:-1])


def test_a_target_out_of_reach_leaves_the_other_limits(leduc):
    solution = Solver(leduc.tree, variant("cfr")).solve(Budget(exploitability=0.0, iterations=57))
    assert solution.iterations == 57
    assert solution.exploitability == Evaluator(leduc.tree).exploitability(solution.strategy) > 0
    solution = Solver(leduc.tree, variant("cfr")).solve(Budget(exploitability=0.0, seconds=0.02))
    assert solution.iterations > 0
    assert solution.exploitability == Evaluator(leduc.tree).exploitability(solution.strategy) > 0


def test_a_target_that_an_earlier_solve_met_takes_no_iteration(leduc):
    solver = Solver(leduc.tree, variant("default"))
    first = solver.solve(Budget(iterations=57), trace=True)
    solution = solver.solve(Budget(exploitability=2 * first.exploitability))
    assert (solution.iterations, solution.seconds, solution.exploitability) == (57, 0.0, first.exploitability)
    assert solution.trace == ((57, 0.0, first.exploitability),)
    assert solver.solve(Budget(exploitability=first.exploitability / 2)).iterations > 57


def test_a_check_that_would_end_late_is_left_out_and_the_time_goes_into_iterations(monkeypatch, leduc):
    solver, seconds = Solver(leduc.tree, variant("default")), 0.05
    solver.solve(Budget(seconds=0.02))  # learns the machine's speed
    solver.start(solver.subgame)
    solver.check_iterations = 2 * seconds / (solver.pace.expected * solver.rows)
    monkeypatch.setattr(solver, "exploitability", lambda strategy=None: pytest.fail("it would end late"))
    solution = solver.solve(Budget(seconds=seconds, exploitability=1e-9), Deadline(seconds))
    assert solution.exploitability is None
    assert solution.seconds > seconds / 2


def test_dear_checks_are_far_apart(leduc):
    solver = Solver(leduc.tree, variant("default"))
    solver.check_iterations = 50.0
    solution = solver.solve(Budget(iterations=1000, exploitability=1e-9))
    assert [iteration for iteration, _, _ in solution.trace] == [200, 400, 600, 800, 1000]


def test_an_interrupted_slice_has_taken_its_time(monkeypatch, leduc):
    solver = Solver(leduc.tree, variant("default"))

    def interrupted(count):
        time.sleep(0.01)
        raise KeyboardInterrupt

    monkeypatch.setattr(solver, "run", interrupted)
    with pytest.raises(KeyboardInterrupt):
        solver.solve(Budget(iterations=5))
    assert solver.interrupted().seconds >= 0.01


def test_whichever_comes_first(leduc):
    solver = Solver(leduc.tree, variant("default"))
    assert solver.solve(Budget(iterations=5, seconds=60.0, exploitability=1e-9)).iterations == 5
    solver.start(solver.subgame)
    assert solver.solve(Budget(iterations=10**6, seconds=60.0, exploitability=0.05)).iterations < 1000


def test_no_time_is_no_iteration_and_a_valid_answer(case):
    solver = Solver(case.tree, variant("default"))
    solution = solver.solve(Budget(seconds=0.0))
    assert solution.iterations == 0
    for x, y in zip(solution.strategy.tables, uniform(case.tree).tables, strict=True):
        np.testing.assert_array_equal(x, y)
    warm = random_strategy(case.tree, np.random.default_rng(0))
    solver.start(solver.subgame, warm)
    for x, y in zip(solver.solve(Budget(seconds=0.0)).strategy.tables, warm.tables, strict=True):
        np.testing.assert_array_equal(x, y)


def test_a_deadline_started_before_the_solve_counts(leduc):
    solver = Solver(leduc.tree, variant("default"))
    over = Deadline(0.5, time.perf_counter() - 0.5)
    assert solver.solve(Budget(seconds=0.5), over).iterations == 0
    begun = time.process_time()  # what others take of the machine does not count
    solution = solver.solve(Budget(seconds=60.0), Deadline(60.0, time.perf_counter() - 59.5))
    assert time.process_time() - begun < 5.0
    assert solution.iterations > 0


def test_a_millisecond_is_kept_and_used(leduc):
    """In the median of 50 solves: late by 2 % and 0.1 ms at most, and most of the time is used.

    Solves that the machine interrupted do not count: the thread's own CPU time tells them. The target of a decision is 1 ms + 2 % in the
    99th percentile; a benchmark measures that. Longer budgets than the scheduler's turns cannot be tested on a machine that others use.
    """
    seconds = 1e-3
    solver = Solver(leduc.tree, variant("default"))
    solver.solve(Budget(seconds=0.02))  # learns the machine's speed
    spent, used, iterations = [], [], []
    for _ in range(5000):
        begun, clock = time.thread_time(), Deadline(seconds)
        solver.start(solver.subgame)
        solution = solver.solve(Budget(seconds=seconds), clock)
        took = clock.spent()
        if took - (time.thread_time() - begun) > 5e-5:
            continue
        spent.append(took)
        used.append(solution.seconds)
        iterations.append(solution.iterations)
        if len(spent) == 50:
            break
    assert len(spent) == 50
    assert statistics.median(spent) <= 1.02 * seconds + 1e-4
    assert statistics.median(used) >= seconds / 2
    assert statistics.median(iterations) >= 10


def test_an_anytime_answer_gets_better_with_time(leduc):
    """Ten times the seconds on the same machine: less exploitable, in the median of a few."""
    solver, evaluator = Solver(leduc.tree, variant("default")), Evaluator(leduc.tree)

    def median(seconds):
        found = []
        for _ in range(5):
            solver.start(solver.subgame)
            found.append(evaluator.exploitability(solver.solve(Budget(seconds=seconds)).strategy))
        return statistics.median(found)

    assert median(0.05) < median(0.002)


def test_a_pace_is_learnt_and_an_outlier_moves_it_little():
    pace = Pace()
    for _ in range(20):
        pace.learn(0.004)
    pace.learn(1.0)
    assert pace.expected == pytest.approx(0.005)
    assert pace.fastest == pytest.approx(0.005)


def decisions_until(pace, budget):
    """Return how many decisions pass until one is not kept from its work by what it is expected to take."""
    for count in range(10_000):
        if pace.expected < budget:
            return count
        pace.heal()
    return math.inf


def test_a_bad_sample_heals():
    """One busy moment is over after some decisions; even where all that was ever seen was seen in one."""
    pace = Pace()
    for _ in range(4):
        pace.learn(0.004)
    pace.expected = 0.02
    assert decisions_until(pace, 0.01) <= 3
    busy = Pace()
    busy.learn(0.02)
    assert decisions_until(busy, 0.01) < 700


@pytest.mark.parametrize("seconds", [0.0101, 0.0105, 0.0112, 0.012, 0.015, 0.02, 0.1])
def test_work_too_long_for_its_budget_is_tried_too_seldom_to_be_late(seconds):
    """Less than one decision in a hundred is more than 1 ms + 2 % late."""
    pace, budget, late, count = Pace(), 0.01, 0, 20_000
    pace.learn(seconds)
    for _ in range(count):
        if pace.expected < budget:
            late += seconds > 1.02 * budget + 1e-3
            pace.learn(seconds)
        else:
            pace.heal()
    assert late < 0.01 * count


def test_a_solver_that_found_no_time_heals(leduc):
    solver = Solver(leduc.tree, variant("default"))
    solver.solve(Budget(seconds=0.02))
    solver.pace.expected = 1.0
    tries = [solver.solve(Budget(seconds=0.02)).iterations for _ in range(60) if not solver.start(solver.subgame)]
    assert tries[0] == 0
    assert max(tries) > 0


def test_somebody_who_looks_on_sees_a_solve_and_stops_it_with_its_answer_so_far(leduc):
    watch, solutions = Watch(), []
    solver = Solver(leduc.tree, variant("cfr_plus"))
    thread = threading.Thread(target=lambda: solutions.append(solver.solve(Budget(seconds=600, watch=watch))), daemon=True)
    thread.start()
    while watch.iterations < 10:
        time.sleep(0.001)
    watch.stopped = True
    thread.join(60)
    assert not thread.is_alive()
    assert solutions[0].iterations == watch.iterations >= 10
    assert 0 < watch.seconds < 60
    check_strategy(solutions[0].strategy)
    assert solver.solve(Budget(iterations=10**6, watch=watch)).iterations == watch.iterations  # stopped before it begins


def test_a_budget_is_the_same_whoever_looks_on():
    assert Budget(seconds=1.0, watch=Watch()) == Budget(seconds=1.0)
    assert hash(Budget(seconds=1.0, watch=Watch())) == hash(Budget(seconds=1.0))
    assert repr(Budget(seconds=1.0, watch=Watch())) == "Budget(seconds=1.0, iterations=None, exploitability=None)"
