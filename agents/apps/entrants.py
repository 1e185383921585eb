"""From a match's settings to those who play it."""

from __future__ import annotations

import itertools
import re
from dataclasses import replace
from typing import Any

from agents.agent import Agent
from agents.apps.build import build_agent, build_policy, check_agent, tree_of
from agents.apps.config import AgentConfig, MatchConfig
from agents.hand import Entrant
from agents.match import Match
from agents.openspiel import BotStranger, check_bot
from agents.policy import Policy, UniformPolicy
from agents.stranger import Guarded, Stranger
from games import PublicTree
from games.holdem_config import Bets
from search import Budget

THINKING = Budget(seconds=0.01)  # of an agent that thinks where no budget is given


def game_of(game: Any, command: str) -> str:
    """Return the game string.

    Raises:
        ValueError: it is hold'em, which is not played yet.
    """
    if isinstance(game, Bets):
        raise ValueError(f"game must be one derived from OpenSpiel for {command} (hold'em is not played yet), got {type(game).__name__}")
    return str(game.game_string())


def check_entrants(config: MatchConfig) -> None:
    """Refuse what can be refused without solving, training or playing."""
    for name in config.agents:
        if not re.fullmatch(r"\w+", name):
            raise ValueError(f"agents must have names of letters, digits and _, got {name!r}")
    build_matches(config, trial=True)


def trains(config: MatchConfig) -> bool:
    """Say whether a network is trained in this run."""
    return any(agent.policy == "network" and agent.checkpoint is None for agent in config.agents.values())


def named(
    name: str, config: AgentConfig, match: MatchConfig, tree: PublicTree, network: Policy | None = None, trial: bool = False
) -> Agent | Stranger:
    """Return one agent; errors call it ``agents.<name>``.

    Args:
        name: the agent's.
        config: its settings.
        match: the match's.
        tree: of the game.
        network: what agents play whose network has no checkpoint.
        trial: uniform play stands in for policies that are yet to be solved or trained.
    """
    try:
        if config.policy == "bot":
            check_bot(config.bot or "")
            return Guarded(BotStranger(tree, config.bot or ""), match.limit_seconds)
        check_agent(config)
        untrained = config.policy == "network" and config.checkpoint is None
        if trial and (untrained or config.policy == "tabular"):
            policy: Policy = UniformPolicy(tree)
        elif untrained and network is not None:
            policy = network
        else:
            policy = build_policy(config, tree, match.search.build())
        return build_agent(replace(config, measure_error=False), policy, match.search.build())
    except (ValueError, OSError) as error:
        text = str(error)
        raise ValueError(f"agents.{name}" + (text.removeprefix("agent") if text.startswith("agent.") else f": {text}")) from None


def budget_of(config: AgentConfig, match: MatchConfig) -> Budget:
    """Return what each decision of an agent may spend."""
    if not config.think:
        return Budget(seconds=0)
    own = config.budget.build()
    return own if own.limited() else match.budget.build() if match.budget.build().limited() else THINKING


def build_matches(config: MatchConfig, network: Policy | None = None, trial: bool = False) -> list[Match]:
    """Return everybody against everybody."""
    tree, agents = tree_of(game_of(config.game, "match")), config.agents.items()
    entrants = [Entrant(name, named(name, agent, config, tree, network, trial), budget_of(agent, config)) for name, agent in agents]
    return [Match(pair, config.seed, config.duplicate, config.values) for pair in itertools.combinations(entrants, 2)]
