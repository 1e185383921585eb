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

from agents.evaluation.lock_lines import EVERY, decisions_of, is_pattern
from agents.evaluation.lock_texts import KEY, is_file, named_mix
from agents.reporting.equity import position_text
from agents.reporting.tables import Row, counted
from agents.runtime.storage import printable
from games.arrays import Bool, Float
from games.derived import DerivedGame
from games.game import ROOT, PublicGame
from games.holdem.board_tree import game_size
from games.holdem.rules import HoldemGame
from games.settings import shown
from search.boards.held import HeldDecision, board_of

ALIKE = 1e-6  # by which shares of hands may differ that suits make alike: float32 sums do


@dataclass(frozen=True)
class Lock:
    """A decision with the strategy that is given for it.

    Attributes:
        line: as it was asked for, which may stand for several decisions; empty for the first one.
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


def lock_rows(locks: Sequence[Lock]) -> list[Row]:
    """Return what ``result.json`` says of locks, a row a line; of several decisions ``hands`` are the most that one of them holds."""
    rows = []
    for line in dict.fromkeys(lock.line for lock in locks):
        those = [lock for lock in locks if lock.line == line]
        most, whole = max(int(lock.hands.sum()) for lock in those), all(lock.whole for lock in those)
        several = {"decisions": len(those)} if is_pattern(line) else {}
        rows.append({"line": line, "strategy": those[0].text, "player": those[0].player, "hands": most, "whole": whole} | several)
    return rows


def locks_of(game: PublicGame[Any], asked: Mapping[str, str]) -> list[Lock]:
    """Return locks that are asked for as line of play -> what is played there.

    Raises:
        ValueError: a line or a strategy that there is not, the same decision twice, or nothing left to solve.
    """
    by_place = dict[Any, Lock]()
    for line, text in asked.items():
        name, every = "" if line.strip() == ROOT else line, is_pattern(line)
        if every and is_file(text):
            raise ValueError(f"{KEY}[{line!r}] must say what is played where {EVERY} stands for every card, got the file {shown(text)}")
        for state in decisions_of(game, line, text):
            lock = _lock(game, state, name, text, every)
            other = by_place.setdefault(lock.place, lock)
            if other is not lock and not (every and other.line == name):
                raise ValueError(f"{KEY} must name each decision once, got {shown(line)} again (suits may make its cards equal)")
            if other is not lock and not _equal(lock, other):
                cards = " and ".join(game.board_text(one.state) for one in (other, lock))
                raise ValueError(f"{KEY}[{line!r}] must treat hands alike on boards that suits make equal, got {cards} apart")
        if every and not any(lock.line == name and lock.hands.any() for lock in by_place.values()):
            raise ValueError(f"{KEY}[{line!r}] must name hands that can be there on some card, got {shown(text)}")
    made = [lock for lock in by_place.values() if lock.hands.any()]
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
    if not rows:
        return False
    place = _place(game, state)[0]
    return any(place == _place(game, one)[0] for row in rows for one in decisions_of(game, row["line"]))


def _equal(lock: Lock, other: Lock) -> bool:
    """Say whether two locks hold the same on the board that stands for both of theirs."""
    (one, held), (two, held_too) = (_standing(lock), _standing(other))
    return bool((held == held_too).all()) and bool(np.isclose(one, two, atol=ALIKE, rtol=0).all())


def _standing(lock: Lock) -> tuple[Float, Bool]:
    """Return [A, H] shares and [H] held hands as they stand on the board that stands for all that suits make equal."""
    policy, hands = np.zeros_like(lock.policy), np.zeros_like(lock.hands)
    policy[:, lock.image], hands[lock.image] = lock.policy, lock.hands
    return policy, hands


def _lock(game: PublicGame[Any], state: Any, line: str, text: str, every: bool) -> Lock:
    """Return the lock of a decision; with ``every`` it may name hands that its board leaves no player."""
    player = game.player(state)
    dealt = game.cf_reach(state, player, game.ranges[1 - player])
    live = (game.ranges[player] > 0) & (dealt > 1e-12 * game.ranges[1 - player].sum())
    possible = game.ranges[player] > 0 if every else None
    policy, hands = named_mix(game, state, text, live, f"{KEY}[{line or ROOT!r}]", possible)
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
    return {"locks": lock_rows(locks), "without_locks": [float(b - value) for b, value in zip(best, values, strict=True)]}


def locked_text(game: PublicGame[Any], result: Row, locks: Sequence[Lock]) -> str:
    """Return the same as people read it, a line a lock."""
    if not locks:
        return ""
    gains = result["without_locks"]
    held = sorted({lock.player for lock in locks})
    gain = ", ".join(f"{_seat(game, p)} {gains[p]:.4g} chips" for p in held)
    lines = [
        *(lock_words(game, row) for row in lock_rows(locks)),
        f"leaving its locks would win this much more against this answer: {gain}",
    ]
    return "\n" + "\n".join(lines) + "\n"


def lock_words(game: PublicGame[Any], row: Row) -> str:
    """Return a lock's row of ``result.json`` as people read it."""
    hands = "every hand" if row.get("whole") else counted(int(row.get("hands", 0)), "hand")
    if is_pattern(row["line"]):
        hands = "every hand on every card" if row.get("whole") else f"at most {hands} on each card"
    line, text = printable(row["line"], 200) or "the first decision", printable(str(row["strategy"]), 100)
    return f"locked: {line}: {_seat(game, row['player'])}, {hands}: {text}"


def _seat(game: PublicGame[Any], player: int) -> str:
    """Return what tables call a player."""
    return position_text(game, player) if isinstance(game, HoldemGame) else game.seat_text(player)


def locked_note(locks: Sequence[Lock]) -> str:
    """Return what titles of figures say of locks."""
    return f", {counted(len(locks), 'decision')} locked" if locks else ""
