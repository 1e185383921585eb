"""The seam of everybody who plays: what an agent is asked and what it says."""

from __future__ import annotations

import math
import pickle
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol, TypeVar

import numpy as np

from games.arrays import Float
from games.game import PublicGame
from search import Budget, Spent, represent
from search.outcome import FALLBACKS, Outcome, Stop
from search.representation import Table
from search.resolving import SearchReport

State = TypeVar("State", bound=Hashable)


@dataclass(frozen=True)
class Decision:
    """One decision.

    Attributes:
        policy: [A, H] action probabilities for every hand the agent might hold; its own hand is one column.
        memory: what the agent gets back at its next decision of this hand; never changed once given.
        seconds: from request to policy.
        iterations: of the solver; 0 if nothing was solved.
        root: where the subgame that was solved for this decision begins, see ``search.resolver.Thinking``; None if none was.
        outcome: whether a search was due, and what became of it; of several at once a fallback if one of them ended so.
        solver_error: exploitability of the game that was solved, in chips weighted by reach; None if not asked for.
        bound_violation: see ``search.resolving.SearchReport``.
        spent: what the seconds went into, if something was solved.
        plan: what was solved, where an agent chose that for the time it had; empty elsewhere.
        stopped: why the solve ended; None if there was none.
        work: see ``search.resolving.SearchReport``.
        asked_seconds: what the decision might take, where a time bank said so.
    """

    policy: Float
    memory: Any
    seconds: float
    iterations: int = 0
    root: Hashable | None = None
    outcome: Outcome = Outcome.NOT_DUE
    solver_error: float | None = None
    bound_violation: float = 0.0
    spent: Spent = field(default_factory=Spent)
    plan: str = ""
    stopped: Stop | None = None
    work: float = 0.0
    asked_seconds: float | None = None

    @property
    def solved(self) -> bool:
        """Whether a subgame was solved for this decision."""
        return self.root is not None


@dataclass(kw_only=True)
class SeatReport(SearchReport):
    """One seat of an agent, tabulated: what its searches came to, and more. NaN stands for what was not measured.

    Solves and fallbacks are counted by decision. Seconds, iterations, work and chances are of every decision at which a search was due; of
    all decisions if none ever was. Of an agent that is asked decision by decision the chance is that of the decision, its own policy and
    its blueprint in the other seat.

    Attributes:
        seat: the player number.
        table: the seat's strategy, see ``search.representation``; uniform where its own policy never comes.
        opponent_best_response: chips that a best-responding opponent wins against it.
        against_blueprint: chips that it wins from its own blueprint in the other seat; NaN for agents without one.
        decisions: public states at which the seat was asked.
        solver_error: exploitability of the games that were solved, summed over disjoint subgames, chips weighted by reach. A subgame
            solved anew for several decisions counts once if iterations are the budget (the solves are the same) and each time if
            the clock is (they are different draws).
        bound_violation: likewise.
    """

    seat: int
    table: Table
    opponent_best_response: float = math.nan
    against_blueprint: float = math.nan
    decisions: int = 0
    solver_error: float = math.nan
    bound_violation: float = math.nan


class Tabulated(Protocol[State]):
    """Somebody whose strategy can be written out as a table, and so be measured exactly."""

    @property
    def name(self) -> str:
        """What reports call it."""

    @property
    def game(self) -> PublicGame[State]:
        """What it plays."""

    @property
    def blueprint(self) -> Any:
        """What it plays without thinking; None if that is not known."""

    @property
    def thinks(self) -> bool:
        """Whether it searches; else its decisions do not depend on the budget."""

    def fingerprint(self) -> bytes:
        """Return what kept deals and measurements of this agent must agree with."""

    def load(self) -> None:
        """Get ready: compile, allocate. Not part of any decision's time."""

    def tabulate(
        self, seat: int, budget: Budget, progress: Callable[[float], None] | None = None, folder: Path | None = None
    ) -> SeatReport:
        """Return a seat's strategy as a table, not measured.

        Args:
            seat: the agent's player number.
            budget: of each decision.
            progress: may be called with the share of the work that is done.
            folder: where agents keep what they have done, so that work that was stopped goes on; None keeps nothing.
        """


