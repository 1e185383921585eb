"""Which tests need compiled kernels; and kernels are compiled once for all workers of pytest-xdist, which want them at the same time."""

from __future__ import annotations

import fcntl
from pathlib import Path
from typing import Any

import pytest
from numba import config
from numba.core.compiler_lock import global_compiler_lock
from numba.core.dispatcher import Dispatcher

compiled = pytest.mark.skipif(config.DISABLE_JIT, reason="one thread only, and minutes, without compilation")


def share_compilations(folder: Path) -> None:
    """Let a worker that wants a kernel wait while another one compiles it: then Numba's cache on disk has it.

    Args:
        folder: of the lock files, the same for all workers.
    """
    inside = False  # another compilation of this process: kernels compile those that they call
    compile_ = Dispatcher.compile

    def compile_alone(dispatcher: Any, signature: Any) -> Any:
        nonlocal inside
        with global_compiler_lock:
            if inside:
                return compile_(dispatcher, signature)
            with open(folder / f"{dispatcher.__module__}.{dispatcher.__name__}", "w") as lock:
                fcntl.flock(lock, fcntl.LOCK_EX)
                inside = True
                try:
                    return compile_(dispatcher, signature)
                finally:
                    inside = False

    Dispatcher.compile = compile_alone
