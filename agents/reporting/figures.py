"""The figures of a run: matplotlib, PNG and SVG, log axes."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from agents.reporting.tables import Row, duration, replacing, shown, shown_error, unit_of

MARKERS = "osD^vPX<>"  # one per line of a figure
NEAR = 0.1  # of log values: points so close have one text
PAPER = {"facecolor": "white", "edgecolor": "none", "alpha": 0.85, "pad": 0.4}  # under texts: no line strikes them through


def plot_ablation(rows: Sequence[Row], title: str, paths: Sequence[Path]) -> None:
    """Draw exploitability against thinking time, both on log axes; agents that do not think stand at the left and as level lines."""
    figure, axes = _axes(title)
    by_line: dict[str, list[Row]] = {}
    for row in rows:
        by_line.setdefault(row["line"], []).append(row)

    def asked(row: Row) -> float:
        value = row["thinking_seconds"] if row["thinking_iterations"] is None else row["thinking_iterations"]
        return float(value or 0.0)

    floor, zero = _floor(shown(row) for row in rows)
    thinking = sorted({asked(row) for row in rows if asked(row) > 0}) or [1.0]
    left = thinking[0] / 4
    in_seconds = all(row["thinking_iterations"] is None for row in rows)
    still = [line for line, points in by_line.items() if all(asked(row) == 0 for row in points)]
    named: list[tuple[float, float, str, str]] = []
    for line in still:
        value = shown(by_line[line][0])
        height = max(value, floor)
        axes.plot([left], [height], marker="*", markersize=11, color="0.25", zorder=3)
        axes.axhline(height, color="0.6", linewidth=1, linestyle="--", zorder=1)
        named.append((left, height, f"{line}  {value:,.0f}" if value >= 1000 else f"{line}  {value:.3g}", "0.25"))
    notes: list[tuple[float, float, str, str]] = []  # x, y, text, colour
    for i, line in enumerate(line for line in by_line if line not in still):
        points = sorted((row for row in by_line[line] if asked(row) > 0), key=asked)
        x, y = [asked(row) for row in points], [max(shown(row), floor) for row in points]
        errors = [1.96 * shown_error(row) for row in points]
        low = [min(e, 0.9 * v) for e, v in zip(errors, y, strict=True)]  # a bar to below zero has no place on a log axis
        color, marker = f"C{i}", MARKERS[i % len(MARKERS)]
        axes.errorbar(x, y, yerr=[low, errors], marker=marker, color=color, label=line, capsize=2, zorder=3)
        for row, xx, yy in zip(points, x, y, strict=True):
            if row.get("spoilt"):
                axes.plot([xx], [yy], marker=marker, color=color, markerfacecolor="white", linestyle="none", zorder=4)
            spent = duration(row["spent_seconds"])
            notes.append((xx, yy, f"{spent}, {row['iterations']:.0f} its" if in_seconds else spent, color))
    names = ["no search", *[duration(t) if in_seconds else f"{t:g}" for t in thinking]]
    axes.set_xticks([left, *thinking], names, fontsize=8)
    axes.tick_params(axis="x", which="minor", bottom=False, labelbottom=False)
    axes.set_xlim(left / 1.3, thinking[-1] * (thinking[-1] / left) ** 0.25)
    axes.margins(y=0.12)  # room for the names of the highest
    _annotate(axes, named, size=8, above=6.0)
    _annotate(axes, notes, above=4.0)
    unit = "time per decision" if in_seconds else "iterations per decision"
    axes.set_xlabel(f"thinking {unit} (small figures: what a decision spent, mean)")
    axes.set_ylabel(f"exploitability, {unit_of(rows)} (exact best response)")
    if any(row.get("spoilt") for row in rows):
        axes.plot([], [], marker="o", color="0.4", markerfacecolor="white", linestyle="none", label="hollow: decisions late, machine busy")
    if axes.get_legend_handles_labels()[0]:
        axes.legend(fontsize=8, loc="best")
    _say(axes, zero)
    save_figure(figure, paths)


def _floor(values: Iterable[float]) -> tuple[float, str]:
    """Return where 0 stands on a log axis, well below the least positive value, and what to say of it; nothing where none is 0."""
    every = list(values)
    above = [value for value in every if value > 0]
    if len(above) == len(every):
        return min(above, default=1.0), ""
    return (min(above) / 10 if above else 1.0), "the lowest marks are 0" if above else "0 throughout: nothing is exploitable"


def _say(axes: Any, text: str) -> None:
    """Write a line in the middle of the axes' foot."""
    if text:
        axes.text(0.5, 0.02, text, transform=axes.transAxes, ha="center", fontsize=9, color="0.3")


