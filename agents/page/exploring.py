"""A game or spot that is solved and looked at meanwhile: any decision of it, as it was after any of some iterations.

An exploration is driven like a session: ``work`` solves, in a thread; others ask for nodes, which are read out between two slices of the
solve, or at once when it is over. Copies of the answer so far are kept at iterations that lie evenly on a logarithmic scale, as far as
memory allows; the exploitability at each of them is kept in any case.
"""

from __future__ import annotations

import math
import queue
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from agents.evaluation.lock_texts import hand_by_hand
from agents.evaluation.solving import BoardSolving, TreeSolving
from agents.page.thoughts import Data
from agents.page.views import Copy, View, view_of
from agents.play.words import action_text
from agents.reporting.made_hands import kinds_of
from agents.runtime.storage import first_line, require
from games.game import PublicGame, find_decision, line_of, path
from games.public_tree import CHANCE
from search import BoardSolver, Budget, Solution, Solver
from search.budget import Watch

STEP = 1.2  # from one kept answer, whose exploitability is worked out, to the next, in iterations
MOST_BYTES = 300e6  # of copies of answers
SERVE_SECONDS = 0.2  # between two nodes that are read out while it solves
WEIGHT_DIGITS, SHARE_STEPS = 4, 255
STOPPED = "a solve must run for an iteration to be looked at, got a stop before"
EV_STEPS = 1000  # of the pot, or of a chip, in which EVs of actions are told


@dataclass(frozen=True)
class Snapshot:
    """The answer after some iterations.

    Attributes:
        iterations: of the solve.
        seconds: of solving.
        exploitability: of the answer, in chips.
        answer: a copy of it, see ``agents.page.views``; None where copies would take too much memory.
    """

    iterations: int
    seconds: float
    exploitability: float
    answer: Copy | None


