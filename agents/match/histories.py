"""Kept hands of matches as hand histories that other programs read (``games.holdem.phh``)."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from agents.match.deal import Record
from agents.match.match import MOST_FILE_BYTES, Match, hands_folder
from agents.reporting.tables import replacing
from agents.runtime.storage import parse_json
from games.files import read_text
from games.holdem.phh import history_text, variant_of
from games.holdem.rules import HoldemGame

HISTORIES = "hands.phhs"


def write_histories(match: Match, directory: Path) -> Path | None:
    """Write ``hands.phhs`` beside the kept hands of a match, all of them; return where, None of a game that PHH has no name for.

    Thinking times, plans and policies are in fields of our own, one entry for each action of a player's in order: ``_seconds``,
    ``_iterations``, ``_plans``, what was solved where an agent chose that, and ``_policies``, how often the hand that acted takes each
    action (empty of a bot). ``_deal`` is the number of the deal, ``_aivat`` AIVAT's estimate of what the first competitor won. A hand that
    was forfeited stops where it was and has no finishing stacks; ``_forfeit`` says who and how, and ``_chips`` is what its first competitor
    won all the same.

    Raises:
        OSError: it cannot be written.
    """
    game, folder = match.game, hands_folder(match, directory)
    if not isinstance(game, HoldemGame) or variant_of(game) is None or not folder.is_dir():
        return None
    path = folder / HISTORIES
    with replacing(path) as temporary, temporary.open("w", encoding="ascii") as file:
        for number, record in enumerate(_records(folder), 1):
            first, second = record["hands"]
            file.write(history_text(game, record["play"], (first, second), number, _fields(match, game, record)) + "\n")
    return path


def _records(folder: Path) -> Iterator[Record]:
    """Yield the kept hands."""
    for path in sorted(folder.glob("*.jsonl")):
        for line in read_text(path, MOST_FILE_BYTES).splitlines():
            yield parse_json(line)


def _fields(match: Match, game: HoldemGame, record: Record) -> dict[str, Any]:
    """Return what is told of a hand besides its play."""
    swapped = record["seats"][0] != match.competitors[0].name
    won, stack = -record["chips"] if swapped else record["chips"], game.betting.stack  # to player 0
    fields: dict[str, Any] = {"players": record["seats"][::-1], "hand": 2 * record["deal"] + swapped}
    if "fault" in record:
        fields |= {"_forfeit": f"{record['fault']['who']} {record['fault']['kind']}", "_chips": record["chips"]}
    else:
        fields["finishing_stacks"] = [_whole(stack - won), _whole(stack + won)]
    fields |= {"_deal": record["deal"]} | ({"_aivat": record["aivat"]} if "aivat" in record else {})
    decisions = record["decisions"]
    fields |= {"_seconds": [round(decision[1], 6) for decision in decisions], "_iterations": [decision[2] for decision in decisions]}
    return fields | {f"_{key}": record[key] for key in ("plans", "policies") if key in record}


def _whole(chips: float) -> float:
    """Return chips as a whole number where they are."""
    return int(chips) if chips == int(chips) else chips
