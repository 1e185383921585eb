"""What value networks learn from, made in turn or by processes beside the learner: the same rows however fast each is."""

import os
import signal
from dataclasses import replace

import numpy as np
import pytest

from agents.networks import load_tensors
from agents.training import train
from agents.training.generation import MOST_DEATHS, Generation
from agents.training.rebel import RebelRun
from agents.training.value_learner import Rows
from tests.agents.training.test_loop import VALUES
from tests.catalogue import KUHN
from tests.compiling import compiled
from tests.learners import infostates_of


class Noting:
    """Its rows say which weights they were made with, what was drawn, and by which process."""

    def generate(self, weights, rng):
        row = np.array([[weights["values"][0][1][0], rng.random(), os.getpid()]], np.float32)
        return {"values": Rows(row, row.astype(float), np.ones(row.shape))}


class Dying:
    """No process survives making rows."""

    def generate(self, weights, rng):
        os.kill(os.getpid(), signal.SIGKILL)


def after(iterations):
    """Return the weights after so many iterations."""
    return {"values": ((np.zeros((1, 1), np.float32), np.array([iterations], np.float32)),)}


def generation(generators, make=Noting):
    return Generation(make(), make, generators, 5, after(0))


def some_rows(made, first, last):
    """Return of each iteration from first to last what its row says."""
    return [made.rows(t, after(t))["values"].features[0].tolist() for t in range(first, last)]


@pytest.fixture
def closing():
    """Return a function that makes generations, which are closed at the end."""
    made = []

    def make(*given):
        made.append(generation(*given))
        return made[-1]

    yield make
    for each in made:
        each.close()


def test_rows_in_turn_are_made_here_with_the_weights_of_the_moment(closing):
    rows = some_rows(closing(0), 0, 4)
    assert [row[0] for row in rows] == [0, 1, 2, 3]
    assert {row[2] for row in rows} == {np.float32(os.getpid())}
    assert closing(0).state() == {}


@pytest.mark.parametrize("generators", [1, 2])
def test_rows_ahead_are_made_elsewhere_with_weights_as_old_as_there_are_generators(closing, generators):
    rows = some_rows(closing(generators), 0, 6)
    assert [row[0] for row in rows] == [max(0, t - generators) for t in range(6)]
    assert [row[1] for row in rows] == [row[1] for row in some_rows(closing(0), 0, 6)]
    assert np.float32(os.getpid()) not in {row[2] for row in rows}


def test_rows_after_a_stop_are_those_without_it(closing):
    whole = some_rows(closing(2), 0, 6)
    stopped = closing(2)
    some_rows(stopped, 0, 3)
    state = {key: array.copy() for key, array in stopped.state().items()}
    again = closing(2)
    again.restore(state)
    assert [row[:2] for row in some_rows(again, 3, 6)] == [row[:2] for row in whole[3:]]


@pytest.mark.parametrize("change", [lambda s: s.popitem(), lambda s: s.update({"0.values.0.bias": np.zeros(2, np.float32)})])
def test_weights_of_other_networks_are_refused(closing, change):
    made = closing(2)
    state = dict(made.state())
    change(state)
    with pytest.raises(ValueError, match="weights of generators must be those of the networks"):
        made.restore(state)


def test_the_work_of_a_process_that_died_is_done_again(closing):
    whole, made = some_rows(closing(1), 0, 4), closing(1)
    rows = some_rows(made, 0, 2)
    for number in made._pool._pool._processes:
        os.kill(number, signal.SIGKILL)
    rows += some_rows(made, 2, 4)
    assert [row[:2] for row in rows] == [row[:2] for row in whole]
    assert made.deaths == 1


def test_processes_that_die_again_and_again_end_the_run_in_one_line(closing):
    rule = f"generator processes died {MOST_DEATHS} times at iteration 1 .*: fewer trainer.generators take less memory; what was saved"
    with pytest.raises(ChildProcessError, match=rule):
        closing(1, Dying).rows(0, after(0))


@compiled
def test_a_training_with_a_generator_that_is_stopped_goes_on_to_the_same_bits(tmp_path):
    def trained(directory, **stop):
        run = RebelRun(infostates_of(KUHN), replace(VALUES, generators=1))
        return load_tensors(train(run, directory, **stop), "values")[1]["digest"]

    halves = iter([False, False, True])
    trained(tmp_path / "stopped", stop=lambda: next(halves))
    assert trained(tmp_path / "stopped") == trained(tmp_path / "whole")
