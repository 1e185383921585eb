"""What a match leaves for people: a table of its rows, a figure, and the text that its command prints."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from agents.match.figure import plot_matches
from agents.match.statistics import Tally, blinds_table, decision_rows, decision_table, load_text, match_table, seat_table, standings
from agents.reporting.tables import Row, spoilt_note, write_csv


def write_report(rows: Sequence[Row], game: str, directory: Path) -> None:
    """Write ``rows.csv`` and the figure of a match's rows (``agents.match.statistics.match_row``)."""
    write_csv(directory / "rows.csv", [_flat(row) for row in rows])
    plot_matches(rows, f"{game}: chips a hand, 95 % intervals", [directory / f"match.{kind}" for kind in ("png", "svg")])


def report_text(rows: Sequence[Row], agents: Sequence[Row], tallies: Sequence[Tally], hands: Path) -> str:
    """Return the text of a match.

    Args:
        rows: of ``agents.match.statistics.match_row``.
        agents: of ``agents.match.statistics.describe``.
        tallies: of all matches, those without a row too.
        hands: where every hand is kept.
    """
    decisions = decision_rows(tallies)
    parts = [
        match_table(rows),
        blinds_table(rows),
        seat_table(rows[0]) if len(rows) == 1 else standings(rows),
        decision_table(decisions),
        load_text(decisions),
        spoilt_note(decisions),
    ]
    lines = [f"{a['name']}: {a['agent']}, {a['budget']}" for a in agents]
    lines += [f"\n{part}" for part in parts if part]
    notes = [f"{' - '.join(row['agents'])}: {note}" for row in rows for note in _notes(row)]
    end = f"chips a hand to the first agent, 95 % intervals (docs/concepts/aivat.md); every hand: {hands}"
    return "\n".join([*lines, "", *notes, end])


def waiting_text(tally: Tally) -> str:
    """Return what there is to say of a match of which fewer than two deals were played."""
    waiting = f"{tally.played:,} hands were played, not yet both of a deal"
    return f"{tally.names}: {waiting}; hands forfeited: {_faults(tally.faults)}"


def _notes(row: Row) -> list[str]:
    """Return what a table does not show of a match."""
    notes = [f"hands forfeited: {_faults(row['faults'])}"] if row["faults"] else []
    if row["waiting_hands"]:
        notes.append(f"{row['waiting_hands']:,} more hands were played of deals whose other hand was not, and are not counted")
    if "hands_needed" in row:
        more, aim = row["hands_needed"], f"± {row['precision']:g} chips"
        unknown = f"more hands for {aim}: not known, all {row['hands']:,} came out alike ({row['best']})"
        notes.append(unknown if more is None else f"{more:,} more hands for {aim} ({row['best']})")
    return notes


def _faults(faults: Mapping[str, int]) -> str:
    """Return forfeited hands by who and how."""
    return ", ".join(f"{key} {n}" for key, n in faults.items()) or "none"


def _flat(row: Row) -> dict[str, Any]:
    """Return a row for a table of one line a match."""
    found = {"first": row["agents"][0], "second": row["agents"][1], "hands": row["hands"], "exact": (row["exact"] or {}).get("value")}
    return found | {f"{kind}_{key}": value for kind, e in row["estimates"].items() for key, value in e.items()}
