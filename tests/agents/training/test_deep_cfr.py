"""Deep CFR on both families of games: buffers, the algorithm, runs in directories, damaged and older states, search from what it learns."""

import math
import os
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter
from dataclasses import replace

import numpy as np
import pytest
import torch

from agents import tabulate
from agents.networks import CheckpointError, NetworkConfig, load_policy, load_tensors, policy_metadata, save_tensors
from agents.networks.blueprint import make_network_blueprint
from agents.search_agent import SearchAgent
from agents.training import POLICY_FILE, STATE_FILE, DeepCFR, DeepCFRConfig, FitConfig, load_state, save_state, train
from agents.training.buffer import ReservoirBuffer
from games.holdem.board_tree import board_tree
from search import Budget, variant
from search.boards.infostates import BoardInfostates
from search.infostates import Block, uniform_tables
from search.resolving import ResolveConfig
from tests.catalogue import DICE, KUHN, LEDUC, small
from tests.learners import BOTH, EVERY, HOLDEM, infostates_of, make_run, same, stepped, weights
from tests.running import ROOT, result_of, timebank

OLDER = ROOT / "tests" / "data" / "older_training"
both = pytest.mark.parametrize("name", BOTH)


def assert_same(run, other):
    assert run.iteration == other.iteration
    assert same(run.advantages, other.advantages)
    assert same(run.policy().networks, other.policy().networks)


def block(decisions, actions, hands):
    """Return a block where every decision has every action."""
    action = np.tile(np.eye(actions, dtype=np.float32), (decisions, 1))
    sides = np.zeros((hands, 1), np.float32), np.zeros((decisions, 1), np.float32)
    return Block(*sides, action, np.arange(decisions + 1) * actions, hands)


# buffers


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


# the algorithm


@pytest.mark.parametrize("name", EVERY)
def test_self_play_strategies_are_probabilities(name):
    run = make_run(name)
    for _ in range(2):
        run.step()
        for p in (0, 1):
            for tables in (run.played(p), run.policy().tables(p)):
                for table, part in zip(tables, run.infostates.blocks[p], strict=True):
                    assert (table >= 0).all()
                    np.testing.assert_allclose(np.add.reduceat(table, part.first_row[:-1], axis=1), 1, rtol=1e-5)


def test_without_a_positive_advantage_the_highest_is_played():
    run = stepped(KUHN, 1)
    with torch.no_grad():
        run.advantages[0].last.weight.zero_()
        run.advantages[0].hands.weight.zero_()
        run.advantages[0].hands.bias.fill_(1.0)
        run.advantages[0].last.bias.copy_(torch.tensor([-2.0] * 4 + [-1.0] * 4))
    np.testing.assert_array_equal(run.played(0)[0], np.tile([0.0, 1.0], (3, 2)))


LEARNS = {  # exploitability after 64 iterations, in chips; of hold'em after 6, as a share of uniform play's
    (KUHN, None): 0.02, (KUHN, "private"): 0.05, (DICE, None): 0.1, (HOLDEM, None): 0.5,
}  # fmt: skip


@pytest.mark.parametrize(("name", "deep"), [pytest.param(*case, marks=pytest.mark.slow if DICE in case else ()) for case in LEARNS])
def test_small_games_are_learnt(name, deep):
    fits = {"advantage": FitConfig(steps=20, learning_rate=0.01), "policy": FitConfig(steps=300, learning_rate=0.01, final_rate=0.01)}
    run = stepped(name, 6 if name == HOLDEM else 64, network=NetworkConfig(hidden=64, deep=deep), batch_size=64 * (name == HOLDEM), **fits)
    uniform = uniform_tables(run.infostates, 0), uniform_tables(run.infostates, 1)
    scale = run.infostates.exploitability(uniform) if name == HOLDEM else 1
    assert run.evaluate().exploitability < LEARNS[name, deep] * scale


def test_minibatches_of_samples_learn_too():
    run = stepped(KUHN, 48, batch_size=64, policy=FitConfig(steps=300, learning_rate=0.01, final_rate=0.01))
    assert run.evaluate().exploitability < 0.1


@both
def test_asking_for_policies_changes_nothing(name):
    asked, plain = make_run(name, batch_size=8), make_run(name, batch_size=8)
    for _ in range(4):
        asked.step()
        asked.evaluate()
        plain.step()
    assert_same(asked, plain)
    assert asked.multiply_adds == plain.multiply_adds
    assert [row.iteration for row in asked.history] == [1, 2, 3, 4]


