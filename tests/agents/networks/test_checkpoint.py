"""Checkpoints of both families of games: what comes back, what is refused; older ones are in tests/agents/training/test_state.py."""

import json
import resource

import numpy as np
import pytest
from safetensors.numpy import save

from agents.networks import CheckpointError, load_policy, load_tensors, policy_metadata, save_policy, save_tensors
from agents.networks.checkpoint import history_of
from tests.catalogue import KUHN, LEDUC
from tests.learners import HOLDEM, infostates_of, make_policy, same

SIZES = {LEDUC: {"hidden": 16, "layers": 2, "embedding": 4}, HOLDEM: {"hidden": 16, "layers": 2, "embedding": 4, "bets": 8}}


@pytest.fixture(params=[LEDUC, HOLDEM])
def name(request):
    return request.param


@pytest.fixture
def policy(name):
    return make_policy(name, seed=3, **SIZES[name])


@pytest.fixture
def path(policy, tmp_path):
    path = tmp_path / "policy.safetensors"
    save_policy(path, policy, {"trainer": "deep_cfr", "compute": {"value": 12, "unit": "multiply-adds"}})
    return path


def altered(path, change=None, metadata=None, tensors=None):
    """Write the checkpoint again with other contents, honest digest included."""
    found, header = load_tensors(path, "policy")
    found = {**found, **(tensors or {})}
    if change:
        change(found)
    kind = header.pop("kind")
    save_tensors(path, found, {**header, **(metadata or {})}, kind)


def refusal(path, name):
    with pytest.raises(CheckpointError) as caught:
        load_policy(path, infostates_of(name))
    message = str(caught.value)
    assert "\n" not in message
    assert str(path) in message
    return message


def test_a_policy_comes_back_bit_for_bit(path, policy, name):
    loaded = load_policy(path, infostates_of(name))
    assert loaded.name == policy.name
    assert same(policy.networks, loaded.networks)
    for x, y in zip(policy.tables(1), loaded.tables(1), strict=True):
        np.testing.assert_array_equal(x, y)


def test_the_file_says_what_it_is(path, name):
    found, infostates = policy_metadata(path), infostates_of(name)
    assert (found["game"], found["trainer"], found["kind"], found["format"]) == (infostates.game.key, "deep_cfr", "policy", 2)
    assert found["compute"] == {"value": 12, "unit": "multiply-adds"}
    assert found["network"] == {"deep": infostates.deep, **SIZES[name]}
    assert "version" in found


def test_a_missing_file_is_refused(tmp_path, name):
    assert "must be a file, got none" in refusal(tmp_path / "nothing.safetensors", name)


