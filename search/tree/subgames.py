"""Subgames of a public tree, as ``search.resolving`` solves them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import numpy.typing as npt

from games import PublicTree
from search.anytime import Solution
from search.beliefs import Beliefs, Entrance, scaled
from search.budget import Budget, Deadline, Pace, Paces
from search.frontier import DepthLimit
from search.gadgets import UNSAFE
from search.resolving import ResolveConfig, learn_paces
from search.tree.depth_limit import CutAnswer, CutTree, DepthLimitedSolver, after_actions, cut, round_ends
from search.tree.gadgets import Gadget, cf_reach_at
from search.tree.solver import Solver, rows_of
from search.tree.strategy import Float, Strategy, full_ranges
from search.tree.subgame import Subgame, whole_game
from search.variants import Variant
from search.warm_start import LIMITED_FACTOR, WARM_FACTOR


class TreeSubgames:
    """See ``search.resolving.SubgameSolver``; one line, and places are public nodes.

    Args:
        solver: of the tree.
        blueprint: of the whole game; its best-response values are kept, so that a solve of the whole game need not ask for it again.
    """

    warm_factor = WARM_FACTOR

    def __init__(self, solver: Solver, blueprint: Strategy) -> None:
        self.solver, self.tree, self.paces = solver, solver.tree, Paces(solver.pace)
        ranges, evaluator = full_ranges(self.tree), solver.evaluator
        self._blueprint_cfvs = [evaluator.best_response_cfvs(blueprint, p, ranges[1 - p]) for p in (0, 1)]
        self._strategy: Strategy | None = None
        self._answer = blueprint

    def warm_up(self, blueprint: Strategy, config: ResolveConfig) -> None:
        """Learn the machine's speed from solves of the whole game with the gadget above it, see ``search.resolving.learn_paces``."""
        first, second = (range_[:, None] for range_ in full_ranges(self.tree))
        beliefs = Beliefs(0, (first, second), np.zeros_like(second))
        learn_paces(self, 0, beliefs, blueprint, config, worth=1)
        self.solver.calibrate()
        self.solver.exploitability()

    def size(self, place: int) -> int:
        """See ``SubgameSolver``."""
        return rows_of(self.tree.subgame(place))

    def enter(self, place: int, beliefs: Beliefs, strategy: Strategy | None, seat: int) -> Entrance:
        """See ``SubgameSolver``."""
        self._seat, self._node, self._strategy, reach = seat, place, strategy, beliefs.reach
        self._own = scaled(reach[seat])
        cf_reach = cf_reach_at(self.tree, place, 1 - seat, self._own[:, 0])[:, None]
        entrance = Entrance(self._own, reach[1 - seat], cf_reach, reach[seat].max(axis=0), beliefs.gifts)
        own, model = entrance.own[:, 0], entrance.model[:, 0]
        self._ranges = (own, model) if seat == 0 else (model, own)
        return entrance

    def restrict(self, lines: npt.NDArray[np.bool_]) -> None:
        """See ``SubgameSolver``; there is one line."""

    def cfvs(self, answered: bool, best: bool) -> Float:
        """See ``SubgameSolver``."""
        strategy, opponent, evaluator = self._answer if answered else self._strategy, 1 - self._seat, self.solver.evaluator
        if strategy is None:
            return self._blueprint_cfvs[opponent][:, None]
        return (evaluator.best_response_cfvs if best else evaluator.cfvs)(strategy, opponent, self._own[:, 0])[:, None]

    def left(self) -> None:
        """Return None: gifts are worked out when they are asked for."""

    def start(self, kind: str, bound: Float | None, spread: float, warm: int) -> None:
        """See ``SubgameSolver``."""
        gadget = None if kind == UNSAFE or bound is None else Gadget(kind, 1 - self._seat, bound[:, 0], spread)
        subgame = whole_game(self.tree) if self._node == 0 and gadget is None else Subgame(self.tree, self._node, self._ranges, gadget)
        self.solver.start(subgame, self._strategy if warm else None, warm)

    def solve(self, budget: Budget, deadline: Deadline) -> Solution[Strategy]:
        """See ``SubgameSolver``."""
        if budget.exploitability is not None or budget.price is not None:
            deals = self.solver.subgame.deals()
            target = None if budget.exploitability is None else budget.exploitability * deals
            budget = replace(budget, exploitability=target, price=None if budget.price is None else budget.price.times(deals))
        solution = self.solver.solve(budget, deadline)
        self._answer = solution.strategy
        return solution

    def played(self, answer: Strategy, accepted: npt.NDArray[np.bool_]) -> Strategy:
        """See ``SubgameSolver``; a rejected answer is not asked for."""
        return answer


