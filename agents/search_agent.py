"""The agent that thinks: a blueprint, and a subgame solver within a budget per decision.

``solve_from`` says where subgames begin:

* ``decision``: continual re-solving (Moravcik et al. 2017, arXiv 1701.01724). The whole game is solved at the first decision; every
  later decision is re-solved from its own public state with the last solve's ranges and bounds. Where the first answer is easier to
  exploit than the blueprint, which too few iterations make it, the blueprint is played on and later decisions start from it.
* ``round``: the blueprint plays the first round (the trunk); at the first decision of each later round the subgame that began with
  the round is solved, and played from until the next round.
* ``root``: the whole game is solved at the first decision and played from. This is full-game CFR, the reference line.

Ranges are Bayesian: a player's range is the product of the action probabilities that the model gives to the actions seen; the model is
the last solve that covers the node, the blueprint before any.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from agents.agent import Decision
from agents.policy import Policy, ranges_of
from games.derived import DerivedGame, derived_game
from search import (
    Budget,
    Deadline,
    Solver,
    Spent,
    Strategy,
    Subgame,
    Variant,
    build_gadget,
    full_ranges,
    gifts,
    whole_game,
)
from search.budget import Pace
from search.gadgets import NEED_RANGE, WITH_GIFTS, check_search, form_of
from search.tree.strategy import Float

MAX_ITERATIONS = 1 << 16  # of one decision: what is left to gain then is far below float noise of any use
SOLVE_FROM = ("decision", "round", "root")

# A warm start is taken by solves that expect fewer iterations than the strategy so far is worth, and counts for as many. A last solve
# is worth its iterations; a blueprint as many as a cold solve of the whole game needs to be as strong, at most this many (found at load).
# Measured on Leduc with a network of 0.028 chips, worth 55: after 10 iterations 0.054 warm, 0.53 cold; after 250 0.0022 and 0.0013.
MOST_WORTH = 100
SAMPLES = 3  # of each part of a decision whose time is learnt at load
SPARE = 2.0  # times what judging and asking are expected to take is left for them


@dataclass(frozen=True)
class Thought:
    """The last solve: its answer, both players' ranges at its root, and how many iterations it is worth as a warm start."""

    answer: Strategy
    ranges: tuple[Float, Float]
    worth: int

    def ranges_at(self, node: int) -> tuple[Float, Float]:
        """Return both players' ranges at a node below the solve's root."""
        return self.answer.ranges(node, self.ranges)


