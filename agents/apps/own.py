"""``game=module:name``, ``search=``, ``agent=`` and ``trainer=``: what is your own becomes an option of its group."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields, is_dataclass
from functools import lru_cache, partial
from typing import Any

import numpy as np
from hydra.core.config_store import ConfigStore
from omegaconf import OmegaConf

from agents.agent import Agent, Decision
from agents.apps.config import AgentConfig, SearchConfig
from games.config import OpenSpielGame
from games.game import PublicGame
from games.modules import guarded, made, module_of, own
from search import Budget, represent

AGENT = ("name", "game", "blueprint", "thinks", "fingerprint", "load", "decide", "tabulate")  # what an agent has
TRAINER = ("iterations", "seed", "save_seconds")  # settings that every trainer has
TRAINER_METHODS = ("name", "filled", "start")


def _game(key: str, value: str) -> Any:
    module_of(key, value)
    return OpenSpielGame(string=value)


def _search(key: str, value: str) -> Any:
    config = SearchConfig(name=value)
    config.build()
    return config


def _agent(key: str, value: str) -> Any:
    own(key, value, "a function that returns an agent", callable)
    return AgentConfig(policy="uniform", think=True, own=value)


def _trainer(key: str, value: str) -> Any:
    settings = own(key, value, f"a dataclass of settings ({', '.join(TRAINER)}) with {', '.join(TRAINER_METHODS)}", _trains)
    return OmegaConf.merge(OmegaConf.structured(settings), {"seed": "${seed}"})


def _trains(found: Any) -> bool:
    known = {field.name for field in fields(found)} if isinstance(found, type) and is_dataclass(found) else set()
    return known.issuperset(TRAINER) and all(hasattr(found, method) for method in TRAINER_METHODS)


KINDS: dict[str, Callable[[str, str], Any]] = {"game": _game, "search": _search, "agent": _agent, "trainer": _trainer}


def add_option(group: str, key: str, value: str) -> None:
    """Let Hydra know ``module:name`` as an option of a group.

    Args:
        group: one of ``KINDS``.
        key: as it was typed, for errors.
        value: the option.

    Raises:
        ValueError: there is no such thing, or it may not run; see ``games.modules``.
    """
    ConfigStore.instance().store(group=group, name=value, node=KINDS[group](key, value))


def own_agent(game: PublicGame[Any], text: str, blueprint: Any) -> Agent[Any]:
    """Return the agent that ``module:function`` makes of a game and a blueprint.

    Raises:
        ValueError: as of ``games.modules.made``; it plays another game.
    """
    found: Agent[Any] = made("agent.own", text, "an agent", AGENT, game, blueprint)
    if found.game.key != game.key:
        raise ValueError(f"agent.own must return an agent of {game.name}, got {text!r}, which returned one of {found.game.name}")
    return found


def check_decision(text: str, agent: Agent[Any]) -> None:
    """Ask an agent of your own for its first decision with one iteration, and refuse what is none.

    Raises:
        ValueError: it raises something, or returns something else than a ``Decision`` with probabilities of the right shape.
    """
    game, representation = agent.game, represent(agent.game)
    state = game.root
    while (seat := game.player(state)) < 0:
        state = representation.below(state)[0]
    rule = "agent.own must decide by a Decision"
    agent.load()
    found = guarded(lambda: agent.decide(seat, state, None, Budget(iterations=1)), f"{rule}, got {text!r}, which raised")
    policy = np.asarray(getattr(found, "policy", ()))
    shape = representation.at(representation.uniform(), state).shape
    if not isinstance(found, Decision) or policy.shape != shape:
        raise ValueError(f"{rule} with a policy {list(shape)}, got {text!r}, which gave a {type(found).__name__} with {list(policy.shape)}")
    if not (np.all(policy >= 0) and np.allclose(policy.sum(0), 1, atol=1e-6)):
        raise ValueError(f"{rule} whose probabilities are at least 0 and sum to 1 for each hand, got {text!r}, whose do not")


@lru_cache(maxsize=8)
def own_policy(game: PublicGame[Any], text: str, *members: str) -> Any:
    """Return the policy that ``module:function`` makes of a game; made once in a process.

    Args:
        game: what is played.
        text: ``module:function``.
        members: that it has besides ``name`` and ``strategy``.

    Raises:
        ValueError: as of ``games.modules.made``; its tables are none of the game.
    """
    found = made("agent.policy", text, "a policy", ("name", "strategy", *members), game)
    rule, representation = f"agent.policy must give a strategy of {game.name}, got {text!r}", represent(game)
    tables = guarded(lambda: found.strategy().tables, f"{rule}, which raised")
    for player, table in enumerate(tables):
        if table.shape != representation.shape(player):
            shapes = f"{list(representation.shape(player))} of player {player}, got {text!r}, which gave {list(table.shape)}"
            raise ValueError(f"agent.policy must give a table {shapes}")
        guarded(partial(representation.check, table, player), f"{rule}:")
    return found
