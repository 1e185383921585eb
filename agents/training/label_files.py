"""Files of labels (``start_labels``), made part by part: a run that was stopped goes on, and each file says what it was made with.

Labels of other settings are refused. A damaged file is set aside and made again. A file with more labels than are wanted is read in part:
the first labels of a file do not depend on how many follow. What each file took is kept beside them (``SECONDS``).
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from agents.bucket_blueprint import BucketBlueprint
from agents.reporting.tables import write_json
from agents.runtime.arrays import open_archive, write_archive
from agents.runtime.executor import Executor
from agents.runtime.storage import brief, load_or_set_aside, number_in, read_json, require
from agents.training.start_labels import SOURCES, STREETS, Labelling, Shard, shard
from games.holdem.cards import hole_hands
from search.boards.start_values import PUBLIC

SHARD = 250  # labels of a file
SECONDS = "seconds.json"  # of the folder: CPU seconds that each file took, by its name
FORMAT = 2  # of what is drawn, solved and written: other versions' labels are refused
KEYS = {
    "format": "the format of labels", "street": "trainer.street", "buckets": "trainer.network.buckets",
    "iterations": "trainer.label_iterations", "gap": "trainer.label_gap", "seed": "trainer.seed",
    "blueprint": "the digest of trainer.blueprint",
}  # fmt: skip


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


def made_with(blueprint: str, labelling: Labelling) -> dict[str, Any]:
    """Return what labels depend on, as files say it; ``blueprint`` is the digest of what played."""
    about = asdict(labelling)
    cards = about.pop("cards")
    street = next(name for name, count in STREETS.items() if count == cards)
    return {"format": FORMAT, "street": street, "blueprint": blueprint, **about}


def check_labels(folder: Path, parts: Sequence[Part], about: dict[str, Any]) -> None:
    """Refuse labels that were made with other settings; ``make_labels`` sets damaged files aside.

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
        for key, name in KEYS.items() if isinstance(theirs, dict) else ():
            if theirs.get(key) != about[key]:
                raise ValueError(f"{name} must be {brief(theirs.get(key))} as in {path}, got {brief(about[key])}")


def read_part(path: Path, part: Part, about: dict[str, Any]) -> Shard:
    """Return the labels of a file, fewer than are wanted if it has no more.

    Raises:
        OSError: it cannot be read.
        ValueError: it is no such file, or a damaged one.
    """
    outputs, cards, hands = 2 * about["buckets"], STREETS[about["street"]], len(hole_hands())
    with open_archive(path) as archive:
        require(archive.json("about") == about, "it must say that it was made with these settings")
        shape = archive.header("source").shape
        require(len(shape) == 1 and 0 < shape[0] <= SHARD, f"it must have 1 to {SHARD} labels, got {brief(shape)}")
        rows = shape[0]
        by_hand = (rows, 2, hands) if part.held else (0,)
        kinds: dict[str, tuple[tuple[int, ...], type]] = {
            "features": ((rows, PUBLIC + outputs), np.float16), "targets": ((rows, outputs), np.float16),
            "counts": ((rows, outputs), np.float16), "source": ((rows,), np.uint8), "gap": ((rows,), np.float32),
            "cards": ((rows, cards), np.uint8), "chips": ((rows, 2), np.float64), "ranges": (by_hand, np.float16),
            "pots": (by_hand, np.float16),
        }  # fmt: skip
        arrays = {name: archive.array(name, *kind) for name, kind in kinds.items()}
    require(all(np.isfinite(array).all() for array in arrays.values()), "its numbers must be finite")
    require(bool((arrays["source"] < len(SOURCES)).all()), f"its sources must be less than {len(SOURCES)}")
    return Shard(**{name: array[: part.size] for name, array in arrays.items()})


def make_labels(
    blueprint: BucketBlueprint, labelling: Labelling, parts: Sequence[Part], folder: Path, executor: Executor, tell: Callable[[int], None]
) -> None:
    """Make the files of labels that are not there, that have too few, or that are damaged.

    Args:
        blueprint: plays both seats.
        labelling: how they are made.
        parts: the files that there shall be.
        folder: of the files.
        executor: runs the parts.
        tell: is called with the number of labels that there are.

    Raises:
        ValueError: see ``check_labels``.
        OSError: a file cannot be written.
    """
    about = made_with(blueprint.digest, labelling)
    check_labels(folder, parts, about)
    folder.mkdir(parents=True, exist_ok=True)
    missing = list[Part]()
    for part in parts:
        labels = load_or_set_aside(part.file(folder), partial(read_part, part=part, about=about))
        if labels is None or len(labels.source) < part.size:
            missing.append(part)
    done, seconds = sum(part.size for part in parts) - sum(part.size for part in missing), read_seconds(folder)
    tell(done)
    for i, (made, spent) in executor.map(partial(_shard, blueprint, labelling), missing):
        path = missing[i].file(folder)
        write_archive(path, about, made._asdict())
        write_json(folder / SECONDS, seconds := seconds | {path.name: spent})
        done += missing[i].size
        tell(done)


def _shard(blueprint: BucketBlueprint, labelling: Labelling, part: Part) -> tuple[Shard, float]:
    """Return the labels of a file, and the CPU seconds that they took."""
    begun = time.process_time()
    return shard(blueprint, labelling, part.number, part.size, part.held), time.process_time() - begun


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


def read_labels(folder: Path, parts: Sequence[Part], about: dict[str, Any]) -> Shard:
    """Return the labels of some files, one after the other.

    Raises:
        ValueError: a file is none of them, or has too few labels.
    """
    shards = list[Shard]()
    for part in parts:
        path = part.file(folder)
        try:
            shards.append(read_part(path, part, about))
        except (OSError, ValueError) as error:
            raise ValueError(f"labels must be files that this trainer wrote, got another one at {path}: {error}") from None
        if len(shards[-1].source) != part.size:
            raise ValueError(f"labels must be {part.size} in {path}, got {len(shards[-1].source)}")
    return Shard(*(np.concatenate(arrays) for arrays in zip(*shards, strict=True)))
