"""What was measured of decisions with a network, for its card: a table that somebody gives, or that of an ablation."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from agents.reporting.tables import Row, duration, shown, shown_error, unit_of

DECISIONS = ("network", "title", "command", "columns", "rows", "note")  # keys of such a table


def check_decisions(content: Any) -> Row:
    """Return what was measured of decisions: a mapping with ``DECISIONS``, a table of texts.

    Raises:
        ValueError: it is something else.
    """
    if not (isinstance(content, dict) and sorted(content) == sorted(DECISIONS)):
        raise ValueError(
            f"decisions must be a mapping of {', '.join(DECISIONS)}, got {sorted(content) if isinstance(content, dict) else content!r:.80}"
        )
    lines = [content["columns"], *(content["rows"] if isinstance(content["rows"], list) else [None])]
    fits = all(isinstance(line, list) and all(isinstance(cell, str) for cell in line) for line in lines)
    if not fits or len({len(line) for line in lines}) != 1:
        raise ValueError("decisions must have columns, and rows of as many texts")
    if not all(isinstance(content[key], str) for key in ("network", "title", "command", "note")):
        raise ValueError("decisions must have a network's digest, a title, a command and a note, all texts")
    return content


def decisions_of(result: Row, overrides: Sequence[str], digest: str) -> Row:
    """Return what an ablation says of decisions with a network, in the form of ``check_decisions``.

    Args:
        result: of a finished ``timebank ablate``.
        overrides: that it was started with.
        digest: of the network.

    Raises:
        ValueError: it is of another network, or has no rows.
    """
    names = {blueprint["name"] for blueprint in result.get("blueprints", ())}
    if names != {f"network:{digest[:8]}"} or not result.get("rows"):
        raise ValueError(f"decisions must be of an ablation of network:{digest[:8]}, got one of {', '.join(sorted(names)) or 'no network'}")
    cells: dict[str, dict[str, str]] = {}
    for row in result["rows"]:
        its = row["thinking_iterations"]
        asked = (
            "no thinking" if not (its or row["thinking_seconds"]) else f"{its:,} iterations" if its else duration(row["thinking_seconds"])
        )
        spent = f" ({duration(row['spent_seconds'])})" if its else ""
        error = "" if row["exploitability"].get("exact") else f" ± {shown_error(row):.1g}"
        cells.setdefault(row["line"], {})[asked] = f"{shown(row):.4g}{error}{spent}"
    columns = list(dict.fromkeys(asked for line in cells.values() for asked in line))
    version, machine = result["version"], result["machine"]
    return {
        "network": digest,
        "title": f"Exploitability with thinking on top, {unit_of(result['rows'])}",
        "command": f"timebank ablate {' '.join(overrides)}",
        "columns": ["agent", *columns],
        "rows": [[line, *(by.get(asked, "-") for asked in columns)] for line, by in cells.items()],
        "note": f"Measured at commit {str(version['git'])[:7]} on {machine['cpu']}; in brackets what a decision took.",
    }
