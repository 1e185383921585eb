"""What a player may ask of the agent: what it would do in his place, what that is worth, and what both may hold by what they did."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Generic

import numpy as np

from agents.agent import Agent, Decision, State
from agents.decision_cache import DecisionCache
from agents.no_limit.agent import NoLimitAgent
from agents.play.range_grid import class_weights, range_grid
from agents.play.thoughts import surprise_text, thought
from agents.reporting.tables import table
from games.arrays import Float
from games.game import Action, children, path
from search.representation import ActionValues

TOLD, ROUND = 8, 6  # classes of hands of a range, and digits of a share: equal ones differ by rounding
GREEN, LIKELY = 32, 0.5  # of ANSI, and from which weight on a square is painted
READING = "100 is the likeliest class of hands; suited ones above the diagonal"


@dataclass
class Analyst(Generic[State]):
    """Answers about the hand that is being played. What is told depends on what the agent did in public, and never on what it holds.

    Attributes:
        agent: that is loaded.
        decisions: its decisions in this hand, in both seats.
        values: of histories; None where there are none.
        paint: returns a text in a colour of ANSI.
    """

    agent: Agent[State]
    decisions: DecisionCache[State]
    values: ActionValues | None
    paint: Callable[[str, int | None], str]

    def analysis(self, state: State, hand: int, action_text: Callable[[Action], str]) -> str:
        """Return what the agent would do in your place with your hand, what it is worth, what its own hand may be, and how it thought."""
        game, you = self.agent.game, self.agent.game.player(state)
        decision, held = self.decisions.at(you, state), np.zeros(game.num_hands[you])
        held[hand] = 1.0
        others = self.range_by_play(state, 1 - you)
        likely = game.cf_reach(state, 1 - you, held) * others
        value_texts = ["-"] * len(decision.policy)
        if likely.any() and self.values is not None:
            shares = others / others.sum()
            values = self.values.action_values(state, shares)[:, hand] / game.cf_reach(state, you, shares)[hand]
            value_texts = [f"{value:+.3f}" for value in values]
        rows = [
            [f"    {action_text(action)}", f"{probability:.1%}", value]
            for action, probability, value in zip(game.actions(state), decision.policy[:, hand], value_texts, strict=True)
        ]
        likely_text = ", ".join(f"{text} {share:.0%}" for text, share in self.classes(1 - you, likely))
        lines = [table(["    in your place it plays", "how often", "chips"], rows), f"    its hand, by what it did: {likely_text}"]
        valued_by = "" if self.values is None else "; chips by uniform play" if self.agent.blueprint is None else "; chips by its blueprint"
        lines.append(f"    {thought(game, decision)}{valued_by}")
        last = self._last(state, 1 - you)
        if self.follows is not None and last is not None:
            lines += [f"    its last move: {text}" for text in (thought(game, last), surprise_text(last)) if text]
        return "\n".join(lines)

    def ranges(self, state: State, you: int) -> str:
        """Return both players' ranges at a state: the agent's by what it did, and yours as the agent sees it."""
        return "\n".join(
            [
                f"    what it may hold, by what it did ({READING}):",
                self._range_text(state, 1 - you, self.range_by_play(state, 1 - you)),
                "    what you may hold, in its eyes:",
                self._range_text(state, you, self.seen_range(state, you)),
            ]
        )

    def range_by_play(self, state: State, player: int) -> Float:
        """Return [H], a player's weights if it acts as the agent does in its place."""
        game, range_ = self.agent.game, self.agent.game.ranges[player]
        for above, child in pairwise(path(game, state)):
            if game.player(above) == player:
                range_ = range_ * self.decisions.at(player, above).policy[children(game, above).index(child)]
        return range_

    def seen_range(self, state: State, you: int) -> Float:
        """Return [H], your weights as the agent sees them."""
        if self.follows is None:
            return self.range_by_play(state, you)
        last = self._last(state, 1 - you)
        beliefs: Float = self.follows.beliefs(state, None if last is None else last.memory)[you]
        return beliefs

    @property
    def follows(self) -> Any:
        """The agent if it follows both ranges itself, else None."""
        agent: Any = self.agent
        return agent if isinstance(agent, NoLimitAgent) else None

    def _last(self, state: State, player: int) -> Decision | None:
        """Return the last decision that a player's seat made on the way to a state."""
        game = self.agent.game
        made = [above for above in path(game, state)[:-1] if game.player(above) == player]
        return self.decisions.at(player, made[-1]) if made else None

    def _range_text(self, state: State, player: int, range_: Float) -> str:
        """Return a range as a grid, or as its likeliest classes where hands are no two cards."""
        if not range_.any():
            return "    no hand"
        weights = class_weights(self.agent.game, state, player, range_)
        grid = range_grid(weights, lambda text, weight: self.paint(text, GREEN if weight >= LIKELY else None))
        return grid or "    " + ", ".join(f"{text} {share:.0%}" for text, share in self.classes(player, range_))

    def classes(self, player: int, likely: Float) -> list[tuple[str, float]]:
        """Return the most likely classes of hands with their shares, and what all others have; of equal ones the highest first."""
        shares: dict[str, float] = {}
        for h in np.flatnonzero(likely)[::-1].tolist():
            text = self.agent.game.hand_class(player, h)
            shares[text] = shares.get(text, 0.0) + float(likely[h] / likely.sum())
        ordered = sorted(shares.items(), key=lambda item: -round(item[1], ROUND))
        rest = [(f"{len(ordered) - TOLD} others", sum(share for _, share in ordered[TOLD:]))] if len(ordered) > TOLD else []
        return ordered[:TOLD] + rest
