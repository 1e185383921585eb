"""Head-to-head matches: hands between two agents, in duplicate, the same whatever plays them and however often they were interrupted.

* *Duplicate.* Every deal is played twice with the seats swapped: same private hands, same public chance, and each seat draws its actions
  with the same numbers. What luck gave to one it gives to the other; two agents that play alike come out even on every deal.
* *Seeds.* A hand depends on (seed, number of the deal) and the players alone, not on the number of processes. Bots with randomness of
  their own are made anew with each chunk, from a seed of (seed, chunk).
* *Chunks.* Deals are played in chunks of a size that depends on the settings alone; a chunk is kept whole when it is done.

A hand is scored in chips to the match's first entrant.
"""

from __future__ import annotations

import gc
import hashlib
import json
import pickle
from collections.abc import Generator, Sequence
from contextlib import closing
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from agents.ablation import digest
from agents.executor import Executor, Serial
from agents.hand import VALUES, Entrant, Record, Table, play_hand
from agents.holdem_agent import HoldemAgent
from agents.holdem_table import HoldemTable
from agents.report import write_text
from agents.stranger import Stranger
from agents.tree_table import TreeTable

CHUNK_DEALS, CHUNK_SECONDS = 500, 2.0
BOT_DEALS = 25  # in a chunk with somebody's bot: it may take its limit each time, and what is not a whole chunk is not kept
MOST_FAULTS = 100  # of one bot: after as many forfeited hands the match is stopped


@dataclass(frozen=True)
class Match:
    """Two entrants and what decides their hands.

    Attributes:
        entrants: the first is the one that chips are counted for.
        seed: of every deal.
        duplicate: deals are played twice, seats swapped; else once, with alternating seats.
        values: AIVAT's value function: ``blueprint`` (both play what they play without thinking; uniform for strangers), ``uniform``, or
            ``none`` for no AIVAT.
    """

    entrants: tuple[Entrant, Entrant]
    seed: int = 0
    duplicate: bool = True
    values: str = "blueprint"

    def __post_init__(self) -> None:
        if self.seed < 0:
            raise ValueError(f"seed must be at least 0, got {self.seed}")
        if self.values not in VALUES:
            raise ValueError(f"values must be one of {', '.join(VALUES)}, got {self.values!r}")
        games = [_game(entrant) for entrant in self.entrants]
        if games[0] != games[1]:
            raise ValueError(f"agents must play one game, got {self.entrants[0].name}: {games[0]} and {self.entrants[1].name}: {games[1]}")

    @property
    def game(self) -> str:
        """All that makes the game."""
        return _game(self.entrants[0])

    @property
    def rounds(self) -> int:
        """Rounds of betting."""
        agent = self.entrants[0].agent
        return len(agent.game.deals) if isinstance(agent, HoldemAgent) else int(agent.tree.round.max()) + 1

    @property
    def big_blind(self) -> float | None:
        """Chips, where the game has blinds."""
        agent = self.entrants[0].agent
        return agent.game.big_blind if isinstance(agent, HoldemAgent) else None

    def table(self) -> Table:
        """Return the table, ready; agents load."""
        kind = HoldemTable if isinstance(self.entrants[0].agent, HoldemAgent) else TreeTable
        return kind(self.entrants, self.seed, self.values)

    @property
    def chunk_deals(self) -> int:
        """Deals in a chunk: some two seconds of the time allowed at most, taking a hand for four decisions of each player."""
        if any(isinstance(entrant.agent, Stranger) for entrant in self.entrants):
            return BOT_DEALS
        allowed = 8 * sum(entrant.budget.seconds or 0.0 for entrant in self.entrants if not entrant.steady)
        return CHUNK_DEALS if allowed == 0 else max(1, min(CHUNK_DEALS, int(CHUNK_SECONDS / allowed)))

    def marks(self) -> list[str]:
        """Return, for each entrant, what kept measurements of it must agree with."""
        agents = [e.agent.name if isinstance(e.agent, Stranger) else digest(e.agent) for e in self.entrants]
        return [_hash([self.game, agent, repr(e.budget)]) for agent, e in zip(agents, self.entrants, strict=True)]

    def fingerprint(self) -> str:
        """Return what kept hands must agree with."""
        return _hash([self.marks(), self.seed, self.duplicate, self.values])


