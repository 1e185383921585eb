"""Locks: decisions whose strategy the user gives. Everything else is solved around them.

A lock is a line of play and a text, or a file, that says what is played there (``agents.evaluation.lock_texts``). It holds some hands of
the acting player, or all: hands that no entry names are free. On a later street its line names cards; it holds for all that suits make
equal to them.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from agents.evaluation.lock_texts import KEY, named_mix
from agents.reporting.tables import Row, counted
from agents.runtime.storage import printable
from games.arrays import Bool, Float
from games.derived import DerivedGame
from games.game import PublicGame, find_decision
from games.holdem.board_tree import game_size
from games.holdem.rules import HoldemGame
from games.settings import shown
from search.boards.held import HeldDecision, board_of

ROOT = "root"  # the first decision, as it is called in ``result.json``: Hydra's mappings have no empty key
ALIKE = 1e-6  # by which shares of hands may differ that suits make alike: float32 sums do


@dataclass(frozen=True)
class Lock:
    """A decision with the strategy that is given for it.

    Attributes:
        line: as it was asked for; empty for the first decision.
        text: what is played there, as it was asked for.
        state: of the game.
        player: who acts there.
        policy: [A, H], shares of the held hands; 0 elsewhere.
        hands: [H], the held hands.
        whole: whether these are all that can be there.
        place: the decision, the same for all cards that suits make equal.
        image: [H], what hands become there.
    """

    line: str
    text: str
    state: Any
    player: int
    policy: Float
    hands: Bool
    whole: bool
    place: Any
    image: Any

    @property
    def row(self) -> Row:
        """What ``result.json`` says of it."""
        return {"line": self.line, "strategy": self.text, "player": self.player, "hands": int(self.hands.sum()), "whole": self.whole}


def locks_of(game: PublicGame[Any], asked: Mapping[str, str]) -> list[Lock]:
    """Return locks that are asked for as line of play -> what is played there.

    Raises:
        ValueError: a line or a strategy that there is not, the same decision twice, or nothing left to solve.
    """
    made = list[Lock]()
    for line, text in asked.items():
        lock = _lock(game, "" if line.strip() == ROOT else line, text)
        if any(lock.place == other.place for other in made):
            raise ValueError(f"{KEY} must name each decision once, got {shown(line)} again (suits may make its cards equal)")
        made.append(lock)
    if made and sum(lock.whole for lock in made) == _decisions(game):
        raise ValueError(f"{KEY} must leave something to solve, got locks of all {counted(len(made), 'decision')}")
    return made


def digest_of(locks: Sequence[Lock]) -> str:
    """Return what tells apart what is locked; nothing without locks."""
    parts = [f"{lock.place} {np.round(lock.policy, 9).tolist()} {lock.hands.tolist()}" for lock in locks]
    return hashlib.sha256("\n".join(sorted(parts)).encode()).hexdigest()[:16] if locks else ""


def held_decisions(game: HoldemGame, locks: Sequence[Lock]) -> list[HeldDecision]:
    """Return locks of hold'em as its solver takes them."""
    return [HeldDecision(*place, lock.policy, lock.hands) for lock in locks if (place := game.locate(lock.state)) is not None]


def mark_locked(game: PublicGame[Any], locks: Sequence[Lock], state: Any, row: Row) -> Row:
    """Return a decision's row with ``locked``, if a lock of it or of equal cards holds; ``locked_hands`` are its hands if not all."""
    place, image, _ = _place(game, state) if locks else (None, None, [])
    lock = next((lock for lock in locks if lock.place == place), None)
    if lock is None:
        return row
    if lock.whole:
        return {"locked": True} | row
    standing = np.zeros_like(lock.hands)
    standing[lock.image] = lock.hands
    held = np.flatnonzero(standing[image]).tolist()
    return {"locked": True, "locked_hands": [game.hand_text(lock.player, hand) for hand in held]} | row


