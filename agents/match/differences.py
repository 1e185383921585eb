"""What two agents win from the same opponent on the same deals, one less the other.

Luck that both had is in neither: the interval of the difference is that of the deals' differences, mostly much narrower than the two
matches' own intervals say. Where a bot plays, every match has deals of its own, and nothing is compared.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from itertools import pairwise

import numpy as np

from agents.match.statistics import Estimate, Tally, estimate
from agents.reporting.tables import Row, table

LEAST_DEALS = 2


def difference(longer: Tally, shorter: Tally) -> tuple[Estimate, int] | None:
    """Return what the first agent of one match wins more than that of another, chips a hand, and the hands of each.

    By AIVAT's estimates where both have them. None where the matches share no opponent, no deals, or fewer than two.
    """
    first, second = longer.match, shorter.match
    alike = first.competitors[1] is second.competitors[1] and (first.seed, first.duplicate, first.salt) == (
        second.seed,
        second.duplicate,
        "",
    )
    if not alike:
        return None
    column = 3 if "none" not in (first.values, second.values) else 2
    by_deal = [tally.by_deal()[:, [0, column]] for tally in (longer, shorter)]
    _, mine, other = np.intersect1d(by_deal[0][:, 0], by_deal[1][:, 0], assume_unique=True, return_indices=True)
    if len(mine) < LEAST_DEALS:
        return None
    samples = by_deal[0][mine, 1] - by_deal[1][other, 1]
    return estimate([samples]), len(samples) * (1 + first.duplicate)


def differences(tallies: Sequence[Tally]) -> list[Row]:
    """Return a row for each two matches that follow each other and can be compared: the later one's agent less the earlier one's."""
    rows = []
    for shorter, longer in pairwise(tallies):
        measured = difference(longer, shorter)
        if measured is not None:
            agents = [tally.match.competitors[0].name for tally in (longer, shorter)]
            big_blind, (mean, hands) = longer.match.game.big_blind, measured
            row: Row = {"agents": agents, "against": longer.match.competitors[1].name, "hands": hands, "unit": "chips", **asdict(mean)}
            if big_blind is not None:
                row["mbb_per_game"] = {key: 1000 * getattr(mean, key) / big_blind for key in ("mean", "standard_error", "low", "high")}
            rows.append(row)
    return rows


def difference_table(rows: Sequence[Row]) -> str:
    """Return ``differences`` as text; empty where there are none."""
    lines = []
    for row in rows:
        shown = row.get("mbb_per_game", row)
        half = (shown["high"] - shown["low"]) / 2
        cell = f"{shown['mean']:+.0f} ± {half:.0f}" if "mbb_per_game" in row else f"{shown['mean']:+.3g} ± {half:.2g}"
        lines.append([f"{row['agents'][0]} less {row['agents'][1]}", row["against"], f"{row['hands']:,}", cell])
    unit = "mbb/g" if any("mbb_per_game" in row for row in rows) else "chips a hand"
    return table(["on the same deals", "against", "hands", unit], lines) if lines else ""
