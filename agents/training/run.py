"""A training run in a directory: resumed where it stopped, saved as it goes, whole at any moment."""

from __future__ import annotations

import math
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Protocol, TypeVar

from agents.networks.regression import DivergenceError
from agents.training.base import TrainingRun
from search.boards.sweeps import uninterrupted
from search.frontier import NoValuesError

WATCHED = 10  # iterations that an error is a mean over
MOST_ERROR = 100.0  # of such a mean, see ``TrainingRun.errors``: more is no training

Progress = Callable[[int, list[Any]], None]

Made = TypeVar("Made")
Run = TypeVar("Run", bound=TrainingRun[Any, Any])


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
    run.open(Path(directory))
    return run


def train(
    run: TrainingRun[Any, Made],
    directory: Path | str,
    writer: ScalarWriter | None = None,
    progress: Progress | None = None,
    stop: Callable[[], bool] | None = None,
) -> Made:
    """Take a run of any trainer to its end in ``directory``, step by step, and return what it made.

    A new run takes over the state that is in the directory, and gives the same bits as an uninterrupted one. The state is saved as
    configured, at the end and on Ctrl-C, which then goes on as KeyboardInterrupt; what was made is saved at the end.

    Args:
        run: before its first iteration, or where an earlier call left it.
        directory: made if need be; of a run that trains a policy it holds ``training.safetensors`` and, at the end, ``policy.safetensors``.
        writer: gets the run's curves by iteration.
        progress: called after each iteration with the iteration and the history so far.
        stop: asked after each iteration; True ends the run here: measured, saved and resumable.

    Raises:
        CheckpointError: the state in the directory is damaged or of another run.
        DivergenceError: numbers that are none, or errors that rise without end; names the iteration. The last state that was saved stays.
        OSError: a file cannot be written. The last one that was stays whole.
    """
    directory = Path(directory)
    if run.iteration == 0:
        open_run(run, directory)
    watch, iteration = Watch(), run.iteration
    saved_iteration, saved_at = run.iteration, time.monotonic()

    def save() -> None:
        nonlocal saved_iteration, saved_at
        if all(error <= MOST_ERROR for error in run.errors().values()):  # else the state before is the last good one
            run.save(directory)
            saved_iteration, saved_at = run.iteration, time.monotonic()

    try:
        if run.due():
            run.evaluate()  # if the run was stopped between the iteration and its measurement; nothing happens otherwise
        while run.iteration < run.config.iterations:
            iteration = run.iteration + 1
            with uninterrupted():  # a state in the middle of an iteration could not be resumed
                run.step()
            if run.due():
                run.evaluate()
            watch.look(run)
            _draw(run, writer)
            if progress is not None:
                progress(run.iteration, run.history)
            if time.monotonic() - saved_at >= run.config.save_seconds:
                save()
            if stop is not None and stop():
                break
        run.evaluate()
        run.save(directory)
        return run.finish(directory)
    except KeyboardInterrupt:
        with uninterrupted():
            save()
        raise
    except (DivergenceError, NoValuesError) as error:
        more = f"resume goes on from iteration {saved_iteration}, which {directory} has, and takes a lower learning rate"
        raise DivergenceError(f"{error} (iteration {iteration}; {more})") from None
    finally:
        run.close()


class Watch:
    """Ends a run that diverges: its curves must be finite, and its errors must not rise without end."""

    def __init__(self) -> None:
        self._last: dict[str, deque[float]] = {}

    def look(self, run: TrainingRun[Any, Any]) -> None:
        """Look at an iteration; raises DivergenceError."""
        for name, value in run.curves().items():
            if not math.isfinite(value):
                raise DivergenceError(f"training {name} must be finite, got {value}")
        for name, error in run.errors().items():
            last = self._last.setdefault(name, deque(maxlen=WATCHED))
            last.append(error)
            mean = sum(last) / len(last)
            if len(last) == WATCHED and mean > MOST_ERROR:
                rule = f"must stay below {MOST_ERROR:g} times that of a network that says 0"
                raise DivergenceError(f"training {name} {rule}, got {mean:.3g} times over {WATCHED} iterations")


def _draw(run: TrainingRun[Any, Any], writer: ScalarWriter | None) -> None:
    if writer is not None:
        with suppress(OSError):  # see ``tensorboard_writer``
            for name, value in run.curves().items():
                writer.add_scalar(name, value, run.iteration)
