"""What ``timebank spots`` leaves behind: a table and a figure."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from agents.reporting.figures import plot_ev_loss
from agents.reporting.tables import Row, duration, overruns_text, spoilt_note, table, write_csv

HEADS = ["who", "street", "asked", "spent", "iterations", "EV loss, % of pot", "error", "median", "fallbacks", "slowest", "overruns"]


def write_loss_report(rows: Sequence[Row], title: str, directory: Path) -> str:
    """Write rows as CSV and as a figure; return them as text."""
    write_csv(directory / "spots.csv", rows)
    plot_ev_loss(rows, title, [directory / f"spots.{kind}" for kind in ("png", "svg")])
    lines = [
        [
            row["line"], row["street"], asked_text(row), duration(row["spent_seconds"]), f"{row['iterations']:.0f}",
            percent(row["ev_loss"]["value"]), error_text(row), percent(row["ev_loss"]["median"]),
            str(sum({**row["fallbacks"], **row.get("faults", {})}.values())), duration(row["slowest_decision_seconds"]), overruns_text(row),
        ]
        for row in rows
    ]  # fmt: skip
    return f"{table(HEADS, lines)}\n{spoilt_note(rows)}"


def asked_text(row: Row) -> str:
    """Return what a decision of a row may spend."""
    if row["thinking_iterations"] is not None:
        return f"{row['thinking_iterations']} its"
    return duration(row["thinking_seconds"]) if row["thinking_seconds"] else "-"


def percent(value: float) -> str:
    """Return a share of the pot in per cent, without the sign."""
    return f"{100 * value:.3g}"


def error_text(row: Row) -> str:
    """Return the standard error of a row over its spots."""
    error = row["ev_loss"]["standard_error"]
    return "one spot" if error is None else f"± {100 * error:.1g}"
