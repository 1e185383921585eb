"""Trunk loss of an agent's decisions at starts of a street, by what a decision may spend.

All answers are made first, which is where the clock runs, and measured then: the solves that measure them take most of the time, and do not
depend on how busy the machine is. What an answer loses is kept in a file of its own.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from agents.agent import Decision
from agents.evaluation.ablation import digest, file_name
from agents.no_limit.agent import NoLimitAgent
from agents.no_limit.hand import StreetAnswer
from agents.reporting.tables import Row, write_json
from agents.runtime.storage import load_or_set_aside, number_in, printable, read_json, require, whole_in
from agents.yardstick.drawing import Start
from agents.yardstick.measure import TRUNK_LOSS, loss_row, thinking_of
from agents.yardstick.trunk_loss import STORAGE, evaluation_game, trunk_loss
from games.arrays import Float
from games.holdem.rules import HoldemGame, HoldemState
from games.holdem.subgame import state_above
from search import Budget, Variant, memory_needed
from search.boards.held_trunk import Bounds
from search.boards.solver import useful_threads
from search.outcome import Outcome

ROUNDING = 1e-6  # of the pot, by which bounds may miss each other
MOST_POTS = 1e6  # that anything can win or lose


@dataclass(frozen=True)
class StreetLoss:
    """What a street's answer loses, and how it was thought about.

    Attributes:
        low: bound of its trunk loss, in shares of the pot.
        high: likewise.
        seconds: of the decision, as the next three; see ``agents.agent.Decision``.
        iterations: of its solve.
        outcome: of its search.
        plan: the tree that it solved.
    """

    low: float
    high: float
    seconds: float
    iterations: int
    outcome: Outcome
    plan: str


class Answered(NamedTuple):
    """An answer whose loss is not known yet."""

    start: Start
    path: Path  # that its loss will be kept in
    decision: Decision
    answer: StreetAnswer


@dataclass(frozen=True)
class Street:
    """What the decisions of a street are measured with.

    Attributes:
        name: of the street.
        game: whole, with any amount.
        starts: see ``agents.yardstick.drawing.draw_starts``.
        variant: of CFR that evaluates.
        gap: how far apart the bounds of a loss may stay, in shares of the pot.
        most: iterations of a solve that bounds it, at most.
        cores: that may evaluate; decisions have the agent's own threads.
        folder: that keeps answers which are done.
    """

    name: str
    game: HoldemGame
    starts: Sequence[Start]
    variant: Variant
    gap: float
    most: int
    cores: int
    folder: Path

    def evaluation(self, start: Start) -> HoldemGame:
        """Return the game that a start's answers are measured in."""
        return evaluation_game(self.game, start.state, start.ranges)

    def memory(self) -> tuple[int, int]:
        """Return boards and bytes of the largest evaluation, at most."""
        needs = [memory_needed(self.evaluation(start), self.variant, self.cores, STORAGE[self.name]) for start in self.starts]
        return max(needs, key=lambda need: need[1])

    def decided(self, agent: NoLimitAgent, line: str, budget: Budget) -> Iterator[Answered | StreetLoss]:
        """Yield an agent's answers, start by start; what an answer loses where that is kept.

        Args:
            agent: that decides; it is loaded when it is first asked.
            line: what it is called.
            budget: of a decision.
        """
        fixed = line, self.variant, self.gap, self.most, digest(agent)
        for i, start in enumerate(self.starts):
            settings = self.evaluation(start).key, *fixed
            key = hashlib.sha256(repr(settings).encode()).hexdigest()[:10]
            path = self.folder / f"{i:03d}-{file_name(line, key, budget)}.json"
            loss = load_or_set_aside(path, _read)
            if loss is None:
                agent.load()
                yield Answered(start, path, *agent.decide_street(start.state, start.ranges, budget))
            else:
                yield loss

    def measured(self, answered: Answered | StreetLoss, tell: Callable[[str], object]) -> StreetLoss:
        """Return what an answer loses, and keep it; ``tell`` hears how far a solve is."""
        if isinstance(answered, StreetLoss):
            return answered
        evaluation, (start, path, decision, answer) = self.evaluation(answered.start), answered

        def trunk(state: HoldemState) -> Float | None:
            return answer.at(state_above(start.state, state), evaluation.actions(state))

        def hear(done: int, bounds: Bounds) -> None:
            low, high = (100 * x / evaluation.pot for x in bounds)
            tell(f"{done} iterations, {high - low:.2g} % of the pot open")

        threads = useful_threads(evaluation, self.cores)
        low, high = trunk_loss(evaluation, trunk, self.variant, self.gap, self.most, threads, STORAGE[self.name], hear)
        loss = StreetLoss(low, high, decision.seconds, decision.iterations, decision.outcome, decision.plan)
        path.parent.mkdir(exist_ok=True)  # not the one above: where a run's directory was deleted there is no new one
        write_json(path, asdict(loss))
        return loss


def decisions_row(line: str, street: str, losses: Sequence[StreetLoss], budget: Budget) -> Row:
    """Return the row of some answers of a line at a budget."""
    row = loss_row(line, street, [(loss.low + loss.high) / 2 for loss in losses], budget, TRUNK_LOSS)
    row[TRUNK_LOSS]["bounds"] = float(np.mean([(loss.high - loss.low) / 2 for loss in losses]))
    return row | thinking_of(losses, budget) | {"plans": dict(Counter(loss.plan for loss in losses if loss.plan))}


def _read(path: Path) -> StreetLoss:
    """Return a kept loss; raises any of ``agents.runtime.storage.DAMAGES`` if the file holds something else."""
    saved: Any = read_json(path)
    low, high, plan = saved["low"], saved["high"], saved["plan"]
    require(all(number_in(bound, -MOST_POTS, MOST_POTS) for bound in (low, high)), "bounds must be numbers")
    require(low <= high + ROUNDING, "bounds must be in order")
    require(number_in(saved["seconds"], 0, 1e12), "seconds must be a number of at least 0")
    require(whole_in(saved["iterations"], 0, 2**53), "iterations must be a whole number of at least 0")
    require(isinstance(plan, str) and plan == printable(plan, 200), "a plan must be a short text")
    return StreetLoss(float(low), float(high), float(saved["seconds"]), saved["iterations"], Outcome(saved["outcome"]), plan)
