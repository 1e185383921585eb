"""The kernels that turn networks' outputs into strategies, against their naive twins."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from search.kernels import classes
from tests.naive import classes as naive

pytestmark = pytest.mark.kernels


@pytest.mark.parametrize("name", ["match_highest", "softmax"])
@settings(max_examples=20, deadline=None)
@given(counts=st.lists(st.integers(1, 4), min_size=1, max_size=5), size=st.integers(0, 6), seed=st.integers(0, 99))
def test_strategies_are_the_twins(name, counts, size, seed):
    rng = np.random.default_rng(seed)
    first_row = np.cumsum([0, *counts]).astype(np.int64)
    outputs = rng.normal(-0.3, 30.0, (size, sum(counts))).astype(np.float32)
    expected = naive.per_decision(outputs, first_row, getattr(naive, name))
    getattr(classes, name)(outputs, first_row)
    np.testing.assert_allclose(outputs, expected, rtol=1e-5, atol=1e-7)
