"""Head-to-head matches: hands between two agents, in duplicate, the same whatever plays them and however often they were interrupted.

* *Duplicate.* Every deal is played twice with the seats swapped: same private hands, same public chance, and each seat draws its actions
  with the same numbers. What luck gave to one it gives to the other; two agents that play alike come out even on every deal.
* *Seeds.* Everything drawn in deal k comes from ``SeedSequence(seed, spawn_key=(k,))``: a hand depends on (seed, k) and the players alone,
  not on the number of processes. Bots with randomness of their own are made anew with each chunk, from a seed of (seed, chunk).
* *Chunks.* Deals are played in chunks of a size that depends on the settings alone; a chunk is kept whole when it is done.

A hand is scored in chips to the match's first entrant.
"""

from __future__ import annotations

import gc
import hashlib
import json
import pickle
import time
from collections.abc import Generator, Sequence
from contextlib import closing
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from agents.ablation import digest
from agents.agent import Agent, Decision
from agents.aivat import Step, aivat, history_values, terminal_values
from agents.blueprint import BlueprintAgent
from agents.executor import Executor, Serial
from agents.report import write_text
from agents.stranger import FaultError, Stranger
from games import CHANCE, TERMINAL, PublicTree
from search import Budget, Strategy, uniform

Float = npt.NDArray[np.float64]
Record = dict[str, Any]
VALUES = ("blueprint", "uniform", "none")
CHUNK_DEALS, CHUNK_SECONDS = 500, 2.0
MOST_FAULTS = 100  # of one bot: after as many forfeited hands the match is stopped


@dataclass(frozen=True)
class Entrant:
    """Who plays: a name in the match's tables, an agent, and what each of its decisions may spend."""

    name: str
    agent: Agent | Stranger
    budget: Budget

    @property
    def steady(self) -> bool:
        """Whether a decision is the same each time it is asked for, so that it need not be: no clock, or no thought."""
        return not self.budget.seconds or isinstance(self.agent, BlueprintAgent)

    @property
    def known(self) -> bool:
        """Whether its policy is told with its decisions."""
        return not isinstance(self.agent, Stranger)


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
        games = [entrant.agent.tree.game for entrant in self.entrants]
        if games[0] != games[1]:
            raise ValueError(f"agents must play one game, got {self.entrants[0].name}: {games[0]} and {self.entrants[1].name}: {games[1]}")

    @property
    def tree(self) -> PublicTree:
        """What is played."""
        return self.entrants[0].agent.tree

    @property
    def chunk_deals(self) -> int:
        """Deals in a chunk: some two seconds of the time allowed at most, taking a hand for four decisions of each player."""
        allowed = 8 * sum(entrant.budget.seconds or 0.0 for entrant in self.entrants if not entrant.steady)
        return CHUNK_DEALS if allowed == 0 else max(1, min(CHUNK_DEALS, int(CHUNK_SECONDS / allowed)))

    def marks(self) -> list[str]:
        """Return, for each entrant, what kept measurements of it must agree with."""
        agents = [e.agent.name if isinstance(e.agent, Stranger) else digest(e.agent) for e in self.entrants]
        return [_hash([self.tree.game, agent, repr(e.budget)]) for agent, e in zip(agents, self.entrants, strict=True)]

    def fingerprint(self) -> str:
        """Return what kept hands must agree with."""
        return _hash([self.marks(), self.seed, self.duplicate, self.values])


def _hash(content: Any) -> str:
    return hashlib.sha256(json.dumps(content).encode()).hexdigest()[:10]


@dataclass(frozen=True)
class Chunk:
    """One task: some deals of a match."""

    match: bytes  # pickled, so that a worker which has met it before knows it again
    first: int
    deals: int


