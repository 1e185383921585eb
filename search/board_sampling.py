"""Which public cards an iteration of training deals: a sample of the boards, weighted so that what is learned is right on average."""

from __future__ import annotations

from functools import cached_property

import numpy as np

from search.infostates import Float, Int


class BoardSampler:
    """Draws from the boards of a game by the chance of their cards.

    A *board* is all that chance has shown in public; the first one shows nothing. Boards that are not complete stand before those below
    them. A complete board is drawn with probability q, and a board above it is drawn with it. A sweep that counts what happens on board b
    ``ratio[b]`` times, with

        ratio[b] = (share of the draws that are b or below b) / (Σ q of the complete boards that are b or below b),

    gives regrets and reach whose mean over the draws is that of the sweep of all boards: they are sums over boards of what happens there.
    The draws are systematic (Madow 1949): one random number places all of them at equal distances along the boards, so that a board is
    drawn about as often as it should be.

    Args:
        parent: [M] the board above each, -1 for the first.
        chance: [M] in proportion to the probability of a complete board's cards; of other boards it does not matter.
    """

    def __init__(self, parent: Int, chance: Float) -> None:
        self.parent = np.asarray(parent, np.int64)
        self.complete = np.setdiff1d(np.arange(len(parent)), self.parent)
        self._ends = np.cumsum(chance[self.complete] / chance[self.complete].sum())
        self._ends[-1] = 1.0

    @property
    def boards(self) -> int:
        """How many complete boards there are."""
        return len(self.complete)

    @cached_property
    def _chance(self) -> Float:
        """[M], Σ q of the complete boards at and below each."""
        return self._upwards(np.diff(self._ends, prepend=0.0))

    def draw(self, count: int, rng: np.random.Generator) -> Float:
        """Return ``ratio`` [M] of ``count`` draws, 0 for boards that were not drawn."""
        places = (np.arange(count) + rng.random()) / count
        times = np.bincount(np.searchsorted(self._ends, places, side="right"), minlength=self.boards)
        return self._upwards(times / count) / self._chance

    def _upwards(self, share: Float) -> Float:
        """Return [M], the shares of complete boards added up to those above."""
        found = np.zeros(len(self.parent))
        found[self.complete] = share
        for board in range(len(found) - 1, 0, -1):
            found[self.parent[board]] += found[board]
        return found
