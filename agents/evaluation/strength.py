"""Exact strength of an agent, its search included.

An agent's policy is tabulated seat by seat and then best-responded to:

* A seat thinks only at its own nodes; at opponent nodes its model of the opponent moves the opponent's range (that is inside the agent).
* Every public state that the seat's *own* policy reaches is visited, even where its model gives the opponent probability 0. Such
  decisions, and those whose budget allowed no iteration, play the last answer on; they are counted as ``fallbacks``.
* With iteration budgets the table is the agent. With clock budgets it is one draw of it: exploitability is convex in the policy, so the
  mean over draws bounds that of the mixture from above.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from agents.agent import SeatReport, Tabulated
from search import Budget, represent
from search.tree.evaluator import exploitability_of


def tabulate(
    agent: Tabulated[Any], seat: int, budget: Budget, progress: Callable[[float], None] | None = None, folder: Path | None = None
) -> SeatReport:
    """Return one seat's strategy, measured exactly; arguments as of ``agents.agent.Agent.tabulate``."""
    report, game = agent.tabulate(seat, budget, progress, folder), represent(agent.game)
    report.opponent_best_response = game.best_response_value(report.table, 1 - seat)
    if agent.blueprint is not None:
        other = agent.blueprint.strategy().tables[1 - seat]
        report.against_blueprint = game.value((report.table, other) if seat == 0 else (other, report.table), seat)
    return report


def exploitability(seats: tuple[SeatReport, SeatReport]) -> float:
    """Return (BR against seat 0 + BR against seat 1) / 2 in chips: NashConv / 2 of the agent that plays both."""
    return exploitability_of(seats[0].opponent_best_response, seats[1].opponent_best_response)
