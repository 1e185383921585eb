import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from games.kernels import LANES, kernel, lanes, padded
from games.kernels.lanes import add, divide, load, multiply, splat, store, subtract, where_positive

pytestmark = pytest.mark.kernels

DTYPES = (np.float64, np.float32)


@kernel
def run_all(x, y, z, scalar, out):
    """Row i of ``out`` is operation i on the lanes of x, y and z, from the unsigned row 1 and each column on."""
    row = np.uint32(1)
    for c in range(0, x.shape[1], LANES):
        a, b, other = load(x, row, c), load(y, row, c), load(z, row, c)
        store(out, 0, c, add(a, b))
        store(out, 1, c, subtract(a, b))
        store(out, 2, c, multiply(a, b))
        store(out, 3, c, divide(a, b))
        store(out, 4, c, where_positive(a, b, other))
        store(out, 5, c, splat(scalar))
        store(out, np.uint32(6), np.uint32(c), a)


@kernel
def copy_from(x, column, out):
    store(out, 0, 0, load(x, 1, column))


def arrays(dtype, columns, seed, specials=False):
    rng = np.random.default_rng(seed)
    x, y, z = (rng.normal(size=(3, columns)).astype(dtype) for _ in range(3))
    if specials:
        for a in (x, y, z):
            where = rng.random(a.shape) < 0.4
            a[where] = rng.choice(np.array([np.nan, np.inf, -np.inf, 0.0, -0.0], dtype), where.sum())
    return x, y, z


@pytest.mark.parametrize("hands", range(1, 40))
def test_padding_is_the_next_multiple(hands):
    assert padded(hands) % LANES == 0
    assert hands <= padded(hands) < hands + LANES


@pytest.mark.parametrize("dtype", DTYPES)
@given(blocks=st.integers(1, 4), seed=st.integers(0, 10**6), specials=st.booleans())
def test_operations_are_numpys(dtype, blocks, seed, specials):
    columns = blocks * LANES
    x, y, z = arrays(dtype, columns, seed, specials)
    out = np.full((8, columns), 7.0, dtype)
    with np.errstate(all="ignore"):
        run_all(x, y, z, dtype(0.375), out)
        a, b, c = x[1], y[1], z[1]
        expected = [a + b, a - b, a * b, a / b, np.where(a > 0, b, c), np.full(columns, dtype(0.375)), a, np.full(columns, dtype(7.0))]
    np.testing.assert_array_equal(out, np.array(expected, dtype))


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("column", range(2 * LANES + 1))
def test_any_column_is_a_start(dtype, column):
    x, _, _ = arrays(dtype, 3 * LANES, 5)
    out = np.zeros((1, LANES), dtype)
    copy_from(x, column, out)
    np.testing.assert_array_equal(out[0], x[1, column : column + LANES])


def test_nan_is_not_positive():
    """The NaN checks stay alive under the fastmath flags chosen."""
    x, y, z = np.full((3, LANES), np.nan), np.ones((3, LANES)), np.full((3, LANES), 2.0)
    out = np.zeros((8, LANES))
    run_all(x, y, z, 1.0, out)
    assert np.isnan(out[:4]).all()
    assert (out[4] == 2.0).all()


def test_lanes_are_as_documented():
    assert LANES == 8
    assert lanes.LanesType("float64").name == "Lanes(float64, 8)"


def columns(x, out):
    t = lanes.transpose(
        lanes.load_row(x, 0), lanes.load_row(x, 1), lanes.load_row(x, 2), lanes.load_row(x, 3),
        lanes.load_row(x, 4), lanes.load_row(x, 5), lanes.load_row(x, 6), lanes.load_row(x, 7),
    )  # fmt: skip
    lanes.store_row(out, 0, t[0])
    lanes.store_row(out, 1, t[1])
    lanes.store_row(out, 2, t[2])
    lanes.store_row(out, 3, t[3])
    lanes.store_row(out, 4, t[4])
    lanes.store_row(out, 5, t[5])
    lanes.store_row(out, 6, t[6])
    lanes.store_row(out, 7, t[7])


def double(x, out):
    held = lanes.borrowed(x)
    for row in range(0, len(x), 2):
        twice = lanes.multiply(lanes.load_pair(held, row), lanes.splat_pair(x.dtype.type(2)))
        lanes.store_pair(out, row, twice)


@pytest.mark.parametrize("dtype", DTYPES)
def test_eight_rows_are_transposed(dtype):
    x = np.arange(64, dtype=dtype).reshape(8, 8)
    out = np.zeros_like(x)
    kernel(columns)(x, out)
    np.testing.assert_array_equal(out, x.T)


@pytest.mark.parametrize("dtype", DTYPES)
def test_pairs_of_rows_are_vectors_too(dtype):
    x = np.arange(48, dtype=dtype).reshape(6, 8)
    out = np.zeros_like(x)
    kernel(double)(x, out)
    np.testing.assert_array_equal(out, 2 * x)
