"""A strategy so far with a part solved anew: what an agent knows in the middle of a hand, without a copy of the whole."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from games.holdem.subtree import Subtree
from games.kernels import LANES
from search.boards.subgames import Answer
from search.boards.sweeps import Rows
from search.boards.trunk import StoredStrategies, StoredStrategy


@dataclass(frozen=True)
class Replaced:
    """A player's stored rows, those of a part replaced. Slices begin and end where boards or tiles do.

    Attributes:
        below: the rows so far.
        part: where rows are replaced.
        player: whose.
        rows: [stored rows of the part, 8].
    """

    below: StoredStrategy
    part: Subtree
    player: int
    rows: Rows

    def __getitem__(self, wanted: slice, /) -> Rows:
        """Return a copy of some rows."""
        found, at = np.array(self.below[wanted]), 0
        for span, own in zip(self.part.spans, self.part.lines.rows[self.player], strict=True):
            first, tiles, stride = span[self.player]
            low, high = max(wanted.start, first), min(wanted.stop, first + tiles * stride)
            if low < high and len(own):
                begin, end = (low - first) // stride, (high - first) // stride
                there = found[low - wanted.start : high - wanted.start].reshape(end - begin, stride, LANES)
                there[:, own] = self.rows[at + begin * len(own) : at + end * len(own)].reshape(end - begin, len(own), LANES)
            at += tiles * len(own)
        return found


def replaced(below: StoredStrategies, answer: Answer) -> StoredStrategies:
    """Return the strategies so far with an answer over them; the answer's arrays are copied."""
    part = answer.part
    return Replaced(below[0], part, 0, answer.average[0].copy()), Replaced(below[1], part, 1, answer.average[1].copy())