@both
def test_the_seed_decides(name):
    one, again, other = (stepped(name, 1, seed=seed) for seed in (1, 1, 2))
    assert_same(one, again)
    assert one.evaluate().exploitability == again.evaluate().exploitability
    assert not same(one.advantages, other.advantages)


def test_compute_counts_both_trainings():
    run = stepped(KUHN, 2)
    forward = run.advantages[0].multiply_adds(2, 3)
    assert run.multiply_adds == 2 * 2 * 3 * 10 * forward
    assert run.evaluate().multiply_adds == run.multiply_adds + 2 * 3 * 20 * forward


def test_a_policy_needs_an_iteration():
    with pytest.raises(ValueError, match="at least 1 iteration"):
        make_run(KUHN).policy()


BAD = {
    "trainer.iterations must be at least 1, got 0": {"iterations": 0},
    "trainer.evaluate_growth must be above 1, got 1.0": {"evaluate_growth": 1.0},
    "trainer.batch_size must be at least 0, got -1": {"batch_size": -1},
    "trainer.seed must be at least 0, got -1": {"seed": -1},
    "trainer.evaluate_from must be at least 1, got 0": {"evaluate_from": 0},
    "trainer.save_seconds must be at least 0 seconds, got -1": {"save_seconds": -1},
}


@pytest.mark.parametrize("message", BAD)
def test_bad_numbers_are_refused(message):
    with pytest.raises(ValueError, match=f"^{message}$"):
        DeepCFRConfig(**BAD[message])


@pytest.mark.parametrize(
    ("key", "bad", "message"),
    [
        ("learning_rate", math.nan, "learning_rate must be a finite number, got nan"),
        ("steps", 0, "steps must be at least 1, got 0"),
        ("final_rate", 2.0, "final_rate must be at most 1, got 2.0"),
    ],
)
def test_bad_numbers_of_a_fit_are_refused(key, bad, message):
    with pytest.raises(ValueError, match=message):
        FitConfig(**{key: bad})


def test_a_fit_needs_its_numbers():
    with pytest.raises(ValueError, match="steps, learning_rate and final_rate must be given, got "):
        FitConfig(steps=3).rates()


@pytest.mark.parametrize(
    ("name", "changes", "message"),
    [
        (
            HOLDEM,
            {"network": NetworkConfig(deep="public")},
            r"trainer.network.deep must be private where bets .*, got public",
        ),
        (HOLDEM, {"capacity": 1000}, r"trainer.capacity must be left out where the private side has the trunk: all is kept, got 1,000"),
        (KUHN, {"network": NetworkConfig(bets=8)}, r"trainer.network.bets must be left out where the public side has the trunk, got 8"),
    ],
)
def test_settings_that_do_not_fit_the_game_are_refused(name, changes, message):
    with pytest.raises(ValueError, match=message):
        DeepCFR(infostates_of(name), DeepCFRConfig(**changes))


def test_defaults_are_given_by_the_game():
    derived, holdem = (DeepCFR(infostates_of(name)).config for name in BOTH)
    assert (derived.iterations, derived.network.layers, derived.advantage.steps, derived.policy.learning_rate) == (256, 2, 60, 0.01)
    assert (holdem.iterations, holdem.network.layers, holdem.advantage.steps, holdem.policy.learning_rate) == (128, 3, 20, 0.003)
    given = DeepCFR(infostates_of(HOLDEM), DeepCFRConfig(iterations=3, policy=FitConfig(steps=7))).config
    assert (given.iterations, given.policy.steps, given.policy.learning_rate) == (3, 7, 0.003)


# saving and resuming


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


@both
def test_a_finished_run_can_be_extended(name, tmp_path):
    train(make_run(name, iterations=3), tmp_path / "short")
    long = train(make_run(name, iterations=5), tmp_path / "short").policy
    assert same(long.networks, train(make_run(name, iterations=5), tmp_path / "long").policy.networks)


def test_stop_ends_a_run_that_can_be_resumed(tmp_path):
    asked = []
    train(make_run(KUHN), tmp_path, stop=lambda: bool(asked.append(1)) or len(asked) == 3)
    stopped = make_run(KUHN)
    load_state(stopped, tmp_path)
    assert stopped.iteration == 3
    resumed = train(make_run(KUHN), tmp_path).policy
    assert same(resumed.networks, train(make_run(KUHN), tmp_path / "through").policy.networks)


def test_ctrl_c_saves_whole_iterations(tmp_path, monkeypatch):
    step = DeepCFR._train_advantages

    def interrupted(self, p):
        if self.iteration == 4 and p == 0:
            os.kill(os.getpid(), signal.SIGINT)
        step(self, p)

    monkeypatch.setattr(DeepCFR, "_train_advantages", interrupted)
    with pytest.raises(KeyboardInterrupt):
        train(make_run(KUHN), tmp_path)
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


