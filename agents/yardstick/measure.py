"""The mean EV loss of somebody's answers to a set of spots, by street and by what a decision may spend."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Protocol

import numpy as np

from agents.agent import Decision
from agents.evaluation.ablation import overruns_of
from agents.no_limit.hand import Ranges
from agents.reporting.tables import Row
from agents.yardstick.spots import Spot, SpotAnswer, ev_loss
from games.arrays import Float
from games.game import Action
from games.holdem.rules import HoldemState
from search import Budget
from search.outcome import FALLBACKS, Outcome

UNIFORM = "uniform"
EV_LOSS, TRUNK_LOSS = "ev_loss", "trunk_loss"  # entries of rows
Entries = Sequence[tuple[Spot, SpotAnswer]]


class Thinking(Protocol):
    """How a decision was thought about: its seconds, iterations and outcome are those of ``agents.agent.Decision``."""

    @property
    def seconds(self) -> float: ...

    @property
    def iterations(self) -> int: ...

    @property
    def outcome(self) -> Outcome: ...


class Ranged(Protocol):
    """An agent that decides at a public state whose ranges it is given."""

    @property
    def name(self) -> str:
        """What reports call it."""

    def load(self) -> None:
        """Get ready, outside of every decision's time."""

    def decide_from(self, state: HoldemState, ranges: Ranges, actions: Sequence[Action], budget: Budget) -> Decision:
        """Return a decision over some legal actions."""


def listed(spots: Mapping[str, Entries]) -> Entries:
    """Return the spots of all streets, one street after the other."""
    return [entry for entries in spots.values() for entry in entries]


def uniform_row(street: str, entries: Entries) -> Row:
    """Return what is lost by who takes every action alike."""
    losses = [ev_loss(spot, answer, np.full((len(spot.actions), spot.levels.shape[1]), 1 / len(spot.actions))) for spot, answer in entries]
    return loss_row(UNIFORM, street, losses, Budget(seconds=0))


def measure(agent: Ranged, line: str, street: str, entries: Entries, budgets: Sequence[Budget], tell: Callable[[], None]) -> Iterator[Row]:
    """Yield a row for each budget.

    Args:
        agent: loaded.
        line: what its rows are called.
        street: of the spots.
        entries: spots with their answers.
        budgets: of a decision.
        tell: is called after each decision.
    """
    for budget in budgets:
        losses, decisions = list[float](), list[Decision]()
        for spot, answer in entries:
            decision = agent.decide_from(spot.state, spot.ranges, spot.actions, budget)
            decisions.append(decision)
            losses.append(ev_loss(spot, answer, decision.policy))
            tell()
        yield loss_row(line, street, losses, budget) | thinking_of(decisions, budget)


def thinking_of(decisions: Sequence[Thinking], budget: Budget) -> Row:
    """Return what a row says of how decisions were thought about."""
    outcomes = [decision.outcome for decision in decisions]
    return {
        "iterations": float(np.mean([decision.iterations for decision in decisions])),
        "fallbacks": {outcome.value: outcomes.count(outcome) for outcome in FALLBACKS if outcome in outcomes},
        **seconds_of([decision.seconds for decision in decisions], budget),
        **searched_of(decisions, budget),
    }


def seconds_of(seconds: Sequence[float], budget: Budget) -> Row:
    """Return what a row says of the time that decisions took."""
    spent = {"spent_seconds": float(np.mean(seconds)), "slowest_decision_seconds": float(max(seconds)), "timed": len(seconds)}
    return {**spent, **overruns_of(seconds, budget.seconds)[1]}


def searched_of(decisions: Sequence[Thinking], budget: Budget) -> Row:
    """Return whether too many decisions were late for a row to count, by those that searched.

    Others follow the blueprint along the whole line, which in a hand was done at the decisions before.
    """
    seconds = [decision.seconds for decision in decisions if decision.outcome == Outcome.SEARCHED]
    late = overruns_of(seconds, budget.seconds)[1]
    return {"timed": len(seconds), "searched_late": late["overruns"], "spoilt": late["spoilt"]}


def loss_row(line: str, street: str, losses: Sequence[float], budget: Budget, loss: str = EV_LOSS) -> Row:
    """Return the row of some spots' losses, in shares of the pot; other entries are those of who answers at once.

    Args:
        line: who.
        street: of the spots.
        losses: by spot.
        budget: of an answer.
        loss: the entry that has them.
    """
    values: Float = np.array(losses)
    error = float(values.std(ddof=1) / np.sqrt(len(values))) if len(values) > 1 else None
    return {
        "line": line,
        "street": street,
        "thinking_seconds": budget.seconds,
        "thinking_iterations": budget.iterations,
        "spots": len(values),
        loss: {"value": float(values.mean()), "unit": "pot_fraction", "standard_error": error, "median": float(np.median(values))},
        "iterations": 0.0,
        "fallbacks": {},
        "spent_seconds": 0.0,
        "slowest_decision_seconds": 0.0,
        "timed": 0,
        "searched_late": 0,
        "overruns": 0,
        "spoilt": False,
    }
