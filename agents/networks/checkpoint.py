"""Checkpoints: one safetensors file with JSON metadata in its header, written atomically. Loading one never runs code."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save
from torch import nn

from agents.networks.features import Encoding, encode
from agents.networks.policy import NetworkPolicy, PolicyNetwork, PolicyNetworkConfig, make_network
from games import PublicTree

FORMAT = 1
_KEY = "timebank"

Tensors = dict[str, npt.NDArray[Any]]


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
        OSError: the directory cannot be written.
    """
    path = Path(path)
    arrays = {name: np.ascontiguousarray(array) for name, array in tensors.items()}
    header = {**metadata, "format": FORMAT, "kind": kind, "version": package_version(), "digest": _digest(arrays)}
    data = save(arrays, {_KEY: json.dumps(header)})
    temporary = path.with_name(path.name + ".tmp")
    with open(temporary, "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    os.replace(temporary, path)
    directory = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(directory)  # the rename itself
    finally:
        os.close(directory)


def load_tensors(path: Path | str, kind: str) -> tuple[Tensors, dict[str, Any]]:
    """Return a checkpoint's arrays and metadata.

    Raises:
        CheckpointError: no such file, truncated or altered, not a checkpoint of ours or not of this kind.
    """
    path = Path(path)
    if not path.is_file():
        raise CheckpointError(f"checkpoint must be a file, got none at {path}")
    try:
        with safe_open(path, framework="numpy") as file:
            text = (file.metadata() or {}).get(_KEY)
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118  # not a mapping
        metadata = json.loads(text) if text is not None else None
    except (SafetensorError, OSError, ValueError, KeyError) as error:
        raise CheckpointError(f"checkpoint must be a whole safetensors file, got a damaged one at {path}: {first_line(error)}") from None
    if not isinstance(metadata, dict):
        raise CheckpointError(f"checkpoint must be written by this package, got {path}")
    for name, wanted in (("format", FORMAT), ("kind", kind), ("digest", _digest(tensors))):
        if metadata.get(name) != wanted:
            raise CheckpointError(f"checkpoint must have {name} {wanted!r}, got {metadata.get(name)!r} in {path}")
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
    networks = empty_networks(metadata, encoding := encode(tree), path)
    fill_networks({f"policy.{p}": network for p, network in enumerate(networks)}, tensors, path)
    return NetworkPolicy(encoding, networks, str(metadata.get("name", "network")))


def policy_metadata(path: Path | str) -> dict[str, Any]:
    """Return what a policy checkpoint says about itself: game, network, trainer, compute, version.

    Raises:
        CheckpointError: as for ``load_tensors``.
    """
    return load_tensors(path, "policy")[1]


def require_game(metadata: Mapping[str, Any], game: str, path: Path | str) -> None:
    """Refuse a checkpoint of another game.

    Raises:
        CheckpointError: its game is not that of this string or description.
    """
    if metadata.get("game") != game:
        raise CheckpointError(f"checkpoint must be for game {game}, got one for {metadata.get('game')} in {path}")


def require_description(metadata: Mapping[str, Any], wanted: Mapping[str, Any], path: Path | str) -> None:
    """Refuse a checkpoint that says something else of its training.

    Raises:
        CheckpointError: an entry differs.
    """
    for key, value in wanted.items():
        if metadata.get(key) != value:
            raise CheckpointError(f"checkpoint must have {key} {value!r}, got {metadata.get(key)!r} in {path}")


def empty_networks(metadata: Mapping[str, Any], encoding: Encoding, path: Path | str) -> tuple[PolicyNetwork, PolicyNetwork]:
    """Return networks of the size that a checkpoint's metadata names.

    Raises:
        CheckpointError: the metadata names no valid size.
    """
    try:
        config = PolicyNetworkConfig(**metadata["network"])
        return make_network(config, encoding, 0, 0), make_network(config, encoding, 1, 0)
    except (KeyError, TypeError, ValueError, RuntimeError) as error:
        raise CheckpointError(f"checkpoint must name a valid network, got {path}: {first_line(error)}") from None


def network_arrays(networks: Mapping[str, nn.Module]) -> Tensors:
    """Return copies of all weights, named ``<network>.<parameter>``."""
    return {f"{key}.{name}": t.detach().numpy().copy() for key, net in networks.items() for name, t in net.named_parameters()}


def fill_networks(networks: Mapping[str, nn.Module], tensors: Tensors, path: Path | str) -> None:
    """Copy weights named ``<network>.<parameter>`` into networks, in place.

    Raises:
        CheckpointError: a tensor is missing, has another shape or type, or holds NaN or infinity; nothing is copied then.
    """
    pairs = []
    for key, network in networks.items():
        for name, parameter in network.named_parameters():
            array = tensors.get(f"{key}.{name}")
            if array is None or array.shape != tuple(parameter.shape) or array.dtype != np.float32:
                got = "none" if array is None else f"{array.dtype} {list(array.shape)}"
                raise CheckpointError(f"tensor {key}.{name} must be float32 {list(parameter.shape)}, got {got} in {path}")
            if not np.isfinite(array).all():
                raise CheckpointError(f"tensor {key}.{name} must be finite, got NaN or infinity in {path}")
            pairs.append((parameter, array))
    with torch.no_grad():
        for parameter, array in pairs:
            parameter.copy_(torch.from_numpy(array))


def _digest(tensors: Mapping[str, npt.NDArray[Any]]) -> str:
    digest = hashlib.sha256()
    for name in sorted(tensors):
        array = np.ascontiguousarray(tensors[name])
        digest.update(f"{name} {array.dtype} {array.shape}".encode())
        digest.update(array.data if array.size else b"")
    return digest.hexdigest()


def first_line(error: Exception) -> str:
    """Return the first line of what an error says, its kind if it says nothing."""
    return (str(error).strip() or type(error).__name__).splitlines()[0]
