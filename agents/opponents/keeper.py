"""The processes on a bot's side: a keeper, and the bots that it forks.

The keeper runs none of a bot's code. On Linux everything that a bot starts stays its descendant, also what leaves the bot's session (the
keeper is a *subreaper*), so that it can end them all; it does so when it is told, when a bot takes too much memory, and when the match's
process is gone. Elsewhere it ends the bot's process group.
"""

from __future__ import annotations

import ctypes
import importlib
import json
import os
import random
import resource
import select
import shutil
import signal
import socket
import sys
import tempfile
import time
from contextlib import suppress
from typing import Any, NoReturn

from agents.opponents.bot import Observation, load_bot
from agents.opponents.sandbox import END_SECONDS, MOST_BYTES, MOST_OWN_BYTES, receive, send

LINUX = sys.platform == "linux"
LOOK_SECONDS = 0.25  # between looks at a bot's memory
LOOK_SHARE = 0.02  # of the time that looking may take
PR_SET_PDEATHSIG, PR_SET_CHILD_SUBREAPER = 1, 36


def main() -> NoReturn:
    """Keep bots for the match at the other end of standard input, until it is gone."""
    control = socket.socket(fileno=os.dup(0))
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    keeper = _Keeper(control)
    try:
        keeper.serve()
    finally:
        with suppress(Exception):
            keeper.end()
            shutil.rmtree(keeper.settings["directory"], ignore_errors=True)
        os._exit(0)


class _Keeper:
    """Starts and ends bots."""

    def __init__(self, control: socket.socket) -> None:
        self.control = control
        self.settings: dict[str, Any] = receive(control, most=MOST_OWN_BYTES)  # as ``Sandbox`` sends them
        self.family = importlib.import_module(f"agents.opponents.{self.settings['family']}")
        self.bot = 0
        self.why: str | None = None  # the last bot was ended, if nobody asked for it
        self.pipe: socket.socket | None = None
        if LINUX:
            ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
        self.woken, wake = socket.socketpair()  # a child's end wakes the poll below
        self.woken.setblocking(False)
        wake.setblocking(False)
        self.wake = wake
        signal.signal(signal.SIGCHLD, lambda *_: None)
        signal.set_wakeup_fd(wake.fileno(), warn_on_full_buffer=False)
        send(control, {"ready": True})

    def serve(self) -> None:
        """Do what the match says until it is gone."""
        wait = LOOK_SECONDS
        while True:
            ready, _, _ = select.select([self.control, self.woken], [], [], wait if self.bot else None)
            if self.woken in ready:
                self.woken.recv(4096)
            self.reap()
            if self.control in ready:
                command, fds, *_ = socket.recv_fds(self.control, 1, 1)
                if not command:
                    return
                if command == b"s":
                    self.start(socket.socket(fileno=fds[0]))
                    send(self.control, {"pid": self.bot})
                else:
                    self.end()
                    send(self.control, {"reason": self.why})
            elif self.bot:
                start = time.monotonic()
                self.look()
                wait = max(LOOK_SECONDS, (time.monotonic() - start) / LOOK_SHARE)

    def start(self, pipe: socket.socket) -> None:
        """Fork a bot."""
        self.end()
        self.why = None
        directory = tempfile.mkdtemp(dir=self.settings["directory"])
        parent = os.getpid()
        self.bot = os.fork()
        if self.bot == 0:
            try:
                _become_bot(pipe, directory, parent, self.settings["memory"])
                _answer(pipe, self.family, self.settings)
            finally:
                os._exit(1)
        self.pipe = pipe

    def reap(self) -> None:
        """Take note of who ended. Nobody else may answer for a bot whose process ended."""
        with suppress(ChildProcessError):
            while pid := os.waitpid(-1, os.WNOHANG)[0]:
                if pid == self.bot and self.pipe is not None:
                    with suppress(OSError):
                        self.pipe.shutdown(socket.SHUT_RDWR)

    def end(self) -> None:
        """End the bot and whatever it started; remove its directory."""
        deadline = time.monotonic() + END_SECONDS
        if self.bot and not LINUX:
            with suppress(OSError):
                os.killpg(self.bot, signal.SIGKILL)
        while (pids := _descendants()) and time.monotonic() < deadline:
            for pid in pids:
                with suppress(OSError):
                    os.kill(pid, signal.SIGKILL)
            self.reap()
            time.sleep(0.001)
        self.reap()
        self.bot = 0
        if self.pipe is not None:
            self.pipe.close()
            self.pipe = None
        for left in os.listdir(self.settings["directory"]):
            with suppress(Exception):  # a bot may leave what cannot be removed
                shutil.rmtree(os.path.join(self.settings["directory"], left))

    def look(self) -> None:
        """End a bot whose processes, all together, take more memory than they may. Shared mappings count in each process that has them."""
        most = self.settings["memory"]
        if (taken := sum(map(_memory, _descendants()))) > most:
            self.end()
            self.why = f"its processes took {taken / 1e9:.2f} GB of memory, {most / 1e9:.2f} are the most"


