import math
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from dataclasses import asdict
from pathlib import Path

import numpy as np
import pytest
import torch

from agents.networks import CheckpointError, PolicyNetworkConfig, load_policy, load_tensors, save_tensors
from agents.policy import UniformPolicy
from agents.training import POLICY_FILE, STATE_FILE, DeepCFR, DeepCFRConfig, FitConfig, Memory, load_state, save_state, train
from search import Evaluator, check_strategy
from tests.conftest import DICE, KUHN, LEDUC, case_of


def tiny(**changes):
    settings = {
        "iterations": 8,
        "network": PolicyNetworkConfig(hidden=16, embedding=4),
        "advantage": FitConfig(steps=10),
        "policy": FitConfig(steps=20),
    }
    return DeepCFRConfig(**{**settings, **changes})


def weights(run):
    return [parameter.detach().numpy() for network in run.advantages for parameter in network.parameters()]


def assert_same(run, other):
    assert run.iteration == other.iteration
    for x, y in zip(weights(run), weights(other), strict=True):
        np.testing.assert_array_equal(x, y)
    for x, y in zip(run.policy().strategy().tables, other.policy().strategy().tables, strict=True):
        np.testing.assert_array_equal(x, y)


# the memory


def test_the_reservoir_holds_every_sample_alike():
    held = Counter()
    for seed in range(400):
        rng, memory = np.random.default_rng(seed), Memory(10, 3, 1, 1)
        for i in range(20):
            memory.add(np.full((3, 1, 1), float(i)), np.ones((3, 1)), rng)
        assert (memory.size, memory.seen) == (10, 60)
        held.update(memory.target[:, 0, 0].astype(int).tolist())
    counts = np.array([held[i] for i in range(20)])  # 200 expected each; a binomial's standard deviation is about 13
    assert abs(counts - 200).max() < 5 * 13


@pytest.mark.parametrize("capacity", [7, 25, 1000])
def test_the_means_are_those_of_the_samples_held(capacity):
    rng, memory = np.random.default_rng(0), Memory(capacity, 5, 2, 3)
    for t in range(1, 30):
        memory.add(rng.normal(size=(5, 2, 3)), t * rng.random((5, 3)), rng)
        total, weighted = np.zeros((5, 3)), np.zeros((5, 2, 3))
        for i in range(memory.size):
            k = memory.decision[i]
            total[k] += memory.weight[i].astype(float)
            weighted[k] += memory.weight[i].astype(float) * memory.target[i]
        mean, weight = memory.means()
        np.testing.assert_allclose(weight, total, atol=1e-9)
        np.testing.assert_allclose(mean * weight[:, None], weighted, atol=1e-9)


# the algorithm


def test_first_samples_are_the_regrets_of_uniform_play(leduc):
    run = DeepCFR(leduc.tree, tiny())
    found = run._sweep.regrets(UniformPolicy(leduc.tree).strategy(), 0)
    run.step()
    held = run.advantage_memories[0].state()
    np.testing.assert_allclose(held["weight"], found.cf_reach, rtol=1e-6)
    dense = run.encoding.dense(0, found.regret)
    np.testing.assert_allclose(held["target"] * held["weight"][:, None], dense, atol=1e-6)
    np.testing.assert_allclose(run.strategy_memories[0].state()["target"], run.encoding.uniform(0), rtol=1e-6)


def test_samples_weigh_the_iteration(leduc):
    run = DeepCFR(leduc.tree, tiny())
    for _ in range(3):
        run.step()
    held = run.strategy_memories[0].state()
    at_root = held["decision"] == leduc.tree.decision[0]
    np.testing.assert_array_equal(held["weight"][at_root], [[t] * 6 for t in (1, 2, 3)])


@pytest.mark.parametrize("game", [KUHN, LEDUC, DICE])
def test_self_play_strategies_are_probabilities_over_legal_actions(game):
    run = DeepCFR(case_of(game).tree, tiny())
    for _ in range(2):
        run.step()
        for p in (0, 1):
            played = run.played(p)
            np.testing.assert_allclose(played.sum(axis=1), 1.0)
            assert (played >= 0).all()
            assert (played[~run.encoding.legal[p]] == 0).all()
        check_strategy(run.policy().strategy())


