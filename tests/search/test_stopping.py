import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from search import Budget, Solver, variant, whole_game
from search.budget import Watch
from search.outcome import Stop
from search.stopping import FIRST_CHECK, ITERATION, LEAST_RATIO, MOST_RATIO, SECOND, Price, exponent, next_check
from tests.naive import stopping as naive

PRICE = Price(chips=1e-4)


def stops_of(curve, price, most=10**7):
    """Return the checks of a solve with a known curve; it stops at the last one."""
    checks = []
    while True:
        t = checks[-1][0] if checks else 0
        further = next_check(Price(chips=price), checks, 1.0, 1.0)
        if further is None or t > most:
            return [t for t, _ in checks]
        checks.append((t + further, curve(t + further)))


@pytest.mark.parametrize("chips", [0, -1, math.nan, math.inf])
def test_prices_that_are_none_are_refused(chips):
    with pytest.raises(ValueError, match=rf"^price must be a number above 0, got {chips}$"):
        Price(chips=chips)


def test_another_unit_is_refused():
    with pytest.raises(ValueError, match="price's unit must be one of iteration, second, got 'minute'"):
        Price(chips=1, unit="minute")


@given(st.lists(st.tuples(st.integers(1, 1000), st.floats(1e-6, 10)), min_size=1, max_size=8, unique_by=lambda c: c[0]), st.floats(-6, 0))
def test_the_stop_is_its_twins(checks, log_price):
    checks = sorted(checks)
    assert exponent(checks) == pytest.approx(naive.exponent(checks), rel=1e-6)
    until = Price(chips=10**log_price).worth_until(checks, 1.0)
    assert until == pytest.approx(naive.worth_until(checks, 10**log_price), rel=1e-5)


@pytest.mark.parametrize("power", [0.5, 0.8, 1.0, 1.7, 2.0])
def test_a_power_law_is_known_after_two_checks(power):
    checks = [(t, 3.0 / t**power) for t in (10, 13)]
    assert exponent(checks) == pytest.approx(power)
    assert PRICE.worth_until(checks, 1.0) == pytest.approx((3.0 * power / 1e-4) ** (1 / (power + 1)))


def test_exponents_stay_plausible():
    assert exponent([(10, 1.0), (12, 2.0)]) == 0.5  # it rose
    assert exponent([(10, 1.0), (12, 1e-3)]) == 2.0  # it fell by luck
    assert exponent([(10, 1.0)]) == 1.0
    assert exponent([(10, 1.0), (10, 1.0)]) == 1.0


def test_nothing_is_left_to_fall_from_nothing():
    assert next_check(PRICE, [(10, 0.1), (20, 0.0)], 1.0, 1.0) is None


def test_what_is_not_a_number_ends_nothing():
    assert next_check(PRICE, [(10, math.nan)], 1.0, 1.0) == 20  # three times as far


def test_checks_are_no_nearer_than_is_said_and_no_farther_than_three_times():
    assert next_check(PRICE, [], 1.0, 1.0) == FIRST_CHECK
    assert next_check(Price(chips=1.0), [(10, 1.0)], 1.0, 1.0) is None
    assert next_check(Price(chips=1e-9), [(10, 1.0)], 1.0, 1.0) == (MOST_RATIO - 1) * 10
    until = (10 * 1.0 / 0.05) ** 0.5
    assert next_check(Price(chips=0.05), [(10, 1.0)], 1.0, 1.0) == round(until - 10)
    assert next_check(Price(chips=0.05), [(10, 1.0)], 1.0, 7.5) == 8


