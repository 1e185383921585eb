"""What a run leaves behind: result.json, tables, figures. Everything is written whole or not at all."""

from __future__ import annotations

import csv
import io
import json
import math
import os
import platform
import subprocess
from collections.abc import Sequence
from importlib import metadata
from pathlib import Path
from typing import Any

Row = dict[str, Any]

# Fixed places for lines of a figure; further lines go on through matplotlib's own cycle.
MARKERS = "osD^vPX<>"


def write_text(path: Path, text: str) -> None:
    """Write a file atomically: readers and interrupted runs see the old one or the new one."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    temporary.write_text(text)
    os.replace(temporary, path)


def write_json(path: Path, content: Any) -> None:
    """Write JSON atomically; infinities and NaN become null (JSON has none)."""
    write_text(path, json.dumps(_finite(content), indent=1, allow_nan=False) + "\n")


def _finite(x: Any) -> Any:
    if isinstance(x, float):
        return x if math.isfinite(x) else None
    if isinstance(x, dict):
        return {str(k): _finite(v) for k, v in x.items()}
    if isinstance(x, list | tuple):
        return [_finite(v) for v in x]
    return x.item() if hasattr(x, "item") else x


def write_csv(path: Path, rows: Sequence[Row]) -> None:
    """Write rows as CSV; nested ``{"value": …}`` objects become columns ``name`` and ``name_<key>``."""
    flat = []
    for row in rows:
        out: Row = {}
        for key, value in row.items():
            if isinstance(value, dict):
                for inner, x in value.items():
                    if not isinstance(x, list):
                        out[key if inner == "value" else f"{key}_{inner}"] = x
            else:
                out[key] = value
        flat.append(out)
    columns = list(dict.fromkeys(key for row in flat for key in row))
    text = io.StringIO()
    writer = csv.DictWriter(text, columns)
    writer.writeheader()
    writer.writerows(flat)
    write_text(path, text.getvalue())


def version() -> Row:
    """Return what decides a number: package, commit, numba, torch."""

    def of(package: str) -> str | None:
        try:
            return metadata.version(package)
        except metadata.PackageNotFoundError:
            return None

    commit = subprocess.run(
        ["git", "rev-parse", "HEAD"], cwd=Path(__file__).parent, capture_output=True, text=True, check=False
    ).stdout.strip()
    return {"package": of("timebank"), "git": commit or None, "numba": of("numba"), "torch": of("torch")}


def machine() -> Row:
    """Return where a number was measured."""
    model = platform.processor()
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        model = next((line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")), model)
    except OSError:
        pass
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return {"system": platform.platform(), "cpu": model, "cores": cores, "python": platform.python_version()}


def table(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return rows as aligned text, numbers to the right."""
    cells = [list(columns), *[list(r) for r in rows]]
    widths = [max(len(row[i]) for row in cells) for i in range(len(columns))]

    def line(row: Sequence[str]) -> str:
        return "  ".join(c.ljust(w) if i == 0 else c.rjust(w) for i, (c, w) in enumerate(zip(row, widths, strict=True))).rstrip()

    return "\n".join([line(cells[0]), line(["-" * w for w in widths]), *[line(row) for row in cells[1:]]])


def duration(seconds: float) -> str:
    """Return seconds as people say them: 0, 300 us, 1 ms, 2.5 s."""
    if seconds == 0:
        return "0"
    for factor, unit in ((1.0, "s"), (1e-3, "ms"), (1e-6, "us")):
        if seconds >= factor:
            return f"{seconds / factor:.3g} {unit}"
    return f"{seconds / 1e-6:.2g} us"


def ablation_table(rows: Sequence[Row]) -> str:
    """Return the ablation as text, one line per agent and budget."""
    shown = []
    for row in rows:
        strength = row["exploitability"]
        error = "exact" if strength.get("exact") else f"± {strength['standard_error']:.1g}"
        asked = f"{row['thinking_iterations']} its" if row["thinking_iterations"] is not None else duration(row["thinking_seconds"])
        shown.append(
            [
                row["line"],
                asked,
                duration(row["spent_seconds"]),
                f"{row['iterations']:.0f}",
                f"{strength['value']:.5f}",
                error,
                str(row["decisions"]),
                str(row["kept"]),
                duration(row["slowest_decision_seconds"]),
                str(row["overruns"]),
            ]
        )
    heads = ["agent", "asked", "spent", "iterations", "exploitability", "error", "decisions", "kept", "slowest", "overruns"]
    return table(heads, shown)


