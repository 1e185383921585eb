"""The tables of the documents.

The script that measures a table writes it, between two comments of a Markdown file::

    <!-- table: deadlines -->
    | agent | budget | ... |
    <!-- end -->

Every script of this folder that has a table knows two options beside its own:

    --write      also put the table into its document, in the place of what stands there
    --note=TEXT  what else stood in the machine's way, for the line of conditions below the table
    --check      measure nothing; fail where a document's table has other columns or other rows than the script makes
"""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from agents.reporting.tables import cores, machine, table, version

ROOT = Path(__file__).resolve().parents[1]
RESULTS, SEARCHING, VARIANTS, HOLDEM, MATCHES = (
    "docs/results.md", "docs/notebook/search.md", "docs/notebook/variants.md", "docs/notebook/holdem.md", "docs/notebook/matches.md",
)  # fmt: skip
Label = tuple[str, ...]


@dataclass(frozen=True)
class Table:
    """A table of a document.

    Attributes:
        name: of its marker.
        document: path below the repository.
        columns: heads of all columns.
        labels: the first cells of each row, in order: they tell rows apart.
    """

    name: str
    document: str
    columns: Sequence[str]
    labels: Sequence[Label]

    def show(self, rows: Sequence[Sequence[str]], note: str | None = "") -> None:
        """Print the table with a line of conditions; write it where ``--write`` asks for it.

        Args:
            rows: cells as they are written, Markdown's emphasis included.
            note: a sentence for the line of conditions; None for no such line, where nothing was measured.

        Raises:
            SystemExit: it has other rows than the document's table.
        """
        below = "" if note is None else f"\n\n{conditions(note)}"
        print(f"{table(self.columns, rows)}{below}\n", flush=True)
        if "--write" not in sys.argv[1:]:
            return
        if found := differing(rows, self.labels):
            sys.exit(f"error: {self.name} in {self.document} must have all of its rows, got {found}; nothing is written")
        path = ROOT / self.document
        before, _, after = self._parts(path.read_text())
        lines = [self.columns, ["---"] * len(self.columns), *rows]
        markdown = "\n".join(f"| {' | '.join(line)} |" for line in lines)
        path.write_text(f"{before}{markdown}{below}\n{after}")

    def wrong(self) -> str | None:
        """Say how the document's table differs in columns or rows from what the script makes; None if it does not."""
        try:
            columns, *rows = self.read()
        except ValueError as error:
            return str(error)
        if columns != list(self.columns):
            return f"{self.name} in {self.document} must have the columns {', '.join(self.columns)}, got {', '.join(columns)}"
        if any(len(row) != len(columns) for row in rows):
            return f"{self.name} in {self.document} must have {len(columns)} cells in each row"
        found = differing(rows, self.labels)
        return f"{self.name} in {self.document} must have the rows that the script makes, got {found}" if found else None

    def read(self) -> list[list[str]]:
        """Return the document's cells without emphasis, heads first.

        Raises:
            ValueError: the document has no such table, or more than one.
        """
        _, inside, _ = self._parts((ROOT / self.document).read_text())
        lines = [line.strip().strip("|").split("|") for line in inside.splitlines() if line.startswith("|")]
        cells = [[plain(cell) for cell in line] for line in lines]
        return cells[:1] + cells[2:]

    def _parts(self, text: str) -> tuple[str, str, str]:
        head = f"<!-- table: {self.name} -->\n"
        if text.count(head) != 1:
            raise ValueError(f"{self.document} must have the line {head.strip()!r} once, got it {text.count(head)} times")
        before, _, after = text.partition(head)
        inside, end, after = after.partition("<!-- end -->\n")
        if not end or "<!-- table:" in inside:
            raise ValueError(f"{self.document} must have the line '<!-- end -->' behind {head.strip()!r}")
        return before + head, inside, end + after


def plain(cell: str) -> str:
    """Return a cell without blanks and emphasis around it."""
    return cell.strip().replace("**", "")


def differing(rows: Sequence[Sequence[str]], labels: Sequence[Label]) -> str:
    """Return where rows begin with other cells than some labels, as text; nothing if they do not."""
    width = len(labels[0])
    got, wanted = [tuple(plain(cell) for cell in row[:width]) for row in rows], list(labels)
    missing, extra = [one for one in wanted if one not in got], [one for one in got if one not in wanted]
    if missing or extra:
        return f"{len(missing)} missing {missing[:3]}, {len(extra)} unknown {extra[:3]}"
    return "" if got == wanted else "another order"


def conditions(note: str = "") -> str:
    """Return where and when a table was made, and what else is to be known of it."""
    given = [argument.partition("=")[2] for argument in sys.argv[1:] if argument.startswith("--note=")]
    found = f"{time.strftime('%-d %B %Y')}, commit {(version()['git'] or 'unknown')[:7]}, {machine()['cpu']}, {cores()} cores"
    return " ".join(f"{text.strip().rstrip('.')}." for text in (found, note, *given) if text)


def options(tables: Sequence[Table] = ()) -> list[str]:
    """Return the command line without the options of this module; with ``--check``, look at the documents and end.

    Args:
        tables: all of the script.

    Raises:
        SystemExit: ``--check`` was given.
    """
    given = sys.argv[1:]
    if "--check" in given:
        found = [text for text in (one.wrong() for one in tables) if text]
        sys.exit("\n".join(f"error: {text}" for text in found) if found else 0)
    return [one for one in given if one != "--write" and not one.startswith("--note=")]
