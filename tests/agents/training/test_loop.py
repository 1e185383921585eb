"""The loop that all trainers share: runs that are stopped, that diverge, and that find no room on the disk."""

import errno
import os
import re
import signal
from dataclasses import asdict, replace

import numpy as np
import pytest

from agents.networks import load_tensors
from agents.networks.regression import DivergenceError, FitConfig
from agents.networks.street_values import END
from agents.networks.value import ValueConfig
from agents.training import STATE_FILE, open_run, train
from agents.training.mccfr import STATE, BlueprintRun, MCCFRConfig
from agents.training.rebel import RebelConfig, RebelRun
from agents.training.run import MOST_ERROR, WATCHED
from agents.training.street_values import StreetValuesConfig, StreetValuesRun
from agents.training.value_run import VALUES_FILE
from tests.catalogue import KUHN, small
from tests.compiling import compiled
from tests.learners import infostates_of, make_run
from tests.running import result_of, timebank

pytestmark = compiled
EVERY = ["deep_cfr", "rebel", "mccfr", "street_values"]
every = pytest.mark.parametrize("name", EVERY)
FILES = {"deep_cfr": STATE_FILE, "rebel": STATE_FILE, "mccfr": STATE, "street_values": STATE_FILE}
VALUES = RebelConfig(
    iterations=6, depth=1, leaves=2, solve_iterations=4, label_iterations=4, steps=3, batch_size=8, evaluate_from=2, evaluate_iterations=4
)
STREETS = small([0, 1, 1], stack=300)  # nobody is all in before the last street
STREET_VALUES = StreetValuesConfig(
    iterations=6, network=ValueConfig(hidden=8, layers=1), range_iterations=2, solve_iterations=4, label_iterations=4, steps=3,
    batch_size=8, evaluate_from=2, evaluate_iterations=4,
)  # fmt: skip
KINDS = {"rebel": "values", "street_values": "street values"}  # of the files that they make


def run_of(name, directory, **more):
    """Return a run of six iterations, measured after 2, 4 and 6, on a small game."""
    if name == "deep_cfr":
        return make_run(KUHN, **{"iterations": 6, "evaluate_from": 2, **more})
    if name == "rebel":
        return RebelRun(infostates_of(KUHN), replace(VALUES, **more))
    if name == "street_values":
        return StreetValuesRun(STREETS, replace(STREET_VALUES, **more))
    sizes = {"iterations": 6, "buckets": [3], "deals": 16, "evaluate_from": 2}
    return BlueprintRun(small([0, 1]), MCCFRConfig(**{**sizes, **more}), directory)


def trained(name, directory, **more):
    """Take a run to its end; return its history without times, and the bits of what it made."""
    run = run_of(name, directory, **more)
    made = train(run, directory)
    history = [{key: value for key, value in asdict(row).items() if key != "seconds"} for row in run.history]
    if name == "deep_cfr":
        return history, [p.detach().numpy().tobytes() for network in made.policy.networks for p in network.parameters()]
    return history, [made.digest if name == "mccfr" else load_tensors(made, KINDS[name])[1]["digest"]]


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """What each trainer comes to where nothing happens."""
    return {name: trained(name, tmp_path_factory.mktemp(name)) for name in EVERY}


@every
def test_a_run_that_is_stopped_while_it_is_measured_is_measured_there(monkeypatch, whole, tmp_path, name):
    run = run_of(name, tmp_path)
    measure, calls = run.measure, []

    def stopped():
        calls.append(run.iteration)
        if run.iteration == 4:
            raise KeyboardInterrupt
        return measure()

    monkeypatch.setattr(run, "measure", stopped)
    with pytest.raises(KeyboardInterrupt):
        train(run, tmp_path)
    assert calls == [2, 4]
    assert trained(name, tmp_path) == whole[name]


