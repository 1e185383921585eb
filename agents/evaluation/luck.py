"""What a hand draws, from seeds: the same for the same deal whoever plays it."""

from __future__ import annotations

from typing import Protocol

import numpy as np

from games.arrays import Float
from games.game import drawn

HAND, CARDS, ACTION = range(3)  # what is drawn


class Luck(Protocol):
    """Draws of a hand."""

    def index(self, what: int, weights: Float) -> int:
        """Return an index, each with a share of its weight."""

    def number(self, what: int, ways: int) -> int:
        """Return one of so many numbers, from 0."""


class SeededLuck:
    """Draws of one deal, the same for the same seed: a stream of its own for each of ``HAND``, ``CARDS`` and ``ACTION``.

    Both seats of a deal are played with the same streams, and so are other sets of actions and other agents.
    """

    def __init__(self, seed: int, deal: int) -> None:
        keys = [np.random.SeedSequence(seed, spawn_key=(deal, what)) for what in (HAND, CARDS, ACTION)]
        self._streams = [np.random.default_rng(key) for key in keys]

    def index(self, what: int, weights: Float) -> int:
        """See ``Luck``."""
        return drawn(weights.tolist(), float(self._streams[what].random()))

    def number(self, what: int, ways: int) -> int:
        """See ``Luck``."""
        return min(int(self._streams[what].random() * ways), ways - 1)
