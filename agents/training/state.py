"""The training state of a self-play run as one checkpoint file: resuming gives the same bits as never having stopped.

Held: memories, advantage networks, Adam moments, the generator of all sampling, history and counters. Torch's generator is not: nothing
draws from it after the initial weights, which come from the seed.
"""

from __future__ import annotations

import math
import os
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from agents.networks import CheckpointError, load_tensors, save_tensors
from agents.networks.checkpoint import Tensors, fill_networks, history_of, network_arrays, require_game, settings_of
from agents.runtime.storage import DAMAGES, brief, finite, first_line, number_in, require, whole_in
from agents.training.base import BaseRun, HistoryRow
from agents.training.buffer import Buffer
from games.modules import MODULES, sources

STATE_FILE = "training.safetensors"
_MAY_DIFFER = (
    "iterations",
    "evaluate_from",
    "evaluate_growth",
    "save_seconds",
    "floor",
)  # not what is trained


def save_state(run: BaseRun, directory: Path | str) -> None:
    """Write the state of a run between two iterations to ``directory``, atomically; raises OSError if it cannot be written."""
    tensors = network_arrays(_networks(run))
    for name, buffer in _buffers(run).items():
        tensors.update({f"{name}.{key}": array for key, array in buffer.state().items()})
    for p, optimiser in enumerate(run.optimisers):
        for i, parameter in enumerate(run.advantages[p].parameters()):
            for key, value in optimiser.state.get(parameter, {}).items():
                tensors[f"optimiser.{p}.{i}.{key}"] = value.detach().numpy()
    metadata = {
        "game": run.infostates.game.key,
        "config": asdict(run.config),
        "iteration": run.iteration,
        "seconds": run.seconds,
        "multiply_adds": run.multiply_adds,
        "losses": run.losses,
        "rng": run.rng.bit_generator.state,
        "history": [asdict(row) for row in run.history],
    }
    if modules := _modules(run.infostates.game.key, run.config):
        metadata["modules"] = modules
    save_tensors(Path(directory) / STATE_FILE, tensors, metadata, run.config.name)


def load_state(run: BaseRun, directory: Path | str) -> None:
    """Give a new run the state in ``directory``, in place.

    Raises:
        CheckpointError: no state, a damaged one, or one of another game or configuration; names the key that differs. The run must not be
            used then.
    """
    path, game = Path(directory) / STATE_FILE, run.infostates.game
    tensors, metadata = _readable(path, game.key, run.config)
    fill_networks(_networks(run), tensors, path)
    try:
        _restore(run, tensors, metadata, history_of(metadata, path, 2 * game.max_payoff))
    except DAMAGES as error:
        raise CheckpointError(f"training state must be complete, got one that is not in {path}: {first_line(error)}") from None


def check_state(directory: Path | str, game: str, config: Any) -> None:
    """Raise CheckpointError for a state that ``load_state`` would not resume, before anything is written; there may be none."""
    path = Path(directory) / STATE_FILE
    if os.path.lexists(path):
        _readable(path, game, config)


def _readable(path: Path, game: str, config: Any) -> tuple[Tensors, dict[str, Any]]:
    tensors, metadata = load_tensors(path, config.name)
    require_game(metadata, game, path)
    saved, iteration = settings_of(metadata.get("config")), metadata.get("iteration")
    if not (isinstance(metadata.get("config"), dict) and whole_in(iteration, 0, 2**53)):
        raise CheckpointError(f"training state must be complete, got one without its config or iteration in {path}")
    wanted = settings_of(config)
    for key in sorted(saved.keys() | wanted.keys()):
        if key not in _MAY_DIFFER and saved.get(key) != wanted.get(key):
            raise CheckpointError(f"trainer.{key} must be {brief(saved.get(key))} as in {path}, got {wanted.get(key)!r}")
    if metadata.get("modules", "") != _modules(game, config):
        raise CheckpointError(f"{MODULES} must name the modules that {path} was trained with, unchanged, got others or changed ones")
    if iteration > config.iterations:
        raise CheckpointError(f"trainer.iterations must be at least the {iteration} of {path}, got {config.iterations}")
    return tensors, metadata


def _modules(game: str, config: Any) -> str:
    """Return a digest of your own modules that have the game and the trainer."""
    return sources(game, f"{type(config).__module__}:")


def _restore(run: BaseRun, tensors: Tensors, metadata: dict[str, Any], history: list[dict[str, Any]]) -> None:
    """Give a run its state; raises any of ``DAMAGES`` if a number is missing, of another kind or out of its range."""
    iteration, losses = metadata["iteration"], metadata["losses"]
    require(number_in(metadata["seconds"], 0, 1e12), "seconds must be a number of at least 0")
    require(whole_in(metadata["multiply_adds"], 0, 10**38), "multiply_adds must be a whole number of at least 0")
    require(isinstance(losses, list) and len(losses) == 2 and all(map(finite, losses)), "losses must be two numbers")
    iterations = [row["iteration"] for row in history]
    require(
        iterations == sorted(set(iterations)) and all(t <= iteration for t in iterations), "history must be of the iterations that were run"
    )
    for name, buffer in _buffers(run).items():
        prefix = f"{name}."
        arrays = {key.removeprefix(prefix): array for key, array in tensors.items() if key.startswith(prefix)}
        require(all(np.isfinite(array).all() for array in arrays.values()), f"{name} must be finite")
        buffer.restore(arrays)
    if iteration > 0:
        for p, optimiser in enumerate(run.optimisers):
            for i, parameter in enumerate(run.advantages[p].parameters()):
                optimiser.state[parameter] = moments(tensors, f"optimiser.{p}.{i}", parameter)
    run.rng.bit_generator.state = metadata["rng"]
    run.iteration, run.seconds, run.losses = iteration, float(metadata["seconds"]), losses
    run.multiply_adds = metadata["multiply_adds"]
    run.history = [HistoryRow(**row) for row in history]


def moments(tensors: Tensors, name: str, parameter: nn.Parameter) -> dict[str, torch.Tensor]:
    """Return what Adam knows of a parameter."""
    moments = {key: torch.from_numpy(np.array(tensors[f"{name}.{key}"])) for key in ("step", "exp_avg", "exp_avg_sq")}
    for key, value in moments.items():
        shape = (1,) if key == "step" else tuple(parameter.shape)
        require(value.shape == shape and value.dtype == torch.float32, f"{name}.{key} must be float32 {list(shape)}")
        least = -math.inf if key == "exp_avg" else 0.0
        require(bool(torch.isfinite(value).all() and (value >= least).all()), f"{name}.{key} must be finite, and at least {least}")
    return moments


def _networks(run: BaseRun) -> dict[str, Any]:
    return {f"advantage.{p}": network for p, network in enumerate(run.advantages)}


def _buffers(run: BaseRun) -> dict[str, Buffer]:
    pairs = {"advantage_memory": run.advantage_buffers, "strategy_memory": run.strategy_buffers}
    return {f"{name}.{p}": buffer for name, pair in pairs.items() for p, buffer in enumerate(pair)}
