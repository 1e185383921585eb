"""Both ends of the ACPC protocol in one process: players that need no process, clients in threads, and what is sent word by word."""

from __future__ import annotations

import socket
import threading
import time
from contextlib import suppress

from agents.no_limit.agent import NoLimitAgent
from agents.opponents.acpc import AcpcBot
from agents.opponents.builtin import BOTS
from agents.protocols.acpc import AcpcClient
from agents.protocols.player import Player
from agents.runtime.line_socket import LineSocket
from games.holdem.acpc import action_text, read_match_state
from games.holdem.cards import hand_indices, parse_cards
from games.holdem.config import Holdem
from search import Budget, variant
from search.boards.menu_values import UniformMenu

SETTINGS = {"ranks": "TJQKA", "deals": [0, 1, 1], "blinds": [1, 2], "stack": 20, "min_bet": 2, "raise_cap": 2}
GAME = Holdem(name="small", amounts="any", **SETTINGS).build()
STILL = Budget(seconds=0)
HANG = 60.0  # seconds that nothing but a hang comes to


class Evenly:
    """A blueprint that plays every size of a menu alike."""

    name = "even"

    def __init__(self):
        self.game = Holdem(bets="50%,100%", raises="100%,a", **SETTINGS).build()
        self.at = UniformMenu(self.game).at

    def fingerprint(self):
        return b"even"


def even_agent():
    """Return an agent that does not think and draws its actions."""
    return NoLimitAgent(GAME, Evenly(), variant("default_holdem"), None)


class InProcess:
    """One of hold'em's bots, as the protocol Bot has it, without a process."""

    def __init__(self, name, game=GAME):
        self.name, self.game = name, game

    def begin(self, seed):
        self._bots = [BOTS[self.name](None, seat, seed + seat) for seat in (0, 1)]

    def restart(self, seat):
        self._bots[seat].restart()

    def step(self, observation):
        return observation.checked(self._bots[observation.player].step(observation))

    def end(self):
        pass

    def close(self):
        pass


class Direct(AcpcBot):
    """The same player as behind a socket, asked without one."""

    def _ready(self):
        self._player = getattr(self, "_player", None) or Player(even_agent(), STILL, 7)

    def step(self, observation):
        hand = int(hand_indices(self.game.hands)[parse_cards(observation.hand, "hand", self.game.deck)])
        return self._player.act(self._number, self._seat, self._state_of(observation), hand).text

    def finish(self, seat, hands, state, asked):
        if not asked:
            self._start(seat)


def free_port():
    """Return a port that nobody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        return server.getsockname()[1]


class ClientThread:
    """A client of ours that plays in a thread. It waits for ``first_seconds`` for its dealer, and for ``wait_seconds`` after each loss."""

    def __init__(self, port, player=None, wait_seconds=HANG, first_seconds=HANG):
        self.told, self.error, self._wait_seconds = [], None, wait_seconds
        self.client = AcpcClient(player or Player(even_agent(), STILL, 7), "127.0.0.1", port, first_seconds, self._tell)
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self):
        try:
            self.client.player.load()
            self.client.run()
        except Exception as error:
            self.error = error

    def _tell(self, line):
        self.told.append(line)
        self.client.wait_seconds = self._wait_seconds

    def join(self):
        """Wait until it has ended; return what it ended with."""
        self._thread.join(HANG)
        assert not self._thread.is_alive()
        return self.error


class Script:
    """A client in a thread that plays honestly, but for what it is told to do instead at decisions of its own.

    ``wrong`` is called with the script and the match state at each of its decisions; if it returns True the script says nothing more there.
    """

    def __init__(self, port, wrong=None, version="VERSION:2.0.0", after=None):
        self.heard, self.asked, self.done = [], [], False  # done is for ``wrong`` to remember
        self._port, self._wrong, self._version, self._after = port, wrong, version, after
        self.player = Player(even_agent(), STILL, 7)
        self.lines = None
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self):
        if self._after is not None:
            self._after.join()
        assert self.connect()
        while True:
            with suppress(EOFError, TimeoutError, OSError):
                while True:
                    self._hear(self.lines.receive(time.monotonic() + HANG))
            self.lines.close()
            if not self.done:  # the match is over, or we are
                return
            self.done = False
            if not self.connect(2.0):  # the match is over
                return

    def _hear(self, line):
        self.heard.append(line)
        view = read_match_state(GAME, line)
        if GAME.player(view.state) == view.seat:
            self.asked.append(line)
            if self._wrong is None or not self._wrong(self, line):
                self.say(self.answer(line))

    def connect(self, seconds=HANG):
        """Come, and say the version; return whether somebody was there."""
        deadline = time.monotonic() + seconds
        while True:
            try:
                self.socket = socket.create_connection(("127.0.0.1", self._port), 1.0)
                break
            except OSError:
                if time.monotonic() > deadline:
                    return False
                time.sleep(0.01)
        self.lines = LineSocket(self.socket)
        with suppress(EOFError):
            self.say(self._version)
        return True

    def answer(self, line):
        """Return the honest answer."""
        view = read_match_state(GAME, line)
        action = self.player.act(view.number, view.seat, view.state, view.hand)
        return f"{line}:{action_text(GAME, view.state, action)}"

    def say(self, line):
        self.lines.send(line, time.monotonic() + HANG)

    def hang_up(self):
        self.lines.close()

    def join(self):
        """Wait until it has ended."""
        self._thread.join(HANG)
        assert not self._thread.is_alive()