class SearchAgent:
    """A blueprint paired with a real-time subgame solver.

    Args:
        blueprint: the trunk's strategy, and the source of warm starts and of the first bounds.
        variant: of CFR.
        solve_from: ``decision``, ``round`` or ``root``.
        gadget: ``unsafe``, ``resolve``, ``maxmargin``, ``reach_maxmargin``, ``refined`` or ``combined``; see search.gadgets.
        warm_start: whether solves start from the strategy so far: ``never``, ``always``, or ``short``: if they expect few iterations.
        measure_error: also compute each solve's exploitability, outside the decision's clock.
        bounds: ``safe``: the opponent's counterfactual best-response values against the strategy so far; ``estimate``: its cfvs under
            that strategy, without a guarantee; ``distributional``: normal distributions around those.
        spread: chips, the standard deviation of distributional bounds.
        gift_scale: share of the opponent's gifts by which reach_maxmargin, refined and combined raise their bounds, 0 to 1. They count
            from the last solve's root on, or from the game's with a blueprint alone; none are counted where asking the blueprint about
            the whole game would take half of the time left.
        judge: with safe bounds, keep the strategy so far where an answer is no better; see ``_is_better``. With ``solve_from=decision`` the
            first answer is judged by its best response, whatever the gadget.
    """

    def __init__(
        self,
        blueprint: Policy,
        variant: Variant,
        solve_from: str = "decision",
        gadget: str = "resolve",
        warm_start: str = "short",
        measure_error: bool = False,
        bounds: str = "safe",
        gift_scale: float = 1.0,
        spread: float = 1.0,
        judge: bool = True,
    ) -> None:
        if solve_from not in SOLVE_FROM:
            raise ValueError(f"solve_from must be one of {', '.join(SOLVE_FROM)}, got {solve_from!r}")
        check_search(warm_start, gift_scale)
        self.blueprint, self.tree, self.variant = blueprint, blueprint.tree, variant
        self.solve_from, self.gadget, self.bounds, self.gift_scale, self.spread = solve_from, gadget, bounds, gift_scale, spread
        self.warm_start, self.measure_error, self.judge = warm_start, measure_error, judge
        if solve_from == "round" and self.tree.round.max() == 0:
            raise ValueError(f"solve_from=round needs a game with public chance after the deal, got {self.tree.game}")
        form = form_of(gadget, bounds, spread)
        if gadget in WITH_GIFTS and gift_scale != 1:
            form += f"-gifts{gift_scale:g}"
        self.name = f"{blueprint.name}+{solve_from}:{form}:{variant.label}"
        self._solver: Solver | None = None
        # asking the blueprint about everything and about a decision, judging an answer by row
        self._asking_all, self._asking, self._judging = Pace(), Pace(), Pace()
        self._blueprint_worth = 0
        self._blueprint_loses = (0.0, 0.0)  # by seat, what a best responder wins from it

    thinks = True

    @property
    def game(self) -> DerivedGame:
        """What it plays."""
        return derived_game(self.tree)

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_solver": None}  # each process allocates its own

    def load(self) -> None:
        """Allocate the solver's arrays, compile (or load) every kernel and ask the blueprint once."""
        if self._solver is None:
            solver = self._solver = Solver(self.tree, self.variant)
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
            if self.warm_start != "never":
                self._blueprint_worth = _worth(solver, self.blueprint.strategy())

    def _warm_up_gadget(self, solver: Solver) -> None:
        """Run whatever a gadget takes once, on the whole game."""
        ranges = full_ranges(self.tree)
        gadget = build_gadget(self.gadget, solver.evaluator, self.blueprint.strategy(), 1, ranges[0], self.bounds, None, self.spread)
        solver.start(Subgame(self.tree, 0, ranges, gadget))
        solver.exploitability(solver.solve(Budget(iterations=2)).strategy)

    def decide(self, seat: int, state: int, thought: Thought | None, budget: Budget) -> Decision:
        """Decide within the budget; see the module's text for what is solved."""
        deadline, node = Deadline(budget.seconds), state
        if self.tree.player[node] != seat:
            raise ValueError(f"node must be a decision of player {seat}, got public node {self.tree.text(node)!r}")
        self.load()
        solver = self._solver
        assert solver is not None
        if thought is not None and not thought.answer.covers(node):
            raise ValueError(f"thought must be of this hand, got one of public node {self.tree.text(thought.answer.span.node)!r}")
        root = self._root(seat, node, thought)
        if root is None:
            policy = self.blueprint.at(node) if thought is None else thought.answer.at(node)
            return Decision(policy.copy(), thought, deadline.spent())
        warm = self._warm(solver, root, thought, budget, deadline)
        strategy, ranges = self._so_far(root, thought, warm > 0)
        gift = self._gift(solver, seat, root, thought, deadline)
        subgame = self._subgame(solver, seat, root, strategy, ranges, gift)
        iterations = 0
        if subgame is not None:
            solver.start(subgame, strategy if warm else None, warm)
            prepared = deadline.spent()
            most = MAX_ITERATIONS if budget.iterations is None else min(budget.iterations, MAX_ITERATIONS)
            enough = None if budget.exploitability is None else budget.exploitability * subgame.deals()
            judged, first = self._judges(subgame), self.judge and root == 0 and self.solve_from == "decision"
            clock = deadline.sooner(SPARE * self._judging.expected * solver.rows) if judged or first else deadline
            clock = clock.sooner(SPARE * self._asking.expected) if first else clock
            solution = solver.solve(replace(budget, iterations=most, exploitability=enough), clock)
            iterations, solved = solution.iterations, deadline.spent()
            worse = False
            if judged and iterations:
                worse = not _is_better(solver, subgame, solution.strategy)
            elif first and iterations:
                with timed(self._judging, solver.rows):
                    worse = solver.evaluator.best_response_value(solution.strategy, 1 - seat) > self._blueprint_loses[seat]
            elif iterations == 0:
                self._judging.heal()
                self._asking.heal()
            if worse:
                policy = (self.blueprint.at(node) if strategy is None else strategy.at(node)).copy()
                seconds = deadline.spent()
                spent = Spent(prepared, solved - prepared, seconds - solved)
                return Decision(policy, thought, seconds, iterations, kept=True, spent=spent)
        if iterations == 0:
            policy = self.blueprint.at(node) if strategy is None else strategy.at(node)
            return Decision(policy.copy(), thought, deadline.spent(), kept=True)
        policy = solution.strategy.at(node).copy()
        seconds = deadline.spent()
        error = self._error(solver, solution.strategy, seat, ranges) if self.measure_error else None
        new = Thought(solution.strategy, ranges, iterations + warm)
        spent = Spent(prepared, solved - prepared, seconds - solved)
        return Decision(policy, new, seconds, iterations, root=root, solver_error=error, spent=spent)

    def _judges(self, subgame: Subgame) -> bool:
        """Say whether an answer is judged before it is played: where the gadget's bounds are what the strategy so far is known to keep."""
        return self.judge and subgame.gadget is not None and self.bounds == "safe" and self.gadget not in NEED_RANGE

    def _root(self, seat: int, node: int, thought: Thought | None) -> int | None:
        """Return the public node to solve from, None if the last solve (or the blueprint) is to be played on.

        A subgame never begins above a decision that the seat has already made otherwise (its search was not possible then): what was
        played there would not be what the new solve takes for granted.
        """
        if self.solve_from == "decision":
            start = node if thought is not None else 0
        elif self.solve_from == "root":
            start = 0
        else:
            if self.tree.round[node] == 0:
                return None
            start = node
            while self.tree.round[self.tree.parent[start]] == self.tree.round[node]:
                start = int(self.tree.parent[start])
        if self.solve_from != "decision" and thought is not None and thought.answer.span.node >= start:
            return None  # solved for this round, or this hand, already
        acted = any(self.tree.player[above] == seat for above in self.tree.path(node, start)[:-1])
        return node if acted else start

    def _warm(self, solver: Solver, root: int, thought: Thought | None, budget: Budget, deadline: Deadline) -> int:
        """Return for how many iterations the strategy so far counts at the start of the solve at ``root``; 0 for a cold start."""
        worth = self._blueprint_worth if thought is None else thought.worth
        if self.warm_start != "short":
            return max(worth, 1) if self.warm_start == "always" else 0
        remaining = deadline.remaining()
        if thought is None and root == 0 and self._asking_all.expected > remaining / 2:
            self._asking_all.heal()
            return 0  # asking the blueprint about the whole game would take most of the time, or more
        expected = solver.expected_iterations(root, remaining)
        if budget.iterations is not None:
            expected = min(expected, budget.iterations)
        return worth if expected < worth else 0

    def _so_far(self, root: int, thought: Thought | None, warm: bool) -> tuple[Strategy | None, tuple[Float, Float]]:
        """Return the strategy so far at and below ``root`` (None for a cold start of the whole game) and the ranges there."""
        if thought is not None:
            return thought.answer.below(root), thought.ranges_at(root)
        if root == 0:
            return self.blueprint.strategy() if warm else None, full_ranges(self.tree)
        return self.blueprint.strategy(root), ranges_of(self.blueprint, root)

    def _gift(self, solver: Solver, seat: int, root: int, thought: Thought | None, deadline: Deadline) -> Float | None:
        """Return [H], the opponent's gifts on the way to ``root`` as far as they count; None if they are not asked for."""
        if self.gadget not in WITH_GIFTS or root == 0 or self.gift_scale == 0:
            return None
        if thought is not None:
            strategy, own = thought.answer, thought.ranges[seat]
        elif self._asking_all.expected > deadline.remaining() / 2:
            self._asking_all.heal()
            return None
        else:
            with timed(self._asking_all):
                strategy, own = self.blueprint.strategy(), full_ranges(self.tree)[seat]
        best = self.bounds == "safe"
        return self.gift_scale * gifts(solver.evaluator, strategy, 1 - seat, _scaled(own), root, best)

    def _subgame(
        self, solver: Solver, seat: int, root: int, strategy: Strategy | None, ranges: tuple[Float, Float], gift: Float | None
    ) -> Subgame | None:
        """Return the subgame at ``root``, None if the model says that it cannot be reached."""
        if root == 0:
            return whole_game(self.tree)
        assert strategy is not None
        if not ranges[seat].any() or (self.gadget in NEED_RANGE and not ranges[1 - seat].any()):
            return None
        # Only ratios matter, and the range of a hand played long and oddly would underflow in products with the opponent's.
        own, other = _scaled(ranges[seat]), _scaled(ranges[1 - seat])
        gadget = build_gadget(self.gadget, solver.evaluator, strategy, 1 - seat, own, self.bounds, gift, self.spread)
        return Subgame(self.tree, root, (own, other) if seat == 0 else (other, own), gadget)

    def _error(self, solver: Solver, answer: Strategy, seat: int, ranges: tuple[Float, Float]) -> float:
        """Return the exploitability of the game just solved, weighted by its real reach (a gadget deals the opponent every hand)."""
        weight = 1.0
        if solver.subgame.node != 0:
            weight *= float(ranges[seat].max())
            weight *= float(ranges[1 - seat].max()) if self.gadget in NEED_RANGE else 1.0
        return solver.exploitability(answer) * weight


def _scaled(range_: Float) -> Float:
    """Return a range with its largest weight 1; an empty one stays empty."""
    largest = range_.max()
    return range_ / largest if largest > 0 else range_


def _is_better(solver: Solver, subgame: Subgame, answer: Strategy) -> bool:
    """Say whether the opponent's hands win no more above their bounds against an answer than they lose below with the model's range.

    A rule of thumb (see ``search.boards.search.StreetSearch.judge``): too few iterations for the subgame then hardly ever cost anything.
    """
    gadget = subgame.gadget
    assert gadget is not None
    opponent = gadget.opponent
    change = solver.evaluator.best_response_cfvs(answer, opponent, subgame.ranges[1 - opponent]) - gadget.bounds
    change[subgame.mass() == 0] = 0.0
    return bool(np.maximum(change, 0.0).sum() <= (np.maximum(-change, 0.0) * subgame.ranges[opponent]).sum())


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
