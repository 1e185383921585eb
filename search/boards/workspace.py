"""Memory and threads that solvers take over from each other: what is there already costs no page faults and no start of threads.

Large arrays are asked for anew: the system has zeros in pages of two megabytes, and its faults cost no more than setting kept memory to
zero. They fall into the first iteration, to all threads.
"""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import numpy.typing as npt

from games.kernels import LANES, aligned_zeros

Rows = npt.NDArray[Any]
LINE = 64  # bytes of a cache line
ROOM = 1.25  # times what is asked for is allocated where what was there is too small: the next subgame may be larger again
MOST_KEPT = 1 << 22  # bytes of an array; NumPy asks for large pages from here on


class Workspace:
    """Arrays by name and a pool of threads, for one solver at a time.

    A solver that is made with a workspace takes it over: those made with it before must not be used any more, nor their answers.
    """

    def __init__(self) -> None:
        self._memory: dict[str, npt.NDArray[np.uint8]] = {}
        self._pool: ThreadPoolExecutor | None = None
        self._threads = 1

    def pool(self, threads: int) -> ThreadPoolExecutor | None:
        """Return a pool in which ``threads`` - 1 threads run beside the caller's; None for one thread.

        Raises:
            OSError: the system cannot start so many.
        """
        if threads > 1 and (self._pool is None or self._threads != threads):
            self._pool, self._threads = _running_pool(threads - 1), threads
        return self._pool if threads > 1 else None

    def zeros(self, name: str, rows: int, dtype: Any) -> Rows:
        """Return zeros [rows, 8] that start on a cache line; they take the place of those of the same name."""
        count = rows * LANES * np.dtype(dtype).itemsize
        if count >= MOST_KEPT:
            self._memory.pop(name, None)
            return aligned_zeros(rows, LANES, dtype)
        memory = self._memory.get(name)
        if memory is None or len(memory) < count:
            memory = np.zeros((count if memory is None else int(ROOM * count)) + LINE, np.uint8)
            memory = self._memory[name] = memory[-memory.ctypes.data % LINE :]
        else:
            memory[:count] = 0
        found: Rows = memory[:count].view(dtype).reshape(rows, LANES)
        return found


def _running_pool(threads: int) -> ThreadPoolExecutor:
    """Return a pool whose threads all run: in a sweep they wait for each other, so none may fail to start there."""
    pool, go = ThreadPoolExecutor(threads), threading.Event()
    try:
        for _ in range(threads):
            pool.submit(go.wait)
    except RuntimeError as error:
        raise OSError(f"threads must be as many as the system can start, got {threads + 1} ({error})") from None
    finally:
        go.set()
    return pool
