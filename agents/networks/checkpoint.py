"""Checkpoints: one safetensors file with JSON metadata in its header, written atomically. Loading one never runs code."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping
from dataclasses import is_dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors.numpy import save
from torch import nn

from agents.networks.policy import Network, NetworkPolicy, make_network
from agents.networks.sizes import NetworkConfig
from agents.reporting.tables import installed, replacing
from agents.runtime.arrays import read_safetensors
from agents.runtime.released import network_file
from agents.runtime.storage import apart, brief, first_line, number_in, parse_json, printable, require, whole_in
from games.arrays import Array
from search.infostates import PRIVATE, PUBLIC, Infostates

FORMAT = 2
ENCODING = 1  # of what policies and values of one game see and say, where a file does not name another
POLICY = "policy"  # kind of the files that hold one
# What files of format 1 left unsaid, or said otherwise: by their kind, today's kind and the side of the network's trunk.
OLDER = {f"{game}{kind}": (kind, side) for kind in (POLICY, "deep_cfr") for game, side in (("", PUBLIC), ("holdem_", PRIVATE))}
_KEY = "timebank"
LONGEST_NAME = 100  # characters
MOST_SIZE = 2**31  # of a layer; shapes of larger ones overflow
MOST_NOISE = 1e-3  # chips that rounding takes an exploitability below 0, at most
# What a row of a training's history has, from least to most; exploitability in chips, where the game is not known.
HISTORY = {"iteration": (0, 2**53), "seconds": (0, 1e12), "multiply_adds": (0, 1e38), "exploitability": (-MOST_NOISE, 1e10)}

Tensors = dict[str, Array]


class CheckpointError(ValueError):
    """A checkpoint is missing, damaged or of something else; one line says which."""


def save_tensors(path: Path | str, tensors: Mapping[str, Array], metadata: Mapping[str, Any], kind: str) -> None:
    """Write a checkpoint so that at any moment ``path`` is either the old file or the whole new one.

    ``metadata`` is anything that JSON can hold; format, kind, package version and a digest of the tensors are added. The same kind must be
    asked for when the file is loaded.

    Raises:
        OSError: the directory cannot be written; names the file.
    """
    path = Path(path)
    arrays = {name: np.ascontiguousarray(array) for name, array in tensors.items()}
    header = {**metadata, "format": FORMAT, "kind": kind, "version": installed("timebank") or "unknown", "digest": digest_of(arrays)}
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

    Args:
        path: of the file, or the name of a network that comes with the package (``agents.runtime.released``).
        kind: of what it must hold.

    Raises:
        CheckpointError: no such file, truncated or altered, not a checkpoint of ours or not of this kind.
    """
    path = network_file(path)
    if not path.exists():
        raise CheckpointError(f"checkpoint must be a file, got none at {path}")
    try:
        tensors, texts = read_safetensors(path, follow=True)
        metadata = parse_json(texts[_KEY]) if _KEY in texts else None
    except (OSError, ValueError) as error:
        raise CheckpointError(f"checkpoint must be a whole safetensors file, got a damaged one at {path}: {first_line(error)}") from None
    if not isinstance(metadata, dict):
        raise CheckpointError(f"checkpoint must be written by this package, got {path}")
    metadata = _today(metadata)
    for name, wanted in (("format", FORMAT), ("kind", kind), ("digest", digest_of(tensors))):
        if metadata.get(name) != wanted:
            raise CheckpointError(f"checkpoint must have {name} {wanted!r}, got {brief(metadata.get(name))} in {path}{purpose(metadata)}")
    return tensors, metadata


def load_weights(path: Path | str, kind: str, encoding: int = ENCODING) -> tuple[Tensors, dict[str, Any]]:
    """Return a network's weights in single precision, whatever the file has, and metadata; see ``load_tensors``.

    Raises:
        CheckpointError: as for ``load_tensors``, or networks of the file see something else than this version shows them.
    """
    tensors, metadata = load_tensors(path, kind)
    if (got := metadata.get("encoding", ENCODING)) != encoding:
        raise CheckpointError(f"checkpoint must have encoding {encoding}, got {brief(got)} in {path}{purpose(metadata)}")
    return weights_of(tensors), metadata


