"""A training run in a directory: resumed where it stopped, saved as it goes, whole at any moment."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, NamedTuple, Protocol, TypeVar

from agents.networks import CheckpointError, NetworkPolicy
from agents.training.base import BaseRun, HistoryRow
from agents.training.state import STATE_FILE, load_state, save_state
from search.boards.sweeps import uninterrupted

POLICY_FILE = "policy.safetensors"

Progress = Callable[[int, list[HistoryRow]], None]

Run = TypeVar("Run", bound=BaseRun)


class Trained(NamedTuple):
    """What a training run came to."""

    policy: NetworkPolicy
    history: list[HistoryRow]  # the last row is the policy's


class ScalarWriter(Protocol):
    """Where training curves go; TensorBoard's ``SummaryWriter`` is one."""

    def add_scalar(self, tag: str, scalar_value: float, global_step: int) -> object:
        """Record one point of one curve."""


@contextmanager
def tensorboard_writer(directory: Path | str) -> Iterator[Any]:
    """Give a TensorBoard writer, and close it. It holds curves only: what it cannot write is left out without a word."""
    from torch.utils.tensorboard import SummaryWriter  # takes a second to import

    def complain(arguments: threading.ExceptHookArgs) -> None:  # of TensorBoard's thread
        if not issubclass(arguments.exc_type, OSError):
            threading.__excepthook__(arguments)

    writer = SummaryWriter(str(directory))
    hook, threading.excepthook = threading.excepthook, complain
    try:
        yield writer
    finally:
        with suppress(OSError):
            writer.close()
        threading.excepthook = hook


def open_run(run: Run, directory: Path | str) -> Run:
    """Return a new run with the state that is in ``directory``, or write its own there at once.

    Raises:
        CheckpointError: the state in the directory is damaged or of another run.
        OSError: the directory cannot be written.
    """
    directory = Path(directory)
    if (directory / STATE_FILE).exists():
        load_state(run, directory)
    else:
        directory.mkdir(parents=True, exist_ok=True)
        save_state(run, directory)  # refuses an unwritable directory before any work
    return run


def train(
    run: BaseRun,
    directory: Path | str,
    writer: ScalarWriter | None = None,
    progress: Progress | None = None,
    stop: Callable[[], bool] | None = None,
) -> Trained:
    """Take a run of self-play to its end in ``directory`` and return the policy and how it came about.

    A new run takes over the state that is in the directory, and gives the same bits as an uninterrupted one. The state is saved as
    configured, at the end and on Ctrl-C, which then goes on as KeyboardInterrupt; the policy is saved at the end.

    Args:
        run: before its first iteration, or where an earlier call left it.
        directory: made if need be; holds ``training.safetensors`` and, at the end, ``policy.safetensors``.
        writer: gets exploitability, losses and compute by iteration.
        progress: called after each iteration with the iteration and the history so far.
        stop: asked after each iteration; True ends the run here: measured, saved and resumable.

    Raises:
        CheckpointError: the state in the directory is damaged or of another run.
        OSError: the directory cannot be written.
    """
    if run.iteration == 0:
        open_run(run, directory)
    directory = Path(directory)
    saved = time.monotonic()
    try:
        if run.iteration and run.due():
            run.evaluate()  # if the run was stopped between the iteration and its measurement; nothing happens otherwise
        while run.iteration < run.config.iterations:
            with uninterrupted():  # a state in the middle of an iteration could not be resumed
                run.step()
            if run.due():
                run.evaluate()
            _report(run, writer, progress)
            if time.monotonic() - saved >= run.config.save_seconds:
                save_state(run, directory)
                saved = time.monotonic()
            if stop is not None and stop():
                break
        return Trained(_finish(run, directory), run.history)
    except KeyboardInterrupt:
        save_state(run, directory)
        raise


def _finish(run: BaseRun, directory: Path) -> NetworkPolicy:
    """Measure and save what there is; the policy of a run that was finished before is loaded, not trained again."""
    path = directory / POLICY_FILE
    run.evaluate()
    save_state(run, directory)
    try:
        return run.load_policy(path)
    except CheckpointError:  # none yet, damaged, or of an earlier iteration
        run.save_policy(path)
        return run.policy()


def _report(run: BaseRun, writer: ScalarWriter | None, progress: Progress | None) -> None:
    last = run.history[-1] if run.history else None
    if writer is not None:
        for p in (0, 1):
            writer.add_scalar(f"advantage_loss/player_{p}", run.losses[p], run.iteration)
        writer.add_scalar("multiply_adds", run.multiply_adds, run.iteration)
        if last is not None and last.iteration == run.iteration:
            writer.add_scalar("exploitability", last.exploitability, run.iteration)
    if progress is not None:
        progress(run.iteration, run.history)
