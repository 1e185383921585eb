"""Re-solving at the table in games whose public tree is in memory.

Where subgames begin decides whose ranges and bounds they start from:

* At every decision: continual re-solving (Moravcik et al. 2017, arXiv 1701.01724). The whole game is solved at the first decision; every
  later decision is re-solved from its own public state with the last solve's ranges and bounds. Where the first answer is easier to
  exploit than the blueprint, which too few iterations make it, the blueprint is played on and later decisions start from it.
* With a round: the blueprint plays before it (the trunk); at the first decision of the round the subgame that began with it is solved, and
  played from until the next round that is searched. With the first round this is full-game CFR, the reference line.

Ranges are Bayesian: a player's range is the product of the action probabilities that the model gives to the actions seen; the model is
the last solve that covers the node, the blueprint before any.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Protocol

import numpy as np

from games import PublicTree
from search.budget import Budget, Deadline, Pace, Spent
from search.gadgets import build_gadget, gifts, mass_at
from search.resolving import MIN_TRUSTED_ITERATIONS, ResolveConfig, Resolved
from search.tree.solver import Solver
from search.tree.strategy import Float, Strategy, full_ranges
from search.tree.subgame import Subgame, whole_game
from search.variants import Variant
from search.warm_start import warm_iterations

MAX_ITERATIONS = 1 << 16  # of one decision: what is left to gain then is far below float noise of any use

# In a warm start a last solve counts for its iterations, a blueprint for as many as a cold solve of the whole game needs to be as strong,
# at most this many (found at load).
MOST_WORTH = 100
SAMPLES = 3  # of each part of a decision whose time is learnt at load
SPARE = 2.0  # times what judging and asking are expected to take is left for them


class TreePolicy(Protocol):
    """What plays without thinking on a public tree; see ``agents.policy.Policy``."""

    @property
    def tree(self) -> PublicTree:
        """The public tree that it plays on."""
        ...

    def strategy(self, node: int = 0) -> Strategy:
        """Return both players' strategy at and below a public node."""
        ...

    def at(self, node: int) -> Float:
        """Return the acting player's [A, H] at one decision."""
        ...


@dataclass(frozen=True)
class Memory:
    """The last solve: its answer, both players' ranges at its root, and how many iterations it is worth as a warm start."""

    answer: Strategy
    ranges: tuple[Float, Float]
    worth: int

    def ranges_at(self, node: int) -> tuple[Float, Float]:
        """Return both players' ranges at a node below the solve's root."""
        return self.answer.ranges(node, self.ranges)


