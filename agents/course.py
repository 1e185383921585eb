"""An agent's decisions along the course of a hand, in whatever order they are asked for."""

from __future__ import annotations

from agents.agent import Agent, Decision
from search import Budget


class Course:
    """Decisions of one agent in both seats. A thought needs those before it, so the decisions on the way are made first, each once.

    Args:
        agent: loaded here.
        budget: of each decision.
    """

    def __init__(self, agent: Agent, budget: Budget) -> None:
        self.agent, self.budget = agent, budget
        self._made: dict[tuple[int, int], Decision] = {}
        agent.load()

    def forget(self) -> None:
        """Start a new hand: decisions are made anew."""
        self._made.clear()

    def at(self, seat: int, node: int) -> Decision:
        """Return the decision of a seat at a public node where it acts."""
        tree, thought = self.agent.tree, None
        for above in tree.path(node):
            if tree.player[above] == seat:
                if (seat, above) not in self._made:
                    self._made[seat, above] = self.agent.decide(seat, above, thought, self.budget)
                thought = self._made[seat, above].thought
        return self._made[seat, node]
