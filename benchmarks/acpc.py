"""Is a match through a socket the match without it? The client's process is killed in the middle, and another one comes.

Both sides play the small blueprint of full no-limit hold'em without search. ``timebank match`` is the dealer, ``timebank bot`` the client.
The same hands are then played in this process, the same player asked without a socket.

    python benchmarks/acpc.py              # 3,000 hands
    python benchmarks/acpc.py hands=200
"""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from agents.apps.build import blueprint_directory
from agents.bucket_blueprint import load_blueprint
from agents.match.deal import Competitor
from agents.match.match import Match, play_matches
from agents.no_limit.agent import NoLimitAgent
from agents.opponents.acpc import AcpcBot
from agents.protocols.player import Player
from games.holdem.cards import hand_indices, parse_cards
from games.holdem.config import Holdem
from search import Budget, variant

ROOT = Path(__file__).parents[1]
SALT, SEED, CLIENT_SEED, STILL = "s" + 32 * "0", 4, 7, Budget(seconds=0)
HANG_SECONDS = 900


def blueprint_alone() -> NoLimitAgent:
    """Return who plays on both sides."""
    game = Holdem(name="heads_up_no_limit", blinds=[50, 100], stack=20_000, min_bet=100, amounts="any").build()
    return NoLimitAgent(game, load_blueprint(game, blueprint_directory("small")), variant("default_holdem"), None)


class Direct(AcpcBot):
    """The client's player, asked without a socket."""

    player: Player

    def _ready(self) -> None:
        self.player = getattr(self, "player", None) or Player(blueprint_alone(), STILL, CLIENT_SEED)

    def step(self, observation):
        hand = int(hand_indices(self.game.hands)[parse_cards(observation.hand)])
        return self.player.act(self._number, self._seat, self._state_of(observation), hand).text

    def finish(self, seat, hands, state, asked):
        if not asked:
            self._start(seat)


def started(command: str, *overrides: str) -> subprocess.Popen[str]:
    """Start a command as a process of its own, with blueprints alone."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1"}
    return subprocess.Popen(
        [sys.executable, "-m", f"agents.apps.{command}", *overrides], env=environment, stdout=subprocess.PIPE, text=True
    )


def saved(directory: Path) -> list[str]:
    """Return the lines of the hands that a match has saved so far."""
    return [line for file in directory.rglob("hands/*/*.jsonl") for line in file.read_text().splitlines()]


def through_socket(hands: int, directory: Path) -> tuple[dict, list[int]]:
    """Play a match against a client that is killed in the middle; return chips by deal and seats, and hands of each client's."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    still = ("game=heads_up_no_limit", f"hydra.run.dir={directory}/match", "agents.a.think=false", "agent@agents.b=acpc", "exact=false")
    match = started("match", *still, f"agents.b.port={port}", f"hands={hands}", "values=none", f"salt={SALT}", f"seed={SEED}")
    client = ("agent=no_limit", "agent.think=false", f"port={port}", f"seed={CLIENT_SEED}")
    first = started("bot", *client, "wait_seconds=600", f"hydra.run.dir={directory}/first")
    second, counts, deadline = None, [], time.monotonic() + HANG_SECONDS
    try:
        while len(saved(directory)) < hands // 2:
            assert match.poll() is None
            assert first.poll() is None
            assert time.monotonic() < deadline
            time.sleep(0.5)
        first.kill()
        counts.append(len(saved(directory)))
        second = started("bot", *client, "wait_seconds=3", f"hydra.run.dir={directory}/second")
        told, _ = match.communicate(timeout=HANG_SECONDS)
        second.communicate(timeout=HANG_SECONDS)
        assert match.returncode == 0, told
        assert second.returncode == 0
        counts.append(json.loads((directory / "second" / "result.json").read_text())["hands"])
    finally:
        for process in (match, first, second):
            if process is not None:
                process.kill()
                process.wait()
                process.stdout.close()
    return by_hand(map(json.loads, saved(directory))), counts


def without_socket(hands: int) -> dict:
    """Play the same match in this process."""
    agent = blueprint_alone()
    pair = Competitor("a", agent, STILL), Competitor("b", Direct(agent.game, 1), STILL)
    chunks = play_matches([Match(pair, SEED, True, "none", SALT)], hands)
    return by_hand(record for _, records, _ in chunks for record in records)


def by_hand(records) -> dict:
    """Return what was played and won, by deal and seats."""
    return {(r["deal"], *r["seats"]): (r["hands"], r["play"], r["chips"]) for r in records}


def main(hands: int = 3000) -> None:
    with tempfile.TemporaryDirectory() as directory:
        start = time.perf_counter()
        played, counts = through_socket(hands, Path(directory))
        seconds = time.perf_counter() - start
    same = without_socket(hands)
    unlike = [key for key in same if played.get(key) != same[key]]
    chips = [sum(chips for *_, chips in match.values()) for match in (played, same)]
    print(
        f"{len(played)} hands in {seconds:.0f} s through a socket, {chips[0]:+g} chips; without it {len(same)} hands, {chips[1]:+g} chips"
    )
    print(f"saved when the first client was killed: {counts[0]} hands; seen to their end by the second: {counts[1]}; unlike: {len(unlike)}")
    if unlike or len(played) != hands:
        sys.exit(f"error: {len(unlike)} hands differ, the first {unlike[:1]}")


if __name__ == "__main__":
    main(*[int(argument.removeprefix("hands=")) for argument in sys.argv[1:]])