def weights_of(tensors: Tensors) -> Tensors:
    """Return tensors with those of half precision in single precision."""
    return {name: array.astype(np.float32) if array.dtype == np.float16 else array for name, array in tensors.items()}


def purpose(metadata: Mapping[str, Any]) -> str:
    """Return what a file says that it is for, as the end of an error; nothing where it says nothing."""
    text = metadata.get("purpose")
    return f" (it is for {printable(text, 200)})" if isinstance(text, str) and text else ""


def _today(metadata: dict[str, Any]) -> dict[str, Any]:
    """Return metadata as this version would write them."""
    older = OLDER.get(str(metadata.get("kind")))
    if metadata.get("format") != 1 or older is None:
        return metadata
    kind, deep = older
    today = metadata | {"format": FORMAT, "kind": kind}
    if isinstance(today.get("trainer"), str):
        today["trainer"] = today["trainer"].removeprefix("holdem_")
    config = today.get("config")
    if isinstance(config, dict):
        today["config"] = {"evaluate_from": 1, **config}
    for holder in (today, today["config"] if isinstance(config, dict) else {}):
        if isinstance(holder.get("network"), dict):
            holder["network"] = {"deep": deep, **holder["network"]}
    return today


def save_policy(path: Path | str, policy: NetworkPolicy, metadata: Mapping[str, Any] | None = None) -> None:
    """Write a policy's networks; ``metadata`` about their training is kept beside the game and the networks' sizes."""
    networks = {f"policy.{p}": network for p, network in enumerate(policy.networks)}
    game, sizes = policy.infostates.game, policy.networks[0].config
    header = {"game": game.key, "game_name": game.name, "name": policy.name, "network": settings_of(sizes)}
    save_tensors(path, network_arrays(networks), {**(metadata or {}), **header}, POLICY)


def load_policy(path: Path | str, infostates: Infostates) -> NetworkPolicy:
    """Return the policy saved at ``path``.

    Raises:
        CheckpointError: as for ``load_tensors``, or the checkpoint is of another game, of another shape, or has NaN in its weights.
    """
    tensors, metadata = load_weights(path, POLICY)
    require_game(metadata, infostates.game.key, path)
    name = printable(str(metadata.get("name", "network")), LONGEST_NAME)  # anybody may have written it
    return NetworkPolicy(infostates, networks_of(metadata, tensors, infostates, path), name)


def policy_metadata(path: Path | str, game: str | None = None) -> dict[str, Any]:
    """Return what a policy checkpoint says about itself: game, network, trainer, compute, history, version, digest.

    Raises:
        CheckpointError: as for ``load_tensors``, or it is not of the game with this key.
    """
    metadata = load_tensors(path, POLICY)[1]
    if game is not None:
        require_game(metadata, game, path)
    return metadata


def settings_of(config: Any, key: str = "") -> dict[str, Any]:
    """Return settings, a dataclass or nested mappings, with dotted keys; nothing of what is open or no setting."""
    entries = vars(config) if is_dataclass(config) else config if isinstance(config, dict) else {}
    settings: dict[str, Any] = {}
    for name, value in entries.items():
        inner = is_dataclass(value) or isinstance(value, dict)
        settings |= settings_of(value, f"{key}{name}.") if inner else {} if value is None else {f"{key}{name}": value}
    return settings


