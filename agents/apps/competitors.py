"""From a match's settings to those who play it."""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from agents.apps.build import (
    ANY_AMOUNT,
    SAMPLED,
    Kind,
    agent_cores,
    any_amount,
    build_executor,
    build_kind,
    build_variant,
    check_priced,
    check_sampled_keys,
    enough_for,
    refuse_trained,
    untrained,
)
from agents.apps.config import AgentConfig, MatchConfig
from agents.apps.run import Run
from agents.apps.value_files import value_files
from agents.match.bank import BankRule
from agents.match.deal import Competitor
from agents.match.match import Match
from agents.opponents.acpc import ACPC, HOST, WAIT_SECONDS, AcpcBot, listener
from agents.opponents.bot import Bot, SandboxedBot
from agents.runtime.executor import Executor, Serial
from games.settings import shown
from search import Budget

MOST_NAME = 100  # bytes of an agent's name: two of them and a digest make a file's
NO_VALUES = "values: taken as none, in a game of any amount they are those of a sampled blueprint, and nobody has one"
THINKING = Budget(seconds=0.01)  # of an agent that thinks where no budget is given


def match_kind(config: MatchConfig) -> Kind:
    """Return what is played: with any legal amount if the game has them and everybody can."""
    return build_kind(config.game, any_amount(config.agents.values()))


def match_notes(config: MatchConfig) -> tuple[str, ...]:
    """Return what of the settings is taken otherwise than written."""
    kind = match_kind(config)
    return kind.notes if values_of(config, kind) == config.values else (*kind.notes, NO_VALUES)


def values_of(config: MatchConfig, kind: Kind) -> str:
    """Return AIVAT's value function, ``none`` where there is none."""
    return config.values if kind.valued or any(agent.policy == SAMPLED for agent in config.agents.values()) else "none"


def check_competitors(config: MatchConfig, directory: Path) -> None:
    """Refuse what can be refused without solving, training or playing."""
    kind = match_kind(config)
    variant, executor = build_variant(config, kind), build_table(config)
    check_names(config)
    check_salt(config)
    if config.against is not None and config.against not in config.agents:
        raise ValueError(f"against must be one of {', '.join(config.agents)}, got {config.against!r}")
    if config.clients and len(config.agents) != 2:
        raise ValueError(f"agents must be two where a client plays (bot=acpc), which has one table, got {len(config.agents)}")
    for name, agent in config.agents.items():
        with errors_of(name):
            if agent.bot is not None or agent.policy == "bot":
                check_sampled_keys(agent)
                kind.check_bot(agent.bot or "")
            check_client(agent)
            if agent.policy == "bot":
                check_still(agent)
            else:
                refuse_trained(agent)
                kind.check_agent(agent, variant, agent_cores(executor), bots=True)
            budget_of(agent, config)
    own = [agent for agent in config.agents.values() if agent.policy not in ("network", *ANY_AMOUNT)]
    if own:
        kind.check_solvable(variant)
    if any(map(untrained, config.agents.values())):
        from agents.apps.training import check_training

        check_training(kind, config.trainer, directory / "training")
    _matches(config, kind, lambda agent: kind.stand_in())


def build_matches(config: MatchConfig, directory: Path, result: Run) -> list[Match]:
    """Return who plays whom, blueprints made."""
    kind, made = match_kind(config), dict[str, Any]()
    variant = build_variant(config, kind)
    if any(map(untrained, config.agents.values())):
        from agents.apps.training import train_and_report
        from agents.training import POLICY_FILE

        train_and_report(kind, config.trainer, directory / "training", result)
        made["network"], _ = kind.network(directory / "training" / POLICY_FILE, directory / "blueprints" / "network")

    def blueprint(agent: AgentConfig) -> Any:
        key = "network" if untrained(agent) else kind.blueprint_key(agent)
        if key not in made:
            made[key] = kind.blueprint(agent, variant, directory / "blueprints" / key, config.seed)
        return made[key]

    matches = _matches(config, kind, blueprint)
    if kind.size_unit is not None:
        result.write(blueprints=[blueprint.row() for blueprint in made.values()])
    return matches


