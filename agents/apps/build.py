"""From settings to objects."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import Any, TypeVar

from agents.agent import Agent
from agents.apps.config import AblateConfig, AgentConfig, ExecutorConfig
from agents.apps.run import derive
from agents.blueprint import BlueprintAgent
from agents.policy import Policy, UniformPolicy, policy_from_file, solved_policy
from agents.runtime.executor import Executor, Local, Serial
from agents.search_agent import SearchAgent
from games import PublicTree
from games.settings import check_bounds, nearest
from search import Budget, Variant
from search.tree.infostates import TreeInfostates

REFERENCES = UNIFORM, FULL_GAME = "uniform", "full-game CFR"
Read = TypeVar("Read")
LINE_KEYS: dict[str, type] = {
    "solve_from": str,
    "gadget": str,
    "bounds": str,
    "gift_scale": float,
    "spread": float,
    "buckets": list,
    "think": bool,
    "warm_start": str,
    "enough": float,
    "measure_error": bool,
    "threads": int,
}
POLICIES = ("uniform", "tabular", "network", "table")


@lru_cache(maxsize=1)
def timed_tree(game: str) -> tuple[PublicTree, float]:
    """Return a game's public tree and the seconds that its derivation took; a game is checked and run on the same tree."""
    start = time.perf_counter()
    return derive(game), time.perf_counter() - start


def tree_of(game: str) -> PublicTree:
    """Return a game's public tree."""
    return timed_tree(game)[0]


@lru_cache(maxsize=1)
def infostates_of(game: str) -> TreeInfostates:
    """Return what training sees of a game."""
    return TreeInfostates(tree_of(game))


def check_agent(config: AgentConfig, tree: PublicTree, variant: Variant) -> None:
    """Refuse an agent that cannot be made, and values of keys that it does not use; its files are read."""
    if config.policy not in POLICIES:
        raise ValueError(f"agent.policy must be one of {', '.join(POLICIES)}, got {config.policy!r}")
    if config.threads != 1:
        raise ValueError(f"agent.threads must be 1 but on hold'em, got {config.threads}")
    if config.buckets:
        raise ValueError(f"agent.buckets must be left out but on hold'em, got {config.buckets}")
    check_files(config)
    policy = UniformPolicy(tree) if config.policy == "tabular" or untrained(config) else build_policy(config, tree, variant)
    named_agent(lambda: build_agent(replace(config, think=True), policy, variant))


def named_agent(build: Callable[[], Read]) -> Read:
    """Return what ``build`` returns; its errors name keys of ``agent``.

    Raises:
        ValueError: as ``build`` does.
    """
    try:
        return build()
    except ValueError as error:
        text = str(error)
        raise ValueError(text if text.startswith("agent.") else f"agent.{text}") from None


def check_no_budget(config: AgentConfig, instead: str) -> None:
    """Refuse a budget of an agent's own where the command has one of that name for its decisions."""
    for key, value in vars(config.budget).items():
        if value is not None:
            raise ValueError(f"agent.budget.{key} must be left out ({instead} says what decisions may spend), got {value}")


def check_files(config: AgentConfig) -> None:
    """Refuse files that are not there."""
    if config.checkpoint is not None and not Path(config.checkpoint).is_file():
        raise ValueError(f"agent.checkpoint must be a checkpoint file, got {config.checkpoint}")
    if (config.table is not None or config.policy == "table") and not Path(config.table or "").is_file():
        raise ValueError(f"agent.table must be a file of information states, got {config.table}")


def untrained(config: AgentConfig) -> bool:
    """Say whether an agent plays a network that is trained in its run."""
    return config.policy == "network" and config.checkpoint is None


def build_policy(config: AgentConfig, tree: PublicTree, variant: Variant) -> Policy:
    """Return the agent's policy; a network needs a checkpoint.

    Raises:
        ValueError: a file that holds none; the message names the key.
    """
    if config.policy == "uniform":
        return UniformPolicy(tree)
    if config.policy == "tabular":
        return solved_policy(tree, variant, config.iterations)
    if config.policy == "table":
        return of_file("agent.table", lambda: policy_from_file(Path(str(config.table)), tree))
    from agents.networks import load_policy

    if config.checkpoint is None:
        raise ValueError("agent.checkpoint must name a checkpoint of a network, got none")
    return of_file("agent.checkpoint", lambda: load_policy(Path(str(config.checkpoint)), infostates_of(tree.game)))


def of_file(key: str, read: Callable[[], Read]) -> Read:
    """Return what ``read`` returns; its errors name the key of the file.

    Raises:
        ValueError: the file holds something else, or cannot be read.
    """
    try:
        return read()
    except (ValueError, OSError) as error:
        text, name = str(error), key.rsplit(".", 1)[-1]
        raise ValueError(f"{key}{text.removeprefix(name)}" if text.startswith(f"{name} ") else f"{key}: {text}") from None


