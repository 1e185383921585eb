"""The agent that does not think: it plays a policy as it stands."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any

from agents.agent import Decision
from agents.policy import Policy
from games import PublicTree
from search import Budget


@dataclass(frozen=True)
class BlueprintAgent:
    """Plays a policy: uniform, a tabular blueprint or a network alone."""

    policy: Policy

    @property
    def name(self) -> str:
        """The policy's name."""
        return self.policy.name

    @property
    def tree(self) -> PublicTree:
        """The policy's tree."""
        return self.policy.tree

    def load(self) -> None:
        """Ask the policy once."""
        self.policy.strategy()

    def decide(self, seat: int, node: int, thought: Any, budget: Budget) -> Decision:
        """Play the policy; the budget is not used."""
        start = time.perf_counter()
        policy = self.policy.at(node).copy()
        return Decision(policy, thought, time.perf_counter() - start)
