"""Maps over independent work: the one seam for processes here and on a cluster. No scheduler, queue or wire protocol of our own.

The cluster's half is ``agents.runtime.ray_executor``.
"""

from __future__ import annotations

import ctypes
import gc
import multiprocessing
import os
import signal
import sys
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

from agents.reporting.tables import cores

Task = TypeVar("Task")
Result = TypeVar("Result")

MOST_DEATHS = 3  # of the processes that do one task, where it is done again: after as many there is something about the task
ONE_THREAD = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMBA_NUM_THREADS")


class Executor(Protocol):
    """Runs a function over tasks and yields (task number, result) as they finish, in any order."""

    @property
    def workers(self) -> int:
        """How many tasks run at a time."""

    @property
    def per_machine(self) -> int:
        """How many of them share the cores and the memory of one machine, at most."""

    def map(self, function: Callable[[Task], Result], tasks: Sequence[Task]) -> Generator[tuple[int, Result]]:
        """Yield results as they come. An exception of a task is raised here."""


@dataclass(frozen=True)
class Serial:
    """One task after another in this process."""

    workers: int = 1

    @property
    def per_machine(self) -> int:
        return 1

    def map(self, function: Callable[[Task], Result], tasks: Sequence[Task]) -> Generator[tuple[int, Result]]:
        for i, task in enumerate(tasks):
            yield i, function(task)


@dataclass(frozen=True)
class Local:
    """Processes on this machine, one thread each, no more of them than cores; 0 workers means one per core."""

    workers: int = 0

    def __post_init__(self) -> None:
        object.__setattr__(self, "workers", local_workers(self.workers))

    @property
    def per_machine(self) -> int:
        return self.workers

    def map(self, function: Callable[[Task], Result], tasks: Sequence[Task]) -> Generator[tuple[int, Result]]:
        """Yield results as they finish; running work is abandoned if the caller stops."""
        if not tasks:
            return
        pool = ProcessPool(min(self.workers, len(tasks)))
        try:
            running = dict(zip((pool.submit(function, task) for task in tasks), range(len(tasks)), strict=True))
            while running:
                done, _ = wait(running, return_when=FIRST_COMPLETED)
                for future in done:
                    yield running.pop(future), future.result()
        except BrokenProcessPool:
            raise ChildProcessError("a worker process died (killed, or out of memory); what was done is kept, resume goes on") from None
        except BaseException:
            pool.terminate()
            raise
        finally:
            pool.close()


def local_workers(asked: int) -> int:
    """Return how many processes work on this machine; 0 asks for one per core.

    Raises:
        ValueError: more than there are cores.
    """
    most = cores()
    if not 0 <= asked <= most:
        raise ValueError(f"executor.workers must be in 0..{most} (the cores of this machine), got {asked}")
    return asked or most


class RepeatedDeathsError(ChildProcessError):
    """The processes that did one task died ``MOST_DEATHS`` times."""


class Pending(Protocol):
    """What a process is doing; a ``Future`` is one."""

    def result(self) -> Any:
        """Wait for it and return it; raises what it raised."""


class Pool(Protocol):
    """Processes that were started alike and work while the caller goes on.

    Attributes:
        deaths: how many of them died and were replaced without the caller's help.
    """

    deaths: int

    def submit(self, function: Callable[[Any], Any], task: Any) -> Pending:
        """Give the processes something to do."""

    def terminate(self) -> None:
        """Abandon what is being done."""

    def close(self) -> None:
        """Take no more work."""


def local_pool(processes: int, start: Callable[..., None], *arguments: Any) -> ProcessPool:
    """Return so many processes of this machine, no more of them than cores, see ``ProcessPool``."""
    return ProcessPool(min(processes, cores()), start, *arguments)


class ProcessPool:
    """Processes on this machine, one thread each, that work while the caller goes on; they end with it.

    Args:
        workers: how many.
        start: called with ``arguments`` in each process before its first work.
    """

    deaths = 0  # a process that dies breaks the pool

    def __init__(self, workers: int, start: Callable[..., None] | None = None, *arguments: Any) -> None:
        given = (start, *arguments)
        context = multiprocessing.get_context("spawn")
        self._pool = ProcessPoolExecutor(workers, mp_context=context, initializer=start_worker, initargs=given)
        self._workers = workers

    def submit(self, function: Callable[[Task], Result], task: Task) -> Future[Result]:
        """Give the processes something to do; they are started with the first tasks."""
        with environment(dict.fromkeys(ONE_THREAD, "1")):  # read by the libraries when a worker imports them
            future = self._pool.submit(function, task)
        if len(self._pool._processes) == self._workers:
            # Every worker has its own end of the pipe of results now. With ours open, too, the rest of a result that a worker was stopped
            # in the middle of would be waited for without end, when this process exits at the latest.
            self._pool._result_queue._writer.close()  # type: ignore[attr-defined]
        return future

    def terminate(self) -> None:
        """Abandon what is being done."""
        for process in list((getattr(self._pool, "_processes", None) or {}).values()):
            process.terminate()

    def close(self) -> None:
        """Take no more work; processes end when they have nothing to do."""
        self._pool.shutdown(wait=False, cancel_futures=True)


@contextmanager
def environment(values: Mapping[str, str]) -> Iterator[None]:
    """Set environment variables until the block is done."""
    saved = {name: os.environ.get(name) for name in values}
    os.environ.update(values)
    try:
        yield
    finally:
        for name, value in saved.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


@contextmanager
def no_collections(wanted: bool = True) -> Iterator[None]:
    """Spare what is loaded from garbage collections until the block is done: one of all of torch takes longer than a short decision."""
    if wanted:
        gc.collect()
        gc.freeze()
    try:
        yield
    finally:
        gc.unfreeze()


def start_worker(start: Callable[..., None] | None = None, *arguments: Any) -> None:
    """Leave Ctrl-C and a closed terminal to the parent, which keeps what is done and stops the workers; do not outlive it. Then start."""
    for name in ("SIGINT", "SIGHUP"):
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), signal.SIG_IGN)
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG
        parent = multiprocessing.parent_process()
        if parent is not None and os.getppid() != parent.pid:
            os._exit(1)  # it was killed before this, and no signal will come
    if start is not None:
        start(*arguments)
