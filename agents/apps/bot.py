"""``timebank bot``: an agent at somebody else's table."""

from __future__ import annotations

import sys
from contextlib import closing, redirect_stdout
from pathlib import Path

import numpy as np

from agents.apps.config import BotConfig
from agents.apps.launch import launch
from agents.apps.player import build_player, check_player, player_kind
from agents.apps.run import Run, compiling
from agents.opponents.sandbox import FaultError
from agents.protocols.acpc import AcpcClient
from agents.protocols.player import Player
from agents.protocols.text import TextSession
from agents.reporting.tables import counted, version
from games.holdem.acpc import check_game


def check(config: BotConfig, directory: Path) -> None:
    """Refuse bad values."""
    game = player_kind(config).game
    if config.protocol == "acpc":
        if game.spiel is not None:
            raise ValueError(f"game must be hold'em where the ACPC protocol is spoken, got {game.name}")
        check_game(game)  # type: ignore[arg-type]  # it is hold'em
        if config.port is None:
            raise ValueError("port must be given, got none (the dealer's)")
    elif config.port is not None:
        raise ValueError(f"port must be left out where protocol=text, got {config.port}")
    check_player(config)


def run(config: BotConfig, directory: Path) -> None:
    """Play until the other side has enough; on standard output is nothing but what the other side may read."""
    seed = int(np.random.default_rng().integers(2**31)) if config.seed is None else config.seed
    kind = player_kind(config)
    with Run(directory, "bot", kind.game.name, seed, kind.notes) as result:
        with redirect_stdout(sys.stderr), compiling():
            player = build_player(config, directory, seed)
        result.write(agent=player.name)
        with closing(player):
            try:
                if config.protocol == "text":
                    TextSession(player, lambda line: print(line, flush=True)).run(sys.stdin, str(version()["package"] or "unknown"))
                else:
                    _play(config, player, result)
            except FaultError as fault:
                raise ChildProcessError(f"{player.name} must play by the rules, got {fault.kind}: {fault}") from None


def _play(config: BotConfig, player: Player, result: Run) -> None:
    client = AcpcClient(player, config.host, config.port or 0, config.wait_seconds, lambda line: print(line, flush=True))
    try:
        client.run()
    finally:
        result.write(hands=client.hands, chips=client.chips)
        print(f"{counted(client.hands, 'hand')}, {client.chips:+g} chips", flush=True)


def main(arguments: list[str]) -> None:
    """Run the command."""
    launch("bot", check, run, arguments)


if __name__ == "__main__":
    main(sys.argv[1:])
