"""One hand between two players: how it is dealt, played and scored.

Everything that is drawn in deal k comes from ``SeedSequence(seed, spawn_key=(k,))``: the hands, public chance, and a stream of numbers for
each *seat*, so that the two hands of a deal, seats swapped, differ by who sits where and by nothing else.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from agents.agent import Agent, Decision
from agents.aivat import Step, aivat, history_values, terminal_values
from agents.blueprint import BlueprintAgent
from agents.stranger import FaultError, Stranger
from games import CHANCE, TERMINAL, PublicTree
from search import Budget, Strategy, uniform

Float = npt.NDArray[np.float64]
Record = dict[str, Any]
VALUES = ("blueprint", "uniform", "none")


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


class Table:
    """Two entrants ready to play in this process; decisions that are the same each time are made once.

    Args:
        entrants: the first is the one that chips are counted for.
        seed: of every deal.
        values: AIVAT's value function, see agents.match.
    """

    def __init__(self, entrants: tuple[Entrant, Entrant], seed: int, values: str) -> None:
        self.entrants, self.seed, self.tree = entrants, seed, entrants[0].agent.tree
        for entrant in entrants:
            entrant.agent.load()
        self.strangers = [e.agent if isinstance(e.agent, Stranger) else None for e in entrants]  # asking a protocol takes long
        self._steady = [entrant.steady for entrant in entrants]
        self._made: tuple[dict[tuple[int, int], Decision], ...] = ({}, {})
        self._deals = np.cumsum(self.tree.deal_weights.ravel())
        self.longest = int(max((len(self.tree.path(int(n))) for n in np.flatnonzero(self.tree.player == TERMINAL)), default=0))
        self.values = None if values == "none" else [self._history_values(values, swapped) for swapped in (False, True)]
        self._worst: dict[tuple[int, int], Float] = {}
        self._paid: dict[int, Float] = {}
        self._scored: dict[tuple[int, bool], float] = {}

    def _history_values(self, kind: str, swapped: bool) -> Float:
        """Return AIVAT's values with the first entrant in seat 0, or 1 if ``swapped``."""
        tables = []
        for seat in (0, 1):
            agent = self.entrants[seat ^ swapped].agent
            policy = getattr(agent, "blueprint", None) or getattr(agent, "policy", None)
            known = kind == "blueprint" and policy is not None and not isinstance(agent, Stranger)
            tables.append((policy.strategy() if known and policy is not None else uniform(self.tree)).tables[seat])
        return history_values(Strategy(self.tree, self.tree.subgame(), (tables[0], tables[1])))

    def decide(self, who: int, seat: int, node: int, thought: Any) -> tuple[Decision, bool]:
        """Return an entrant's decision, and whether it was made now."""
        if self._steady[who] and (seat, node) in self._made[who]:
            return self._made[who][seat, node], False
        entrant = self.entrants[who]
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
    tree = table.tree
    numbers = np.random.default_rng(np.random.SeedSequence(table.seed, spawn_key=(deal,))).random(1 + 3 * table.longest)
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
                child = children[_drawn(policy[:, hands[seat]].tolist(), next(streams[seat]))]
        steps.append(Step(node, child, policy))
        node = child
    sign = -1.0 if swapped else 1.0
    record: Record = {
        "deal": deal,
        "seats": [table.entrants[seat ^ swapped].name for seat in (0, 1)],
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
