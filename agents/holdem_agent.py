"""The seam of everybody who plays hold'em: as ``agents.agent``; the public state is a node of the bets and the cards on the board."""

from __future__ import annotations

from typing import Any, Protocol, runtime_checkable

from agents.agent import Decision
from games.holdem.rules import HoldemGame
from search import Budget


@runtime_checkable
class HoldemAgent(Protocol):
    """Somebody who plays hold'em; what ``agents.agent.Agent`` says of decisions and thoughts holds here too."""

    @property
    def name(self) -> str:
        """What reports call it."""
        ...

    @property
    def game(self) -> HoldemGame:
        """The game that it plays."""
        ...

    @property
    def fingerprint(self) -> str:
        """What kept hands and measurements of this agent must agree with to be of the same."""
        ...

    def load(self) -> None:
        """Get ready: compile, allocate. Not part of any decision's time."""
        ...

    def decide(self, seat: int, node: int, cards: tuple[int, ...], thought: Any, budget: Budget) -> Decision:
        """Decide at a public state where ``seat`` acts.

        Args:
            seat: the agent's player number.
            node: a decision of that player in ``game.bets``.
            cards: on the board, street by street in order, the game's own first.
            thought: of the agent's previous decision in this hand; None at the first.
            budget: what this decision may spend.

        Returns:
            The decision; its policy is [A, H] over all ``game.hands``, whatever is on the board.
        """
        ...
