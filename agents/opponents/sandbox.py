"""A bot's processes as the match sees them: started, asked with a deadline, ended with everything that they started.

The match talks to two processes. The *keeper* (``agents.opponents.keeper``) never runs a line of the bot's code: it forks a fresh process
for each bot, watches its memory, and kills all descendants on request or when the match is gone. The *bot* answers questions over a socket
of its own. Both sides send messages of JSON, each with its length in front. Nothing that a bot sends can run code here.
"""

from __future__ import annotations

import json
import os
import select
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import weakref
from contextlib import suppress
from typing import Any

from agents.runtime.executor import ONE_THREAD
from agents.runtime.storage import brief, printable
from games.modules import BOTS, MODULES

# Variables of the environment that bots keep: names, or how they begin.
PASSED_ON = (BOTS, MODULES, "LANG", "LC_", "LD_LIBRARY_PATH", "NUMBA_", "PATH", "TIMEBANK_BOT_", "TZ", "VIRTUAL_ENV")
MOST_BYTES = 1 << 16  # of a message from a bot
MOST_TEXT = 300  # characters of what a bot says in a fault
MOST_OWN_BYTES = 1 << 30  # of a message to one, which carries a game
START_SECONDS = 120.0  # for the keeper to import our own libraries
END_SECONDS = 10.0  # for the keeper to end a bot
MEMORY_SHARE = 0.25  # of the machine's memory: what a bot and all its processes may take
ASKED = ("raised", "illegal")  # faults that the bot's own process may report
PROGRAM = "from agents.opponents.keeper import main; main()"


class FaultError(Exception):
    """A bot forfeits the hand.

    Attributes:
        kind: ``raised`` (an exception), ``illegal`` (no legal action), ``late`` (beyond its limit), ``died`` (its process ended) or
            ``garbage`` (an answer that was not asked for, or is none). After the last three the process is replaced.
    """

    def __init__(self, kind: str, text: str) -> None:
        super().__init__(text)
        self.kind = kind


def send(pipe: socket.socket, message: Any, deadline: float | None = None, most: int = MOST_OWN_BYTES) -> None:
    """Send a message whole.

    Raises:
        TimeoutError: it could not be sent before the deadline (of ``time.monotonic``).
        OSError: the other side is gone.
        ValueError: it is too long; TypeError: it is no JSON.
    """
    text = json.dumps(message).encode()
    if len(text) > most:
        raise ValueError(f"a message must have at most {most:,} bytes, got {len(text):,}")
    pipe.settimeout(_left(deadline))
    pipe.sendall(len(text).to_bytes(4, "big") + text)


def receive(pipe: socket.socket, deadline: float | None = None, most: int = MOST_BYTES) -> Any:
    """Receive a message.

    Raises:
        TimeoutError: it was not there, whole, before the deadline.
        EOFError: the other side is gone.
        ValueError: it is too long, or no JSON.
    """
    size = int.from_bytes(_exactly(pipe, 4, deadline), "big")
    if size > most:
        raise ValueError(f"a message must have at most {most:,} bytes, got {size:,}")
    try:
        return json.loads(_exactly(pipe, size, deadline))
    except RecursionError:
        raise ValueError("a message must be flat, got a deep one") from None


def _exactly(pipe: socket.socket, size: int, deadline: float | None) -> bytes:
    parts = bytearray()
    while len(parts) < size:
        pipe.settimeout(_left(deadline))
        part = pipe.recv(min(size - len(parts), 1 << 20))
        if not part:
            raise EOFError("the other side is gone")
        parts += part
    return bytes(parts)


def _left(deadline: float | None) -> float | None:
    """Return the seconds until a deadline."""
    if deadline is None:
        return None
    left = deadline - time.monotonic()
    if left <= 0:
        raise TimeoutError("timed out")
    return left


