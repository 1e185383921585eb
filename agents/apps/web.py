"""``timebank web``: a page where a person plays against agents and watches them think."""

from __future__ import annotations

import json
import secrets
import socket
import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from agents.apps.build import Kind, any_amount, build_kind, build_variant
from agents.apps.compose import compose
from agents.apps.config import SolveConfig, WebConfig, register
from agents.apps.errors import UsageError
from agents.apps.launch import launch
from agents.apps.output import say
from agents.apps.play import append
from agents.apps.play import check as check_play
from agents.apps.run import Run, compiling, said_if_slow
from agents.evaluation.aivat import value_function
from agents.evaluation.lock_texts import is_file, read_locks
from agents.play.hand import Record
from games.holdem.phh import history_text, variant_of
from games.holdem.rules import HoldemGame
from games.settings import shown
from search import Budget, Variant

if TYPE_CHECKING:
    from agents.page.exploring import Exploration
    from agents.page.session import Opponent

NEEDED = ("starlette", "uvicorn", "websockets")
ENDING = "ending: what is built or compiled at the moment comes to its end first"
COMPOSING = threading.Lock()  # Hydra keeps one global state
RIVER = (
    "game=spot", "game.board=Td9d6hQc4s", 'game.ranges=["66+,A8s+,KQo,T9s,98s,87s","QQ-22,AQs-A2s,KTs+,QTs+,JTs,T9s"]',
    "game.pot=200", "game.stack=900", 'game.bets="33%,75%,a"', 'game.raises="75%,a"',
)  # fmt: skip
# Name, title, what is said of it, settings of ``timebank play``, seconds of a decision at first. Blueprints are short on purpose: what
# thinking adds is to be seen.
TABLES: tuple[tuple[str, str, str, tuple[str, ...], float], ...] = (
    (
        "no_limit", "No-limit hold'em", "200 big blinds, any bet. A blueprint of self-play; it thinks on flop, turn and river.",
        ("game=heads_up_no_limit", "agent=no_limit"), 1.0,
    ),
    (
        "leduc", "Leduc poker", "Six cards, two rounds. A blueprint of ten iterations; it thinks at every decision.",
        ("game=leduc_poker", "agent=tabular", "agent.iterations=10", "agent.think=true"), 0.1,
    ),
    (
        "kuhn", "Kuhn poker", "Three cards, one bet. A blueprint of five iterations; it thinks at every decision.",
        ("game=kuhn_poker", "agent=tabular", "agent.iterations=5", "agent.think=true"), 0.1,
    ),
    (
        "liars_dice", "Liar's Dice", "One die each. A blueprint of five iterations; it thinks at every decision.",
        ("game=liars_dice", "agent=tabular", "agent.iterations=5", "agent.think=true"), 0.1,
    ),
    (
        "small_holdem", "Hold'em with 20 cards", "One card on flop and turn. Ten iterations, five buckets; it thinks on both.",
        ("game=ms2f1t1h5", "agent=tabular", "agent.iterations=10", "agent.buckets=[0,5,5]", "agent.think=true",
         "agent.solve_from=flop+turn", "agent.gadget=refined"), 0.3,
    ),
    (
        "river", "A river of hold'em", "Td9d6hQc4s, 200 in the pot, 900 behind. It plays a solution of 100 iterations.",
        (*RIVER, "agent=tabular", "agent.iterations=100"), 0.0,
    ),
)  # fmt: skip


def check(config: WebConfig, directory: Path) -> None:
    """Refuse bad values."""
    missing = [name for name in NEEDED if find_spec(name) is None]
    if missing:
        raise ValueError(f"timebank web must have {', '.join(missing)} installed, got none (pip install -e '.[web]')")
    if not config.host.strip():
        raise ValueError(f"host must be an address of this machine, got {config.host!r}")
    try:
        _listening(config).close()
    except OSError as error:
        raise ValueError(f"host and port must be free on this machine, got {config.host}:{config.port}: {error.strerror}") from None


