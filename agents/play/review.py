"""Hands that were played, decision by decision: what an agent would have done, and what the action that was taken costs by its values."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np

from agents.no_limit.agent import NoLimitAgent
from agents.no_limit.hand import HandMemory
from agents.play.words import action_text
from agents.reporting.tables import Row
from games.game import Action, line_of, path
from games.holdem.phh import History
from games.holdem.rules import HoldemState
from search import Budget
from search.off_tree import likely_row

TRIFLE = 1e-3  # how often the agent is said to do at least what was done: its own range must have the hand


@dataclass(frozen=True)
class Reviewed:
    """One decision.

    Attributes:
        hand: its number in the file, from 1.
        seat: whose decision it is.
        state: where it was.
        cards: of the player.
        action: that was taken, in words.
        share: how often the agent takes it with these cards.
        favourite: what the agent does most often with them, and how often.
        loss: chips that the action costs against the best one by the agent's values; None where it did not search.
        best: the best action by them; empty where it did not search.
        iterations: of the search.
        plan: what was solved.
    """

    hand: int
    seat: int
    state: HoldemState
    cards: str
    action: str
    share: float
    favourite: tuple[str, float]
    loss: float | None
    best: str
    iterations: int
    plan: str


def reviewed(agent: NoLimitAgent, history: History, hand: int, seat: int, budget: Budget) -> Iterator[Reviewed]:
    """Yield a seat's decisions in a hand.

    The agent follows both ranges along the line as if it had sat there itself: by its own policy, by what it solves, and by what was done.
    The hand that was held stays in its own range, be it a trifle.

    Args:
        agent: that is loaded.
        history: of the hand.
        hand: its number.
        seat: whose decisions.
        budget: of each.
    """
    game, held = agent.game, history.hands[seat]
    memory: HandMemory | None = None
    for above, child in pairwise(path(game, history.state)):
        if game.player(above) != seat:
            continue
        decision = agent.decide(seat, above, memory, budget)
        actions, taken, policy = game.actions(above), game.action(above, child.label), decision.policy
        share = float(likely_row(game, above, policy, game, above, child.label)[held])
        most = int(policy[:, held].argmax())
        loss, best = _worth(agent, above, decision.memory, seat, held, child.label)
        memory = _knowing(decision.memory, held, [action.kind == taken.kind for action in actions])
        yield Reviewed(
            hand, seat, above, game.hand_text(seat, held), action_text(game, above, taken), share,
            (action_text(game, above, actions[most]), float(policy[most, held])), loss, best, decision.iterations, decision.plan,
        )  # fmt: skip


def _knowing(memory: HandMemory, held: int, taken: list[bool]) -> HandMemory:
    """Return what an agent knows once the hand that it looks at has acted: at least a trifle of it stays in its own range."""
    policy = memory.played[memory.state].copy()
    policy[taken, held] = np.maximum(policy[taken, held], TRIFLE)
    return replace(memory, played=memory.played | {memory.state: policy})


def _worth(agent: NoLimitAgent, state: HoldemState, memory: HandMemory, seat: int, held: int, label: str) -> tuple[float | None, str]:
    """Return what an action costs against the best one, in chips, and the best one; None where that is not known."""
    valued = agent.valued(state, memory)
    known = None if valued is None else valued.row["hands"].get(agent.game.hand_text(seat, held))
    if valued is None or known is None or known["action_evs"] is None:
        return None, ""
    evs = np.array(known["action_evs"])
    taken = float(likely_row(valued.game, valued.state, evs[:, None], agent.game, state, label)[0])
    best: Action = valued.game.actions(valued.state)[int(evs.argmax())]
    return max(float(evs.max()) - taken, 0.0), action_text(valued.game, valued.state, best)


def review_rows(decisions: Sequence[Reviewed], agent: NoLimitAgent) -> list[Row]:
    """Return decisions as rows of a table."""
    game = agent.game
    return [
        {
            "hand": one.hand, "seat": game.seat_text(one.seat), "round": game.rounds[game.round(one.state)], "cards": one.cards,
            "board": game.board_text(one.state), "line": " / ".join(line_of(game, one.state)), "action": one.action, "share": one.share,
            "favourite": one.favourite[0], "favourite_share": one.favourite[1], "best": one.best, "loss_chips": one.loss,
            "loss_blinds": None if one.loss is None else one.loss / (game.big_blind or 1.0), "iterations": one.iterations, "plan": one.plan,
        }
        for one in decisions
    ]  # fmt: skip


def summary_rows(decisions: Sequence[Reviewed], agent: NoLimitAgent) -> list[Row]:
    """Return by seat and round how many decisions there were, how often the agent would have done the same, and what they cost."""
    game, rows = agent.game, list[Row]()
    for seat in (0, 1):
        for number, name in enumerate(game.rounds):
            those = [one for one in decisions if one.seat == seat and game.round(one.state) == number]
            losses = [one.loss / (game.big_blind or 1.0) for one in those if one.loss is not None]
            if those:
                row = {"seat": game.seat_text(seat), "round": name, "decisions": len(those)}
                row |= {"share": float(np.mean([one.share for one in those])), "valued": len(losses)}
                rows.append(row | {"loss_blinds": float(np.mean(losses)) if losses else None})
    return rows