class Sandbox:
    """The processes of one bot.

    The keeper starts here; ``start`` starts a bot in a new process. Each has an empty working directory, a home of its own, no open files
    but standard error, and of the environment only ``PASSED_ON``. What it prints goes to standard error. Bots are made by the module
    ``family`` of ``agents.opponents``, from a name or ``module:function`` and what the module needs of the game.

    Raises:
        ChildProcessError: the keeper does not start.
    """

    def __init__(self, family: str, bot: str, game: str | None) -> None:
        self.directory = tempfile.mkdtemp(prefix="timebank-bot-")
        self._control, theirs = socket.socketpair()
        command = [sys.executable, "-P", "-c", PROGRAM]
        with theirs:
            self._keeper = subprocess.Popen(
                command, stdin=theirs.fileno(), stdout=2, cwd=self.directory, env=_environment(self.directory), start_new_session=True
            )
        self._pipe: socket.socket | None = None
        self._pid, self._asked = 0, 0
        self._ended = weakref.finalize(self, _end, self._keeper, self._control, self.directory)
        memory = int(MEMORY_SHARE * os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"))
        settings = {"family": family, "bot": bot, "game": game, "path": os.getcwd(), "memory": memory, "directory": self.directory}
        try:
            deadline = time.monotonic() + START_SECONDS
            send(self._control, settings, deadline)
            receive(self._control, deadline)
        except (OSError, EOFError, ValueError) as error:
            self.close()
            raise ChildProcessError(f"the process that keeps bots must start, got: {error}") from None

    @property
    def alive(self) -> bool:
        """Whether there is a bot to ask."""
        return self._pipe is not None

    def start(self) -> None:
        """Start a bot in a new process; end the one before. Raises ChildProcessError if the keeper is gone."""
        self.end()
        self._asked = 0
        self._pipe, theirs = socket.socketpair()
        try:
            with theirs:
                self._control.settimeout(END_SECONDS)
                socket.send_fds(self._control, [b"s"], [theirs.fileno()])
            self._pid = int(receive(self._control, time.monotonic() + END_SECONDS)["pid"])
        except (OSError, EOFError) as error:
            self._give_up()
            raise ChildProcessError(f"the process that keeps bots must answer, got: {error}") from None

    def ask(self, what: str, seconds: float, **content: Any) -> Any:
        """Return the bot's answer to a question.

        Raises:
            FaultError: there is none, or a fault instead. The process is ended if it can no longer be asked.
        """
        assert self._pipe is not None
        self._asked += 1
        try:
            if select.select([self._pipe], [], [], 0)[0] and self._pipe.recv(1, socket.MSG_PEEK):
                raise ValueError("it answered without being asked")
            deadline = time.monotonic() + seconds
            send(self._pipe, {"id": self._asked, "ask": what, **content}, deadline)
            reply = receive(self._pipe, deadline)
        except TimeoutError:
            self.end()
            raise FaultError("late", f"no answer within {seconds:g} s") from None
        except (OSError, EOFError):
            raise FaultError("died", self.end() or "its process ended") from None
        except ValueError as error:
            self.end()
            raise FaultError("garbage", f"its answer must be one message of JSON, got: {printable(str(error), MOST_TEXT)}") from None
        if isinstance(reply, dict) and reply.get("id") == self._asked:
            if reply.keys() == {"id", "answer"}:
                return reply["answer"]
            if reply.keys() == {"id", "fault", "text"} and reply["fault"] in ASKED:
                raise FaultError(reply["fault"], printable(str(reply["text"]), MOST_TEXT))
        self.end()
        raise FaultError("garbage", f"its answer must be the one to question {self._asked}, got: {brief(reply, MOST_TEXT)}")

    def end(self) -> str | None:
        """End the bot and every process that it started; return why the keeper had ended it before, if it had."""
        if self._pipe is None:
            return None
        self._pipe.close()
        self._pipe = None
        try:
            self._control.settimeout(END_SECONDS)
            self._control.sendall(b"e")
            reason = receive(self._control, time.monotonic() + END_SECONDS)["reason"]
        except (OSError, EOFError):
            self._give_up()
            return None
        return None if reason is None else str(reason)

    def close(self) -> None:
        """End the keeper and all that it keeps."""
        if self._pipe is not None:
            self._pipe.close()
            self._pipe = None
        self._ended()

    @property
    def closed(self) -> bool:
        """Whether the keeper is gone: no bot can be started any more."""
        return not self._ended.alive

    def _give_up(self) -> None:
        """End a keeper that was killed or stopped, and what can still be reached of the bot."""
        with suppress(OSError):
            os.killpg(self._pid, signal.SIGKILL)
        self._keeper.kill()
        self.close()


def _end(keeper: subprocess.Popen[bytes], control: socket.socket, directory: str) -> None:
    """Let the keeper end what it keeps, and itself."""
    control.close()
    try:
        keeper.wait(END_SECONDS)
    except subprocess.TimeoutExpired:
        keeper.kill()
        keeper.wait()
    shutil.rmtree(directory, ignore_errors=True)


def _environment(directory: str) -> dict[str, str]:
    """Return the environment of a bot: what programs need to run, and nothing that tells of the match."""
    passed_on = {name: value for name, value in os.environ.items() if name.startswith(PASSED_ON)}
    path = dict.fromkeys(os.path.abspath(entry) for entry in sys.path)
    fresh = {"HOME": directory, "TMPDIR": directory, "PYTHONPATH": os.pathsep.join(path), "PYTHONHASHSEED": "0"}
    fresh["XDG_CACHE_HOME"] = os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")  # compiled kernels
    return passed_on | fresh | dict.fromkeys(ONE_THREAD, "1")
