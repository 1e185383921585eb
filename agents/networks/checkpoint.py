"""Checkpoints: one safetensors file with JSON metadata in its header, written atomically. Loading one never runs code."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Mapping
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt
import torch
from safetensors.numpy import save
from torch import nn

from agents.networks.features import encode
from agents.networks.policy import NetworkPolicy, PolicyNetwork, PolicyNetworkConfig, make_network
from agents.reporting.tables import replacing
from agents.runtime.arrays import read_safetensors
from agents.runtime.storage import brief, first_line, number_in, parse_json, printable, require, whole_in
from games import PublicTree

FORMAT = 1
_KEY = "timebank"
LONGEST_NAME = 100  # characters
MOST_SIZE = 2**31  # of a layer; shapes of larger ones overflow
MOST_CHIPS = 1e10  # that an exploitability can be, where the game is not known
MOST_NOISE = 1e-3  # chips that rounding takes an exploitability below 0, at most
HISTORY: dict[str, tuple[float, float]] = {  # what a row has, from least to most
    "iteration": (0, 2**53),
    "seconds": (0, 1e12),
    "multiply_adds": (0, 1e38),
    "exploitability": (-MOST_NOISE, MOST_CHIPS),
}

Tensors = dict[str, npt.NDArray[Any]]
N = TypeVar("N", bound=nn.Module)


class CheckpointError(ValueError):
    """A checkpoint is missing, damaged or of something else; one line says which."""


def package_version() -> str:
    """Return the installed version of this package, "unknown" from a bare source tree."""
    try:
        return version("timebank")
    except PackageNotFoundError:
        return "unknown"


def save_tensors(path: Path | str, tensors: Mapping[str, npt.NDArray[Any]], metadata: Mapping[str, Any], kind: str) -> None:
    """Write a checkpoint so that at any moment ``path`` is either the old file or the whole new one.

    Args:
        path: a file in an existing directory.
        tensors: arrays by name.
        metadata: anything that JSON can hold; format, kind, package version and a digest of the tensors are added.
        kind: what the file is, asked for again when it is loaded.

    Raises:
        OSError: the directory cannot be written; names the file.
    """
    path = Path(path)
    arrays = {name: np.ascontiguousarray(array) for name, array in tensors.items()}
    header = {**metadata, "format": FORMAT, "kind": kind, "version": package_version(), "digest": _digest(arrays)}
    data = save(arrays, {_KEY: json.dumps(header)})
    with replacing(path) as temporary, temporary.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    directory = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(directory)  # the rename itself
    finally:
        os.close(directory)


def load_tensors(path: Path | str, kind: str) -> tuple[Tensors, dict[str, Any]]:
    """Return a checkpoint's arrays and metadata. Links are followed: the path is the user's, or in a run's own directory.

    Raises:
        CheckpointError: no such file, truncated or altered, not a checkpoint of ours or not of this kind.
    """
    path = Path(path)
    if not path.exists():
        raise CheckpointError(f"checkpoint must be a file, got none at {path}")
    try:
        tensors, texts = read_safetensors(path, follow=True)
        metadata = parse_json(texts[_KEY]) if _KEY in texts else None
    except (OSError, ValueError) as error:
        raise CheckpointError(f"checkpoint must be a whole safetensors file, got a damaged one at {path}: {first_line(error)}") from None
    if not isinstance(metadata, dict):
        raise CheckpointError(f"checkpoint must be written by this package, got {path}")
    for name, wanted in (("format", FORMAT), ("kind", kind), ("digest", _digest(tensors))):
        if metadata.get(name) != wanted:
            raise CheckpointError(f"checkpoint must have {name} {wanted!r}, got {brief(metadata.get(name))} in {path}")
    return tensors, metadata


def save_policy(path: Path | str, policy: NetworkPolicy, metadata: Mapping[str, Any] | None = None) -> None:
    """Write a policy's networks.

    Args:
        path: where to.
        policy: whose networks.
        metadata: trainer configuration, training compute and the like, kept beside game and network configuration.
    """
    networks = {f"policy.{p}": network for p, network in enumerate(policy.networks)}
    header = {**(metadata or {}), "game": policy.tree.game, "name": policy.name, "network": vars(policy.networks[0].config)}
    save_tensors(path, network_arrays(networks), header, "policy")


def load_policy(path: Path | str, tree: PublicTree) -> NetworkPolicy:
    """Return the policy saved at ``path``.

    Raises:
        CheckpointError: as for ``load_tensors``, or the checkpoint is of another game, of another shape, or has NaN in its weights.
    """
    tensors, metadata = load_tensors(path, "policy")
    require_game(metadata, tree.game, path)
    encoding = encode(tree)

    def make(sizes: Mapping[str, int], player: int) -> PolicyNetwork:
        return make_network(PolicyNetworkConfig(**sizes), encoding, player, 0)

    return NetworkPolicy(encoding, load_networks(metadata, tensors, make, path), name_of(metadata))


def policy_metadata(path: Path | str) -> dict[str, Any]:
    """Return what a policy checkpoint says about itself: game, network, trainer, compute, version.

    Raises:
        CheckpointError: as for ``load_tensors``.
    """
    return load_tensors(path, "policy")[1]


def name_of(metadata: Mapping[str, Any]) -> str:
    """Return the name that a policy's checkpoint gives it, as reports print it: anybody may have written it."""
    return printable(str(metadata.get("name", "network")), LONGEST_NAME)


