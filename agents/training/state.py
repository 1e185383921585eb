"""The training state of a run as one checkpoint file: resuming gives the same bits as never having stopped.

Held: networks, Adam moments, memories, the generator of all sampling, history and counters. Torch's generator is not: nothing draws from
it after the initial weights, which come from the seed.
"""

from __future__ import annotations

import math
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

import numpy as np
import torch
from torch import nn

from agents.networks import CheckpointError, load_tensors, save_tensors
from agents.networks.checkpoint import Tensors, fill_networks, network_arrays, require_game, settings_of
from agents.networks.regression import DivergenceError
from agents.runtime.storage import DAMAGES, brief, finite, first_line, number_in, require, whole_in
from games.arrays import Array
from games.modules import MODULES, sources

if TYPE_CHECKING:
    from agents.training.base import TrainingRun

STATE_FILE = "training.safetensors"


class Memory(Protocol):
    """What a run learns from; ``agents.training.buffer.Buffer`` is one."""

    def state(self) -> dict[str, Array]:
        """Return everything as arrays (views)."""

    def restore(self, state: dict[str, Array]) -> None:
        """Become the memory whose ``state`` it is; raises ValueError if it is not such a state."""


class Held(NamedTuple):
    """What a run holds that is saved, by name; its numbers besides are ``TrainingRun.counters``."""

    networks: Mapping[str, nn.Module]
    optimisers: Mapping[str, tuple[Any, nn.Module]]  # Adam's, and the network that each trains
    memories: Mapping[str, Memory]

    def parameters(self) -> Iterator[tuple[str, nn.Parameter, Any]]:
        """Yield the name of each parameter that is trained, it and its optimiser."""
        for name, (optimiser, network) in self.optimisers.items():
            for i, parameter in enumerate(network.parameters()):
                yield f"{name}.{i}", parameter, optimiser


def save_state(run: TrainingRun[Any, Any], directory: Path | str) -> None:
    """Write the state of a run between two iterations to ``directory``, atomically.

    Raises:
        OSError: it cannot be written.
        DivergenceError: see ``require_finite``.
    """
    held = run.held()
    tensors = network_arrays(held.networks)
    tensors |= {f"{name}.{key}": array for name, memory in held.memories.items() for key, array in memory.state().items()}
    for name, parameter, optimiser in held.parameters():
        tensors |= {f"{name}.{key}": value.detach().numpy() for key, value in optimiser.state.get(parameter, {}).items()}
    require_finite(tensors)
    metadata = run.describe() | run.counters() | {"game": run.game.key, "seconds": run.seconds, "rng": run.rng.bit_generator.state}
    if modules := sources(run.game.key, f"{type(run.config).__module__}:"):  # a digest of your own that have the game and the trainer
        metadata["modules"] = modules
    save_tensors(Path(directory) / STATE_FILE, tensors, metadata, run.config.name)


def require_finite(arrays: Mapping[str, Array]) -> None:
    """Raise DivergenceError for a state with numbers that are none: it shall not take the place of one that can be resumed."""
    for name, array in arrays.items():
        if array.size and not (np.isfinite(array.min()) and np.isfinite(array.max())):  # without an array of its size
            raise DivergenceError(f"training state must be finite, got NaN or infinity in {name}")


def load_state(run: TrainingRun[Any, Any], directory: Path | str) -> None:
    """Give a new run the state in ``directory``, in place.

    Raises:
        CheckpointError: no state, a damaged one, or one of another game or configuration; names the key that differs. The run must not be
            used then.
    """
    path = Path(directory) / STATE_FILE
    tensors, metadata = _readable(path, run.game.key, run.config)
    held, iteration = run.held(), metadata["iteration"]
    fill_networks(held.networks, tensors, path)
    try:
        require(number_in(metadata["seconds"], 0, 1e12), "seconds must be a number of at least 0")
        run.restore(metadata)
        iterations = [row.iteration for row in run.history]
        fits = iterations == sorted(set(iterations)) and all(t <= iteration for t in iterations)
        require(fits, "history must be of the iterations that were run")
        for name, memory in held.memories.items():
            prefix = f"{name}."
            arrays = {key.removeprefix(prefix): array for key, array in tensors.items() if key.startswith(prefix)}
            require(all(np.isfinite(array).all() for array in arrays.values()), f"{name} must be finite")
            memory.restore(arrays)
        for name, parameter, optimiser in held.parameters() if iteration else ():
            optimiser.state[parameter] = _moments(tensors, name, parameter)
        run.rng.bit_generator.state = metadata["rng"]
    except CheckpointError:
        raise
    except DAMAGES as error:
        raise CheckpointError(f"training state must be complete, got one that is not in {path}: {first_line(error)}") from None
    run.iteration, run.seconds, run.lowered = iteration, float(metadata["seconds"]), metadata["lowered"]


def check_state(directory: Path | str, game: str, config: Any) -> None:
    """Raise CheckpointError for a state that ``load_state`` would not resume, before anything is written; there may be none."""
    path = Path(directory) / STATE_FILE
    if os.path.lexists(path):
        _readable(path, game, config)


def _readable(path: Path, game: str, config: Any) -> tuple[Tensors, dict[str, Any]]:
    tensors, metadata = load_tensors(path, config.name)
    require_game(metadata, game, path)
    saved, iteration, lowered = metadata.get("config"), metadata.get("iteration"), metadata.get("lowered", [])
    if not (isinstance(saved, dict) and whole_in(iteration, 0, 2**53) and isinstance(lowered, list)):
        raise CheckpointError(f"training state must be complete, got one without its config or iteration in {path}")
    lowered = lowered + require_same(saved, config, metadata["iteration"], path)
    if metadata.get("modules", "") != sources(game, f"{type(config).__module__}:"):
        raise CheckpointError(f"{MODULES} must name the modules that {path} was trained with, unchanged, got others or changed ones")
    return tensors, metadata | {"lowered": lowered}


def require_same(saved: Any, config: Any, iteration: int, path: Path) -> list[dict[str, Any]]:
    """Return which learning rates are lower than those of a run saved after an iteration.

    Raises:
        CheckpointError: other settings would make another run; names the key that differs.
    """
    theirs: Any = settings_of(saved)
    ours, lowered = settings_of(config), []
    for key in sorted(theirs.keys() | ours.keys()):
        old, new = theirs.get(key), ours.get(key)
        if old == new or key in config.may_differ:
            continue
        rate = key.endswith("learning_rate") and finite(old) and finite(new)
        if not (rate and old > new):
            raise CheckpointError(f"trainer.{key} must be {'at most ' * rate}{brief(old)} as in {path}, got {new!r}")
        lowered.append({"iteration": iteration, "key": f"trainer.{key}", "before": old})
    if iteration > config.iterations:
        raise CheckpointError(f"trainer.iterations must be at least the {iteration} of {path}, got {config.iterations}")
    return lowered


def _moments(tensors: Tensors, name: str, parameter: nn.Parameter) -> dict[str, torch.Tensor]:
    """Return what Adam knows of a parameter."""
    moments = {key: torch.from_numpy(np.array(tensors[f"{name}.{key}"])) for key in ("step", "exp_avg", "exp_avg_sq")}
    for key, value in moments.items():
        shape = (1,) if key == "step" else tuple(parameter.shape)
        require(value.shape == shape and value.dtype == torch.float32, f"{name}.{key} must be float32 {list(shape)}")
        least = -math.inf if key == "exp_avg" else 0.0
        require(bool(torch.isfinite(value).all() and (value >= least).all()), f"{name}.{key} must be finite, and at least {least}")
    return moments