def plot_loss(rows: Sequence[Row], loss: str, name: str, title: str, paths: Sequence[Path]) -> None:
    """Draw a loss against thinking, a line for each street and who thinks, with standard errors; who answers at once is a level line.

    Args:
        rows: see ``agents.yardstick.measure.loss_row``.
        loss: their entry that has it.
        name: what the axis calls it.
        title: of the figure.
        paths: of its files.
    """
    figure, axes = _axes(title)
    floor, zero = _floor(row[loss]["value"] for row in rows)

    def asked(row: Row) -> float:
        return float((row["thinking_seconds"] if row["thinking_iterations"] is None else row["thinking_iterations"]) or 0.0)

    streets, places = list(dict.fromkeys(row["street"] for row in rows)), sorted({asked(row) for row in rows if asked(row)}) or [1.0]
    lines = list(dict.fromkeys(row["line"] for row in rows))
    in_seconds, marked = all(row["thinking_iterations"] is None for row in rows), 0
    axes.set_xlim(places[0] / 1.5, places[-1] * 1.5)  # before anything is drawn: one budget alone would leave the axis no width
    for line, street in dict.fromkeys((row["line"], row["street"]) for row in rows):
        points = sorted((row for row in rows if (row["line"], row["street"]) == (line, street)), key=asked)
        place = streets.index(street) if len(streets) > 1 else lines.index(line)  # what tells drawn lines apart
        color, label = f"C{place}", f"{street}: {line}"
        y = [100 * max(row[loss]["value"], floor) for row in points]
        errors = [100 * (row[loss]["standard_error"] or 0.0) for row in points]
        if not any(map(asked, points)):
            axes.axhline(y[0], color=color, linewidth=1, linestyle=":" if marked % 2 else "--", label=label)
            marked += 1
            continue
        low = [min(error, 0.9 * value) for error, value in zip(errors, y, strict=True)]  # a bar to below zero has no place on a log axis
        marker = MARKERS[place % len(MARKERS)]
        axes.errorbar([asked(row) for row in points], y, yerr=[low, errors], marker=marker, color=color, label=label, capsize=2, zorder=3)
    axes.set_xticks(places, [duration(x) if in_seconds else f"{x:g}" for x in places], fontsize=8)
    axes.tick_params(axis="x", which="minor", bottom=False, labelbottom=False)
    axes.set_xlabel("thinking time per decision" if in_seconds else "iterations per decision")
    axes.set_ylabel(f"mean {name}, % of the pot (bars: standard error over spots)")
    axes.legend(fontsize=6, loc="best")
    _say(axes, zero)
    save_figure(figure, paths)


