"""From a match's settings to those who play it, on hold'em: blueprints are made first, in the run's directory, and found there again."""

from __future__ import annotations

import itertools
import math
from pathlib import Path

from agents.apps.ablate_holdem import check_agent, key_of, streets_of, thinker
from agents.apps.build import build_executor
from agents.apps.config import AgentConfig, MatchConfig
from agents.apps.entrants import budget_of, check_still, of_agent
from agents.apps.run import PREPARING, Progress, Run
from agents.apps.solve_holdem import DEFAULT, check_memory, strength_text
from agents.board_blueprint import BoardBlueprint, make_blueprint, make_uniform_blueprint
from agents.match.deal import Entrant
from agents.match.match import Match
from agents.opponents.bot import Bot, SandboxedBot, check_bot
from agents.opponents.builtin import BOTS
from agents.reporting.tables import cores
from agents.street_agent import StreetAgent
from games.holdem.rules import HoldemGame
from search import Variant
from search.boards.search import StreetSearch

POLICIES = ("tabular", "network", "uniform")  # blueprints


def check(config: MatchConfig) -> None:
    """Refuse what can be refused without solving or playing."""
    game: HoldemGame = config.game.build()
    each = max(cores() // build_executor(config.executor).workers, 1)
    for name, agent in config.agents.items():
        try:
            if agent.policy == "bot":
                check_still(agent)
                check_bot(agent.bot or "", BOTS, ", on hold'em")
                agent.budget.build()
                continue
            if agent.bot is not None:
                check_bot(agent.bot, BOTS, ", on hold'em")
            check_agent(agent, game, each, (*POLICIES, "bot"))
            if agent.policy == "network" and agent.checkpoint is None:
                raise ValueError("agent.checkpoint must name a network's checkpoint (timebank train makes one), got none")
            budget_of(agent, config)
            if agent.think:
                StreetSearch(0, agent.gadget, agent.bounds, budget_of(agent, config))  # refuses budgets that limit nothing
        except (ValueError, OSError) as error:
            raise ValueError(of_agent(name, error)) from None
    if any(agent.policy not in ("network", "bot") for agent in config.agents.values()):
        check_memory(game, config.search.build(DEFAULT), cores())
    trial = BoardBlueprint(game, Path(), "trial", 0, math.nan, math.nan)
    _matches(config, game, dict.fromkeys(config.agents, trial))


def build(config: MatchConfig, directory: Path, result: Run) -> list[Match]:
    """Return everybody against everybody, blueprints made."""
    game: HoldemGame = config.game.build()
    made: dict[str, BoardBlueprint] = {}
    blueprints = {}
    for name, agent in config.agents.items():
        if agent.policy == "bot":
            continue
        key = blueprint_key(agent, game)
        if key not in made:
            made[key] = blueprint_of(agent, game, config.search.build(DEFAULT), directory / key, config.seed)
            print(f"blueprint {made[key].name}: {strength_text(game, made[key].exploitability)}{made[key].written()}", flush=True)
        blueprints[name] = made[key]
    result.write(blueprints=[blueprint.row() for blueprint in made.values()])
    return _matches(config, game, blueprints)


def _matches(config: MatchConfig, game: HoldemGame, blueprints: dict[str, BoardBlueprint]) -> list[Match]:
    variant = config.search.build(DEFAULT)
    entrants = []
    for name, agent in config.agents.items():
        if agent.policy == "bot":
            who: StreetAgent | Bot = SandboxedBot(game, agent.bot or "", config.limit_seconds)
        else:
            streets = streets_of(agent.solve_from, game) if agent.think else []
            who = StreetAgent(blueprints[name], variant, streets, **thinker(agent))
        entrants.append(Entrant(name, who, budget_of(agent, config)))
    return [Match(pair, config.seed, config.duplicate, config.values, config.salt or "") for pair in itertools.combinations(entrants, 2)]


def blueprint_key(agent: AgentConfig, game: HoldemGame) -> str:
    """Return what tells blueprints apart, as a directory's name."""
    if agent.policy != "network":
        return "uniform" if agent.policy == "uniform" else "-".join(map(str, key_of(agent)))
    from agents.networks import policy_metadata

    return f"network-{policy_metadata(Path(str(agent.checkpoint)), game.key)['digest'][:8]}"


def blueprint_of(agent: AgentConfig, game: HoldemGame, variant: Variant, directory: Path, seed: int) -> BoardBlueprint:
    """Return an agent's blueprint, made or found in a directory."""
    if agent.policy == "uniform":
        return make_uniform_blueprint(game, directory)
    if agent.policy == "network":
        from agents.network_blueprint import make_network_blueprint

        return make_network_blueprint(game, Path(str(agent.checkpoint)), directory)[0]
    progress = Progress(f"blueprint {directory.name}", agent.iterations, "it", PREPARING)
    try:
        return make_blueprint(game, agent.buckets, variant, agent.iterations, directory, seed, cores(), progress.at)
    finally:
        progress.close()
