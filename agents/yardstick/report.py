"""What ``timebank spots`` leaves behind: a table and a figure."""

from __future__ import annotations

import math
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
            *with_error(row), percent(row["ev_loss"]["median"]),
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


def percent(share: float) -> str:
    """Return a share of the pot in per cent with two digits, without the sign."""
    return f"{100 * share:.{_digits(share, 2)}f}"


def with_error(row: Row) -> tuple[str, str]:
    """Return a row's mean in per cent of the pot and its standard error over spots, to the error's first digit."""
    value, error = row["ev_loss"]["value"], row["ev_loss"]["standard_error"]
    if not error:
        return percent(value), "one spot" if error is None else "± 0"
    digits = _digits(error, 1)
    return f"{100 * value:.{digits}f}", f"± {100 * error:.{digits}f}"


def _digits(share: float, significant: int) -> int:
    """Return how many digits stand behind the point of a share in per cent with so many significant ones."""
    return max(significant - 1 - math.floor(math.log10(100 * share)), 0) if share > 0 else 0
