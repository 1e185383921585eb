from dataclasses import replace

import numpy as np
import pytest

from search import VARIANTS, Solver, Variant, variant
from search.variants import BLOCK, WINDOW, coefficients, thinned_coefficients, windowed_coefficients

T = np.arange(1, 1001)


def column(name, i, discount="before"):
    row = VARIANTS[name]
    if discount != "before":
        row = Variant(row.name, row.alpha, row.beta, row.gamma, row.predictive, discount)
    return coefficients(row)[:1000, i]


def test_the_names_of_the_papers():
    assert {"cfr", "cfr_plus", "linear_cfr", "dcfr", "pcfr_plus", "default"} <= set(VARIANTS)
    assert all(variant(name) is row and row.name == name and row.source for name, row in VARIANTS.items())


@pytest.mark.parametrize("name", ["", "CFR", "cfr+", "nosuch"])
def test_unknown_names_are_refused(name):
    with pytest.raises(ValueError, match=f"search must be one of cfr, cfr_plus, .*default, got {name!r}".replace("+", r"\+")):
        variant(name)


def test_an_unknown_discount_is_refused():
    with pytest.raises(ValueError, match="discount must be before or after, got 'during'"):
        Variant("mine", 1.0, 1.0, 1.0, discount="during")


def test_a_changed_row_is_not_reported_as_the_row():
    assert variant("dcfr").label == "dcfr"
    assert replace(variant("dcfr"), alpha=2.0, discount="after").label == "dcfr(alpha=2, discount=after)"
    assert replace(variant("cfr_plus"), beta=0.0).label == "cfr_plus(beta=0)"
    assert Variant("mine", 1.0, 1.0, 1.0).label == "mine"


def test_regret_discounts():
    ones, zeros = np.ones(1000), np.zeros(1000)
    expected = {
        "cfr": (ones, ones),
        "cfr_plus": (ones, zeros),
        "pcfr_plus": (ones, zeros),
        "linear_cfr": (T / (T + 1), T / (T + 1)),
        "dcfr": (T**1.5 / (T**1.5 + 1), ones / 2),
    }
    for name, (positive, negative) in expected.items():
        np.testing.assert_allclose(column(name, 0), positive, rtol=1e-14)
        np.testing.assert_allclose(column(name, 1), negative, rtol=1e-14)


def test_an_exponent_beyond_all_powers_discounts_nothing_after_the_first_iteration():
    found = coefficients(Variant("mine", 1e308, -1e308, 1.0))
    np.testing.assert_array_equal(found[:, 0], [0.5, *[1.0] * (BLOCK - 1)])
    np.testing.assert_array_equal(found[:, 1], [0.5, *[0.0] * (BLOCK - 1)])


@pytest.mark.parametrize(("name", "gamma"), [("cfr", 0), ("cfr_plus", 1), ("linear_cfr", 1), ("dcfr", 2), ("pcfr_plus", 2)])
def test_averaging_weights(name, gamma):
    """The weight of strategy t when iteration 1,000 is done: the product of the later decays, in proportion to t^gamma."""
    decay = column(name, 2)
    weights = np.append(np.cumprod(decay[:0:-1])[::-1], 1.0)
    np.testing.assert_allclose(weights, (T / 1000.0) ** gamma, rtol=1e-10)


def test_predictions():
    assert (column("pcfr_plus", 3) == 1).all()
    for name in ("cfr", "cfr_plus", "linear_cfr", "dcfr"):
        assert not column(name, 3).any()


def test_discounting_afterwards_is_one_iteration_late():
    for i in (0, 1):
        np.testing.assert_array_equal(column("dcfr", i, "after")[1:], column("dcfr", i)[:-1])
    np.testing.assert_array_equal(column("dcfr", 2, "after"), column("dcfr", 2))  # averaging is the same