@given(st.floats(-3, 3), st.floats(0.5, 2.0), st.floats(-7, -1))
def test_a_smooth_solve_stops_where_its_slope_meets_the_price_after_few_checks(log_c, power, log_price):
    """de/dt = -a c t^(-a - 1) = -price gives t."""
    c, price = math.exp(log_c), 10**log_price
    ideal = (power * c / price) ** (1 / (power + 1))
    checks = stops_of(lambda t: c / t**power, price)
    assert checks == naive.stopped_at(lambda t: c / t**power, price, 10**7)
    if ideal > LEAST_RATIO * FIRST_CHECK:
        assert ideal / LEAST_RATIO - 1 <= checks[-1] <= max(1.5 * ideal, FIRST_CHECK + 1)
        assert len(checks) <= 4 + math.log(ideal / FIRST_CHECK) / math.log(2)
    else:
        assert checks[-1] <= LEAST_RATIO * MOST_RATIO * FIRST_CHECK


def test_one_price_divides_a_bank_better_than_equal_shares():
    """Solves whose curves c / t differ by their c: at the same mean, one price leaves (E sqrt c)^2 / E c of what equal shares leave."""
    c = np.exp(1.2 * np.linspace(-2, 2, 41))
    stops = np.array([stops_of(lambda t, scale=scale: scale / t, 1e-4)[-1] for scale in c])
    fixed = (c / stops.mean()).sum()
    assert (c / stops).sum() / fixed == pytest.approx(np.sqrt(c).mean() ** 2 / c.mean(), rel=0.05)
    assert (c / stops).sum() < 0.75 * fixed


def test_price_is_of_its_unit():
    checks = [(10, 1.0)]
    assert Price(chips=0.1).worth_until(checks, 1e9) == pytest.approx(10.0)
    assert Price(chips=0.1, unit=SECOND).worth_until(checks, 0.25) == pytest.approx(20.0)
    assert Price(chips=0.1, unit=SECOND).worth_until(checks, 0.0) == math.inf  # nothing is known of the machine
    assert Price(chips=0.1).times(2.5) == Price(chips=0.25, unit=ITERATION)


@pytest.mark.parametrize("chips", [1e-3, 1e-4, 1e-5])
def test_a_solve_stops_at_the_check_where_the_twin_does(leduc, chips):
    solver = Solver(leduc.tree, variant("default"))
    found = solver.solve(Budget(iterations=5000, price=Price(chips=chips)))
    assert found.stopped == Stop.PRICE
    trace = {iteration: exploitability for iteration, _, exploitability in found.trace}
    assert naive.stopped_at(trace.__getitem__, chips, 5000) == list(trace)
    assert found.iterations == list(trace)[-1]
    assert solver.exploitability() == found.exploitability == trace[found.iterations]


def test_a_dearer_price_stops_sooner_and_the_answer_is_that_of_its_iterations(leduc):
    solver, stops = Solver(leduc.tree, variant("default")), []
    for chips in (1e-2, 1e-4, 1e-6):
        solver.start(whole_game(leduc.tree))
        priced = solver.solve(Budget(iterations=3000, price=Price(chips=chips)))
        stops.append(priced.iterations)
        plain = Solver(leduc.tree, variant("default")).solve(Budget(iterations=priced.iterations))
        assert plain.stopped == Stop.ITERATIONS
        for x, y in zip(priced.strategy.tables, plain.strategy.tables, strict=True):
            np.testing.assert_array_equal(x, y)
    assert stops[0] < stops[1] < stops[2] < 3000


def test_solves_say_why_they_ended(leduc):
    solver = Solver(leduc.tree, variant("default"))
    assert solver.solve(Budget(exploitability=0.1)).stopped == Stop.EXPLOITABILITY
    assert solver.solve(Budget(seconds=1e-3)).stopped == Stop.SECONDS
    assert solver.solve(Budget(iterations=solver.iterations + 5, watch=Watch(stopped=True))).stopped == Stop.STOPPED


def test_a_price_is_no_limit():
    assert not Budget(price=PRICE).limited()
    assert repr(Budget(seconds=1.0)) == "Budget(seconds=1.0, iterations=None, exploitability=None)"  # as before there were prices
    assert repr(Budget(seconds=1.0)) != repr(Budget(seconds=1.0, price=PRICE))
