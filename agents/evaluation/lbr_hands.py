"""Hands of local best response in parts, in any number of processes, saved as they are done: the same hands whoever plays them."""

from __future__ import annotations

import hashlib
import json
import pickle
from collections.abc import Generator, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from agents.agent import Agent
from agents.evaluation.ablation import digest
from agents.evaluation.local_actions import LocalActions
from agents.evaluation.luck import SeededLuck
from agents.evaluation.sampled_lbr import SampledLbr
from agents.reporting.tables import Row, write_text
from agents.runtime.arrays import read_npy, write_npy
from agents.runtime.executor import Executor, Serial, no_collections
from agents.runtime.storage import load_or_set_aside, number_in, parse_json, require, whole_in
from games.arrays import Float32
from games.files import read_text
from games.holdem.rules import HoldemGame, HoldemState
from search import Budget
from search.boards.all_in import AllIn, all_in_table, wants_table

RULES = 1  # of how hands are played: another number, other hands
PART_DEALS, THINKING_DEALS = 25, 5  # in a part: a few seconds, or half a minute where the agent thinks a tenth of a second
MOST_DEALS, MOST_FILE_BYTES = 1_000_000, 1 << 20
KEYS = {"deal", "seat", "chips", "plain", "hand", "play", "asked", "searched", "failed", "seconds"}  # of a record


@dataclass(frozen=True)
class LbrMatch:
    """Hands of LBR against an agent: each deal is played in both seats.

    Attributes:
        agent: that LBR plays.
        budget: of each of the agent's decisions.
        actions: what LBR may do.
        seed: of all deals. The same deals and numbers are drawn for every agent and every set of actions.
    """

    agent: Agent[HoldemState]
    budget: Budget
    actions: LocalActions
    seed: int = 0

    def __post_init__(self) -> None:
        if self.seed < 0:
            raise ValueError(f"seed must be at least 0, got {self.seed}")

    @property
    def game(self) -> HoldemGame:
        """What is played."""
        game = self.agent.game
        if not isinstance(game, HoldemGame):
            raise ValueError(f"game must be hold'em, where LBR plays hands, got {game.name}")
        return game

    @property
    def part_deals(self) -> int:
        """Deals in a part."""
        return THINKING_DEALS if self.agent.thinks and self.budget.seconds != 0 else PART_DEALS

    def fingerprint(self) -> str:
        """Return what saved hands must agree with."""
        content = [RULES, self.game.key, digest(self.agent), repr(self.budget), repr(self.actions), self.seed]
        return hashlib.sha256(json.dumps(content).encode()).hexdigest()[:10]


@dataclass(frozen=True)
class Part:
    """One task: deals that one process plays in order.

    Attributes:
        match: pickled, so that a worker which has seen it before knows it again.
        table: file of ``search.boards.all_in.all_in_table``; None where the game needs none, or nothing is saved.
        deals: by number.
    """

    match: bytes
    table: Path | None
    deals: Sequence[int]


def play_part(part: Part) -> list[Row]:
    """Play a part's deals in both seats; return a record of each hand."""
    match, lbr = _loaded(part)
    records = list[Row]()
    with no_collections(match.part_deals == THINKING_DEALS):
        for deal in part.deals:
            for seat in (0, 1):
                played = lbr.play(seat, SeededLuck(match.seed, deal))
                records.append({"deal": deal, "seat": seat} | {k: list(v) if k == "play" else v for k, v in played._asdict().items()})
    return records


_last: dict[bytes, tuple[LbrMatch, SampledLbr]] = {}  # of this process


def _loaded(part: Part) -> tuple[LbrMatch, SampledLbr]:
    """Return a part's match and who plays it, ready."""
    if part.match not in _last:
        _last.clear()
        match: LbrMatch = pickle.loads(part.match)
        game = match.game
        table = _table(game, part.table) if wants_table(game.deck, _total(game)) else None
        lbr = SampledLbr(match.agent, match.budget, match.actions, AllIn(game.deck, _total(game), table))
        match.agent.load()
        _last[part.match] = match, lbr
    return _last[part.match]


def _total(game: HoldemGame) -> int:
    """Return how many public cards a showdown has."""
    return game.cards_on(len(game.rounds) - 1)


