"""``timebank play`` on hold'em: the agent at the table, its blueprint made first."""

from __future__ import annotations

from pathlib import Path

from agents.apps.ablate_holdem import check_agent, searching
from agents.apps.config import PlayConfig
from agents.apps.entrants_holdem import POLICIES, blueprint_key, blueprint_of
from agents.apps.run import COMPILING, said_if_slow
from agents.apps.solve_holdem import DEFAULT, check_memory, strength_text
from agents.reporting.tables import cores, duration
from agents.search_agent import SearchAgent


def check(config: PlayConfig) -> None:
    """Refuse bad values, a game that does not fit into memory among them."""
    game = config.game.build()
    check_agent(config.agent, game, cores(), POLICIES)
    check_memory(game, config.search.build(DEFAULT), cores())


def agent_of(config: PlayConfig, directory: Path, seed: int) -> SearchAgent:
    """Return an agent that plays a blueprint, made in the run's directory or found there."""
    game, variant, agent = config.game.build(), config.search.build(DEFAULT), config.agent
    blueprint = blueprint_of(agent, game, variant, directory / blueprint_key(agent, game), seed)
    print(f"blueprint {blueprint.name}: {strength_text(game, blueprint.exploitability)}", flush=True)
    player = searching(agent, blueprint, variant)
    if player.thinks:
        with said_if_slow(COMPILING):
            player.load()
        print(f"loaded in {duration(player.load_seconds)}, outside of every decision's clock", flush=True)
    return player
