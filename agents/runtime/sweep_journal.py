"""The boards of a sweep that are done, kept in files now and then: a sweep that was killed goes on where it was last kept."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any

import numpy as np

from agents.reporting.tables import Autosave
from agents.runtime.arrays import open_archive, write_archive
from agents.runtime.storage import load_or_set_aside, number_in, require, whole_in
from games.holdem.board_tree import BoardTree
from games.holdem.rules import HoldemGame
from games.holdem.subtree import entering, street_lines, subtree
from search import Spent
from search.boards.sweeps import Rows
from search.boards.trunk import Strategies
from search.outcome import FALLBACKS, Outcome, Stop
from search.resolving import SearchReport

MOST_CHANCE = 1 + 1e-6  # of a line; ranges may be in float32


class SweepJournal:
    """Keeps batches of boards of a sweep over a round's subgames in a folder of its own, as often as ``Autosave`` has it."""

    def __init__(self, game: HoldemGame, tree: BoardTree, street: int, folder: Path) -> None:
        self.tree, self.street, self.folder = tree, street, folder
        self._lines = street_lines(game, entering(game, street), tree.weight.dtype)
        self._stakes = game.max_payoff
        self._new: dict[int, SearchReport] = {}
        self._batches = 0
        self._autosave = Autosave(self._write)
        self._out: Strategies | None = None

    def restore(self, out: Strategies) -> dict[int, SearchReport]:
        """Put the answers of kept boards into ``out``, in place; return their reports by board. A damaged batch is none."""
        restored: dict[int, SearchReport] = {}
        for path in sorted(self.folder.glob("boards_*.npz")):
            number = path.stem.removeprefix("boards_")
            if not number.isdecimal() or len(number) > 18:
                continue
            self._batches = max(self._batches, int(number) + 1)
            batch = load_or_set_aside(path, lambda file: self._read(file, out))
            if batch is not None:
                reports, rows = batch
                for p in (0, 1):
                    at = 0
                    for board in reports:
                        for span in self._spans(board, p):
                            size = span.stop - span.start
                            out[p][span] = rows[p][at : at + size]
                            at += size
                restored |= reports
        return restored

    def add(self, board: int, report: SearchReport, out: Strategies) -> None:
        """Keep a board whose answers are in ``out``, now or later."""
        self._new[board], self._out = report, out
        self._autosave.look()

    def _write(self) -> None:
        """Write the boards that are new as a batch, whole or not at all."""
        assert self._out is not None
        for folder in (self.folder.parent, self.folder):  # not the one above: where a run's directory was deleted there is no new one
            folder.mkdir(exist_ok=True)
        reports = {str(board): vars(report) | {"spent": asdict(report.spent)} for board, report in self._new.items()}
        rows = [np.concatenate([self._out[p][span] for board in self._new for span in self._spans(board, p)]) for p in (0, 1)]
        write_archive(self.folder / f"boards_{self._batches:06d}.npz", reports, {"rows_0": rows[0], "rows_1": rows[1]}, "reports")
        self._batches += 1
        self._new = {}

    def _read(self, path: Path, out: Strategies) -> tuple[dict[int, SearchReport], list[Rows]]:
        """Return a batch; raises any of ``agents.runtime.storage.DAMAGES`` if the file holds something else."""
        with open_archive(path) as saved:
            saved_reports = saved.json("reports")
            for text, report in saved_reports.items():
                board = int(text)
                require(text == str(board) and board in self.tree.on_street(self.street), "a kept board must be one of the street")
                self._check(report)
            boards = [int(text) for text in saved_reports]
            sizes = [sum(span.stop - span.start for board in boards for span in self._spans(board, p)) for p in (0, 1)]
            rows = [saved.array(f"rows_{p}", (sizes[p], out[p].shape[1]), out[p].dtype) for p in (0, 1)]
        require(all(np.isfinite(table).all() and (table >= 0).all() for table in rows), "rows must be finite numbers of at least 0")
        return {int(text): _report(report) for text, report in saved_reports.items()}, rows

    def _check(self, report: dict[str, Any]) -> None:
        """Refuse a report that no search of a board can have come to; raises ValueError, KeyError or TypeError."""
        counts, parts = (report["solves"], *report["fallbacks"].values()), fields(Spent)
        stops = report.get("stops", {})  # an older version's has none
        require(set(stops) <= set(Stop) and all(whole_in(n, 0, 2**53) for n in stops.values()), "a report's stops must be counts of kinds")
        require(set(report["fallbacks"]) <= set(FALLBACKS), f"a report's fallbacks must be of {', '.join(FALLBACKS)}")
        require(all(whole_in(n, 0, 2**53) for n in counts), "a report's counts must be whole numbers of at least 0")
        require(
            len(report["seconds"]) == len(report["iterations"]) <= sum(counts), "a report must have seconds and iterations of its solves"
        )
        require(all(number_in(x, 0, 1e9) for x in report["seconds"]), "a report's seconds must be numbers of at least 0")
        require(all(whole_in(n, 0, 2**53) for n in report["iterations"]), "a report's iterations must be whole numbers of at least 0")
        chances, work = report.get("chances", []), report.get("work", [])  # none of an older version
        worked = len(work) in (0, len(report["iterations"])) and all(number_in(x, 0, 1e18) for x in work)
        require(worked, "a report's work must be that of its solves")
        fitting = all(type(x) in (int, float) and (x != x or 0 <= x <= MOST_CHANCE) for x in chances)
        require(len(chances) in (0, len(report["iterations"])) and fitting, "a report's chances must be those of its solves")
        require(all(number_in(report["spent"][part.name], 0, 1e12) for part in parts), "what a report spent must be numbers of at least 0")
        most = 2 * self._stakes * max(1, sum(counts))
        require(number_in(report["bound_violation"], -most, most), f"a report's bound violation must be at most {most:g} chips")

    def _spans(self, board: int, player: int) -> Iterator[slice]:
        """Yield where a player's rows of a board and of those below it are stored."""
        for span in subtree(self.tree, self._lines, board).spans:
            first, tiles, stride = span[player]
            yield slice(first, first + tiles * stride)


def _report(saved: dict[str, Any]) -> SearchReport:
    """Return a report as it was kept."""
    fallbacks = Counter({Outcome(kind): count for kind, count in saved["fallbacks"].items()})
    stops = Counter({Stop(kind): count for kind, count in saved.get("stops", {}).items()})
    return SearchReport(**{**saved, "fallbacks": fallbacks, "stops": stops, "spent": Spent(**saved["spent"])})
