"""A range as players know it: a square for each class of hands, pairs on the diagonal, suited hands above it."""

from __future__ import annotations

import re
from collections.abc import Callable

import numpy as np

from games.arrays import Float
from games.game import PublicGame, State
from games.holdem.cards import RANKS

LEAST = 0.005  # of the likeliest class: squares of less are empty
EMPTY = "."


def class_weights(game: PublicGame[State], state: State, player: int, range_: Float) -> dict[str, float]:
    """Return each class's mean weight over its hands that can be held at a state, the largest being 1.

    Args:
        game: what is played.
        state: whose public cards nobody holds.
        player: whose range.
        range_: [H] weights, not all 0.
    """
    totals: dict[str, list[float]] = {}
    possible = game.cf_reach(state, player, game.ranges[1 - player]) * game.ranges[player] > 0
    for hand in np.flatnonzero(possible).tolist():
        total = totals.setdefault(game.hand_class(player, hand), [0.0, 0.0])
        total[0] += float(range_[hand])
        total[1] += 1.0
    most = max(weight / count for weight, count in totals.values())
    return {name: weight / count / most for name, (weight, count) in totals.items()}


def range_grid(weights: dict[str, float], painted: Callable[[str, float], str] = lambda text, weight: text) -> str | None:
    """Return classes of two cards as a grid of per cent; None where hands are something else.

    Args:
        weights: of each class such as ``AKs``, the largest being 1.
        painted: returns a square's text in the colour of its weight.
    """
    if not all(re.fullmatch(f"[{RANKS}]{{2}}[so]?", name) for name in weights):
        return None
    ranks = sorted({rank for name in weights for rank in name[:2]}, key=RANKS.index, reverse=True)
    lines = ["      " + "".join(f"{rank:>4}" for rank in ranks)]
    for i, first in enumerate(ranks):
        names = [first + second + "s" * (i < j) if i <= j else second + first + "o" for j, second in enumerate(ranks)]
        squares = [(f"{100 * weight:.0f}" if weight >= LEAST else EMPTY, weight) for weight in (weights.get(name, 0.0) for name in names)]
        lines.append(f"     {first}" + "".join(painted(f"{text:>4}", weight) for text, weight in squares))
    return "\n".join(lines)
