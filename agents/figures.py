"""The figures of a run: matplotlib, PNG and SVG, log axes."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from agents.report import duration, replacing, shown, shown_error, unit_of

Row = dict[str, Any]
MARKERS = "osD^vPX<>"  # one per line of a figure


def plot_ablation(rows: Sequence[Row], title: str, paths: Sequence[Path]) -> None:
    """Draw exploitability against thinking time, both on log axes; agents that do not think stand at the left and as level lines."""
    figure, axes = _axes(title)
    by_line: dict[str, list[Row]] = {}
    for row in rows:
        by_line.setdefault(row["line"], []).append(row)

    def asked(row: Row) -> float:
        value = row["thinking_seconds"] if row["thinking_iterations"] is None else row["thinking_iterations"]
        return float(value or 0.0)

    thinking = sorted({asked(row) for row in rows if asked(row) > 0})
    if not thinking:
        thinking = [1.0]
    left = thinking[0] / 4
    in_seconds = all(row["thinking_iterations"] is None for row in rows)
    still = [line for line, own in by_line.items() if all(asked(row) == 0 for row in own)]
    named: list[tuple[float, float, str, str]] = []
    for line in still:
        value = shown(by_line[line][0])
        axes.axhline(value, color="0.6", linewidth=1, linestyle="--", zorder=1)
        axes.plot([left], [value], marker="*", markersize=11, color="0.25", zorder=3)
        named.append((left, value, f"{line}  {value:,.0f}" if value >= 1000 else f"{line}  {value:.3g}", "0.25"))
    notes: list[tuple[float, float, str, str]] = []  # x, y, text, colour
    moving = [line for line in by_line if line not in still]
    for i, line in enumerate(moving):
        own = sorted((row for row in by_line[line] if asked(row) > 0), key=asked)
        x, y = [asked(row) for row in own], [shown(row) for row in own]
        errors = [1.96 * shown_error(row) for row in own]
        low = [min(e, 0.9 * v) for e, v in zip(errors, y, strict=True)]  # a bar to below zero has no place on a log axis
        color = f"C{i}"
        axes.errorbar(x, y, yerr=[low, errors], marker=MARKERS[i % len(MARKERS)], color=color, label=line, capsize=2, zorder=3)
        for row, xx, yy in zip(own, x, y, strict=True):
            spent = duration(row["spent_seconds"])
            notes.append((xx, yy, f"{spent}, {row['iterations']:.0f} its" if in_seconds else spent, color))
    ticks = [left, *thinking]
    names = ["no search", *[duration(t) if in_seconds else f"{t:g}" for t in thinking]]
    axes.set_xticks(ticks, names, fontsize=8)
    axes.tick_params(axis="x", which="minor", bottom=False, labelbottom=False)
    axes.set_xlim(left / 1.3, thinking[-1] * (thinking[-1] / left) ** 0.25)
    axes.margins(y=0.12)  # room for the names of the highest
    _annotate(axes, named, size=8, above=6.0)
    _annotate(axes, notes)
    unit = "time per decision" if in_seconds else "iterations per decision"
    axes.set_xlabel(f"thinking {unit} (small figures: what a decision spent, mean)")
    axes.set_ylabel(f"exploitability, {unit_of(rows)} (exact best response)")
    if moving:
        axes.legend(fontsize=8, loc="best")
    save_figure(figure, paths)


def plot_trace(rows: Sequence[tuple[int, float, float]], title: str, paths: Sequence[Path]) -> None:
    """Draw exploitability against iterations of one solve, both on log axes."""
    figure, axes = _axes(title)
    shown = [(i, e) for i, _, e in rows if e > 0 and i > 0]
    if not shown:
        return
    axes.plot([i for i, _ in shown], [e for _, e in shown], marker="o", markersize=3)
    axes.set_xlabel("iterations")
    axes.set_ylabel("exploitability, chips (NashConv / 2)")
    save_figure(figure, paths)


def plot_exchange(
    training: Sequence[Row],
    rates: Sequence[Row],
    title: str,
    paths: Sequence[Path],
    policy: str = "network",
    compute: str = "training compute, multiply-adds",
) -> None:
    """Draw a policy alone against what it took to make, and where each thinking time would stand on that curve.

    Filled marks lie within the measured curve; hollow ones, on the dotted line, are extrapolated.

    Args:
        training: rows with ``compute`` and ``exploitability``.
        rates: see ``agents.ablation.exchange_rate``.
        title: of the figure.
        paths: of the files.
        policy: what it is.
        compute: what it took, with its unit.
    """
    figure, axes = _axes(title)
    curve = sorted((r["compute"], r["exploitability"]) for r in training)
    axes.plot(*zip(*curve, strict=True), color="0.25", marker="o", markersize=4, label=f"{policy} alone, measured")
    lines = list(dict.fromkeys(rate["line"] for rate in rates))
    for i, line in enumerate(lines):
        own = [r for r in rates if r["line"] == line and math.isfinite(r["equivalent_compute"])]
        for rate in own:
            place = (rate["equivalent_compute"], rate["exploitability"])
            face = "none" if rate["extrapolated"] else f"C{i}"
            axes.plot(*place, marker=MARKERS[i % len(MARKERS)], color=f"C{i}", markerfacecolor=face, label=line if rate is own[0] else None)
            axes.annotate(duration(rate["thinking_seconds"]), place, xytext=(5, 3), textcoords="offset points", fontsize=6, color=f"C{i}")
    far = [(r["equivalent_compute"], r["exploitability"]) for r in rates if r["extrapolated"] and math.isfinite(r["equivalent_compute"])]
    ends = sorted([*far, curve[0], curve[-1]])
    axes.plot(*zip(ends[0], ends[-1], strict=True), color="0.6", linestyle=":", linewidth=1, label="extrapolated")
    axes.set_xlabel(f"{compute} (marks: what thinking is worth; hollow: extrapolated)")
    axes.set_ylabel("exploitability, chips (exact best response)")
    axes.legend(fontsize=7, loc="best")
    save_figure(figure, paths)


def plot_training(rows: Sequence[Row], title: str, paths: Sequence[Path]) -> None:
    """Draw exploitability of the network alone against training compute, both on log axes."""
    figure, axes = _axes(title)
    axes.plot([r["compute"] for r in rows], [r["exploitability"] for r in rows], marker="o", markersize=4)
    for row in rows:
        place = (row["compute"], row["exploitability"])
        axes.annotate(duration(row["seconds"]), place, xytext=(0, 6), textcoords="offset points", fontsize=7, ha="center")
    axes.set_xlabel("training compute, multiply-adds (small figures: training time)")
    axes.set_ylabel("exploitability of the network alone, chips")
    save_figure(figure, paths)


def _annotate(axes: Any, notes: Sequence[tuple[float, float, str, str]], size: float = 6, above: float = 0.0) -> None:
    """Write small texts to the right of points, so many points above them, pushed apart where points of one column lie together."""
    axes.figure.draw_without_rendering()  # limits and size are known only now
    for column in sorted({x for x, *_ in notes}):
        height = -math.inf
        for x, y, text, color in sorted(note for note in notes if note[0] == column):
            at = axes.transData.transform((x, y))[1] * 72 / axes.figure.dpi
            height = max(at, height + size + 2.0)
            axes.annotate(text, (x, y), xytext=(7, height - at - 2 + above), textcoords="offset points", fontsize=size, color=color)


WIDE = (0.118, 0.1, 0.862, 0.84)  # axes of a figure of 8 x 5 inches: left, bottom, width and height as shares of it


def blank_figure(title: str, size: tuple[float, float], place: tuple[float, float, float, float] = WIDE) -> tuple[Any, Any]:
    """Return a figure of one panel and its axes, left, bottom, width and height as shares of the figure.

    Nothing is laid out by itself: to measure every text takes as long as to draw it.
    """
    from matplotlib.figure import Figure  # slow to import, and needed only here

    figure = Figure(figsize=size)
    axes = figure.add_axes(place)
    axes.set_title(title, fontsize=10, y=1.0)
    return figure, axes


def _axes(title: str) -> tuple[Any, Any]:
    figure, axes = blank_figure(title, (8, 5))
    axes.grid(True, which="major", alpha=0.25)
    log_axes(axes)
    return figure, axes


def log_axes(axes: Any) -> None:
    """Make both axes logarithmic, with plain figures at their ticks: powers of ten as formulas take longer than all the rest."""
    from matplotlib.ticker import LogFormatter  # slow to import, and needed only here

    axes.set_xscale("log")
    axes.set_yscale("log")
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_formatter("{x:,.10g}")
        axis.set_minor_formatter(LogFormatter())


def save_figure(figure: Any, paths: Sequence[Path]) -> None:
    """Write a figure to each path, whole or not at all."""
    from matplotlib import rc_context  # slow to import, and needed only here

    for path in paths:
        more: Any = {"pil_kwargs": {"compress_level": 2}} if path.suffix == ".png" else {}  # the usual 6 saves a third in thrice the time
        with replacing(path) as temporary, rc_context({"svg.fonttype": "none"}):  # text stays text: quicker to draw, open to search
            figure.savefig(temporary, dpi=150, **more)
