"""The searches of the agent of no-limit hold'em: from the start of a street on a hand is solved, in the tree that the plan chooses.

Each process learns how fast it is (``search.budget.Pace``): how long a solver takes to be made, an iteration of each tree, and reading the
answer out. No part begins that is expected to end after the budget's seconds.
"""

from __future__ import annotations

import math
import time
from collections import defaultdict
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np

from agents.no_limit.hand import Hand, Ranges, Solved
from agents.no_limit.plan import TURN_RIVERS, Ladder, Plan, Rung, flop_ladder, ladder_of, menus_of, planned
from agents.reporting.tables import free_memory
from games.game import Kind
from games.holdem.cards import cards_text
from games.holdem.rules import HoldemGame, HoldemState
from games.holdem.subgame import Menus, subgame_of
from games.public_tree import CHANCE
from search import BoardSolver, Budget, Deadline, Spent, Variant, memory_needed
from search.boards.flop_ways import (
    FLOP,
    OFF,
    PLANNED,
    RIVERS,
    RUN_OUTS,
    TO_END,
    first_street_of,
    flop_menus,
    flop_solver,
    game_of_way,
    storage_of,
)
from search.boards.root_gadget import RootGadget, best_responses
from search.boards.workspace import Workspace
from search.budget import SPARE, Pace
from search.gadgets import UNSAFE
from search.off_tree import lines_from
from search.outcome import Outcome, Stop
from search.resolving import MIN_TRUSTED_ITERATIONS

TRIALS = 3  # solves of each tree when the agent is loaded
UNEXPECTED = 1e-6  # weight beside the likeliest hand of one that the model does not expect, where a gadget decides about it
TRANSLATE = "translate"
BLUEPRINT = "the blueprint"  # what the plan is where there is no time for a flop
LARGEST_SHARE = 0.3  # of the free memory that the plan may take for a flop


class Searched(NamedTuple):
    """What a search came to; see ``Decision``."""

    outcome: Outcome
    iterations: int = 0
    spent: Spent = Spent()
    plan: str = ""
    stopped: Stop | None = None