class DepthLimitedSubgames:
    """See ``search.resolving.SubgameSolver``; one line, and places are public nodes where the depth limit cuts something off.

    Answers cannot be judged: what they lose depends on what is played below the leaves.

    Args:
        tree: the game.
        variant: of CFR.
        limit: where subgames end.
    """

    warm_factor = LIMITED_FACTOR

    def __init__(self, tree: PublicTree, variant: Variant, limit: DepthLimit[int]) -> None:
        self.tree, self.variant, self.limit, self.paces = tree, variant, limit, Paces(Pace(5e-7))
        self._cuts: dict[int, CutTree] = {}
        self._solvers: dict[tuple[int, bool], DepthLimitedSolver] = {}

    def cut(self, place: int) -> CutTree:
        """Return the subgame at a public node, cut at the depth limit; it has no leaves where the game ends before."""
        if place not in self._cuts:
            actions = self.limit.actions
            leaves = round_ends(self.tree, place, dealt=True) if actions is None else after_actions(self.tree, place, actions)
            self._cuts[place] = cut(self.tree, place, leaves)
        return self._cuts[place]

    def solver(self, place: int, seat: int = 0) -> DepthLimitedSolver | None:
        """Return the solver of the subgame at a public node for searches of a player; None where the game ends before the depth limit."""
        small, leaves = self.cut(place), self.limit.leaves_of(seat)
        key = place, leaves is self.limit.leaves
        if small.leaves.size and key not in self._solvers:
            self._solvers[key] = DepthLimitedSolver(small, self.variant, leaves)
            self._solvers[key].pace = self.paces.iterating
        return self._solvers.get(key)

    def warm_up(self, blueprint: Strategy, config: ResolveConfig) -> None:
        """Make the solvers at the game's root, load their kernels and learn the machine's speed, see ``search.resolving.learn_paces``."""
        for solver in (self.solver(0, seat) for seat in (1, 0)):
            if solver is not None:
                solver.start(whole_game(solver.tree))
        if self.size(0):
            first, second = (range_[:, None] for range_ in full_ranges(self.tree))
            learn_paces(self, 0, Beliefs(0, (first, second), None), blueprint, config, worth=0, promised=np.zeros_like(second))

    def size(self, place: int) -> int:
        """See ``SubgameSolver``."""
        small = self.cut(place)
        return rows_of(small.tree.subgame(0)) if small.leaves.size else 0

    def enter(self, place: int, beliefs: Beliefs, strategy: Strategy | None, seat: int) -> Entrance:
        """See ``SubgameSolver``; of the strategy so far only a warm start is made."""
        solver = self.solver(place, seat)
        if solver is None:
            raise ValueError(f"place must be a public node above the depth limit, got {place}")
        self._seat, self._solver, self._strategy = seat, solver, strategy
        own, reach = scaled(beliefs.reach[seat]), beliefs.reach
        self._cf_reach = cf_reach_at(self.tree, place, 1 - seat, own[:, 0])[:, None]
        entrance = Entrance(own, reach[1 - seat], self._cf_reach, reach[seat].max(axis=0), None)
        mine, model = entrance.own[:, 0], entrance.model[:, 0]
        self._ranges = (mine, model) if seat == 0 else (model, mine)
        return entrance

    def restrict(self, lines: npt.NDArray[np.bool_]) -> None:
        """See ``SubgameSolver``; there is one line."""

    def cfvs(self, answered: bool, best: bool) -> Float:
        """Return [H, 1], the opponent's cfvs at the root, the mean over iterations; NaN before the first one."""
        if not answered:
            return np.full_like(self._cf_reach, np.nan)
        return self._solver.values()[1 - self._seat][:, None] * self._cf_reach

    def left(self) -> None:
        """Return None: there are no gifts."""

    def start(self, kind: str, bound: Float | None, spread: float, warm: int) -> None:
        """See ``SubgameSolver``."""
        gadget = None if kind == UNSAFE or bound is None else Gadget(kind, 1 - self._seat, bound[:, 0], spread)
        start = self._solver.cut.part_of(self._strategy) if warm and self._strategy is not None else None
        self._solver.start(Subgame(self._solver.tree, 0, self._ranges, gadget), start, warm)

    def solve(self, budget: Budget, deadline: Deadline) -> Solution[CutAnswer]:
        """See ``SubgameSolver``."""
        found = self._solver.solve(budget, deadline)
        answer = CutAnswer(self._solver.cut, found.strategy, self._solver.leaf_values())
        return Solution(answer, found.iterations, found.seconds, outcome=found.outcome, stopped=found.stopped)

    def played(self, answer: CutAnswer, accepted: npt.NDArray[np.bool_]) -> CutAnswer:
        """See ``SubgameSolver``."""
        return answer