class Table:
    """A match ready to be played in this process; decisions that are the same each time are made once."""

    def __init__(self, match: Match) -> None:
        self.match, self.tree = match, match.tree
        for entrant in match.entrants:
            entrant.agent.load()
        self.strangers = [e.agent if isinstance(e.agent, Stranger) else None for e in match.entrants]  # asking a protocol takes long
        self._steady = [entrant.steady for entrant in match.entrants]
        self._made: tuple[dict[tuple[int, int], Decision], ...] = ({}, {})
        self._deals = np.cumsum(self.tree.deal_weights.ravel())
        self.longest = int(max((len(self.tree.path(int(n))) for n in np.flatnonzero(self.tree.player == TERMINAL)), default=0))
        self.values = None if match.values == "none" else [self._history_values(swapped) for swapped in (False, True)]
        self._worst: dict[tuple[int, int], Float] = {}
        self._paid: dict[int, Float] = {}
        self._scored: dict[tuple[int, bool], float] = {}

    def _history_values(self, swapped: bool) -> Float:
        """Return AIVAT's values with the first entrant in seat 0, or 1 if ``swapped``."""
        tables = []
        for seat in (0, 1):
            agent = self.match.entrants[seat ^ swapped].agent
            policy = getattr(agent, "blueprint", None) or getattr(agent, "policy", None)
            known = self.match.values == "blueprint" and policy is not None and not isinstance(agent, Stranger)
            tables.append((policy.strategy() if known and policy is not None else uniform(self.tree)).tables[seat])
        return history_values(Strategy(self.tree, self.tree.subgame(), (tables[0], tables[1])))

    def decide(self, who: int, seat: int, node: int, thought: Any) -> tuple[Decision, bool]:
        """Return an entrant's decision, and whether it was made now."""
        if self._steady[who] and (seat, node) in self._made[who]:
            return self._made[who][seat, node], False
        entrant = self.match.entrants[who]
        assert not isinstance(entrant.agent, Stranger)
        decision = entrant.agent.decide(seat, node, thought, entrant.budget)
        if self._steady[who]:
            self._made[who][seat, node] = decision
        return decision, True

    def score(self, swapped: bool, hands: tuple[int, int], steps: list[Step], end: Float | None) -> float | None:
        """Return player 0's AIVAT estimate. Where all decisions are the same each time it depends on the public history alone."""
        if self.values is None:
            return None
        key = (steps[-1].child if steps else 0, swapped)
        if key in self._scored:
            return self._scored[key]
        known = (self.strangers[swapped] is None, self.strangers[1 - swapped] is None)
        found = aivat(self.tree, self.values[swapped], hands, steps, known, end)
        if all(known) and all(self._steady):
            self._scored[key] = found
        return found

    def paid(self, node: int) -> Float:
        """Return [H0, H1], player 0's chips at a terminal."""
        if node not in self._paid:
            self._paid[node] = terminal_values(self.tree, node)
        return self._paid[node]

    def dealt(self, number: float) -> tuple[int, int]:
        """Return the hands that a number of [0, 1) stands for."""
        cell = min(int(np.searchsorted(self._deals, number * self._deals[-1], side="right")), len(self._deals) - 1)
        first, second = divmod(cell, self.tree.num_hands(1))
        return first, second

    def forfeited(self, node: int, seat: int) -> Float:
        """Return [H0, H1], player 0's chips if ``seat`` loses the most that any hand could lose from a public node on."""
        if (node, seat) not in self._worst:
            ends = [n for n in range(node, int(self.tree.end[node])) if self.tree.player[n] == TERMINAL]
            paid = np.stack([self.paid(n) for n in ends])
            self._worst[node, seat] = np.full(self.tree.deal_weights.shape, paid.min() if seat == 0 else paid.max())
        return self._worst[node, seat]


