"""What ranges and hands are worth at a decision: equity, EV, and how much of its equity a hand realizes (EQR)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from agents.reporting.tables import Row, table
from games.arrays import Float
from games.holdem.rules import HoldemGame

LEAST_EQUITY = 0.01  # of a hand's EQR: below, the ratio is one of two small numbers


def realized(won: float | None, equity: float | None, pot: float) -> float | None:
    """Return EQR, the share of its equity that a hand or range realizes: what it wins of the pot by equity times pot.

    None where one of them is not known, or where the equity is below ``LEAST_EQUITY``.
    """
    return None if won is None or equity is None or equity < LEAST_EQUITY else won / (equity * pot)


def ranges_worth(
    weights: tuple[Float, Float],
    won: tuple[float | None, float | None],
    equity: tuple[Float, Float] | None,
    paid: Sequence[float],
    blinds: bool,
) -> list[Row]:
    """Return equity, EV and EQR of both ranges at a decision, in the form of ``result.json``'s ``players``.

    Args:
        weights: [H] each, a hand's reach times what it meets of the opponent's.
        won: net chips of a deal that comes there; None where it is not known, or no deal does.
        equity: [H] each, see ``search.boards.showdown_equity``; None where it is not known.
        paid: chips that each has in the pot.
        blinds: whether EVs are net chips of a deal, as in games with blinds, or chips won from the pot from there on.
    """
    rows = []
    for p, net in enumerate(won):
        share = None if equity is None else _mean(equity[p], weights[p])
        of_pot = None if net is None else net + paid[p]
        rows.append({"equity": share, "ev": net if blinds else of_pot, "eqr": realized(of_pot, share, sum(paid))})
    return rows


def position_text(game: HoldemGame, player: int) -> str:
    """Return which place a player has behind the flop, and whose blind it paid where there are blinds."""
    betting = game.betting
    place = "out of position" if player == betting.first[-1] else "in position"
    blind = "small blind" if player == betting.first[0] else "big blind"
    if not betting.blinds:
        return place
    return f"{place} ({blind})" if len(betting.first) > 1 else blind


def worth_rows(root: Row) -> list[list[str]]:
    """Return equity and EQR of both ranges at a decision as rows of a table; none where they are not known."""
    players = root["players"]
    known = [(name, key) for name, key in (("equity", "equity"), ("EQR", "eqr")) if all(one[key] is not None for one in players)]
    return [[name, *(f"{one[key]:z.1%}" for one in players)] for name, key in known]


def players_table(root: Row) -> str:
    """Return both ranges' EV, equity and EQR at a decision as text."""
    evs = ["EV, chips", *("-" if one["ev"] is None else f"{one['ev']:z.2f}" for one in root["players"])]
    return table(["", *root["seats"]], [evs, *worth_rows(root)])


def _mean(values: Float, weights: Float) -> float | None:
    """Return the mean of the values that are known; None where none is."""
    real = ~np.isnan(values) & (weights > 0)
    return float(np.average(values[real], weights=weights[real])) if real.any() else None
