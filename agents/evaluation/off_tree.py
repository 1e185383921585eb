"""What bets outside of an agent's tree cost it: *excess*, its exploitability less that without the extra sizes. All of it is exact."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from agents.reporting.tables import Row, duration, table

HEADS = ["agent", "iterations", "a solve", "mbb/g", "excess", "of translate's"]


def excess_of(exploitability: Row, alone: float) -> Row:
    """Return an exploitability less another one.

    Args:
        exploitability: as rows have it, against the extra sizes.
        alone: chips a hand, of the same agent without them.
    """
    value = exploitability["value"] - alone
    excess = {"value": value, "unit": exploitability["unit"], "exact": True}
    scale = exploitability["mbb_per_game"] / exploitability["value"] if exploitability.get("mbb_per_game") else None
    return excess if scale is None else excess | {"mbb_per_game": value * scale}


def ratios(rows: Sequence[Row]) -> list[Row]:
    """Return each inserting row's excess as a share of the translating row's; nothing where there is none of those."""
    translating = [row["excess"]["value"] for row in rows if "excess" in row and row["thinking_iterations"] is None]
    if not translating or translating[0] <= 0:
        return []
    thinking = [row for row in rows if "excess" in row and row["thinking_iterations"] is not None]
    return [
        {"line": row["line"], "iterations": row["thinking_iterations"], "of_translate": row["excess"]["value"] / translating[0]}
        for row in thinking
    ]


def excess_cells(rows: Sequence[Row]) -> list[list[str]]:
    """Return the cells below ``HEADS`` of the rows that have an excess."""
    share = {(row["line"], row["iterations"]): row["of_translate"] for row in ratios(rows)}
    cells = []
    for row in [row for row in rows if "excess" in row]:
        iterations, part = row["thinking_iterations"], share.get((row["line"], row["thinking_iterations"]))
        took = [f"{iterations:,}", duration(row["spent_seconds"])] if iterations is not None else ["-", "-"]
        ratio = "-" if part is None else f"{part:.3f}"
        cells.append([row["line"], *took, number(row["exploitability"]), number(row["excess"]), ratio])
    return cells


def excess_table(rows: Sequence[Row], alone: Row) -> str:
    """Return the rows' excesses as text.

    Args:
        rows: of agents that met extra sizes, and others, which are left out.
        alone: exploitability of the blueprint without them.
    """
    unit = "mbb/g" if "mbb_per_game" in alone else alone["unit"]
    lines = [table([*HEADS[:3], unit, *HEADS[4:]], excess_cells(rows))]
    translating = next((row["excess"] for row in rows if "excess" in row and row["thinking_iterations"] is None), None)
    error = f"without the extra bets: {number(alone)} {unit}, which is the error of the blueprint's solve"
    if translating is not None and translating["value"] > 0:
        error += f" ({100 * alone['value'] / translating['value']:.2g} % of translate's excess)"
    return "\n".join([*lines, error])


def number(strength: dict[str, Any]) -> str:
    """Return a strength in mbb/g where it has them, else in its unit."""
    return f"{strength.get('mbb_per_game', strength['value']):.4g}"
