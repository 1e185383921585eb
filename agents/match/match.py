"""Head-to-head matches: hands between two agents, in duplicate, the same whatever plays them and however often they were interrupted.

* *Duplicate.* Every deal is played twice with the seats swapped: same private hands, same public chance, and each seat draws its actions
  with the same numbers. What luck gave to one it gives to the other; two agents that play alike come out even on every deal.
* *Draws.* A hand depends on (seed, number of the deal) and the players alone, not on the number of processes. Where a bot plays it depends
  on a secret salt too (see ``agents.match.deal.Draws``), so that a bot cannot compute a deal.
* *Parts.* Hands are played in parts of a size that depends on the settings alone; a part is kept whole when it is done. Bots are made anew,
  in a process of their own, for each part, from a seed that the salt gives.
* *Halves.* Where a bot plays, the two hands of a deal are its halves. All first halves of a stretch of deals are played before the second
  ones, which come in another order: a bot that remembers one half cannot tell which hand is the other.

A hand is scored in chips to the match's first competitor.
"""

from __future__ import annotations

import hashlib
import json
import logging
import os
import pickle
import re
import secrets
from collections import Counter
from collections.abc import Callable, Collection, Generator, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from agents.evaluation.ablation import digest
from agents.match.bank import SESSION_HANDS
from agents.match.deal import VALUES, Competitor, Draws, Record, Table, check_record, play_deal
from agents.opponents.bot import Bot, LostError
from agents.reporting.tables import write_text
from agents.runtime.executor import Executor, Serial, no_collections
from agents.runtime.storage import load_or_set_aside, parse_json, require, whole_in
from games.files import read_text
from games.game import PublicGame
from games.modules import sources

if TYPE_CHECKING:
    from agents.networks.start_values import StartFile

PART_DEALS, PART_SECONDS = 500, 2.0
MOST_HANDS = 10**9
BOT_HANDS = 100  # in a part with somebody's bot: what is not a whole part is not kept, and each part starts a process
STRETCH_DEALS = 25_000  # whose first halves come before the second ones. A longer one would have to be played to its half before a match
# that is stopped has an estimate to tell, and its order would have to be kept.
FILE_HANDS = 1000  # at least, in a file of kept hands
MOST_FILE_BYTES = 1 << 26  # some 30 kB a hand
MOST_FAULTS = 100  # of one bot: after as many forfeited hands the match is stopped
MOST_WAITS, WAIT_HANDS = 3, 50  # of one bot, of as many hands in a part: each wait costs the limit or the start of a process
WAITS = ("late", "died", "garbage")


def new_salt() -> str:
    """Return a secret that nobody can guess. It begins with a letter that makes it text wherever it is written."""
    return "s" + secrets.token_hex(16)


