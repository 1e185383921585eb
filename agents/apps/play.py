"""``timebank play``: hands against an agent in the terminal."""

from __future__ import annotations

import json
import os
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from agents.agent import Agent
from agents.apps import play_holdem
from agents.apps.build import build_agent, build_policy, check_agent, check_no_budget, enough_for, tree_of
from agents.apps.config import PlayConfig
from agents.apps.launch import launch
from agents.apps.run import COMPILING, Run, said_if_slow
from agents.evaluation.aivat import value_function
from agents.play.terminal import Record, Terminal
from games.holdem.config import Bets
from search import Budget


def check(config: PlayConfig, directory: Path) -> None:
    """Refuse bad values."""
    if isinstance(config.game, Bets):
        play_holdem.check(config)
    else:
        check_agent(config.agent, tree_of(config.game.game_string()), config.search.build())
    if config.agent.policy == "network" and config.agent.checkpoint is None:
        raise ValueError("agent.checkpoint must name a network's checkpoint (timebank train makes one), got none")
    check_no_budget(config.agent, "budget")
    enough_for(config.budget.build(), config.agent)  # refuses bad values
    if config.agent.think and not config.budget.build().limited():
        raise ValueError("budget must limit seconds or iterations of an agent that thinks, got none (e.g. budget.seconds=1)")


def run(config: PlayConfig, directory: Path) -> None:
    """Play; every hand is saved when it is over."""
    holdem = isinstance(config.game, Bets)
    seed = int(np.random.default_rng().integers(2**31)) if config.seed is None else config.seed
    built = config.game.build() if holdem else None
    game, notes = (config.game.game_string(), ()) if built is None else (built.name, built.notes)
    with Run(directory, "play", game, seed, notes) as result:
        agent: Agent[Any] = play_holdem.agent_of(config, directory, seed) if holdem else derived(config)
        budget = enough_for(config.budget.build(), config.agent) if config.agent.think else Budget(seconds=0)

        hands = directory / "hands.jsonl"
        append(hands, "")

        def save(record: Record) -> None:
            append(hands, json.dumps(record, ensure_ascii=False) + "\n")
            result.write(hands=terminal.played, chips=terminal.total)

        with said_if_slow(COMPILING):
            values = value_function(agent.game, (agent.blueprint, agent.blueprint))
            terminal = Terminal(agent, values, budget, seed, ask, lambda line: print(line, flush=True), save, colored())
        result.write(agent=agent.name, hands=0, chips=0.0)
        print(f"seed {seed} (seed={seed} deals the same hands again)")
        terminal.run(config.hands)
        print(f"hands saved: {hands}")


def append(path: Path, text: str) -> None:
    """Add text to a file, which is made if need be.

    Raises:
        OSError: it cannot be written; names the file.
    """
    try:
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW | os.O_NONBLOCK, 0o666), "a") as file:
            file.write(text)
    except OSError as error:
        raise OSError(f"{path} must be a file that can be written, got {error.strerror or error}") from None


def derived(config: PlayConfig) -> Agent[int]:
    """Return an agent of a game derived from OpenSpiel."""
    tree, variant = tree_of(config.game.game_string()), config.search.build()
    return build_agent(replace(config.agent, measure_error=False), build_policy(config.agent, tree, variant), variant)


def colored() -> bool:
    """Say whether colours are wanted: on a terminal that has them, unless NO_COLOR is set (no-color.org)."""
    return sys.stdout.isatty() and os.environ.get("TERM", "dumb") != "dumb" and not os.environ.get("NO_COLOR")


def ask(prompt: str) -> str:
    """Return a line of standard input; one that is piped in is shown where it would have been typed."""
    line = input(prompt)
    if not sys.stdin.isatty():
        print(line)
    return line


def main() -> None:
    """Run the command."""
    launch("play", check, run)


if __name__ == "__main__":
    main()
