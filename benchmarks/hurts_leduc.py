"""Leduc searched with one thing wrong, and without: for ``hurts.py``."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

from agents import BaseAgent, BlueprintAgent, Decision, SearchAgent, TabularPolicy, exploitability, solved_policy, tabulate
from games import public_tree
from search import Budget, Strategy, variant
from search.frontier import DepthLimit
from search.resolving import ResolveConfig
from search.tree.continuations import continuation_limit

CFR, RESOLVE, REFINED, UNSAFE = variant("cfr_plus"), ResolveConfig("resolve"), ResolveConfig("refined"), ResolveConfig("unsafe")
GADGET, OPPONENT, MEMORY, LEAVES, TOO_FEW, SIZES = (
    "1 no gadget", "2 opponent's range of a wrong model", "2 ranges forget the last search", "3 leaf values of another model",
    "4 too few iterations", "5 sizes outside the tree",
)  # fmt: skip
TREE, RANGES, COUNT = "decision", "belief", "sample"  # what may be wrong at once: see ``Leduc.corner``
SOME, MANY = 30, 10_000  # iterations


class Measured(NamedTuple):
    """Three exploitabilities of one cause, in the game's unit: of the blueprint, with the cause, and repaired."""

    alone: float
    hurt: float
    repaired: float


class Forgetful(BaseAgent):
    """An agent of several: each round is played by one of them, which believes that it has played the rounds before as well.

    Where the second one searches, its ranges and its bounds are those of its blueprint, not those of the search that was played before.
    """

    thinks = True

    def __init__(self, *rounds: SearchAgent) -> None:
        self.rounds, self.game, self.name = rounds, rounds[0].game, " then ".join(agent.name for agent in rounds)

    def load(self) -> None:
        for agent in self.rounds:
            agent.load()

    def decide(self, seat: int, state: Any, memory: Any, budget: Budget) -> Decision:
        """See ``agents.agent.Agent``; the memory has a part for each round."""
        number, parts = self.game.round(state), list(memory or [None] * len(self.rounds))
        decision = self.rounds[number].decide(seat, state, parts[number], budget)
        parts[number] = decision.memory
        return replace(decision, memory=tuple(parts))


class Leduc:
    """Measurements on Leduc.

    Args:
        quality: iterations of the blueprint.
    """

    def __init__(self, quality: int = 500) -> None:
        self.tree = public_tree("leduc_poker")
        self.blueprint = solved_policy(self.tree, CFR, quality)
        self.alone = self.strength(BlueprintAgent(self.blueprint), 1)

    def strength(self, agents: Any, iterations: int) -> float:
        """Return the exploitability of an agent, or of one for each seat."""
        first, second = agents if isinstance(agents, tuple) else (agents, agents)
        budget = Budget(iterations=iterations)
        return exploitability((tabulate(first, 0, budget), tabulate(second, 1, budget)))

    def search(self, solve_from: str, config: ResolveConfig, limit: DepthLimit[int] | None = None) -> SearchAgent:
        """Return an agent that searches above the blueprint."""
        return SearchAgent(self.blueprint, CFR, solve_from, config, limit=limit)

    def forgetful(self, config: ResolveConfig, limit: DepthLimit[int] | None = None) -> Forgetful:
        """Return an agent whose searches of the second round know nothing of those of the first."""
        return Forgetful(self.search("root", config, limit), self.search("round", config))

    def limit(self, quality: int | None = None) -> DepthLimit[int]:
        """Return a limit at the end of the round, where a choice of four continuations is worth what it is.

        Args:
            quality: iterations of the blueprint that goes on below it; None for the agent's own.
        """
        model = self.blueprint if quality is None else solved_policy(self.tree, CFR, quality)
        return continuation_limit(model.strategy(), 4)

    def believing(self, quality: int, config: ResolveConfig) -> tuple[SearchAgent, SearchAgent]:
        """Return for each seat an agent that plays the blueprint and thinks that the opponent plays another one."""
        own, model = self.blueprint.strategy().tables, solved_policy(self.tree, CFR, quality).strategy().tables
        tables = (own[0], model[1]), (model[0], own[1])
        first, second = (TabularPolicy(Strategy(self.tree, self.tree.subgame(), pair)) for pair in tables)
        cold = replace(config, warm_start="never")  # a warm start would take over what the model plays
        return SearchAgent(first, CFR, "round", cold), SearchAgent(second, CFR, "round", cold)

    def rows(self) -> Iterator[tuple[str, Measured]]:
        """Yield each cause with its exploitabilities."""
        wrong, right = (self.strength(self.search("round", config), 1000) for config in (UNSAFE, RESOLVE))
        yield GADGET, Measured(self.alone, wrong, right)
        wrong, right = (self.strength(self.believing(3, config), 1000) for config in (REFINED, RESOLVE))
        yield OPPONENT, Measured(self.alone, wrong, right)
        together = self.search("round 1+round 2", REFINED)
        yield MEMORY, Measured(self.alone, self.strength(self.forgetful(REFINED), 1000), self.strength(together, 1000))
        wrong, right = (self.strength(self.search("root", RESOLVE, self.limit(model)), 1000) for model in (10, None))
        yield LEAVES, Measured(self.alone, wrong, right)
        wrong, right = (self.strength(self.search("round", replace(RESOLVE, judge=judge)), 10) for judge in (False, True))
        yield TOO_FEW, Measured(self.alone, wrong, right)

    def corner(self, faults: Sequence[str]) -> float:
        """Return the exploitability of an agent that searches both rounds with some of the faults ``TREE``, ``RANGES`` and ``COUNT``."""
        limit = self.limit() if TREE in faults else None
        if RANGES in faults:
            agent: Any = self.forgetful(RESOLVE, limit)
        else:
            agent = self.search("round 1+round 2" if limit is None else "root", RESOLVE, limit)
        return self.strength(agent, SOME if COUNT in faults else MANY)
