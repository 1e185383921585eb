"""Exact strength of an agent, its search included.

An agent's policy is tabulated seat by seat and then best-responded to:

* A seat thinks only at its own nodes; at opponent nodes its model of the opponent moves the opponent's range (that is inside the agent).
* Every public state that the seat's *own* policy reaches is visited, even where its model gives the opponent probability 0. Such
  decisions, and those whose budget allowed no iteration, play the last solve's strategy on; they are counted as ``kept``.
* With iteration budgets the table is the agent. With clock budgets it is one draw of it: exploitability is convex in the policy, so the
  mean over draws bounds that of the mixture from above.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

import numpy as np
import numpy.typing as npt

from agents.agent import Agent
from games.derived import tree_of
from search import Budget, Evaluator, Spent, Strategy, uniform
from search.tree.evaluator import exploitability_of

Float = npt.NDArray[np.float64]


@dataclass
class SeatReport:
    """One seat of an agent, tabulated.

    Attributes:
        seat: the player number.
        table: [R, padded H] the seat's strategy; uniform where its own policy never comes.
        opponent_best_response: chips that a best-responding opponent wins against it.
        against_blueprint: chips that it wins from its own blueprint in the other seat; NaN for agents without one.
        decisions: public states at which the seat was asked.
        solves: decisions for which a subgame was solved.
        kept: decisions that played the last strategy on because no search was possible, or none better was found.
        skipped: those of them that the budget allowed no iteration for.
        seconds: seconds spent, of every decision that solved or should have; of all decisions if the agent never does.
        iterations: likewise.
        spent: what the seconds went into, summed.
        solver_error: exploitability of the games that were solved, summed over disjoint subgames, chips weighted by reach. A subgame
            solved anew for several decisions counts once if iterations are the budget (the solves are the same) and each time if
            the clock is (they are different draws); NaN if not measured.
        loading: seconds outside every decision's budget: what the agent computes once for a game.
    """

    seat: int
    table: Float
    opponent_best_response: float = float("nan")
    against_blueprint: float = float("nan")
    decisions: int = 0
    solves: int = 0
    kept: int = 0
    skipped: int = 0
    seconds: list[float] = field(default_factory=list)
    iterations: list[int] = field(default_factory=list)
    spent: Spent = field(default_factory=Spent)
    solver_error: float = 0.0
    loading: float = 0.0


@runtime_checkable
class Tabulating(Protocol):
    """An agent that tabulates itself."""

    def tabulate(
        self, seat: int, budget: Budget, progress: Callable[[float], None] | None = None, folder: Path | None = None
    ) -> SeatReport:
        """Return a seat's report: what ``ask_everywhere`` would find."""
        ...


def tabulate(
    agent: Agent[Any], seat: int, budget: Budget, progress: Callable[[float], None] | None = None, folder: Path | None = None
) -> SeatReport:
    """Return one seat's strategy, measured exactly.

    Args:
        agent: who plays.
        seat: the player that the agent plays.
        budget: of each decision.
        progress: called with the share of the work that is done, by agents that tabulate themselves.
        folder: where those keep what they have done, so that work that was stopped goes on; None keeps nothing.
    """
    if isinstance(agent, Tabulating):
        return agent.tabulate(seat, budget, progress, folder)
    return ask_everywhere(agent, seat, budget)


def ask_everywhere(agent: Agent[int], seat: int, budget: Budget) -> SeatReport:
    """Ask an agent of a derived game at every public state that its own policy reaches, and measure the answer exactly.

    Args:
        agent: loaded here, outside all clocks.
        seat: the player that the agent plays.
        budget: of each decision.
    """
    agent.load()
    tree = tree_of(agent.game)
    report = SeatReport(seat, uniform(tree).tables[seat].copy())
    first_row = 1  # tables of the whole game start at the first row behind the empty sequence
    own = np.ones(tree.num_hands(seat))
    stack: list[tuple[int, Float, Any]] = [(0, own, None)]
    errors: dict[tuple[int, int], float] = {}  # by root, and by draw if draws differ
    idle: list[float] = []
    while stack:
        node, reach, thought = stack.pop()
        children = tree.children(node)
        if tree.player[node] != seat:
            stack.extend((child, reach, thought) for child in reversed(children))
            continue
        decision = agent.decide(seat, node, thought, budget)
        report.decisions += 1
        report.solves += decision.solved
        report.kept += decision.kept
        report.skipped += decision.skipped
        if decision.solved or decision.kept:
            report.seconds.append(decision.seconds)
            report.iterations.append(decision.iterations)
            report.spent += decision.spent
        else:
            idle.append(decision.seconds)
        if decision.root is not None:
            draw = report.decisions if budget.seconds is not None else 0
            errors[decision.root, draw] = float("nan") if decision.solver_error is None else decision.solver_error
        rows = tree.rows_at(node)
        report.table[rows.start - first_row : rows.stop - first_row, : len(reach)] = decision.policy
        for child, probabilities in zip(reversed(children), decision.policy[::-1], strict=True):
            below = reach * probabilities
            if below.any():
                stack.append((child, below, decision.thought))
    report.solver_error = sum(errors.values())
    if not report.seconds:
        report.seconds, report.iterations = idle, [0] * len(idle)
    tables = [uniform(tree).tables[p] for p in (0, 1)]
    tables[seat] = report.table
    strategy, evaluator = Strategy(tree, tree.subgame(), (tables[0], tables[1])), Evaluator(tree)
    report.opponent_best_response = evaluator.best_response_value(strategy, 1 - seat)
    if agent.thinks and agent.blueprint is not None:
        tables[1 - seat] = agent.blueprint.strategy().tables[1 - seat]
        report.against_blueprint = evaluator.values(Strategy(tree, tree.subgame(), (tables[0], tables[1])))[seat]
    return report


def exploitability(seats: tuple[SeatReport, SeatReport]) -> float:
    """Return (BR against seat 0 + BR against seat 1) / 2 in chips: NashConv / 2 of the agent that plays both."""
    return exploitability_of(seats[0].opponent_best_response, seats[1].opponent_best_response)