def training_history(config: AgentConfig) -> list[dict[str, Any]]:
    """Return what a network's checkpoint says of its training: rows with compute in multiply-adds; none for other policies."""
    if config.policy != "network" or config.checkpoint is None:
        return []
    from agents.networks.checkpoint import history_of, policy_metadata

    checkpoint = Path(config.checkpoint)
    rows = of_file("agent.checkpoint", lambda: history_of(policy_metadata(checkpoint), checkpoint))
    return [{"compute": row["multiply_adds"], **row} for row in rows]


def build_agent(config: AgentConfig, policy: Policy, variant: Variant) -> Agent[int]:
    """Return the agent that plays a policy as the settings say."""
    if not config.think:
        return BlueprintAgent(policy)
    return SearchAgent(
        policy,
        variant,
        config.solve_from,
        config.gadget,
        config.warm_start,
        config.measure_error,
        config.bounds,
        config.gift_scale,
        config.spread,
    )


def build_budgets(values: list[float], unit: str) -> list[Budget]:
    """Return the budgets above 0; refuses bad ones."""
    if not values:
        raise ValueError("budgets must name at least one thinking time, got []")
    for value in values:
        if type(value) not in (int, float):  # OmegaConf takes a list for a number
            raise ValueError(f"budgets must be numbers, got {value}")
    if unit == "iterations" and any(v != int(v) for v in values):
        raise ValueError(f"budgets must be whole numbers of iterations, got {values}")
    kinds: dict[str, Any] = {"seconds": float, "iterations": int}
    return [Budget(**{unit: kinds[unit](value)}) for value in sorted(set(values)) if value != 0]


def enough_for(budget: Budget, config: AgentConfig) -> Budget:
    """Return an agent's budget of a decision: this one, and the exploitability that is enough for it if it thinks."""
    return with_enough([budget], config)[0] if config.think else budget


def with_enough(budgets: list[Budget], config: AgentConfig) -> list[Budget]:
    """Return an agent's budgets: these, and the exploitability that is enough for it."""
    if config.enough is None:
        return budgets
    return [replace(budget, exploitability=config.enough) for budget in budgets]


def build_executor(config: ExecutorConfig) -> Executor:
    """Return the executor; refuses bad settings, those of the other kind too."""
    local = Local(config.workers)
    return local if config.kind == "local" else Serial()


def agents_of(config: AblateConfig) -> dict[str, AgentConfig]:
    """Return each line's agent settings: the agent's, with what the line says of its search. All lines share one policy.

    Raises:
        ValueError: a reserved name, or a key or type that does not fit.
    """
    if not config.lines:
        return {"search": config.agent} if config.agent.think else {}
    found = {}
    for name, line in config.lines.items():
        if name in (*REFERENCES, f"{config.agent.policy} alone"):
            raise ValueError(f"lines must have names of their own, got {name!r}, which is a reference's")
        for key, value in (line if isinstance(line, dict) else {"line": line}).items():
            if not isinstance(line, dict):
                raise ValueError(f"lines.{name} must be keys of agent with values, such as {{gadget: resolve}}, got {line!r}")
            if key not in LINE_KEYS:
                raise ValueError(
                    f"lines.{name}.{key} must be one of {', '.join(LINE_KEYS)}, got an unknown key{nearest(str(key), LINE_KEYS)}"
                )
            if not (isinstance(value, LINE_KEYS[key]) or (LINE_KEYS[key] is float and type(value) is int)):
                raise ValueError(f"lines.{name}.{key} must be a {LINE_KEYS[key].__name__}, got {value!r}")
        found[str(name)] = replace(config.agent, **{"think": True, **line})
        check_bounds(found[str(name)], f"lines.{name}")
    return found


def lines_of(config: AblateConfig, policy: Policy) -> dict[str, tuple[Agent[int], list[Budget]]]:
    """Return what is measured: the policy alone, each line, and the references."""
    variant = config.search.build()
    budgets = build_budgets(config.budgets, config.unit)
    still = [Budget(seconds=0)]
    lines: dict[str, tuple[Agent[int], list[Budget]]] = {}
    if 0 in config.budgets or not config.agent.think:
        lines[f"{config.agent.policy} alone"] = (BlueprintAgent(policy), still)
    lines |= {name: (build_agent(agent, policy, variant), with_enough(budgets, agent)) for name, agent in agents_of(config).items()}
    if config.references:
        uniform = UniformPolicy(policy.tree)
        plain_cfr = SearchAgent(uniform, variant, "root", "unsafe", warm_start="never", measure_error=True)
        lines |= {UNIFORM: (BlueprintAgent(uniform), still), FULL_GAME: (plain_cfr, budgets)}
    return {name: (agent, own) for name, (agent, own) in lines.items() if own}
