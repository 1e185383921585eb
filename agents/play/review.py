"""Hands that were played, decision by decision: what an agent would have done, and what the action that was taken costs by its values."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np

from agents.no_limit.agent import NoLimitAgent, Valued
from agents.no_limit.hand import HandMemory
from agents.play.words import action_text
from agents.reporting.tables import Row
from games.arrays import Float
from games.game import Action, line_of, path
from games.holdem.phh import History
from games.holdem.rules import HoldemGame, HoldemState
from search import Budget
from search.off_tree import likely_row, pot_fraction, taken_for

TRIFLE = 1e-3  # of the likeliest hand that does the same: the hand that was held stays at least as likely, whatever it does


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
        loss: chips that the action costs against the best one by the agent's values; None where it did not search, or could not search with
            anything like it.
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
    The hand that was held stays in its own range, be it a trifle. Where a solve lacks the bet that was made, the street is solved anew with
    it, in as much time again.

    Args:
        agent: that is loaded.
        history: of the hand.
        hand: its number.
        seat: whose decisions; of one whose cards are unknown, none.
        budget: of each.
    """
    game, held = agent.game, history.hands[seat]
    if held is None:
        return
    agent.search.keeps_solver = True
    memory: HandMemory | None = None
    for above, child in pairwise(path(game, history.state)):
        if game.player(above) != seat:
            continue
        decision = agent.decide(seat, above, memory, budget)
        actions, taken, policy = game.actions(above), game.action(above, child.label), decision.policy
        row = likely_row(game, above, policy, game, above, child.label)
        most = int(policy[:, held].argmax())
        valued = agent.valued(above, decision.memory)
        if valued is not None and not _has(valued, taken):
            valued = agent.valued_with(child, memory, budget) or valued
        loss, best = (None, "") if valued is None else _cost(game, above, valued, held, taken)
        memory = _knowing(decision.memory, seat, held, row, [action.kind == taken.kind for action in actions])
        yield Reviewed(
            hand, seat, above, game.hand_text(seat, held), action_text(game, above, taken), float(row[held]),
            (action_text(game, above, actions[most]), float(policy[most, held])), loss, best, decision.iterations, decision.plan,
        )  # fmt: skip


def _knowing(memory: HandMemory, seat: int, held: int, row: Float, taken: list[bool]) -> HandMemory:
    """Return what an agent knows once the hand that it looks at has acted: a trifle of it at least stays in its own range, and no more.

    The trifle is one of the range that the action leaves. A share of the hand itself would vanish in the product of several unlikely
    actions, and it would be nearly all that is left after an action that hardly any hand takes.

    Args:
        memory: of the decision.
        seat: whose.
        held: the hand.
        row: [H], how likely each hand takes the action.
        taken: which of the actions are of the kind that was taken.
    """
    policy, range_ = memory.played[memory.state].copy(), memory.ranges[seat]
    likeliest = float((range_ * row).max())
    least = min(TRIFLE * likeliest / float(range_[held]), 1.0) if range_[held] > 0 else 0.0
    policy[taken, held] = np.maximum(policy[taken, held], least)
    return replace(memory, played=memory.played | {memory.state: policy})


def _has(valued: Valued, taken: Action) -> bool:
    """Say whether a solve's tree has an action."""
    return any((offer.kind, offer.chips) == (taken.kind, taken.chips) for offer in valued.game.actions(valued.state))


def _cost(game: HoldemGame, state: HoldemState, valued: Valued, held: int, taken: Action) -> tuple[float | None, str]:
    """Return what an action costs against the best one, in chips, and the best one; None where the solve has nothing like it."""
    evs, offers = valued.evs[:, held], valued.game.actions(valued.state)
    if np.isnan(evs).any():
        return None, ""
    best = action_text(valued.game, valued.state, offers[int(evs.argmax())])
    places = taken_for(valued.game, valued.state, game, state, taken)
    largest = max(pot_fraction(valued.game, valued.state, offer) for offer in offers)
    if not places or pot_fraction(game, state, taken) > (1 + 1e-9) * largest:
        return None, best  # a raise where the tree has none, or one beyond its largest
    return max(float(evs.max()) - sum(share * float(evs[i]) for i, share in places), 0.0), best


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
