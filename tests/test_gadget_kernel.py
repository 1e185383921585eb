"""The choice above several subgames at once, line by line against the twin; one line is what test_sweep.py iterates."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from games.kernels import kernel
from search.gadgets import TAGS
from search.kernels import GadgetArrays, gadget
from tests.naive import sweep as naive

pytestmark = pytest.mark.kernels


@kernel
def update(kind, a, cfv, reach, positive, negative, decay, predictive):
    arrays = gadget.GadgetArrays(a[0], a[1], a[2], a[3], a[4], a[5], a[6])
    gadget.update_gadget(kind, arrays, cfv, reach, positive, negative, decay, predictive)


@kernel
def open_choice(kind, a, reach):
    gadget.open_gadget(kind, gadget.GadgetArrays(a[0], a[1], a[2], a[3], a[4], a[5], a[6]), reach)


def twin(kind, old, cfv, weights):
    """Return (what the choice is matched from, chosen, regrets) of one line."""
    if kind == "maxmargin":
        worth = (cfv - old.bound) / np.where(old.mass > 0, old.mass, 1.0)
        regret, chosen, basis = naive.margins(worth, old.mass, (old.follow, old.chosen, old.choice), weights)
        alive = np.flatnonzero(old.mass > 0)
        choice = np.array(old.choice)
        if len(alive):
            choice[alive] = naive.regret_matching(basis[alive])
        return choice, chosen, (regret, old.stop)
    state = (np.array(pair) for pair in ((old.follow, old.stop), (old.chosen, 0 * old.chosen), (old.choice, 1 - old.choice)))
    regret, chosen, basis = naive.choice(np.array([cfv, old.bound]), tuple(state), weights)
    return np.array([naive.regret_matching(pair)[0] for pair in basis.T]), chosen[0], regret


@pytest.mark.parametrize(("dtype", "tolerance"), [(np.float64, 1e-11), (np.float32, 1e-4)])
@pytest.mark.parametrize("kind", ["resolve", "refined", "maxmargin", "combined"])
@given(number=st.integers(0, 10**6), lines=st.integers(1, 5), hands=st.integers(1, 9), predictive=st.sampled_from([0.0, 0.15, 1.0]))
@settings(max_examples=20)
def test_lines_are_updated_side_by_side(kind, dtype, tolerance, number, lines, hands, predictive):
    rng = np.random.default_rng(number)
    block = rng.random((len(GadgetArrays._fields), hands, lines)).astype(dtype)
    arrays = GadgetArrays(*block)
    arrays.mass[:] = (arrays.mass + dtype(0.1)) * (rng.random((hands, lines)) > 0.3)
    arrays.bound[:] = rng.normal(size=(hands, lines))
    reach = rng.normal(size=(hands, lines)).astype(dtype)
    open_choice(TAGS[kind], block, reach)
    for line in range(lines):
        column = GadgetArrays(*block[:, :, line].astype(np.float64))
        expected = naive.entering(kind, column.choice, column.mass, column.model)
        np.testing.assert_allclose(reach[:, line], expected, rtol=tolerance, atol=tolerance)
    arrays.follow[:], arrays.stop[:] = rng.normal(size=(2, hands, lines))
    weights = (0.75, 0.5, 0.25, predictive)
    before, cfv = block.copy(), rng.normal(size=(hands, lines)).astype(dtype)
    update(TAGS[kind], block, cfv, reach, *weights)
    for line in range(lines):
        old, new = (GadgetArrays(*x[:, :, line].astype(np.float64)) for x in (before, block))
        choice, chosen, regrets = twin(kind, old, cfv[:, line].astype(np.float64), weights)
        for found, expected in ((new.choice, choice), (new.chosen, chosen), (new.follow, regrets[0]), (new.stop, regrets[1])):
            np.testing.assert_allclose(found, expected, rtol=100 * tolerance, atol=100 * tolerance)
        for name in ("bound", "mass", "model"):
            np.testing.assert_array_equal(getattr(new, name), getattr(old, name))
        expected = naive.entering(kind, new.choice, old.mass, old.model)
        np.testing.assert_allclose(reach[:, line], expected, rtol=100 * tolerance, atol=100 * tolerance)
