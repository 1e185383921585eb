import itertools
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from search import Budget, Solver, variant, whole_game
from search.stopping import CHECK_RATIO, FIRST_CHECK, ITERATION, SECOND, Price, exponent, next_check, predicted_fall
from tests.naive import stopping as naive

PRICE = Price(chips=1e-4)


def checks_until(most, least=1.0):
    found, n = [], 0
    while (n := next_check(n, least)) <= most:
        found.append(n)
    return found


@pytest.mark.parametrize("chips", [0, -1, math.nan, math.inf])
def test_prices_that_are_none_are_refused(chips):
    with pytest.raises(ValueError, match=rf"^price must be a number above 0, got {chips}$"):
        Price(chips=chips)


def test_another_unit_is_refused():
    with pytest.raises(ValueError, match="price's unit must be one of iteration, second, got 'minute'"):
        Price(chips=1, unit="minute")


@given(st.lists(st.tuples(st.integers(1, 1000), st.floats(0, 10)), min_size=1, max_size=8, unique_by=lambda c: c[0]), st.integers(1, 500))
def test_the_prediction_is_its_twins(checks, iterations):
    checks = sorted(checks)
    assert predicted_fall(checks, iterations) == pytest.approx(naive.predicted_fall(checks, iterations), rel=1e-6, abs=1e-12)


@pytest.mark.parametrize("power", [0.5, 0.8, 1.0, 1.7, 2.0])
def test_a_power_law_is_known_after_two_checks(power):
    checks = [(t, 3.0 / t**power) for t in (10, 13)]
    assert exponent(checks) == pytest.approx(power)
    assert predicted_fall(checks, 7) == pytest.approx(3.0 / 13**power - 3.0 / 20**power)


def test_exponents_stay_plausible():
    assert exponent([(10, 1.0), (12, 2.0)]) == 0.5  # it rose
    assert exponent([(10, 1.0), (12, 1e-3)]) == 2.0  # it fell by luck
    assert exponent([(10, 1.0)]) == 1.0
    assert exponent([(10, 1.0), (10, 1.0)]) == 1.0


def test_nothing_is_left_to_fall_from_nothing():
    assert predicted_fall([(10, 0.1), (20, 0.0)], 100) == 0.0
    assert not PRICE.is_worth([(10, 0.0)], 10, 1.0)


def test_what_is_not_a_number_ends_nothing():
    assert PRICE.is_worth([(10, math.nan)], 10, 1.0)


def test_checks_grow_apart():
    checks = checks_until(1000, 4)
    assert checks[0] == FIRST_CHECK
    gaps = np.diff(checks)
    assert gaps.min() == 4
    assert all(b <= CHECK_RATIO * a + 4 for a, b in itertools.pairwise(checks))


@given(st.floats(-3, 3), st.floats(0.5, 2.0), st.floats(-7, -1))
def test_a_smooth_solve_stops_where_its_slope_meets_the_price(log_c, power, log_price):
    """de/dt = -a c t^(-a - 1) = -price gives t; checks are discrete, so the stop is within two of their steps."""
    c, price, checked = math.exp(log_c), 10**log_price, checks_until(10**6)
    ideal = (power * c / price) ** (1 / (power + 1))
    stopped = naive.stopped_at(lambda t: c / t**power, price, checked)
    if ideal < FIRST_CHECK:
        assert stopped <= next_check(FIRST_CHECK, 1)
    elif ideal < checked[-1] / 2:
        assert ideal / CHECK_RATIO**2 - 1 <= stopped <= ideal * CHECK_RATIO + 1


def test_one_price_divides_a_bank_better_than_equal_shares():
    """Solves whose curves c / t differ by their c: at the same mean, one price leaves (E sqrt c)^2 / E c of what equal shares leave."""
    c, checked = np.exp(1.2 * np.linspace(-2, 2, 41)), checks_until(10**5)
    stops = np.array([naive.stopped_at(lambda t, scale=scale: scale / t, 1e-4, checked) for scale in c])
    fixed = (c / stops.mean()).sum()
    assert (c / stops).sum() / fixed == pytest.approx(np.sqrt(c).mean() ** 2 / c.mean(), rel=0.05)
    assert (c / stops).sum() < 0.75 * fixed


def test_price_is_of_its_unit():
    checks = [(10, 1.0), (20, 0.5)]  # 0.25 less in 20 more
    assert predicted_fall(checks, 20) == pytest.approx(0.25)
    assert Price(chips=0.012).is_worth(checks, 20, 1e9)
    assert not Price(chips=0.013).is_worth(checks, 20, 0.0)
    assert Price(chips=0.24, unit=SECOND).is_worth(checks, 20, 1.0)
    assert not Price(chips=0.26, unit=SECOND).is_worth(checks, 20, 1.0)
    assert Price(chips=0.1).times(2.5) == Price(chips=0.25, unit=ITERATION)


@pytest.mark.parametrize("chips", [1e-3, 1e-4, 1e-5])
def test_a_solve_stops_at_the_check_where_the_twin_does(leduc, chips):
    solver = Solver(leduc.tree, variant("default"))
    found = solver.solve(Budget(iterations=2000, price=Price(chips=chips)))
    trace = {iteration: exploitability for iteration, _, exploitability in found.trace}
    checked = checks_until(4000, 4.0)
    if found.iterations < 2000:
        until_next = [n for n in checked if n <= next_check(found.iterations, 4.0)]
        assert naive.stopped_at(trace.__getitem__, chips, until_next) == found.iterations
    assert list(trace) == [n for n in checked if n <= found.iterations]
    again = Solver(leduc.tree, variant("default")).solve(Budget(iterations=2000, price=Price(chips=chips)))
    assert again.iterations == found.iterations


def test_a_dearer_price_stops_sooner_and_the_answer_is_that_of_its_iterations(leduc):
    solver, stops = Solver(leduc.tree, variant("default")), []
    for chips in (1e-2, 1e-4, 1e-6):
        solver.start(whole_game(leduc.tree))
        priced = solver.solve(Budget(iterations=3000, price=Price(chips=chips)))
        stops.append(priced.iterations)
        plain = Solver(leduc.tree, variant("default")).solve(Budget(iterations=priced.iterations))
        for x, y in zip(priced.strategy.tables, plain.strategy.tables, strict=True):
            np.testing.assert_array_equal(x, y)
    assert stops[0] < stops[1] < stops[2] < 3000


def test_a_price_is_no_limit():
    assert not Budget(price=PRICE).limited()