def test_every_truncation_is_refused(path, name):
    data = path.read_bytes()
    for size in (0, 4, 8, 100, len(data) // 2, len(data) - 1):
        path.write_bytes(data[:size])
        assert "damaged" in refusal(path, name)


def test_flipped_bits_are_refused(path, name):
    data = bytearray(path.read_bytes())
    data[-10] ^= 1
    path.write_bytes(data)
    assert "digest" in refusal(path, name)


def test_garbage_and_pickles_are_refused(path, name):
    for data in (b"\x80\x04.", b"PK\x03\x04" + bytes(100), b"\xff" * 64):
        path.write_bytes(data)
        assert "damaged" in refusal(path, name)


def test_another_game_is_refused(path):
    assert "must be for game kuhn_poker, got one for" in refusal(path, KUHN)
    with pytest.raises(CheckpointError, match="must be for game kuhn_poker, got one for"):
        policy_metadata(path, "kuhn_poker")


def test_nan_is_refused(path, name):
    def poison(tensors):
        tensors["policy.1.last.bias"][0] = np.nan

    altered(path, poison)
    assert "tensor policy.1.last.bias must be finite, got NaN" in refusal(path, name)


def test_other_shapes_are_refused(path, name):
    altered(path, tensors={"policy.0.last.bias": np.zeros(7, np.float32)})
    size = 12 if name == LEDUC else 4
    assert f"tensor policy.0.last.bias must be float32 [{size}], got float32 [7]" in refusal(path, name)


def test_missing_tensors_are_refused(path, name):
    altered(path, lambda tensors: tensors.pop("policy.0.first.bias"))
    assert "tensor policy.0.first.bias must be float32 [16], got none" in refusal(path, name)


ODD = {"hidden": 16, "layers": 2, "embedding": 4}


@pytest.mark.parametrize(
    "network",
    [
        {"hidden": 0}, {"width": 3}, {"hidden": "x"}, None, [], ODD | {"layers": 10**9}, ODD | {"hidden": 10**30},
        ODD | {"hidden": 2**31, "embedding": 2**31}, ODD | {"layers": True}, ODD | {"hidden": 16.0}, ODD | {"deep": "both"},
        ODD | {"deep": 3}, ODD | {"deep": [1]}, ODD | {"deep": True}, ODD | {"deep": "public", "bets": 3},
    ],
)  # fmt: skip
def test_an_invalid_network_is_refused(path, name, network):
    altered(path, metadata={"network": network})
    assert "valid network" in refusal(path, name)


@pytest.mark.parametrize("size", [{"hidden": 16_384}, {"layers": 8}, {"embedding": 16_384}])
def test_sizes_are_compared_with_the_tensors_before_there_is_a_network(path, name, size):
    altered(path, metadata={"network": {"deep": infostates_of(name).deep} | SIZES[name] | size})
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    assert "must be float32 [" in refusal(path, name)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 50_000  # kB; a layer of the first would take 1 GB


def test_a_name_moves_no_cursor(path, name):
    altered(path, metadata={"name": "\x1b[2Jnice\n" + "x" * 1000})
    found = load_policy(path, infostates_of(name)).name
    assert found.startswith(r"\x1b[2Jnice x")
    assert name.isprintable()
    assert len(name) <= 100


def test_what_a_refusal_quotes_moves_no_cursor(path, name):
    altered(path, metadata={"game": "\x1b]0;pwned\x07"})
    assert refusal(path, name).isprintable()


ROW = {"iteration": 1, "seconds": 0.5, "multiply_adds": 10, "exploitability": 0.25}


def test_a_history_is_read(path):
    altered(path, metadata={"history": [ROW, ROW | {"iteration": 2, "more": "x"}]})
    assert history_of(policy_metadata(path), path) == [ROW, ROW | {"iteration": 2}]


ODD_ROWS = [[ROW | {key: x}] for key in ROW for x in (-1, 1e300, None, [], float("inf"))]


@pytest.mark.parametrize("history", [3, {}, [3], [{}], [ROW | {"multiply_adds": 1.5}], *ODD_ROWS])
def test_a_history_of_impossible_numbers_is_refused(path, history):
    altered(path, metadata={"history": history})
    with pytest.raises(CheckpointError, match="must have a history of iteration, seconds, multiply_adds, exploitability in range, got"):
        history_of(policy_metadata(path), path)


def test_a_file_of_another_kind_is_refused(path, name, tmp_path):
    save_tensors(path, {}, {}, "deep_cfr")
    assert "must have kind 'policy', got 'deep_cfr'" in refusal(path, name)


@pytest.mark.parametrize("metadata", [None, {"timebank": "3"}, {"timebank": "{"}, {"timebank": json.dumps({"format": 99})}])
def test_foreign_files_are_refused(path, name, metadata):
    path.write_bytes(save({"x": np.zeros(3)}, metadata))
    refusal(path, name)


def test_a_failed_write_leaves_the_old_file(path, policy, monkeypatch):
    before = path.read_bytes()

    def full(descriptor):
        raise OSError("No space left on device")

    monkeypatch.setattr("agents.networks.checkpoint.os.fsync", full)
    with pytest.raises(OSError, match="No space left"):
        save_policy(path, policy)
    assert path.read_bytes() == before