def test_without_a_positive_advantage_the_highest_is_played(kuhn):
    run = DeepCFR(kuhn.tree, tiny())
    run.step()
    with torch.no_grad():
        run.advantages[0].last.weight.zero_()
        run.advantages[0].hands.weight.zero_()
        run.advantages[0].hands.bias.fill_(1.0)
        run.advantages[0].last.bias.copy_(torch.tensor([-2.0] * 4 + [-1.0] * 4))
    np.testing.assert_array_equal(run.played(0), np.broadcast_to(np.array([0.0, 1.0])[:, None], (2, 2, 3)))


@pytest.mark.parametrize(("game", "bound"), [(KUHN, 0.02), (DICE, 0.1)])
def test_small_games_are_learnt(game, bound):
    config = DeepCFRConfig(
        iterations=64,
        network=PolicyNetworkConfig(hidden=64),
        advantage=FitConfig(steps=20, learning_rate=0.01),
        policy=FitConfig(steps=300, learning_rate=0.01, final_rate=0.01),
    )
    run = DeepCFR(case_of(game).tree, config)
    while run.iteration < config.iterations:
        run.step()
    assert run.evaluate().exploitability < bound


def test_minibatches_of_samples_learn_too(kuhn):
    config = tiny(iterations=48, batch_size=64, policy=FitConfig(steps=300, learning_rate=0.01, final_rate=0.01))
    run = DeepCFR(kuhn.tree, config)
    while run.iteration < config.iterations:
        run.step()
    assert run.evaluate().exploitability < 0.1


def test_asking_for_policies_changes_nothing(kuhn):
    runs = [DeepCFR(kuhn.tree, tiny(batch_size=8)) for _ in range(2)]
    for _ in range(4):
        runs[0].step()
        runs[0].evaluate()
        runs[1].step()
    assert_same(*runs)
    assert [row.iteration for row in runs[0].history] == [1, 2, 3, 4]


def test_the_seed_decides(kuhn):
    one, same, other = (DeepCFR(kuhn.tree, tiny(seed=seed)) for seed in (1, 1, 2))
    for run in (one, same, other):
        run.step()
    assert_same(one, same)
    assert any((x != y).any() for x, y in zip(weights(one), weights(other), strict=True))


def test_compute_counts_both_trainings(kuhn):
    run = DeepCFR(kuhn.tree, tiny())
    run.step()
    run.step()
    forward = run.advantages[0].multiply_adds(2, 3)
    assert run.multiply_adds == 2 * 2 * 3 * 10 * forward
    assert run.evaluate().multiply_adds == run.multiply_adds + 2 * 3 * 20 * forward


def test_a_policy_needs_an_iteration(kuhn):
    with pytest.raises(ValueError, match="at least 1 iteration"):
        DeepCFR(kuhn.tree, tiny()).policy()


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: DeepCFRConfig(iterations=0), "trainer.iterations must be at least 1, got 0"),
        (lambda: DeepCFRConfig(evaluate_growth=1.0), "trainer.evaluate_growth must be above 1, got 1.0"),
        (lambda: FitConfig(learning_rate=float("nan")), "learning_rate must be a finite number, got nan"),
        (lambda: FitConfig(steps=0), "steps must be at least 1, got 0"),
        (lambda: FitConfig(final_rate=2.0), "final_rate must be at most 1, got 2.0"),
    ],
)
def test_bad_numbers_are_refused(make, message):
    with pytest.raises(ValueError, match=message):
        make()


# saving and resuming


@pytest.mark.parametrize("changes", [{}, {"batch_size": 8}, {"capacity": 5}])
def test_a_restored_run_goes_on_bit_for_bit(kuhn, tmp_path, changes):
    config = tiny(**changes)
    run = DeepCFR(kuhn.tree, config)
    for t in range(6):
        if t in (0, 3):
            save_state(run, tmp_path)
            run = load_state(tmp_path, kuhn.tree, config)
        run.step()
    through = DeepCFR(kuhn.tree, config)
    for _ in range(6):
        through.step()
    assert_same(run, through)


def test_train_leaves_a_policy_and_a_state(kuhn, tmp_path):
    seen, points = [], []

    class Writer:
        def add_scalar(self, tag, scalar_value, global_step):
            points.append((tag, global_step))

    policy, history = train(kuhn.tree, tiny(), tmp_path, writer=Writer(), progress=lambda t, rows: seen.append((t, len(rows))))
    assert seen == [(1, 1), (2, 2), (3, 2), (4, 3), (5, 3), (6, 3), (7, 3), (8, 4)]
    assert [row.iteration for row in history] == [1, 2, 4, 8]
    assert Evaluator(kuhn.tree).exploitability(policy.strategy()) == history[-1].exploitability
    assert [i for tag, i in points if tag == "exploitability"] == [1, 2, 4, 8]
    assert sorted(p.name for p in tmp_path.iterdir()) == [POLICY_FILE, STATE_FILE]
    loaded = load_policy(tmp_path / POLICY_FILE, kuhn.tree)
    again = train(kuhn.tree, tiny(), tmp_path).policy
    for x, y, z in zip(*(p.strategy().tables for p in (policy, loaded, again)), strict=True):
        np.testing.assert_array_equal(x, y)
        np.testing.assert_array_equal(x, z)


