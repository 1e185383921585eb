"""What commands do in games derived from OpenSpiel."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import Any

from agents.agent import Agent
from agents.apps.build import (
    CONTINUATIONS,
    FULL_GAME,
    STILL,
    TRAINED,
    UNIFORM,
    Lines,
    check_depth,
    check_files,
    check_sampled_keys,
    named_agent,
    of_file,
    resolve_config,
    untrained,
)
from agents.apps.config import VIEW, AgentConfig, SolveConfig
from agents.apps.own import check_decision, own_agent, own_policy
from agents.blueprint import BlueprintAgent
from agents.evaluation.locks import locks_of
from agents.evaluation.solving import TreeSolving
from agents.policy import Policy, UniformPolicy, policy_from_file, solved_policy
from agents.search_agent import SearchAgent
from games.derived import DerivedGame
from games.settings import OWN
from search import Budget, Variant
from search.continuations import DEFAULT_CONTINUATIONS, OPPONENT
from search.frontier import DepthLimit
from search.resolving import ResolveConfig
from search.tree.continuations import continuation_limit
from search.tree.infostates import TreeInfostates


@lru_cache(maxsize=1)
def infostates_of(game: DerivedGame) -> TreeInfostates:
    """Return what training sees of a game."""
    return TreeInfostates(game.tree)


class DerivedKind:
    """See ``agents.apps.build.Kind``."""

    notes: tuple[str, ...] = ()
    default_variant, size_unit, deep, valued = "default", None, TreeInfostates.deep, True
    policies = ("uniform", "tabular", "network", "table")

    def __init__(self, game: DerivedGame) -> None:
        self.game, self.tree = game, game.tree

    def strength(self, exploitability: float) -> dict[str, Any]:
        return {"value": exploitability, "unit": "chips"}

    def strength_text(self, exploitability: float) -> str:
        return f"{exploitability:.4g} chips"

    def check_agent(self, agent: AgentConfig, variant: Variant, cores_each: int, bots: bool = False) -> None:
        if agent.policy not in self.policies and ":" not in agent.policy:
            raise ValueError(f"agent.policy must be one of {', '.join((*self.policies, OWN))}, got {agent.policy!r}")
        if agent.threads != 1:
            raise ValueError(f"agent.threads must be 1 but on hold'em, got {agent.threads}")
        if agent.buckets:
            raise ValueError(f"agent.buckets must be left out but on hold'em, got {agent.buckets}")
        check_files(agent)
        check_sampled_keys(agent)
        check_depth(agent)
        made = self.stand_in() if agent.policy == "tabular" or untrained(agent) else self.blueprint(agent, variant, Path(), 0)
        player = named_agent(lambda: self.agent(replace(agent, think=True), made, variant))
        if agent.own is not None:
            check_decision(player)

    def check_memory(self, agents: Sequence[AgentConfig], variant: Variant, workers: int) -> None:
        """Refuse nothing: a game was made already."""

    def check_solvable(self, variant: Variant) -> None:
        """Refuse nothing: a game was made already."""

    def check_solve(self, config: SolveConfig, variant: Variant) -> None:
        for key, value in (("load", config.load), ("show", config.show)):
            if value is not None:
                raise ValueError(f"{key} must be left out for a game derived from OpenSpiel, got {value}")
        if config.saves() == VIEW:
            raise ValueError(f"save must be true or false for a game derived from OpenSpiel, got {config.save}")
        if config.storage != 32:
            raise ValueError(f"storage must be 32 for a game derived from OpenSpiel (only hold'em has a choice), got {config.storage}")
        if config.threads != 1:
            raise ValueError(f"threads must be 1 for a game derived from OpenSpiel (an iteration takes microseconds), got {config.threads}")

        locks_of(self.game, config.locks())

    def solving(self, config: SolveConfig, variant: Variant) -> TreeSolving:
        return TreeSolving(self.tree, variant, locks_of(self.game, config.locks()))

    def check_bot(self, bot: str) -> None:
        from agents.opponents.openspiel import check_bot

        check_bot(bot)

    def check_infostates(self) -> None:
        self.infostates()

    def infostates(self) -> TreeInfostates:
        return infostates_of(self.game)

    def blueprint_key(self, agent: AgentConfig) -> str:
        return "-".join(map(str, (agent.policy, agent.iterations, agent.table, agent.checkpoint)))

    def blueprint(self, agent: AgentConfig, variant: Variant, directory: Path, seed: int) -> Policy[int]:
        if agent.policy == "uniform":
            return UniformPolicy(self.tree)
        if agent.policy == "tabular":
            return solved_policy(self.tree, variant, agent.iterations)
        if agent.policy == "table":
            return of_file("agent.table", lambda: policy_from_file(Path(str(agent.table)), self.tree))
        if ":" in agent.policy:
            found: Policy[int] = own_policy(self.game, agent.policy, "tree", "at", "game", "fingerprint")
            return found
        if untrained(agent):
            raise ValueError("agent.checkpoint must name a checkpoint of a network, got none")
        return self.network(Path(str(agent.checkpoint)), directory)[0]

    def network(self, checkpoint: Path, directory: Path) -> tuple[Policy[int], list[dict[str, Any]]]:
        from agents.networks import load_policy
        from agents.networks.checkpoint import history_of, policy_metadata

        policy = of_file("agent.checkpoint", lambda: load_policy(checkpoint, self.infostates()))
        rows = of_file("agent.checkpoint", lambda: history_of(policy_metadata(checkpoint), checkpoint))
        return policy, [{"compute": row["multiply_adds"], **row} for row in rows]

    def size(self, blueprint: Policy[int]) -> None:
        return None

    def agent(self, agent: AgentConfig, blueprint: Policy[int], variant: Variant) -> Agent[Any]:
        if not agent.think:
            return BlueprintAgent(blueprint)
        if agent.own is not None:
            return own_agent(self.game, agent.own, blueprint)
        limit = None if agent.values is None else self._limit(agent.values, agent, blueprint)
        return SearchAgent(blueprint, variant, agent.solve_from, resolve_config(agent), limit=limit, measure_error=agent.measure_error)

    def _limit(self, values: str, agent: AgentConfig, blueprint: Policy[int]) -> DepthLimit[int]:
        """Return a depth limit with a value network's leaves, or the policy's; a new network stands for one that is yet to be trained."""
        if values == CONTINUATIONS:
            strategy: Any = blueprint.strategy()
            return continuation_limit(strategy, agent.continuations or DEFAULT_CONTINUATIONS, agent.chooser or OPPONENT, agent.depth)
        from agents.networks.value import load_values, new_values

        infostates = self.infostates()
        leaves = new_values(infostates) if values == TRAINED else of_file("agent.values", lambda: load_values(Path(values), infostates))
        return DepthLimit(leaves, agent.depth)

    def alone_name(self, agent: AgentConfig, blueprint: Policy[int]) -> str:
        return f"{agent.policy} alone"

    def references(self, variant: Variant, budgets: list[Budget]) -> Lines:
        uniform = self.stand_in()
        plain_cfr = SearchAgent(uniform, variant, "root", ResolveConfig("unsafe", warm_start="never"), measure_error=True)
        return {UNIFORM: (BlueprintAgent(uniform), [STILL]), FULL_GAME: (plain_cfr, budgets)}

    def announce(self, line: str, agent: AgentConfig, blueprint: Policy[int], budgets: int) -> None:
        """Say nothing: a line takes seconds."""

    def stand_in(self) -> UniformPolicy:
        return UniformPolicy(self.tree)
