"""Somebody of ours at a table of somebody else's: what is done with a hand at a public state."""

from __future__ import annotations

from typing import Any, cast
from zlib import crc32

import numpy as np

from agents.agent import Agent, Decision
from agents.decision_cache import DecisionCache
from agents.opponents.bot import Bot, observe
from agents.protocols.ranged import Given
from games.game import Action, drawn, line_of
from search import Budget


class Player:
    """An agent of ours, or a bot. It acts on what it is shown alone, so a table may show it a hand from its middle on.

    An agent's actions are drawn by (seed, number of the hand, line of play): a player that is started anew in the middle of a hand acts as
    the one before. The decisions that an agent has made before on the line are made again then, each within the budget. A bot is asked
    about the decision at hand alone.

    Args:
        player: who plays.
        budget: of each decision of an agent's.
        seed: of what is drawn.
    """

    def __init__(self, player: Agent[Any] | Bot, budget: Budget, seed: int) -> None:
        self.name, self.game, self.seed, self.budget = player.name, player.game, seed, budget
        self.bot = player if isinstance(player, Bot) else None
        self.agent = cast("Agent[Any]", player)  # asked where it is no bot
        self._hand: tuple[int, int] | None = None  # number and seat
        self._decisions: DecisionCache[Any] = DecisionCache(self.agent, budget)
        self.last: Decision | None = None  # the last decision of an agent's

    def load(self) -> None:
        """Get ready, outside of every decision's time; raises ChildProcessError where a bot does not start."""
        if self.bot is not None:
            self.bot.begin(self.seed % 2**31)
        else:
            self.agent.load()

    def act(self, number: int, seat: int, state: Any, hand: int, budget: Budget | None = None, given: Given | None = None) -> Action:
        """Return the action at a decision.

        Args:
            number: of the hand; another one, or another seat, is another hand.
            seat: the player's, which acts at the state.
            state: public.
            hand: the player's.
            budget: of this decision, which is made anew then; those before it on the line that are not yet made do not think.
            given: ranges and actions that stand in the place of the hand's history, for an agent that takes them.

        Raises:
            FaultError: a bot does something wrong.
        """
        if (number, seat) != self._hand:
            self._hand = number, seat
            self._decisions.forget()
            if self.bot is not None:
                self.bot.restart(seat)
        actions, line = self.game.actions(state), line_of(self.game, state)
        random = np.random.default_rng([self.seed, number, crc32("/".join(line).encode())])
        if self.bot is not None:
            answer = self.bot.step(observe(self.game, state, hand, random))
            offered = [action for action in actions if action.code == answer]
            return offered[0] if offered else self.game.action(state, str(answer))
        if given is not None:
            actions = given.actions
            self.last = self.agent.decide_from(state, given.ranges, actions, budget or self.budget)  # type: ignore[attr-defined]
        else:
            self.last = self._decisions.at(seat, state) if budget is None else self._decisions.anew(seat, state, budget)
        return actions[drawn(self.last.policy[:, hand].tolist(), float(random.random()))]

    def close(self) -> None:
        """End a bot's processes."""
        if self.bot is not None:
            self.bot.close()