@dataclass(frozen=True)
class Match:
    """Two competitors and what decides their hands.

    Attributes:
        competitors: the first is the one that chips are counted for.
        seed: of every deal.
        duplicate: deals are played twice, seats swapped; else once, with alternating seats.
        values: AIVAT's value function: ``blueprint`` (both play what they play without thinking; uniform for bots), ``uniform``, or
            ``none`` for no AIVAT.
        networks: of what hands are worth where streets of full no-limit hold'em begin: a part of values=blueprint.
        salt: a secret that deals come from too, where a bot plays; a new one if none is given. Empty for matches without bots.
    """

    competitors: tuple[Competitor, Competitor]
    seed: int = 0
    duplicate: bool = True
    values: str = "blueprint"
    salt: str = ""
    networks: tuple[StartFile, ...] = ()

    def __post_init__(self) -> None:
        object.__setattr__(self, "salt", (self.salt or new_salt()) if self.bots else "")
        if self.seed < 0:
            raise ValueError(f"seed must be at least 0, got {self.seed}")
        if self.values not in VALUES:
            raise ValueError(f"values must be one of {', '.join(VALUES)}, got {self.values!r}")
        if self.networks and self.values != "blueprint":
            raise ValueError(f"values must be blueprint where networks are a part of them, got {self.values!r}")
        (one, game), (other, another) = [(c.name, c.game.key) for c in self.competitors]
        if game != another:
            raise ValueError(f"agents must play one game, got {one}: {game} and {other}: {another}")

    @property
    def game(self) -> PublicGame[Any]:
        """What is played."""
        return self.competitors[0].game

    @property
    def bots(self) -> list[Bot]:
        """The competitors whose policy is not known."""
        return [bot for competitor in self.competitors if (bot := competitor.bot) is not None]

    @property
    def draws(self) -> Draws:
        """Where the match's random numbers come from."""
        return Draws(self.seed, self.salt, tuple(competitor.name for competitor in self.competitors))

    def table(self, load: bool = True) -> Table:
        """Return a table; nobody can play before it is loaded."""
        table = Table(self.competitors, self.draws, self.values, self.networks)
        if load:
            table.load()
        return table

    @property
    def part_hands(self) -> int:
        """Hands in a part: some two seconds of the time allowed at most, taking a hand for four decisions of each player.

        With a time bank a part is a session, as it is with a bot.
        """
        if self.bots:
            return BOT_HANDS
        if any(competitor.bank for competitor in self.competitors):
            return SESSION_HANDS
        allowed = 8 * sum(competitor.budget.seconds or 0.0 for competitor in self.competitors if not competitor.steady)
        deals = PART_DEALS if allowed == 0 else max(1, min(PART_DEALS, int(PART_SECONDS / allowed)))
        return deals * (1 + self.duplicate)

    def rounds_of_play(self, hands: int) -> Iterator[Sequence[int]]:
        """Yield hands by number, in the order of play; those of one round may be played in parallel, and rounds follow each other."""
        if not self.duplicate:
            yield [2 * deal + deal % 2 for deal in range(hands)]
        elif not self.bots:
            yield range(hands)
        else:
            for first in range(0, hands // 2, STRETCH_DEALS):
                deals = np.arange(first, min(first + STRETCH_DEALS, hands // 2))
                yield (2 * deals + deals % 2).tolist()  # each competitor has each seat half of the time
                deals = self.draws.secret("order", first).permutation(deals)
                yield (2 * deals + 1 - deals % 2).tolist()

    def marks(self) -> list[str]:
        """Return, for each competitor, what kept measurements of it must agree with."""
        agents = [digest(c.known) if c.bot is None else c.bot.name + sources(c.bot.name) for c in self.competitors]
        game = self.game.key + sources(self.game.key)
        banks = [[] if c.bank is None else [repr(c.bank)] for c in self.competitors]
        each = zip(agents, self.competitors, banks, strict=True)
        return [_hash([game, agent, repr(c.budget), *bank]) for agent, c, bank in each]

    def fingerprint(self) -> str:
        """Return what kept hands must agree with."""
        more = [*([self.salt] if self.salt else []), *([[file.digest for file in self.networks]] if self.networks else [])]
        return _hash([self.marks(), self.seed, self.duplicate, self.values, *more])


def _hash(content: Any) -> str:
    return hashlib.sha256(json.dumps(content).encode()).hexdigest()[:10]


@dataclass(frozen=True)
class Part:
    """One task: hands that one process plays in order."""

    match: bytes  # pickled, so that a worker which has seen it before knows it again
    hands: Sequence[int]  # by number: 2 · deal + whether the seats are swapped


def play_part(part: Part) -> list[Record]:
    """Play a part; less of it if a bot is late, dies or answers garbage in ``MOST_WAITS`` of ``WAIT_HANDS`` hands, or is lost.

    Raises:
        LostError: a bot is lost before the first hand is over.
    """
    match, table = _loaded(part.match)
    for who, bot in enumerate(table.bots):
        if bot is not None:
            bot.begin(int(match.draws.secret("bot", who, part.hands[0]).integers(2**31 - 1)))
    for bank in table.banks:
        if bank is not None:
            bank.begin()
    records: list[Record] = []
    try:
        with no_collections(not all(competitor.steady for competitor in match.competitors)):
            for number in part.hands:
                records.append(play_deal(table, number // 2, bool(number % 2)))
                if any(count >= MOST_WAITS for count in _faults(records[-WAIT_HANDS:], WAITS).values()):
                    break
        return records
    except LostError:
        if not records:
            raise
        return records
    finally:
        for bot in match.bots:
            bot.end()


_tables: dict[bytes, tuple[Match, Table]] = {}  # of this process, the last used ones
MOST_TABLES = 4


def _loaded(packed: bytes) -> tuple[Match, Table]:
    """Return a match and its table, ready."""
    if packed not in _tables:
        while len(_tables) >= MOST_TABLES:
            _close(next(iter(_tables)))
        match: Match = pickle.loads(packed)
        _tables[packed] = match, match.table()
    return _tables[packed]


def _close(packed: bytes) -> None:
    """End the bots of a match that was loaded here."""
    if packed in _tables:
        for bot in _tables.pop(packed)[0].bots:
            bot.close()


def check_hands(hands: int) -> None:
    """Refuse numbers of hands that no match has."""
    if not 4 <= hands <= MOST_HANDS or hands % 2:
        raise ValueError(f"hands must be an even number from 4 to {MOST_HANDS:,} (each seat plays half of them), got {hands}")


def play_matches(
    matches: Sequence[Match],
    hands: int,
    executor: Executor | None = None,
    directory: Path | None = None,
    over: Callable[[], bool] = lambda: False,
) -> Generator[tuple[int, list[Record], bool]]:
    """Play matches; yield (match number, records, whether played now) part by part, in any order, kept ones first.

    Args:
        matches: each is played.
        hands: of each match.
        executor: where the hands are played; in this process by default.
        directory: hands are kept here as JSON lines, each hand a line, and not played again; None keeps none. It must exist. What is kept
            of a match with a bot can be read by nobody but the owner.
        over: asked when kept hands were yielded, and after each part: nothing more is played where it says so.

    Raises:
        ValueError: a number of hands that no match has.
        ChildProcessError: a bot has forfeited ``MOST_FAULTS`` hands, was late, died or answered garbage in ``MOST_WAITS`` of
            ``WAIT_HANDS``, or is lost.
        OSError: hands cannot be kept; the directory may be gone.
    """
    check_hands(hands)
    faults: Counter[str] = Counter()
    files = [_HandFiles(match, directory) for match in matches]
    done = [bytearray(2 * hands) for _ in matches]  # by number of hand
    for i, match in enumerate(matches):
        for records in files[i].load(hands // (1 + match.duplicate), done[i]):
            faults.update(_faults(records))
            yield i, records, False
    if over():
        return
    packed = [pickle.dumps(match) for match in matches]
    try:
        for rounds in zip_longest(*(match.rounds_of_play(hands) for match in matches), fillvalue=()):
            tasks = [(i, Part(packed[i], p)) for i, numbers in enumerate(rounds) for p in _parts(numbers, matches[i].part_hands, done[i])]
            while tasks:
                left = []  # of parts in which a bot was lost: to begin the rest tells why, unless it is back
                with closing((executor or Serial()).map(play_part, [part for _, part in tasks])) as results:
                    for task, records in results:
                        i, part = tasks[task]
                        files[i].save(records)
                        faults.update(_faults(records))
                        yield i, records, True
                        _check_faults(records, faults)
                        if over():
                            return
                        if len(records) < len(part.hands):
                            left.append((i, Part(part.match, part.hands[len(records) :])))
                tasks = left
    finally:
        for i, match in enumerate(matches):
            if match.bots:
                _close(packed[i])


def _parts(hands: Sequence[int], size: int, done: bytearray) -> Iterator[Sequence[int]]:
    """Yield hands in parts, without those that are done."""
    for first in range(0, len(hands), size):
        part = hands[first : first + size]
        missing = [number for number in part if not done[number]]
        if missing:
            yield part if len(missing) == len(part) else missing


def _check_faults(records: list[Record], faults: Counter[str]) -> None:
    """Raise ChildProcessError with the last fault of a bot that has forfeited too often."""
    last = {r["fault"]["who"]: r["fault"]["text"] for r in records if "fault" in r}
    for who, count in _faults(records[-WAIT_HANDS:], WAITS).items():
        if count >= MOST_WAITS:
            text = f"{who} was late, died or answered garbage in {count} of {min(len(records), WAIT_HANDS)} hands"
            raise ChildProcessError(f"{text}, {MOST_WAITS} of {WAIT_HANDS} are the most; the last: {last[who]}")
    for who, text in last.items():
        if faults[who] >= MOST_FAULTS:
            raise ChildProcessError(f"{who} has forfeited {faults[who]} hands, {MOST_FAULTS} are the most; the last: {text}")


def _faults(records: list[Record], kinds: Collection[str] | None = None) -> Counter[str]:
    """Return how many hands each bot has forfeited, of all kinds of faults or of some."""
    faults = [record["fault"] for record in records if "fault" in record]
    return Counter(fault["who"] for fault in faults if kinds is None or fault["kind"] in kinds)


def hands_folder(match: Match, directory: Path) -> Path:
    """Return where the hands of a match are kept in a directory of hands."""
    return directory / f"{match.competitors[0].name}-{match.competitors[1].name}-{match.fingerprint()}"


class _HandFiles:
    """The kept hands of one match: a directory of files, each named by the first hand in it and written whole whenever a part is done."""

    def __init__(self, match: Match, directory: Path | None) -> None:
        self.match, self._table = match, match.table(load=False)
        self.path: Path | None = None
        self._file, self._lines = Path(), list[str]()
        if directory is not None:
            directory.mkdir(exist_ok=True)  # no parents here and below: what was deleted on the way is not made again
            names = f"{match.competitors[0].name}-{match.competitors[1].name}"
            self.path = hands_folder(match, directory)
            self.path.mkdir(exist_ok=True)
            self._tell_others(directory, names)
            if match.bots:
                self.path.chmod(0o700)

    def _tell_others(self, directory: Path, names: str) -> None:
        """Warn of hands between competitors of these names that are not this match's."""
        same = re.compile(re.escape(names) + "-[0-9a-f]{10}")
        for path in sorted(path for path in directory.iterdir() if same.fullmatch(path.name) and path != self.path):
            if any(path.glob("*.jsonl")):
                text = "the hands in %s are of other settings, or of a version with other rules; they stay there, not used"
                logging.getLogger(__name__).warning(text, path)

    def load(self, deals: int, done: bytearray) -> Iterator[list[Record]]:
        """Yield the hands of each file as far as they are asked for, and mark them in ``done``; set aside files that hold anything else."""
        for path in [] if self.path is None else sorted(self.path.glob("*.jsonl")):
            records = []
            for record in load_or_set_aside(path, self._read) or []:
                number = self._number(record)
                if record["deal"] < deals and not done[number]:
                    done[number] = True
                    records.append(record)
            if records:
                yield records

    def save(self, records: list[Record]) -> None:
        """Write hands down."""
        if self.path is None or not records:
            return
        if not self._lines:
            number = self._number(records[0])
            self._file = _free(self.path / (f"{number // 2:09d}-{number % 2}.jsonl" if self.match.bots else f"{number // 2:09d}.jsonl"))
        self._lines += [json.dumps(record) + "\n" for record in records]
        write_text(self._file, "".join(self._lines))
        if len(self._lines) >= FILE_HANDS:
            self._lines = []

    def _read(self, path: Path) -> list[Record]:
        """Return the hands in a file; raises any of ``agents.runtime.storage.DAMAGES`` if it holds anything else."""
        records: list[Record] = [parse_json(line) for line in read_text(path, MOST_FILE_BYTES).splitlines()]
        for record in records:
            number = self._number(record)
            check_record(self._table, record, number // 2, bool(number % 2))
        return records

    def _number(self, record: Record) -> int:
        """Return a hand's number."""
        deal = record["deal"]
        require(whole_in(deal, 0, MOST_HANDS), "a hand must have the number of its deal")
        number: int = 2 * deal + int(record["seats"][0] != self.match.competitors[0].name)
        return number


def _free(path: Path) -> Path:
    """Return a path, with a number where it is taken: by a file that lost its first hand, or one in the middle, which is played again."""
    free, number = path, 1
    while os.path.lexists(free):
        number += 1
        free = path.with_name(f"{path.stem}.{number}{path.suffix}")
    return free
