"""How many histories a game has, estimated before they are visited: a game that is too large is refused after a second."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from games.public_tree import CHANCE

ESTIMATE_SECONDS = 1.0  # of an estimate, at most
MOST_COUNTED = 1e30  # an estimate of this size needs no end


class Size(NamedTuple):
    """An estimate of a number of histories; where it is not whole the number is larger."""

    histories: float
    whole: bool

    def __str__(self) -> str:
        return f"{'about' if self.whole else 'more than'} {self.histories:.3g}"


def estimate_histories(states: Sequence[Any], deals_only: bool = False, draws: int = 16) -> Size:
    """Estimate how many histories begin with some, themselves included.

    Level by level one history, drawn at random, stands for all those in which the same player has the same number of actions (heuristic
    sampling: Chen 1992, SIAM J. Comput. 21(2)). The estimate has no bias. It is exact where such histories have equally large trees below
    them, as in deals and in Liar's Dice.

    Args:
        states: histories, not changed.
        deals_only: count the private deals instead: the histories that end the first chance events.
        draws: estimates whose mean is taken, fewer if a second does not allow them.
    """
    draw, end = random.Random(0).random, time.perf_counter() + ESTIMATE_SECONDS
    found: list[float] = []
    while len(found) < draws:
        one = _estimate_once(states, deals_only, draw, end)
        if not one.whole and not found:
            return one
        if not one.whole:
            break
        found.append(one.histories)
    return Size(sum(found) / len(found), True)


def _estimate_once(states: Sequence[Any], deals_only: bool, draw: Callable[[], float], end: float) -> Size:
    found, level = 0.0, [(state, 1.0) for state in states]
    while level:
        drawn: dict[tuple[int, int], tuple[Any, float]] = {}  # one history, and the weight of all that it stands for
        for state, weight in level:
            key = (int(state.current_player()), len(state.legal_actions()))
            kept, before = drawn.get(key, (state, 0.0))
            drawn[key] = (state if draw() * (before + weight) < weight else kept, before + weight)
        level = []
        for (player, _), (state, weight) in drawn.items():
            ends = deals_only and player != CHANCE
            found += 0.0 if deals_only and not ends else weight
            if max(found, weight) > MOST_COUNTED or time.perf_counter() > end:
                return Size(max(found, weight), False)
            if not ends:
                level += [(state.child(action), weight) for action in state.legal_actions()]
    return Size(found, True)
