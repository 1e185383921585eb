"""Maps over independent work on a Ray cluster: the executor of ``executor=ray``.

Ray does what there is to do: it places tasks on nodes, moves what they need through its object store, and does the work of processes and
nodes again that died. A map is Ray's tasks; a pool of processes that were started alike is Ray's actors. Each takes one of the CPUs that
its node told Ray of, and works on one thread.

What tasks take and give is pickled by this module, not by Ray, whose arrays are read-only views into its store: kernels would compile anew
for them. So a task sees what it would see in a process of ``Local``, and gives the same bits.

Ray is the extra ``ray``; ``agents.runtime.ray_session`` alone imports it, when there is something to do.
"""

from __future__ import annotations

import io
import os
import pickle
import signal
import threading
from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass
from itertools import cycle
from typing import Any

from agents.runtime.executor import MOST_DEATHS, RepeatedDeathsError, Result, Task, local_workers
from agents.runtime.ray_session import check_address, check_installed, session

LARGE = 100_000  # bytes of a part of tasks from which on it goes to the object store, once for all tasks; Ray's own limit is as large


@dataclass(frozen=True)
class Ray:
    """A Ray cluster, or this machine as one.

    Attributes:
        workers: tasks at a time; 0 means one for each CPU of the cluster.
        address: ``host:port`` of the cluster's head; None starts Ray on this machine, which ends with this process.
    """

    workers: int = 0
    address: str | None = None

    def __post_init__(self) -> None:
        check_installed()
        if self.address is None:
            object.__setattr__(self, "workers", local_workers(self.workers))
            return
        if self.workers < 0:
            raise ValueError(f"executor.workers must be at least 0, got {self.workers}")
        check_address(self.address)
        session(self.workers, self.address)  # to be told of a cluster that does not answer before the work begins
        object.__setattr__(self, "workers", self.workers or sum(self._cpus()))

    @property
    def per_machine(self) -> int:
        return self.workers if self.address is None else min(self.workers, max(self._cpus()))

    def _cpus(self) -> list[int]:
        """Return how many CPUs each node of the cluster has for tasks; [1] while there are none."""
        nodes = session(self.workers, self.address).nodes()
        return [cpus for node in nodes if node["Alive"] and (cpus := int(node["Resources"].get("CPU", 0)))] or [1]

    def map(self, function: Callable[[Task], Result], tasks: Sequence[Task]) -> Generator[tuple[int, Result]]:
        """Yield results as they finish; running work is abandoned if the caller stops.

        Raises:
            ChildProcessError: the processes of a task died ``MOST_DEATHS`` times; those of other tasks were done again.
            OSError: a node lacks this process's working directory.
        """
        if not tasks:
            return
        ray = session(self.workers, self.address)
        work = ray.remote(num_cpus=1, max_retries=MOST_DEATHS - 1)(_work)
        called = pickle.dumps(function, pickle.HIGHEST_PROTOCOL)  # once: it may hold a blueprint
        parcels, left, running = _Parcels(ray), iter(range(len(tasks))), dict[Any, int]()
        # Where Ray's CPUs are the limit, each has a task to go on with while this process handles results.
        ahead = self.workers if self.workers < sum(self._cpus()) else 2 * self.workers
        try:
            while True:
                for i in _some(left, ahead - len(running)):
                    running[work.remote(os.getcwd(), *parcels.packed((called, tasks[i])))] = i
                if not running:
                    return
                ray.wait(list(running), num_returns=1)
                done, _ = ray.wait(list(running), num_returns=len(running), timeout=0)
                for reference in done:
                    yield running.pop(reference), _result(ray, reference)
        finally:
            if ray.is_initialized():  # a command that ends has left it
                for reference in running:
                    ray.cancel(reference, force=True)

    def pool(self, processes: int, start: Callable[..., None], *arguments: Any) -> ActorPool:
        """Return so many processes, no more of them than CPUs, see ``agents.runtime.executor.Pool``."""
        return ActorPool(session(self.workers, self.address), min(processes, self.workers), start, arguments)


def _some(numbers: Any, most: int) -> list[int]:
    """Return the next numbers, so many at most."""
    return [number for _, number in zip(range(most), numbers, strict=False)]


