"""What every command's run has: a result.json that is always valid, and progress on the terminal or in the log."""

from __future__ import annotations

import os
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext, suppress
from pathlib import Path
from types import TracebackType
from typing import Any

from tqdm import tqdm

from agents.apps.directory import LOCK, RESUMABLE, check_folders, lock
from agents.reporting.tables import machine, remove_leftovers, version, write_json
from agents.runtime.storage import load_or_set_aside, number_in, read_json, require
from search.boards.sweeps import uninterrupted


class Run:
    """A run's result. Written at the start, whenever ``write`` is called, and at the end, however it ends.

    A run that is resumed keeps what it had measured. The directory is locked while the run lives.
    """

    def __init__(self, directory: Path, command: str, game: str, seed: int, notes: Sequence[str] = ()) -> None:
        self.directory, self.start = directory, time.perf_counter()
        check_folders(directory)
        self._lock = lock(directory)
        remove_leftovers(directory)
        kept = (load_or_set_aside(directory / "result.json", _read) if command in RESUMABLE else None) or {}
        self._before, self._own = float(kept.get("seconds") or 0.0), False
        self.result = kept | {"command": command, "game": game, "seed": seed, "version": version(), "machine": machine()}
        if notes:  # what of the settings was taken otherwise than written
            self.result["notes"] = list(notes)
            print("".join(f"note: {note}\n" for note in notes), end="", file=sys.stderr, flush=True)
        self.write(status="running")

    def write(self, **entries: Any) -> None:
        """Add entries and write the file; ``seconds`` is the run's so far (all its sessions) unless given once.

        Raises:
            OSError: the run's directory is no longer where it was, or cannot be written.
        """
        self.require_directory()
        self._own |= "seconds" in entries
        self.result |= entries
        if not self._own:
            self.result["seconds"] = self._before + time.perf_counter() - self.start
        write_json(self.directory / "result.json", self.result)

    def require_directory(self) -> None:
        """Refuse to go on where the directory was deleted or moved: what is there now is not this run's.

        Raises:
            OSError: it was.
        """
        try:
            there = os.lstat(self.directory / LOCK)
        except OSError:
            there = None
        if there is None or not os.path.samestat(there, os.fstat(self._lock.fileno())):
            raise OSError(f"{self.directory} must stay where it is while the run lives, got none: it was deleted or moved")

    @property
    def history(self) -> list[dict[str, Any]]:
        """The training history so far."""
        return list(self.result.get("history", []))

    def __enter__(self) -> Run:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        interrupted = kind is not None and issubclass(kind, KeyboardInterrupt)
        with uninterrupted():  # another Ctrl-C waits
            with nullcontext() if kind is None else suppress(OSError):  # of two errors the first is told
                self.write(status="complete" if kind is None else "interrupted" if interrupted else "failed")
            self._lock.close()
            if interrupted:
                more = f" (go on with resume={self.directory})" if self.result["command"] in RESUMABLE else ""
                print(f"\ninterrupted; what there is so far is in {self.directory}{more}", file=sys.stderr)


def _read(path: Path) -> dict[str, Any]:
    """Return a result of this program's.

    Raises:
        ValueError: it is something else.
    """
    result: dict[str, Any] = read_json(path)
    require(isinstance(result, dict), "a result must be a mapping")
    require(result.get("seconds") is None or number_in(result["seconds"], 0, 1e12), "a result's seconds must be a number of at least 0")
    for key in ("history", "rows"):
        rows = result.get(key, [])
        require(isinstance(rows, list) and all(isinstance(row, dict) for row in rows), f"a result's {key} must be a list of mappings")
    return result


COMPILING = "compiling, once: what is compiled is kept for later runs"
PREPARING = "building the game's tree; the first run also compiles, once"
LOADING = "loading the agents; the first run also compiles, once"
SLOW_SECONDS = 1.5  # without a word
PROGRESS_SECONDS = 10.0  # between lines where there is no terminal


@contextmanager
def said_if_slow(text: str, seconds: float = SLOW_SECONDS) -> Iterator[None]:
    """Print a line if the block takes longer than this: silence would look like a hang."""
    timer = _timer(lambda: print(text, file=sys.stderr, flush=True), seconds)
    try:
        yield
    finally:
        timer.cancel()


def _timer(action: Callable[[], object], seconds: float = SLOW_SECONDS) -> threading.Timer:
    timer = threading.Timer(seconds, action)
    timer.daemon = True
    timer.start()
    return timer


class Progress:
    """A bar on a terminal; without one, a line every ``PROGRESS_SECONDS``."""

    def __init__(self, what: str, total: float | None, unit: str = "", first: str | None = None) -> None:
        """Start; ``first`` is told if nothing moves for a while."""
        self.what, self.total, self.live = what, total, sys.stderr.isatty()
        self.bar = tqdm(total=total, desc=what, unit=unit, leave=False, disable=not self.live)
        self.told = time.perf_counter()
        self._first = _timer(lambda: tqdm.write(str(first), file=sys.stderr)) if first else None

    def __enter__(self) -> Progress:
        return self

    def __exit__(self, *_: object) -> None:
        """Remove the bar."""
        self._moves()
        self.bar.close()

    def at(self, done: float, note: str = "", total: float | None = None) -> None:
        """Say how far it is; ``total`` where it was not known before."""
        self._moves()
        if total is not None:
            self.bar.total = self.total = total
        if self.live:
            self.bar.n = done
            self.bar.set_postfix_str(note, refresh=False)
            self.bar.update(0)
        elif time.perf_counter() - self.told > PROGRESS_SECONDS:
            self.told = time.perf_counter()
            print(f"{self.what}: {done:g}" + (f" of {self.total:g}" if self.total else "") + f" {note}", file=sys.stderr, flush=True)

    def _moves(self) -> None:
        if self._first is not None:
            self._first.cancel()


@contextmanager
def compiling() -> Iterator[None]:
    """Say so where the block compiles kernels for longer than ``SLOW_SECONDS``, and count them; nothing where all come from the disk."""
    from numba.core import event  # commands that compile nothing shall not wait for it

    class Listener(event.Listener):  # type: ignore[misc]
        """Kernels that call others are done after them."""

        done, begun = 0, 0.0
        bar: Progress | None = None

        def on_start(self, _: Any) -> None:
            self.begun = self.begun or time.perf_counter()
            if self.bar is None and time.perf_counter() - self.begun > SLOW_SECONDS:
                self.bar = Progress(COMPILING, None, " kernels")
                if not self.bar.live:
                    print(COMPILING, file=sys.stderr, flush=True)

        def on_end(self, _: Any) -> None:
            self.done += 1
            if self.bar is not None:
                self.bar.at(self.done)

    listener = Listener()
    with event.install_listener("numba:compile", listener):
        try:
            yield
        finally:
            if listener.bar is not None:
                listener.bar.__exit__()
