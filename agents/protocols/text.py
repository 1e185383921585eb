"""Commands and answers as lines of text, for GUIs and programs in other languages, in the spirit of chess's UCI.

docs/reference/text-protocol.md is the protocol. Each command that cannot be done is answered by one line ``error …``, and the session goes
on. A session reads commands in one thread and thinks in another, so that ``stop`` is heard.
"""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any, TextIO

from agents.protocols.player import Player
from agents.protocols.ranged import Given, given_at, parted
from agents.runtime.storage import first_line, printable
from games.game import Action, find_decision, path
from games.holdem.acpc import check_game, read_match_state
from games.holdem.cards import hand_indices, parse_cards
from games.holdem.rules import HoldemGame
from games.settings import shown
from search import Budget
from search.budget import Watch

PROTOCOL = 1  # raised whenever a line that was legal is no longer, or means something else
COMMANDS = ("game", "position", "go", "stop", "quit")
LIMITS = {"movetime": 86_400_000, "iterations": 10**9}  # what ``go`` takes, and the most of it
MOST_LINE = 50_000  # characters of a command; two ranges of all hands have 30,000
INFO_SECONDS = 0.25  # between two lines of information
DAY = Budget(seconds=86_400.0)  # of ``go infinite``
Position = tuple[int, Any, int]  # seat, public state, hand