def history_of(metadata: Mapping[str, Any], path: Path | str, most: float = HISTORY["exploitability"][1]) -> list[dict[str, Any]]:
    """Return the history of the training that a checkpoint came out of: rows of numbers by name, from the first iteration on.

    An exploitability can be ``most`` chips.

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
    """Raise CheckpointError unless a checkpoint is of the game with this key."""
    if metadata.get("game") != game:
        wanted, got = apart(game, str(metadata.get("game")))
        raise CheckpointError(f"checkpoint must be for game {wanted}, got one for {got} in {path}{purpose(metadata)}")


def require_description(metadata: Mapping[str, Any], wanted: Mapping[str, Any], path: Path | str) -> None:
    """Raise CheckpointError if a checkpoint says something else of its training."""
    for key, value in settings_of(wanted).items():
        got = settings_of(metadata).get(key)
        if got != value:
            raise CheckpointError(f"checkpoint must have {key} {brief(value)}, got {brief(got)} in {path}")


def networks_of(metadata: Mapping[str, Any], tensors: Tensors, infostates: Infostates, path: Path | str) -> tuple[Network, Network]:
    """Return both players' networks of a checkpoint.

    The sizes that the metadata names are compared with the tensors before there is a network: sizes are claims, tensors take their room.

    Raises:
        CheckpointError: the metadata names no valid size, or another one than that of the tensors.
    """
    named: Any = metadata.get("network")
    try:
        by_name = dict(named) if isinstance(named, dict) else {"": 0}
        by_round, _ = by_name.pop("by_round", None), by_name.pop("deep", None)
        fits = all(whole_in(size, 1, MOST_SIZE) for size in by_name.values()) and by_name.get("layers", 1) <= len(tensors)
        fits = fits and by_round in (None, True, False) and "parameters" not in by_name
        require(fits, f"its sizes must be those of its tensors, got {brief(named)}")
        config = NetworkConfig(**named)
        with torch.device("meta"):  # shapes without numbers
            claimed = {f"policy.{p}": make_network(config, infostates, p, 0) for p in (0, 1)}
    except (KeyError, TypeError, ValueError, RuntimeError) as error:
        raise CheckpointError(f"checkpoint must name a valid network, got {path}: {first_line(error)}") from None
    check_weights(claimed, tensors, path)
    networks = make_network(config, infostates, 0, 0), make_network(config, infostates, 1, 0)
    fill_networks({f"policy.{p}": network for p, network in enumerate(networks)}, tensors, path)
    return networks


def network_arrays(networks: Mapping[str, nn.Module]) -> Tensors:
    """Return copies of all weights, named ``<network>.<parameter>``."""
    return {f"{key}.{name}": t.detach().numpy().copy() for key, net in networks.items() for name, t in net.named_parameters()}


def fill_networks(networks: Mapping[str, nn.Module], tensors: Tensors, path: Path | str) -> None:
    """Copy weights named ``<network>.<parameter>`` into networks, in place, once ``check_weights`` has passed all of them."""
    check_weights(networks, tensors, path)
    with torch.no_grad():
        for key, network in networks.items():
            for name, parameter in network.named_parameters():
                parameter.copy_(torch.from_numpy(tensors[f"{key}.{name}"]))


def check_weights(networks: Mapping[str, nn.Module], tensors: Tensors, path: Path | str) -> None:
    """Raise CheckpointError unless tensors are the finite float32 weights of networks."""
    for key, network in networks.items():
        for name, parameter in network.named_parameters():
            array = tensors.get(f"{key}.{name}")
            if array is None or array.shape != tuple(parameter.shape) or array.dtype != np.float32:
                got = "none" if array is None else f"{array.dtype} {list(array.shape)}"
                raise CheckpointError(f"tensor {key}.{name} must be float32 {list(parameter.shape)}, got {got} in {path}")
            if not np.isfinite(array).all():
                raise CheckpointError(f"tensor {key}.{name} must be finite, got NaN or infinity in {path}")


def digest_of(tensors: Mapping[str, Array]) -> str:
    """Return the digest of tensors: of their names, types, shapes and bytes."""
    digest = hashlib.sha256()
    for name in sorted(tensors):
        array = np.ascontiguousarray(tensors[name])
        digest.update(f"{name} {array.dtype} {array.shape}".encode())
        digest.update(array.data if array.size else b"")
    return digest.hexdigest()