@every
def test_a_signal_between_a_row_and_what_belongs_to_it_waits(whole, tmp_path, name):
    class Interrupting(list):
        def append(self, row):
            super().append(row)
            if row.iteration == 2:
                signal.raise_signal(signal.SIGINT)

    run = run_of(name, tmp_path)
    run.history = Interrupting()
    with pytest.raises(KeyboardInterrupt):
        train(run, tmp_path)
    assert trained(name, tmp_path) == whole[name]


@every
def test_a_full_disk_ends_a_run_in_one_line_and_keeps_the_last_state(monkeypatch, whole, tmp_path, name):
    seen, sync = [], os.fsync

    def full(number):
        if list(tmp_path.glob(".training.*.part*")):  # a state is being written
            seen.append((tmp_path / FILES[name]).read_bytes() if seen else b"")
            if len(seen) == 4:
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        sync(number)

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(OSError, match=rf"^{tmp_path / FILES[name]} must be a file that can be written, got No space left on device$"):
        train(run_of(name, tmp_path, save_seconds=0.0), tmp_path)
    monkeypatch.undo()
    assert seen[-1]
    assert (tmp_path / FILES[name]).read_bytes() == seen[-1]
    assert not list(tmp_path.glob(".*.part*"))
    assert 0 < open_run(run_of(name, tmp_path), tmp_path).iteration < 6
    assert trained(name, tmp_path) == whole[name]


def spoil(run):
    """Put a NaN where a run would save it."""
    if isinstance(run, BlueprintRun):
        run.solver.regret[-1] = np.nan
    else:
        networks = {RebelRun: lambda: run.network, StreetValuesRun: lambda: run.learning[END].network}
        network = networks.get(type(run), lambda: run.advantages[1])()
        next(network.parameters()).data.view(-1)[0] = np.nan


@every
def test_a_state_with_nan_takes_no_good_ones_place(whole, tmp_path, name):
    run = run_of(name, tmp_path, save_seconds=0.0)

    def progress(iteration, history):
        if iteration == 3:
            spoil(run)

    with pytest.raises(DivergenceError, match=r"NaN or infinity in \S+ \(iteration 3; resume goes on from iteration 2, which") as caught:
        train(run, tmp_path, progress=progress)
    assert "\n" not in str(caught.value)
    assert open_run(run_of(name, tmp_path), tmp_path).iteration == 2
    assert trained(name, tmp_path) == whole[name]


def test_a_network_that_says_nan_ends_its_training_with_the_iteration(tmp_path):
    run = run_of("rebel", tmp_path)

    def progress(iteration, history):
        if iteration == 3:
            run.mean.layers[-1].bias.data[:] = np.nan

    with pytest.raises(DivergenceError, match=r"network must give finite values, got NaN or infinity \(iteration 4; resume goes on from"):
        train(run, tmp_path, progress=progress)


FAST = {
    "deep_cfr": ("trainer.advantage.learning_rate", lambda rate: {"advantage": FitConfig(steps=10, learning_rate=rate, final_rate=0.1)}),
    "rebel": ("trainer.learning_rate", lambda rate: {"learning_rate": rate}),
    "street_values": ("trainer.learning_rate", lambda rate: {"learning_rate": rate}),
}


@pytest.mark.parametrize("name", FAST)
def test_errors_that_rise_without_end_end_a_run_that_goes_on_at_a_lower_rate(tmp_path, name):
    key, rate = FAST[name]
    good = run_of(name, tmp_path, iterations=60, save_seconds=0.0, **rate(1e4))
    with pytest.raises(DivergenceError, match=r"training \S*loss\S* must (be finite|stay below).*\(iteration \d+; resume goes on from"):
        train(good, tmp_path)
    assert max(good.errors().values()) > MOST_ERROR
    assert good.iteration <= 2 * WATCHED
    kept = open_run(run_of(name, tmp_path, iterations=60, **rate(1e4)), tmp_path)
    assert max(kept.errors().values()) <= MOST_ERROR
    with pytest.raises(ValueError, match=rf"{key} must be at most 10000.0 as in .*, got 20000.0"):
        open_run(run_of(name, tmp_path, iterations=60, **rate(2e4)), tmp_path)
    lower = run_of(name, tmp_path, iterations=kept.iteration + 2, evaluate_from=100, **rate(1e-3))
    train(lower, tmp_path)
    assert lower.lowered == [{"iteration": kept.iteration, "key": key, "before": 1e4}]
    again = open_run(run_of(name, tmp_path, iterations=60, **rate(1e-3)), tmp_path)
    assert again.lowered == lower.lowered == again.describe()["lowered"]