class Agent(Tabulated[State], Protocol[State]):
    """Somebody who plays.

    A decision depends on the seat, the public state and the agent's own memory of this hand: never on the hand held, never on anything
    hidden. Agents keep no state of a hand outside ``memory``, so that one agent can think about many hands.
    """

    def decide(self, seat: int, state: State, memory: Any, budget: Budget) -> Decision:
        """Decide at a public state where the agent's ``seat`` acts; the policy is [A, H], in the order of the actions on offer.

        ``memory`` is that of the agent's previous decision in this hand, None at the first; ``budget`` is what this one may spend.
        """


class BaseAgent:
    """What most agents share: nothing to load, no search, no known blueprint, and a table of what is answered everywhere.

    An agent of your own has ``name``, ``game`` and ``decide``, and whatever else is different.
    """

    blueprint: Any = None
    thinks = False

    def fingerprint(self) -> bytes:
        """See ``Agent``: what the agent is made of."""
        return pickle.dumps(self)

    def load(self) -> None:
        """See ``Agent``."""

    def tabulate(
        self: Agent[Any], seat: int, budget: Budget, progress: Callable[[float], None] | None = None, folder: Path | None = None
    ) -> SeatReport:
        return ask_everywhere(self, seat, budget)


def ask_everywhere(agent: Agent[State], seat: int, budget: Budget) -> SeatReport:
    """Ask an agent in a seat at every public state that its own policy reaches; return the answers, not measured.

    The agent is loaded first, outside all clocks.
    """
    agent.load()
    game, representation = agent.game, represent(agent.game)
    report = SeatReport(seat=seat, table=representation.uniform()[seat])
    other: Any = agent.blueprint if agent.thinks else None  # who is met, for chances
    first, second = (np.ones(count) for count in game.num_hands)
    stack: list[tuple[State, tuple[Float, Float], Any]] = [(game.root, (first, second), None)]
    errors: dict[Any, tuple[float, float]] = {}  # by root, and by draw if draws differ: solver error and bound violation
    taken: list[tuple[bool, float, int, float, float]] = []  # whether a search was due, seconds, iterations, work, chance
    while stack:
        state, reach, memory = stack.pop()
        below = representation.below(state)
        if game.player(state) != seat:
            policy = other.at(state) if other is not None and game.player(state) == 1 - seat else None
            moved = [reach] * len(below) if policy is None else [_moved(reach, 1 - seat, probabilities) for probabilities in policy]
            stack.extend((child, reached, memory) for child, reached in zip(reversed(below), moved[::-1], strict=True))
            continue
        decision = agent.decide(seat, state, memory, budget)
        report.decisions += 1
        report.solves += decision.solved
        report.fail(decision.outcome, decision.outcome in FALLBACKS)
        report.spent += decision.spent
        if decision.stopped is not None:
            report.stops[decision.stopped] += 1
        chance = math.nan if other is None else representation.chance(state, reach)
        taken.append((decision.outcome != Outcome.NOT_DUE, decision.seconds, decision.iterations, decision.work, chance))
        if decision.root is not None:
            draw = report.decisions if budget.seconds is not None else 0
            error = math.nan if decision.solver_error is None else decision.solver_error
            errors[decision.root, draw] = error, decision.bound_violation
        representation.put(report.table, state, decision.policy)
        for child, probabilities in zip(reversed(below), decision.policy[::-1], strict=True):
            reached = _moved(reach, seat, probabilities)
            if reached[seat].any():
                stack.append((child, reached, decision.memory))
    report.solver_error, report.bound_violation = (float(sum(column)) for column in zip((0.0, 0.0), *errors.values(), strict=True))
    counted = [entry for entry in taken if entry[0]] or taken
    report.seconds, report.iterations = [seconds for _, seconds, *_ in counted], [iterations for _, _, iterations, *_ in counted]
    report.work, report.chances = [work for *_, work, _ in counted], [chance for *_, chance in counted]
    return report


def _moved(reach: tuple[Float, Float], player: int, probabilities: Float) -> tuple[Float, Float]:
    """Return both players' reach behind a player's action."""
    first, second = reach
    return (first * probabilities, second) if player == 0 else (first, second * probabilities)
