"""One hand between two players: how it is dealt, played and scored.

Everything that is drawn in deal k comes from one stream of numbers (see ``Draws``): the hands, public chance, and a part for each *seat*,
so that the two hands of a deal, seats swapped, differ by who sits where and by nothing else.

What a hand needs of a game is a ``Table``: that of games derived from OpenSpiel is in ``agents.match.tree_table``, hold'em's in
``agents.match.holdem_table``.
"""

from __future__ import annotations

import hashlib
import json
import math
import time
from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from agents.agent import Agent, Decision
from agents.blueprint import BlueprintAgent
from agents.evaluation.aivat import Step
from agents.holdem_agent import HoldemAgent
from agents.opponents.bot import Bot, Observation
from agents.opponents.sandbox import FaultError
from agents.runtime.storage import number_in, require, whole_in
from games import CHANCE, TERMINAL, PublicTree
from games.holdem.rules import HoldemGame
from search import Budget

Float = npt.NDArray[np.float64]
Record = dict[str, Any]
VALUES = ("blueprint", "uniform", "none")
FAULTS = ("raised", "illegal", "late", "died", "garbage")  # see FaultError
KEYS = {"deal", "seats", "hands", "play", "round", "chips", "asked", "decisions", "seconds"}  # of a record; aivat and fault besides


@dataclass(frozen=True)
class Entrant:
    """Who plays: a name in the match's tables, an agent, and what each of its decisions may spend."""

    name: str
    agent: Agent | HoldemAgent | Bot
    budget: Budget

    @property
    def steady(self) -> bool:
        """Whether a decision is the same each time it is asked for, so that it need not be: no clock, or no thought."""
        return not self.budget.seconds or isinstance(self.agent, BlueprintAgent)

    @property
    def game(self) -> PublicTree | HoldemGame:
        """What it plays: a public tree, or a game of hold'em."""
        return self.agent.game if isinstance(self.agent, HoldemAgent | Bot) else self.agent.tree

    @property
    def known(self) -> bool:
        """Whether its policy is told with its decisions."""
        return not isinstance(self.agent, Bot)


@dataclass(frozen=True)
class Draws:
    """Where the random numbers of a match come from.

    Deal k of a match without bots is ``SeedSequence(seed, spawn_key=(k,))``, the same for everybody. With a salt it comes from a
    cryptographic hash of the salt: who does not know the salt cannot compute a deal, nor the salt from deals.

    Attributes:
        seed: of the match.
        salt: a secret, or empty.
        match: names the match: with a salt no two matches have a deal in common.
    """

    seed: int
    salt: str = ""
    match: tuple[str, ...] = ()

    def deal(self, number: int, count: int) -> Float:
        """Return a deal's numbers of [0, 1)."""
        if not self.salt:
            return np.random.default_rng(np.random.SeedSequence(self.seed, spawn_key=(number,))).random(count)
        return self.secret("deal", number).random(count)

    def secret(self, *what: str | int) -> np.random.Generator:
        """Return a generator of its own for a purpose."""
        text = json.dumps([self.salt, self.seed, self.match, what])
        return np.random.default_rng(int.from_bytes(hashlib.sha256(text.encode()).digest()))


