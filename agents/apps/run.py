"""What every command's run has: a result.json that is always valid, and progress on the terminal or in the log."""

from __future__ import annotations

import sys
import time
from pathlib import Path
from types import TracebackType
from typing import Any

from tqdm import tqdm

from agents.report import machine, version, write_json


class Run:
    """A run's result. Written at the start, whenever ``write`` is called, and at the end, however it ends."""

    def __init__(self, directory: Path, command: str, game: str, seed: int) -> None:
        self.directory, self.start = directory, time.perf_counter()
        self.result: dict[str, Any] = {"command": command, "game": game, "seed": seed, "version": version(), "machine": machine()}
        self.result |= {"seconds": 0.0, "status": "running"}
        self.write()

    def write(self, **entries: Any) -> None:
        """Add entries and write the file."""
        self.result |= entries
        self.result.setdefault("seconds", 0.0)
        if self.result["command"] != "solve":
            self.result["seconds"] = time.perf_counter() - self.start
        write_json(self.directory / "result.json", self.result)

    @property
    def history(self) -> list[dict[str, Any]]:
        """The training history so far."""
        return list(self.result.get("history", []))

    def __enter__(self) -> Run:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        interrupted = kind is not None and issubclass(kind, KeyboardInterrupt)
        self.write(status="complete" if kind is None else "interrupted" if interrupted else "failed")
        if interrupted:
            print(f"\ninterrupted; what was measured is in {self.directory} (go on with resume={self.directory})", file=sys.stderr)


class Progress:
    """A bar on a terminal; without one, a line every ten seconds."""

    def __init__(self, what: str, total: float | None, unit: str = "") -> None:
        self.what, self.total, self.live = what, total, sys.stderr.isatty()
        self.bar = tqdm(total=total, desc=what, unit=unit, leave=False, disable=not self.live)
        self.told = time.perf_counter()

    def at(self, done: float, note: str = "") -> None:
        """Say how far it is."""
        if self.live:
            self.bar.n = done
            self.bar.set_postfix_str(note, refresh=False)
            self.bar.update(0)
        elif time.perf_counter() - self.told > 10:
            self.told = time.perf_counter()
            print(f"{self.what}: {done:g}" + (f" of {self.total:g}" if self.total else "") + f" {note}", file=sys.stderr, flush=True)

    def close(self) -> None:
        """Remove the bar."""
        self.bar.close()