def test_a_loss_that_is_no_number_ends_a_run_with_its_iteration(monkeypatch, whole, tmp_path):
    run = run_of("deep_cfr", tmp_path, save_seconds=0.0)
    fitter = run._fitters[1]
    losses = fitter.advantage_losses
    spoilt = lambda *given: (loss * (np.nan if run.iteration == 4 else 1) for loss in losses(*given))  # noqa: E731
    monkeypatch.setattr(fitter, "advantage_losses", spoilt)
    with pytest.raises(DivergenceError, match=r"training loss must be finite, got nan: lower learning_rate \(0.01\) \(iteration 5; .* 4, "):
        train(run, tmp_path)
    assert trained("deep_cfr", tmp_path) == whole["deep_cfr"]


def test_the_command_lowers_a_learning_rate_and_says_so(monkeypatch, tmp_path, capsys):
    given = ("game=kuhn_poker", "trainer=rebel", "trainer.depth=1", "trainer.leaves=2", "trainer.solve_iterations=4", "trainer.steps=3")
    short, key = ("trainer.label_iterations=4", "trainer.evaluate_iterations=4", f"hydra.run.dir={tmp_path}"), "trainer.learning_rate"
    often = "trainer.save_seconds=0"
    assert timebank(monkeypatch, "train", *given, *short, often, f"{key}=10000", "trainer.iterations=40", "trainer.evaluate_from=100") == 2
    (line,) = [text for text in capsys.readouterr().err.splitlines() if "error" in text]
    error = rf"error: training loss/values must stay below 100 times .* \(iteration \d+; resume goes on from .* {tmp_path} has,"
    assert re.match(error, line)
    assert result_of(tmp_path)["status"] == "failed"
    assert timebank(monkeypatch, "train", f"resume={tmp_path}", f"{key}=20000") == 2
    assert f"{key} must be at most 10000.0 as in {tmp_path / STATE_FILE}, got 20000.0" in capsys.readouterr().err
    assert timebank(monkeypatch, "train", f"resume={tmp_path}", f"{key}=0.001", "trainer.iterations=12") == 0
    assert timebank(monkeypatch, "train", f"resume={tmp_path}") == 0
    (lowered,) = result_of(tmp_path)["trainer"]["lowered"]
    assert lowered == {"iteration": lowered["iteration"], "key": key, "before": 10000.0}


@every
def test_curves_hold_what_was_measured(tmp_path, name):
    points = []

    class Writer:
        def add_scalar(self, tag, value, step):
            points.append((tag, step))
            raise OSError("no room")  # curves are left out without a word

    class Good(Writer):
        def add_scalar(self, tag, value, step):
            points.append((tag, step))

    train(run_of(name, tmp_path / "a"), tmp_path / "a", writer=Writer())
    assert [step for _, step in points][-1] == 6
    points.clear()
    train(run_of(name, tmp_path / "b"), tmp_path / "b", writer=Good())
    measured = "gain" if name == "mccfr" else "exploitability"
    assert [step for tag, step in points if tag == measured] == [2, 4, 6][name == "mccfr" :]


def test_the_value_network_is_written_at_the_end(tmp_path):
    path = train(run_of("rebel", tmp_path), tmp_path)
    assert path == tmp_path / VALUES_FILE
    assert load_tensors(path, "values")[1]["iteration"] == 6