class Table(ABC):
    """Two entrants at one game in this process. Its nodes are public states; the root's is ``root``.

    A table knows the rules from the start; ``load`` gets it ready to play.

    Args:
        entrants: the first is the one that chips are counted for.
        draws: of every deal.
        values: AIVAT's value function, see agents.match.match.

    Attributes:
        longest: steps that a hand can take.
        stake: the most chips that a hand can win.
        bots: each entrant's, None for an agent of ours.
    """

    root: Any
    longest: int
    stake: float

    def __init__(self, entrants: tuple[Entrant, Entrant], draws: Draws, values: str) -> None:
        self.entrants, self.draws, self.valued_by = entrants, draws, values
        self.bots = [e.agent if isinstance(e.agent, Bot) else None for e in entrants]  # asking a protocol takes long

    def load(self) -> None:
        """Get agents and AIVAT's values ready. Bots are made anew for each part of a match."""
        for entrant in self.entrants:
            if not isinstance(entrant.agent, Bot):
                entrant.agent.load()

    @abstractmethod
    def dealt(self, number: float) -> tuple[int, int]:
        """Return the hands that a number of [0, 1) stands for."""

    @abstractmethod
    def player(self, node: Any) -> int:
        """Return who acts, CHANCE or TERMINAL."""

    @abstractmethod
    def children(self, node: Any) -> list[Any]:
        """Return where the actions of a decision lead."""

    @abstractmethod
    def drawn(self, node: Any, hands: tuple[int, int], number: float) -> Any:
        """Return where public chance leads by a number of [0, 1)."""

    @abstractmethod
    def decide(self, who: int, seat: int, node: Any, thought: Any) -> tuple[Decision, bool]:
        """Return an entrant's decision, and whether it was made now."""

    @abstractmethod
    def observation(self, node: Any, hand: int, random: np.random.Generator) -> Observation:
        """Return a decision as a bot sees it that holds a hand. Its legal actions are in the order of ``children``.

        Args:
            node: the decision.
            hand: of the player who acts.
            random: for what stands in place of what the bot must not see.
        """

    @abstractmethod
    def forfeited(self, node: Any, seat: int) -> Float:
        """Return [H0, H1], player 0's chips if ``seat`` loses the most that any hand could lose from a public state on."""

    @abstractmethod
    def won(self, node: Any, hands: tuple[int, int]) -> float:
        """Return player 0's chips at a terminal."""

    @abstractmethod
    def score(self, swapped: bool, hands: tuple[int, int], steps: list[Step], end: Float | None) -> float | None:
        """Return player 0's AIVAT estimate, None if there is none."""

    @abstractmethod
    def shown(self, player: int, hand: int) -> str:
        """Return a hand as text."""

    @abstractmethod
    def told(self, step: Step) -> str:
        """Return a step as text."""

    @abstractmethod
    def round(self, node: Any) -> int:
        """Return the round of a public state, from 0."""


def play_hand(table: Table, deal: int, swapped: bool) -> Record:
    """Play one hand.

    Args:
        table: ready.
        deal: number of the deal.
        swapped: the first entrant has seat 1.
    """
    start = time.perf_counter()
    hands, streams = _dealt(table, deal)
    random = table.draws.secret("shown", deal, int(swapped)) if any(table.bots) else None
    thoughts: list[Any] = [None, None]  # by seat
    asked, decisions, steps = [0, 0], [], []
    fault: Record | None = None
    node, end = table.root, None
    while (seat := table.player(node)) != TERMINAL:
        policy = None
        if seat == CHANCE:
            child = table.drawn(node, hands, next(streams[2]))
        else:
            who = seat ^ swapped
            asked[who] += 1
            bot = table.bots[who]
            if bot is not None and random is not None:
                observation = table.observation(node, hands[seat], random)
                start_decision = time.perf_counter()
                try:
                    if asked[who] == 1:
                        bot.restart(seat)
                    child = table.children(node)[bot.step(observation)]
                except FaultError as error:
                    fault = {"who": table.entrants[who].name, "kind": error.kind, "text": str(error), "node": node}
                    end = table.forfeited(node, seat)
                    break
                finally:
                    decisions.append([who, time.perf_counter() - start_decision, 0, 0])
            else:
                decision, now = table.decide(who, seat, node, thoughts[seat])
                thoughts[seat], policy = decision.thought, decision.policy
                if now:
                    decisions.append([who, decision.seconds, decision.iterations, int(decision.kept)])
                child = table.children(node)[drawn(policy[:, hands[seat]].tolist(), next(streams[seat]))]
        steps.append(Step(node, child, policy))
        node = child
    sign = -1.0 if swapped else 1.0
    record: Record = {
        "deal": deal,
        "seats": [table.entrants[seat ^ swapped].name for seat in (0, 1)],
        "hands": [table.shown(p, hands[p]) for p in (0, 1)],
        "play": [table.told(step) for step in steps],
        "round": table.round(node),
        "chips": sign * (table.won(node, hands) if end is None else float(end[hands])),
        "asked": asked,
        "decisions": decisions,
    }
    score = table.score(swapped, hands, steps, end)
    if score is not None:
        record["aivat"] = sign * score
    if fault is not None:
        record["fault"] = fault
    return record | {"seconds": time.perf_counter() - start}


