"""Thinking at the table: where subgames begin, and what an agent asks of whoever re-solves them."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from typing import Any, NamedTuple, Protocol, TypeVar

import numpy as np
import numpy.typing as npt

from games.game import PublicGame, path
from search.budget import Budget, Deadline, Spent
from search.outcome import Outcome, Stop
from search.resolving import SearchReport

Float = npt.NDArray[np.float64]
S = TypeVar("S", bound=Hashable)
State = TypeVar("State", bound=Hashable, contravariant=True)


def rounds_of(solve_from: str, names: Sequence[str]) -> tuple[int, ...] | None:
    """Return the rounds with which subgames begin, by number; None where one begins at every decision.

    Args:
        solve_from: ``decision``, ``round`` (every round but the first), ``root`` (the first), or rounds by name with ``+`` between.
        names: of the game's rounds, in order.

    Raises:
        ValueError: there is no such round, or they are not in order.
    """
    if solve_from == "decision":
        return None
    groups = {"round": tuple(range(1, len(names))), "root": (0,)}
    parts = solve_from.split("+")
    found = groups.get(solve_from, tuple(names.index(part) for part in parts if part in names))
    named = solve_from in groups or (len(found) == len(parts) and list(found) == sorted(set(found)))
    if not named:
        known = ", ".join(("decision", *groups, *names))
        raise ValueError(f"solve_from must be {known}, or several rounds in order with + between, got {solve_from!r}")
    if not found:
        raise ValueError(f"solve_from=round needs a game of several rounds, got one with {names[0]} alone")
    return found


def subgame_root(game: PublicGame[S], rounds: tuple[int, ...] | None, seat: int, state: S, solved: int | None) -> S | None:
    """Return where the subgame begins that is due at a decision; None if the last answer, or the blueprint, is played on.

    A subgame never begins above a decision that the seat has already made in it, because its search was not possible then: the new solve
    would take something else for granted. It begins at the decision at hand.

    Args:
        game: whole.
        rounds: with which subgames begin, see ``rounds_of``.
        seat: who acts.
        state: the decision.
        solved: the round with which the last search of the deal began; None before any.
    """
    start = -1
    if rounds is None:
        if solved is not None:
            return state
        start = 0
    else:
        last, here = -1 if solved is None else solved, game.round(state)
        start = max((r for r in rounds if last < r <= here), default=-1)
        if start < 0:
            return None
    way = path(game, state)
    below = way if rounds is None else [above for above in way if game.round(above) >= start]
    return state if any(game.player(above) == seat for above in below[:-1]) else below[0]


class Thinking(NamedTuple):
    """What thinking at one decision came to.

    Attributes:
        memory: what the next decision of the deal starts from.
        iterations: of the solver.
        root: where the subgame that was solved begins, a public node, in hold'em a node of the bets and a board; None if none was, or its
            answer is not played.
        outcome: whether a search was due, and what became of it.
        bound_violation: see ``SearchReport``.
        spent: what the seconds went into.
        stopped: why the solve ended; None if there was none.
        work: see ``SearchReport``.
    """

    memory: Any
    iterations: int = 0
    root: Hashable | None = None
    outcome: Outcome = Outcome.NOT_DUE
    bound_violation: float = 0.0
    spent: Spent = Spent()
    stopped: Stop | None = None
    work: float = 0.0


class Resolver(Protocol[State]):
    """A blueprint, and what re-solves subgames below it at the table. It keeps nothing of a deal: that is in memories."""

    def load(self) -> None:
        """Make what decisions need once for the game, load the kernels and learn the machine's speed."""
        ...

    def think(self, seat: int, state: State, memory: Any, budget: Budget, clock: Deadline) -> Thinking:
        """Re-solve what is due at a decision.

        Args:
            seat: who acts.
            state: the decision.
            memory: of the last decision of this deal; None at the first.
            budget: what the decision may spend.
            clock: of the decision, started at the request.
        """
        ...

    def at(self, memory: Any, state: State) -> Float:
        """Return [A, H], what is played at a decision."""
        ...

    def solver_error(self, seat: int) -> float:
        """Return the exploitability of the game that was solved last, in chips weighted by reach; NaN if that is not known."""
        ...

    def sweep(
        self, seat: int, budget: Budget, progress: Callable[[float], None] | None, journal: Callable[[int], Any]
    ) -> tuple[Any, SearchReport] | None:
        """Re-solve every subgame that a seat comes to, side by side.

        Args:
            seat: the agent's player number.
            budget: of each solve.
            progress: called with the share of the subgames that were searched.
            journal: of a round, where searched boards are kept; it may return None.

        Returns:
            Both players' tables, the seat's own strategy and its last model of the opponent, and what searching came to. None where
            decisions are to be asked one by one.
        """
        ...