class StreetSearch:
    """See the module; arguments are those of ``agents.no_limit.agent.NoLimitAgent``, and its ``rounds``."""

    def __init__(
        self,
        game: HoldemGame,
        variant: Variant,
        menus: Menus | None,
        threads: int,
        gadget: str,
        off_tree: str,
        flop: str,
        rounds: tuple[int, ...],
    ) -> None:
        self.game, self.variant, self.menus, self.threads = game, variant, menus, threads
        self.gadget, self.off_tree, self.flop, self.rounds = gadget, off_tree, flop, rounds
        self.keeps_solver = False  # for ``last``: between decisions its arrays take memory that nobody else needs
        self._start()

    def _start(self) -> None:
        """Make what each process has of its own."""
        self._workspace = Workspace()
        self._last: tuple[Solved, BoardSolver] | None = None  # whose arrays hold until another subgame is solved
        # Seconds by street: from ranges to a solver, and of what comes after the solve. By street and rung: of an iteration by row.
        self._building, self._answering = ([Pace() for _ in self.game.rounds] for _ in range(2))
        self._iterating = defaultdict[tuple[int, str], Pace](Pace)
        self._river_bets: int | None = None  # bytes of the largest flop with bets on the river, once they are asked for

    def __getstate__(self) -> dict[str, Any]:
        return {key: value for key, value in vars(self).items() if not key.startswith("_")}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self._start()

    def settings(self, streets: tuple[int, ...]) -> tuple[object, ...]:
        """Return what answers on some streets depend on."""
        settings: tuple[object, ...] = self.variant, [self.ladder(street) for street in streets], self.threads, self.gadget, TURN_RIVERS
        if self.flop != OFF:
            settings += (sorted(RIVERS.items()),)
        return settings

    def ladder(self, street: int) -> Ladder:
        """Return the trees that a street's subgame may have."""
        streets = len(self.game.rounds) - street
        ladder = flop_ladder(self.flop, streets) if self.flop != OFF and street == FLOP else ladder_of(streets)
        if self.menus is not None:
            return Ladder((Rung("sizes that were given", self.menus[street:], way=ladder.rungs[0].way),))
        return ladder

    def learn(self, hand: Hand, state: HoldemState) -> None:
        """Solve each tree of a street a few times, and learn how long that takes; ``state`` is the street's first decision."""
        street = self.game.round(state)
        for rung in self.ladder(street).rungs:
            if rung.way == TO_END and self.flop == PLANNED:
                continue  # takes seconds and gigabytes: tried where there is time for it
            for _ in range(TRIALS):
                iterations = 1 if rung.way is None else TRIALS  # the first one of a flop takes three times as long as those that follow
                self.run(hand, state, state, Budget(iterations=iterations), Deadline(None), Ladder((rung,)))
            self._iterating[street, rung.name].settle()
        self._building[street].settle()
        self._answering[street].settle()

    def run(
        self, hand: Hand, root: HoldemState, state: HoldemState, budget: Budget, clock: Deadline, ladder: Ladder | None = None
    ) -> Searched:
        """Solve the subgame at ``root``, and follow the ranges to ``state`` anew by its answer; ``ladder`` in place of the street's own."""
        street, seat, begun = self.game.round(root), self.game.player(state), time.perf_counter()
        building, answering = self._building[street], self._answering[street]
        limit = clock.sooner(SPARE * answering.expected)
        if limit.remaining() < building.expected:
            building.heal()
            answering.heal()
            return Searched(Outcome.NOT_DUE, plan=BLUEPRINT) if self.flop == PLANNED and street == FLOP else Searched(Outcome.NO_TIME)
        self._last = None  # the next solver takes its arrays over, whether its answer is played or not
        try:
            bound = None if hand.solved is None else hand.solved.bound(root)
            hand.ranges.setdefault(*hand.street)
            ranges = hand.ranges[root] if bound is None else self._with_all_hands(hand.ranges[root], seat)
            plan = self._planned(ladder or self.ladder(street), root, root if self.off_tree == TRANSLATE else state, ranges, limit)
        except ValueError:  # no two hands of the ranges can meet
            return Searched(Outcome.UNREACHED)
        name, solver = self._solver(plan, None if bound is None else RootGadget(self.gadget, 1 - seat, bound))
        if solver is None:
            return Searched(Outcome.NOT_DUE, plan=name)
        solver.pace = self._iterating[street, plan.rung.name]
        built = time.perf_counter()
        building.learn(built - begun)
        solution = solver.solve(budget, limit)
        done = time.perf_counter()
        left = math.inf if solution.exploitability is None else solution.exploitability
        reached = (budget.exploitability is not None and left <= budget.exploitability) or solution.stopped == Stop.PRICE
        if not reached and solution.iterations < min(MIN_TRUSTED_ITERATIONS, budget.iterations or MIN_TRUSTED_ITERATIONS):
            return Searched(Outcome.NO_TIME, solution.iterations, Spent(built - begun, done - built, 0.0), name, solution.stopped)
        if plan.rung.way is not None or (self.gadget == UNSAFE and street + 1 in self.rounds):
            answer, opponent = first_street_of(solution.strategy), None  # the next street is solved anew
        else:
            first, second = solution.strategy.average  # the next solver takes the arrays over
            answer = replace(solution.strategy, average=(first.copy(), second.copy()))
            opponent = None if self.gadget == UNSAFE else best_responses(solver, answer, 1 - seat)
        lines = lines_from(self.game, answer) if self.off_tree == TRANSLATE else None
        hand.solved = Solved(root, answer, bound, opponent, lines)
        self._last = (hand.solved, solver) if self.keeps_solver else None
        hand.follow_from(root, state)
        hand.policy = hand.model(state)
        answered = time.perf_counter()
        reading = max(done - built - solution.seconds - solution.check_seconds, 0.0)  # the solver's own part: alike hands play alike
        answering.learn(answered - done + reading)
        spent = Spent(built - begun, done - built, answered - done)
        return Searched(Outcome.SEARCHED, solution.iterations, spent, name, solution.stopped)

    def last(self, solved: Solved) -> BoardSolver | None:
        """Return the solver that an answer comes from; None if something else has been solved since, or without ``keeps_solver``."""
        return self._last[1] if self._last is not None and self._last[0] is solved else None

    def _solver(self, plan: Plan, gadget: RootGadget | None) -> tuple[str, BoardSolver | None]:
        """Return what a plan is called, and its solver; None where too few iterations of a flop are expected for the plan to think."""
        way, name = plan.rung.way, plan.rung.name
        if way is None:
            return name, BoardSolver(plan.game, self.variant, self.threads, workspace=self._workspace, gadget=gadget, rivers=plan.rivers)
        if self.flop == PLANNED and plan.expected < MIN_TRUSTED_ITERATIONS:
            self._iterating[FLOP, name].heal()
            self._building[FLOP].heal()
            return BLUEPRINT, None
        return name, flop_solver(plan.game, way, self.variant, self.threads, self._workspace)

    def _river_bets_fit(self) -> bool:
        """Say whether a plan may solve a flop with bets on the river now: others may have taken memory since the agent was loaded."""
        if self._river_bets is None:
            self._river_bets = flop_memory(self.game, TO_END, self.variant, self.threads)[1]
        return self._river_bets < LARGEST_SHARE * free_memory()

    def _with_all_hands(self, ranges: Ranges, seat: int) -> Ranges:
        """Return both ranges, the opponent's with a trifle of the hands that the model does not expect: the gadget decides about them."""
        first, second = (reach if player == seat else np.maximum(reach, UNEXPECTED * reach.max()) for player, reach in enumerate(ranges))
        return first, second

    def _planned(self, ladder: Ladder, root: HoldemState, state: HoldemState, ranges: Ranges, clock: Deadline) -> Plan:
        """Return what is solved for a decision, from ``root`` on with what was bet there up to ``state``."""
        street = self.game.round(root)

        def subgame(rung: Rung) -> HoldemGame:
            game = self.game if rung.near is None else replace(self.game, betting=replace(self.game.betting, add_allin=rung.near))
            rest = subgame_of(game, state, ranges, menus_of(rung, (self.game.betting.menus or ())[street:]), root)
            return rest if rung.way is None else game_of_way(rest, rung.way)

        def row_seconds(rung: Rung) -> float:
            if rung.way != TO_END or self.flop != PLANNED:
                return self._iterating[street, rung.name].expected
            if not self._river_bets_fit():
                return 0.0
            return self._iterating[street, rung.name].expected or self._iterating[street, RUN_OUTS].expected  # not tried yet: as a sample

        plan = planned(ladder, subgame, clock.remaining() - self._building[street].expected, row_seconds)
        if plan.expected < math.inf:  # a rung that is never taken would never be timed again
            for rung in ladder.rungs[ladder.rungs.index(plan.rung) + 1 :]:
                self._iterating[street, rung.name].heal(dear=rung.way == TO_END)
        return plan


def flop_memory(game: HoldemGame, way: str, variant: Variant, threads: int) -> tuple[int, int]:
    """Return how many boards the largest flop has, and how many bytes its solve takes in one of the ways, at most.

    For ``PLANNED`` that is the way without bets on the river; a plan takes more only where much more is free.

    Raises:
        ValueError: a game whose flop cannot be solved so.
    """
    if len(game.rounds) < 3:
        raise ValueError(f"flop must be off in a game without a turn, got {way!r}")
    state = game.root
    while game.player(state) != CHANCE:
        state = game.child(state, next(action for action in game.actions(state) if action.kind == Kind.PASS))
    cards = game.deck.cards().reshape(len(game.deck.ranks), -1)
    suits = cards.shape[1]
    flop = [int(cards[i % len(cards), i % suits]) for i in range(game.deals[FLOP])]  # of different ranks and suits
    way = RUN_OUTS if way == PLANNED else way
    subgame = subgame_of(game, game.revealed(state, cards_text(flop)), game.ranges, flop_menus(way, len(game.rounds) - FLOP))
    return memory_needed(game_of_way(subgame, way), variant, threads, storage_of(way))