class Exploration:
    """See the module.

    Args:
        make: returns what is solved, and within which budget.
        title: what people call it.

    Attributes:
        version: counts what has changed.
        touched: when somebody asked about it last, on the monotonic clock.
        listeners: sockets that are told how far it is.
    """

    def __init__(self, make: Callable[[], tuple[BoardSolving | TreeSolving, Budget]], title: str) -> None:
        self._make, self.title, self.error, self.status = make, title, "", "waiting"
        self._watch, self._size = Watch(), ""
        self._view: View | None = None  # once it is built
        self._kept: list[Snapshot] = []
        self._asked: queue.SimpleQueue[tuple[Callable[[], Data], Future[Data]]] = queue.SimpleQueue()
        self._lock, self._before, self._served, self._done = threading.Lock(), 0.0, 0.0, (0, 0.0)
        self._serve_others: Callable[[], None] = lambda: None
        self.version = self.listeners = 0
        self.touched = time.monotonic()

    def stop(self) -> None:
        """End the solve; its answer so far can still be looked at."""
        self._watch.stopped = True

    def work(self, serve_others: Callable[[], None] = lambda: None) -> None:
        """Build and solve; ``serve_others`` is called where this one's own questions are answered, between slices. Never raises."""
        self._serve_others = serve_others
        try:
            self._change("building")
            require(not self._watch.stopped, STOPPED)
            solving, budget = self._make()
            solving.warm_up()
            with self._lock:
                self._view, self._size = view_of(solving), solving.size_text()
            self._change("solving")
            self._solve(solving.solver, budget)
            require(bool(self._kept), STOPPED)
            self._change("done")
        except Exception as error:  # whatever is wrong with it is told, and the server goes on
            self.error = first_line(error)
            self._change("failed")
        self.serve()

    def view(self) -> Data:
        """Return how far it is."""
        with self._lock:
            snapshots = [(s.iterations, s.seconds, s.exploitability, s.answer is not None) for s in self._kept]
            last = len(snapshots) - 1  # what is solved at hand stands for its copy
            seen: Data = {"title": self.title, "status": self.status, "error": self.error, "version": self.version}
            seen |= {"iterations": self._done[0], "seconds": self._done[1], "size": self._size}
            if self._view is not None:
                seen["pot"] = self._view.pot
            if self.status == "solving":
                seen["progress"] = {"iterations": self._done[0], "seconds": self._done[1]}
            return seen | {
                "kept": [
                    {"iterations": iterations, "seconds": seconds, "exploitability": exploitability, "shown": copied or number == last}
                    for number, (iterations, seconds, exploitability, copied) in enumerate(snapshots)
                ]
            }

    @property
    def ended(self) -> bool:
        """Whether nothing is done for it any more, but for answers to questions."""
        return self.status in ("done", "failed")

    def ask(self, line: str, number: int | None, equity: bool = False, as_lock: bool = False) -> Future[Data]:
        """Return what will be a decision's strategy, after the iterations of a kept answer; None is the last.

        Equities are told on turn and river, on a flop, where they take twenty times as long, if ``equity`` asks for them. With ``as_lock``
        it is ``{"lock": text}``, what a lock of it says hand by hand. The future raises ValueError where the line or the number cannot be.
        """
        return self._put(lambda: self._node(line, number, equity, as_lock))

    def ask_cards(self, line: str, number: int | None) -> Future[Data]:
        """Return what will be a table of the cards that may come at the end of a line: see ``agents.reporting.next_cards``."""
        return self._put(lambda: self._cards(line, number))

    def _put(self, question: Callable[[], Data]) -> Future[Data]:
        future: Future[Data] = Future()
        self._asked.put((question, future))
        return future

    def serve(self) -> None:
        """Answer what was asked for; in the thread that works, or when it is over."""
        while not self._asked.empty():
            question, future = self._asked.get()
            if not future.set_running_or_notify_cancel():  # whoever asked has gone
                continue
            try:
                future.set_result(question())
            except Exception as error:
                future.set_exception(error if isinstance(error, ValueError) else ValueError(first_line(error)))

    def _solve(self, solver: BoardSolver | Solver, budget: Budget) -> None:
        """Solve from one answer that is kept to the next, until the budget is spent."""
        most = budget.iterations or solver.enough or 10**9
        target, left, asked = budget.exploitability or 0.0, budget.seconds, 1
        while not self._watch.stopped:
            self._before = self._done[1]
            wanted = min(asked, most)
            part = Budget(iterations=wanted, seconds=left if self._kept else None, watch=self._watch)  # the first one always comes
            solution: Solution[Any] = solver.solve(part, progress=self._look)
            self._look(solution.iterations, solution.seconds, None)
            if solution.iterations == (self._kept[-1].iterations if self._kept else 0):  # stopped before one more
                break
            self._keep(solver.exploitability(), *self._done)
            left = None if left is None else max(left - solution.seconds, 0.0)
            if self._kept[-1].exploitability <= target or solution.iterations < wanted or solution.iterations >= most:
                break
            asked = max(asked + 1, round(STEP * asked))

    def _look(self, iterations: int, seconds: float, exploitability: float | None) -> None:
        """Remember how far it is, and answer what was asked for."""
        self._done = iterations, self._before + seconds
        if time.perf_counter() >= self._served + SERVE_SECONDS:
            self.serve()
            self._serve_others()
            self._served = time.perf_counter()

    def _keep(self, exploitability: float, iterations: int, seconds: float) -> None:
        """Keep the answer of now. Where copies would take too much memory, every other one is dropped, or none is made."""
        assert self._view is not None
        answer = self._view.answer()
        most = int(MOST_BYTES / sum(table.nbytes for table in answer))
        copy = (answer[0].copy(), answer[1].copy()) if most > 1 else None
        with self._lock:
            self._kept.append(Snapshot(iterations, seconds, exploitability, copy))
            while len(copied := [i for i, snapshot in enumerate(self._kept) if snapshot.answer is not None]) > max(most, 1):
                for i in copied[-2::-2]:
                    self._kept[i] = replace(self._kept[i], answer=None)
            self.version += 1

    def _node(self, line: str, number: int | None, equity: bool, as_lock: bool) -> Data:
        """Return a decision as the page shows it, or what a lock of it says."""
        view, copy = self._shown(line, number)
        state = find_decision(view.game, line, "line")
        row = view.row(state, copy, equity)
        if as_lock:
            return {"lock": hand_by_hand(row["actions"], {hand: entry["strategy"] for hand, entry in row["hands"].items()})}
        return self._data(view, state, row) | {"kept": number, "locked": "locked" in row}

    def _cards(self, line: str, number: int | None) -> Data:
        """Return a table of cards as the page shows it."""
        view, copy = self._shown(line, number)
        return view.next_cards(line, copy) | {"kept": number}

    def _shown(self, line: str, number: int | None) -> tuple[View, Copy | None]:
        """Return what a decision is read out of, and the copy that has the answer; None is the answer of now."""
        if self._view is None:
            raise ValueError(f"line must wait until the spot is built, got {line!r}")
        snapshots, copy = self._kept, None
        if number is not None:
            if not 0 <= number < len(snapshots):
                raise ValueError(f"kept must be the number of one of {len(snapshots)} kept answers, got {number}")
            copy = snapshots[number].answer
            if copy is None and number < len(snapshots) - 1:
                raise ValueError(f"kept must be the number of an answer that is still there, got {number}")
        return self._view, copy

    def _data(self, view: View, state: Any, shown: Data) -> Data:
        """Return a decision's row as numbers of few digits: what 1,326 hands do fits into 60 kB."""
        game: PublicGame[Any] = view.game
        hands = shown["hands"]
        strategy = np.round(SHARE_STEPS * np.array([hand["strategy"] for hand in hands.values()])).astype(int)
        largest = max((hand["weight"] for hand in hands.values()), default=0.0) or 1.0
        chips, actions = game.chips(state), game.actions(state)
        classes = list(dict.fromkeys(hand["made"] for hand in hands.values() if hand.get("made")))
        after, unit = [game.child(state, action) for action in actions], (view.pot or 1.0) / EV_STEPS
        digits = max(2, -math.floor(math.log10(unit)))  # pots may be of less than a chip
        return {
            "line": line_of(game, state), "dealt": [i for i, above in enumerate(path(game, state)[:-1]) if game.player(above) == CHANCE],
            "player": shown["player"], "seat": game.seat_text(shown["player"]),
            "round": game.rounds[game.round(state)], "board": game.board_name(state), "cards": game.board_text(state),
            "pot": None if chips is None else sum(chips.paid),
            "actions": [action_text(game, state, action) for action in actions], "texts": [action.text for action in actions],
            "next": [_what_follows(game, child) for child in after],
            "reveals": [view.cards(child) if _what_follows(game, child) == "cards" else None for child in after],
            "frequencies": shown["frequencies"], "hands": list(hands), "strategy": strategy.tolist(),
            "weights": [_few_digits(hand["weight"] / largest) for hand in hands.values()],
            "evs": [None if hand["ev"] is None else round(hand["ev"], digits) + 0.0 for hand in hands.values()], "unit": unit,
            "classes": classes, "kinds": [kinds_of(name) for name in classes],
            "made": [classes.index(hand["made"]) for hand in hands.values()] if classes else None,
            "equities": _per_mille(hands), "players": shown.get("players"), "seats": shown.get("seats"),
            "action_evs": [hand["action_evs"] and [round(ev / unit) for ev in hand["action_evs"]] for hand in hands.values()],
        }  # fmt: skip

    def _change(self, status: str) -> None:
        with self._lock:
            self.status = status
            self.version += 1


def _few_digits(weight: float) -> float:
    """Return a weight of at most 1, rounded; 0 and 1 as whole numbers, which take a third of the room."""
    rounded = round(weight, WEIGHT_DIGITS)
    return int(rounded) if rounded in (0.0, 1.0) else rounded


def _per_mille(hands: Data) -> list[int | None] | None:
    """Return equities by hand in thousandths; None where none is known."""
    shares = [hand.get("equity") for hand in hands.values()]
    return None if set(shares) <= {None} else [None if share is None else round(1000 * share) for share in shares]


def _what_follows(game: PublicGame[Any], state: Any) -> str:
    """Return what comes at a state: another decision, public cards, or the end."""
    return "end" if game.settled(state) else "cards" if game.player(state) == CHANCE else "decision"
