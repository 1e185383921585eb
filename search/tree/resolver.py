"""Re-solving at the table in games whose public tree is in memory.

Where subgames begin decides whose ranges and bounds they start from:

* At every decision: continual re-solving (Moravcik et al. 2017, arXiv 1701.01724). The whole game is solved at the first decision; every
  later decision is re-solved from its own public state with the last solve's ranges and bounds. Where the first answer is easier to
  exploit than the blueprint, which too few iterations make it, the blueprint is played on and later decisions start from it.
* With a round: the blueprint plays before it (the trunk); at the first decision of the round the subgame that began with it is solved, and
  played from until the next round that is searched. With the first round this is full-game CFR, the reference line.

* With a depth limit: the subgame that begins with a round ends where the limit says, and the next one begins at the leaf that was reached,
  with the ranges that the last solve brings there. What its leaves were worth to the opponent's hands is what they are promised there
  (Moravcik et al. 2017). No answer is judged: what is promised is an estimate.

Ranges are Bayesian: a player's range is the product of the action probabilities that the model gives to the actions seen; the model is
the last solve that covers the node, the blueprint before any.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any, Protocol

import numpy as np

from games import PublicTree
from games.derived import derived_game
from search.beliefs import Beliefs, scaled
from search.budget import SPARE, Budget, Deadline, Pace
from search.frontier import DepthLimit
from search.gadgets import UNSAFE
from search.outcome import Outcome
from search.resolver import Thinking, subgame_root
from search.resolving import ResolveConfig, Resolved, SubgameSolver, resolve
from search.tree.depth_limit import CutAnswer
from search.tree.gadgets import gifts
from search.tree.solver import Solver
from search.tree.strategy import Float, Strategy, full_ranges
from search.tree.subgame import whole_game
from search.tree.subgames import DepthLimitedSubgames, TreeSubgames
from search.variants import Variant
from search.warm_start import cold_iterations, warm_iterations

SAMPLES = 3  # of each part of a decision whose time is learnt at load


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
    """The last solve: its answer, both players' ranges at its root, and the iterations that it counts for in a warm start."""

    answer: Strategy | CutAnswer
    ranges: tuple[Float, Float]
    worth: int

    def ranges_at(self, node: int) -> tuple[Float, Float]:
        """Return both players' ranges at a node below the solve's root."""
        return self.answer.ranges(node, self.ranges)


