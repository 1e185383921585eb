"""Expert iteration: what decisions are solved, what is learned of them, and what a stopped run keeps."""

from dataclasses import replace
from functools import cache, partial

import numpy as np
import pytest

from agents.apps.build import blueprint_directory
from agents.bucket_blueprint import load_blueprint
from agents.networks.start_values import StartNetworkConfig
from agents.networks.street_policy import load_street_policy
from agents.runtime.executor import Serial
from agents.training import train
from agents.training.decision_labels import DecisionLabelling, decision_files, decision_shard
from agents.training.expert_iteration import ExpertIterationConfig, ExpertIterationRun, label_folder
from agents.training.label_files import SHARD, Part
from search.boards.decision_features import PASS, SEEN, SLOTS
from tests.compiling import compiled
from tests.spots import GAME

pytestmark = compiled
CONFIG = ExpertIterationConfig(
    network=StartNetworkConfig(hidden=8, layers=2, buckets=8), rounds=2, turn_labels=SHARD, river_labels=SHARD, held_out=6,
    turn_iterations=2, river_iterations=2, label_gap=1.0, iterations=4, steps=2, batch_size=16, evaluate_from=1,
)  # fmt: skip


@cache
def table():
    return load_blueprint(GAME, blueprint_directory("small"))


def run(folder, config=CONFIG):
    def make(street, number, policy, digest):
        labelling = config.labelling(street)
        made = partial(decision_shard, policy, labelling)
        files = decision_files(digest, labelling)
        files.make(made, config.parts(street, number), label_folder(folder, street, number), Serial(), lambda done: None)

    return ExpertIterationRun(config, table(), folder, make, blueprint_directory("small"))


@pytest.mark.parametrize(("cards", "iterations"), [(5, 200), (4, 150)])
def test_targets_are_strategies_and_gains_say_what_actions_lose(cards, iterations):
    labels = decision_shard(table(), DecisionLabelling(cards=cards, iterations=iterations, buckets=32), Part(False, 0, 20))
    targets, gains = labels.targets.astype(float), labels.gains.astype(float)
    legal, masses = labels.legal, labels.masses.astype(float)
    assert labels.features.shape == (20, SEEN + 64)
    assert legal[:, PASS].all()
    np.testing.assert_allclose(targets.sum(axis=1)[labels.counts > 1e-3], 1, atol=2e-3)
    assert np.abs(targets[~legal]).max() == 0
    np.testing.assert_allclose(labels.counts.astype(float).sum(axis=1), 32, rtol=1e-2)
    np.testing.assert_allclose(masses.sum(axis=1), 32, rtol=1e-2)
    shares = legal / legal.sum(axis=1, keepdims=True)
    strategy, alike = ((-(p * gains).sum(axis=1) * masses).sum() / masses.sum() for p in (targets, np.repeat(shares[:, :, None], 32, 2)))
    assert abs(strategy) < 0.02  # of the pot: what buckets leave
    assert alike > 0.03


def test_decisions_are_the_same_for_the_same_numbers():
    labelling = DecisionLabelling(iterations=3, buckets=8)
    first, again, other = (decision_shard(table(), labelling, Part(False, number, 9)) for number in (1, 1, 2))
    for one, two in zip(first, again, strict=True):
        np.testing.assert_array_equal(one, two)
    assert not np.array_equal(first.features, other.features)
    fewer = decision_shard(table(), labelling, Part(False, 1, 4))
    np.testing.assert_array_equal(fewer.targets, first.targets[:4])


def test_a_run_that_was_stopped_goes_on_to_the_same_bits(tmp_path):
    whole = train(run(tmp_path / "whole"), tmp_path / "whole")
    for stops in (1, 3):  # in the first round, and in the second
        part = tmp_path / f"part_{stops}"
        stopped = run(part)
        train(stopped, part, stop=lambda stopped=stopped, stops=stops: stopped.iteration == stops)
        again = train(run(part), part)
        assert again.digest == whole.digest
    networks, about = load_street_policy(tmp_path / "whole" / "policy.safetensors")
    assert set(networks) == {"turn", "river"}
    assert [row["iteration"] for row in about["history"]] == [1, 2, 4]
    assert all(row["turn_ev"] > 0 for row in about["history"])
    second = decision_files(load_street_policy(tmp_path / "whole" / "round_1.safetensors")[1]["digest"][:16], CONFIG.labelling("river"))
    assert len(second.part(label_folder(tmp_path / "whole", "river", 1) / "part_00000.npz", Part(False, 0, 5)).gap) == 5
    assert load_blueprint(GAME, tmp_path / "whole").digest == table().digest


def test_networks_learn_what_is_played(tmp_path):
    config = replace(
        CONFIG, rounds=1, turn_iterations=20, river_iterations=100, iterations=60, steps=5, learning_rate=3e-3, evaluate_from=1
    )
    learned = run(tmp_path, config)
    train(learned, tmp_path)
    first, last = learned.history[0], learned.history[-1]
    assert last.loss < first.loss
    assert last.river_ev < learned.anchors()["river"]
    assert SLOTS == 5


@pytest.mark.parametrize(
    ("given", "rule"),
    [
        ({"iterations": 5}, "trainer.iterations must be a multiple of the 2 rounds, got 5"),
        ({"network": StartNetworkConfig(buckets=6)}, "trainer.network.buckets must be a multiple of 4, at least 8, got 6"),
        ({"rounds": 0}, "trainer.rounds must be at least 1"),
        ({"turn_labels": 10}, "trainer.turn_labels must be at least 250"),
    ],
)
def test_bad_settings_are_refused(given, rule):
    with pytest.raises(ValueError, match=rule):
        replace(CONFIG, **given)
