"""The figure of a match: every estimate with its interval, and the exact value."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from agents.match.statistics import ESTIMATES
from agents.reporting.figures import blank_figure, save_figure
from agents.reporting.tables import Row

COLORS = {"raw": "0.75", "duplicate": "C0", "aivat": "C1"}
WIDTH, ABOVE, BELOW, LINE, LETTER = 9.0, 0.4, 0.85, 0.55, 0.075  # inches: figure, around the axes, a match, a letter of its name


def plot_matches(rows: Sequence[Row], title: str, paths: Sequence[Path]) -> None:
    """Draw chips a hand to the first agent, a line per match: 95 % intervals, and a diamond for the exact value.

    AIVAT's intervals are often a hundred times narrower than raw ones, so they and the exact values also have a panel of their own. Rows
    are those of ``agents.match.statistics.match_row``.
    """
    names = [f"{' against '.join(row['agents'])}\n{row['hands']:,} hands" for row in rows]
    height = ABOVE + BELOW + LINE * max(len(rows), 2)
    left = (0.25 + LETTER * max((len(line) for name in names for line in name.split("\n")), default=0)) / WIDTH
    closer = [kind for kind in ESTIMATES if kind == "aivat" and any(kind in row["estimates"] for row in rows)]
    width = (0.98 - left - 0.03) / 2 if closer else 0.98 - left
    place = (left, BELOW / height, width, 1 - (ABOVE + BELOW) / height)
    figure, axes = blank_figure(title, (WIDTH, height), place)
    labelled = _panel(axes, rows, list(reversed(ESTIMATES)))
    axes.set_yticks(range(len(rows)), names, fontsize=8)
    axes.set_xlabel("chips a hand to the agent named first", fontsize=9)
    if closer:
        near = figure.add_axes((left + width + 0.03, place[1], width, place[3]))
        near.set_title("AIVAT and exact alone", fontsize=10, y=1.0)
        _panel(near, rows, closer)
        near.set_yticks([])
        near.set_xlabel("chips a hand, another scale", fontsize=9)
    figure.legend(*labelled, fontsize=8, loc="lower center", ncols=4, frameon=False)
    save_figure(figure, paths)


def _panel(axes: Any, rows: Sequence[Row], kinds: Sequence[str]) -> tuple[list[Any], list[str]]:
    """Draw some estimates and the exact values; return the legend's handles and labels."""
    from matplotlib.ticker import MaxNLocator  # slow to import, and needed only here

    axes.grid(True, axis="x", alpha=0.25)
    handles: dict[str, Any] = {}
    for line, row in enumerate(rows):
        for i, kind in enumerate(kinds):
            estimate = row["estimates"].get(kind)
            if estimate is not None:
                height, half = line + 0.2 * (i - (len(kinds) - 1) / 2), (estimate["high"] - estimate["low"]) / 2
                style = {"fmt": "o", "markersize": 4, "color": COLORS[kind], "capsize": 3}
                handles[kind] = axes.errorbar([estimate["mean"]], [height], xerr=[half], **style)
        if row["exact"] is not None:
            height = line + 0.1 * (len(kinds) + 1)
            (handles["exact"],) = axes.plot([row["exact"]["value"]], [height], marker="D", markersize=4, color="0.1", linestyle="none")
    low, high = axes.get_xlim()
    if low <= 0.0 <= high:
        axes.axvline(0.0, color="0.4", linewidth=1, zorder=0.5)
    axes.set_ylim(len(rows) - 0.4, -0.5)
    axes.xaxis.set_major_locator(MaxNLocator(5))
    axes.tick_params(axis="x", labelsize=8)
    return list(handles.values()), list(handles)