def history_of(metadata: Mapping[str, Any], path: Path | str, most: float = MOST_CHIPS) -> list[dict[str, Any]]:
    """Return the history of the training that a checkpoint came out of: rows of numbers by name, from the first iteration on.

    Args:
        metadata: of the checkpoint.
        path: of the checkpoint, for errors.
        most: chips that an exploitability can be.

    Raises:
        CheckpointError: it is no list of such rows.
    """
    rows = metadata.get("history", [])
    fits = isinstance(rows, list) and all(isinstance(row, dict) and row.keys() >= HISTORY.keys() for row in rows)
    limits = HISTORY | {"exploitability": (-MOST_NOISE, most)}
    fits = fits and all(number_in(row[key], *limits[key]) for row in rows for key in limits)
    if not fits or any(type(row[key]) is not int for row in rows for key in ("iteration", "multiply_adds")):
        raise CheckpointError(f"checkpoint must have a history of {', '.join(HISTORY)} in range, got {brief(rows)} in {path}")
    return [{key: row[key] for key in HISTORY} for row in rows]


def require_game(metadata: Mapping[str, Any], game: str, path: Path | str) -> None:
    """Refuse a checkpoint of another game.

    Raises:
        CheckpointError: its game is not that of this string or description.
    """
    if metadata.get("game") != game:
        raise CheckpointError(f"checkpoint must be for game {game}, got one for {printable(str(metadata.get('game')), 400)} in {path}")


def require_description(metadata: Mapping[str, Any], wanted: Mapping[str, Any], path: Path | str) -> None:
    """Refuse a checkpoint that says something else of its training.

    Raises:
        CheckpointError: an entry differs.
    """
    for key, value in wanted.items():
        if metadata.get(key) != value:
            raise CheckpointError(f"checkpoint must have {key} {brief(value)}, got {brief(metadata.get(key))} in {path}")


def load_networks(
    metadata: Mapping[str, Any], tensors: Tensors, make: Callable[[Mapping[str, int], int], N], path: Path | str
) -> tuple[N, N]:
    """Return both players' networks of a checkpoint.

    The sizes that the metadata names are compared with the tensors before there is a network: sizes are claims, tensors take their room.

    Args:
        metadata: of the checkpoint; ``network`` has the sizes.
        tensors: of the checkpoint.
        make: returns a player's network of such sizes; ValueError or TypeError if they are none.
        path: of the checkpoint, for errors.

    Raises:
        CheckpointError: the metadata names no valid size, or another one than that of the tensors.
    """
    sizes: Any = metadata.get("network")
    try:
        fits = isinstance(sizes, dict) and all(whole_in(size, 1, MOST_SIZE) for size in sizes.values())
        require(fits and sizes.get("layers", 1) <= len(tensors), f"its sizes must be those of its tensors, got {brief(sizes)}")
        with torch.device("meta"):  # shapes without numbers
            claimed = {f"policy.{p}": make(sizes, p) for p in (0, 1)}
    except (KeyError, TypeError, ValueError, RuntimeError) as error:
        raise CheckpointError(f"checkpoint must name a valid network, got {path}: {first_line(error)}") from None
    check_weights(claimed, tensors, path)
    networks = make(sizes, 0), make(sizes, 1)
    fill_networks({f"policy.{p}": network for p, network in enumerate(networks)}, tensors, path)
    return networks


def network_arrays(networks: Mapping[str, nn.Module]) -> Tensors:
    """Return copies of all weights, named ``<network>.<parameter>``."""
    return {f"{key}.{name}": t.detach().numpy().copy() for key, net in networks.items() for name, t in net.named_parameters()}


def fill_networks(networks: Mapping[str, nn.Module], tensors: Tensors, path: Path | str) -> None:
    """Copy weights named ``<network>.<parameter>`` into networks, in place.

    Raises:
        CheckpointError: as of ``check_weights``; nothing is copied then.
    """
    check_weights(networks, tensors, path)
    with torch.no_grad():
        for key, network in networks.items():
            for name, parameter in network.named_parameters():
                parameter.copy_(torch.from_numpy(tensors[f"{key}.{name}"]))


def check_weights(networks: Mapping[str, nn.Module], tensors: Tensors, path: Path | str) -> None:
    """Refuse tensors that are not the weights of networks.

    Raises:
        CheckpointError: a tensor is missing, has another shape or type, or holds NaN or infinity.
    """
    for key, network in networks.items():
        for name, parameter in network.named_parameters():
            array = tensors.get(f"{key}.{name}")
            if array is None or array.shape != tuple(parameter.shape) or array.dtype != np.float32:
                got = "none" if array is None else f"{array.dtype} {list(array.shape)}"
                raise CheckpointError(f"tensor {key}.{name} must be float32 {list(parameter.shape)}, got {got} in {path}")
            if not np.isfinite(array).all():
                raise CheckpointError(f"tensor {key}.{name} must be finite, got NaN or infinity in {path}")


def _digest(tensors: Mapping[str, npt.NDArray[Any]]) -> str:
    digest = hashlib.sha256()
    for name in sorted(tensors):
        array = np.ascontiguousarray(tensors[name])
        digest.update(f"{name} {array.dtype} {array.shape}".encode())
        digest.update(array.data if array.size else b"")
    return digest.hexdigest()
