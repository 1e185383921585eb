"""Learning curves of several trainings in one figure, as docs/concepts/training.md has them; nothing is trained here.

    python benchmarks/curves.py docs/training.png "Leduc, searches with values=RUN" "20-card hold'em, policy alone=RUN" ..

A run is a directory of ``timebank train``, or of ``timebank ablate`` that trained. Runs of one name are seeds: they have one colour.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from agents.reporting.figures import MARKERS, blank_figure, log_axes, save_figure


def main() -> None:
    path, *given = sys.argv[1:] or [""]
    runs = [argument.rpartition("=") for argument in given]
    if not path.endswith((".png", ".svg")) or not runs or not all(name for name, _, _ in runs):
        sys.exit(f"error: give a figure's file (.png or .svg), and name=RUN of each training, got {sys.argv[1:]}")
    figure, axes = blank_figure("Exact exploitability while networks learn by self-play", (8, 5))
    axes.grid(True, which="major", alpha=0.25)
    log_axes(axes)
    names = list(dict.fromkeys(name for name, _, _ in runs))
    drawn = set[str]()
    for name, _, directory in runs:
        result = json.loads((Path(directory) / "result.json").read_text())
        history, number = result.get("history"), names.index(name)
        if not history:
            sys.exit(f"error: {name} must be a run that trained, got {directory}")
        times, values = [row["seconds"] for row in history], [row["exploitability"] for row in history]
        axes.plot(times, values, color=f"C{number}", marker=MARKERS[number], markersize=4, label=None if name in drawn else name)
        if floor := result.get("floor"):
            label = None if name in drawn else f"{name}: floor of its size"
            axes.axhline(floor["exploitability"], color=f"C{number}", linewidth=1, linestyle="--", label=label)
        drawn.add(name)
    axes.set_xlabel("training time, seconds (measuring excluded)")
    axes.set_ylabel("exploitability, chips (20-card hold'em: a big blind is 2)")
    axes.legend(fontsize=7, loc="best")
    save_figure(figure, [Path(path)])


if __name__ == "__main__":
    main()