class TreeResolver:
    """See ``search.resolver.Resolver``.

    Args:
        blueprint: the trunk's strategy, and the source of warm starts and of the first bounds.
        variant: of CFR.
        rounds: with which subgames begin, see ``search.resolver.rounds_of``; None for one at every decision.
        config: how. Gifts count from the last solve's root on, or from the game's with a blueprint alone; none are counted where asking
            the blueprint about the whole game would take half of the time left. With ``solve_from=decision`` the first answer is accepted
            if it is no easier to exploit than the blueprint; with ``solve_from=root`` always, since it is the reference line.
        limit: where subgames end; None for the end of the game.

    Raises:
        ValueError: a depth limit where subgames begin at every decision.
    """

    def __init__(
        self,
        blueprint: TreePolicy,
        variant: Variant,
        rounds: tuple[int, ...] | None,
        config: ResolveConfig,
        limit: DepthLimit[int] | None = None,
    ) -> None:
        if limit is not None:
            if rounds is None:
                raise ValueError(
                    "solve_from must name rounds where depth is limited: subgames begin where the last one ended, got decision"
                )
            config = replace(config, judge=False)
        self.blueprint, self.variant, self.rounds, self.config, self.limit = blueprint, variant, rounds, config, limit
        self.tree, self.game = blueprint.tree, derived_game(blueprint.tree)
        self._limited = None if limit is None else DepthLimitedSubgames(self.tree, variant, limit)
        self._whole_config = config if rounds is None else replace(config, judge=False)
        self._loaded: TreeSubgames | None = None
        self._asking_all, self._asking = Pace(), Pace()  # the blueprint about everything, and about a decision
        self._blueprint_worth = 0
        self._solved: tuple[Strategy, tuple[Float, Float]] | None = None  # the last answer, and the ranges at its root

    @property
    def _subgames(self) -> TreeSubgames:
        self.load()
        assert self._loaded is not None
        return self._loaded

    def load(self) -> None:
        """Allocate the solver's arrays, compile (or load) every kernel and ask the blueprint once."""
        if self._loaded is not None:
            return
        blueprint, solver = self.blueprint.strategy(), Solver(self.tree, self.variant)
        self._loaded = TreeSubgames(solver, blueprint)
        self._loaded.warm_up(blueprint, self.config)
        if self._limited is not None:
            self._limited.warm_up(blueprint, self.config)
        for _ in range(SAMPLES):
            with timed(self._asking_all):
                self.blueprint.strategy()
            with timed(self._asking):
                self.blueprint.at(int(np.flatnonzero(self.tree.player >= 0)[0]))
        for pace in (self._asking_all, self._asking):
            pace.settle()
        if self.config.warm_start != "never":
            goal = solver.evaluator.exploitability(blueprint)
            solver.start(whole_game(self.tree))
            self._blueprint_worth = cold_iterations(goal, solver.exploitability, lambda: solver.run(1))

    def think(self, seat: int, state: int, memory: Memory | None, budget: Budget, clock: Deadline) -> Thinking:
        """See ``search.resolver.Resolver``."""
        if self.tree.player[state] != seat:
            raise ValueError(f"node must be a decision of player {seat}, got public node {self.tree.text(state)!r}")
        subgames = self._subgames
        root = self._root(seat, state, memory)
        if root is None:
            return Thinking(memory)
        if self._limited is not None:
            return self._to_the_limit(seat, root, memory, budget, clock)
        whole, worth = root == 0, self._blueprint_worth if memory is None else memory.worth
        config = self._whole_config if whole else self.config
        strategy, ranges = self._whole_game(budget, clock) if whole else self._so_far(root, memory)
        reach = (ranges[0][:, None], ranges[1][:, None])
        beliefs = Beliefs(root, reach, self._gift(seat, root, memory, clock))
        limit = clock.sooner(SPARE * self._asking.expected) if whole and config.judge else clock
        worth = 0 if strategy is None else worth
        found: Resolved[Strategy] = resolve(subgames, root, beliefs, strategy, seat, config, budget, limit, worth=worth, whole=whole)
        report, answer = found.report, found.answer
        iterations = sum(report.iterations)
        if report.outcome == Outcome.NO_TIME:
            self._asking.heal()
        if answer is None or not report.solves:
            return Thinking(memory, iterations, outcome=report.outcome, spent=report.spent, stopped=report.stopped, work=sum(report.work))
        self._solved = answer, ranges
        memory = Memory(answer, ranges, subgames.solver.iterations_with_warm_start)
        return Thinking(memory, iterations, root, report.outcome, report.bound_violation, report.spent, report.stopped, sum(report.work))

    def _root(self, seat: int, state: int, memory: Memory | None) -> int | None:
        """Return the public node where the subgame begins that is due at a decision; None if there is none."""
        answer = None if memory is None else memory.answer
        if isinstance(answer, CutAnswer):
            if answer.covers(state):
                return None
            way, leaves = self.tree.path(state), answer.cut.leaf_of
            leaf = next((node for node in way if node in leaves), None)
            if leaf is None:
                raise ValueError(f"memory must be of this hand, got one without public node {self.tree.text(state)!r}")
            played = any(self.tree.player[node] == seat for node in way[way.index(leaf) : -1])
            return None if played else leaf  # an earlier decision below the leaf was made without a search: its policy is played on
        if answer is not None and not answer.covers(state):
            raise ValueError(f"memory must be of this hand, got one of public node {self.tree.text(answer.span.node)!r}")
        return subgame_root(self.game, self.rounds, seat, state, None if answer is None else int(self.tree.round[answer.span.node]))

    def _to_the_limit(self, seat: int, root: int, memory: Memory | None, budget: Budget, clock: Deadline) -> Thinking:
        """Solve a subgame that ends at the depth limit, or with the game where that comes first."""
        assert self._limited is not None
        limited = bool(self._limited.cut(root).leaves.size)
        promised, ranges = None, ranges_of(self.blueprint, root) if memory is None else memory.ranges_at(root)
        if memory is not None and isinstance(memory.answer, CutAnswer):
            promised = memory.answer.leaf_values[1 - seat][memory.answer.cut.leaf_of[root]][:, None]
        config = self.config if promised is not None else replace(self.config, gadget=UNSAFE)
        beliefs = Beliefs(root, (ranges[0][:, None], ranges[1][:, None]), None)
        solver: Any = self._limited if limited else self._subgames
        bounds = np.zeros((self.tree.num_hands(1 - seat), 1)) if promised is None else promised
        strategy = self._start(solver, root, budget, clock)
        worth = 0 if strategy is None else self._blueprint_worth
        found: Resolved[Strategy | CutAnswer] = resolve(
            solver, root, beliefs, strategy, seat, config, budget, clock, worth=worth, promised=bounds
        )
        report, answer = found.report, found.answer
        iterations = sum(report.iterations)
        if answer is None or not report.solves:
            return Thinking(memory, iterations, outcome=report.outcome, spent=report.spent, stopped=report.stopped, work=sum(report.work))
        memory, violation = Memory(answer, ranges, 0), report.bound_violation
        return Thinking(memory, iterations, root, report.outcome, violation, report.spent, report.stopped, sum(report.work))

    def at(self, memory: Memory | None, state: int) -> Float:
        """See ``search.resolver.Resolver``."""
        known = memory is not None and (not isinstance(memory.answer, CutAnswer) or memory.answer.covers(state))
        return (memory.answer if memory is not None and known else self.blueprint).at(state).copy()

    def _whole_game(self, budget: Budget, clock: Deadline) -> tuple[Strategy | None, tuple[Float, Float]]:
        """Return the blueprint, None for a cold start without it, and the ranges at the game's root."""
        return self._start(self._subgames, 0, budget, clock), full_ranges(self.tree)

    def _start(self, solver: SubgameSolver[Any, Any], root: int, budget: Budget, clock: Deadline) -> Strategy | None:
        """Return the blueprint at and below a public node for a warm start, None for a cold one without it."""
        mode = self.config.warm_start
        if mode == "short" and self._asking_all.expected > clock.remaining() / 2:
            self._asking_all.heal()
            return None  # asking the blueprint would take most of the time, or more
        expected = solver.paces.expected_iterations(solver.size(root), budget, clock)
        return self.blueprint.strategy(root) if warm_iterations(mode, self._blueprint_worth, expected, solver.warm_factor) else None

    def _so_far(self, root: int, memory: Memory | None) -> tuple[Strategy, tuple[Float, Float]]:
        """Return the strategy so far at and below ``root``, and the ranges there."""
        if memory is not None and isinstance(memory.answer, Strategy):
            return memory.answer.below(root), memory.ranges_at(root)
        return self.blueprint.strategy(root), ranges_of(self.blueprint, root)

    def _gift(self, seat: int, root: int, memory: Memory | None, clock: Deadline) -> Float | None:
        """Return [H, 1], the opponent's gifts on the way to ``root`` as far as they count; None if they are not asked for."""
        if not self.config.with_gifts or root == 0 or self.config.gift_scale == 0:
            return None
        if memory is not None and isinstance(memory.answer, Strategy):
            strategy, own = memory.answer, memory.ranges[seat]
        elif self._asking_all.expected > clock.remaining() / 2:
            self._asking_all.heal()
            return None
        else:
            with timed(self._asking_all):
                strategy, own = self.blueprint.strategy(), full_ranges(self.tree)[seat]
        best, evaluator = self.config.bounds == "safe", self._subgames.solver.evaluator
        return gifts(evaluator, strategy, 1 - seat, scaled(own[:, None])[:, 0], root, best)[:, None]

    def sweep(self, seat: int, budget: Budget, progress: Any, journal: Any) -> None:
        """See ``search.resolver.Resolver``; decisions are asked one by one."""

    def solver_error(self, seat: int) -> float:
        """Return the exploitability of the game just solved, weighted by its real reach (a gadget deals the opponent every hand).

        NaN with a depth limit.
        """
        if self._limited is not None:
            return float("nan")
        assert self._solved is not None
        solver, (answer, ranges), weight = self._subgames.solver, self._solved, 1.0
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


@contextmanager
def timed(pace: Pace, units: float = 1.0) -> Iterator[None]:
    """Learn what so many units of work take."""
    start = time.perf_counter()
    yield
    pace.learn((time.perf_counter() - start) / units)
