"""Values of rivers: which rivers are drawn, what is learned of them, and what a stopped run keeps."""

import shutil
from dataclasses import replace
from functools import cache, partial

import numpy as np
import pytest

from agents.apps.build import blueprint_directory
from agents.bucket_blueprint import load_blueprint
from agents.networks import CheckpointError
from agents.networks.residual import residual_layers
from agents.networks.start_values import StartNetworkConfig, load_start_values, make_start_network, save_start_values
from agents.runtime.executor import Serial
from agents.training import train
from agents.training.label_files import SECONDS, SHARD, Part, label_cost, parts_of
from agents.training.start_labels import (
    KEYS,
    LEAST_RANGE,
    SOURCES,
    Labelling,
    StartDraws,
    held_out,
    random_range,
    shard,
    solved,
    start_files,
)
from agents.training.start_values import LABELS, StartValuesConfig, StartValuesRun
from games.holdem.cards import hole_hands, parse_cards
from search.boards.range_buckets import board_buckets
from search.boards.start_values import checked_down
from tests.compiling import compiled
from tests.spots import GAME

pytestmark = compiled
QUICK = Labelling(cards=5, buckets=8, iterations=4, gap=1.0)
CONFIG = StartValuesConfig(
    network=StartNetworkConfig(hidden=8, layers=2, buckets=8), labels=SHARD, held_out=3, label_iterations=2, label_gap=1.0, iterations=4,
    steps=2, batch_size=16, evaluate_from=2,
)  # fmt: skip


@cache
def blueprint():
    return load_blueprint(GAME, blueprint_directory("small"))


def make(folder, config=CONFIG, tell=lambda done: None):
    files(config).make(partial(shard, blueprint(), config.labelling), config.parts, folder, Serial(), tell)


def files(config=CONFIG, digest=None):
    return start_files(digest or blueprint().digest, config.labelling)


@pytest.mark.parametrize("cards", [4, 5])
def test_states_come_from_three_sources_and_hold_out_flops(cards):
    for held in (True, False):
        drawn = StartDraws(blueprint(), cards).starts(np.random.default_rng(0), held)
        starts = [next(drawn) for _ in range(12)]
        assert [start.source for start in starts] == [0, 1, 2] * 4
        for start in starts:
            assert held_out(start.cards[:3]) == held
            assert len(set(start.cards)) == cards
            assert start.behind >= 1
            for range_ in start.ranges:
                dead = np.isin(hole_hands(), start.cards).any(axis=1)
                assert range_.max() == 1
                assert range_[~dead].min() >= LEAST_RANGE
                assert not range_[dead].any()