def exchange_table(rates: Sequence[Row]) -> str:
    """Return the exchange rate as text: thinking time against the training that would buy the same."""
    rows = []
    for rate in rates:
        times = rate["times_the_training_done"]
        note = "extrapolated" if rate["extrapolated"] else "measured"
        rows.append([rate["line"], duration(rate["thinking_seconds"]), f"{rate['exploitability']:.5f}", f"{times:.3g} x", note])
    return table(["agent", "thinking", "exploitability", "worth this much training", ""], rows)


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
    for line in still:
        value = by_line[line][0]["exploitability"]["value"]
        axes.axhline(value, color="0.6", linewidth=1, linestyle="--", zorder=1)
        axes.plot([left], [value], marker="*", markersize=11, color="0.25", zorder=3)
        axes.annotate(f"{line}  {value:.3g}", (left, value), xytext=(8, 4), textcoords="offset points", fontsize=8, color="0.25")
    moving = [line for line in by_line if line not in still]
    for i, line in enumerate(moving):
        own = sorted((row for row in by_line[line] if asked(row) > 0), key=asked)
        x, y = [asked(row) for row in own], [row["exploitability"]["value"] for row in own]
        errors = [1.96 * (row["exploitability"].get("standard_error") or 0.0) for row in own]
        low = [min(e, 0.9 * v) for e, v in zip(errors, y, strict=True)]  # a bar to below zero has no place on a log axis
        color = f"C{i}"
        axes.errorbar(x, y, yerr=[low, errors], marker=MARKERS[i % len(MARKERS)], color=color, label=line, capsize=2, zorder=3)
        for row, xx, yy in zip(own, x, y, strict=True):
            note = f"{row['iterations']:.0f}" if in_seconds else duration(row["spent_seconds"])
            axes.annotate(note, (xx, yy), xytext=(0, 6), textcoords="offset points", fontsize=6, color=color, ha="center")
    axes.set_xscale("log")
    axes.set_yscale("log")
    ticks = [left, *thinking]
    names = ["no search", *[duration(t) if in_seconds else f"{t:g}" for t in thinking]]
    axes.set_xticks(ticks, names, fontsize=8)
    axes.minorticks_off()
    axes.set_xlim(left / 1.3, thinking[-1] * 1.6)
    unit = "time per decision" if in_seconds else "iterations per decision"
    small = "mean iterations" if in_seconds else "mean time spent"
    axes.set_xlabel(f"thinking {unit} (small figures: {small})")
    axes.set_ylabel("exploitability, chips (exact best response)")
    if moving:
        axes.legend(fontsize=8, loc="best")
    _save(figure, paths)


def plot_trace(rows: Sequence[tuple[int, float, float]], title: str, paths: Sequence[Path]) -> None:
    """Draw exploitability against iterations of one solve, both on log axes."""
    figure, axes = _axes(title)
    shown = [(i, e) for i, _, e in rows if e > 0]
    axes.plot([i for i, _ in shown], [e for _, e in shown], marker="o", markersize=3)
    axes.set_xscale("log")
    axes.set_yscale("log")
    axes.set_xlabel("iterations")
    axes.set_ylabel("exploitability, chips (NashConv / 2)")
    _save(figure, paths)


def plot_training(rows: Sequence[Row], title: str, paths: Sequence[Path]) -> None:
    """Draw exploitability of the network alone against training compute, both on log axes."""
    figure, axes = _axes(title)
    axes.plot([r["compute"] for r in rows], [r["exploitability"] for r in rows], marker="o", markersize=4)
    for row in rows:
        place = (row["compute"], row["exploitability"])
        axes.annotate(duration(row["seconds"]), place, xytext=(0, 6), textcoords="offset points", fontsize=7, ha="center")
    axes.set_xscale("log")
    axes.set_yscale("log")
    axes.set_xlabel("training compute, multiply-adds (small figures: training time)")
    axes.set_ylabel("exploitability of the network alone, chips")
    _save(figure, paths)


def _axes(title: str) -> tuple[Any, Any]:
    from matplotlib.figure import Figure  # slow to import, and needed only here

    figure = Figure(figsize=(8, 5), layout="constrained")
    axes = figure.subplots()
    axes.set_title(title, fontsize=10)
    axes.grid(True, which="major", alpha=0.25)
    return figure, axes


def _save(figure: Any, paths: Sequence[Path]) -> None:
    for path in paths:
        temporary = path.with_name(f".{path.stem}.{os.getpid()}{path.suffix}")
        figure.savefig(temporary, dpi=150)
        os.replace(temporary, path)
