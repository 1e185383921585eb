"""Files of labels, made part by part: a run that was stopped goes on, and each file says what it was made with.

Labels of other settings are refused. A damaged file is set aside and made again. A file with more labels than are wanted is read in part:
the first labels of a file do not depend on how many follow. What each file took is kept beside them (``SECONDS``).
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Generic, NamedTuple, TypeVar

import numpy as np

from agents.reporting.tables import write_json
from agents.runtime.arrays import open_archive, write_archive
from agents.runtime.executor import Executor
from agents.runtime.storage import brief, load_or_set_aside, number_in, read_json, require
from games.arrays import Array

SHARD = 250  # labels of a file
SECONDS = "seconds.json"  # of the folder: CPU seconds that each file took, by its name
Labels = TypeVar("Labels", bound=Any)  # a NamedTuple of arrays, [n, ...] each


class Part(NamedTuple):
    """A file of labels: whether flops are held out, its number, and how many labels are wanted of it."""

    held: bool
    number: int
    size: int

    def file(self, folder: Path) -> Path:
        """Return its name."""
        return folder / f"{'held' if self.held else 'part'}_{self.number:05d}.npz"


def parts_of(held_out: int, labels: int) -> list[Part]:
    """Return the files of so many labels with held-out flops and so many with others."""
    parts = list[Part]()
    for held, count in ((True, held_out), (False, labels)):
        parts += [Part(held, number, min(SHARD, count - number * SHARD)) for number in range(-(-count // SHARD))]
    return parts


@dataclass(frozen=True)
class LabelFiles(Generic[Labels]):
    """The files of one kind of labels.

    Attributes:
        about: what labels depend on, as files say it.
        keys: what each entry of ``about`` is called where it is refused.
        read: returns labels of arrays by name.
        kinds: returns the shape and dtype of each array of a file with so many labels; the first one tells how many there are.
    """

    about: dict[str, Any]
    keys: dict[str, str]
    read: Callable[[dict[str, Array]], Labels]
    kinds: Callable[[int, bool], dict[str, tuple[tuple[int, ...], Any]]]

    def check(self, folder: Path, parts: Sequence[Part]) -> None:
        """Refuse labels that were made with other settings; ``make`` sets damaged files aside.

        Raises:
            ValueError: a file of other settings; names the key that differs. Or the folder is none.
        """
        if os.path.lexists(folder) and not folder.is_dir():
            raise ValueError(f"labels must be in a folder, got another file at {folder}")
        for path in (part.file(folder) for part in parts):
            try:
                with open_archive(path) as archive:
                    theirs = archive.json("about")
            except (OSError, ValueError):
                continue
            for key, name in self.keys.items() if isinstance(theirs, dict) else ():
                if theirs.get(key) != self.about[key]:
                    raise ValueError(f"{name} must be {brief(theirs.get(key))} as in {path}, got {brief(self.about[key])}")

    def part(self, path: Path, part: Part) -> Labels:
        """Return the labels of a file, fewer than are wanted if it has no more.

        Raises:
            OSError: it cannot be read.
            ValueError: it is no such file, or a damaged one.
        """
        with open_archive(path) as archive:
            require(archive.json("about") == self.about, "it must say that it was made with these settings")
            shape = archive.header(next(iter(self.kinds(0, False)))).shape
            require(len(shape) > 0 and 0 < shape[0] <= SHARD, f"it must have 1 to {SHARD} labels, got {brief(shape)}")
            arrays = {name: archive.array(name, *kind) for name, kind in self.kinds(shape[0], part.held).items()}
        require(all(np.isfinite(array).all() for array in arrays.values()), "its numbers must be finite")
        return self.read({name: array[: part.size] for name, array in arrays.items()})

    def make(
        self, made: Callable[[Part], Labels], parts: Sequence[Part], folder: Path, executor: Executor, tell: Callable[[int], None]
    ) -> None:
        """Make the files of labels that are not there, that have too few, or that are damaged.

        Args:
            made: returns the labels of a part; it goes to other processes.
            parts: the files that there shall be.
            folder: of the files.
            executor: runs the parts.
            tell: is called with the number of labels that there are.

        Raises:
            ValueError: see ``check``.
            OSError: a file cannot be written.
        """
        self.check(folder, parts)
        folder.mkdir(parents=True, exist_ok=True)
        missing = list[Part]()
        for part in parts:
            labels = load_or_set_aside(part.file(folder), partial(self.part, part=part))
            if labels is None or len(labels[0]) < part.size:
                missing.append(part)
        done, seconds = sum(part.size for part in parts) - sum(part.size for part in missing), read_seconds(folder)
        tell(done)
        for i, (labels, spent) in executor.map(partial(_timed, made), missing):
            path = missing[i].file(folder)
            write_archive(path, self.about, labels._asdict())
            write_json(folder / SECONDS, seconds := seconds | {path.name: spent})
            done += missing[i].size
            tell(done)

    def all(self, folder: Path, parts: Sequence[Part]) -> Labels:
        """Return the labels of some files, one after the other.

        Raises:
            ValueError: a file is none of them, or has too few labels.
        """
        shards = list[Labels]()
        for part in parts:
            path = part.file(folder)
            try:
                shards.append(self.part(path, part))
            except (OSError, ValueError) as error:
                raise ValueError(f"labels must be files that this trainer wrote, got another one at {path}: {error}") from None
            if len(shards[-1][0]) != part.size:
                raise ValueError(f"labels must be {part.size} in {path}, got {len(shards[-1][0])}")
        joined: Labels = type(shards[0])(*(np.concatenate(arrays) for arrays in zip(*shards, strict=True)))
        return joined


def _timed(made: Callable[[Part], Labels], part: Part) -> tuple[Labels, float]:
    """Return the labels of a file, and the CPU seconds that they took."""
    begun = time.process_time()
    return made(part), time.process_time() - begun


class LabelCost(NamedTuple):
    """What labels took.

    Attributes:
        labels: how many there are.
        timed: of how many it is known; older versions did not say it.
        cpu_seconds: of those.
    """

    labels: int
    timed: int
    cpu_seconds: float


def label_cost(folder: Path, parts: Sequence[Part]) -> LabelCost:
    """Return what the labels of some files took, whoever made them."""
    seconds = read_seconds(folder)
    timed = [part for part in parts if part.file(folder).name in seconds]
    spent = sum(seconds[part.file(folder).name] for part in timed)
    return LabelCost(sum(part.size for part in parts), sum(part.size for part in timed), spent)


def read_seconds(folder: Path) -> dict[str, float]:
    """Return the CPU seconds by the name of the file, of those that are known."""

    def read(path: Path) -> dict[str, float]:
        content: Any = read_json(path)
        require(isinstance(content, dict) and all(number_in(x, 0, 1e9) for x in content.values()), "it must be seconds by file")
        return {str(name): float(spent) for name, spent in content.items()}

    return load_or_set_aside(folder / SECONDS, read) or {}
