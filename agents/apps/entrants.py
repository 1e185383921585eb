"""From a match's settings to those who play it."""

from __future__ import annotations

import itertools
import re
from dataclasses import replace

from agents.agent import Agent
from agents.apps.build import build_agent, build_policy, check_agent, enough_for, tree_of, untrained
from agents.apps.config import AgentConfig, MatchConfig
from agents.match.deal import Entrant
from agents.match.match import Match
from agents.opponents.bot import Bot, SandboxedBot
from agents.opponents.openspiel import check_bot
from agents.policy import Policy, UniformPolicy
from games import PublicTree
from games.derived import derived_game
from games.settings import shown
from search import Budget

MOST_NAME = 100  # bytes of an agent's name: two of them and a digest make a file's
THINKING = Budget(seconds=0.01)  # of an agent that thinks where no budget is given


def check_entrants(config: MatchConfig) -> None:
    """Refuse what can be refused without solving, training or playing."""
    build_matches(config, trial=True)


def check_names(config: MatchConfig) -> None:
    """Refuse names that would not make a file's."""
    for name in config.agents:
        if not re.fullmatch(r"\w+", name) or len(name.encode()) > MOST_NAME:
            raise ValueError(f"agents must have names of letters, digits and _, {MOST_NAME} bytes at most, got {shown(name)}")


def trains(config: MatchConfig) -> bool:
    """Say whether a network is trained in this run."""
    return any(map(untrained, config.agents.values()))


def named(
    name: str, config: AgentConfig, match: MatchConfig, tree: PublicTree, network: Policy | None = None, trial: bool = False
) -> Agent[int] | Bot:
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
            check_still(config)
            if trial:
                check_bot(config.bot or "")
            return SandboxedBot(derived_game(tree), config.bot or "", match.limit_seconds)
        variant = match.search.build()
        if trial:
            check_agent(config, tree, variant)
            if config.bot is not None:
                check_bot(config.bot)
        if trial and (untrained(config) or config.policy == "tabular"):
            policy: Policy = UniformPolicy(tree)
        elif untrained(config) and network is not None:
            policy = network
        else:
            policy = build_policy(config, tree, variant)
        return build_agent(replace(config, measure_error=False), policy, variant)
    except (ValueError, OSError) as error:
        raise ValueError(of_agent(name, error)) from None


def of_agent(name: str, error: Exception) -> str:
    """Return an error's text as one about ``agents.<name>``."""
    text = str(error)
    if text.startswith("budget."):
        return f"agents.{name}.{text}"
    return f"agents.{name}" + (text.removeprefix("agent") if text.startswith("agent.") else f": {text}")


def check_still(bot: AgentConfig) -> None:
    """Refuse to let somebody's bot think with our search."""
    if bot.think:
        raise ValueError("agent.think must be false for a bot, which decides by itself, got true")


def check_salt(match: MatchConfig) -> None:
    """Refuse a salt that makes no difference, or that no run has told."""
    if match.salt is None:
        return
    if not any(agent.policy == "bot" for agent in match.agents.values()):
        raise ValueError(f"salt must be left out where no bot plays, got {match.salt!r}")
    if not re.fullmatch(r"\w{1,64}", match.salt):
        raise ValueError(f"salt must be one that a match's result.json has, got {match.salt!r:.100}")


def budget_of(config: AgentConfig, match: MatchConfig) -> Budget:
    """Return what each decision of an agent may spend."""
    own = config.budget.build()
    if not config.think:
        return Budget(seconds=0)
    return enough_for(own if own.limited() else match.budget.build() if match.budget.build().limited() else THINKING, config)


def named_budget(name: str, config: AgentConfig, match: MatchConfig) -> Budget:
    """Return the same; errors call the agent ``agents.<name>``."""
    try:
        return budget_of(config, match)
    except ValueError as error:
        raise ValueError(of_agent(name, error)) from None


def build_matches(config: MatchConfig, network: Policy | None = None, trial: bool = False) -> list[Match]:
    """Return everybody against everybody."""
    tree, agents = tree_of(config.game.game_string()), config.agents.items()
    entrants = [
        Entrant(name, named(name, agent, config, tree, network, trial), named_budget(name, agent, config)) for name, agent in agents
    ]
    return [Match(pair, config.seed, config.duplicate, config.values, config.salt or "") for pair in itertools.combinations(entrants, 2)]
