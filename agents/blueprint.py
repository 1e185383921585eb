"""The agent that does not think: it plays a policy as it stands."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any

from agents.agent import Decision
from agents.policy import Policy
from games import PublicTree
from games.derived import DerivedGame, derived_game
from search import Budget


@dataclass(frozen=True)
class BlueprintAgent:
    """Plays a policy: uniform, a tabular blueprint or a network alone."""

    blueprint: Policy
    thinks = False

    @property
    def name(self) -> str:
        """The policy's name."""
        return self.blueprint.name

    @property
    def game(self) -> DerivedGame:
        """What it plays."""
        return derived_game(self.blueprint.tree)

    @property
    def tree(self) -> PublicTree:
        """The policy's tree."""
        return self.blueprint.tree

    def load(self) -> None:
        """Ask the policy once."""
        self.blueprint.strategy()

    def decide(self, seat: int, state: int, thought: Any, budget: Budget) -> Decision:
        """Play the policy; the budget is not used."""
        start = time.perf_counter()
        policy = self.blueprint.at(state).copy()
        return Decision(policy, thought, time.perf_counter() - start)
