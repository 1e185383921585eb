"""The file of a set of spots: their lines, ranges and exact answers, read as data.

It is a ``.npz`` archive of two arrays: ``about``, JSON, and ``data``, bytes compressed by zlib. The bytes have for each spot of ``about``,
in order: [2, H] u1 levels of both ranges, [n] f2 best values, [A, n] f2 losses. Half precision rounds each by 1 / 2,048 of itself at most.
"""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from agents.reporting.tables import Row
from agents.runtime.arrays import open_archive, write_archive
from agents.runtime.storage import DAMAGES, first_line, number_in, require, whole_in
from agents.yardstick.spots import LEVELS, STREETS, Spot, SpotAnswer
from games.arrays import Float
from games.holdem.rules import HoldemGame

FORMAT = 1
SHIPPED = Path(__file__).parent / "spots.npz"
MOST_SPOTS, MOST_BYTES, MOST_GAP = 10_000, 1 << 26, 1.0
MOST_SEED = 2**63 - 1


@dataclass(frozen=True)
class SpotSet:
    """Spots with their answers.

    Attributes:
        seed: that they were drawn with.
        blueprint: digest of the one that played.
        entries: spots and answers.
    """

    seed: int
    blueprint: str
    entries: tuple[tuple[Spot, SpotAnswer], ...]

    def of(self, street: str, most: int | None = None) -> list[tuple[Spot, SpotAnswer]]:
        """Return the spots of a street, the first so many of them."""
        return [entry for entry in self.entries if entry[0].street == street][:most]

    def by_street(self, most: Mapping[str, int | None]) -> dict[str, list[tuple[Spot, SpotAnswer]]]:
        """Return the spots of each street, the first so many of them; streets without one are left out."""
        return {street: entries for street in STREETS if (entries := self.of(street, most[street]))}

    def row(self) -> Row:
        """Return what ``result.json`` says of it."""
        return {"digest": self.digest, "seed": self.seed, "blueprint": self.blueprint}

    @property
    def digest(self) -> str:
        """What tells sets apart."""
        text = repr([(spot.street, spot.line) for spot, _ in self.entries]).encode()
        return hashlib.sha256(text + b"".join(map(_bytes, self.entries))).hexdigest()[:16]


def save_spots(path: Path, spots: SpotSet) -> None:
    """Write a set, whole or not at all."""
    listed = [
        {
            "street": spot.street, "line": spot.line, "number": spot.number, "gap": answer.gap,
            "hands": len(spot.hands), "actions": [action.text for action in spot.actions],
        }
        for spot, answer in spots.entries
    ]  # fmt: skip
    data = b"".join(map(_bytes, spots.entries))
    game = spots.entries[0][0].game.key if spots.entries else ""
    about = {"format": FORMAT, "game": game, "seed": spots.seed, "blueprint": spots.blueprint, "digest": spots.digest, "bytes": len(data)}
    write_archive(path, about | {"spots": listed}, {"data": np.frombuffer(zlib.compress(data, 9), np.uint8)})


def load_spots(path: Path, game: HoldemGame, key: str = "file") -> SpotSet:
    """Return the set of a file.

    Args:
        path: of ``save_spots``.
        game: whole, that the spots must be of.
        key: what an error names.

    Raises:
        ValueError: no such file, a damaged one, or one of another game.
    """
    try:
        with open_archive(path) as saved:
            about = saved.json("about")
            require(isinstance(about, dict) and about["format"] == FORMAT, f"its format must be {FORMAT}")
            require(isinstance(about["spots"], list) and len(about["spots"]) <= MOST_SPOTS, f"it must list at most {MOST_SPOTS:,} spots")
            require(whole_in(about["bytes"], 0, MOST_BYTES), f"its data must have at most {MOST_BYTES:,} bytes")
            require(whole_in(about["seed"], 0, MOST_SEED), "it must have a seed")
            require(all(isinstance(about[name], str) for name in ("game", "blueprint", "digest")), "it must have a game and digests")
            data = _inflated(saved.array("data", saved.header("data").shape, np.uint8).tobytes(), about["bytes"])
        other = about["game"] != game.key and bool(about["spots"])
        if not other:
            entries, place = list[tuple[Spot, SpotAnswer]](), 0
            for one in about["spots"]:
                entry, place = _entry(game, one, data, place)
                entries.append(entry)
            require(place == len(data), "its data must end with the last spot")
            spots = SpotSet(about["seed"], about["blueprint"], tuple(entries))
            require(spots.digest == about["digest"], "its spots must have the digest that it says")
    except DAMAGES as error:
        raise ValueError(f"{key} must be a file of spots that timebank spots make=true wrote, got {path} ({first_line(error)})") from None
    if other:
        raise ValueError(f"{key} must be of the game that is set, {game.name} with its blinds, stacks and sizes, got {path} of another one")
    return spots


def _bytes(entry: tuple[Spot, SpotAnswer]) -> bytes:
    spot, answer = entry
    return spot.levels.tobytes() + answer.best.astype(np.float16).tobytes() + answer.losses.astype(np.float16).tobytes()


def _inflated(compressed: bytes, size: int) -> bytes:
    """Return decompressed bytes, of which there must be so many."""
    inflater = zlib.decompressobj()
    try:
        data = inflater.decompress(compressed, size + 1)
    except zlib.error as error:
        raise ValueError(str(error)) from None
    require(len(data) == size, f"its data must have the {size:,} bytes that it says")
    return data


def _entry(game: HoldemGame, one: Any, data: bytes, place: int) -> tuple[tuple[Spot, SpotAnswer], int]:
    """Return a spot with its answer, and where the data of the next one begins."""
    require(isinstance(one, dict) and one["street"] in STREETS and isinstance(one["line"], str), "each spot must have a street and a line")
    require(whole_in(one["number"], 0, 2**53) and number_in(one["gap"], 0, MOST_GAP), "each spot must have a number and a gap")
    hands = len(game.hands)
    levels = np.frombuffer(data, np.uint8, 2 * hands, place).reshape(2, hands)
    spot = Spot(game, one["street"], one["line"], levels, one["number"])
    require(levels.max() <= LEVELS and spot.whole.rounds[spot.whole.round(spot.state)] == spot.street, "its lines must end on their street")
    require(one["hands"] == len(spot.hands) > 0, "its ranges must leave the hands that it says")
    require(one["actions"] == [action.text for action in spot.actions], "its actions must be those of its lines")
    count, actions, place = len(spot.hands), len(spot.actions), place + 2 * hands
    best: Float = np.frombuffer(data, np.float16, count, place).astype(np.float64)
    losses: Float = np.frombuffer(data, np.float16, actions * count, place + 2 * count).astype(np.float64).reshape(actions, count)
    require(bool(np.isfinite(best).all() and np.isfinite(losses).all() and losses.min() >= 0), "its values must be numbers")
    return (spot, SpotAnswer(best, losses, float(one["gap"]))), place + 2 * count * (1 + actions)
