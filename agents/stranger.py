"""Players whose policy is not known: somebody else's bots, which name an action for the hand that they hold.

What a bot may do wrong is part of the game. A decision that raises, names an action that is not legal, takes longer than the limit or ends
the bot's process forfeits the hand: it ends there, and the bot loses the most that any hand could have lost from there on. The next hand
is played by a new process if the old one is gone.
"""

from __future__ import annotations

import importlib
import multiprocessing
import os
import resource
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from typing import Any, Protocol, runtime_checkable

from agents.executor import start_worker
from games import PublicTree
from games.holdem import HoldemGame

START_SECONDS = 120.0  # for a bot's process to start, with our own libraries
MAKE_SECONDS = 30.0  # for somebody's bot to be made, if decisions may not take longer
MEMORY_SHARE = 0.25  # of the machine's memory: what a bot asks for beyond is refused to it
ALLOWED = "TIMEBANK_BOTS"  # environment variable: modules whose bots may be loaded by name, with commas between


class FaultError(Exception):
    """A bot forfeits the hand; ``kind`` is ``raised``, ``illegal``, ``late`` or ``died``."""

    def __init__(self, kind: str, text: str) -> None:
        super().__init__(text)
        self.kind = kind


@runtime_checkable
class Stranger(Protocol):
    """Somebody who plays without telling how."""

    @property
    def name(self) -> str:
        """What reports call it."""
        ...

    @property
    def game(self) -> PublicTree | HoldemGame:
        """What it plays: a public tree, or a game of hold'em."""
        ...

    def load(self) -> None:
        """Get ready. Not part of any decision's time."""
        ...

    def begin(self, seed: int) -> None:
        """Start anew, as if nothing had been played, with all randomness from ``seed``."""
        ...

    def deal(self, seat: int) -> None:
        """Start a hand."""
        ...

    def choose(self, seat: int, node: Any, hand: int) -> int:
        """Return the game's number of the action to take; in hold'em its place among those that are legal.

        Args:
            seat: the player number.
            node: the public state, a decision of that player: of the public tree, or a place in hold'em.
            hand: the private hand held.

        Raises:
            FaultError: the hand is forfeited.
        """
        ...


@dataclass
class Guarded:
    """A stranger in a process of its own, killed when a decision takes longer than the limit.

    What it prints goes to standard error, and its memory is limited to ``MEMORY_SHARE`` of the machine's.

    Attributes:
        stranger: must survive pickling.
        limit_seconds: of one decision.
    """

    stranger: Stranger
    limit_seconds: float = 10.0

    def __post_init__(self) -> None:
        if not self.limit_seconds > 0:
            raise ValueError(f"limit_seconds must be positive, got {self.limit_seconds}")
        self._process: BaseProcess | None = None
        self._pipe: Connection | None = None
        self._seed = 0

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_process": None, "_pipe": None}

    @property
    def name(self) -> str:
        """The stranger's."""
        return self.stranger.name

    @property
    def game(self) -> PublicTree | HoldemGame:
        """The stranger's."""
        return self.stranger.game

    def load(self) -> None:
        """Start the process.

        Raises:
            ChildProcessError: the bot cannot be made.
        """
        if self._process is not None:
            return
        context = multiprocessing.get_context("spawn")
        self._pipe, other = context.Pipe()
        self._process = context.Process(target=_serve, args=(other, self.stranger), daemon=True)
        self._process.start()
        other.close()
        kind, text = self._answer(START_SECONDS)
        if kind != "ready":
            self._stop()
            raise ChildProcessError(f"{self.name} must start, got: {text}")

    def begin(self, seed: int) -> None:
        """Pass it on: bots are made here.

        Raises:
            ChildProcessError: the bot cannot be made, or not in time.
        """
        self._seed = seed
        self.load()
        kind, text = self._ask("begin", (seed,), max(MAKE_SECONDS, self.limit_seconds))
        if kind != "done":
            self._stop()
            raise ChildProcessError(f"{self.name} must start, got: {text}")

    def deal(self, seat: int) -> None:
        """Pass it on, within the limit."""
        if self._process is None:
            self.begin(self._seed)
        self._checked("deal", (seat,))

    def choose(self, seat: int, node: Any, hand: int) -> int:
        """Pass it on, within the limit."""
        return int(self._checked("choose", (seat, node, hand)))

    def _checked(self, what: str, arguments: tuple[Any, ...]) -> Any:
        kind, answer = self._ask(what, arguments, self.limit_seconds)
        if kind != "done":
            if kind in ("late", "died"):
                self._stop()
            raise FaultError(kind, answer)
        return answer

    def _ask(self, what: str, arguments: tuple[Any, ...], limit: float) -> tuple[str, Any]:
        assert self._pipe is not None
        try:
            self._pipe.send((what, arguments))
        except OSError:
            return "died", "its process ended"
        return self._answer(limit)

    def _answer(self, limit: float) -> tuple[str, Any]:
        assert self._pipe is not None
        try:
            if not self._pipe.poll(limit):
                return "late", f"no answer within {limit:g} s"
            kind, answer = self._pipe.recv()
        except (EOFError, OSError):
            return "died", "its process ended"
        return str(kind), answer

    def _stop(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.join()
        self._process = self._pipe = None


def bot_function(bot: str) -> Callable[[Any, int, int], Any]:
    """Return ``module:function``; only modules that the environment allows are imported: a settings file must not run code.

    Raises:
        ValueError: the module is not allowed or has no such function.
    """
    module, _, name = bot.partition(":")
    allowed = [m for m in os.environ.get(ALLOWED, "").split(",") if m]
    if module not in allowed:
        raise ValueError(f"agent.bot must be of a module that the environment variable {ALLOWED} names ({','.join(allowed)}), got {bot!r}")
    if "" not in sys.path:
        sys.path.insert(0, "")
    try:
        found: Callable[[Any, int, int], Any] = getattr(importlib.import_module(module), name)
    except (ImportError, AttributeError) as error:
        raise ValueError(f"agent.bot must be module:function, got {bot!r}: {error}") from None
    return found


def _serve(pipe: Connection, stranger: Stranger) -> None:
    """Answer until the pipe closes."""
    start_worker()
    os.dup2(2, 1)  # standard output is the command's own
    if sys.platform == "linux":
        most = int(MEMORY_SHARE * os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"))
        resource.setrlimit(resource.RLIMIT_DATA, (most, most))  # beyond it a MemoryError, which is a fault like another
    try:
        stranger.load()
    except BaseException as error:  # whatever somebody's bot raises is told to the other side
        pipe.send(("raised", _text(error)))
        return
    pipe.send(("ready", time.time()))
    while True:
        try:
            what, arguments = pipe.recv()
        except EOFError:
            return
        try:
            pipe.send(("done", getattr(stranger, what)(*arguments)))
        except FaultError as fault:
            pipe.send((fault.kind, str(fault)))
        except BaseException as error:  # sys.exit, too
            pipe.send(("raised", _text(error)))


def _text(error: BaseException) -> str:
    return " ".join(f"{type(error).__name__}: {error}".split())[:300]
