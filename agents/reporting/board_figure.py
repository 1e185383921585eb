"""A figure of what is done on many boards: one column a board."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from agents.reporting.figures import blank_figure, save_figure
from agents.reporting.hand_grid import action_colors
from agents.reporting.tables import Row


def plot_boards(rows: Sequence[Row], actions: Sequence[str], title: str, paths: Sequence[Path]) -> None:
    """Draw how often each action is taken, board by board, from the board with the least equity out of position to the one with the most.

    Args:
        rows: of boards, see ``agents.evaluation.many_boards.solve_board``.
        actions: of the first decision.
        title: above the figure.
        paths: of the files.
    """
    figure, axes = blank_figure(title, (9.0, 4.5), (0.08, 0.13, 0.78, 0.78))
    ordered = sorted(rows, key=lambda row: row["equity_oop"])
    bottom, places = np.zeros(len(ordered)), np.arange(len(ordered))
    for action, color in zip(actions, action_colors(actions), strict=True):
        shares = np.array([row["frequencies"].get(action) or 0.0 for row in ordered])
        axes.bar(places, shares, bottom=bottom, width=1.0, color=color, label=action, linewidth=0)
        bottom += shares
    axes.plot(places, [row["equity_oop"] for row in ordered], color="black", linewidth=1.0, label="equity, out of position")
    axes.set_xlim(-0.5, len(ordered) - 0.5)
    axes.set_ylim(0.0, 1.0)
    axes.set_ylabel("how often")
    axes.set_xlabel("boards, by equity")
    if len(ordered) <= 60:
        axes.set_xticks(places, [row["board"] for row in ordered], rotation=90, fontsize=6)
        axes.set_position((0.08, 0.2, 0.78, 0.71))
    else:
        axes.set_xticks([])
    axes.legend(loc="center left", bbox_to_anchor=(1.01, 0.5), fontsize=8, frameon=False)
    save_figure(figure, paths)
