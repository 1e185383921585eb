import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from games.kernels import DenseTerminals, add_terminal_values, padded
from tests.naive import sweep as naive

pytestmark = pytest.mark.kernels


def random_terminals(rng, count, own_hands, other_hands, own_rows, other_rows, matrices):
    payoff = np.zeros((matrices * other_hands, padded(own_hands)))
    payoff[:, :own_hands] = rng.normal(size=(matrices * other_hands, own_hands))
    rows = [rng.integers(n, size=count).astype(np.uint32) for n in (own_rows, other_rows, matrices)]
    scale = rng.choice([-3.0, 0.0, 0.25, 1.0], count)
    return DenseTerminals(*rows, scale, payoff, other_hands)


@given(
    seed=st.integers(0, 10**6),
    count=st.integers(0, 12),
    own_hands=st.integers(1, 18),
    other_hands=st.integers(1, 18),
    scales=st.sampled_from([0.0, 1e-30, 1.0]),
)
def test_dense_terminals_add_up(seed, count, own_hands, other_hands, scales):
    rng = np.random.default_rng(seed)
    terminals = random_terminals(rng, count, own_hands, other_hands, 4, 5, 3)
    reach = np.zeros((5, padded(other_hands)))
    reach[:, :other_hands] = rng.random((5, other_hands)) * (rng.random((5, other_hands)) > 0.5) * scales
    begin = int(rng.integers(count + 1))
    end = int(rng.integers(begin, count + 1))
    cfv = rng.normal(size=(4, padded(own_hands))) * scales
    before, reach_before = cfv.copy(), reach.copy()
    expected = naive.terminal_values(terminals, begin, end, reach, cfv)
    add_terminal_values(terminals, begin, end, reach, cfv)
    np.testing.assert_allclose(cfv, expected, rtol=1e-12, atol=1e-13 * scales)
    np.testing.assert_array_equal(cfv[:, own_hands:], before[:, own_hands:])  # the padding pays nothing
    np.testing.assert_array_equal(reach, reach_before)


def test_what_the_opponents_padding_holds_is_never_read():
    rng = np.random.default_rng(2)
    terminals = random_terminals(rng, 5, 3, 3, 4, 4, 2)
    reach = np.full((4, 8), np.nan)
    reach[:, :3] = rng.random((4, 3))
    cfv = np.zeros((4, 8))
    add_terminal_values(terminals, 0, 5, reach, cfv)
    assert np.isfinite(cfv).all()
    assert cfv.any()


def test_a_reach_that_is_not_a_number_shows():
    rng = np.random.default_rng(3)
    terminals = random_terminals(rng, 1, 3, 3, 1, 1, 1)._replace(scale=np.ones(1))
    reach = np.zeros((1, 8))
    reach[0, 1] = np.nan
    cfv = np.zeros((1, 8))
    add_terminal_values(terminals, 0, 1, reach, cfv)
    assert np.isnan(cfv[0, :3]).all()
