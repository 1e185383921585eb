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
from collections import Counter
from collections.abc import Collection, Generator, Sequence
from contextlib import closing
from dataclasses import dataclass
from functools import lru_cache, partial
from pathlib import Path
from typing import Any

import numpy as np

from agents.ablation import digest
from agents.executor import Executor, Serial
from agents.hand import VALUES, Entrant, Record, Table, play_hand
from agents.holdem_table import HoldemTable
from agents.report import write_text
from agents.runtime.storage import check_hand, load_or_set_aside
from agents.stranger import Stranger
from agents.tree_table import TreeTable
from games.holdem import HoldemGame

CHUNK_DEALS, CHUNK_SECONDS = 500, 2.0
MOST_HANDS = 10**9
BOT_DEALS = 25  # in a chunk with somebody's bot: it may take its limit each time, and what is not a whole chunk is not kept
MOST_FAULTS = 100  # of one bot: after as many forfeited hands the match is stopped
MOST_WAITS = 3  # of one bot in a chunk, of hands in which it was late or died: each costs the limit or the start of a process
WAITS = ("late", "died")


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
        game = self.entrants[0].game
        return len(game.deals) if isinstance(game, HoldemGame) else int(game.round.max()) + 1

    @property
    def big_blind(self) -> float | None:
        """Chips, where the game has blinds."""
        game = self.entrants[0].game
        return game.big_blind if isinstance(game, HoldemGame) else None

    def table(self) -> Table:
        """Return the table, ready; agents load."""
        kind = HoldemTable if isinstance(self.entrants[0].game, HoldemGame) else TreeTable
        return kind(self.entrants, self.seed, self.values)

    @property
    def chunk_deals(self) -> int:
        """Deals in a chunk: some two seconds of the time allowed at most, taking a hand for four decisions of each player."""
        if any(isinstance(entrant.agent, Stranger) for entrant in self.entrants):
            return BOT_DEALS
        allowed = 8 * sum(entrant.budget.seconds or 0.0 for entrant in self.entrants if not entrant.steady)
        return CHUNK_DEALS if allowed == 0 else max(1, min(CHUNK_DEALS, int(CHUNK_SECONDS / allowed)))

    def swaps(self, deal: int) -> tuple[int, ...]:
        """Return whether the seats are swapped in each of a deal's hands."""
        return (0, 1) if self.duplicate else (deal % 2,)

    def marks(self) -> list[str]:
        """Return, for each entrant, what kept measurements of it must agree with."""
        agents = [e.agent.name if isinstance(e.agent, Stranger) else digest(e.agent) for e in self.entrants]
        return [_hash([self.game, agent, repr(e.budget)]) for agent, e in zip(agents, self.entrants, strict=True)]

    def fingerprint(self) -> str:
        """Return what kept hands must agree with."""
        return _hash([self.marks(), self.seed, self.duplicate, self.values])


def _game(entrant: Entrant) -> str:
    game = entrant.game
    return game.description() if isinstance(game, HoldemGame) else game.game


def _hash(content: Any) -> str:
    return hashlib.sha256(json.dumps(content).encode()).hexdigest()[:10]


@dataclass(frozen=True)
class Chunk:
    """One task: some deals of a match."""

    match: bytes  # pickled, so that a worker which has met it before knows it again
    first: int
    deals: int


def play_chunk(chunk: Chunk) -> list[Record]:
    """Play a chunk's hands in order; fewer, all of whole deals, if a bot is late or dies in ``MOST_WAITS`` of them."""
    match, table = _ready(chunk.match)
    for i, stranger in enumerate(table.strangers):
        if stranger is not None:
            stranger.begin(int(np.random.SeedSequence(match.seed, spawn_key=(chunk.first, i)).generate_state(1)[0] >> 1))
    if not all(entrant.steady for entrant in match.entrants):
        gc.collect()
        gc.freeze()  # a collection of everything that torch has loaded takes longer than a short decision
    try:
        records: list[Record] = []
        for k in range(chunk.first, chunk.first + chunk.deals):
            records += [play_hand(table, k, bool(s)) for s in match.swaps(k)]
            if max(_faults(records, WAITS).values(), default=0) >= MOST_WAITS:
                break
        return records
    finally:
        gc.unfreeze()