def test_a_flop_is_held_out_whatever_its_suits_are_called():
    rng = np.random.default_rng(0)
    for _ in range(50):
        flop, suits = rng.permutation(52)[:3], rng.permutation(4)
        renamed = [int(4 * (card // 4) + suits[card % 4]) for card in flop]
        assert held_out(tuple(flop.tolist())) == held_out(tuple(renamed[::-1]))


def test_random_ranges_split_all_of_the_probability():
    cards = parse_cards("Ks8h3d2c9c", "board")
    range_ = random_range(hole_hands(), cards, np.random.default_rng(3))
    assert np.count_nonzero(range_) == 1081
    assert range_.max() == 1


def test_labels_are_the_same_for_the_same_numbers():
    first, again = (shard(blueprint(), QUICK, Part(True, 2, 4)) for _ in (0, 1))
    for one, other in zip(first, again, strict=True):
        np.testing.assert_array_equal(one, other)
    assert not np.array_equal(first.features, shard(blueprint(), QUICK, Part(True, 3, 4)).features)
    np.testing.assert_allclose(first.counts.astype(float).sum(axis=1), 2 * QUICK.buckets, rtol=1e-2)
    assert first.ranges.shape == (4, 2, 1326)
    assert shard(blueprint(), QUICK, Part(False, 2, 1)).ranges.size == 0


def test_labels_of_turns_are_zero_sum_and_know_hands_that_ranges_lack():
    label = solved(next(StartDraws(blueprint(), 4).starts(np.random.default_rng(1), False)), replace(QUICK, cards=4, iterations=150))
    start = label.start
    down = checked_down(hole_hands(), start.cards, start.ranges)
    total = sum(float((r * m * v).sum()) for r, m, v in zip(start.ranges, down.met, label.pots, strict=True))
    assert 0 < label.gap < 0.2
    assert abs(total) < 0.01 * float((start.ranges[0] * down.met[0]).sum())
    live = ~np.isin(hole_hands(), start.cards).any(axis=1)
    assert all(np.count_nonzero(pots[live]) > 1100 for pots in label.pots)


def test_a_run_that_was_stopped_goes_on_to_the_same_bits(tmp_path):
    folder = tmp_path / LABELS
    done = []
    make(folder, CONFIG, done.append)
    assert done == [0, 3, 3 + SHARD]
    changed = Part(False, 0, SHARD).file(folder)
    before = changed.stat().st_mtime_ns
    make(folder, CONFIG, done.append)
    assert done[-1] == 3 + SHARD
    assert changed.stat().st_mtime_ns == before

    def run():
        return StartValuesRun(GAME, CONFIG, blueprint().digest, folder)

    whole = train(run(), tmp_path / "whole")
    stopped = run()
    train(stopped, tmp_path / "part", stop=lambda: stopped.iteration == 2)
    part = train(run(), tmp_path / "part")
    first, about = load_start_values(whole)
    second, _ = load_start_values(part)
    for one, other in zip(first.parameters(), second.parameters(), strict=True):
        np.testing.assert_array_equal(one.detach().numpy(), other.detach().numpy())
    assert about["menu"].startswith("50%")
    assert [row["iteration"] for row in about["history"]] == [2, 4]
    anchors, errors = run().anchors(), run().errors_of(residual_layers(first)(run().held_labels.features.astype(np.float32)))
    assert len(errors) == len(SOURCES)
    assert min(*anchors.floor, *anchors.checked_down) > 0


def test_where_nearly_nothing_is_behind_labels_are_checking_down():
    """Of the very ranges that a network sees: narrow ones of the source ``random`` included."""
    for cards, count, most in ((5, 3, 1e-4), (4, 3, 0.02)):  # one chip to a pot of 100,000; turns are solved on rivers that are drawn
        drawn = StartDraws(blueprint(), cards).starts(np.random.default_rng(5), False)
        for start in [next(drawn)._replace(pot=100_000, behind=1) for _ in range(count)]:
            label = solved(start, Labelling(cards=cards, iterations=60, gap=0.001))
            down = checked_down(hole_hands(), start.cards, start.ranges)
            for pots, plain in zip(label.pots, down.pots, strict=True):
                np.testing.assert_allclose(pots, plain, atol=most)


@pytest.fixture(scope="module")
def labels(tmp_path_factory):
    folder = tmp_path_factory.mktemp("labels")
    make(folder)
    return folder


def test_labels_that_cannot_be_read_are_set_aside_and_made_again(labels, tmp_path, caplog):
    part = Part(True, 0, CONFIG.held_out)
    whole = part.file(labels).read_bytes()
    flipped = bytearray(whole)
    flipped[len(whole) // 2] ^= 1
    for content in (b"", b"nothing", whole[:-1], whole[:3000], bytes(flipped)):
        folder = tmp_path / str(len(list(tmp_path.iterdir())))
        shutil.copytree(labels, folder)
        part.file(folder).write_bytes(content)
        with pytest.raises(ValueError, match="labels must be files that this trainer wrote"):
            StartValuesRun(GAME, CONFIG, blueprint().digest, folder)
        files().check(folder, CONFIG.parts)
        make(folder)
        assert part.file(folder).read_bytes() == whole
        assert part.file(folder).with_name("held_00000.npz.damaged").read_bytes() == content
    assert "set aside" in caplog.text


def test_labels_of_other_settings_are_refused_and_stay(labels, tmp_path):
    stamps = {path: path.read_bytes() for path in labels.iterdir()}
    others = [{"seed": 1}, {"label_iterations": 3}, {"label_gap": 0.5}, {"network": StartNetworkConfig(buckets=16)}, {"street": "turn"}]
    for other in others:
        with pytest.raises(ValueError, match=f"trainer.{next(iter(other))}.* must be .* as in .*held_00000.npz, got"):
            make(labels, replace(CONFIG, **other))
    other = files(digest="another")
    assert set(other.about) == set(KEYS)
    with pytest.raises(ValueError, match=r"digest of trainer\.blueprint must be"):
        other.check(labels, CONFIG.parts)
    assert stamps == {path: path.read_bytes() for path in labels.iterdir()}
    (tmp_path / LABELS).touch()
    with pytest.raises(ValueError, match="labels must be in a folder, got another file at "):
        make(tmp_path / LABELS)


def test_more_labels_or_fewer_are_taken_from_the_same_files(labels, tmp_path):
    folder = tmp_path / LABELS
    shutil.copytree(labels, folder)
    made = []
    make(folder, replace(CONFIG, held_out=5), made.append)
    assert made == [SHARD, SHARD + 5]
    first, again = (files().part(Part(True, 0, 3).file(place), Part(True, 0, 3)) for place in (labels, folder))
    for one, other in zip(first, again, strict=True):
        np.testing.assert_array_equal(one, other)
    make(folder, CONFIG, made.append)
    assert made[2:] == [SHARD + 3]
    assert parts_of(3, 600)[-1] == (False, 2, 100)


def test_what_labels_took_is_kept_beside_them_wherever_they_are_copied(labels, tmp_path):
    cost = label_cost(labels, CONFIG.parts)
    assert (cost.labels, cost.timed) == (SHARD + 3, SHARD + 3)
    assert cost.cpu_seconds > 0
    folder = tmp_path / LABELS
    shutil.copytree(labels, folder)
    assert label_cost(folder, CONFIG.parts) == cost
    (folder / SECONDS).write_text('{"part_00000.npz": 2.5}')
    assert label_cost(folder, CONFIG.parts) == (SHARD + 3, SHARD, 2.5)
    (folder / SECONDS).write_text('{"part_00000.npz": -1}')
    assert label_cost(folder, CONFIG.parts) == (SHARD + 3, 0, 0)


@pytest.mark.parametrize("buckets", [4, 6, 33])
def test_buckets_that_a_turn_cannot_have_are_refused(buckets):
    with pytest.raises(ValueError, match=rf"trainer\.network\.buckets must be a multiple of 4, at least 8, for turns, got {buckets}"):
        StartValuesConfig(street="turn", network=StartNetworkConfig(buckets=buckets))
    with pytest.raises(ValueError, match="count of buckets must be a multiple of 4"):
        board_buckets(hole_hands(), (0, 1, 2, 3), buckets)
    assert StartValuesConfig(street="river", network=StartNetworkConfig(buckets=buckets)).network.buckets == buckets


def test_a_network_in_numpy_says_what_torch_says():
    import torch

    network = make_start_network(StartNetworkConfig(hidden=8, layers=3, buckets=4), 1)
    with torch.no_grad():
        network.last.weight.normal_()
    seen = np.random.default_rng(0).random((5, network.first.in_features)).astype(np.float32)
    np.testing.assert_allclose(residual_layers(network)(seen), network(torch.from_numpy(seen)).detach().numpy(), rtol=1e-4, atol=1e-6)


def test_a_file_is_read_back_and_others_are_refused(tmp_path):
    network = make_start_network(StartNetworkConfig(hidden=8, layers=2, buckets=4), 0)
    path = tmp_path / "values.safetensors"
    save_start_values(path, network, {"menu": "x"})
    again, about = load_start_values(path)
    assert again.config == network.config
    assert about["menu"] == "x"
    for size in ({"hidden": 8, "layers": 3, "buckets": 4}, {"hidden": 9, "layers": 2, "buckets": 4}, {"hidden": 8}):
        from agents.networks.checkpoint import network_arrays, save_tensors

        save_tensors(path, network_arrays({"values": network}), {"encoding": 1, "network": size}, "start values")
        with pytest.raises(CheckpointError, match="checkpoint must"):
            load_start_values(path)