def plot_trace(rows: Sequence[tuple[int, float, float]], title: str, paths: Sequence[Path]) -> None:
    """Draw exploitability against iterations of one solve, both on log axes; 0 stands at the foot and is named."""
    figure, axes = _axes(title)
    drawn = [(i, e) for i, _, e in rows if i > 0]
    floor, zero = _floor(e for _, e in drawn)
    axes.plot([i for i, _ in drawn], [max(e, floor) for _, e in drawn], marker="o", markersize=3)
    if not drawn:
        axes.set_xlim(1, 10)
        axes.set_ylim(1, 10)
    _say(axes, zero if drawn else "no iteration was done")
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
    searched: tuple[float, float] | None = None,
) -> None:
    """Draw a policy alone against what it took to make, and where each thinking time would stand on that curve.

    Filled marks lie within the measured curve; hollow ones, on the dotted line, are extrapolated.

    Args:
        training: rows with ``compute`` and ``exploitability`` of the policy alone.
        rates: see ``agents.evaluation.ablation.exchange_rate``.
        title: of the figure.
        paths: of its files.
        policy: what it is called.
        compute: what it cost is called, with its unit.
        searched: compute and exploitability of the policy that is searched from, where training went on beyond it.
    """
    figure, axes = _axes(title)
    curve = sorted((r["compute"], r["exploitability"]) for r in training if r["exploitability"] > 0)
    axes.plot(*zip(*curve, strict=True), color="0.25", marker="o", markersize=4, label=f"{policy} alone, measured")
    if searched is not None:
        axes.plot(*searched, marker="*", markersize=13, color="0.25", linestyle="none", label=f"{policy} that is searched", zorder=3)
    lines = list(dict.fromkeys(rate["line"] for rate in rates))
    for i, line in enumerate(lines):
        notes: list[tuple[float, float, str]] = []
        points = [r for r in rates if r["line"] == line and math.isfinite(r["equivalent_compute"])]
        for rate in points:
            place = (rate["equivalent_compute"], rate["exploitability"])
            face = "none" if rate["extrapolated"] else f"C{i}"
            marker, label = MARKERS[i % len(MARKERS)], line if rate is points[0] else None
            axes.plot(*place, marker=marker, color=f"C{i}", markerfacecolor=face, linestyle="none", label=label, zorder=3)
            notes.append((*place, duration(rate["thinking_seconds"])))
        aside: Any = {"xytext": (6, 4), "ha": "left"} if i % 2 == 0 else {"xytext": (-6, -9), "ha": "right"}  # of a falling curve
        for x, y, text in _joined(notes):
            axes.annotate(text, (x, y), **aside, textcoords="offset points", fontsize=6, color=f"C{i}", bbox=PAPER, zorder=2.5)
    beyond_curve = [rate for rate in rates if rate["extrapolated"] and math.isfinite(rate["equivalent_compute"])]
    far = sorted((rate["equivalent_compute"], rate["exploitability"]) for rate in beyond_curve)
    named = "extrapolated"
    for end, beyond in ((curve[0], far[:1]), (curve[-1], far[-1:])):  # only where nothing was measured
        if beyond and (beyond[0][0] < curve[0][0] or beyond[0][0] > curve[-1][0]) and (beyond[0][0] < end[0]) == (end is curve[0]):
            axes.plot(*zip(end, beyond[0], strict=True), color="0.6", linestyle=":", linewidth=1, label=named, zorder=1)
            named = "_" + named
    axes.margins(x=0.08)  # room for the texts of the last
    axes.set_xlabel(f"{compute} (marks: what thinking is worth; hollow: extrapolated)")
    axes.set_ylabel("exploitability, chips (exact best response)")
    axes.legend(fontsize=7, loc="best")
    save_figure(figure, paths)


def _joined(notes: Sequence[tuple[float, float, str]]) -> list[tuple[float, float, str]]:
    """Join the texts of points that lie within a tenth of each other, so that none covers another."""
    joined: list[tuple[float, float, str]] = []
    for x, y, text in notes:
        if joined and abs(math.log(x / joined[-1][0])) < NEAR and abs(math.log(y / joined[-1][1])) < NEAR:
            joined[-1] = (x, y, f"{joined[-1][2]}, {text}")
        else:
            joined.append((x, y, text))
    return joined


