"""One hand between two players: how it is dealt, played and scored.

Everything that is drawn in deal k comes from ``SeedSequence(seed, spawn_key=(k,))``: the hands, public chance, and a stream of numbers for
each *seat*, so that the two hands of a deal, seats swapped, differ by who sits where and by nothing else.

What a hand needs of a game is a ``Table``: that of games derived from OpenSpiel is in ``agents.tree_table``, hold'em's in
``agents.holdem_table``.
"""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from agents.agent import Agent, Decision
from agents.aivat import Step
from agents.blueprint import BlueprintAgent
from agents.holdem_agent import HoldemAgent
from agents.stranger import FaultError, Stranger
from games import CHANCE, TERMINAL, PublicTree
from games.holdem import HoldemGame
from search import Budget

Float = npt.NDArray[np.float64]
Record = dict[str, Any]
VALUES = ("blueprint", "uniform", "none")


@dataclass(frozen=True)
class Entrant:
    """Who plays: a name in the match's tables, an agent, and what each of its decisions may spend."""

    name: str
    agent: Agent | HoldemAgent | Stranger
    budget: Budget

    @property
    def steady(self) -> bool:
        """Whether a decision is the same each time it is asked for, so that it need not be: no clock, or no thought."""
        return not self.budget.seconds or isinstance(self.agent, BlueprintAgent)

    @property
    def game(self) -> PublicTree | HoldemGame:
        """What it plays: a public tree, or a game of hold'em."""
        return self.agent.game if isinstance(self.agent, HoldemAgent | Stranger) else self.agent.tree

    @property
    def known(self) -> bool:
        """Whether its policy is told with its decisions."""
        return not isinstance(self.agent, Stranger)


class Table(ABC):
    """Two entrants ready to play one game in this process. Its nodes are public states; the root's is ``root``.

    Args:
        entrants: the first is the one that chips are counted for.
        seed: of every deal.

    Attributes:
        longest: steps that a hand can take.
        strangers: each entrant's, None for an agent of ours.
    """

    root: Any
    longest: int

    def __init__(self, entrants: tuple[Entrant, Entrant], seed: int) -> None:
        self.entrants, self.seed = entrants, seed
        for entrant in entrants:
            entrant.agent.load()
        self.strangers = [e.agent if isinstance(e.agent, Stranger) else None for e in entrants]  # asking a protocol takes long

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
    def chosen(self, stranger: Stranger, seat: int, node: Any, hand: int) -> Any:
        """Return where a stranger's action leads; raises FaultError."""

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
    numbers = np.random.default_rng(np.random.SeedSequence(table.seed, spawn_key=(deal,))).random(1 + 3 * table.longest)
    streams = [iter(numbers[1 + p :: 3].tolist()) for p in range(3)]  # of each seat, and of public chance
    hands = table.dealt(float(numbers[0]))
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
            stranger = table.strangers[who]
            if stranger is not None:
                start_decision = time.perf_counter()
                try:
                    if asked[who] == 1:
                        stranger.deal(seat)
                    child = table.chosen(stranger, seat, node, hands[seat])
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
