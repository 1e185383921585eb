"""What a measurement of losses leaves behind: a table and a figure."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path

from agents.reporting.figures import plot_loss
from agents.reporting.tables import Row, duration, overruns_text, spoilt_note, table, write_csv
from agents.yardstick.measure import EV_LOSS, TRUNK_LOSS

NAMES = {EV_LOSS: "EV loss", TRUNK_LOSS: "trunk loss"}


def write_loss_report(rows: Sequence[Row], title: str, directory: Path, loss: str = EV_LOSS, stem: str = "spots") -> str:
    """Write rows as CSV and as a figure; return them as text.

    Args:
        rows: see ``agents.yardstick.measure.loss_row``.
        title: of the figure.
        directory: to write to.
        loss: the rows' entry that is shown.
        stem: of the files' names.
    """
    write_csv(directory / f"{stem}.csv", rows)
    plot_loss(rows, loss, NAMES[loss], title, [directory / f"{stem}.{kind}" for kind in ("png", "svg")])
    bounds = ["bounds"] if "bounds" in rows[0][loss] else []  # how far the values themselves may be off
    heads = ["who", "street", "asked", "spent", "iterations", f"{NAMES[loss]}, % of pot", "error", *bounds, "median"]
    lines = [
        [
            row["line"], row["street"], asked_text(row), duration(row["spent_seconds"]), f"{row['iterations']:.0f}",
            *with_error(row, loss), *(f"± {percent(row[loss][key])}" for key in bounds), percent(row[loss]["median"]),
            str(sum({**row["fallbacks"], **row.get("faults", {})}.values())), duration(row["slowest_decision_seconds"]), overruns_text(row),
        ]
        for row in rows
    ]  # fmt: skip
    return f"{table([*heads, 'fallbacks', 'slowest', 'overruns'], lines)}\n{spoilt_note(rows)}"


def asked_text(row: Row) -> str:
    """Return what a decision of a row may spend."""
    if row["thinking_iterations"] is not None:
        return f"{row['thinking_iterations']} its"
    return duration(row["thinking_seconds"]) if row["thinking_seconds"] else "-"


def percent(share: float) -> str:
    """Return a share of the pot in per cent with two digits, without the sign."""
    return f"{100 * share:.{_digits(share, 2)}f}"


def with_error(row: Row, loss: str = EV_LOSS) -> tuple[str, str]:
    """Return a row's mean in per cent of the pot and its standard error over spots, to the error's first digit."""
    value, error = row[loss]["value"], row[loss]["standard_error"]
    if not error:
        return percent(value), "one spot" if error is None else "± 0"
    digits = _digits(error, 1)
    return f"{100 * value:.{digits}f}", f"± {100 * error:.{digits}f}"


def _digits(share: float, significant: int) -> int:
    """Return how many digits stand behind the point of a share in per cent with so many significant ones."""
    return max(significant - 1 - math.floor(math.log10(100 * abs(share))), 0) if share else 0
