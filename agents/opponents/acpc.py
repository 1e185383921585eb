"""A bot behind a socket: the match is the dealer of the ACPC protocol, and somebody's program plays as its client.

The client connects to our port, says ``VERSION:2.0.0`` and is sent a match state (see ``games.holdem.acpc``) after every event of a hand.
Where it is to act it answers with the same line and ``:action`` behind it. What it does wrong is one of the faults of every bot:

* ``late``: no whole answer within the limit. An answer that comes later still is passed over.
* ``died``: it hung up ``MOST_RETURNS`` times at one decision, each time to come back.
* ``illegal``: an action that is not legal there.
* ``garbage``: anything else, also what was not asked for. The connection is closed, as a process is replaced.

A client that goes may come back within ``wait_seconds``: it is sent the match state at hand again, and its time begins anew. Where nobody
comes the match ends (``LostError``); what was played is kept. A client remembers what it likes: it cannot be made anew as other bots are.
"""

from __future__ import annotations

import os
import socket
import time
from dataclasses import dataclass
from typing import Any

from agents.opponents.bot import LostError, Observation
from agents.opponents.sandbox import MOST_TEXT, FaultError
from agents.runtime.line_socket import LineSocket
from agents.runtime.storage import printable
from games.game import path
from games.holdem.acpc import match_state, read_action
from games.holdem.cards import hand_indices, parse_cards
from games.holdem.rules import HoldemGame, HoldemState
from games.public_tree import CHANCE

ACPC = "acpc"  # what a match calls such a bot
HOST, WAIT_SECONDS = "127.0.0.1", 60.0  # unless given
VERSION = "VERSION:2"  # how a client's first line begins
VERSION_SECONDS = 10.0  # for it to come
MOST_COMMENTS = 100  # lines of a client's that say nothing, before an answer
COMMENTS = ("#", ";")
MOST_RETURNS = 5  # of clients at one decision
PART_HANDS = 128  # at least as many as a part of a match has