@pytest.mark.parametrize("other", [{"seed": 1}, None])
def test_a_stale_or_damaged_policy_file_is_written_anew(kuhn, tmp_path, other):
    policy = train(kuhn.tree, tiny(), tmp_path).policy
    if other is None:
        (tmp_path / POLICY_FILE).write_bytes(b"damaged")
    else:
        train(kuhn.tree, tiny(**other), tmp_path / "other")
        (tmp_path / "other" / POLICY_FILE).replace(tmp_path / POLICY_FILE)
    for again in (train(kuhn.tree, tiny(), tmp_path).policy, load_policy(tmp_path / POLICY_FILE, kuhn.tree)):
        for x, y in zip(policy.strategy().tables, again.strategy().tables, strict=True):
            np.testing.assert_array_equal(x, y)


def test_a_finished_run_can_be_extended(kuhn, tmp_path):
    train(kuhn.tree, tiny(), tmp_path / "short")
    long = train(kuhn.tree, tiny(iterations=12), tmp_path / "short").policy
    through = train(kuhn.tree, tiny(iterations=12), tmp_path / "long").policy
    for x, y in zip(long.strategy().tables, through.strategy().tables, strict=True):
        np.testing.assert_array_equal(x, y)


def test_stop_ends_a_run_that_can_be_resumed(kuhn, tmp_path):
    asked = []
    train(kuhn.tree, tiny(), tmp_path, stop=lambda: bool(asked.append(1)) or len(asked) == 3)
    assert load_state(tmp_path, kuhn.tree, tiny()).iteration == 3
    resumed = train(kuhn.tree, tiny(), tmp_path).policy
    through = train(kuhn.tree, tiny(), tmp_path / "through").policy
    for x, y in zip(resumed.strategy().tables, through.strategy().tables, strict=True):
        np.testing.assert_array_equal(x, y)


def test_ctrl_c_saves_whole_iterations(kuhn, tmp_path, monkeypatch):
    step = DeepCFR._train_advantages

    def interrupted(self, p):
        if self.iteration == 4 and p == 0:
            os.kill(os.getpid(), signal.SIGINT)
        step(self, p)

    monkeypatch.setattr(DeepCFR, "_train_advantages", interrupted)
    with pytest.raises(KeyboardInterrupt):
        train(kuhn.tree, tiny(), tmp_path)
    monkeypatch.undo()
    assert load_state(tmp_path, kuhn.tree, tiny()).iteration == 5
    resumed = train(kuhn.tree, tiny(), tmp_path).policy
    through = train(kuhn.tree, tiny(), tmp_path / "through").policy
    for x, y in zip(resumed.strategy().tables, through.strategy().tables, strict=True):
        np.testing.assert_array_equal(x, y)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"seed": 1}, r"trainer.seed must be 0 as in .*, got 1"),
        ({"advantage": FitConfig(steps=11)}, r"trainer.advantage.steps must be 10 as in .*, got 11"),
        ({"network": PolicyNetworkConfig(hidden=8, embedding=4)}, r"trainer.network.hidden must be 16 as in .*, got 8"),
        ({"iterations": 7}, r"trainer.iterations must be at least the 8 of .*, got 7"),
    ],
)
def test_another_runs_state_is_refused_by_key(kuhn, tmp_path, changes, message):
    train(kuhn.tree, tiny(), tmp_path)
    before = (tmp_path / STATE_FILE).read_bytes()
    with pytest.raises(CheckpointError, match=message):
        train(kuhn.tree, tiny(**changes), tmp_path)
    assert (tmp_path / STATE_FILE).read_bytes() == before


def test_another_games_state_is_refused(kuhn, leduc, tmp_path):
    save_state(DeepCFR(kuhn.tree, tiny()), tmp_path)
    with pytest.raises(CheckpointError, match="must be for game leduc_poker, got one for kuhn_poker"):
        train(leduc.tree, tiny(), tmp_path)