class ActorPool:
    """Actors that were started alike; they take turns. Ray starts those anew that die, and gives them their work again.

    Args:
        ray: the module, connected.
        actors: how many.
        start: called with ``arguments`` in each before its first work.
        arguments: of ``start``.
    """

    def __init__(self, ray: Any, actors: int, start: Callable[..., None], arguments: Sequence[Any]) -> None:
        self._ray, self.deaths = ray, 0
        actor = ray.remote(num_cpus=1, max_restarts=-1, max_task_retries=MOST_DEATHS - 1)(_Process)
        self._parcels = _Parcels(ray)
        packed = self._parcels.packed((start, *arguments))
        self._actors = [actor.remote(os.getcwd(), *packed) for _ in range(actors)]
        self._turns = cycle(range(actors))
        self._processes = dict[int, str]()  # by actor: the process that last worked for it

    def submit(self, function: Callable[[Any], Any], task: Any) -> ActorResult:
        """Give the next actor something to do; they are started with the pool."""
        actor = next(self._turns)
        return ActorResult(self, actor, self._actors[actor].work.remote(*self._parcels.packed((function, task))))

    def result(self, actor: int, reference: Any) -> Any:
        """Wait for what an actor was given to do; return its result, and count the deaths that it took."""
        process, result = _result(self._ray, reference)
        self.deaths += self._processes.get(actor, process) != process
        self._processes[actor] = process
        return result

    def terminate(self) -> None:
        """Abandon what is being done."""
        for actor in self._actors:
            self._ray.kill(actor)

    def close(self) -> None:
        """Take no more work; actors end with the last reference to them."""
        self._actors = []


@dataclass(frozen=True)
class ActorResult:
    """What an actor was given to do."""

    pool: ActorPool
    actor: int
    reference: Any

    def result(self) -> Any:
        """Wait for it and return it; raises what it raised, or RepeatedDeathsError."""
        return self.pool.result(self.actor, self.reference)


class _Process:
    """An actor: a process with the state that ``start`` leaves in its modules."""

    def __init__(self, directory: str, packed: bytes, *large: bytes) -> None:
        _enter(directory)
        start, *arguments = _unpacked(packed, large)
        start(*arguments)

    def work(self, packed: bytes, *large: bytes) -> bytes:
        """Return the pickled name of this process and a result."""
        function, task = _unpacked(packed, large)
        return pickle.dumps((f"{os.uname().nodename}:{os.getpid()}", function(task)), pickle.HIGHEST_PROTOCOL)


def _work(directory: str, packed: bytes, *large: bytes) -> bytes:
    """Do a task in a worker of Ray's; return its pickled result."""
    _enter(directory)
    called, task = _unpacked(packed, large)
    return pickle.dumps(pickle.loads(called)(task), pickle.HIGHEST_PROTOCOL)


def _enter(directory: str) -> None:
    """Work where the caller works: paths lead to the same files. Ctrl-C is the caller's."""
    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        os.chdir(directory)
    except OSError:
        rule = f"the working directory must be there on every node (on a file system that all share), got no {directory}"
        raise FileNotFoundError(f"{rule} on {os.uname().nodename}") from None


def _result(ray: Any, reference: Any) -> Any:
    """Return the result behind a reference; raises what the task raised, and of Ray's errors that processes died again and again."""
    try:
        return pickle.loads(ray.get(reference))
    except ray.exceptions.RayTaskError as error:
        raise error.cause from None
    except ray.exceptions.RayError as error:
        text = next(iter(str(error).splitlines()), type(error).__name__)
        died = f"a worker process died {MOST_DEATHS} times at one task (killed, or out of memory)"
        raise RepeatedDeathsError(f"{died}; what was done is kept, resume goes on ({type(error).__name__}: {text:.200})") from None


class _Parcels:
    """Pickles tasks; texts of bytes that many of them hold, such as a pickled agent, are put into the object store once."""

    def __init__(self, ray: Any) -> None:
        self._ray, self._stored = ray, dict[int, tuple[bytes, Any]]()  # by id; the bytes are held, so that no others get it

    def packed(self, content: Any) -> tuple[Any, ...]:
        """Return a pickle without the large bytes, and references to those: arguments of a task."""
        file = io.BytesIO()
        pickler = _Pickler(file, self)
        pickler.dump(content)
        return file.getvalue(), *pickler.references

    def stored(self, large: bytes) -> Any:
        """Return a reference to bytes in the object store."""
        if id(large) not in self._stored:
            self._stored[id(large)] = large, self._ray.put(large)
        return self._stored[id(large)][1]


class _Pickler(pickle.Pickler):
    """Leaves large bytes out; ``references`` lead to them."""

    def __init__(self, file: io.BytesIO, parcels: _Parcels) -> None:
        super().__init__(file, pickle.HIGHEST_PROTOCOL)
        self.parcels, self.references = parcels, list[Any]()

    def persistent_id(self, obj: Any) -> int | None:
        if type(obj) is not bytes or len(obj) < LARGE:
            return None
        self.references.append(self.parcels.stored(obj))
        return len(self.references) - 1


class _Unpickler(pickle.Unpickler):
    """Puts large bytes in again."""

    def __init__(self, packed: bytes, large: Sequence[bytes]) -> None:
        super().__init__(io.BytesIO(packed))
        self.large = large

    def persistent_load(self, pid: Any) -> bytes:
        part: bytes = self.large[pid]
        return part


def _unpacked(packed: bytes, large: Sequence[bytes]) -> Any:
    """Return what ``_Parcels`` packed."""
    return _Unpickler(packed, large).load()