# Learning curves, by the column that they are drawn against: what it is called, and whose exploitability it is.
LEARNING = {
    "compute": ("training compute, multiply-adds", "the network alone"),
    "rows": ("public belief states learned from", "searches with the network"),
}


def plot_training(rows: Sequence[Row], title: str, paths: Sequence[Path], across: str = "compute", size_floor: float | None = None) -> None:
    """Draw a training history: exploitability in chips against what it took, both on log axes.

    Args:
        rows: of the history.
        title: of the figure.
        paths: of its files.
        across: a key of ``LEARNING``.
        size_floor: chips, of the networks' size (see ``agents.training.floor``): a level line.
    """
    figure, axes = _axes(title)
    floor, zero = _floor(r["exploitability"] for r in rows)
    points = [(row[across], max(row["exploitability"], floor)) for row in rows]
    axes.plot([x for x, _ in points], [y for _, y in points], marker="o", markersize=4)
    if size_floor is not None:
        axes.axhline(max(size_floor, floor), color="0.6", linewidth=1, linestyle="--", zorder=1)
        text = "floor of this size: the same networks fitted to a solution"
        axes.annotate(text, (points[0][0], max(size_floor, floor)), xytext=(0, 3), textcoords="offset points", fontsize=7, bbox=PAPER)
    _say(axes, zero)
    for row, point in zip(rows, points, strict=True):
        axes.annotate(duration(row["seconds"]), point, xytext=(0, 6), textcoords="offset points", fontsize=7, ha="center", bbox=PAPER)
    took, whose = LEARNING[across]
    axes.set_xlabel(f"{took} (small figures: training time)")
    axes.set_ylabel(f"exploitability of {whose}, chips")
    save_figure(figure, paths)


def plot_errors(
    rows: Sequence[Row], beside: Mapping[str, Sequence[float]], sources: Sequence[str], title: str, paths: Sequence[Path]
) -> None:
    """Draw the errors of a value network against training iterations, a line for each source of states, both axes logarithmic.

    Args:
        rows: of the history, with an error for each source.
        beside: errors by source of what a network stands beside, by name, two of them: level lines.
        sources: their names.
        title: of the figure.
        paths: of its files.
    """
    figure, axes = _axes(title)
    for i, source in enumerate(sources):
        axes.plot(
            [row["iteration"] for row in rows], [row[source] for row in rows], color=f"C{i}", marker=MARKERS[i], markersize=4, label=source
        )
    for (name, errors), dashes in zip(beside.items(), ("--", ":"), strict=True):
        axes.plot([], [], color="gray", linewidth=1, linestyle=dashes, label=name.replace("_", " "))  # in the legend once, for all colours
        for i, error in enumerate(errors):
            axes.axhline(error, color=f"C{i}", linewidth=1, linestyle=dashes, zorder=1)
    axes.set_xlabel("training iterations")
    axes.set_ylabel("error of values, shares of the pot")
    axes.legend(fontsize=7, loc="best")
    save_figure(figure, paths)


def _annotate(axes: Any, notes: Sequence[tuple[float, float, str, str]], size: float = 6, above: float = 0.0) -> None:
    """Write small texts to the right of points, so many points above them, pushed apart where points of one column lie together."""
    axes.figure.draw_without_rendering()  # limits and size are known only now
    for column in sorted({x for x, *_ in notes}):
        height = -math.inf
        for x, y, text, color in sorted(note for note in notes if note[0] == column):
            at = axes.transData.transform((x, y))[1] * 72 / axes.figure.dpi
            height = max(at, height + size + 2.0)
            place = (7, height - at - 2 + above)
            axes.annotate(text, (x, y), xytext=place, textcoords="offset points", fontsize=size, color=color, bbox=PAPER, zorder=4)


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
    left, bottom, width, height = WIDE
    figure, axes = blank_figure(title, (8, 5), (left, bottom, width, height - 0.035 * title.count("\n")))
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
