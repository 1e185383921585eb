"""Training without a memory of advantages: the recursion of its targets, its units, and that it learns and resumes."""

import math

import numpy as np
import pytest

from agents.networks.regression import FitConfig
from agents.training import DeepCFR
from agents.training.network_memory import NetworkMemory
from agents.training.state import load_state, save_state
from search.variants import VARIANTS
from tests.catalogue import KUHN, LEDUC
from tests.learners import BOTH, HOLDEM, assert_same, infostates_of, make_run, same, stepped, tiny
from tests.strategies import random_tables

both = pytest.mark.parametrize("name", BOTH)


def naive_targets(memory, outputs, swept, positive, negative):
    """What the network is to say, in chips: one infostate and one action after the other."""
    found = []
    for b, block in enumerate(memory.blocks):
        table = np.zeros(swept.regret[b].shape)
        for c, r in np.ndindex(table.shape):
            k = int(np.searchsorted(block.first_row, r, side="right")) - 1
            old = float(outputs[b][c, r]) * float(memory.scales[b][k]) * float(memory.deals[b][c, k])
            table[c, r] = old * (positive if old > 0 else negative) + swept.regret[b][c, r]
        found.append(table)
    return found


@both
@pytest.mark.parametrize(("row", "t", "factors"), [("dcfr_plus", 3, (3**1.5 / (3**1.5 + 1), 0.0)), ("linear_cfr", 4, (0.8, 0.8))])
def test_targets_are_the_discounted_output_and_the_new_regrets(name, row, t, factors):
    infostates, rng = infostates_of(name), np.random.default_rng(0)
    memory = NetworkMemory(infostates.blocks[0], infostates.deals(0), VARIANTS[row])
    swept = infostates.sweep(random_tables(infostates, 1), 0)
    memory.keep([rng.random(len(block.public)) + 0.5 for block in memory.blocks])
    outputs = [rng.normal(size=(len(block.private), len(block.action))).astype(np.float32) for block in memory.blocks]
    found = memory.targets(outputs, swept, t)
    for sums, weights, wanted, deals in zip(
        found.sums, found.weights, naive_targets(memory, outputs, swept, *factors), infostates.deals(0), strict=True
    ):
        np.testing.assert_allclose(sums, wanted, rtol=1e-4, atol=1e-6 * np.abs(wanted).max())
        np.testing.assert_allclose(weights, deals, rtol=1e-6)


@both
def test_the_first_fit_is_to_the_regrets_alone(name):
    run = make_run(name, memory="none")
    memory, swept = run.advantage_buffers[0], run.infostates.sweep((run.played(0), run.played(1)), 0)
    assert memory.empty
    for sums, regret in zip(memory.targets(None, swept, 1).sums, swept.regret, strict=True):
        np.testing.assert_allclose(sums, regret, rtol=1e-6)


@both
def test_what_the_network_says_times_its_scale_is_the_regret(name):
    """A network that is fitted well says R / (deals * scale): the units of the next targets."""
    run = make_run(name, memory="none", advantage=FitConfig(steps=400, learning_rate=0.01, final_rate=0.01))
    swept = run.infostates.sweep((run.played(0), run.played(1)), 0)
    run.step()
    memory, total, error = run.advantage_buffers[0], 0.0, 0.0
    for b, (said, regret) in enumerate(zip(run._said(0), swept.regret, strict=True)):
        back = said * (memory.scales[b] * memory.deals[b])[:, memory.blocks[b].decision]
        error, total = error + np.square(back - regret).sum(), total + np.square(regret).sum()
    assert error < 0.05 * total


@pytest.mark.parametrize("boards", [None, 2])
@pytest.mark.parametrize("name", [LEDUC, HOLDEM])
def test_a_stopped_run_goes_on_to_the_same_bits(name, boards, tmp_path):
    changes = {"memory": "none", "boards": boards, "batch_size": 0, "iterations": 4}
    first = stepped(name, 2, **changes)
    save_state(first, tmp_path)
    again = DeepCFR(infostates_of(name), tiny(**changes))
    load_state(again, tmp_path)
    for _ in range(2):
        first.step()
        again.step()
    assert_same(first, again)


@pytest.mark.parametrize("key", ["scales.0"])
def test_a_damaged_scale_is_refused(key):
    memory = stepped(KUHN, 1, memory="none").advantage_buffers[0]
    with pytest.raises(ValueError, match=r"memory's scales.0 must be at least 0"):
        memory.restore({key: -memory.state()[key]})
    with pytest.raises(ValueError, match=r"memory's scales.0 must be float32"):
        memory.restore({})


def test_rates_fall_with_the_iterations():
    def rated(steps, rate, decay):
        fits = FitConfig(steps=10, learning_rate=rate, final_rate=0.1)
        return stepped(KUHN, steps, memory="none", advantage=fits, rate_decay=decay)

    assert same(rated(1, 0.01, 3.0).advantages, rated(1, 0.01 * math.sqrt(3 / 4), None).advantages)
    assert not same(rated(2, 0.01, 3.0).advantages, rated(2, 0.01 * math.sqrt(3 / 4), None).advantages)


@pytest.mark.long
def test_kuhn_is_learnt_without_a_memory():
    fits = {"advantage": FitConfig(steps=20, learning_rate=0.01, final_rate=0.1), "policy": FitConfig(steps=300, learning_rate=0.01)}
    assert stepped(KUHN, 64, memory="none", **fits).evaluate().exploitability < 0.02


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"memory": "sum"}, r"trainer.memory must be one of sums, none, got 'sum' \(did you mean sums\?\)"),
        ({"variant": "dcfr"}, r"trainer.variant must be left out where trainer.memory is not none, got dcfr"),
        (
            {"memory": "none", "variant": "pcfr_plus"},
            r"trainer.variant must be one of cfr, cfr_plus, .*, got 'pcfr_plus'",
        ),
        ({"rate_decay": 0.0}, r"trainer.rate_decay must be above 0, got 0.0"),
        ({"boards": -1}, r"trainer.boards must be at least 0, got -1"),
        ({"boards": 2}, r"trainer.boards must be left out where no public cards are dealt, got 2"),
    ],
)
def test_bad_settings_are_refused(changes, error):
    with pytest.raises(ValueError, match=error):
        make_run(KUHN, **changes)
