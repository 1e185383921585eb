"""From the settings of ``timebank bot`` to who plays at somebody else's table."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from agents.apps.build import (
    ANY_AMOUNT,
    STILL,
    Kind,
    any_amount,
    build_kind,
    build_variant,
    check_no_budget,
    enough_for,
    refuse_trained,
    untrained,
)
from agents.apps.competitors import check_client, check_still
from agents.apps.config import BotConfig
from agents.apps.run import compiling
from agents.opponents.acpc import ACPC
from agents.opponents.bot import SandboxedBot
from agents.protocols.player import Player
from agents.reporting.tables import cores
from search import Budget

SECOND = Budget(seconds=1.0)  # of a decision where no budget is given


def player_kind(config: BotConfig) -> Kind:
    """Return what is played: with any legal amount if the game has them and the player can."""
    return build_kind(config.game, any_amount([config.agent]))


def check_player(config: BotConfig) -> None:
    """Refuse a player that cannot be made."""
    agent, kind = config.agent, player_kind(config)
    variant = build_variant(config, kind)
    budget_of(config)  # refuses bad values
    check_no_budget(agent, "budget")
    if agent.policy == "bot":
        check_still(agent)
        if agent.bot == ACPC:
            raise ValueError("agent must be one that plays by itself, got acpc (it is for matches: agent@agents.b=acpc)")
        kind.check_bot(agent.bot or "")
        return
    check_client(agent)
    refuse_trained(agent)
    with compiling():
        kind.check_agent(agent, variant, cores())
    if untrained(agent):
        raise ValueError(f"agent.checkpoint must name a network's checkpoint (timebank train makes one), got {agent.checkpoint or 'none'}")
    if agent.policy not in ANY_AMOUNT:
        kind.check_solvable(variant)


def build_player(config: BotConfig, directory: Path, seed: int) -> Player:
    """Return who plays, loaded; its blueprint is made or found in a directory."""
    agent, kind = config.agent, player_kind(config)
    if agent.policy == "bot":
        player = Player(SandboxedBot(kind.game, agent.bot or "", config.limit_seconds), STILL, seed)
    else:
        variant = build_variant(config, kind)
        blueprint = kind.blueprint(agent, variant, directory / kind.blueprint_key(agent), seed)
        made: Any = kind.agent(replace(agent, measure_error=False), blueprint, variant)
        player = Player(made, budget_of(config), seed)
    player.load()
    return player


def budget_of(config: BotConfig) -> Budget:
    """Return what each decision may spend."""
    given = config.budget.build()
    return enough_for(given if given.limited() else SECOND, config.agent) if config.agent.think else STILL
