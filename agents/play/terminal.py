"""A game against an agent in a terminal: what is shown, and what the keys do."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Generic, TypeVar

import numpy as np
import numpy.typing as npt

from agents.decision_cache import Course
from agents.play.table_view import QUIT, UNDO, TableView
from agents.reporting.tables import counted, duration, table
from games import CHANCE, TERMINAL
from search import Budget

Record = dict[str, Any]
State = TypeVar("State", bound=Hashable)
THINK, HELP = "?", "help"
BLUE, GREEN, RED = 34, 32, 31  # of ANSI
COLORS = {"fold": BLUE, "check": GREEN, "call": GREEN, "bet": RED, "raise": RED, "all-in": RED}  # those of the figures
SUIT_COLORS = {"♥": RED, "♦": RED}
TOLD, ROUND = 8, 6  # classes of hands of a range, and digits of a share: equal ones differ by rounding


@dataclass
class Terminal(Generic[State]):
    """Hands against an agent.

    Attributes:
        view: the game, and who plays against.
        budget: of its decisions.
        seed: of deals and of the agent's actions; each depends on the hand's number and the public state, so taking a move back does not
            draw anew.
        ask: shows a prompt and returns a line; EOFError ends the game.
        show: shows a line.
        save: takes each hand when it is over.
        colored: actions, red suits and results have colours.
    """

    view: TableView[State]
    budget: Budget
    seed: int
    ask: Callable[[str], str]
    show: Callable[[str], None]
    save: Callable[[Record], None]
    colored: bool = False

    def __post_init__(self) -> None:
        view = self.view
        view.load()
        self.course: Course[State] = Course(
            lambda seat, state: [s for s in view.path(state) if view.player(s) == seat],
            lambda seat, state, thought: view.decide(seat, state, thought, self.budget),
        )
        self.total, self.played = 0.0, 0

    def run(self, hands: int | None = None) -> None:
        """Play until that many hands are over, or the player leaves."""
        self.show(f"{self.view.title}. {THINK} shows what it thinks, {UNDO} takes a move back, {QUIT} leaves, {HELP} lists the keys.")
        while hands is None or self.played < hands:
            try:
                record = self.hand(self.played)
            except EOFError:
                break
            self.played += 1
            self.total += record["chips"]
            self.save(record)
            self.show(f"  so far: {self.view.chips_text(self.total, '+')} in {counted(self.played, 'hand')}")
        self.show(f"\n{counted(self.played, 'hand')}, {self.total:+g} chips")

    def hand(self, number: int) -> Record:
        """Play one hand.

        Raises:
            EOFError: the player leaves; the hand does not count.
        """
        view, you = self.view, number % 2
        self.course.forget()
        hands = view.deal(np.random.default_rng([self.seed, number]))
        self.show(f"\nHand {number + 1}: you are {view.seat_text(you)}, your hand is {self._cards(view.hand_text(you, hands[you]))}")
        state, asked, undone, milliseconds = view.root, list[State](), 0, list[float]()
        while (player := view.player(state)) != TERMINAL:
            if player == you:
                child = self._yours(state, hands[you])
                if child is None:
                    if asked:
                        state, undone = asked.pop(), undone + 1
                        self.show("  back at your last decision")
                    else:
                        self.show("  there is no move of yours to take back")
                    continue
                asked.append(state)
            elif player == CHANCE:
                child = view.draw(state, hands, self._stream(number, state))
                self.show(f"  board: {self._cards(view.board_text(child))}")
            else:
                decision = self.course.at(player, state)
                milliseconds.append(1000 * decision.seconds)
                weights = decision.policy[:, hands[player]]
                child = view.children(state)[int(self._stream(number, state).choice(len(weights), p=weights / weights.sum()))]
                self.show(f"  agent: {self._action(view.action_text(child))}")
            state = child
        chips = view.payoff(state, hands) * (1 if you == 0 else -1)
        outcome, color = ("win", GREEN) if chips > 0 else ("lose", RED) if chips < 0 else ("get", None)
        won = self._painted(f"you {outcome} {view.chips_text(abs(chips))}", color)
        self.show(f"  agent had {self._cards(view.hand_text(1 - you, hands[1 - you]))}; {won}")
        record = {"hand": number, "you": you, **view.record(state, hands), "chips": chips}
        return record | {"undone": undone, "agent_milliseconds": milliseconds}

    def _stream(self, number: int, state: State) -> np.random.Generator:
        return np.random.default_rng([self.seed, number, self.view.stream(state)])

    def _yours(self, state: State, hand: int) -> State | None:
        """Ask until there is an action; None takes the last move back."""
        view, children = self.view, self.view.children(state)
        labels, keys = [view.action_text(child) for child in children], view.keys(state)
        shown = {i: key for key, i in reversed(keys.items())}  # of several keys the first
        choices = ", ".join(f"{shown[i]} {self._action(label)}" for i, label in enumerate(labels))
        self.show(f"  {self._situation(state, hand)}\n  {choices}")
        while True:
            answer = " ".join(self.ask("  > ").lower().split())
            if answer in (QUIT, "quit", "exit"):
                raise EOFError
            if answer == UNDO:
                return None
            if answer in keys:
                return children[keys[answer]]
            if answer in [label.lower() for label in labels]:
                return children[[label.lower() for label in labels].index(answer)]
            if answer == THINK:
                self.show(self.thoughts(state, hand))
            elif answer == HELP:
                keys_text = ", ".join(f"{shown[i]} or {label.lower()}" for i, label in enumerate(labels))
                self.show(
                    f"  your actions: {keys_text}\n  {THINK}: what it would do in your place, what that is worth, and what it may hold"
                )
                self.show(f"  {UNDO}: takes your last move back; {QUIT}: leaves; every hand that is over is saved")
            else:
                known = [*(shown[i] for i in range(len(labels))), THINK, UNDO, QUIT, HELP]
                self.show(f"  a key must be one of {', '.join(known)}, got {answer!r}")

    def _situation(self, state: State, hand: int) -> str:
        view = self.view
        board = view.board_text(state)
        parts = [f"hand {view.hand_text(view.player(state), hand)}", *([f"board {board}"] if board else [])]
        return " | ".join([*map(self._cards, parts), *view.situation(state)])

    def _painted(self, text: str, color: int | None) -> str:
        return f"\033[{color}m{text}\033[0m" if self.colored and color is not None else text

    def _action(self, text: str) -> str:
        return self._painted(text, COLORS.get(text.split()[0].lower()))

    def _cards(self, text: str) -> str:
        return " ".join(self._painted(word, SUIT_COLORS.get(word[-1:])) for word in text.split(" "))

    def thoughts(self, state: State, hand: int) -> str:
        """Return what the agent would do in your place with your hand, what it is worth, and what its own hand may be, as you can tell."""
        view, you = self.view, self.view.player(state)
        decision = self.course.at(you, state)
        likely = np.array(view.unseen(state, you, hand))
        for above, here in pairwise(view.path(state)):
            if view.player(above) == 1 - you:
                likely *= self.course.at(1 - you, above).policy[view.children(above).index(here)]
        rows = [
            [f"    {view.action_text(child)}", f"{probability:.1%}", "-" if worth is None else f"{worth:+.3f}"]
            for child, probability, worth in zip(
                view.children(state), decision.policy[:, hand], view.worth(state, hand, likely), strict=True
            )
        ]
        held = ", ".join(f"{text} {share:.0%}" for text, share in self._classes(1 - you, likely))
        spent = f"{duration(decision.seconds)}, {decision.iterations} iterations"
        lines = [table(["    in your place it plays", "how often", "chips"], rows), f"    its hand, by what it did: {held}"]
        return "\n".join([*lines, f"    thought for {spent}; chips by {view.valued_by}"])

    def _classes(self, player: int, likely: npt.NDArray[np.float64]) -> list[tuple[str, float]]:
        """Return the most likely classes of hands with their shares, and what all others have; of equal ones the highest first."""
        shares: dict[str, float] = {}
        for h in np.flatnonzero(likely)[::-1].tolist():
            text = self.view.class_text(player, h)
            shares[text] = shares.get(text, 0.0) + float(likely[h] / likely.sum())
        ordered = sorted(shares.items(), key=lambda item: -round(item[1], ROUND))
        rest = [(f"{len(ordered) - TOLD} others", sum(share for _, share in ordered[TOLD:]))] if len(ordered) > TOLD else []
        return ordered[:TOLD] + rest