def _dealt(table: Table, deal: int) -> tuple[tuple[int, int], list[Iterator[float]]]:
    """Return a deal's hands, and the numbers of each seat and of public chance."""
    numbers = table.draws.deal(deal, 1 + 3 * table.longest)
    return table.dealt(float(numbers[0])), [iter(numbers[1 + p :: 3].tolist()) for p in range(3)]


def check_hand(table: Table, record: Any, deal: int, swapped: bool) -> None:
    """Refuse what is no record of a hand. The hand is dealt again, and its actions are taken again by the rules.

    Args:
        table: that it was played at; need not be loaded.
        record: as read.
        deal: number of the deal.
        swapped: the first entrant had seat 1.

    Raises:
        ValueError: it is none, or another hand's; KeyError, TypeError, IndexError likewise.
    """
    keys = record.keys() - {"aivat", "fault"}
    require(keys == KEYS, f"a hand must have {', '.join(sorted(KEYS))} and no more")
    names = [table.entrants[seat ^ swapped].name for seat in (0, 1)]
    require((record["deal"], record["seats"]) == (deal, names), f"a hand must be deal {deal} with {names[0]} and {names[1]} in its seats")
    hands, streams = _dealt(table, deal)
    require(record["hands"] == [table.shown(p, hands[p]) for p in (0, 1)], "a hand must have the hands of its deal")
    node, asked = table.root, [0, 0]
    for text in record["play"]:
        seat = table.player(node)
        require(seat != TERMINAL, "a hand's play must stop where the hand ends")
        if seat == CHANCE:
            children = [table.drawn(node, hands, next(streams[2]))]
        else:
            children = table.children(node)
            asked[seat ^ swapped] += 1
        fitting = [child for child in children if table.told(Step(node, child)) == text]
        require(len(fitting) > 0, "a hand's play must be legal actions, and the public cards of its deal")
        node = fitting[0]
    seat = table.player(node)
    if "fault" not in record:
        require(seat == TERMINAL, "a hand's play must go on to its end")
        chips = table.won(node, hands)
    else:
        require(seat in (0, 1) and table.bots[seat ^ swapped] is not None, "a fault must be a bot's at its decision")
        fault = record["fault"]
        fits = fault["who"] == names[seat] and fault["kind"] in FAULTS and type(fault["text"]) is str
        require(fits, "a fault must say who, kind and text")
        asked[seat ^ swapped] += 1
        chips = float(table.forfeited(node, seat)[hands])
    require(record["asked"] == asked, "a hand's asked must be how often each was to act")
    require(type(record["round"]) is int and record["round"] == table.round(node), "a hand's round must be the one that it ended in")
    won = -chips if swapped else chips
    require(number_in(record["chips"], won - 1e-9 * table.stake, won + 1e-9 * table.stake), "a hand's chips must be what its play won")
    require(("aivat" in record) == (table.valued_by != "none"), "a hand must have an estimate of AIVAT's, if there are any")
    bound = 2 * table.stake * (len(record["play"]) + 2)  # each correction is a difference of two values, which are within the stake
    require(number_in(record.get("aivat", 0), -bound, bound), "an estimate of AIVAT's must be within the stakes")
    _check_decisions(record, asked)


def _check_decisions(record: Record, asked: list[int]) -> None:
    """Refuse what no decisions can have taken."""
    spent = 0.0
    for who, seconds, iterations, kept in record["decisions"]:
        require(whole_in(who, 0, 1), "a decision must say who made it")
        require(number_in(seconds, 0, math.inf), "a decision's seconds must be a number of at least 0")
        require(whole_in(iterations, 0, 2**63 - 1), "a decision's iterations must be a whole number of at least 0")
        require(whole_in(kept, 0, 1), "whether a decision kept a strategy must be 0 or 1")
        spent += seconds
    made = [sum(decision[0] == who for decision in record["decisions"]) for who in (0, 1)]
    require(made[0] <= asked[0] and made[1] <= asked[1], "a hand must have no more decisions than were asked for")
    require(number_in(record["seconds"], max(0, spent - 1e-3), math.inf), "a hand's seconds must be no fewer than its decisions'")


def drawn(weights: list[float], number: float) -> int:
    """Return the index that a number of [0, 1) stands for."""
    left, last = number * sum(weights), 0
    for i, weight in enumerate(weights):
        if weight > 0:
            if left < weight:
                return i
            last = i
        left -= weight
    return last
