"""The boards of a sweep that are done, kept in files now and then: a sweep that was killed goes on where it was last kept."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from agents.report import Keeper, replacing
from agents.runtime.storage import finite, load_or_set_aside, require
from agents.solution_file import DAMAGED
from games.board_subtree import entering, street_lines, subtree
from games.board_tree import BoardTree
from games.holdem import HoldemGame
from games.kernels.boards import STREET
from search import Spent
from search.board_search import SearchReport
from search.board_sweeps import Rows
from search.board_trunk import Strategies


class SweepJournal:
    """Keeps batches of boards in a folder: every minute, or so seldom that it takes a tenth of the time. See search.street_sweep.Journal.

    Args:
        game: whole.
        tree: its board tree.
        street: where the sweep's subgames begin.
        folder: of this sweep alone; made when there is something to keep.
    """

    def __init__(self, game: HoldemGame, tree: BoardTree, street: int, folder: Path) -> None:
        self.tree, self.street, self.folder = tree, street, folder
        self._lines = street_lines(game, entering(game, street), tree.weight.dtype)
        self._new: dict[int, SearchReport] = {}
        self._batches = 0
        self._keeper = Keeper(self._write)
        self._out: Strategies | None = None

    def restore(self, out: Strategies) -> dict[int, SearchReport]:
        """Put the answers of kept boards into ``out``, in place; return their reports by board. A damaged batch is none."""
        found: dict[int, SearchReport] = {}
        for path in sorted(self.folder.glob("boards_*.npz")):
            self._batches = max(self._batches, int(path.stem.split("_")[1]) + 1)
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
                found |= reports
        return found

    def add(self, board: int, report: SearchReport, out: Strategies) -> None:
        """Keep a board whose answers are in ``out``, now or later."""
        self._new[board], self._out = report, out
        self._keeper.look()

    def _write(self) -> None:
        """Write the boards that are new as a batch, whole or not at all."""
        assert self._out is not None
        self.folder.mkdir(parents=True, exist_ok=True)
        reports = {str(board): asdict(report) for board, report in self._new.items()}
        rows = [np.concatenate([self._out[p][span] for board in self._new for span in self._spans(board, p)]) for p in (0, 1)]
        arrays: dict[str, Any] = {"reports": np.frombuffer(json.dumps(reports).encode(), np.uint8), "rows_0": rows[0], "rows_1": rows[1]}
        with replacing(self.folder / f"boards_{self._batches:06d}.npz") as temporary, temporary.open("wb") as stream:
            np.savez(stream, **arrays)
        self._batches += 1
        self._new = {}

    def _read(self, path: Path, out: Strategies) -> tuple[dict[int, SearchReport], list[Rows]]:
        """Return a batch.

        Raises:
            ValueError: the file holds something else; others of ``agents.runtime.storage.DAMAGES`` likewise.
        """
        try:
            with np.load(path, allow_pickle=False) as saved:
                told, rows = json.loads(saved["reports"].tobytes()), [saved["rows_0"], saved["rows_1"]]
        except DAMAGED as error:
            raise ValueError(str(error)) from None
        reports = {}
        for board, report in told.items():
            require(self.tree.boards[int(board), STREET] == self.street, "a kept board must be one of the street")
            reports[int(board)] = SearchReport(**{**report, "spent": Spent(**report["spent"])})
            require(all(finite(x) for x in (report["harm"], *report["seconds"])), "a report must have numbers")
        for p in (0, 1):
            size = sum(span.stop - span.start for board in reports for span in self._spans(board, p))
            require(rows[p].shape == (size, out[p].shape[1]) and rows[p].dtype == out[p].dtype, "rows must be those of the boards")
        return reports, rows

    def _spans(self, board: int, player: int) -> Iterator[slice]:
        """Yield where a player's rows of a board and of those below it are stored."""
        for span in subtree(self.tree, self._lines, board).spans:
            first, tiles, stride = span[player]
            yield slice(first, first + tiles * stride)