def _descendants() -> list[int]:
    """Return the processes that this one started, and those that they started, and so on."""
    children: dict[int, list[int]] = {}
    with suppress(OSError):
        for name in os.listdir("/proc"):
            if name.isdigit():
                with suppress(OSError), open(f"/proc/{name}/stat", "rb") as file:
                    children.setdefault(int(file.read().rpartition(b")")[2].split()[1]), []).append(int(name))
    descendants = children.get(os.getpid(), [])
    for pid in descendants:  # grows on the way
        descendants += children.get(pid, [])
    return descendants


def _memory(pid: int) -> int:
    """Return a process's bytes in memory that are no file's."""
    with suppress(OSError), open(f"/proc/{pid}/status", "rb") as file:
        return sum(int(line.split()[1]) * 1024 for line in file if line.startswith((b"RssAnon:", b"RssShmem:")))
    return 0


def _become_bot(pipe: socket.socket, directory: str, parent: int, memory: int) -> None:
    """Leave everything of the keeper's behind."""
    os.setsid()
    signal.set_wakeup_fd(-1)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    if LINUX:
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
        if os.getppid() != parent:
            os._exit(1)
        resource.setrlimit(resource.RLIMIT_DATA, (memory, memory))  # beyond it a MemoryError, which is a fault like another
    for fd in map(int, os.listdir("/dev/fd")):
        if fd > 2 and fd != pipe.fileno():
            with suppress(OSError):
                os.close(fd)
    os.dup2(2, 1)
    os.chdir(directory)
    os.environ.update(HOME=directory, TMPDIR=directory)
    tempfile.tempdir = None


def _answer(pipe: socket.socket, family: Any, settings: dict[str, Any]) -> None:
    """Answer questions until the match closes the pipe."""
    bots: list[Any] = []
    sys.path.insert(0, settings["path"])
    while True:
        try:
            question = receive(pipe, most=MOST_OWN_BYTES)
        except (OSError, EOFError):
            return
        answer: Any = None
        try:
            match question["ask"]:
                case "look":
                    load_bot(settings["bot"])
                case "make":
                    _seed_generators(question["seed"])
                    bots = [family.make(settings["bot"], settings["game"], seat, question["seed"] + seat) for seat in (0, 1)]
                case "restart":
                    bots[question["seat"]].restart()
                case "step":
                    observation = Observation.of(question["observation"])
                    answer = bots[observation.player].step(observation)
            reply = {"id": question["id"], "answer": answer}
            if not _fits(reply):
                reply = {"id": question["id"], "fault": "illegal", "text": f"action must be a number or a text, got {answer!r:.100}"}
        except BaseException as error:  # whatever somebody's bot raises is told to the other side; sys.exit, too
            reply = {"id": question["id"], "fault": "raised", "text": _text_of(error)}
        send(pipe, reply)


def _seed_generators(seed: int) -> None:
    """Seed the generators that bots may use without a word; processes of one keeper would have the same numbers otherwise."""
    random.seed(seed)
    if "numpy" in sys.modules:
        sys.modules["numpy"].random.seed(seed % 2**32)


def _fits(reply: dict[str, Any]) -> bool:
    """Say whether a reply can be sent."""
    try:
        return len(json.dumps(reply)) <= MOST_BYTES
    except (TypeError, ValueError, RecursionError):
        return False


def _text_of(error: BaseException) -> str:
    try:
        return f"{type(error).__name__}: {error}"[:1000]
    except BaseException:  # somebody's __str__
        return "an exception whose text cannot be told"
