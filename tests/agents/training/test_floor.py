"""The floor of a network's size: a fit to a solution, beside a trained policy."""

import numpy as np
import pytest

from agents.networks import NetworkConfig
from agents.networks.regression import FitConfig
from agents.training.floor import solved
from tests.catalogue import KUHN
from tests.learners import BOTH, EVERY, HOLDEM, infostates_of, make_run
from tests.running import result_of, timebank
from tests.strategies import random_tables


@pytest.mark.parametrize("name", EVERY)
def test_tables_of_what_is_stored_are_the_tables(name):
    infostates = infostates_of(name)
    for p, tables in enumerate(random_tables(infostates, 0)):
        for x, y in zip(infostates.tables(p, infostates.stored(p, tables)), tables, strict=True):
            np.testing.assert_allclose(x, y, rtol=1e-5)


def test_tables_of_nothing_are_uniform():
    infostates = infostates_of(HOLDEM)
    tables = [np.zeros((len(block.private), len(block.action)), np.float32) for block in infostates.blocks[0]]
    for table, block in zip(infostates.tables(0, infostates.stored(0, tables)), infostates.blocks[0], strict=True):
        np.testing.assert_allclose(table, np.tile(1 / np.diff(block.first_row)[block.decision], (len(block.private), 1)), rtol=1e-6)


@pytest.mark.parametrize("name", BOTH)
def test_more_iterations_give_a_better_solution(name):
    infostates = infostates_of(name)
    few, many = (infostates.exploitability(solved(infostates, iterations)) for iterations in (10, 300))
    assert many < 0.2 * few


def test_a_large_network_comes_near_the_solution_and_a_small_one_does_not():
    fits = {"policy": FitConfig(steps=800, learning_rate=0.01, final_rate=0.01), "floor": 300}
    large = make_run(KUHN, network=NetworkConfig(hidden=64, layers=2, embedding=16), **fits).floor()
    small = make_run(KUHN, network=NetworkConfig(hidden=1, layers=1, embedding=1), **fits).floor()
    assert large.solution < large.exploitability < 0.01
    assert small.exploitability > 3 * large.exploitability
    assert large.solve_iterations == 300


@pytest.mark.parametrize("name", BOTH)
def test_a_floor_changes_nothing_of_a_run_and_is_made_again(name):
    run, other = make_run(name, floor=20), make_run(name)
    for _ in range(2):
        run.step()
        other.step()
        assert run.floor()[:3] == run.floor()[:3]
        assert other.floor() is None
    assert run.evaluate().exploitability == other.evaluate().exploitability


@pytest.mark.long
def test_the_command_states_the_floor_as_a_baseline(tmp_path, monkeypatch, capsys):
    words = ["game=kuhn_poker", "trainer.iterations=2", "trainer.floor=100", "trainer.policy.steps=50", f"hydra.run.dir={tmp_path}"]
    assert timebank(monkeypatch, "train", *words) == 0
    assert "floor of this size, a baseline and no result: " in capsys.readouterr().out
    found = result_of(tmp_path)
    assert found["floor"]["solve_iterations"] == 100
    assert found["network_exploitability"] != found["floor"]
