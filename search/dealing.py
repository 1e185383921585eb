"""Playing many deals at once, a learner against a strategy that stands still; and what of them a learner keeps."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple, Protocol

import numpy as np
import numpy.typing as npt

Float = npt.NDArray[np.float64]
Float32 = npt.NDArray[np.float32]
Int = npt.NDArray[np.int64]


class Cells:
    """A player's rows for all private sides as one row of numbers: block after block, [C, R] each (see ``search.infostates``).

    Args:
        blocks: of each how many private sides there are, and [K + 1] the first row of each decision.

    Attributes:
        size: cells in all.
        decisions: decisions of all private sides in all; they stand as rows do, [C, K] of each block.
        cell: where each block's cells begin.
        decision: where each block's decisions begin.
    """

    def __init__(self, blocks: Sequence[tuple[int, Int]]) -> None:
        self._first = [first_row[:-1] for _, first_row in blocks]
        self._shapes = [(sides, int(first_row[-1])) for sides, first_row in blocks]
        ends = np.cumsum([0, *(sides * rows for sides, rows in self._shapes)])
        deciding = np.cumsum([0, *(sides * len(first) for (sides, _), first in zip(self._shapes, self._first, strict=True))])
        self.size, self.decisions = int(ends[-1]), int(deciding[-1])
        self.cell, self.decision = ends[:-1], deciding[:-1]

    def tables(self, values: npt.NDArray[Any]) -> list[npt.NDArray[Any]]:
        """Return a row of numbers as [C, R] of each block, views."""
        return [part.reshape(shape) for part, shape in zip(np.split(values, self.cell[1:]), self._shapes, strict=True)]

    def best(self, values: npt.NDArray[Any]) -> list[npt.NDArray[Any]]:
        """Return the largest value of each decision's actions, [C, K] of each block."""
        return [np.maximum.reduceat(table, first, axis=1) for table, first in zip(self.tables(values), self._first, strict=True)]


class Played(NamedTuple):
    """Deals that were played.

    Attributes:
        taken: step by step, which deals the learner acts in, the cell of each action that it takes, and the decision.
        chips: [deals] that the learner won.
    """

    taken: list[tuple[Int, Int, Int]]
    chips: Float


class Dealer(Protocol):
    """Plays many deals at once against one player's table.

    Attributes:
        cells: the learner's.
        stakes: per block [R], chips that are at stake where a row's action is taken; 1 in games without a pot.
        known: per block [R], chips that an action wins by the rules; NaN where that depends on what follows.
    """

    cells: Cells
    stakes: list[Float32]
    known: list[Float32]

    def play(self, count: int, values: Float32, exploring: float, random: np.random.Generator) -> Played:
        """Play deals.

        Args:
            count: of deals.
            values: [cells] of which the learner takes the best action.
            exploring: probability that an action is drawn instead, from all alike whose value the rules do not tell.
            random: draws everything.
        """
        ...
