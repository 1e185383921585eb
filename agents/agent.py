"""The seam of everybody who plays: what an agent is asked and what it says."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass, field
from typing import Any, Protocol, TypeVar

import numpy as np
import numpy.typing as npt

from games.game import PublicGame
from search import Budget, Spent

Float = npt.NDArray[np.float64]
State = TypeVar("State", bound=Hashable)


@dataclass(frozen=True)
class Decision:
    """One decision.

    Attributes:
        policy: [A, H] action probabilities for every hand the agent might hold; its own hand is one column.
        thought: what the agent wants back at its next decision of this hand; never changed once given.
        seconds: from request to policy.
        iterations: of the solver; 0 if nothing was solved.
        root: public node of the subgame solved for this decision; None if none was.
        kept: a search was due and could not be made (the public state is impossible in the agent's model, or the budget allows no
            iteration), or its answer was judged to be no better, so the last solve's strategy (before any, the blueprint's) was played on.
        skipped: a search was due, and the budget allowed no iteration.
        solver_error: exploitability of the game that was solved, in chips weighted by reach; None if not asked for.
        spent: what the seconds went into, if something was solved.
    """

    policy: Float
    thought: Any
    seconds: float
    iterations: int = 0
    root: int | None = None
    kept: bool = False
    skipped: bool = False
    solver_error: float | None = None
    spent: Spent = field(default_factory=Spent)

    @property
    def solved(self) -> bool:
        """Whether a subgame was solved for this decision."""
        return self.root is not None


class Agent(Protocol[State]):
    """Somebody who plays.

    A decision depends on the seat, the public state and the agent's own thoughts of this hand: never on the hand held, never on anything
    hidden. Agents keep no state of a hand outside ``thought``, so that one agent can think about many hands.
    """

    @property
    def name(self) -> str:
        """What reports call it."""
        ...

    @property
    def game(self) -> PublicGame[State]:
        """What it plays."""
        ...

    @property
    def blueprint(self) -> Any:
        """What it plays without thinking; None if that is not known."""
        ...

    @property
    def thinks(self) -> bool:
        """Whether it searches; else its decisions do not depend on the budget."""
        ...

    def fingerprint(self) -> bytes:
        """Return what kept deals and measurements of this agent must agree with."""
        ...

    def load(self) -> None:
        """Get ready: compile, allocate. Not part of any decision's time."""
        ...

    def decide(self, seat: int, state: State, thought: Any, budget: Budget) -> Decision:
        """Decide at a public state where ``seat`` acts.

        Args:
            seat: the agent's player number.
            state: the public state, a decision of that player.
            thought: of the agent's previous decision in this hand; None at the first.
            budget: what this decision may spend.

        Returns:
            The decision; its policy is [A, H] over the game's hands, in the order of the actions on offer.
        """
        ...