def run(config: WebConfig, directory: Path) -> None:
    """Serve the page until Ctrl-C; every hand is saved when it is over."""
    import uvicorn

    from agents.apps.estimate import estimated
    from agents.page.guard import loopback
    from agents.page.server import Offer, Server
    from agents.page.session import Opponent

    seed = int(np.random.default_rng().integers(2**31)) if config.seed is None else config.seed
    seeds = iter(np.random.default_rng(seed).integers(2**31, size=2**20).tolist())
    register("play")
    register("solve")

    def maker(name: str, title: str, settings: Sequence[str]) -> Callable[[], Opponent]:
        @lru_cache(1)  # of a table there is one agent, whoever plays against it
        def make() -> Opponent:
            agent, values = built(settings, directory / name)
            return Opponent(agent, values, title)

        return make

    tables = {name: Offer(title, about, maker(name, title, settings), seconds) for name, title, about, settings, seconds in TABLES}
    token = None if loopback(config.host) else secrets.token_urlsafe(16)
    with Run(directory, "web", "several", seed) as result, _listening(config) as listening:
        server = Server(tables, Saver(result).save, lambda: next(seeds), explored, Path(config.runs), token, estimated)
        host = f"[{config.host}]" if ":" in config.host else config.host
        address = f"http://{host}:{listening.getsockname()[1]}/" + (f"?token={token}" if token else "")

        class Serving(uvicorn.Server):
            async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
                server.stop()  # else it would wait for requests that wait for what is thought about
                await super().shutdown(sockets)

        say(f"open {address} in a browser; Ctrl-C ends it. Hands are saved in {directory}")
        try:
            settings = uvicorn.Config(server.app, log_level="warning", lifespan="off", ws="websockets-sansio", server_header=False)
            Serving(settings).run(sockets=[listening])
        finally:
            with said_if_slow(ENDING):
                server.close()


class Saver:
    """Writes hands that are over to the files of a run, one at a time: they end in requests, and in the thread that thinks."""

    def __init__(self, result: Run) -> None:
        self._result, self._lock = result, threading.Lock()

    def save(self, opponent: Opponent, record: Record) -> None:
        """Write a hand against somebody.

        Raises:
            OSError: it cannot be written.
        """
        game, result, directory = opponent.agent.game, self._result, self._result.directory
        with self._lock:
            append(directory / "hands.jsonl", json.dumps({"game": game.name} | record, ensure_ascii=False) + "\n")
            if isinstance(game, HoldemGame) and variant_of(game) is not None:
                number = result.result.get("phh", 0) + 1
                append(directory / "hands.phhs", history_text(game, record["play"], record["hands"], number, {"_you": record["you"]}))
                result.write(phh=number)
            result.write(hands=result.result.get("hands", 0) + 1)


SMALL = {"kuhn_poker": "Kuhn poker", "leduc_poker": "Leduc poker", "liars_dice": "Liar's Dice"}  # that can be explored, too
SPOT_KEYS = ("game", "board", "oop", "ip", "pot", "stack", "bets", "raises", "effort")
# That a spot may leave out, as older links do, and what stands for them then.
RAKE_KEYS = {"rake": "0", "rake_cap": "0"}
OPEN_KEYS = RAKE_KEYS | {"chip": ""}
EFFORTS = {"quick": (1.0, 100), "standard": (0.3, 1000), "deep": (0.1, 10_000)}  # % of a spot's pot left, and a small game's iterations
EFFORT_SECONDS = {"quick": 20.0, "standard": 120.0, "deep": 1200.0}  # of solving a spot, at most
LIMIT_KEYS = ("target", "seconds")  # of a spot, in place of its effort's: % of the pot left, and seconds of solving


def configured(asked: Mapping[str, str]) -> tuple[SolveConfig, Kind, Variant]:
    """Return the settings of a spot or a small game that a page asks for, checked.

    Args:
        asked: a game and an effort; of a spot also board, ranges out of and in position, pot, stack, bets and raises, and if it has any
            rake, rake_cap and chip, as ``timebank solve game=spot`` reads them; ``lock`` if decisions are locked, JSON of them by line; and
            ``LIMIT_KEYS``, if not those of the effort.

    Raises:
        ValueError: settings that do not fit, as ``timebank solve`` refuses them.
    """
    asked, limits = {key: text for key, text in asked.items() if key not in LIMIT_KEYS}, {key: asked.get(key, "") for key in LIMIT_KEYS}
    wrong = [key for key in asked if key not in (*SPOT_KEYS, *OPEN_KEYS, "lock")] or [key for key in SPOT_KEYS if key not in asked]
    if wrong:
        raise ValueError(f"a spot must have {', '.join(SPOT_KEYS)}, got {'no ' * (wrong[0] not in asked)}{shown(wrong[0])[1:-1]}")
    if asked["effort"] not in EFFORTS:
        raise ValueError(f"effort must be one of {', '.join(EFFORTS)}, got {shown(asked['effort'])}")
    games = ("spot", *SMALL)
    if asked["game"] not in games:
        raise ValueError(f"game must be one of {', '.join(games)}, got {shown(asked['game'])}")
    percent, iterations = EFFORTS[asked["effort"]]
    percent = _limit(limits, "target", percent)
    overrides = [f"game={asked['game']}", f"budget.iterations={iterations}"] if asked["game"] in SMALL else _spot(asked, percent)
    if asked["game"] == "spot":
        overrides.append(f"budget.seconds={_limit(limits, 'seconds', EFFORT_SECONDS[asked['effort']])!r}")
    try:
        with COMPOSING:
            config = compose("solve", overrides).settings
    except UsageError as error:
        raise ValueError(str(error)) from None
    config.lock = read_locks(asked.get("lock"))
    if (named := next(filter(is_file, config.lock.values()), None)) is not None:
        raise ValueError(f"lock must say what is played, on the page no file does, got {shown(named)}")
    kind = build_kind(config.game, raked=True)
    variant = build_variant(config, kind)
    kind.check_solve(config, variant)
    return config, kind, variant


