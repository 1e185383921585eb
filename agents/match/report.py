"""What a match leaves for people: a table of its rows, a figure, and the text that its command prints."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from agents.match.figure import plot_matches
from agents.match.planning import aim_text
from agents.match.statistics import ALIKE_SHARE, ESTIMATES, Tally, decision_rows
from agents.match.stopping import stop_text
from agents.reporting.tables import Row, duration, overruns_text, spoilt_note, table, write_csv

ALIKE = "all alike: no hand told more than another; either AIVAT's values are the match's own, or too few hands were played to differ"


def write_report(rows: Sequence[Row], game: str, directory: Path) -> None:
    """Write ``rows.csv`` and the figure of a match's rows (``agents.match.statistics.match_row``)."""
    write_csv(directory / "rows.csv", [_flat(row) for row in rows])
    plot_matches(rows, f"{game}: chips a hand, 95 % intervals", [directory / f"match.{kind}" for kind in ("png", "svg")])


def report_text(rows: Sequence[Row], agents: Sequence[Row], tallies: Sequence[Tally], hands: Path) -> str:
    """Return the text of matches from their rows, descriptions (``agents.match.statistics.describe``), tallies and where hands are kept."""
    decisions = decision_rows(tallies)
    parts = [match_table(rows), blinds_table(rows), seat_table(rows[0]) if len(rows) == 1 else standings(rows)]
    parts += [
        decision_table(decisions),
        street_table(rows[0]) if len(rows) == 1 else "",
        plan_table(rows),
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
    if "stop" in row:
        notes.append(stop_text(row["stop"]))
    if row["waiting_hands"]:
        notes.append(f"{row['waiting_hands']:,} more hands were played of deals whose other hand was not, and are not counted")
    if "hands_needed" in row:
        more, aim = row["hands_needed"], aim_text(row["precision"], row.get("big_blind"))
        unknown = f"more hands for {aim}: not known, all {row['hands']:,} came out alike ({row['best']})"
        notes.append(unknown if more is None else f"{more:,} more hands for {aim} ({row['best']})")
    return notes


def _faults(faults: Mapping[str, int]) -> str:
    """Return forfeited hands by who and how."""
    return ", ".join(f"{key} {n}" for key, n in faults.items()) or "none"


def _flat(row: Row) -> dict[str, Any]:
    """Return a row for a table of one line a match."""
    cells = {"first": row["agents"][0], "second": row["agents"][1], "hands": row["hands"], "exact": (row["exact"] or {}).get("value")}
    cells |= {"decided": row["stop"]["decided"]} if "stop" in row else {}
    return cells | {f"{kind}_{key}": value for kind, e in row["estimates"].items() for key, value in e.items()}


def value_text(mean: float, half_width: float) -> str:
    """Return a mean and what it may be off by to as many digits as that leaves."""
    digits = 6 if half_width <= 0 or not math.isfinite(half_width) else max(0, min(6, 1 - math.floor(math.log10(half_width))))
    return f"{mean:+.{digits}f} ± {half_width:.{digits}f}"


def blinds_table(rows: Sequence[Row]) -> str:
    """Return ``match_table`` in thousandths of a big blind a hand; empty where there are no blinds."""
    scaled = [row | row["mbb_per_game"] for row in rows if "mbb_per_game" in row]
    return f"mbb/g, thousandths of a big blind a hand:\n{match_table(scaled)}" if scaled else ""


def match_table(rows: Sequence[Row]) -> str:
    """Return matches as text: who against whom, with every estimate."""
    kinds = [kind for kind in reversed(ESTIMATES) if any(kind in row["estimates"] for row in rows)]
    lines = []
    for row in rows:
        cells = [_estimate_text(row["estimates"][kind]) if kind in row["estimates"] else "" for kind in kinds]
        exact = row["exact"]
        if exact is None:
            text = "-"
        elif exact["draws"] == 1:
            text = f"{exact['value']:+.6f}" + ("" if exact["standard_error"] == 0 else " (one draw)")
        else:
            text = value_text(exact["value"], 1.96 * exact["standard_error"])
        cells += [text, _reduction(row["estimates"].get(row["best"], {}).get("of_raw_error"))]
        lines.append([" - ".join(row["agents"]), f"{row['hands']:,}", *cells])
    text = table(["match", "hands", *kinds, "exact", "error less than raw"], lines)
    alike = any((e["of_raw_error"] or 0.0) < ALIKE_SHARE for row in rows for e in row["estimates"].values())
    return text + (f"\n{ALIKE}" if alike else "")


def _estimate_text(e: Row) -> str:
    """Return an estimate with its interval, if its samples differ."""
    if (e["of_raw_error"] or 0.0) < ALIKE_SHARE:
        return f"{e['mean']:+.6f} (all alike)"
    return value_text(e["mean"], (e["high"] - e["low"]) / 2)


def _reduction(share: float | None) -> str:
    """Return how many times smaller than the raw one an error of ``share`` of it is."""
    if share is None:
        return "-"
    return "all of it" if share < ALIKE_SHARE else f"{1 / share:.3g}x" if share > 1e-3 else f"{1 / share:,.0f}x"


def seat_table(row: Row) -> str:
    """Return the first agent's seats, and the rounds in which hands ended, as text; the last column is in mbb/g where there are blinds."""
    names = ["raw", *(["aivat"] if "aivat" in row["estimates"] else [])]
    kinds = ["chips", *names[1:]]
    columns = [(name, kind, 1.0) for name, kind in zip(names, kinds, strict=True)]
    if "big_blind" in row:
        columns.append((f"{names[-1]}, mbb/g", kinds[-1], 1000 / row["big_blind"]))
    lines = []
    for seat in row["seats"]:
        means = [
            value_text(scale * e["mean"], scale * (e["high"] - e["low"]) / 2) if (e := seat.get(kind)) else "" for _, kind, scale in columns
        ]
        lines.append([f"{row['agents'][0]} as player {seat['seat']}", f"{seat['hands']:,}", *means])
    if len(row["rounds"]) > 1:
        ended = [(f"hands that ended in round {r['round'] + 1}", f"{r['hands']:,}", f"{r['chips']:+.3f}") for r in row["rounds"]]
        lines += [[*cells, *[""] * (len(columns) - 1)] for cells in ended]
    return table([f"chips a hand to {row['agents'][0]}", "hands", *(name for name, _, _ in columns)], lines)


def decision_table(rows: Sequence[Row]) -> str:
    """Return ``decision_rows`` as text."""
    lines = []
    for row in rows:
        times = [duration(row[f"{key}_seconds"]) for key in ("mean", "p50", "p95", "p99", "max")]
        counts = [f"{row['iterations']:.0f}", str(sum(row["fallbacks"].values())), overruns_text(row)]
        lines.append([row["agent"], f"{row['decisions']:,}", f"{row['timed']:,}", *times, *counts])
    return table(["agent", "decisions", "timed", "mean", "median", "95 %", "99 %", "slowest", "iterations", "fallbacks", "overruns"], lines)


def plan_table(rows: Sequence[Row]) -> str:
    """Return how often agents that plan solved which tree, as text; empty where none does."""
    lines = [[p["agent"], p["street"], p["plan"], f"{p['decisions']:,}"] for row in rows for p in row.get("plans", ())]
    return table(["agent", "street", "plan", "decisions"], lines) if lines else ""


def street_table(row: Row) -> str:
    """Return what the decisions of each street took as text; empty where that is not known or there is one street."""
    if len({street["street"] for street in row["streets"]}) < 2:
        return ""
    lines = [
        [s["agent"], s["street"], f"{s['decisions']:,}", duration(s["mean_seconds"]), duration(s["seconds"]), f"{s['iterations']:.0f}"]
        for s in row["streets"]
    ]
    return table(["agent", "street", "decisions", "mean", "in all", "iterations"], lines)


def load_text(rows: Sequence[Row]) -> str:
    """Return what getting ready took, of ``decision_rows``; empty where nobody thinks."""
    took = [f"{row['agent']} {duration(row['load_seconds'])}" for row in rows if row["load_seconds"] > 0]
    return f"loaded, outside of every decision's clock, in at most: {', '.join(took)}" if took else ""


def standings(rows: Sequence[Row]) -> str:
    """Return each agent's mean over all its matches as text, the best first: exact values if all are known, else the best estimates."""
    exact = all(row["exact"] is not None for row in rows)
    won: dict[str, list[float]] = {}
    for row in rows:
        value = row["exact"]["value"] if exact else row["estimates"][row["best"]]["mean"]
        for name, sign in zip(row["agents"], (1, -1), strict=True):
            won.setdefault(name, []).append(sign * value)
    order = sorted(won, key=lambda name: -sum(won[name]) / len(won[name]))
    lines = [[name, str(len(won[name])), f"{sum(won[name]) / len(won[name]):+.6f}"] for name in order]
    return table(["agent", "matches", f"chips a hand, {'exact' if exact else rows[0]['best']}"], lines)