def _table(game: HoldemGame, path: Path | None) -> Float32:
    """Return the game's table of all-ins, from a file if there is one, else worked out and saved there."""
    shape = (len(game.hands), len(game.hands))
    table: Float32 | None = load_or_set_aside(path, lambda file: read_npy(file, shape, "<f4"))
    if table is None:
        table = all_in_table(game.deck, _total(game))
        if path is not None:
            write_npy(path, table)
    return table


def check_hands(hands: int) -> None:
    """Refuse numbers of hands that nobody can play.

    Raises:
        ValueError: such a number.
    """
    if not 4 <= hands <= 2 * MOST_DEALS or hands % 2:
        raise ValueError(f"hands must be an even number from 4 to {2 * MOST_DEALS:,} (each deal is played in both seats), got {hands}")


def play_hands(match: LbrMatch, hands: int, executor: Executor | None = None, directory: Path | None = None) -> Generator[list[Row]]:
    """Play hands; yield their records part by part, saved ones first and then in any order.

    Args:
        match: what is played.
        hands: in both seats together.
        executor: where they are played; in this process by default.
        directory: parts are saved here and not played again; made if it is not there. None saves nothing.

    Raises:
        ValueError: a number of hands that nobody can play, or a match whose actions do not fit the game.
        OSError: parts cannot be saved.
    """
    check_hands(hands)
    game = match.game
    SampledLbr(match.agent, match.budget, match.actions, AllIn(game.deck, _total(game)))  # refuses what does not fit
    folder = table = None
    if directory is not None:
        folder = directory / f"{match.actions.name}-{match.actions.first_round + 1}-{match.fingerprint()}"
        folder.mkdir(parents=True, exist_ok=True)
        if wants_table(game.deck, _total(game)):
            table = directory / f"all_in-{len(game.hands)}-{_total(game)}.npy"
            _table(game, table)  # once, and not in each worker
    packed, tasks = pickle.dumps(match), list[Part]()
    for deals in _parts(hands // 2, match.part_deals):
        records = None if folder is None else load_or_set_aside(_file(folder, deals), partial(_read, deals=deals, game=game))
        if records is None:
            tasks.append(Part(packed, table, deals))
        else:
            yield records
    with closing((executor or Serial()).map(play_part, tasks)) as results:
        for task, records in results:
            if folder is not None:
                write_text(_file(folder, tasks[task].deals), "".join(json.dumps(record) + "\n" for record in records))
            yield records


def _parts(deals: int, size: int) -> Iterator[range]:
    """Yield the deals of each part: the last one's may be fewer."""
    for first in range(0, deals, size):
        yield range(first, min(first + size, deals))


def _file(folder: Path, deals: Sequence[int]) -> Path:
    return folder / f"{deals[0]:07d}-{len(deals)}.jsonl"


def _read(path: Path, deals: Sequence[int], game: HoldemGame) -> list[Row]:
    """Return the hands of a saved part; raises any of ``agents.runtime.storage.DAMAGES`` if it holds anything else."""
    records: list[Row] = [parse_json(line) for line in read_text(path, MOST_FILE_BYTES).splitlines()]
    require(
        [(r["deal"], r["seat"]) for r in records] == [(d, s) for d in deals for s in (0, 1)], "a part must have its deals in both seats"
    )
    most = game.max_payoff * (2 * len(game.rounds) + 40)  # a correction is a difference of two values within the stakes
    for record in records:
        _check(record, most)
    return records


def _check(record: Any, most: float) -> None:
    """Refuse what is no record of a hand."""
    require(record.keys() == KEYS, f"a hand must have {', '.join(sorted(KEYS))} and no more")
    require(all(number_in(record[key], -most, most) for key in ("chips", "plain")), "a hand's chips must be within the stakes")
    require(all(whole_in(record[key], 0, 1 << 20) for key in ("asked", "searched", "failed")), "a hand's decisions must be whole numbers")
    require(number_in(record["seconds"], 0, 1e9), "a hand's seconds must be a number of at least 0")
    require(isinstance(record["hand"], str) and isinstance(record["play"], list), "a hand must have a hand and its play")
