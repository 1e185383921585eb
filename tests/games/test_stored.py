"""Rows in 16 bits: half precision, rounded without bias."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from games.kernels import LANES, kernel
from games.kernels.lanes import load_row, store_row
from games.kernels.stored import LARGEST, halved, load_stored, store_stored
from tests.naive.halves import neighbours

pytestmark = pytest.mark.kernels

FLOATS = st.lists(st.floats(-7e4, 7e4, width=32), min_size=LANES, max_size=LANES)
NORMAL = 2.0**-14


@kernel
def keep(values, time, rows, back):
    """Store rows from the second on and read them, in place."""
    for r in range(len(values)):
        store_stored(rows, r + 1, load_row(values, r), time)
        store_row(back, r, load_stored(rows, r + 1))


def kept(values, time, dtype=np.uint16):
    """Return rows as they were stored and as they were read."""
    values = np.array(values, np.float32).reshape(-1, LANES)
    rows, back = np.zeros((len(values) + 2, LANES), dtype), np.zeros_like(values)
    keep(values, time, rows, back)
    assert not rows[0].any()
    assert not rows[-1].any()
    return rows[1:-1], back


@given(FLOATS, st.integers(0, 2**16))
def test_a_row_is_rounded_to_one_of_its_neighbours(values, time):
    """The numpy form, which is what runs with the JIT off, says to which."""
    stored, back = kept(values, time)
    np.testing.assert_array_equal(stored.view(np.float16)[0], halved(np.array(values, np.float32), 1, time))
    np.testing.assert_array_equal(back, stored.view(np.float16).astype(np.float32))
    for x, found in zip(np.array(values, np.float32), back[0].tolist(), strict=True):
        down, up, share = neighbours(x)
        assert found in (down, up)
        if abs(x) < NORMAL / 2 and abs(share - 0.5) > 1e-3:
            assert found == (up if share > 0.5 else down)


def test_every_number_of_half_precision_stays_what_it_is():
    numbers = np.arange(2**16, dtype=np.uint16).view(np.float16)
    numbers = numbers[np.isfinite(numbers)].reshape(-1, LANES)
    for time in (0, 12345):
        stored, back = kept(numbers.astype(np.float32), time)
        np.testing.assert_array_equal(stored, numbers.view(np.uint16))
        np.testing.assert_array_equal(back, numbers.astype(np.float32))


@pytest.mark.parametrize("most", [65504.0, 65520.0, 1e6, 3e38, np.inf])
def test_what_is_too_large_becomes_the_largest(most):
    values = np.array([most, -most] * 4, np.float32)
    for time in range(3):
        np.testing.assert_array_equal(kept(values, time)[1][0], [LARGEST, -LARGEST] * 4)


def test_rounding_has_no_bias():
    """Over times, a number's mean error is far below its last bit; what is added in pieces of a hundredth of it arrives."""
    values = np.array([1.0003, -3.0007, 100.01, 0.00123456, 60001.0, 0.7777, -0.1001, 2047.3], np.float32)
    errors = np.array([[float(a) - float(b) for a, b in zip(kept(values, t)[1][0], values, strict=True)] for t in range(1000)])
    bits = np.array([neighbours(x)[1] - neighbours(x)[0] for x in values])
    assert (np.abs(errors / bits).max(axis=0) < 1).all()
    assert (np.abs((errors / bits).mean(axis=0)) < 0.02).all()
    total = np.full(LANES, 1.0, np.float32)
    for t in range(2000):
        total = kept(total + np.float32(1e-5), t)[1][0]
    assert abs(float(total.mean()) - 1.02) < 0.01
    assert np.float16(1.0) + np.float16(1e-5) == 1.0  # where rounding to the nearest stays


def test_rows_of_float32_are_stored_as_they_are():
    values = np.array([1.0003, -3e38, 1e-30, 0.0, 7e4, -1e-7, 2.5, np.pi], np.float32)
    for rows in kept(values, 3, np.float32):
        np.testing.assert_array_equal(rows[0], values)