@pytest.mark.parametrize("name", VARIANTS)
@pytest.mark.parametrize("discount", ["before", "after"])
def test_tables_are_finite_factors_and_continue(name, discount):
    row = VARIANTS[name]
    row = Variant(row.name, row.alpha, row.beta, row.gamma, row.predictive, discount)
    first, second = coefficients(row, 0), coefficients(row, 1)
    assert first.shape == second.shape == (BLOCK, 4)
    for table in (first, second):
        assert np.isfinite(table).all()
        assert ((table >= 0) & (table <= 1)).all()
    np.testing.assert_allclose(first[-1], second[0], rtol=1e-4)
    assert (np.diff(np.concatenate([first, second])[1:], axis=0) >= 0).all()  # discounts only ever get milder
    with pytest.raises(ValueError, match="read-only"):
        first[0, 0] = 2.0


def test_exponents_of_the_index_zero_stay_finite():
    """Discounting afterwards starts with 0^beta: a factor of the regrets before the first iteration, which are zero."""
    table = coefficients(Variant("mine", 20.0, -20.0, 30.0, discount="after"))
    assert np.isfinite(table).all()
    assert table[0, 2] == 0.0  # nothing came before the first strategy


def exploitabilities(case, name, checks):
    """Return the exploitability at each count of iterations."""
    solver = Solver(case.tree, variant(name))
    found = []
    for count in checks:
        solver.run(count - solver.iterations)
        found.append(solver.exploitability())
    return np.array(found)


@pytest.mark.parametrize("name", VARIANTS)
def test_every_variant_solves_every_game(case, name):
    """At least as fast as the 1 / sqrt(T) that all of them are proven to have: a tenth after a hundred times the iterations."""
    ten, thousand = exploitabilities(case, name, [10, 1000])
    assert 0 <= thousand < ten / 10


def test_the_default_never_blows_up(case):
    """5,000 iterations on every game never rise above 3 times the best so far (below 1e-12 is rounding)."""
    found = exploitabilities(case, "default", [*range(1, 100), *range(100, 5001, 50)])
    best = np.minimum.accumulate(found)
    assert (found <= np.maximum(3 * best, 1e-12)).all(), (found / best).max()
    assert found[-1] < 1e-4


@pytest.mark.parametrize("name", VARIANTS)
def test_a_windowed_average_is_the_variants_own_until_its_sum_would_grow_too_large(name):
    row, total = VARIANTS[name], 0.0
    for block in (0, 1):
        table, own = windowed_coefficients(row, block), coefficients(row, block)
        np.testing.assert_array_equal(table[:, [0, 1, 3]], own[:, [0, 1, 3]])
        if block == 0:
            same = int(row.gamma * (WINDOW - 1))
            np.testing.assert_array_equal(table[:same, 2], own[:same, 2])
        for decay in table[:, 2]:
            total = total * decay + 1.0
            assert total <= WINDOW


@pytest.mark.parametrize("name", VARIANTS)
def test_a_thinned_average_weighs_fewer_strategies_as_the_variant_does(name):
    row, weights, taken = VARIANTS[name], np.zeros(0), np.zeros(0, int)
    for block in (0, 1):
        table, own = thinned_coefficients(row, block), coefficients(row, block)
        np.testing.assert_array_equal(table[:, [0, 1, 3]], own[:, [0, 1, 3]])
        if block == 0:
            np.testing.assert_allclose(table[: 2 * WINDOW - 1, 2], own[: 2 * WINDOW - 1, 2], rtol=1e-15)
        for t, decay in enumerate(table[:, 2], block * BLOCK + 1):
            if decay >= 0:
                taken, weights = np.append(taken, t), np.append(weights * decay, 1.0)
        assert len(taken[taken > block * BLOCK]) <= BLOCK // 2 + WINDOW
    np.testing.assert_allclose(weights, (taken / taken[-1]) ** row.gamma, rtol=1e-9, atol=1e-300)
    assert np.all(np.diff(taken[taken >= BLOCK]) == BLOCK // WINDOW)
