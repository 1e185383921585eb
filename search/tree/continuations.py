"""Leaves that are worth what a fixed strategy wins below them."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from search.tree.strategy import Strategy
from search.tree.values import history_values

Float = npt.NDArray[np.float64]


class Continuation:
    """See ``search.frontier.LeafEvaluator``: both players play a strategy of the whole game from the leaves on.

    What a player's hands are worth is linear in the other's range: a matrix a leaf.

    Args:
        strategy: of the whole game.
        name: how it is reported.
    """

    def __init__(self, strategy: Strategy, name: str = "continuation") -> None:
        self.tree, self.name = strategy.tree, name
        self._values = history_values(strategy)

    def fingerprint(self) -> bytes:
        """See ``LeafEvaluator``."""
        return hashlib.sha256(self._values.tobytes()).digest()

    def enter(self, leaves: Sequence[int]) -> None:
        """See ``LeafEvaluator``."""
        at = list(leaves)
        self._matrices: Float = self.tree.chance_weights[self.tree.chance_of[at]] * self._values[at]

    def cfvs(self, player: int, reach: tuple[Float, Float]) -> Float:
        """See ``LeafEvaluator``."""
        if player == 0:
            found: Float = np.matmul(self._matrices, reach[1][:, :, None])[:, :, 0]
            return found
        other: Float = -np.matmul(reach[0][:, None], self._matrices)[:, 0]
        return other
