"""Somebody's program that answers by the text protocol (docs/reference/text-protocol.md), each answer within a time limit.

For each hand it is sent ``position hand CARDS line … ranges R0 R1 actions A / B``, which it answers by a line ``state …``, and then
``go movetime MS`` or ``go iterations N``, which it answers by ``bestaction A``; a line ``info policy A p / B p`` before that counts in the
action's place. Other lines that begin with ``info`` are passed over.
"""

from __future__ import annotations

import math
import os
import queue
import re
import shlex
import signal
import subprocess
import threading
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

import numpy as np

from agents.opponents.sandbox import FaultError
from agents.runtime.storage import brief, printable
from agents.yardstick.spots import LEVELS, NEAR_ONE, Levels, Spot
from games.arrays import Float
from games.game import line_of
from games.holdem.rules import HoldemGame
from search import Budget

READY_SECONDS = 600.0  # for a program to load, or to compile
MOST_LINE = 50_000  # characters that are read of a line
MOST_WAITING = 10_000  # lines that were not asked for


class Reply(NamedTuple):
    """What a program answered for a hand.

    Attributes:
        shares: [A] over the spot's actions.
        seconds: from ``go`` to its answer.
    """

    shares: Float
    seconds: float


def words_of(command: str) -> list[str]:
    """Return the words of a command as a shell would part them.

    Raises:
        ValueError: no word, or a quote without its end.
    """
    try:
        words = shlex.split(command)
    except ValueError as error:
        raise ValueError(f"program must be a command as a shell parts it, got {command!r} ({error})") from None
    if not words:
        raise ValueError(f"program must be a command, got {command!r}")
    return words


