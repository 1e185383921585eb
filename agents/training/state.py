"""The training state of a self-play run as one checkpoint file: resuming gives the same bits as never having stopped.

Held: memories, advantage networks, Adam moments, the generator of all sampling, history and counters. Torch's generator is not: nothing
draws from it after the initial weights, which come from the seed.
"""

from __future__ import annotations

import math
import os
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import torch
from torch import nn

from agents.networks import CheckpointError, Encoding, load_tensors, save_tensors
from agents.networks.checkpoint import Tensors, fill_networks, history_of, network_arrays, require_game
from agents.runtime.storage import DAMAGES, brief, finite, first_line, number_in, require, whole_in
from agents.training.deep_cfr import DeepCFR, DeepCFRConfig, HistoryRow
from games import PublicTree

STATE_FILE = "training.safetensors"
_MAY_DIFFER = ("iterations", "evaluate_from", "evaluate_growth", "save_seconds")  # when to stop, look and save: not what is trained


class StoredMemory(Protocol):
    """A memory whose whole content is arrays by name."""

    def state(self) -> dict[str, Any]:
        """Return everything as arrays."""
        ...

    def restore(self, state: dict[str, Any]) -> None:
        """Become the memory whose ``state`` it is; ValueError if it does not fit."""
        ...


class StoredRun(Protocol):
    """A self-play run between two iterations."""

    config: Any
    iteration: int
    seconds: float
    multiply_adds: int
    losses: list[float]
    history: list[HistoryRow]
    rng: np.random.Generator

    @property
    def kind(self) -> str:
        """The trainer's name."""
        ...

    @property
    def game_text(self) -> str:
        """The game, as checkpoints name it."""
        ...

    @property
    def stakes(self) -> float:
        """The most chips that a deal can win or lose."""
        ...

    @property
    def advantages(self) -> Sequence[nn.Module]:
        """Advantage networks by player."""
        ...

    @property
    def optimisers(self) -> Sequence[torch.optim.Adam]:
        """Their optimisers."""
        ...

    @property
    def advantage_memories(self) -> Sequence[StoredMemory]:
        """Memories by player."""
        ...

    @property
    def strategy_memories(self) -> Sequence[StoredMemory]:
        """Memories by player."""
        ...


def save_state(run: StoredRun, directory: Path | str) -> None:
    """Write the state of a run between two iterations to ``directory``, atomically.

    Raises:
        OSError: the directory cannot be written.
    """
    tensors = network_arrays(_networks(run))
    for name, memory in _memories(run).items():
        tensors.update({f"{name}.{key}": array for key, array in memory.state().items()})
    for p, optimiser in enumerate(run.optimisers):
        for i, parameter in enumerate(run.advantages[p].parameters()):
            for key, value in optimiser.state.get(parameter, {}).items():
                tensors[f"optimiser.{p}.{i}.{key}"] = value.detach().numpy()
    metadata = {
        "game": run.game_text,
        "config": asdict(run.config),
        "iteration": run.iteration,
        "seconds": run.seconds,
        "multiply_adds": run.multiply_adds,
        "losses": run.losses,
        "rng": run.rng.bit_generator.state,
        "history": [asdict(row) for row in run.history],
    }
    save_tensors(Path(directory) / STATE_FILE, tensors, metadata, run.kind)


def load_state(directory: Path | str, tree: PublicTree, config: DeepCFRConfig, encoding: Encoding | None = None) -> DeepCFR:
    """Return the run whose state is in ``directory``, ready for its next iteration.

    Raises:
        CheckpointError: no state, a damaged one, or one of another game or configuration; names the key that differs.
    """
    run = DeepCFR(tree, config, encoding)
    fill_run(run, directory)
    return run


def fill_run(run: StoredRun, directory: Path | str) -> None:
    """Give a new run the state in ``directory``, in place.

    Raises:
        CheckpointError: as for ``load_state``. The run must not be used then.
    """
    path = Path(directory) / STATE_FILE
    tensors, metadata = _readable(path, run.game_text, run.config, run.kind)
    fill_networks(_networks(run), tensors, path)
    try:
        _restore(run, tensors, metadata, history_of(metadata, path, 2 * run.stakes))
    except DAMAGES as error:
        raise CheckpointError(f"training state must be complete, got one that is not in {path}: {first_line(error)}") from None