def play_hand(table: Table, deal: int, swapped: bool) -> Record:
    """Play one hand.

    Args:
        table: ready.
        deal: number of the deal.
        swapped: the first entrant has seat 1.
    """
    start = time.perf_counter()
    tree, match = table.tree, table.match
    numbers = np.random.default_rng(np.random.SeedSequence(match.seed, spawn_key=(deal,))).random(1 + 3 * table.longest)
    streams = [iter(numbers[1 + p :: 3].tolist()) for p in range(3)]  # of each seat, and of public chance
    hands = table.dealt(float(numbers[0]))
    thoughts: list[Any] = [None, None]  # by seat
    asked, decisions, steps = [0, 0], [], []
    fault: Record | None = None
    node, end = 0, None
    while tree.player[node] != TERMINAL:
        seat, children = int(tree.player[node]), tree.children(node)
        policy = None
        if seat == CHANCE:
            weights = [float(tree.chance_weights[tree.chance_of[child]][hands]) for child in children]
            child = children[_drawn(weights, next(streams[2]))]
        else:
            who = seat ^ swapped
            asked[who] += 1
            stranger = table.strangers[who]
            if stranger is not None:
                start_decision = time.perf_counter()
                try:
                    if asked[who] == 1:
                        stranger.deal(seat)
                    child = _chosen(tree, stranger, seat, node, hands[seat])
                except FaultError as error:
                    fault = {"who": match.entrants[who].name, "kind": error.kind, "text": str(error), "node": node}
                    end = table.forfeited(node, seat)
                    break
                finally:
                    decisions.append([who, time.perf_counter() - start_decision, 0, 0])
            else:
                decision, now = table.decide(who, seat, node, thoughts[seat])
                thoughts[seat], policy = decision.thought, decision.policy
                if now:
                    decisions.append([who, decision.seconds, decision.iterations, int(decision.kept)])
                child = children[_drawn(policy[:, hands[seat]].tolist(), next(streams[seat]))]
        steps.append(Step(node, child, policy))
        node = child
    sign = -1.0 if swapped else 1.0
    record: Record = {
        "deal": deal,
        "seats": [match.entrants[seat ^ swapped].name for seat in (0, 1)],
        "hands": [tree.hands[p][hands[p]] for p in (0, 1)],
        "play": [tree.labels[step.child] for step in steps],
        "round": int(tree.round[node]),
        "chips": sign * float((table.paid(node) if end is None else end)[hands]),
        "asked": asked,
        "decisions": decisions,
    }
    score = table.score(swapped, hands, steps, end)
    if score is not None:
        record["aivat"] = sign * score
    if fault is not None:
        record["fault"] = fault
    return record | {"seconds": time.perf_counter() - start}


def _drawn(weights: list[float], number: float) -> int:
    """Return the index that a number of [0, 1) stands for."""
    left, last = number * sum(weights), 0
    for i, weight in enumerate(weights):
        if weight > 0:
            if left < weight:
                return i
            last = i
        left -= weight
    return last


def _chosen(tree: PublicTree, stranger: Stranger, seat: int, node: int, hand: int) -> int:
    """Return the child that a stranger's action leads to."""
    action = stranger.choose(seat, node, hand)
    for child in tree.children(node):
        if tree.action[child] == action:
            return child
    legal = [int(tree.action[child]) for child in tree.children(node)]
    raise FaultError("illegal", f"action must be one of {legal} at {tree.text(node)!r}, got {action}")


def play_chunk(chunk: Chunk) -> list[Record]:
    """Play a chunk's hands in order."""
    table = _table(chunk.match)
    match = table.match
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
def _table(packed: bytes) -> Table:
    return Table(pickle.loads(packed))


def check_hands(hands: int) -> None:
    """Refuse numbers of hands that no match has."""
    if hands < 4 or hands % 2:
        raise ValueError(f"hands must be an even number of at least 4 (each seat plays half of them), got {hands}")


def play(
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
        RuntimeError: a bot has forfeited ``MOST_FAULTS`` hands.
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
                raise RuntimeError(f"{worst} has forfeited {faults[worst]} hands, {MOST_FAULTS} are the most; the last: {text}")


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
