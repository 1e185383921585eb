"""A training run in a directory: resumed where it stopped, saved as it goes, whole at any moment."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple, Protocol

from agents.networks import CheckpointError, NetworkPolicy, load_policy, policy_metadata, save_policy
from agents.training.deep_cfr import DeepCFR, DeepCFRConfig, HistoryRow
from agents.training.state import STATE_FILE, load_state, save_state
from games import PublicTree

POLICY_FILE = "policy.safetensors"

Progress = Callable[[int, list[HistoryRow]], None]


class Trained(NamedTuple):
    """What a training run came to."""

    policy: NetworkPolicy
    history: list[HistoryRow]  # the last row is the policy's


class ScalarWriter(Protocol):
    """Where training curves go; TensorBoard's ``SummaryWriter`` is one."""

    def add_scalar(self, tag: str, scalar_value: float, global_step: int) -> object:
        """Record one point of one curve."""
        ...


def tensorboard_writer(directory: Path | str) -> Any:
    """Return a TensorBoard writer. TensorBoard takes a second to import, so it is imported only here."""
    from torch.utils.tensorboard import SummaryWriter

    return SummaryWriter(str(directory))


def train(
    tree: PublicTree,
    config: DeepCFRConfig,
    directory: Path | str,
    writer: ScalarWriter | None = None,
    progress: Progress | None = None,
    stop: Callable[[], bool] | None = None,
) -> Trained:
    """Run Deep CFR in ``directory`` to ``config.iterations`` and return the policy and how it came about.

    A state in the directory is resumed and gives the same bits as an uninterrupted run. The state is saved as configured, at the end and
    on Ctrl-C, which then goes on as KeyboardInterrupt; the policy is saved at the end.

    Args:
        tree: of the game.
        config: of the run.
        directory: made if need be; holds ``training.safetensors`` and, at the end, ``policy.safetensors``.
        writer: gets exploitability, losses and compute by iteration.
        progress: called after each iteration with the iteration and the history so far.
        stop: asked after each iteration; True ends the run here: measured, saved and resumable.

    Raises:
        CheckpointError: the state in the directory is damaged or of another run.
        OSError: the directory cannot be written.
    """
    directory = Path(directory)
    run = open_run(tree, config, directory)
    saved = time.monotonic()
    try:
        if run.iteration and run.due():
            run.evaluate()  # if the run was stopped between the iteration and its measurement; nothing happens otherwise
        while run.iteration < config.iterations:
            with _whole_iteration():
                run.step()
            if run.due():
                run.evaluate()
            _report(run, writer, progress)
            if time.monotonic() - saved >= config.save_seconds:
                save_state(run, directory)
                saved = time.monotonic()
            if stop is not None and stop():
                break
        return Trained(_finish(run, directory), run.history)
    except KeyboardInterrupt:
        save_state(run, directory)
        raise


def open_run(tree: PublicTree, config: DeepCFRConfig, directory: Path | str) -> DeepCFR:
    """Return the run whose state is in ``directory``, or a new one whose state is written there at once.

    Raises:
        CheckpointError: the state in the directory is damaged or of another run.
        OSError: the directory cannot be written.
    """
    directory = Path(directory)
    if (directory / STATE_FILE).exists():
        return load_state(directory, tree, config)
    run = DeepCFR(tree, config)
    directory.mkdir(parents=True, exist_ok=True)
    save_state(run, directory)  # refuses an unwritable directory before any work
    return run


def _finish(run: DeepCFR, directory: Path) -> NetworkPolicy:
    """Measure and save what there is; the policy of a run that was finished before is loaded, not trained again."""
    path = directory / POLICY_FILE
    run.evaluate()
    save_state(run, directory)
    if path.exists():
        try:
            metadata = policy_metadata(path)
            if all(metadata.get(key) == value for key, value in run.describe().items()):
                return load_policy(path, run.tree)
        except CheckpointError:
            pass  # damaged: written anew below
    policy = run.policy()
    save_policy(path, policy, run.describe())
    return policy


def _report(run: DeepCFR, writer: ScalarWriter | None, progress: Progress | None) -> None:
    last = run.history[-1] if run.history else None
    if writer is not None:
        for p in (0, 1):
            writer.add_scalar(f"advantage_loss/player_{p}", run.losses[p], run.iteration)
        writer.add_scalar("multiply_adds", run.multiply_adds, run.iteration)
        if last is not None and last.iteration == run.iteration:
            writer.add_scalar("exploitability", last.exploitability, run.iteration)
    if progress is not None:
        progress(run.iteration, run.history)


@contextmanager
def _whole_iteration() -> Iterator[None]:
    """Hold Ctrl-C back until the block is done: a state in the middle of an iteration could not be resumed."""
    if threading.current_thread() is not threading.main_thread():  # signals go to the main thread only
        yield
        return
    held: list[Any] = []
    before = signal.signal(signal.SIGINT, lambda number, frame: held.append((number, frame)))
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
    if held and callable(before):
        before(*held[0])