# search from a network


def test_search_from_a_networks_blueprint_improves_it(tmp_path):
    own = stepped(HOLDEM, 6, policy=FitConfig(steps=60, learning_rate=0.01, final_rate=0.01), batch_size=64)
    own.evaluate()
    own.save_policy(tmp_path / "policy")
    game = own.infostates.game
    blueprint, history = make_network_blueprint(game, tmp_path / "policy", tmp_path / "blueprint")
    assert blueprint.size == sum(w.size for w in weights(own.policy().networks))
    assert blueprint.exploitability == pytest.approx(own.history[-1].exploitability, rel=1e-5)
    assert 0 < blueprint.row()["writing_seconds"] < 600
    assert blueprint.written().startswith("; asked at every infostate in ")
    assert [row["iteration"] for row in history] == [6]
    again, _ = make_network_blueprint(game, tmp_path / "policy", tmp_path / "blueprint")
    assert again == blueprint
    searched = SearchAgent(blueprint, variant("default_holdem"), "flop", ResolveConfig("maxmargin"))
    reports = [tabulate(searched, seat, Budget(iterations=100)) for seat in (0, 1)]
    assert sum(r.opponent_best_response for r in reports) / 2 < 0.9 * blueprint.exploitability
    own.step()
    own.evaluate()
    own.save_policy(tmp_path / "policy")
    with pytest.raises(ValueError, match="must be the one asked for"):
        make_network_blueprint(game, tmp_path / "policy", tmp_path / "blueprint")


# on hold'em by command; tests/agents/apps/test_apps_train_ablate.py has the rest

COMMAND = [
    "game=ms2f1t1h5", "game.ranks=QKA", "game.suits=cdh", "trainer.iterations=3", "trainer.evaluate_from=1", "trainer.network.hidden=16",
    "trainer.advantage.steps=5", "trainer.policy.steps=20",
]  # fmt: skip


def test_train_and_ablate_on_holdem(monkeypatch, tmp_path, capsys):
    assert timebank(monkeypatch, "train", *COMMAND, f"hydra.run.dir={tmp_path / 'a'}") == 0
    result = result_of(tmp_path / "a")
    assert [row["iteration"] for row in result["history"]] == [1, 2, 3]
    assert result["network_exploitability"]["mbb_per_game"] == pytest.approx(500 * result["history"][-1]["exploitability"])
    assert "mbb/g" in capsys.readouterr().out
    more = [*COMMAND[:3], "agent=search", "agent.solve_from=turn", "executor=serial", "unit=iterations", "budgets=[0,20]"]
    checkpoint = f"agent.checkpoint={tmp_path / 'a' / POLICY_FILE}"
    assert timebank(monkeypatch, "ablate", *more, checkpoint, f"hydra.run.dir={tmp_path / 'b'}") == 0
    result = result_of(tmp_path / "b")
    alone, turn = result["rows"]
    assert alone["exploitability"]["value"] == pytest.approx(result["history"][-1]["exploitability"], rel=1e-5)
    assert turn["exploitability"]["value"] < alone["exploitability"]["value"]
    assert alone["train_compute"] == {"value": result["history"][-1]["compute"], "unit": "multiply-adds"}


REFUSED = {
    "trainer.network.deep=public": "trainer.network.deep must be private where bets differ in size",
    "agent.checkpoint=/nowhere": "agent.checkpoint must be a checkpoint file, got /nowhere",
    "agent.buckets=[0,5,5]": "agent.buckets must be left out but for a tabular policy",
}


@pytest.mark.parametrize("override", REFUSED)
def test_ablate_refuses_what_no_network_can_be_made_of(monkeypatch, tmp_path, capsys, override):
    assert timebank(monkeypatch, "ablate", *COMMAND[:3], "agent=network", override, f"hydra.run.dir={tmp_path / 'a'}") == 2
    assert REFUSED[override] in capsys.readouterr().err
    assert not (tmp_path / "a").exists()


def test_the_older_name_of_the_trainer_of_holdem_is_understood(monkeypatch, tmp_path):
    short = ("trainer.iterations=1", "trainer.advantage.steps=1", "trainer.policy.steps=1")
    assert timebank(monkeypatch, "train", *COMMAND[:3], "trainer=holdem_deep_cfr", *short, f"hydra.run.dir={tmp_path / 'a'}") == 0
    assert [row["iteration"] for row in result_of(tmp_path / "a")["history"]] == [1]