def check_state(directory: Path | str, game: str, config: Any, kind: str = DeepCFR.kind) -> None:
    """Refuse what ``load_state`` would refuse to resume, before anything is written; no state is nothing to refuse.

    Raises:
        CheckpointError: a damaged state, or one of another game or configuration.
    """
    path = Path(directory) / STATE_FILE
    if os.path.lexists(path):
        _readable(path, game, config, kind)


def _readable(path: Path, game: str, config: Any, kind: str) -> tuple[Tensors, dict[str, Any]]:
    tensors, metadata = load_tensors(path, kind)
    require_game(metadata, game, path)
    saved, iteration = _flat(metadata.get("config")), metadata.get("iteration")
    if not (isinstance(metadata.get("config"), dict) and whole_in(iteration, 0, 2**53)):
        raise CheckpointError(f"training state must be complete, got one without its config or iteration in {path}")
    wanted = _flat(asdict(config))
    for key in sorted(saved.keys() | wanted.keys()):
        if key not in _MAY_DIFFER and saved.get(key) != wanted.get(key):
            raise CheckpointError(f"trainer.{key} must be {brief(saved.get(key))} as in {path}, got {wanted.get(key)!r}")
    if iteration > config.iterations:
        raise CheckpointError(f"trainer.iterations must be at least the {iteration} of {path}, got {config.iterations}")
    return tensors, metadata


def _restore(run: StoredRun, tensors: Tensors, metadata: dict[str, Any], history: list[dict[str, Any]]) -> None:
    """Give a run its state.

    Raises:
        ValueError: a number is missing, of another kind or out of its range; others of ``DAMAGES`` likewise.
    """
    iteration, losses = metadata["iteration"], metadata["losses"]
    require(number_in(metadata["seconds"], 0, 1e12), "seconds must be a number of at least 0")
    require(whole_in(metadata["multiply_adds"], 0, 10**38), "multiply_adds must be a whole number of at least 0")
    require(isinstance(losses, list) and len(losses) == 2 and all(map(finite, losses)), "losses must be two numbers")
    told = [row["iteration"] for row in history]
    require(told == sorted(set(told)) and all(t <= iteration for t in told), "history must be of the iterations that were run")
    for name, memory in _memories(run).items():
        prefix = f"{name}."
        own = {key.removeprefix(prefix): array for key, array in tensors.items() if key.startswith(prefix)}
        require(all(np.isfinite(array).all() for array in own.values()), f"{name} must be finite")
        memory.restore(own)
    if iteration > 0:
        for p, optimiser in enumerate(run.optimisers):
            for i, parameter in enumerate(run.advantages[p].parameters()):
                optimiser.state[parameter] = _moments(tensors, f"optimiser.{p}.{i}", parameter)
    run.rng.bit_generator.state = metadata["rng"]
    run.iteration, run.seconds, run.losses = iteration, float(metadata["seconds"]), losses
    run.multiply_adds = metadata["multiply_adds"]
    run.history = [HistoryRow(**row) for row in history]


def _moments(tensors: Tensors, name: str, parameter: nn.Parameter) -> dict[str, torch.Tensor]:
    """Return what Adam knows of a parameter."""
    found = {key: torch.from_numpy(np.array(tensors[f"{name}.{key}"])) for key in ("step", "exp_avg", "exp_avg_sq")}
    for key, value in found.items():
        shape = (1,) if key == "step" else tuple(parameter.shape)
        require(value.shape == shape and value.dtype == torch.float32, f"{name}.{key} must be float32 {list(shape)}")
        least = -math.inf if key == "exp_avg" else 0.0
        require(bool(torch.isfinite(value).all() and (value >= least).all()), f"{name}.{key} must be finite, and at least {least}")
    return found


def _networks(run: StoredRun) -> dict[str, Any]:
    return {f"advantage.{p}": network for p, network in enumerate(run.advantages)}


def _memories(run: StoredRun) -> dict[str, StoredMemory]:
    pairs = {"advantage_memory": run.advantage_memories, "strategy_memory": run.strategy_memories}
    return {f"{name}.{p}": memory for name, pair in pairs.items() for p, memory in enumerate(pair)}


def _flat(config: Any) -> dict[str, Any]:
    """Return nested configuration with dotted keys; nothing of what is none."""
    found: dict[str, Any] = {}
    for key, value in config.items() if isinstance(config, dict) else ():
        found.update({f"{key}.{k}": v for k, v in _flat(value).items()} if isinstance(value, dict) else {key: value})
    return found
