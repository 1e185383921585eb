"""The agent that does not think: it plays a blueprint as it stands."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from agents.agent import BaseAgent, Decision, SeatReport, ask_everywhere
from agents.policy import Policy
from games.game import PublicGame
from search import Budget


@dataclass(frozen=True)
class BlueprintAgent(BaseAgent):
    """Plays a blueprint of any game: uniform, tabular, or a network alone."""

    blueprint: Policy[Any] = field()

    @property
    def name(self) -> str:
        return self.blueprint.name

    @property
    def game(self) -> PublicGame[Any]:
        return self.blueprint.game

    def fingerprint(self) -> bytes:
        return json.dumps([self.name, self.game.key, *["None"] * 3]).encode() + self.blueprint.fingerprint()

    def load(self) -> None:
        self.blueprint.strategy()

    def decide(self, seat: int, state: Any, memory: Any, budget: Budget) -> Decision:
        start = time.perf_counter()
        policy = self.blueprint.at(state).copy("K")  # the layout decides the last bits of sums
        return Decision(policy, memory, time.perf_counter() - start)

    def tabulate(
        self, seat: int, budget: Budget, progress: Callable[[float], None] | None = None, folder: Path | None = None
    ) -> SeatReport:
        """See ``agents.agent.Agent``. Where public states are too many to be asked one by one, the blueprint's own table is returned."""
        if self.game.num_states is not None:
            return ask_everywhere(self, seat, budget)
        return SeatReport(seat=seat, table=self.blueprint.strategy().tables[seat], bound_violation=0.0)
