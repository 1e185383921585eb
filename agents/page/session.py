"""One person's game at the page: hands against an agent, as data that a browser shows.

A session is driven by requests. What takes time, loading the agent and its thinking, happens in ``work``, which somebody calls in a thread;
meanwhile ``view`` tells how far it is. All else is quick.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from agents.agent import Agent
from agents.decision_cache import DecisionCache
from agents.page.thoughts import Data, Drawer
from agents.play.amounts import amounts_at, common_sizes
from agents.play.hand import Move, PlayedHand, Record
from agents.play.words import action_text, chips_text, offers
from agents.runtime.storage import first_line
from games.game import Action
from games.public_tree import CHANCE
from games.settings import shown
from search import Budget
from search.budget import Watch
from search.representation import ActionValues

LONGER = 10.0  # times as long: what would it do?
LEAST_SECONDS, MOST_SECONDS = 0.0, 60.0  # of a decision
STILL = Budget(seconds=0)


@dataclass(frozen=True)
class Opponent:
    """Whom a session is played against.

    Attributes:
        agent: that plays.
        values: of histories, as its blueprint sees them; None where there are none.
        title: what people call the game.
    """

    agent: Agent[Any]
    values: ActionValues | None
    title: str


class Session:
    """See the module.

    Args:
        make: returns whom is played against; takes as long as a blueprint does.
        title: what people call the game.
        seed: of all that is drawn.
        seconds: of each decision of the agent's.
        save: takes each hand that is over.

    Attributes:
        version: counts what has changed.
    """

    def __init__(
        self, make: Callable[[], Opponent], title: str, seed: int, seconds: float, save: Callable[[Opponent, Record], None]
    ) -> None:
        self._make, self.title, self.seed, self.seconds, self._save = make, title, seed, checked_seconds(seconds), save
        self._lock = threading.RLock()
        self._opponent: Opponent | None = None
        self._hand: PlayedHand[Any] | None = None
        self._drawer: Drawer | None = None
        self._insights: dict[int, Data] = {}  # by number of the move
        self._wanted: int | None = None  # the move that is to be thought about for longer
        self._unsaved = list[Record]()  # hands that are over and could not be written yet
        self._watch, self._closed = Watch(), False
        self._asked = time.perf_counter()  # when the work at hand was asked for
        self._begun: float | None = None  # when its last part began; None while it waits
        self.played, self.total, self.version, self.error, self.busy = 0, 0.0, 0, "", True
        self.touched = time.monotonic()

    # what a person does

    def act(self, text: str) -> None:
        """Take the person's action by its text.

        Raises:
            ValueError: it is not legal, or not the person's turn.
        """
        with self._lock:
            hand = self._idle("act")
            if not hand.yours:
                when = "in a hand that is over" if hand.over else "at the agent's"
                raise ValueError(f"act must come at your turn, got it {when}")
            hand.act(self._named(hand, text))
            self._changed(busy=not hand.over)
            self._finish()

    def undo(self) -> None:
        """Take the person's last move back; the hand must not be over.

        Raises:
            ValueError: there is none.
        """
        with self._lock:
            hand = self._idle("undo")
            if hand.over:
                raise ValueError("undo must come before the hand is over, got it behind its end")
            if not hand.undo():
                raise ValueError("undo must follow a move of yours, got none")
            self._insights = {number: insight for number, insight in self._insights.items() if number < len(hand.moves)}
            self._changed(busy=False)

    def deal(self) -> None:
        """Begin the next hand.

        Raises:
            ValueError: the hand at hand is not over.
        """
        with self._lock:
            if not self._idle("deal").over:
                raise ValueError("deal must follow the end of a hand, got it before")
            self._begin()
            self._changed(busy=True)

    def think_for(self, seconds: Any) -> None:
        """Set the time of the agent's decisions from the next one on.

        Raises:
            ValueError: a number out of bounds.
        """
        with self._lock:
            self.seconds = checked_seconds(seconds)
            self.version += 1

    def think_longer(self, number: int) -> None:
        """Ask what the agent would have done with more time at a move of this hand.

        Raises:
            ValueError: no such move of the agent's.
        """
        with self._lock:
            self._idle("longer")
            if number not in self._insights:
                raise ValueError(f"move must be the number of one of the agent's moves, got {shown(number)}")
            self._wanted = number
            self._changed(busy=True)

    def stop(self) -> None:
        """End the agent's thinking at once, with its answer so far."""
        self._watch.stopped = True

    def close(self) -> None:
        """End for good: thinking stops, and nothing more is begun."""
        self._closed = True
        self._watch.stopped = True

    # what takes time

    def work(self) -> None:
        """Load the agent, let it move until it is the person's turn, or think for longer: whatever is due. Never raises."""
        error = ""
        try:
            if self._closed:
                return
            if self._opponent is None:
                self._begun = time.perf_counter()
                opponent = self._make()
                opponent.agent.load()
                with self._lock:
                    self._opponent = opponent
                    self._begin()
                    self.version += 1
            if self._wanted is not None:
                self._think_longer(self._wanted)
            while self._moves():
                pass
        except Exception as raised:  # whatever an agent raises is told, and the server goes on
            error = first_line(raised)
        finally:
            with self._lock:
                self._wanted = None
                self._changed(busy=False, error=error)
                self._finish()

    def _moves(self) -> bool:
        """Let chance or the agent move, if one of them acts; say whether there may be more."""
        hand, drawer = self._hand, self._drawer
        assert hand is not None
        assert drawer is not None
        if hand.over or hand.yours or self._closed:
            return False
        seconds, above, decisions = self.seconds, hand.state, hand.decisions
        player = hand.game.player(above)
        if player != CHANCE:
            if decisions.budget.seconds != seconds:  # what was taken back is thought about anew
                decisions.keep({move.above for move in hand.moves})
            decisions.budget, self._begun = self._budget(seconds), time.perf_counter()
            decisions.at(player, above)
        with self._lock:
            move = hand.step()
            self.version += 1
        if move.decision is not None:
            insight = drawer.told(above, move.decision) | {"asked": seconds if self._opponent_thinks() else None}
            with self._lock:
                self._insights[len(hand.moves) - 1] = insight
                self.version += 1
        return True

    def _think_longer(self, number: int) -> None:
        hand, drawer = self._hand, self._drawer
        assert hand is not None
        assert drawer is not None
        state, asked = hand.moves[number].above, LONGER * max(self._insights[number]["asked"] or 0.0, 1e-3)
        budget, self._begun = self._budget(min(asked, MOST_SECONDS)), time.perf_counter()
        decision = hand.decisions.copy().anew(1 - hand.you, state, budget)
        with self._lock:
            self._insights[number] |= {"longer": drawer.longer(state, decision)}

    # what is seen

    def view(self) -> Data:
        """Return all that the page shows, but for what the agent holds before the end."""
        with self._lock:
            seen: Data = {"title": self.title, "version": self.version, "busy": self.busy, "error": self.error, "seconds": self.seconds}
            seen |= {"played": self.played, "total": self.total}
            if self._hand is None or self._opponent is None:
                return seen | ({"status": "failed"} if self.error else {"status": "loading", "progress": self._progress()})
            return seen | self._table(self._hand, self._opponent)

    def _table(self, hand: PlayedHand[Any], opponent: Opponent) -> Data:
        game, you, state = hand.game, hand.you, hand.state
        chips, status = game.chips(state), "thinking" if self.busy else "over" if hand.over else "yours" if hand.yours else "failed"
        seen: Data = {
            "status": status, "agent": opponent.agent.name, "thinks": self._opponent_thinks(), "hand": hand.number + 1,
            "seats": [game.seat_text(you), game.seat_text(1 - you)], "yours": game.hand_name(you, hand.hands[you]),
            "board": game.board_name(state), "round": game.rounds[game.round(state)], "rounds": list(game.rounds),
            "blind": game.big_blind, "undo": any(game.player(move.above) == you for move in hand.moves) and not hand.over and not self.busy,
            "log": [self._line(number, move) for number, move in enumerate(hand.moves)],
            "thoughts": {str(number): insight for number, insight in self._insights.items()},
        }  # fmt: skip
        if chips is not None:
            seen["pot"] = sum(chips.paid)
            seen["paid"] = [chips.paid[you], chips.paid[1 - you]]
            seen["behind"] = None if chips.behind is None else [chips.behind[you], chips.behind[1 - you]]
            seen["call"] = max(chips.paid[1 - you] - chips.paid[you], 0)
        if status == "thinking":
            seen["progress"] = self._progress()
        if status == "yours":
            seen["actions"] = [
                {"text": action.text, "words": action_text(game, state, action), "kind": str(action.kind)} for action in offers(game, state)
            ]
            amounts = amounts_at(game, state)
            sizes = {action.chips: key for key, action in common_sizes(game, state).items()}
            seen["amounts"] = None if amounts is None else amounts._asdict() | {"sizes": sizes}
        if status == "over":
            won, its = hand.chips(), game.hand_name(1 - you, hand.hands[1 - you])
            seen["result"] = {"chips": won, "words": chips_text(game, abs(won)), "its": its}
        return seen

    def _progress(self) -> Data:
        """Return how far the work at hand is, or how long it has waited for other work."""
        since, waits = (self._asked, True) if self._begun is None else (self._begun, False)
        return {"seconds": time.perf_counter() - since, "iterations": self._watch.iterations, "waits": waits}

    def _line(self, number: int, move: Move[Any]) -> Data:
        """Return a line of the log."""
        assert self._hand is not None
        game = self._hand.game
        if move.action is None:
            return {"who": "board", "words": game.board_name(move.child)}
        who = "you" if game.player(move.above) == self._hand.you else "agent"
        return {"who": who, "words": action_text(game, move.above, move.action), "thought": number if number in self._insights else None}

    # inside

    def _idle(self, what: str) -> PlayedHand[Any]:
        """Return the hand; refuse what must wait."""
        self.touched = time.monotonic()
        if self.busy or self._hand is None:
            raise ValueError(f"{what} must wait for the agent, got it while the agent {'thinks' if self._hand else 'is loaded'}")
        return self._hand

    def _named(self, hand: PlayedHand[Any], text: str) -> Action:
        listed = [action for action in offers(hand.game, hand.state) if action.text == text]
        try:
            return listed[0] if listed else hand.game.action(hand.state, text)
        except ValueError as error:
            raise ValueError(f"action must be {error}, got {shown(text)}") from None

    def _begin(self) -> None:
        assert self._opponent is not None
        decisions = DecisionCache(self._opponent.agent, self._budget(self.seconds))
        self._hand = PlayedHand(decisions, self.seed, self.played, self.played % 2)
        self._drawer, self._insights = Drawer(decisions, self._opponent.values), {}

    def _budget(self, seconds: float) -> Budget:
        """Return the budget of a decision; the first one of the work at hand may have been stopped while it waited."""
        if self._begun is not None:
            self._watch = Watch()
            if self._closed:
                self._watch.stopped = True
        return replace(STILL, seconds=seconds, watch=self._watch) if self._opponent_thinks() else STILL

    def _opponent_thinks(self) -> bool:
        return self._opponent is not None and self._opponent.agent.thinks

    def _changed(self, busy: bool, error: str = "") -> None:
        self.busy, self.error = busy, error
        self.version += 1
        if busy:
            self._watch, self._asked, self._begun = Watch(), time.perf_counter(), None

    def _finish(self) -> None:
        """Count a hand that is over, once, and save it; one that cannot be written is told, and tried again with the next."""
        hand = self._hand
        if hand is None or self._opponent is None or not hand.over or self.busy or hand.number != self.played:
            return
        self.played += 1
        self.total += hand.chips()
        self._unsaved.append(hand.record())
        try:
            while self._unsaved:
                self._save(self._opponent, self._unsaved[0])
                del self._unsaved[0]
        except OSError as error:
            self.error = first_line(error)


def checked_seconds(seconds: Any) -> float:
    """Return a decision's seconds.

    Raises:
        ValueError: no number, or out of bounds.
    """
    if isinstance(seconds, bool) or not isinstance(seconds, int | float) or not LEAST_SECONDS <= seconds <= MOST_SECONDS:
        raise ValueError(f"seconds must be a number from {LEAST_SECONDS:g} to {MOST_SECONDS:g}, got {shown(seconds)}")
    return float(seconds)
