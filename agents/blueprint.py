"""The agent that does not think: it plays a policy as it stands."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from agents.agent import BaseAgent, Decision
from agents.policy import Policy
from games.derived import DerivedGame, derived_game
from search import Budget


@dataclass(frozen=True)
class BlueprintAgent(BaseAgent):
    """Plays a policy: uniform, a tabular blueprint or a network alone."""

    blueprint: Policy = field()

    @property
    def name(self) -> str:
        return self.blueprint.name

    @property
    def game(self) -> DerivedGame:
        return derived_game(self.blueprint.tree)

    def fingerprint(self) -> bytes:
        tables = [np.round(table, 6).tobytes() for table in self.blueprint.strategy().tables]
        return b"".join([json.dumps([self.name, self.game.name, *["None"] * 3]).encode(), *tables])

    def load(self) -> None:
        self.blueprint.strategy()

    def decide(self, seat: int, state: int, memory: Any, budget: Budget) -> Decision:
        start = time.perf_counter()
        policy = self.blueprint.at(state).copy()
        return Decision(policy, memory, time.perf_counter() - start)
