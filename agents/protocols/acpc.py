"""The client's side of the ACPC protocol: we connect to a dealer and play the hands that it deals."""

from __future__ import annotations

import math
import socket
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import cast

from agents.protocols.player import Player
from agents.runtime.line_socket import LineSocket
from games.holdem.acpc import View, action_text, read_match_state
from games.holdem.rules import HoldemGame
from games.public_tree import TERMINAL

VERSION = "VERSION:2.0.0"
COMMENTS = ("#", ";")  # how lines begin that say nothing to a player
RETRY_SECONDS = 0.1  # between two tries to connect
SEND_SECONDS = 10.0  # for a dealer to take an answer


class GoneError(ConnectionError):
    """The dealer cannot be reached, or hung up in the middle of a hand."""


@dataclass
class AcpcClient:
    """A player at a dealer's table.

    Each match state has its whole hand, so a line that is lost, a line twice, and a hand that begins in its middle make no difference. If
    the connection is lost a new one is tried for.

    Attributes:
        player: who plays.
        host: of the dealer.
        port: of the dealer.
        wait_seconds: for a dealer that can be connected to, first and after each loss.
        tell: is called with what people may want to know, a line each.
    """

    player: Player
    host: str
    port: int
    wait_seconds: float
    tell: Callable[[str], None]

    def __post_init__(self) -> None:
        self.game = cast("HoldemGame", self.player.game)
        self.hands, self.chips = 0, 0.0  # seen to their end, and won in them
        self._ended: int | None = None  # number of the last hand that ended
        self._under_way = False

    def run(self) -> None:
        """Play until the dealer has gone for good.

        Raises:
            GoneError: no dealer could be reached, or it went in the middle of a hand.
            ValueError: it sent something that is no match state of the game.
            FaultError: the player is a bot that did something wrong.
        """
        first = True
        while (lines := self._connected()) is not None:
            self.tell(f"connected to {self.host}:{self.port}" if first else f"connected to {self.host}:{self.port} again")
            first = False
            try:
                lines.send(VERSION, time.monotonic() + SEND_SECONDS)
                while True:
                    self._heard(lines, lines.receive(math.inf))
            except (EOFError, TimeoutError):
                pass
            finally:
                lines.close()
        if first or self._under_way:
            hung_up = "" if first else "; it hung up in the middle of a hand"
            raise GoneError(
                f"host and port must be a dealer's, got {self.host}:{self.port}: nobody there in {self.wait_seconds:g} s{hung_up}"
            )

    def _connected(self) -> LineSocket | None:
        """Return a connection; None where there is none in time."""
        deadline = time.monotonic() + self.wait_seconds
        while True:
            try:
                return LineSocket(socket.create_connection((self.host, self.port), max(deadline - time.monotonic(), RETRY_SECONDS)))
            except OSError:
                if time.monotonic() + RETRY_SECONDS > deadline:
                    return None
                time.sleep(RETRY_SECONDS)

    def _heard(self, lines: LineSocket, line: str) -> None:
        """Answer a line where we are to act; count a hand that is over."""
        if not line or line.startswith(COMMENTS):
            return
        view = read_match_state(self.game, line)
        player = self.game.player(view.state)
        self._under_way = player != TERMINAL
        if player == TERMINAL:
            self._count(view)
        elif player == view.seat:
            action = self.player.act(view.number, view.seat, view.state, view.hand)
            lines.send(f"{line}:{action_text(self.game, view.state, action)}", time.monotonic() + SEND_SECONDS)

    def _count(self, view: View) -> None:
        """Take in how a hand ended, once."""
        folded = view.state.betting.folded >= 0
        if view.number == self._ended or (view.opponent is None and not folded):
            return
        self._ended = view.number
        opponent = view.hand if view.opponent is None else view.opponent
        won = self.game.payoff(view.state, (view.hand, opponent) if view.seat == 0 else (opponent, view.hand))
        self.hands, self.chips = self.hands + 1, self.chips + (won if view.seat == 0 else -won)
