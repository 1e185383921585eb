"""Training runs in directories: saved, resumed, killed, extended; damaged and older files, and those of other runs."""

import math
import os
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import replace

import numpy as np
import pytest

from agents.networks import CheckpointError, NetworkConfig, load_policy, load_tensors, policy_metadata, save_policy, save_tensors
from agents.training import POLICY_FILE, STATE_FILE, DeepCFR, DeepCFRConfig, FitConfig, check_state, load_state, save_state, train
from games.holdem.board_tree import board_tree
from search.boards.infostates import BoardInfostates
from tests.catalogue import KUHN, LEDUC, UNEVEN, small
from tests.learners import BOTH, HOLDEM, assert_same, infostates_of, make_policy, make_run, same, stepped
from tests.running import ROOT

OLDER = ROOT / "tests" / "data" / "older_training"
both = pytest.mark.parametrize("name", BOTH)


@pytest.mark.long
@pytest.mark.parametrize(
    ("name", "changes"), [(KUHN, {}), (KUHN, {"batch_size": 8}), (KUHN, {"capacity": 5}), (HOLDEM, {"batch_size": 64})]
)
def test_a_restored_run_goes_on_bit_for_bit(tmp_path, name, changes):
    run = make_run(name, **changes)
    for t in range(5):
        if t in (0, 3):
            save_state(run, tmp_path)
            run = make_run(name, **changes)
            load_state(run, tmp_path)
        run.step()
    assert_same(run, stepped(name, 5, **changes))


@both
def test_train_leaves_a_policy_and_a_state(name, tmp_path):
    seen, points = [], []

    class Writer:
        def add_scalar(self, tag, scalar_value, global_step):
            points.append((tag, global_step))

    run = make_run(name)
    policy, history = train(run, tmp_path, writer=Writer(), progress=lambda t, rows: seen.append((t, len(rows))))
    assert seen == [(1, 1), (2, 2), (3, 2), (4, 3), (5, 3), (6, 3), (7, 3), (8, 4)]
    assert [row.iteration for row in history] == [1, 2, 4, 8]
    assert run.infostates.exploitability((policy.tables(0), policy.tables(1))) == history[-1].exploitability
    assert [i for tag, i in points if tag == "exploitability"] == [1, 2, 4, 8]
    assert sorted(p.name for p in tmp_path.iterdir()) == [POLICY_FILE, STATE_FILE]
    written = (tmp_path / POLICY_FILE).stat().st_mtime_ns
    assert same(policy.networks, load_policy(tmp_path / POLICY_FILE, run.infostates).networks)
    assert same(policy.networks, train(make_run(name), tmp_path).policy.networks)
    assert (tmp_path / POLICY_FILE).stat().st_mtime_ns == written


@pytest.mark.long
@pytest.mark.parametrize("other", [{"seed": 1}, None])
def test_a_stale_or_damaged_policy_file_is_written_anew(tmp_path, other):
    policy = train(make_run(KUHN), tmp_path).policy
    if other is None:
        (tmp_path / POLICY_FILE).write_bytes(b"damaged")
    else:
        train(make_run(KUHN, **other), tmp_path / "other")
        (tmp_path / "other" / POLICY_FILE).replace(tmp_path / POLICY_FILE)
    assert same(policy.networks, train(make_run(KUHN), tmp_path).policy.networks)
    assert same(policy.networks, load_policy(tmp_path / POLICY_FILE, infostates_of(KUHN)).networks)


@pytest.mark.long
@both
def test_a_finished_run_can_be_extended(name, tmp_path):
    train(make_run(name, iterations=3), tmp_path / "short")
    long = train(make_run(name, iterations=5), tmp_path / "short").policy
    assert same(long.networks, train(make_run(name, iterations=5), tmp_path / "long").policy.networks)


@pytest.mark.long
def test_stop_ends_a_run_that_can_be_resumed(tmp_path):
    asked = []
    train(make_run(KUHN), tmp_path, stop=lambda: bool(asked.append(1)) or len(asked) == 3)
    stopped = make_run(KUHN)
    load_state(stopped, tmp_path)
    assert stopped.iteration == 3
    resumed = train(make_run(KUHN), tmp_path).policy
    assert same(resumed.networks, train(make_run(KUHN), tmp_path / "through").policy.networks)


@pytest.mark.long
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_ctrl_c_saves_whole_iterations(tmp_path, monkeypatch, number):
    handler = signal.signal(signal.SIGTERM, signal.default_int_handler)  # as commands do
    step = DeepCFR._train_advantages

    def interrupted(self, p, *more):
        if self.iteration == 4 and p == 0:
            os.kill(os.getpid(), number)
        step(self, p, *more)

    monkeypatch.setattr(DeepCFR, "_train_advantages", interrupted)
    try:
        with pytest.raises(KeyboardInterrupt):
            train(make_run(KUHN), tmp_path)
    finally:
        signal.signal(signal.SIGTERM, handler)
    monkeypatch.undo()
    stopped = make_run(KUHN)
    load_state(stopped, tmp_path)
    assert stopped.iteration == 5
    resumed = train(make_run(KUHN), tmp_path).policy
    assert same(resumed.networks, train(make_run(KUHN), tmp_path / "through").policy.networks)


