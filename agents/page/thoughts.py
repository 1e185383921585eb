"""What the page's drawer shows of one decision of the agent's: before and after thinking, for its whole range and hand by hand.

Nothing here depends on the hand that the agent holds: all of it follows from what was done in public.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from agents.agent import Decision, State
from agents.decision_cache import DecisionCache
from agents.play.analysis import Analyst
from agents.play.thoughts import surprise_text, thought
from agents.play.words import action_text
from games.arrays import Float
from games.game import PublicGame, line_of
from search import Budget
from search.representation import ActionValues

Data = dict[str, Any]
MOST_CLASSES = 169  # of hands that are listed: those of hold'em
LEAST_SHARE = 1e-3  # of a range; classes below it are not listed
DIGITS = 4


class Drawer:
    """Tells about the decisions of one hand.

    Args:
        decisions: of the agent, within the budget at hand.
        values: of histories; None where there are none.
    """

    def __init__(self, decisions: DecisionCache[Any], values: ActionValues | None) -> None:
        self.game: PublicGame[Any] = decisions.agent.game
        self._analyst = Analyst(decisions.agent, decisions, values, lambda text, color: text)
        if self._analyst.follows is not None:
            self._analyst.follows.search.keeps_solver = True  # so that what it solved can be told in chips
        self._alone = DecisionCache(decisions.agent, Budget(seconds=0))  # what it would do without thinking, all along the line

    def told(self, state: State, decision: Decision) -> Data:
        """Return what is shown of a decision at a public state."""
        game, seat = self.game, self.game.player(state)
        alone = self._alone.at(seat, state).policy
        weights = self._weights(state, seat)
        actions = [action_text(game, state, action) for action in game.actions(state)]
        return {
            "line": line_of(game, state),
            "round": game.rounds[game.round(state)],
            "board": game.board_name(state),
            "actions": actions,
            "before": shares(alone @ weights),
            "after": shares(decision.policy @ weights),
            "thinking": thought(game, decision),
            "surprises": surprise_text(decision),
            "seconds": decision.seconds,
            "iterations": decision.iterations,
            "plan": decision.plan,
            "outcome": str(decision.outcome),
            "worth": self._worth(state, decision, weights),
            "hands": self._by_class(state, seat, weights, alone, decision.policy),
            "opponent": self._classes(1 - seat, self._seen(state, 1 - seat)),
        }

    def longer(self, state: State, decision: Decision) -> Data:
        """Return what another decision at the same state came to, made with more time."""
        weights = self._weights(state, self.game.player(state))
        return {"after": shares(decision.policy @ weights), "seconds": decision.seconds, "iterations": decision.iterations}

    def _seen(self, state: State, player: int) -> Float:
        """Return [H], a player's weights in the agent's eyes: as it follows them, or by what it would do itself without thinking."""
        if self._analyst.follows is not None:
            return self._analyst.seen_range(state, player)
        return Analyst(self._analyst.agent, self._alone, None, self._analyst.paint).range_by_play(state, player)

    def _weights(self, state: State, seat: int) -> Float:
        """Return [H], how likely the agent holds each hand here, by what it did; they sum to 1 unless none can be held."""
        game = self.game
        held = self._analyst.range_by_play(state, seat) * game.cf_reach(state, seat, self._seen(state, 1 - seat))
        total = held.sum()
        return held / total if total > 0 else held

    def _worth(self, state: State, decision: Decision, weights: Float) -> str:
        """Return what the agent's range wins on average, as a person reads it; empty where that is not known."""
        value = self._value(state, decision.policy, weights)
        if value is not None:
            return f"{value:+.3f} chips, by its blueprint"
        ev = self._ev(state, decision, weights)
        return "" if ev is None else f"{ev:+.0f} chips of the hand, by its solve"

    def _ev(self, state: State, decision: Decision, weights: Float) -> float | None:
        """Return the mean net chips of the agent's range in the solve that it plays from, by each hand's best action; None without one."""
        agent = self._analyst.follows
        valued = None if agent is None else agent.valued(state, decision.memory)
        if valued is None:
            return None
        known = (weights > 0) & ~np.isnan(valued.evs).any(axis=0)
        total = float(weights[known].sum())
        return float(valued.evs[:, known].max(axis=0) @ weights[known]) / total if total > 0 else None

    def _value(self, state: State, policy: Float, weights: Float) -> float | None:
        """Return what the agent's range wins on average from here, in chips, by its blueprint; None where that is not known."""
        values, game, seat = self._analyst.values, self.game, self.game.player(state)
        seen = self._seen(state, 1 - seat)
        if values is None or not seen.any() or not weights.any():
            return None
        reach = game.cf_reach(state, seat, seen / seen.sum())
        cfvs = (policy * values.action_values(state, seen / seen.sum())).sum(axis=0)
        return float(np.divide(cfvs, reach, out=np.zeros_like(cfvs), where=reach > 0) @ weights)

    def _by_class(self, state: State, seat: int, weights: Float, alone: Float, policy: Float) -> list[Data]:
        """Return each class of hands with its share of the range, and what it does before and after thinking; the likeliest first."""
        rows: dict[str, list[int]] = {}
        for hand in np.flatnonzero(weights).tolist():
            rows.setdefault(self.game.hand_class(seat, hand), []).append(hand)
        listed: list[Data] = [
            {"hand": name, "share": round(float(weights[hands].sum()), DIGITS)}
            | {"before": shares(alone[:, hands] @ weights[hands]), "after": shares(policy[:, hands] @ weights[hands])}
            for name, hands in rows.items()
        ]
        return sorted((row for row in listed if row["share"] >= LEAST_SHARE), key=lambda row: -row["share"])[:MOST_CLASSES]

    def _classes(self, player: int, range_: Float) -> list[Data]:
        """Return the likeliest classes of a range."""
        if not range_.any():
            return []
        return [{"hand": name, "share": round(share, DIGITS)} for name, share in self._analyst.classes(player, range_)]


def shares(weights: Float) -> list[float]:
    """Return weights as shares of their sum, rounded; all 0 where there is nothing."""
    total = weights.sum()
    return [round(float(weight), DIGITS) for weight in (weights / total if total > 0 else weights)]
