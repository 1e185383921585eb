"""What an ablation leaves for people: tables, figures, and the text that its command prints."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from agents.evaluation.ablation import exchange_rate
from agents.reporting.figures import plot_ablation, plot_exchange
from agents.reporting.tables import Row, ablation_table, duration, exchange_table, spoilt_note, write_csv

COMPUTE = "multiply-adds"  # of training
KINDS = ("png", "svg")


def ordered(rows: Sequence[Row]) -> list[Row]:
    """Return the rows of ``agents.evaluation.ablation.ablate`` line by line, each by its thinking."""
    lines = list(dict.fromkeys(row["line"] for row in rows))
    return sorted(rows, key=lambda row: (lines.index(row["line"]), row["thinking_seconds"] or row["thinking_iterations"] or 0))


def rates_of(rows: Sequence[Row], curve: Sequence[Row], base: Row | None, references: Sequence[str]) -> list[Row]:
    """Return the exchange rates of an ablation's rows, without those of lines that search from no blueprint of the curve.

    The curve is what ``exchange_rate`` takes as training; ``base`` is its row that is searched from, None if it has none.
    """
    searched = [row for row in rows if row["line"] not in references and row["iterations"] > 0]
    return exchange_rate(curve, searched, base["compute"] if base else None)


def write_report(
    rows: Sequence[Row], rates: Sequence[Row], game: str, directory: Path, curve: Sequence[Row], base: Row | None, unit: str
) -> str:
    """Write the table and the figures of an ablation, its rows in order; return its text. ``unit`` is that of what blueprints cost."""
    write_csv(directory / "rows.csv", rows)
    plot_ablation(rows, f"{game}: what thinking adds", [directory / f"ablation.{kind}" for kind in KINDS])
    loading: dict[str, float] = {}
    for row in rows:
        loading[row["line"]] = max(loading.get(row["line"], 0.0), row["load_seconds"])
    took = [f"{line} {duration(seconds)}" for line, seconds in loading.items() if seconds > 0]
    once = "computed once for the game, outside every decision's clock, at most, each seat"
    texts = [ablation_table(rows), *([f"{once}: {', '.join(took)}"] if took else [])]
    if rates:
        what, whose, bought = ("network", "training compute", "training") if unit == COMPUTE else ("blueprint", *["blueprint size"] * 2)
        beyond = (base["compute"], base["exploitability"]) if base and base is not curve[-1] else None
        paths = [directory / f"exchange.{kind}" for kind in KINDS]
        plot_exchange(curve, rates, f"{game}: the {bought} that thinking is worth", paths, what, f"{whose}, {unit}", beyond)
        texts.append(f"\n{exchange_table(rates)}")
    exact = "exploitability by an exact best response in the real game, search included"
    texts += [f"\n{exact}; figure: {directory / 'ablation.png'}", spoilt_note(rows, "* in the table, hollow in the figure")]
    return "\n".join(filter(None, texts))