@both
@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"seed": 1}, r"trainer.seed must be 0 as in .*, got 1"),
        ({"advantage": FitConfig(steps=11)}, r"trainer.advantage.(learning_rate|steps) must be .* as in .*, got"),
        ({"network": NetworkConfig(hidden=8, layers=2, embedding=4)}, r"trainer.network.hidden must be 16 as in .*, got 8"),
        ({"iterations": 1}, r"trainer.iterations must be at least the 2 of .*, got 1"),
    ],
)
def test_another_runs_state_is_refused_by_key(name, tmp_path, changes, message):
    save_state(stepped(name, 2), tmp_path)
    before = (tmp_path / STATE_FILE).read_bytes()
    with pytest.raises(CheckpointError, match=message):
        train(make_run(name, **changes), tmp_path)
    assert (tmp_path / STATE_FILE).read_bytes() == before


@both
def test_another_games_state_is_refused(name, tmp_path):
    save_state(make_run(name), tmp_path)
    with pytest.raises(CheckpointError, match="must be for game leduc_poker, got one for"):
        train(make_run(LEDUC), tmp_path)


def test_another_menu_stack_deck_or_street_is_refused(tmp_path):
    run = make_run(HOLDEM)
    save_state(run, tmp_path)
    save_policy(tmp_path / POLICY_FILE, make_policy(HOLDEM))
    others = (
        {"bets": "60%"},
        {"raises": "74%"},
        {"raise_cap": 2},
        {"stack": 42},
        {"ranks": "JQKA"},
        {"ranges": ("full", "full")},
        {"deals": [0, 1]},
    )
    for more in others:
        other = small(**{"deals": [0, 1, 1], "ranges": UNEVEN} | more).key
        with pytest.raises(CheckpointError, match="checkpoint must be for game "):
            check_state(tmp_path, other, run.config)
        with pytest.raises(CheckpointError, match="checkpoint must be for game "):
            policy_metadata(tmp_path / POLICY_FILE, other)
    check_state(tmp_path, small([0, 1, 1], ranges=UNEVEN).key, run.config)


def test_a_state_of_another_version_is_refused(tmp_path):
    save_state(make_run(KUHN), tmp_path)
    path = tmp_path / STATE_FILE
    content = path.read_bytes().replace(b'\\"format\\": 2', b'\\"format\\": 3')
    path.write_bytes(content)
    with pytest.raises(CheckpointError, match="checkpoint must have format 2, got 3"):
        load_state(make_run(KUHN), tmp_path)


def test_a_truncated_state_is_refused_and_left_alone(tmp_path):
    save_state(stepped(KUHN, 1), tmp_path)
    path = tmp_path / STATE_FILE
    path.write_bytes(path.read_bytes()[:-7])
    with pytest.raises(CheckpointError, match="damaged"):
        train(make_run(KUHN), tmp_path)
    assert path.exists()


KILLED = """
import sys
from agents.networks import NetworkConfig
from agents.training import DeepCFR, DeepCFRConfig, FitConfig, train
from games import public_tree
from search.tree.infostates import TreeInfostates
config = DeepCFRConfig(iterations=10**9, network=NetworkConfig(hidden=16, layers=2, embedding=4), advantage=FitConfig(steps=10),
                       policy=FitConfig(steps=20, final_rate=0.1), save_seconds=0.0, capacity=500)
train(DeepCFR(TreeInfostates(public_tree("leduc_poker")), config), sys.argv[1], progress=lambda *row: print(row[0], flush=True))
"""


