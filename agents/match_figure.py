"""The figure of a match: every estimate with its interval, and the exact value."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from agents.figures import blank_figure, save_figure
from agents.match_report import ESTIMATES, Row

COLORS = {"raw": "0.75", "duplicate": "C0", "aivat": "C1"}


def plot_matches(rows: Sequence[Row], title: str, paths: Sequence[Path]) -> None:
    """Draw chips a hand to the first agent, a line per match: 95 % intervals, and a diamond for the exact value.

    Args:
        rows: of ``agents.match_report.match_row``.
        title: of the figure.
        paths: of the files.
    """
    height = 1.6 + 0.55 * len(rows)  # inches, of which 0.55 are below the axes and 0.4 above
    figure, axes = blank_figure(title, (8, height), (0.36, 0.55 / height, 0.62, 1 - 0.95 / height))
    axes.grid(True, axis="x", alpha=0.25)
    axes.axvline(0.0, color="0.4", linewidth=1)
    labelled: set[str] = set()
    for line, row in enumerate(rows):
        for i, kind in enumerate(reversed(ESTIMATES)):
            found = row["estimates"].get(kind)
            if found is None:
                continue
            place = line + 0.2 * (i - 1)
            label = None if kind in labelled else kind
            half = (found["high"] - found["low"]) / 2
            axes.errorbar([found["mean"]], [place], xerr=[half], fmt="o", markersize=4, color=COLORS[kind], capsize=3, label=label)
            labelled.add(kind)
        if row["exact"] is not None:
            label = None if "exact" in labelled else "exact"
            axes.plot([row["exact"]["value"]], [line + 0.32], marker="D", markersize=5, color="0.1", linestyle="none", label=label)
            labelled.add("exact")
    axes.set_yticks(range(len(rows)), [f"{' against '.join(row['agents'])}\n{row['hands']:,} hands" for row in rows], fontsize=8)
    axes.set_ylim(len(rows) - 0.5, -0.5)
    axes.set_xlabel("chips a hand to the agent named first")
    axes.legend(fontsize=7, loc="best")
    save_figure(figure, paths)
