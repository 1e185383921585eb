"""What self-play keeps: reservoirs and sums, and the samples that Deep CFR adds to them."""

from collections import Counter

import numpy as np
import pytest

from agents.training.buffer import ReservoirBuffer
from search.infostates import Block, uniform_tables
from tests.learners import BOTH, HOLDEM, infostates_of, stepped

both = pytest.mark.parametrize("name", BOTH)


def block(decisions, actions, hands):
    """Return a block where every decision has every action."""
    action = np.tile(np.eye(actions, dtype=np.float32), (decisions, 1))
    sides = np.zeros((hands, 1), np.float32), np.zeros((decisions, 1), np.float32)
    return Block(*sides, action, np.arange(decisions + 1) * actions, hands)


def test_the_reservoir_holds_every_sample_alike():
    held = Counter()
    for seed in range(400):
        rng, buffer = np.random.default_rng(seed), ReservoirBuffer([block(3, 1, 1)], 10)
        for i in range(20):
            buffer.add([np.full((1, 3), float(i))], [np.ones((1, 3))], 1, rng)
        assert (buffer.size, buffer.seen) == (10, 60)
        held.update(buffer.target[:, 0, 0].astype(int).tolist())
    counts = np.array([held[i] for i in range(20)])  # 200 expected each; a binomial's standard deviation is about 13
    assert abs(counts - 200).max() < 5 * 13


@pytest.mark.parametrize("capacity", [7, 25, 1000])
def test_the_means_are_those_of_the_samples_held(capacity):
    rng, buffer = np.random.default_rng(0), ReservoirBuffer([block(5, 2, 3)], capacity)
    for t in range(1, 30):
        buffer.add([rng.normal(size=(3, 10))], [rng.random((3, 5))], t, rng)
        total, weighted = np.zeros((5, 3)), np.zeros((5, 2, 3))
        for i in range(buffer.size):
            k = buffer.decision[i]
            total[k] += buffer.weight[i].astype(float)
            weighted[k] += buffer.weight[i].astype(float) * buffer.target[i]
        mean, weight = buffer.means()
        np.testing.assert_allclose(weight, total, atol=1e-9)
        np.testing.assert_allclose(mean * weight[:, None], weighted, atol=1e-9)


@pytest.mark.long
@both
def test_first_samples_are_the_regrets_of_uniform_play(name):
    run = stepped(name, 1)
    uniform = uniform_tables(run.infostates, 0), uniform_tables(run.infostates, 1)
    found, held = run.infostates.sweep(uniform, 0), [buffer.state() for buffer in (run.advantage_buffers[0], run.strategy_buffers[0])]
    for b, part in enumerate(run.infostates.blocks[0]):
        if name == HOLDEM:
            regret, weight = held[0][f"sums.{b}"], held[0][f"weights.{b}"]
            played = held[1][f"sums.{b}"] / held[1][f"weights.{b}"][:, part.decision]
        else:
            weight = held[0]["weight"].T
            regret, played = (part.table(held[0]["target"]) * weight[:, part.decision], part.table(held[1]["target"]))
        np.testing.assert_allclose(weight, found.cf_reach[b], rtol=1e-6, atol=1e-9)
        np.testing.assert_allclose(regret, found.regret[b], atol=1e-6)
        np.testing.assert_allclose(played, uniform[0][b], rtol=1e-5)


@both
def test_samples_weigh_the_iteration(name):
    held = stepped(name, 3).strategy_buffers[0].state()
    if name == HOLDEM:
        one = stepped(name, 1).strategy_buffers[0].state()
        np.testing.assert_allclose(held["weights.0"][:, 0], 6 * one["weights.0"][:, 0], rtol=1e-5)  # 1 + 2 + 3, at the root
    else:
        at_root = held["decision"] == infostates_of(name).tree.decision[0]
        np.testing.assert_array_equal(held["weight"][at_root], [[t] * 3 for t in (1, 2, 3)])