def is_locked(game: PublicGame[Any], rows: Sequence[Row], state: Any) -> bool:
    """Say whether one of the locks that ``result.json`` has is of a decision, or of one that suits make equal.

    Raises:
        ValueError: a lock of a line that the game does not have.
    """
    return bool(rows) and _place(game, state)[0] in [_place(game, find_decision(game, row["line"], KEY))[0] for row in rows]


def _lock(game: PublicGame[Any], line: str, text: str) -> Lock:
    state = find_decision(game, line, KEY)
    player = game.player(state)
    dealt = game.cf_reach(state, player, game.ranges[1 - player])
    live = (game.ranges[player] > 0) & (dealt > 1e-12 * game.ranges[1 - player].sum())
    policy, hands = named_mix(game, state, text, live, f"{KEY}[{line or ROOT!r}]")
    place, image, images = _place(game, state)
    even = np.mean([policy[:, image] for image in images], axis=0)
    apart = ~np.isclose(even, policy, atol=ALIKE, rtol=0).all(axis=0) | (np.mean([hands[image] for image in images], axis=0) % 1 > 0)
    if (apart & live).any():
        hand = int(np.flatnonzero(apart & live)[0])
        others = (int(image[hand]) for image in images)
        other = next(o for o in others if hands[o] != hands[hand] or np.abs(policy[:, o] - policy[:, hand]).max() > ALIKE / 2)
        names = f"{game.hand_text(player, hand)} and {game.hand_text(player, other)}"
        raise ValueError(f"{KEY}[{line or ROOT!r}] must treat hands alike that only suits tell apart on the board, got {names} apart")
    return Lock(line, text, state, player, even, hands, bool((hands == live).all()), place, image)


def _place(game: PublicGame[Any], state: Any) -> tuple[Any, Any, list[Any]]:
    """Return what tells a decision from all but those that suits make equal, what hands become there, and what makes hands alike.

    See ``search.boards.held.Standing``.
    """
    if isinstance(game, HoldemGame):
        place = game.locate(state)
        assert place is not None  # every action of its line is one of the menus'
        standing = board_of(game, place.cards)
        return (place.node, standing.cards), standing.image, standing.alike
    every = np.arange(game.num_hands[game.player(state)])
    return state, every, [every]


def _decisions(game: PublicGame[Any]) -> int:
    """Return how many decisions a game has; those that suits make equal are one."""
    if isinstance(game, HoldemGame):
        return game_size(game).decisions
    assert isinstance(game, DerivedGame)
    return int((game.tree.player >= 0).sum())


def locked_row(locks: Sequence[Lock], values: Sequence[float], best: Sequence[float] | None) -> Row:
    """Return what ``result.json`` says of locks; nothing without them.

    Args:
        locks: of the solve.
        values: both players'.
        best: what a best response of each has that may leave its locks.
    """
    if not locks or best is None:
        return {}
    return {"locks": [lock.row for lock in locks], "without_locks": [float(b - value) for b, value in zip(best, values, strict=True)]}


def locked_text(result: Row, locks: Sequence[Lock]) -> str:
    """Return the same as people read it, a line a lock."""
    if not locks:
        return ""
    gains = result["without_locks"]
    held = sorted({lock.player for lock in locks})
    gain = " and ".join(f"player {p} {gains[p]:.4g} chips" for p in held)
    return "".join(f"\n{lock_words(lock.row)}" for lock in locks) + f"\nleaving its locks would win {gain} more against this answer\n"


def lock_words(row: Row) -> str:
    """Return a lock's row of ``result.json`` as people read it."""
    hands = "every hand" if row.get("whole") else counted(int(row.get("hands", 0)), "hand")
    line, text = printable(row["line"], 200) or "the first decision", printable(str(row["strategy"]), 100)
    return f"locked: {line}: player {row.get('player')}, {hands}: {text}"


def locked_note(locks: Sequence[Lock]) -> str:
    """Return what titles of figures say of locks."""
    return f", {counted(len(locks), 'decision')} locked" if locks else ""
