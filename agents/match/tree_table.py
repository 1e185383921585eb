"""The table of games derived from OpenSpiel: nodes are those of a public tree."""

from __future__ import annotations

from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from agents.agent import Decision
from agents.evaluation.aivat import Step, aivat, history_values, terminal_values
from agents.holdem_agent import HoldemAgent
from agents.match.deal import Draws, Entrant, Table, drawn
from agents.opponents.bot import Bot, Observation
from games import TERMINAL, PublicTree, deals
from search import Strategy, uniform

Float = npt.NDArray[np.float64]


class TreeTable(Table):
    """Two entrants at a public tree; decisions that are the same each time are made once.

    Args:
        entrants: the first is the one that chips are counted for.
        draws: of every deal.
        values: AIVAT's value function, see agents.match.match.
    """

    root = 0

    def __init__(self, entrants: tuple[Entrant, Entrant], draws: Draws, values: str) -> None:
        super().__init__(entrants, draws, values)
        tree = entrants[0].game
        assert isinstance(tree, PublicTree)
        self.tree = tree
        self._steady = [entrant.steady for entrant in entrants]
        self._made: tuple[dict[tuple[int, int], Decision], ...] = ({}, {})
        self._deals = np.cumsum(self.tree.deal_weights.ravel())
        ends = np.flatnonzero(self.tree.player == TERMINAL).tolist()
        self.longest = max((len(self.tree.path(n)) for n in ends), default=0)
        self.values: list[Float] | None = None
        self._worst: dict[tuple[int, int], Float] = {}
        self._paid: dict[int, Float] = {}
        self._scored: dict[tuple[int, bool], float] = {}

    def load(self) -> None:
        """Get agents and AIVAT's values ready."""
        super().load()
        if self.valued_by != "none":
            self.values = [self._history_values(self.valued_by, swapped) for swapped in (False, True)]

    @cached_property
    def stake(self) -> float:  # type: ignore[override]
        """The most chips that a hand can win."""
        return max(float(np.abs(self.paid(int(n))).max()) for n in np.flatnonzero(self.tree.player == TERMINAL))

    def _history_values(self, kind: str, swapped: bool) -> Float:
        """Return AIVAT's values with the first entrant in seat 0, or 1 if ``swapped``."""
        tables = []
        for seat in (0, 1):
            agent = self.entrants[seat ^ swapped].agent
            policy = getattr(agent, "blueprint", None) or getattr(agent, "policy", None)
            known = kind == "blueprint" and policy is not None and not isinstance(agent, Bot)
            tables.append((policy.strategy() if known and policy is not None else uniform(self.tree)).tables[seat])
        return history_values(Strategy(self.tree, self.tree.subgame(), (tables[0], tables[1])))

    def player(self, node: int) -> int:
        """Return who acts."""
        return int(self.tree.player[node])

    def children(self, node: int) -> list[int]:
        """Return a node's children."""
        return list(self.tree.children(node))

    def drawn(self, node: int, hands: tuple[int, int], number: float) -> int:
        """Return where public chance leads by a number of [0, 1)."""
        children = self.children(node)
        return children[drawn([float(self.tree.chance_weights[self.tree.chance_of[child]][hands]) for child in children], number)]

    def shown(self, player: int, hand: int) -> str:
        """Return a hand as text."""
        return str(self.tree.hands[player][hand])

    def told(self, step: Step) -> str:
        """Return a step as text."""
        return str(self.tree.labels[step.child])

    def round(self, node: int) -> int:
        """Return a node's round."""
        return int(self.tree.round[node])

    def decide(self, who: int, seat: int, node: int, thought: Any) -> tuple[Decision, bool]:
        """Return an entrant's decision, and whether it was made now."""
        if self._steady[who] and (seat, node) in self._made[who]:
            return self._made[who][seat, node], False
        entrant = self.entrants[who]
        assert not isinstance(entrant.agent, Bot | HoldemAgent)
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
        known = (self.bots[swapped] is None, self.bots[1 - swapped] is None)
        found = aivat(self.tree, self.values[swapped], hands, steps, known, end)
        if all(known) and all(self._steady):
            self._scored[key] = found
        return found

    def won(self, node: int, hands: tuple[int, int]) -> float:
        """Return player 0's chips at a terminal."""
        return float(self.paid(node)[hands])

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

    def observation(self, node: int, hand: int, random: np.random.Generator) -> Observation:
        """Return a decision as a bot sees it: in a state with another possible hand in place of the opponent's."""
        tree, player = self.tree, self.player(node)
        weights = tree.chance_weights[tree.chance_of[node]]
        other = drawn((weights[hand] if player == 0 else weights[:, hand]).tolist(), random.random())
        path = tree.path(node)[1:]
        return Observation(
            player,
            self.shown(player, hand),
            tuple(tree.labels[n] for n in path),
            tuple(int(tree.action[child]) for child in tree.children(node)),
            state=(*self._histories[(hand, other) if player == 0 else (other, hand)], *(int(tree.action[n]) for n in path)),
        )

    @cached_property
    def _histories(self) -> dict[tuple[int, int], tuple[int, ...]]:
        """OpenSpiel's actions that deal each pair of hands."""
        return {deal.hands: deal.history for deal in deals(self.tree.game)}