def _game(entrant: Entrant) -> str:
    agent = entrant.agent
    return agent.game.description() if isinstance(agent, HoldemAgent) else agent.tree.game


def _hash(content: Any) -> str:
    return hashlib.sha256(json.dumps(content).encode()).hexdigest()[:10]


@dataclass(frozen=True)
class Chunk:
    """One task: some deals of a match."""

    match: bytes  # pickled, so that a worker which has met it before knows it again
    first: int
    deals: int


def play_chunk(chunk: Chunk) -> list[Record]:
    """Play a chunk's hands in order."""
    match, table = _ready(chunk.match)
    for i, stranger in enumerate(table.strangers):
        if stranger is not None:
            stranger.begin(int(np.random.SeedSequence(match.seed, spawn_key=(chunk.first, i)).generate_state(1)[0] >> 1))
    gc.collect()
    gc.freeze()  # a collection of everything that torch has loaded takes longer than a short decision
    try:
        deals = range(chunk.first, chunk.first + chunk.deals)
        return [play_hand(table, k, bool(s)) for k in deals for s in ((0, 1) if match.duplicate else (k % 2,))]
    finally:
        gc.unfreeze()


@lru_cache(maxsize=4)
def _ready(packed: bytes) -> tuple[Match, Table]:
    match: Match = pickle.loads(packed)
    return match, match.table()


def check_hands(hands: int) -> None:
    """Refuse numbers of hands that no match has."""
    if hands < 4 or hands % 2:
        raise ValueError(f"hands must be an even number of at least 4 (each seat plays half of them), got {hands}")


def play_matches(
    matches: Sequence[Match],
    hands: int,
    executor: Executor | None = None,
    directory: Path | None = None,
) -> Generator[tuple[int, int, list[Record], bool]]:
    """Play matches; yield (match number, first deal, records, whether played now) chunk by chunk, in any order, kept ones first.

    Args:
        matches: each is played.
        hands: of each match.
        executor: where the hands are played; in this process by default.
        directory: chunks are kept here as JSON lines, each hand a line, and not played again; None keeps none.

    Raises:
        ValueError: a number of hands that no match has.
        ChildProcessError: a bot has forfeited ``MOST_FAULTS`` hands.
    """
    tasks: list[tuple[int, Chunk, Path | None]] = []
    faults: dict[str, int] = {}
    for i, match in enumerate(matches):
        check_hands(hands)
        packed, deals, size = pickle.dumps(match), hands // 2 if match.duplicate else hands, match.chunk_deals
        place = None if directory is None else directory / f"{match.entrants[0].name}-{match.entrants[1].name}-{match.fingerprint()}"
        for first in range(0, deals, size):
            count = min(size, deals - first)
            path = None if place is None else place / f"{first:09d}.jsonl"
            kept = _kept(path, count * (1 + match.duplicate))
            if kept is None:
                tasks.append((i, Chunk(packed, first, count), path))
            else:
                _count_faults(kept, faults)
                yield i, first, kept, False
    with closing((executor or Serial()).map(play_chunk, [chunk for _, chunk, _ in tasks])) as results:
        for number, records in results:
            i, chunk, path = tasks[number]
            if path is not None:
                path.parent.mkdir(parents=True, exist_ok=True)
                write_text(path, "".join(json.dumps(record) + "\n" for record in records))
            _count_faults(records, faults)
            yield i, chunk.first, records, True
            worst = max(faults, key=lambda name: faults[name], default="")
            if faults.get(worst, 0) >= MOST_FAULTS:
                text = next(r["fault"]["text"] for r in records if r.get("fault", {}).get("who") == worst)
                raise ChildProcessError(f"{worst} has forfeited {faults[worst]} hands, {MOST_FAULTS} are the most; the last: {text}")


def _count_faults(records: list[Record], faults: dict[str, int]) -> None:
    for record in records:
        if "fault" in record:
            faults[record["fault"]["who"]] = faults.get(record["fault"]["who"], 0) + 1


def _kept(path: Path | None, count: int) -> list[Record] | None:
    """Return a chunk played before; a file that is damaged or of another size counts as none."""
    if path is None:
        return None
    try:
        records = [json.loads(line) for line in path.read_text().splitlines()]
    except (OSError, ValueError):
        return None
    return records if len(records) == count else None
