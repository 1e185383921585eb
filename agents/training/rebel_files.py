"""A run of ReBeL in a directory: its training state and its value network, resumed to the same bits."""

from __future__ import annotations

import math
import os
import time
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from agents.networks.checkpoint import CheckpointError, fill_networks, load_tensors, network_arrays, require_game, save_tensors, settings_of
from agents.networks.value import save_values
from agents.runtime.storage import DAMAGES, brief, first_line, number_in, require, whole_in
from agents.training.rebel import RebelConfig, RebelRow, RebelRun
from agents.training.run import ScalarWriter
from agents.training.state import STATE_FILE, moments
from search.boards.sweeps import uninterrupted

VALUES_FILE = "values.safetensors"
MAY_DIFFER = ("iterations", "evaluate_from", "evaluate_growth", "evaluate_iterations", "save_seconds")
HELD = ("features", "values", "counts")


def save_run(run: RebelRun, directory: Path) -> None:
    """Write the state of a run between two iterations, atomically."""
    tensors = network_arrays({"values": run.network, "mean": run.mean})
    tensors |= {f"replay.{name}": array[: run.replay.size] for name, array in run.replay.arrays.items()}
    for i, parameter in enumerate(run.network.parameters()):
        for key, value in run.optimiser.state.get(parameter, {}).items():
            tensors[f"optimiser.{i}.{key}"] = value.detach().numpy()
    about = {
        "game": run.game.key,
        "config": asdict(run.config),
        "iteration": run.iteration,
        "seconds": run.seconds,
        "loss": run.loss,
        "seen": run.replay.seen,
        "rng": run.rng.bit_generator.state,
        "history": [asdict(row) for row in run.history],
    }
    save_tensors(directory / STATE_FILE, tensors, about, run.config.name)


def save_network(run: RebelRun, directory: Path) -> Path:
    """Write the value network at this point; return its file."""
    path = directory / VALUES_FILE
    about = {
        "trainer": run.config.name,
        "config": asdict(run.config),
        "iteration": run.iteration,
        "history": [asdict(r) for r in run.history],
    }
    save_values(path, run.mean, run.game, f"{run.config.name}:{run.iteration}", about)
    return path


def readable(directory: Path, game: str, config: RebelConfig) -> tuple[dict[str, Any], dict[str, Any]] | None:
    """Return the arrays and the description of the state in a directory; None where there is none.

    Raises:
        CheckpointError: a damaged one, or one of another game or other settings; names the key that differs.
    """
    path = directory / STATE_FILE
    if not os.path.lexists(path):
        return None
    tensors, about = load_tensors(path, config.name)
    require_game(about, game, path)
    saved, wanted = settings_of(about.get("config")), settings_of(config)
    for key in sorted(saved.keys() | wanted.keys()):
        if key not in MAY_DIFFER and saved.get(key) != wanted.get(key):
            raise CheckpointError(f"trainer.{key} must be {brief(saved.get(key))} as in {path}, got {wanted.get(key)!r}")
    iteration = about.get("iteration")
    if not whole_in(iteration, 0, 2**53):
        raise CheckpointError(f"training state must be complete, got one without its iteration in {path}")
    if int(iteration) > config.iterations:  # type: ignore[arg-type]
        raise CheckpointError(f"trainer.iterations must be at least the {iteration} of {path}, got {config.iterations}")
    return tensors, about


def restore(run: RebelRun, directory: Path) -> None:
    """Give a new run the state in a directory, in place; nothing where there is none.

    Raises:
        CheckpointError: as ``readable``. The run must not be used then.
    """
    state = readable(directory, run.game.key, run.config)
    if state is None:
        return
    (tensors, about), path = state, directory / STATE_FILE
    fill_networks({"values": run.network, "mean": run.mean}, tensors, path)
    try:
        require(number_in(about["seconds"], 0, 1e12) and number_in(about["loss"], 0, math.inf), "seconds and loss must be at least 0")
        require(whole_in(about["seen"], 0, 2**53), "the rows seen must be a whole number")
        run.replay.seen = about["seen"]
        for name in HELD:
            array = np.array(tensors[f"replay.{name}"])
            width = run.replay.arrays[name].shape[1]
            require(array.shape == (run.replay.size, width) and array.dtype == np.float32, f"replay.{name} must have all rows")
            require(bool(np.isfinite(array).all()), f"replay.{name} must be finite")
            run.replay.arrays[name] = array
        if about["iteration"]:
            for i, parameter in enumerate(run.network.parameters()):
                run.optimiser.state[parameter] = moments(tensors, f"optimiser.{i}", parameter)
        run.rng.bit_generator.state = about["rng"]
        run.iteration, run.seconds, run.loss = about["iteration"], float(about["seconds"]), float(about["loss"])
        run.history = [RebelRow(**row) for row in about["history"]]
        require(all(math.isfinite(value) for row in run.history for value in asdict(row).values()), "history must be finite")
    except DAMAGES as error:
        raise CheckpointError(f"training state must be complete, got one that is not in {path}: {first_line(error)}") from None
    run.leaves.take(run.mean)


def train_values(
    run: RebelRun, directory: Path, writer: ScalarWriter | None = None, progress: Callable[[int, list[RebelRow]], None] | None = None
) -> Path:
    """Take a run to its end, saved now and then and on Ctrl-C; return the file of its value network."""
    saved = time.monotonic()
    try:
        while run.iteration < run.config.iterations:
            with uninterrupted():  # a state in the middle of an iteration could not be resumed
                run.step()
            if writer is not None:
                writer.add_scalar("loss", run.loss, run.iteration)
            if run.due():
                row = run.evaluate()
                if writer is not None:
                    writer.add_scalar("exploitability", row.exploitability, row.iteration)
            if progress is not None:
                progress(run.iteration, run.history)
            if time.monotonic() - saved >= run.config.save_seconds:
                save_run(run, directory)
                saved = time.monotonic()
        run.evaluate()
        save_run(run, directory)
        return save_network(run, directory)
    except KeyboardInterrupt:
        save_run(run, directory)
        raise
