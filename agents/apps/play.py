"""``timebank play``: hands against an agent in the terminal."""

from __future__ import annotations

import json
import os
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np

from agents.apps.build import (
    ANY_AMOUNT,
    STILL,
    any_amount,
    build_kind,
    build_variant,
    check_no_budget,
    enough_for,
    refuse_trained,
    untrained,
)
from agents.apps.config import PlayConfig
from agents.apps.launch import launch
from agents.apps.run import Run, compiling, said_if_slow
from agents.evaluation.aivat import value_function
from agents.play.hand import Record
from agents.play.terminal import Terminal
from agents.reporting.tables import cores, duration

TRYING, TRYING_SECONDS = "loading: it tries a subgame of each street that it solves", 5.0


def check(config: PlayConfig, directory: Path) -> None:
    """Refuse bad values."""
    kind = build_kind(config.game, any_amount([config.agent]))
    variant = build_variant(config, kind)
    enough_for(config.budget.build(), config.agent)  # refuses bad values
    refuse_trained(config.agent)
    if config.agent.think and not config.budget.build().limited():
        raise ValueError("budget must limit seconds or iterations of an agent that thinks, got none (e.g. budget.seconds=1)")
    with compiling():  # boards are numbered where a blueprint is read
        kind.check_agent(config.agent, variant, cores())
    if untrained(config.agent):
        got = config.agent.checkpoint or "none"
        raise ValueError(f"agent.checkpoint must name a network's checkpoint (timebank train makes one), got {got}")
    check_no_budget(config.agent, "budget")
    if config.agent.policy not in ANY_AMOUNT:
        kind.check_solvable(variant)


def run(config: PlayConfig, directory: Path) -> None:
    """Play; every hand is saved when it is over."""
    seed = int(np.random.default_rng().integers(2**31)) if config.seed is None else config.seed
    kind = build_kind(config.game, any_amount([config.agent]))
    variant = build_variant(config, kind)
    with Run(directory, "play", kind.game.name, seed, kind.notes) as result:
        blueprint = kind.blueprint(config.agent, variant, directory / kind.blueprint_key(config.agent), seed)
        agent = kind.agent(replace(config.agent, measure_error=False), blueprint, variant)
        budget = enough_for(config.budget.build(), config.agent) if config.agent.think else STILL
        with compiling():
            values = value_function(agent.game, (agent.blueprint, agent.blueprint)) if kind.valued else None

        def load() -> None:
            start = time.perf_counter()
            with compiling(), said_if_slow(TRYING, TRYING_SECONDS):
                agent.load()
            if agent.thinks:
                print(f"  loaded in {duration(time.perf_counter() - start)}, outside of every decision's clock", flush=True)

        hands = directory / "hands.jsonl"
        append(hands, "")

        def save(record: Record) -> None:
            append(hands, json.dumps(record, ensure_ascii=False) + "\n")
            result.write(hands=terminal.played, chips=terminal.total)

        terminal = Terminal(agent, values, budget, seed, ask, lambda line: print(line, flush=True), save, colored(), load)
        result.write(agent=agent.name, hands=0, chips=0.0)
        print(f"seed {seed} (seed={seed} deals the same hands again)")
        terminal.run(config.hands)
        print(f"hands saved: {hands}" if terminal.played else "no hands saved: none was played to its end")


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


def colored() -> bool:
    """Say whether colours are wanted: on a terminal that has them, unless NO_COLOR is set (no-color.org)."""
    return sys.stdout.isatty() and os.environ.get("TERM", "dumb") != "dumb" and not os.environ.get("NO_COLOR")


def ask(prompt: str) -> str:
    """Return a line of standard input; one that is piped in is shown where it would have been typed."""
    line = input(prompt)
    if not sys.stdin.isatty():
        print(line)
    return line


def main(arguments: list[str]) -> None:
    """Run the command."""
    launch("play", check, run, arguments)


if __name__ == "__main__":
    main(sys.argv[1:])
