"""The choice above several subgames at once, line by line against the twin; one line is what test_sweep.py iterates."""

from statistics import NormalDist

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
    gadget.update_gadget(kind, gadget.gadget_arrays(a), cfv, reach, positive, negative, decay, predictive)


@kernel
def open_choice(kind, a, reach):
    gadget.open_gadget(kind, gadget.gadget_arrays(a), reach)


def twin(kind, old, cfv, weights):
    """Return (what the choice is matched from, chosen, regrets) of one line."""
    if kind == "maxmargin":
        worth = (cfv - old.bound) / np.where(old.cf_reach > 0, old.cf_reach, 1.0)
        regret, chosen, basis = naive.margins(worth, old.cf_reach, (old.follow, old.chosen, old.choice), weights)
        alive = np.flatnonzero(old.cf_reach > 0)
        choice = np.array(old.choice)
        if len(alive):
            choice[alive] = naive.regret_matching(basis[alive])
        return choice, chosen, (regret, old.stop)
    if old.spread.any():
        total, count = (x * weights[2] + y for x, y in ((old.follow, cfv), (old.stop, 1.0)))
        entering = [NormalDist(bound, spread).cdf(mean) for mean, bound, spread in zip(total / count, old.bound, old.spread, strict=True)]
        return np.array(entering), old.chosen * weights[2] + old.choice, (total, count)
    state = (np.array(pair) for pair in ((old.follow, old.stop), (old.chosen, 0 * old.chosen), (old.choice, 1 - old.choice)))
    regret, chosen, basis = naive.choice(np.array([cfv, old.bound]), tuple(state), weights)
    return np.array([naive.regret_matching(pair)[0] for pair in basis.T]), chosen[0], regret


@pytest.mark.parametrize(("dtype", "tolerance"), [(np.float64, 1e-11), (np.float32, 1e-4)])
@pytest.mark.parametrize("kind", ["resolve", "refined", "maxmargin", "combined"])
@given(
    number=st.integers(0, 10**6),
    lines=st.integers(1, 5),
    hands=st.integers(1, 9),
    predictive=st.sampled_from([0.0, 0.15, 1.0]),
    uncertain=st.booleans(),
)
@settings(max_examples=20)
def test_lines_are_updated_side_by_side(kind, dtype, tolerance, number, lines, hands, predictive, uncertain):
    rng, uncertain = np.random.default_rng(number), uncertain and kind != "maxmargin"
    block = rng.random((len(GadgetArrays._fields), hands, lines)).astype(dtype)
    arrays = GadgetArrays(*block)
    arrays.cf_reach[:] = (arrays.cf_reach + dtype(0.1)) * (rng.random((hands, lines)) > 0.3)
    arrays.bound[:] = rng.normal(size=(hands, lines))
    arrays.spread[:] = (arrays.spread + dtype(0.5)) * uncertain
    reach = rng.normal(size=(hands, lines)).astype(dtype)
    open_choice(TAGS[kind], block, reach)
    for line in range(lines):
        column = GadgetArrays(*block[:, :, line].astype(np.float64))
        expected = naive.entering(kind, column.choice, column.cf_reach, column.model)
        np.testing.assert_allclose(reach[:, line], expected, rtol=tolerance, atol=tolerance)
    arrays.follow[:], arrays.stop[:] = rng.normal(size=(2, hands, lines))
    arrays.stop[:] = np.where(uncertain, np.abs(arrays.stop), arrays.stop)
    weights = (0.75, 0.5, 0.25, predictive)
    before, cfv = block.copy(), rng.normal(size=(hands, lines)).astype(dtype)
    update(TAGS[kind], block, cfv, reach, *weights)
    for line in range(lines):
        old, new = (GadgetArrays(*x[:, :, line].astype(np.float64)) for x in (before, block))
        choice, chosen, regrets = twin(kind, old, cfv[:, line].astype(np.float64), weights)
        for found, expected in ((new.choice, choice), (new.chosen, chosen), (new.follow, regrets[0]), (new.stop, regrets[1])):
            np.testing.assert_allclose(found, expected, rtol=100 * tolerance, atol=100 * tolerance)
        for name in ("bound", "cf_reach", "model", "spread"):
            np.testing.assert_array_equal(getattr(new, name), getattr(old, name))
        expected = naive.entering(kind, new.choice, old.cf_reach, old.model)
        np.testing.assert_allclose(reach[:, line], expected, rtol=100 * tolerance, atol=100 * tolerance)
