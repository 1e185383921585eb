"""``timebank play`` on hold'em: the agent at the table, its blueprint solved first."""

from __future__ import annotations

from pathlib import Path

from agents.apps.ablate_holdem import check_agent, streets_of, thinker
from agents.apps.config import PlayConfig
from agents.apps.run import Progress
from agents.apps.solve_holdem import DEFAULT, check_memory, strength_text
from agents.board_blueprint import BoardBlueprint, make_blueprint
from agents.holdem_view import HoldemView
from agents.report import cores
from agents.street_agent import StreetAgent
from search import BoardStrategy


def check(config: PlayConfig) -> None:
    """Refuse bad values, a game that does not fit into memory among them."""
    game = config.game.build()
    check_agent(config.agent, game, cores())
    check_memory(game, config.search.build(DEFAULT), cores())


def view(config: PlayConfig, directory: Path, seed: int) -> HoldemView:
    """Return the table: a blueprint, solved or filled from a network in the run's directory, and the agent that plays it."""
    game, variant, agent = config.game.build(), config.search.build(DEFAULT), config.agent
    if agent.policy == "network":
        from agents.network_blueprint import make_network_blueprint

        blueprint: BoardBlueprint = make_network_blueprint(game, Path(str(agent.checkpoint)), directory / "blueprint")[0]
    else:
        progress = Progress("blueprint", agent.iterations, "it")
        try:
            blueprint = make_blueprint(game, agent.buckets, variant, agent.iterations, directory / "blueprint", seed, cores(), progress.at)
        finally:
            progress.close()
    print(f"blueprint {blueprint.name}: {strength_text(game, blueprint.exploitability)}", flush=True)
    streets = streets_of(agent.solve_from, game) if agent.think else []
    return HoldemView(
        StreetAgent(blueprint, variant, streets, **thinker(agent)), BoardStrategy(game, blueprint.tree, blueprint.strategies())
    )