@dataclass
class AcpcBot:
    """See the module.

    Attributes:
        game: what is played; it has blinds.
        host: the address that is listened on.
        port: the port.
        limit_seconds: of one decision.
        wait_seconds: for a client to come, or to come back.
    """

    game: HoldemGame
    port: int
    host: str = HOST
    limit_seconds: float = 10.0
    wait_seconds: float = WAIT_SECONDS

    name = ACPC

    def __post_init__(self) -> None:
        self._listener: socket.socket | None = None
        self._client: LineSocket | None = None
        self._gone = ""  # why the client is gone
        self._lost: LostError | None = None
        self._overdue = set[str]()  # match states whose answers came too late, or may still come
        self._number, self._seat, self._hand = 0, 0, -1
        self._sent: HoldemState | None = None  # the last one of the hand

    def __getstate__(self) -> dict[str, Any]:
        return {key: value for key, value in vars(self).items() if not key.startswith("_")}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self.__post_init__()

    def begin(self, seed: int) -> None:
        """Go on with the client, or wait for one; hands are numbered from what ``seed`` gives. Raises LostError if none comes."""
        if self._lost is not None:
            raise self._lost
        self._number = seed % (1 << 25) * PART_HANDS
        self._ready()

    def restart(self, seat: int) -> None:
        """Start a hand that the bot acts in."""
        self._start(seat)
        self._ready()

    def step(self, observation: Observation) -> str:
        """See ``Bot``; raises LostError, too."""
        state = self._state_of(observation)
        self._hand = int(hand_indices(self.game.hands)[parse_cards(observation.hand, "hand", self.game.deck)])
        asked = self._view(state)
        for _ in range(MOST_RETURNS):
            self._ready()
            assert self._client is not None
            shown = False
            try:
                self._refuse_unasked(self._client)
                self._show(self._client, state)
                shown = True
                answer = self._answer(self._client, asked, time.monotonic() + self.limit_seconds)
            except EOFError:
                self._leave("the last one hung up")
                continue
            except TimeoutError:
                self._overdue.add(asked)
                if not shown:  # what it has read is not known
                    self._leave("the last one did not read what it was sent, or sent half a line")
                raise FaultError("late", f"no answer within {self.limit_seconds:g} s") from None
            except ValueError as error:
                self._leave("the last one said what was not asked for")
                raise FaultError("garbage", printable(str(error), MOST_TEXT)) from None
            try:
                action = read_action(self.game, state, answer)
            except ValueError as error:
                raise FaultError("illegal", printable(str(error), MOST_TEXT)) from None
            return str(observation.checked(action.text))
        raise FaultError("died", f"it hung up {MOST_RETURNS} times at one decision")

    def finish(self, seat: int, hands: tuple[int, int], state: HoldemState, asked: bool) -> None:
        """Show the client how a hand ended; the opponent's cards where both came to the showdown.

        Args:
            seat: the client's.
            hands: both players'.
            state: the last one; of a hand that was forfeited no end, and then nothing is shown.
            asked: whether the client was to act in it; else it is a hand that begins here.
        """
        if not asked:
            self._start(seat)
        if self._client is None or state.betting.player in (0, 1):
            return
        self._hand = hands[seat]
        try:
            self._show(self._client, state, hands if state.betting.folded < 0 else None)
        except (EOFError, TimeoutError):
            self._leave("the last one hung up, or did not read what it was sent")

    def end(self) -> None:
        """Keep the client: it cannot be made anew."""

    def close(self) -> None:
        """End the match for the client."""
        if self._listener is not None:
            self._listener.close()  # first: a client may come back at once
        if self._client is not None:
            self._client.close()
        self._client = self._listener = None

    def _start(self, seat: int) -> None:
        self._number, self._seat, self._sent = self._number + 1, seat, None

    def _view(self, state: HoldemState, hands: tuple[int, int] | None = None) -> str:
        """Return the client's match state, with its own cards or with both players'."""
        shown = hands or ((self._hand, None) if self._seat == 0 else (None, self._hand))
        return match_state(self.game, state, self._seat, self._number, shown)

    def _show(self, client: LineSocket, state: HoldemState, hands: tuple[int, int] | None = None) -> None:
        """Send what has happened in the hand since the last match state; the last one again if nothing has."""
        line = path(self.game, state)
        news = line[line.index(self._sent) + 1 :] if self._sent in line else line
        self._sent = state
        for at in news[:-1]:
            if at.betting.player != CHANCE:
                client.send(self._view(at), time.monotonic() + self.limit_seconds)
        client.send(self._view(state, hands), time.monotonic() + self.limit_seconds)

    def _state_of(self, observation: Observation) -> HoldemState:
        """Return the public state that an observation is of."""
        game, state = self.game, self.game.root
        for label in observation.history:
            state = game.revealed(state, label) if game.player(state) == CHANCE else game.child(state, game.action(state, label))
        return state

    def _refuse_unasked(self, client: LineSocket) -> None:
        """Pass over answers that were too late; raises ValueError at any other line that came before it was asked for."""
        for _ in range(MOST_COMMENTS):
            if not client.waiting():
                return
            line = client.receive(time.monotonic() + self.limit_seconds)
            if not self._passed_over(line):
                raise ValueError(f"an answer must be asked for, got {line!r:.100} before")
        raise ValueError(f"a client must send at most {MOST_COMMENTS} lines before it is asked, got more")

    def _answer(self, client: LineSocket, asked: str, deadline: float) -> str:
        """Return the action that a client answers a match state with; raises ValueError where it answers anything else."""
        for _ in range(MOST_COMMENTS):
            line = client.receive(deadline)
            echo, _, action = line.rpartition(":")
            if echo == asked:
                return action
            if not self._passed_over(line):
                raise ValueError(f"its answer must be {asked} with :action behind it, got {line!r:.100}")
        raise ValueError(f"its answer must come within {MOST_COMMENTS} lines, got more")

    def _passed_over(self, line: str) -> bool:
        """Say whether a line is no answer to what is asked now, and no fault: a comment, or an answer that was too late."""
        echo = line.rpartition(":")[0]
        if echo in self._overdue:
            self._overdue.remove(echo)
            return True
        return not line or line.startswith(COMMENTS)

    def _leave(self, why: str) -> None:
        """Be without a client."""
        if self._client is not None:
            self._client.close()
        self._client, self._gone = None, why

    def _ready(self) -> None:
        """Wait for a client if there is none.

        Raises:
            LostError: the port cannot be had, or no client comes in time.
        """
        if self._client is not None:
            return
        if self._listener is None:
            self._listener = listener(self.host, self.port)
        deadline, why = time.monotonic() + self.wait_seconds, self._gone
        while (left := deadline - time.monotonic()) > 0:
            self._listener.settimeout(left)
            try:
                connection, _ = self._listener.accept()
            except TimeoutError:
                break
            client = LineSocket(connection)
            try:
                first = client.receive(min(deadline, time.monotonic() + VERSION_SECONDS))
            except (TimeoutError, EOFError, ValueError) as error:
                first = str(error)
            if first.startswith(VERSION):
                self._client, self._overdue = client, set()
                return
            client.close()
            why = f"the last to come had to say {VERSION}.0.0 first, and said {first!r:.100}"
        more = f" ({why})" if why else ""
        self._lost = LostError(f"{ACPC}: a client must come to {self.host}:{self.port} within {self.wait_seconds:g} s, got none{more}")
        raise self._lost


def listener(host: str, port: int) -> socket.socket:
    """Return a socket that listens on a port.

    Raises:
        LostError: the address is not ours, or the port is taken.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family, backlog=1)
    except (OSError, OverflowError) as error:
        number = getattr(error, "errno", None) or 0
        text = os.strerror(number) if number > 0 else error
        raise LostError(f"{ACPC}: {host}:{port} must be an address of this machine and a free port, got {text}") from None