@pytest.mark.long
def test_a_killed_run_resumes_bit_for_bit(tmp_path):
    directory = tmp_path / "killed"
    with subprocess.Popen([sys.executable, "-c", KILLED, str(directory)], cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        for line in process.stdout:
            if int(line) == 7:
                time.sleep(0.003)  # somewhere in the middle of the next iteration or of a write
                process.kill()
                break
    run = make_run(LEDUC, iterations=10**9, capacity=500)
    load_state(run, directory)
    assert run.iteration >= 6
    target = run.iteration + 3
    while run.iteration < target:
        run.step()
    assert_same(run, stepped(LEDUC, target, iterations=10**9, capacity=500))


def odd_state(directory, metadata=None, tensors=None):
    """Write a state again with other contents, honest digest included."""
    path = directory / STATE_FILE
    found, header = load_tensors(path, "deep_cfr")
    save_tensors(path, {**found, **(tensors or {})}, {**header, **(metadata or {})}, "deep_cfr")


PAST = {"iteration": 1, "seconds": 0.5, "multiply_adds": 10, "exploitability": 0.25}


@pytest.mark.long
@both
@pytest.mark.parametrize(
    "change",
    [
        {"seconds": -1.0}, {"seconds": math.inf}, {"seconds": None}, {"multiply_adds": 1.5}, {"losses": [1.0]}, {"losses": [math.nan, 0.0]},
        {"rng": None}, {"rng": {}}, {"iteration": -1}, {"iteration": 1.5}, {"iteration": None}, {"config": None}, {"history": 3},
        {"history": [PAST | {"exploitability": 1e6}]}, {"history": [PAST | {"iteration": 9}]}, {"history": [PAST, PAST]},
        {"history": [PAST | {"seconds": math.inf}]},
    ],
)  # fmt: skip
def test_a_state_of_impossible_numbers_is_refused(name, tmp_path, change):
    save_state(stepped(name, 1), tmp_path)
    odd_state(tmp_path, metadata=change)
    with pytest.raises(CheckpointError, match=r"^(training state|checkpoint) must (be complete|have a history)") as caught:
        load_state(make_run(name), tmp_path)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("name", "array", "number"),
    [
        *((KUHN, *pair) for pair in (
            ("advantage_memory.0.target", math.inf), ("advantage_memory.0.weight", -1.0), ("advantage_memory.1.decision", 2**31),
            ("strategy_memory.0.total_weight", math.nan), ("strategy_memory.1.seen", -1),
        )),
        (HOLDEM, "advantage_memory.0.sums.1", math.inf), (HOLDEM, "strategy_memory.1.weights.0", math.nan),
        *((name, *pair) for name in BOTH for pair in (
            ("optimiser.0.0.exp_avg", math.nan), ("optimiser.0.1.exp_avg_sq", -1.0), ("optimiser.1.0.step", math.inf),
            ("advantage.0.first.weight", math.nan),
        )),
    ],
)  # fmt: skip
def test_a_state_of_impossible_arrays_is_refused(tmp_path, name, array, number):
    save_state(stepped(name, 1), tmp_path)
    odd = load_tensors(tmp_path / STATE_FILE, "deep_cfr")[0][array].copy()
    odd.reshape(-1)[0] = number
    odd_state(tmp_path, tensors={array: odd})
    with pytest.raises(CheckpointError, match="must be"):
        load_state(make_run(name), tmp_path)


# files of format 1, written at commit 516f6ac by two iterations of four


def older(name):
    fits = {"advantage": FitConfig(steps=5), "policy": FitConfig(steps=10)}
    rates = {key: replace(fit, learning_rate=0.01, final_rate=0.1) for key, fit in fits.items()}
    if name == KUHN:
        network = NetworkConfig(hidden=8, embedding=2)
        return DeepCFR(infostates_of(KUHN), DeepCFRConfig(iterations=4, network=network, capacity=50, seed=7, **rates)), OLDER / "kuhn"
    game, network = small([0, 1]), NetworkConfig(hidden=4, layers=2, embedding=2, bets=4)
    infostates = BoardInfostates(game, board_tree(game))
    return DeepCFR(infostates, DeepCFRConfig(iterations=4, network=network, evaluate_from=1, seed=7, **rates)), OLDER / "holdem"


@both
def test_an_older_training_goes_on(name, tmp_path):
    run, directory = older(name)
    shutil.copytree(directory, tmp_path / "run")
    written = (tmp_path / "run" / POLICY_FILE).read_bytes()
    load_state(run, directory)
    assert (run.iteration, [row.iteration for row in run.history]) == (2, [1, 2])
    fresh = older(name)[0]
    fresh.step()
    fresh.step()
    for key, array in run.advantage_buffers[0].state().items():  # vector widths differ in the last bits
        np.testing.assert_allclose(array, fresh.advantage_buffers[0].state()[key], rtol=1e-3, atol=1e-4)
    trained = train(older(name)[0], tmp_path / "run")
    assert [row.iteration for row in trained.history] == [1, 2, 4]
    assert (tmp_path / "run" / POLICY_FILE).read_bytes() != written
    header = load_tensors(tmp_path / "run" / STATE_FILE, "deep_cfr")[1]
    assert (header["format"], header["config"]["network"]["deep"]) == (2, run.infostates.deep)


@both
def test_an_older_policy_plays_what_it_was_measured_at(name):
    run, directory = older(name)
    policy = load_policy(directory / POLICY_FILE, run.infostates)
    told = policy_metadata(directory / POLICY_FILE)
    exploitability = run.infostates.exploitability((policy.tables(0), policy.tables(1)))
    assert exploitability == pytest.approx(told["history"][-1]["exploitability"], rel=1e-4)
    load_state(run, directory)
    assert same(run.load_policy(directory / POLICY_FILE).networks, policy.networks)  # known to be this run's: not trained again


@both
@pytest.mark.parametrize("changes", [{"seed": 1}, {"iterations": 1}])
def test_an_older_training_of_other_settings_is_refused(name, changes):
    run, directory = older(name)
    run.config = replace(run.config, **changes)
    with pytest.raises(CheckpointError, match=r"trainer\.(seed|iterations) must be"):
        load_state(run, directory)