@lru_cache(maxsize=4)
def _ready(packed: bytes) -> tuple[Match, Table]:
    match: Match = pickle.loads(packed)
    return match, match.table()


def check_hands(hands: int) -> None:
    """Refuse numbers of hands that no match has."""
    if not 4 <= hands <= MOST_HANDS or hands % 2:
        raise ValueError(f"hands must be an even number from 4 to {MOST_HANDS:,} (each seat plays half of them), got {hands}")


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
        ChildProcessError: a bot has forfeited ``MOST_FAULTS`` hands, or was late or died in ``MOST_WAITS`` of a chunk.
    """
    tasks: list[tuple[int, Chunk, Path | None]] = []
    faults: Counter[str] = Counter()
    for i, match in enumerate(matches):
        check_hands(hands)
        packed, deals, size = pickle.dumps(match), hands // 2 if match.duplicate else hands, match.chunk_deals
        place = None if directory is None else directory / f"{match.entrants[0].name}-{match.entrants[1].name}-{match.fingerprint()}"
        for first in range(0, deals, size):
            count = min(size, deals - first)
            path = None if place is None else place / f"{first:09d}.jsonl"
            before = load_or_set_aside(path, partial(_read, match=match, first=first, deals=count))
            if before is None or len(before) != count * (1 + match.duplicate):
                tasks.append((i, Chunk(packed, first, count), path))
            else:
                faults.update(_faults(before))
                yield i, first, before, False
    with closing((executor or Serial()).map(play_chunk, [chunk for _, chunk, _ in tasks])) as results:
        for number, records in results:
            i, chunk, path = tasks[number]
            if path is not None:
                path.parent.mkdir(parents=True, exist_ok=True)
                write_text(path, "".join(json.dumps(record) + "\n" for record in records))
            faults.update(_faults(records))
            yield i, chunk.first, records, True
            for who, count in _faults(records, WAITS).items():
                if count >= MOST_WAITS:
                    text = f"{who} was late or died in {count} of {len(records)} hands, {MOST_WAITS} of {len(match.swaps(0)) * BOT_DEALS}"
                    raise ChildProcessError(f"{text} are the most; the last: {_last(records, who)}")
            for who in _faults(records):
                if faults[who] >= MOST_FAULTS:
                    text = f"{who} has forfeited {faults[who]} hands, {MOST_FAULTS} are the most; the last: {_last(records, who)}"
                    raise ChildProcessError(text)


def _faults(records: list[Record], kinds: Collection[str] | None = None) -> Counter[str]:
    """Return how many hands each bot has forfeited, of all kinds of faults or of some."""
    faults = [record["fault"] for record in records if "fault" in record]
    return Counter(fault["who"] for fault in faults if kinds is None or fault["kind"] in kinds)


def _last(records: list[Record], who: str) -> str:
    """Return what a bot did wrong last."""
    return str([r["fault"]["text"] for r in records if r.get("fault", {}).get("who") == who][-1])


def _read(path: Path, match: Match, first: int, deals: int) -> list[Record]:
    """Return a chunk played before; it may have fewer or more hands than asked for now.

    Raises:
        ValueError: the file does not hold hands of these deals; KeyError, TypeError, ... likewise.
    """
    records: list[Record] = [json.loads(line) for line in path.read_text().splitlines()]
    names = [entrant.name for entrant in match.entrants]
    hands = [(k, names[::-1] if s else names) for k in range(first, first + len(records)) for s in match.swaps(k)]
    for record, (deal, seats) in zip(records, hands, strict=False):
        check_hand(record, deal, seats, match.values != "none")
    return records