def explored(asked: Mapping[str, str]) -> Exploration:
    """Return the exploration of a spot or a small game; see ``configured``."""
    from agents.page.exploring import Exploration

    config, kind, variant = configured(asked)

    def make() -> tuple[Any, Budget]:
        kind.check_solve(config, variant)  # what has been solved since it was asked for takes memory, too
        return kind.solving(config, variant), config.budget.build()

    return Exploration(make, SMALL.get(asked["game"], asked["board"]))


def _limit(limits: Mapping[str, str], key: str, default: float) -> float:
    """Return what a page asks for, or what the effort has where it asks for nothing."""
    try:
        value = float(limits[key] or default)
    except ValueError:
        value = float("nan")
    if not 0 < value < float("inf"):
        raise ValueError(f"{key} must be a number above 0, got {shown(limits[key])}")
    return value


def _spot(asked: Mapping[str, str], percent: float) -> list[str]:
    """Return the overrides of ``timebank solve`` for a spot."""
    try:
        target = percent / 100 * float(asked["pot"])
    except ValueError:
        raise ValueError(f"game.pot must be a number of chips, got {shown(asked['pot'])}") from None
    chip = asked.get("chip", "").strip()
    return [
        "game=spot", f"game.board={_quoted(asked['board'])}", f"game.ranges=[{_quoted(asked['oop'])},{_quoted(asked['ip'])}]",
        f"game.pot={_quoted(asked['pot'])}", f"game.stack={_quoted(asked['stack'])}", f"game.bets={_quoted(asked['bets'])}",
        f"game.raises={_quoted(asked['raises'])}", *(f"game.{key}={_quoted(asked.get(key, none))}" for key, none in RAKE_KEYS.items()),
        *([f"game.chip={_quoted(chip)}"] if chip else []), f"budget.exploitability={target!r}", "threads=0",
    ]  # fmt: skip


def _quoted(text: str) -> str:
    """Return a text as a value of an override."""
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def built(settings: Sequence[str], directory: Path) -> tuple[Any, Any]:
    """Return the agent of some settings of ``timebank play``, and values of histories where there are some.

    Raises:
        ValueError: settings that do not fit, as ``timebank play`` refuses them.
    """
    with COMPOSING:
        config = compose("play", [*settings, "budget.seconds=1"]).settings
    check_play(config, directory)
    kind = build_kind(config.game, any_amount([config.agent]))
    variant = build_variant(config, kind)
    directory.mkdir(parents=True, exist_ok=True)
    blueprint = kind.blueprint(config.agent, variant, directory / kind.blueprint_key(config.agent), 0)
    agent = kind.agent(replace(config.agent, measure_error=False), blueprint, variant)
    with compiling():
        values = value_function(agent.game, (agent.blueprint, agent.blueprint)) if kind.valued else None
    return agent, values


def _listening(config: WebConfig) -> socket.socket:
    """Return a socket that listens; raises OSError where the address is taken or is none of this machine's."""
    family = socket.AF_INET6 if ":" in config.host else socket.AF_INET
    made = socket.socket(family, socket.SOCK_STREAM)
    try:
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        made.bind((config.host, config.port))
        made.listen()
    except BaseException:
        made.close()
        raise
    return made


def main(arguments: list[str]) -> None:
    """Run the command."""
    launch("web", check, run, arguments)


if __name__ == "__main__":
    main(sys.argv[1:])
