"""The agent that thinks: a blueprint, and a subgame solver within a budget per decision.

``solve_from`` says where subgames begin:

* ``decision``: continual re-solving (Moravcik et al. 2017, arXiv 1701.01724). The whole game is solved at the first decision; every
  later decision is re-solved from its own public state with the last solve's ranges and bounds.
* ``round``: the blueprint plays the first round (the trunk); at the first decision of each later round the subgame that began with
  the round is solved, and played from until the next round.
* ``root``: the whole game is solved at the first decision and played from. This is full-game CFR, the reference line.

Ranges are Bayesian: a player's range is the product of the action probabilities that the model gives to the actions seen; the model is
the last solve that covers the node, the blueprint before any.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from agents.agent import Decision
from agents.policy import Policy
from search import GADGETS, Budget, Deadline, Resolve, Solver, Strategy, Subgame, Variant, full_ranges, safe_bounds, whole_game
from search.strategy import Float

MAX_ITERATIONS = 1 << 16  # of one decision: what is left to gain then is far below float noise of any use
SOLVE_FROM = ("decision", "round", "root")


@dataclass(frozen=True)
class Thought:
    """The last solve: its answer, and both players' ranges at its root."""

    answer: Strategy
    ranges: tuple[Float, Float]

    def ranges_at(self, node: int) -> tuple[Float, Float]:
        """Return both players' ranges at a node below the solve's root."""
        return self.answer.ranges(node, self.ranges)


class SearchAgent:
    """A blueprint paired with a real-time subgame solver.

    Args:
        blueprint: the trunk's strategy, and the source of warm starts and of the first bounds.
        variant: of CFR.
        solve_from: ``decision``, ``round`` or ``root``.
        gadget: ``unsafe`` or ``resolve``; bounds are safe (the opponent's counterfactual best-response values).
        warm_iterations: how many iterations the strategy so far counts for at the start of a solve; 0 starts cold.
        measure_error: also compute each solve's exploitability, outside the decision's clock.
    """

    def __init__(
        self,
        blueprint: Policy,
        variant: Variant,
        solve_from: str = "decision",
        gadget: str = "resolve",
        warm_iterations: int = 0,
        measure_error: bool = False,
    ) -> None:
        for name, value, allowed in (("solve_from", solve_from, SOLVE_FROM), ("gadget", gadget, GADGETS)):
            if value not in allowed:
                raise ValueError(f"{name} must be one of {', '.join(allowed)}, got {value!r}")
        if warm_iterations < 0:
            raise ValueError(f"warm_iterations must be at least 0, got {warm_iterations}")
        self.blueprint, self.tree, self.variant = blueprint, blueprint.tree, variant
        self.solve_from, self.gadget = solve_from, gadget
        self.warm_iterations, self.measure_error = warm_iterations, measure_error
        if solve_from == "round" and self.tree.round.max() == 0:
            raise ValueError(f"solve_from=round needs a game with public chance after the deal, got {self.tree.game}")
        self.name = f"{blueprint.name}+{solve_from}:{gadget}:{variant.name}"
        self._solver: Solver | None = None

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_solver": None}  # each process allocates its own

    def load(self) -> None:
        """Allocate the solver's arrays, compile (or load) every kernel and ask the blueprint once."""
        if self._solver is None:
            solver = self._solver = Solver(self.tree, self.variant)
            solver.start(whole_game(self.tree), self.blueprint.strategy(), 1)
            answer = solver.solve(Budget(iterations=2)).strategy
            solver.exploitability(answer)

    def decide(self, seat: int, node: int, memory: Thought | None, budget: Budget) -> Decision:
        """Decide within the budget; see the module's text for what is solved."""
        deadline = Deadline(budget.seconds)
        if self.tree.player[node] != seat:
            raise ValueError(f"node must be a decision of player {seat}, got public node {self.tree.text(node)!r}")
        self.load()
        solver = self._solver
        assert solver is not None
        if memory is not None and not memory.answer.covers(node):
            raise ValueError(f"memory must be of this hand, got one of public node {self.tree.text(memory.answer.span.node)!r}")
        root = self._root(node, memory)
        if root is None:
            policy = (memory.answer if memory is not None else self.blueprint.strategy(node)).at(node).copy()
            return Decision(policy, memory, deadline.spent())
        strategy, ranges = self._so_far(root, memory)
        subgame = self._subgame(solver, seat, root, strategy, ranges)
        iterations = 0
        if subgame is not None:
            warm = strategy if self.warm_iterations else None
            solver.start(subgame, warm, self.warm_iterations)
            solution = solver.solve(replace(budget, iterations=min(budget.iterations or MAX_ITERATIONS, MAX_ITERATIONS)), deadline)
            iterations = solution.iterations
        if iterations == 0:
            fallback = self.blueprint.strategy(node) if strategy is None else strategy
            return Decision(fallback.at(node).copy(), memory, deadline.spent(), kept=True)
        policy = solution.strategy.at(node).copy()
        seconds = deadline.spent()
        error = solver.exploitability(solution.strategy) if self.measure_error else None
        return Decision(policy, Thought(solution.strategy, ranges), seconds, iterations, solved=True, solver_error=error)

    def _root(self, node: int, memory: Thought | None) -> int | None:
        """Return the public node to solve from, None if the last solve (or the blueprint) is to be played on."""
        if self.solve_from == "root":
            return 0 if memory is None else None
        if self.solve_from == "decision":
            return 0 if memory is None else node
        if self.tree.round[node] == 0:
            return None
        start = node
        while self.tree.round[self.tree.parent[start]] == self.tree.round[node]:
            start = int(self.tree.parent[start])
        return None if memory is not None and memory.answer.span.node == start else start

    def _so_far(self, root: int, memory: Thought | None) -> tuple[Strategy | None, tuple[Float, Float]]:
        """Return the strategy so far at and below ``root`` (None for a cold start of the whole game) and the ranges there."""
        if memory is not None:
            return memory.answer.below(root), memory.ranges_at(root)
        if root == 0 and not self.warm_iterations:
            return None, full_ranges(self.tree)
        blueprint = self.blueprint.strategy()
        return blueprint.below(root), blueprint.ranges(root, full_ranges(self.tree))

    def _subgame(self, solver: Solver, seat: int, root: int, strategy: Strategy | None, ranges: tuple[Float, Float]) -> Subgame | None:
        """Return the subgame at ``root``, None if the model says that it cannot be reached."""
        if root == 0:
            return whole_game(self.tree)
        assert strategy is not None
        gadget = None
        if self.gadget == "resolve":
            gadget = Resolve(1 - seat, safe_bounds(solver.evaluator, strategy, 1 - seat, ranges[seat]))
        if not ranges[seat].any() or (gadget is None and not ranges[1 - seat].any()):
            return None
        return Subgame(self.tree, root, ranges, gadget)