class TextSession:
    """One conversation.

    Args:
        player: who plays, loaded.
        say: sends a line.
    """

    def __init__(self, player: Player, say: Callable[[str], None]) -> None:
        self.player, self.game, self._say, self._lock = player, player.game, say, threading.Lock()
        self._position: Position | None = None
        self._given: Given | None = None  # of the position
        self._hand = 0  # number of the hand
        self._thread: threading.Thread | None = None
        self._busy, self._endless = False, False  # whether it thinks, and would for ever
        self._watch = Watch()

    def run(self, stream: TextIO, version: str) -> None:
        """Answer commands until ``quit`` or the end of the input."""
        self.say(f"timebank {version} protocol {PROTOCOL}")
        self.say("ready")
        try:
            for line in _lines(stream):
                command, _, rest = line.strip().partition(" ")
                if line.strip() == "quit":
                    self._watch.stopped = True
                    break
                try:
                    self._obey(command, rest.strip())
                except ValueError as error:
                    self.say(f"error {first_line(error)}")
            self._watch.stopped |= self._endless  # what was asked for before the input ended is answered still
            if self._thread is not None:
                self._thread.join()
        finally:
            self._watch.stopped = True

    def say(self, line: str) -> None:
        """Send a line; threads take turns."""
        with self._lock:
            self._say(printable(line, MOST_LINE))

    def _obey(self, command: str, rest: str) -> None:
        """Do what a command says; nothing for an empty line."""
        if not command:
            return
        if command not in COMMANDS:
            raise ValueError(f"a command must be one of {', '.join(COMMANDS)}, got {shown(command)}")
        if command in ("game", "stop", "quit") and rest:
            raise ValueError(f"{command} must stand alone, got {shown(rest)} behind it")
        if command == "stop":
            if not self._busy:
                raise ValueError("stop must come between go and bestaction, got it while nothing is thought about")
            self._watch.stopped = True
            return
        if command == "game":
            self.say(self._description())
            return
        if self._busy:
            raise ValueError(f"{command} must wait for bestaction, got it while the agent thinks (stop ends that)")
        if command == "position":
            self._place(rest)
        else:
            self._go(rest)

    def _description(self) -> str:
        """Return the answer to ``game``."""
        game, chips = self.game, self.game.chips(self.game.root)
        parts = [f"game {game.name}", f"rounds {' '.join(game.rounds)}"]
        if chips is not None and chips.behind is not None:
            parts.append(f"stacks {chips.paid[0] + chips.behind[0]:.10g} {chips.paid[1] + chips.behind[1]:.10g}")
            parts.append(f"paid {chips.paid[0]:.10g} {chips.paid[1]:.10g}")
            parts.append(f"amounts {'any' if game.amounts(game.root) is not None else 'listed'}")
        return " / ".join([*parts, f"agent {self.player.name}"])

    def _place(self, text: str) -> None:
        """Set the position, and say what may be done there."""
        text, ranges, actions = parted(text)
        matched, given = re.fullmatch(r"hand (\S+)(?: line ?(.*))?", text), None
        if text.startswith("MATCHSTATE:"):
            seat, state, hand = self._from_match_state(text)
        elif matched is not None:
            state = find_decision(self.game, matched[2] or "", "line")
            seat = self.game.player(state)
            hand = self._hand_of(seat, matched[1])
            given = None if ranges is None else given_at(self.player.agent, self.game, state, ranges, actions)
        else:
            raise ValueError(f"position must be MATCHSTATE:... or hand CARDS line ACTION / CARDS / ..., got {shown(text)}")
        held = self.game.ranges if given is None else given.ranges
        if not held[seat][hand] * self.game.cf_reach(state, seat, held[1 - seat])[hand] > 0:
            text, where = self.game.hand_text(seat, hand), "" if given is None else " with those ranges"
            raise ValueError(f"hand must be one that can be held there{where}, got {text} on {self.game.board_text(state) or 'no board'}")
        previous = None if self._position is None else self._position[1]
        fresh = given is not None or self._given is not None  # ranges stand in the place of a hand's history
        if fresh or self._position is None or self._position[2] != hand or previous not in path(self.game, state):
            self._hand += 1  # another hand
        self._position, self._given = (seat, state, hand), given
        self.say(self._situation(seat, state))

    def _from_match_state(self, text: str) -> Position:
        if not isinstance(self.game, HoldemGame):
            raise ValueError(f"a match state must be of hold'em, got one in {self.game.name}")
        check_game(self.game)
        view = read_match_state(self.game, text)
        if self.game.player(view.state) != view.seat:
            raise ValueError(f"a match state must be one where its position acts, got {shown(text)}")
        return view.seat, view.state, view.hand

    def _hand_of(self, seat: int, text: str) -> int:
        """Return a hand's index."""
        if isinstance(self.game, HoldemGame):
            cards = parse_cards(text, "hand", self.game.deck)
            if len(cards) != 2:
                raise ValueError(f"hand must have two cards, got {shown(text)}")
            return int(hand_indices(self.game.hands)[cards])
        texts = [self.game.hand_text(seat, hand) for hand in range(self.game.num_hands[seat])]
        if text not in texts:
            raise ValueError(f"hand must be one of {', '.join(texts)}, got {shown(text)}")
        return texts.index(text)

    def _situation(self, seat: int, state: Any) -> str:
        """Return the answer to ``position``."""
        game, chips = self.game, self.game.chips(state)
        parts = [f"state player {seat}", f"round {game.rounds[game.round(state)]}"]
        if board := game.board_text(state):
            parts.append(f"board {board}")
        if chips is not None:
            parts += [f"pot {sum(chips.paid):.10g}", f"call {chips.paid[1 - seat] - chips.paid[seat]:.10g}"]
            parts += [] if chips.behind is None else [f"behind {chips.behind[seat]:.10g}"]
        if (amounts := game.amounts(state)) is not None:
            parts.append(f"amounts {amounts[0]} {amounts[1]}")
        return " / ".join([*parts, *(f"action {action.text}" for action in self._actions(state))])

    def _actions(self, state: Any) -> list[Action]:
        """Return the actions on offer at the position."""
        return list(self.game.actions(state) if self._given is None else self._given.actions)

    def _go(self, text: str) -> None:
        """Begin to think."""
        if self._position is None:
            raise ValueError("go must come after a position, got none yet")
        self._watch, self._endless = Watch(), text == "infinite"
        budget = replace(self._budget(text), watch=self._watch)
        self._busy = True
        self._thread = threading.Thread(target=self._think, args=(*self._position, budget, self._watch), daemon=True)
        self._thread.start()

    def _budget(self, text: str) -> Budget:
        """Return what ``go`` says that the decision may spend; the session's own where it says nothing."""
        if not text:
            return self.player.budget
        if text == "infinite":
            return DAY
        matched = re.fullmatch(r"(movetime|iterations) ([0-9]{1,12})", text)
        if matched is None or not 1 <= int(matched[2]) <= LIMITS[matched[1]]:
            limits = ", ".join(f"{name} 1..{most}" for name, most in LIMITS.items())
            raise ValueError(f"go must be alone, or with {limits} or infinite, got {shown(text)}")
        number = int(matched[2])
        return Budget(seconds=number / 1000) if matched[1] == "movetime" else Budget(iterations=number)

    def _think(self, seat: int, state: Any, hand: int, budget: Budget, watch: Watch) -> None:
        """Decide, with a line of information now and then."""
        start, done = time.perf_counter(), threading.Event()
        ticker = threading.Thread(target=self._tell, args=(start, watch, done), daemon=True)
        ticker.start()
        try:
            action = self.player.act(self._hand, seat, state, hand, budget, self._given)
        except Exception as error:  # whatever an agent of somebody's raises is an answer, too
            self._end(ticker, done, [f"error it cannot be decided: {first_line(error)}"])
        else:
            self._end(ticker, done, [*self._told(state, hand, start), f"bestaction {action.text}"])

    def _end(self, ticker: threading.Thread, done: threading.Event, lines: list[str]) -> None:
        """Say the last lines of a decision."""
        done.set()
        ticker.join()
        with self._lock:
            self._busy = False  # another go may follow at once
            for line in lines:
                self._say(printable(line, MOST_LINE))

    def _tell(self, start: float, watch: Watch, done: threading.Event) -> None:
        while not done.wait(INFO_SECONDS):
            self.say(f"info time {1000 * (time.perf_counter() - start):.0f} iterations {watch.iterations}")

    def _told(self, state: Any, hand: int, start: float) -> Iterator[str]:
        """Yield what is said of a decision of an agent's before its action."""
        decision = self.player.last
        if decision is None:
            return
        yield f"info time {1000 * (time.perf_counter() - start):.0f} iterations {decision.iterations} outcome {decision.outcome}"
        actions, shares = self._actions(state), decision.policy[:, hand].tolist()
        yield "info policy " + " / ".join(f"{action.text} {share:.4f}" for action, share in zip(actions, shares, strict=True))


def _lines(stream: TextIO) -> Iterator[str]:
    """Yield lines of at most ``MOST_LINE`` characters; of longer ones the beginning, and no more of them."""
    while line := stream.readline(MOST_LINE + 1):
        yield line[:MOST_LINE]
        while line and not line.endswith("\n") and len(line) > MOST_LINE:
            line = stream.readline(MOST_LINE + 1)