class TextProgram:
    """See the module.

    Args:
        command: of the program, word by word; no shell reads it.
        limit_seconds: for an answer beyond its budget.
        log: that the program's standard error goes to.

    """

    def __init__(self, command: Sequence[str], limit_seconds: float, log: Path) -> None:
        self.command, self.limit_seconds, self.log, self.name = list(command), limit_seconds, log, Path(command[0]).name
        self._process: subprocess.Popen[str] | None = None
        self._heard: queue.Queue[str | None] = queue.Queue(MOST_WAITING)

    def start(self) -> None:
        """Start it anew, and wait until it is ready; raises ChildProcessError where it does not come to that."""
        self.close()
        self._heard = queue.Queue(MOST_WAITING)
        try:
            with self.log.open("a") as log:
                self._process = subprocess.Popen(
                    self.command,
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    stderr=log,
                    text=True,
                    errors="replace",
                    start_new_session=True,
                )
        except OSError as error:
            raise ChildProcessError(f"program must be one that can be started, got {self.command[0]} ({error.strerror})") from None
        threading.Thread(target=_read, args=(self._process, self._heard), daemon=True).start()
        try:
            while self._line(time.monotonic() + READY_SECONDS) != "ready":
                pass
        except FaultError as fault:
            raise ChildProcessError(f"program must say ready, got none: {fault} (see {self.log})") from None

    def answer(self, spot: Spot, position: str, budget: Budget) -> Reply:
        """Return what it answers for a hand.

        Args:
            spot: of the hand.
            position: the command that says where the hand is, see ``position_text``.
            budget: seconds or iterations.

        Raises:
            FaultError: it answers nothing in time, ends, or answers something illegal; after ``late`` and ``died`` it must be started anew.
        """
        limit = self.limit_seconds + (budget.seconds or 0.0)
        self._send(position)
        self._until("state", limit)
        go = f"go iterations {budget.iterations}" if budget.seconds is None else f"go movetime {max(round(1000 * budget.seconds), 1)}"
        start = time.perf_counter()
        self._send(go)
        lines = self._until("bestaction", limit)
        seconds = time.perf_counter() - start
        policies = [line for line in lines if line.startswith("info policy ")]
        if policies:
            return Reply(_shares(spot, policies[-1].removeprefix("info policy ")), seconds)
        return Reply(_shares(spot, f"{lines[-1].removeprefix('bestaction ').strip()} 1"), seconds)

    def _until(self, word: str, limit: float) -> list[str]:
        """Return the lines up to the first one that begins with a word."""
        lines, deadline = list[str](), time.monotonic() + limit
        while not lines or lines[-1].split(maxsplit=1)[:1] != [word]:
            lines.append(self._line(deadline))
            if lines[-1].startswith("error"):
                raise FaultError("raised", f"it answered {brief(lines[-1], 200)}")
        return lines

    def _line(self, deadline: float) -> str:
        """Return the next line."""
        try:
            line = self._heard.get(timeout=max(deadline - time.monotonic(), 0.0))
        except queue.Empty:
            raise FaultError("late", "it did not answer in time") from None
        if line is None:
            raise FaultError("died", "it ended")
        return line

    def _send(self, line: str) -> None:
        process = self._process
        try:
            if process is None or process.stdin is None:
                raise OSError
            process.stdin.write(line + "\n")
            process.stdin.flush()
        except (OSError, ValueError):
            raise FaultError("died", "it ended") from None

    def close(self) -> None:
        """End it and what it has started in its session."""
        process, self._process = self._process, None
        if process is None:
            return
        with suppress(OSError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        for pipe in (process.stdin, process.stdout):
            with suppress(OSError, ValueError):
                if pipe is not None:
                    pipe.close()


def _read(process: subprocess.Popen[str], heard: queue.Queue[str | None]) -> None:
    """Pass on what a program says, line by line; None at its end. One that floods us is ended."""
    with suppress(OSError, ValueError):
        while process.stdout is not None and (line := process.stdout.readline(MOST_LINE)):
            try:
                heard.put_nowait(printable(line, MOST_LINE))
            except queue.Full:
                break
    with suppress(queue.Empty):
        while heard.full():
            heard.get_nowait()
    heard.put(None)


def _shares(spot: Spot, text: str) -> Float:
    """Return [A] of a policy such as ``check 0.25 / bet 600 0.75``; what is left out is 0.

    Raises:
        FaultError: an action that is not on offer, a number that is no share, or shares that do not sum to 1.
    """
    texts = [action.text for action in spot.actions]
    by_chips = {re.sub(r"^(bet|raise|all-in) ", "bet ", one): i for i, one in enumerate(texts)}
    shares = np.zeros(len(texts))
    for part in text.split("/"):
        words = part.split()
        name, number = " ".join(words[:-1]), words[-1] if words else ""
        place = by_chips.get(re.sub(r"^(bet|raise|all-in) ", "bet ", name))
        if place is None:
            raise FaultError("illegal", f"action must be one of {', '.join(texts)}, got {brief(name)}")
        try:
            share = float(number)
        except ValueError:
            share = math.nan
        if not 0 <= share <= 1 + NEAR_ONE:
            raise FaultError("illegal", f"a share must be in 0..1, got {brief(number)}")
        shares[place] += share
    if abs(shares.sum() - 1) > NEAR_ONE:
        raise FaultError("illegal", f"shares must sum to 1, got {brief(text)}")
    total: Float = shares / shares.sum()
    return total


def position_text(spot: Spot, hand: int) -> str:
    """Return the command that says where a hand is."""
    game, actions = spot.whole, " / ".join(action.text for action in spot.actions)
    line = " / ".join(line_of(game, spot.state))
    first, second = (range_text(game, levels) for levels in spot.levels)
    return f"position hand {game.hand_text(spot.player, hand)} line {line} ranges {first} {second} actions {actions}"


def range_text(game: HoldemGame, levels: Levels) -> str:
    """Return a range as solvers write it, without blanks: ``AsAh,AsKs:0.25``."""
    held = np.flatnonzero(levels).tolist()
    weights = [f":{levels[hand] / LEVELS:g}" if levels[hand] < LEVELS else "" for hand in held]
    return ",".join(f"{game.hand_text(0, hand)}{weight}" for hand, weight in zip(held, weights, strict=True))
