"""Torch on one thread, wherever networks are trained or asked."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch


@contextmanager
def one_thread() -> Iterator[None]:
    """Keep torch on one thread until the block ends, then go back to the caller's number; as a decorator, while the function runs.

    Sums then have the same bits on every machine. Networks here are too small to gain from more threads: on two cores Leduc's training
    took ten times the CPU time.
    """
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)
