"""An agent's decisions along the course of a hand, in whatever order they are asked for."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from typing import Any, Generic, TypeVar

from agents.agent import Agent, Decision
from search import Budget

State = TypeVar("State", bound=Hashable)


class Course(Generic[State]):
    """Decisions of one agent in both seats. A thought needs those before it, so the decisions on the way are made first, each once.

    Args:
        way: of a seat and a public state where it acts: its decisions on the way there, the state itself the last.
        decide: what the agent does as a seat at a public state, given its thought of the decision before.
    """

    def __init__(self, way: Callable[[int, State], Sequence[State]], decide: Callable[[int, State, Any], Decision]) -> None:
        self._way, self._decide = way, decide
        self._made: dict[tuple[int, State], Decision] = {}

    def forget(self) -> None:
        """Start a new hand: decisions are made anew."""
        self._made.clear()

    def at(self, seat: int, state: State) -> Decision:
        """Return the decision of a seat at a public state where it acts."""
        thought = None
        for there in self._way(seat, state):
            if (seat, there) not in self._made:
                self._made[seat, there] = self._decide(seat, there, thought)
            thought = self._made[seat, there].thought
        return self._made[seat, state]


def course_on_tree(agent: Agent, budget: Budget) -> Course[int]:
    """Load an agent; return its course over its public tree's nodes, each decision within a budget."""
    agent.load()
    tree = agent.tree
    return Course(
        lambda seat, node: [n for n in tree.path(node) if tree.player[n] == seat],
        lambda seat, node, thought: agent.decide(seat, node, thought, budget),
    )
