"""How many hands a wanted precision takes, told before they are played."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from agents.match.match import MOST_HANDS, Match
from agents.reporting.tables import duration
from agents.runtime.storage import DAMAGES, number_in, require, whole_in
from games.holdem.rules import HoldemGame

# Standard deviation in big blinds of a deal, for raw of a hand: no-limit hold'em with any amount and 200 big blinds, menus of the pot or
# all-in; docs/concepts/no-limit.md has the match that it was measured in.
SPREAD = {"aivat": 2.0, "duplicate": 13.0, "raw": 20.0}
THOUGHT = 1.0  # decisions a hand for which an agent that searches turn and river thinks, likewise
Z = 1.96  # half-width of a 95 % interval in standard errors


def plan_lines(matches: Sequence[Match], precision: float, rows: Any, workers: int) -> str:
    """Return, for each match, a line that says how many hands a precision takes, and how long its clocks alone make that.

    Args:
        matches: which are to be played.
        precision: half-width of the 95 % interval, chips a hand.
        rows: of ``result.json``, where the matches go on; anything else is as good as nothing.
        workers: that play at the same time.
    """
    lines = []
    for match in matches:
        names, aim = " - ".join(c.name for c in match.competitors), aim_text(precision, match.game.big_blind)
        known = _measured(match, precision, rows) or _typical(match, precision)
        if known is None:
            lines.append(f"{names}: how many hands {aim} takes depends on how they spread, which is told while they are played")
            continue
        hands, ground = known
        thinking = THOUGHT * sum(c.budget.seconds or 0.0 for c in match.competitors if c.bot is None and c.thinks)
        time = f", some {duration(hands * thinking / workers)} of thinking" if thinking else ""
        lines.append(f"{names}: {aim} takes about {float(f'{hands:.2g}'):,.0f} hands{time} ({ground})")
    return "\n".join(lines)


def _measured(match: Match, precision: float, rows: Any) -> tuple[int, str] | None:
    """Return how many hands a precision takes in all as those in a result's rows spread, and what that rests on.

    None if it has no row of this match's own hands: others, of agents that have the same names, spread otherwise.
    """
    try:
        row = next(row for row in rows if row["agents"] == [c.name for c in match.competitors])
        require(row["digest"] == match.fingerprint(), "a row must be of this match")
        best, hands = row["estimates"][row["best"]], row["hands"]
        half = (best["high"] - best["low"]) / 2
        require(whole_in(hands, 1, MOST_HANDS) and number_in(half, 1e-300, 1e300), "a row must have hands that spread")
        return math.ceil(hands * (half / precision) ** 2), f"{row['best']}, as {hands:,} hands spread so far"
    except (*DAMAGES, StopIteration):
        return None


def _typical(match: Match, precision: float) -> tuple[int, str] | None:
    """Return the same by what hands of such a game spread elsewhere; None where that is not known, as of bots."""
    game = match.game
    if match.bots or game.big_blind is None or not (isinstance(game, HoldemGame) and game.any_amount):
        return None
    kind, sample = "aivat" if match.values != "none" else "duplicate" if match.duplicate else "raw", "deal" if match.duplicate else "hand"
    samples = math.ceil((Z * SPREAD[kind] * game.big_blind / precision) ** 2)
    return samples * (1 + match.duplicate), f"{kind}, if the standard deviation of a {sample} is {SPREAD[kind]:g} big blinds"


def aim_text(precision: float, big_blind: float | None) -> str:
    """Return the half-width of an interval in chips and, where there are blinds, in thousandths of a big blind."""
    return f"± {precision:g} chips" + (f" ({1000 * precision / big_blind:g} mbb/g)" if big_blind else "")