def test_a_truncated_state_is_refused_and_left_alone(kuhn, tmp_path):
    train(kuhn.tree, tiny(), tmp_path)
    path = tmp_path / STATE_FILE
    path.write_bytes(path.read_bytes()[:-7])
    with pytest.raises(CheckpointError, match="damaged"):
        train(kuhn.tree, tiny(), tmp_path)
    assert path.exists()


KILLED = """
import sys
from pathlib import Path
from agents.training import DeepCFRConfig, FitConfig, train
from agents.networks import PolicyNetworkConfig
from games import public_tree
config = DeepCFRConfig(iterations=10**9, network=PolicyNetworkConfig(hidden=16, embedding=4), advantage=FitConfig(steps=10),
                       policy=FitConfig(steps=20), save_seconds=0.0, capacity=500)
train(public_tree("leduc_poker"), config, sys.argv[1], progress=lambda *row: print(row[0], flush=True))
"""


def test_a_killed_run_resumes_bit_for_bit(leduc, tmp_path):
    directory = tmp_path / "killed"
    root = Path(__file__).parents[1]
    with subprocess.Popen([sys.executable, "-c", KILLED, str(directory)], cwd=root, stdout=subprocess.PIPE, text=True) as process:
        for line in process.stdout:
            if int(line) == 7:
                time.sleep(0.003)  # somewhere in the middle of the next iteration or of a write
                process.kill()
                break
    config = tiny(capacity=500, iterations=10**9)
    run = load_state(directory, leduc.tree, config)
    assert run.iteration >= 6
    target = run.iteration + 3
    while run.iteration < target:
        run.step()
    through = DeepCFR(leduc.tree, config)
    while through.iteration < target:
        through.step()
    assert_same(run, through)


def odd_state(directory, metadata=None, tensors=None):
    """Write a state again with other contents, honest digest included."""
    path = directory / STATE_FILE
    found, header = load_tensors(path, "deep_cfr")
    save_tensors(path, {**found, **(tensors or {})}, {**header, **(metadata or {})}, "deep_cfr")


PAST = {"iteration": 1, "seconds": 0.5, "multiply_adds": 10, "exploitability": 0.25}


@pytest.mark.parametrize(
    "change",
    [
        {"seconds": -1.0}, {"seconds": math.inf}, {"seconds": None}, {"multiply_adds": 1.5}, {"losses": [1.0]}, {"losses": [math.nan, 0.0]},
        {"rng": None}, {"rng": {}}, {"iteration": -1}, {"iteration": 1.5}, {"iteration": None}, {"config": None}, {"history": 3},
        {"history": [PAST | {"exploitability": 1e6}]}, {"history": [PAST | {"iteration": 9}]}, {"history": [PAST, PAST]},
        {"history": [PAST | {"seconds": math.inf}]},
    ],
)  # fmt: skip
def test_a_state_of_impossible_numbers_is_refused(kuhn, tmp_path, change):
    run = DeepCFR(kuhn.tree, tiny())
    run.step()
    save_state(run, tmp_path)
    odd_state(tmp_path, metadata=change)
    with pytest.raises(CheckpointError, match=r"^(training state|checkpoint) must (be complete|have a history)") as caught:
        load_state(tmp_path, kuhn.tree, tiny())
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("name", "number"),
    [
        ("advantage_memory.0.target", math.inf), ("advantage_memory.0.weight", -1.0), ("advantage_memory.1.decision", 2**31),
        ("strategy_memory.0.total_weight", math.nan), ("strategy_memory.1.seen", -1), ("optimiser.0.0.exp_avg", math.nan),
        ("optimiser.0.1.exp_avg_sq", -1.0), ("optimiser.1.0.step", math.inf), ("advantage.0.first.weight", math.nan),
    ],
)  # fmt: skip
def test_a_state_of_impossible_arrays_is_refused(kuhn, tmp_path, name, number):
    run = DeepCFR(kuhn.tree, tiny())
    run.step()
    save_state(run, tmp_path)
    array = load_tensors(tmp_path / STATE_FILE, "deep_cfr")[0][name].copy()
    array.reshape(-1)[0] = number
    odd_state(tmp_path, tensors={name: array})
    with pytest.raises(CheckpointError, match="must be"):
        load_state(tmp_path, kuhn.tree, tiny())


# the baseline


def test_every_number_has_a_default_and_is_plain():
    assert asdict(DeepCFRConfig())["network"] == {"hidden": 128, "layers": 2, "embedding": 16}
