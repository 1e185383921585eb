"""An agent's decisions in one deal, in whatever order they are asked for."""

from __future__ import annotations

from collections.abc import Collection
from typing import Generic

from agents.agent import Agent, Decision, State
from games.game import path
from search import Budget


class DecisionCache(Generic[State]):
    """Decisions of one agent, which is loaded, in both seats, at a budget each.

    A decision needs the memory of the one before it, so those on the path come first, each once.
    """

    def __init__(self, agent: Agent[State], budget: Budget) -> None:
        self.agent, self.budget = agent, budget
        self._made: dict[tuple[int, State], Decision] = {}

    def forget(self) -> None:
        """Start a new deal: decisions are made anew."""
        self._made.clear()

    def copy(self) -> DecisionCache[State]:
        """Return decisions that begin with those of now, and are made apart from here on."""
        copied = DecisionCache(self.agent, self.budget)
        copied._made = dict(self._made)
        return copied

    def keep(self, states: Collection[State]) -> None:
        """Forget all decisions but those at some states."""
        self._made = {key: made for key, made in self._made.items() if key[1] in states}

    def at(self, seat: int, state: State) -> Decision:
        """Return the decision of a seat at a public state where it acts."""
        game, memory = self.agent.game, None
        for decision in [s for s in path(game, state) if game.player(s) == seat]:
            if (seat, decision) not in self._made:
                self._made[seat, decision] = self.agent.decide(seat, decision, memory, self.budget)
            memory = self._made[seat, decision].memory
        return self._made[seat, state]

    def anew(self, seat: int, state: State, budget: Budget) -> Decision:
        """Return the decision at a state made anew, within a budget of its own; those on its path that are not yet made do not think."""
        common, way = self.budget, [s for s in path(self.agent.game, state) if self.agent.game.player(s) == seat]
        try:
            self.budget = Budget(seconds=0)
            if len(way) > 1:
                self.at(seat, way[-2])
            self.budget = budget
            self._made.pop((seat, state), None)
            return self.at(seat, state)
        finally:
            self.budget = common
