"""``game=module:name``, ``search=``, ``agent=`` and ``trainer=``: what is your own becomes an option of its group."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields, is_dataclass
from functools import lru_cache, partial
from typing import Any

import numpy as np
from hydra.core.config_store import ConfigStore
from omegaconf import OmegaConf

from agents.agent import Agent, BaseAgent, Decision
from agents.apps.config import AgentConfig, SearchConfig
from games.config import OpenSpielGame
from games.game import PublicGame
from games.modules import guarded, made, module_of, own
from search import Budget, represent
from search.outcome import Outcome

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
    """Return the agent that ``module:function`` makes of a game and a blueprint; each of its answers is looked at.

    Raises:
        ValueError: as of ``games.modules.made``; it plays another game.
    """
    found: Agent[Any] = made("agent.own", text, "an agent", AGENT, game, blueprint)
    if found.game.key != game.key:
        raise ValueError(f"agent.own must return an agent of {game.name}, got {text!r}, which returned one of {found.game.name}")
    return OwnAgent(found, text)


class OwnAgent(BaseAgent):
    """An agent of somebody's own: what it raises, and an answer that is none, is a ``ValueError`` of one line.

    Args:
        agent: it.
        text: ``module:function``.
    """

    def __init__(self, agent: Agent[Any], text: str) -> None:
        self.agent, self.text = agent, text
        self.name, self.game, self.blueprint, self.thinks = agent.name, agent.game, agent.blueprint, agent.thinks

    def fingerprint(self) -> bytes:
        found: bytes = guarded(self.agent.fingerprint, f"agent.own must have a fingerprint, got {self.text!r}, which raised")
        return found

    def load(self) -> None:
        guarded(self.agent.load, f"agent.own must load, got {self.text!r}, which raised")

    def decide(self, seat: int, state: Any, memory: Any, budget: Budget) -> Decision:
        """Return the agent's decision.

        Raises:
            ValueError: it is none, or the agent raises something.
        """
        rule = "agent.own must decide by a Decision"
        found = guarded(lambda: self.agent.decide(seat, state, memory, budget), f"{rule}, got {self.text!r}, which raised")
        policy = np.asarray(getattr(found, "policy", ()))
        shape = len(self.game.actions(state)), self.game.num_hands[seat]
        if not isinstance(found, Decision) or policy.shape != shape:
            got = f"which gave a {type(found).__name__} with {list(policy.shape)}"
            raise ValueError(f"{rule} with a policy {list(shape)}, got {self.text!r}, {got}")
        if not (np.all(policy >= 0) and np.allclose(policy.sum(0), 1, atol=1e-6)):
            raise ValueError(f"{rule} whose probabilities are at least 0 and sum to 1 for each hand, got {self.text!r}, whose do not")
        if not (0 <= found.seconds < np.inf and found.iterations >= 0 and found.outcome in tuple(Outcome)):
            raise ValueError(f"{rule} with seconds and iterations of at least 0 and an Outcome, got {self.text!r}, without them")
        return found


def check_decision(agent: Agent[Any]) -> None:
    """Ask an agent for its first decision with one iteration.

    Raises:
        ValueError: see ``OwnAgent.decide``.
    """
    game, representation = agent.game, represent(agent.game)
    state = game.root
    while (seat := game.player(state)) < 0:
        state = representation.below(state)[0]
    agent.load()
    agent.decide(seat, state, None, Budget(iterations=1))


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
