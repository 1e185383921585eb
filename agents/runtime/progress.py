"""The progress of tasks in other processes: each writes its share into its folder, and the one who waits reads them every second."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from agents.reporting.tables import write_text
from games.files import read_text

SECONDS = 1.0  # between looks, and between what is written
FILE = "share"


class ShareWriter:
    """Writes the share of a task that is done into its folder, at most once a second."""

    def __init__(self, folder: Path) -> None:
        self.folder, self._written = folder, time.perf_counter()

    def __call__(self, share: float) -> None:
        now = time.perf_counter()
        if now - self._written >= SECONDS:
            self._written = now
            with suppress(OSError):  # progress is no reason to stop
                self.folder.mkdir(exist_ok=True)
                write_text(self.folder / FILE, f"{share:.4f}")


def shares(folders: Sequence[Path]) -> float:
    """Return the shares that tasks have done, summed; what cannot be read counts as nothing."""
    total = 0.0
    for folder in folders:
        with suppress(OSError, ValueError):
            total += min(max(float(read_text(folder / FILE, 100)), 0.0), 1.0)
    return total


@contextmanager
def every_second(call: Callable[[], None]) -> Iterator[None]:
    """Call something every second, from a thread of its own, until the block is done."""
    over = threading.Event()

    def repeat() -> None:
        while not over.wait(SECONDS):
            call()

    thread = threading.Thread(target=repeat, daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()