def _matches(config: MatchConfig, kind: Kind, blueprint: Callable[[AgentConfig], Any]) -> list[Match]:
    variant, values, competitors = build_variant(config, kind), values_of(config, kind), []
    for name, agent in config.agents.items():
        with errors_of(name):
            if agent.policy == "bot":
                who: Any = build_bot(kind, agent, config.limit_seconds)
            else:
                who = kind.agent(replace(agent, measure_error=False), blueprint(agent), variant)
            competitors.append(Competitor(name, who, *budget_of(agent, config)))
    rival = next((competitor for competitor in competitors if competitor.name == config.against), None)
    pairs = itertools.combinations(competitors, 2) if rival is None else ((own, rival) for own in competitors if own is not rival)
    networks = value_files(config, kind, values)
    return [Match(pair, config.seed, config.duplicate, values, config.salt or "", networks) for pair in pairs]


def build_bot(kind: Kind, agent: AgentConfig, limit_seconds: float) -> Bot:
    """Return a bot, or the place of a client that connects to the match."""
    if agent.bot != ACPC:
        return SandboxedBot(kind.game, agent.bot or "", limit_seconds)
    game: Any = kind.game
    return AcpcBot(game, agent.port or 0, agent.host or HOST, limit_seconds, agent.wait_seconds or WAIT_SECONDS)


def build_table(config: MatchConfig) -> Executor:
    """Return where hands are played: in this process where a client plays, one after another."""
    return Serial() if config.clients else build_executor(config.executor)


def check_client(agent: AgentConfig) -> None:
    """Refuse a client without a free port, and what says where it connects of anybody else."""
    if agent.policy == "bot" and agent.bot == ACPC:
        if agent.port is None:
            raise ValueError("agent.port must be given for bot=acpc, got none (the port that is listened on)")
        listener(agent.host or HOST, agent.port).close()
        return
    for key, value in (("host", agent.host), ("port", agent.port), ("wait_seconds", agent.wait_seconds)):
        if value is not None:
            raise ValueError(f"agent.{key} must be left out but for bot=acpc, got {value}")


def check_names(config: MatchConfig) -> None:
    """Refuse names that would not make a file's."""
    for name in config.agents:
        if not re.fullmatch(r"\w+", name) or len(name.encode()) > MOST_NAME:
            raise ValueError(f"agents must have names of letters, digits and _, {MOST_NAME} bytes at most, got {shown(name)}")


def check_still(bot: AgentConfig) -> None:
    """Refuse to let somebody's bot think with our search."""
    if bot.think:
        raise ValueError("agent.think must be false for a bot, which decides by itself, got true")


def check_salt(match: MatchConfig) -> None:
    """Refuse a salt that makes no difference, or that no run has told."""
    if match.salt is None:
        return
    if not match.bots:
        raise ValueError(f"salt must be left out where no bot plays, got {match.salt!r}")
    if not re.fullmatch(r"\w{1,64}", match.salt):
        raise ValueError(f"salt must be one that a match's result.json has, got {match.salt!r:.100}")


def budget_of(config: AgentConfig, match: MatchConfig) -> tuple[Budget, BankRule | None]:
    """Return what each decision of an agent may spend, and its time bank if it has one."""
    own, common = [(given.build(banks=True), given.bank()) for given in (config.budget, match.budget)]
    if not config.think:
        return Budget(seconds=0), None
    given = own if own[0].limited() or own[1] else common if common[0].limited() or common[1] else (THINKING, None)
    if given[1] is None:
        return enough_for(given[0], config), None
    if config.price is not None:
        raise ValueError(f"agent.price must be left out with budget.bank_seconds, which sets the price, got {config.price:g}")
    check_priced(config, "budget.bank_seconds", given[1].bank_seconds)
    return enough_for(given[0], config), given[1]


@contextmanager
def errors_of(name: str) -> Iterator[None]:
    """Let errors name keys of ``agents.<name>``."""
    try:
        yield
    except (ValueError, OSError) as error:
        text = str(error)
        if text.startswith("budget."):
            raise ValueError(f"agents.{name}.{text}") from None
        raise ValueError(f"agents.{name}" + (text.removeprefix("agent") if text.startswith("agent.") else f": {text}")) from None