class TreeResolver:
    """See ``search.resolving.Resolver``.

    Args:
        blueprint: the trunk's strategy, and the source of warm starts and of the first bounds.
        variant: of CFR.
        rounds: with which subgames begin, see ``search.resolving.rounds_of``; None for one at every decision.
        config: how. Gifts count from the last solve's root on, or from the game's with a blueprint alone; none are counted where asking
            the blueprint about the whole game would take half of the time left. With ``solve_from=decision`` the first answer is judged
            by its best response, whatever the gadget.
    """

    def __init__(self, blueprint: TreePolicy, variant: Variant, rounds: tuple[int, ...] | None, config: ResolveConfig) -> None:
        self.blueprint, self.tree, self.variant, self.rounds, self.config = blueprint, blueprint.tree, variant, rounds, config
        self._loaded: Solver | None = None
        # asking the blueprint about everything and about a decision, judging an answer by row
        self._asking_all, self._asking, self._judging = Pace(), Pace(), Pace()
        self._blueprint_worth = 0
        self._blueprint_loses = (0.0, 0.0)  # by seat, what a best responder wins from it
        self._solved: tuple[Strategy, tuple[Float, Float]] | None = None  # the last answer, and the ranges at its root

    @property
    def _solver(self) -> Solver:
        self.load()
        assert self._loaded is not None
        return self._loaded

    def load(self) -> None:
        """Allocate the solver's arrays, compile (or load) every kernel and ask the blueprint once."""
        if self._loaded is None:
            solver = self._loaded = Solver(self.tree, self.variant)
            self.blueprint.strategy()
            for _ in range(SAMPLES):
                with timed(self._asking_all):
                    solver.start(whole_game(self.tree), self.blueprint.strategy(), 1)
            self._warm_up_gadget(solver)
            solver.calibrate()
            blueprint = self.blueprint.strategy()
            for _ in range(SAMPLES):
                with timed(self._judging, solver.rows):
                    solver.evaluator.best_response_cfvs(blueprint, 0, full_ranges(self.tree)[1])
                with timed(self._asking):
                    self.blueprint.at(int(np.flatnonzero(self.tree.player >= 0)[0]))
            for pace in (self._asking_all, self._asking, self._judging):
                pace.settle()
            first, second = (solver.evaluator.best_response_value(self.blueprint.strategy(), player) for player in (1, 0))
            self._blueprint_loses = (first, second)
            if self.config.warm_start != "never":
                self._blueprint_worth = _worth(solver, self.blueprint.strategy())

    def _warm_up_gadget(self, solver: Solver) -> None:
        """Run whatever a gadget takes once, on the whole game."""
        ranges, config = full_ranges(self.tree), self.config
        blueprint = self.blueprint.strategy()
        gadget = build_gadget(config.gadget, solver.evaluator, blueprint, 1, ranges[0], config.bounds, None, config.spread)
        solver.start(Subgame(self.tree, 0, ranges, gadget))
        solver.exploitability(solver.solve(Budget(iterations=2)).strategy)

    def think(self, seat: int, state: int, memory: Memory | None, budget: Budget, clock: Deadline) -> Resolved:
        """See ``search.resolving.Resolver``."""
        if self.tree.player[state] != seat:
            raise ValueError(f"node must be a decision of player {seat}, got public node {self.tree.text(state)!r}")
        solver = self._solver
        if memory is not None and not memory.answer.covers(state):
            raise ValueError(f"thought must be of this hand, got one of public node {self.tree.text(memory.answer.span.node)!r}")
        root = self._root(seat, state, memory)
        if root is None:
            return Resolved(memory)
        warm = self._warm(solver, root, memory, budget, clock)
        strategy, ranges = self._so_far(root, memory, warm > 0)
        gift = self._gift(solver, seat, root, memory, clock)
        subgame = self._subgame(solver, seat, root, strategy, ranges, gift)
        if subgame is None:
            return Resolved(memory, kept=True)
        solver.start(subgame, strategy if warm else None, warm)
        prepared = clock.spent()
        most = MAX_ITERATIONS if budget.iterations is None else min(budget.iterations, MAX_ITERATIONS)
        enough = None if budget.exploitability is None else budget.exploitability * subgame.deals()
        judging = self.config.judge and root != 0
        first = self.config.judge and root == 0 and self.rounds is None
        limit = clock.sooner(SPARE * self._judging.expected * solver.rows) if judging or first else clock
        limit = limit.sooner(SPARE * self._asking.expected) if first else limit
        solution = solver.solve(replace(budget, iterations=most, exploitability=enough), limit)
        if solution.iterations == 0:
            self._judging.heal()
            self._asking.heal()
            return Resolved(memory, kept=True, skipped=True)
        solved = clock.spent()
        worse = False
        if judging and strategy is not None and (self.config.safe or solution.iterations < MIN_TRUSTED_ITERATIONS):
            worse = not self._is_better(solver, subgame, seat, strategy, solution.strategy)
        elif first:
            with timed(self._judging, solver.rows):
                worse = solver.evaluator.best_response_value(solution.strategy, 1 - seat) > self._blueprint_loses[seat]
        spent = Spent(prepared, solved - prepared, clock.spent() - solved)
        if worse:
            return Resolved(memory, solution.iterations, kept=True, spent=spent)
        self._solved = solution.strategy, ranges
        return Resolved(Memory(solution.strategy, ranges, solution.iterations + warm), solution.iterations, root, spent=spent)

    def at(self, memory: Memory | None, state: int) -> Float:
        """See ``search.resolving.Resolver``."""
        return (self.blueprint if memory is None else memory.answer).at(state).copy()

    def _root(self, seat: int, node: int, memory: Memory | None) -> int | None:
        """Return the public node to solve from, None if the last solve (or the blueprint) is to be played on.

        A subgame never begins above a decision that the seat has already made otherwise (its search was not possible then): what was
        played there would not be what the new solve takes for granted.
        """
        if self.rounds is None:
            start = node if memory is not None else 0
        else:
            begun = max((r for r in self.rounds if r <= self.tree.round[node]), default=None)
            if begun is None:
                return None
            start = next(above for above in self.tree.path(node) if self.tree.round[above] == begun)
            if memory is not None and memory.answer.span.node >= start:
                return None  # solved already
        acted = any(self.tree.player[above] == seat for above in self.tree.path(node, start)[:-1])
        return node if acted else start

    def _warm(self, solver: Solver, root: int, memory: Memory | None, budget: Budget, clock: Deadline) -> int:
        """Return for how many iterations the strategy so far counts at the start of the solve at ``root``; 0 for a cold start."""
        worth, remaining = self._blueprint_worth if memory is None else memory.worth, clock.remaining()
        if self.config.warm_start == "short" and memory is None and root == 0 and self._asking_all.expected > remaining / 2:
            self._asking_all.heal()
            return 0  # asking the blueprint about the whole game would take most of the time, or more
        expected = solver.expected_iterations(root, remaining)
        return warm_iterations(self.config.warm_start, worth, min(expected, budget.iterations or expected))

    def _so_far(self, root: int, memory: Memory | None, warm: bool) -> tuple[Strategy | None, tuple[Float, Float]]:
        """Return the strategy so far at and below ``root`` (None for a cold start of the whole game) and the ranges there."""
        if memory is not None:
            return memory.answer.below(root), memory.ranges_at(root)
        if root == 0:
            return self.blueprint.strategy() if warm else None, full_ranges(self.tree)
        return self.blueprint.strategy(root), ranges_of(self.blueprint, root)

    def _gift(self, solver: Solver, seat: int, root: int, memory: Memory | None, clock: Deadline) -> Float | None:
        """Return [H], the opponent's gifts on the way to ``root`` as far as they count; None if they are not asked for."""
        if not self.config.with_gifts or root == 0 or self.config.gift_scale == 0:
            return None
        if memory is not None:
            strategy, own = memory.answer, memory.ranges[seat]
        elif self._asking_all.expected > clock.remaining() / 2:
            self._asking_all.heal()
            return None
        else:
            with timed(self._asking_all):
                strategy, own = self.blueprint.strategy(), full_ranges(self.tree)[seat]
        best = self.config.bounds == "safe"
        return self.config.gift_scale * gifts(solver.evaluator, strategy, 1 - seat, _scaled(own), root, best)

    def _subgame(
        self, solver: Solver, seat: int, root: int, strategy: Strategy | None, ranges: tuple[Float, Float], gift: Float | None
    ) -> Subgame | None:
        """Return the subgame at ``root``, None if the model says that it cannot be reached."""
        if root == 0:
            return whole_game(self.tree)
        assert strategy is not None
        config = self.config
        if not ranges[seat].any() or (config.needs_range and not ranges[1 - seat].any()):
            return None
        # Only ratios matter, and the range of a hand played long and oddly would underflow in products with the opponent's.
        own, other = _scaled(ranges[seat]), _scaled(ranges[1 - seat])
        gadget = build_gadget(config.gadget, solver.evaluator, strategy, 1 - seat, own, config.bounds, gift, config.spread)
        return Subgame(self.tree, root, (own, other) if seat == 0 else (other, own), gadget)

    def _is_better(self, solver: Solver, subgame: Subgame, seat: int, before: Strategy, answer: Strategy) -> bool:
        """Say whether the opponent's hands win no more above their bounds against an answer than they lose below with the model's range.

        Where bounds are not safe, what hands could get against the strategy before takes their place. A rule of thumb: too few iterations
        for the subgame then hardly ever cost anything.
        """
        evaluator, own, model = solver.evaluator, subgame.ranges[seat], subgame.ranges[1 - seat]
        safe = self.config.safe and subgame.gadget is not None
        bounds = subgame.gadget.bounds if safe and subgame.gadget else evaluator.best_response_cfvs(before, 1 - seat, own)
        change = evaluator.best_response_cfvs(answer, 1 - seat, own) - bounds
        change[mass_at(self.tree, subgame.node, 1 - seat, own) == 0] = 0.0
        return bool(np.maximum(change, 0.0).sum() <= (np.maximum(-change, 0.0) * model).sum())

    def solver_error(self, seat: int) -> float:
        """Return the exploitability of the game just solved, weighted by its real reach (a gadget deals the opponent every hand)."""
        assert self._solved is not None
        solver, (answer, ranges), weight = self._solver, self._solved, 1.0
        if solver.subgame.node != 0:
            weight *= float(ranges[seat].max())
            weight *= float(ranges[1 - seat].max()) if self.config.needs_range else 1.0
        return solver.exploitability(answer) * weight


def ranges_of(policy: TreePolicy, node: int) -> tuple[Float, Float]:
    """Return both players' ranges at a public node, the policy being the model of both."""
    tree = policy.tree
    ranges = full_ranges(tree)
    for above, here in pairwise(tree.path(node)):
        player = int(tree.player[above])
        if player >= 0:
            action = int(tree.row[player, here]) - tree.rows_at(above).start
            ranges[player][:] *= policy.at(above)[action]
    return ranges


def _scaled(range_: Float) -> Float:
    """Return a range with its largest weight 1; an empty one stays empty."""
    largest = range_.max()
    return range_ / largest if largest > 0 else range_


@contextmanager
def timed(pace: Pace, units: float = 1.0) -> Iterator[None]:
    """Learn what so many units of work take."""
    start = time.perf_counter()
    yield
    pace.learn((time.perf_counter() - start) / units)


def _worth(solver: Solver, blueprint: Strategy) -> int:
    """Return how many cold iterations of the whole game are as strong as a blueprint."""
    goal = solver.evaluator.exploitability(blueprint)
    solver.start(whole_game(solver.tree))
    while solver.iterations < MOST_WORTH and solver.exploitability() > goal:
        solver.run(1)
    return solver.iterations
