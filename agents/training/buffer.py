"""The memories of self-play: a sample of all that was stored within a fixed capacity, or the sums of all of it.

A sample is one infostate in one iteration: a target for each action, and a weight. W = Σ weight and M = Σ weight · target per infostate are
sufficient statistics of the squared error, Σ weight (f - target)² = W (f - M/W)² + constant, and of the cross-entropy, so regressing on
the means M/W descends the loss of all samples at the price of one visit to each infostate.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import numpy as np

from agents.networks.regression import Batch
from games.arrays import Array, Float, Int
from search.infostates import Block, Tables


class Buffer(Protocol):
    """A memory of one player, saved and resumed."""

    @property
    def empty(self) -> bool:
        """Whether nothing was ever added."""

    def state(self) -> dict[str, Array]:
        """Return everything as arrays (views)."""

    def restore(self, state: dict[str, Array]) -> None:
        """Become the memory whose ``state`` it is; raises ValueError if it is not such a state."""


class SampleBuffer(Buffer, Protocol):
    """A memory of samples."""

    def add(self, sums: Tables, weights: Tables, factor: float, rng: np.random.Generator, targets: Tables | None = None) -> None:
        """Add one sample of every infostate.

        Args:
            sums: per block [C, R] targets times weights.
            weights: per block [C, K].
            factor: times this every weight counts.
            rng: of what is kept.
            targets: per block [C, R], where they are at hand: what ``sums`` divided by the weights is.
        """


class SumBuffer:
    """All samples ever added, as their sums: [C, R] and [C, K] f4 a block. It takes as much memory as tabular CFR does."""

    def __init__(self, blocks: Sequence[Block]) -> None:
        self.sums = [np.zeros((len(b.private), len(b.action)), np.float32) for b in blocks]
        self.weights = [np.zeros((len(b.private), len(b.public)), np.float32) for b in blocks]

    @property
    def empty(self) -> bool:
        return not any(weights.any() for weights in self.weights)

    def add(self, sums: Tables, weights: Tables, factor: float, rng: np.random.Generator, targets: Tables | None = None) -> None:
        for memory, new in ((self.sums, sums), (self.weights, weights)):
            for arrays, sample in zip(memory, new, strict=True):
                arrays += (factor * sample).astype(np.float32)

    def state(self) -> dict[str, Array]:
        return {f"{name}.{b}": a for name, arrays in (("sums", self.sums), ("weights", self.weights)) for b, a in enumerate(arrays)}

    def restore(self, state: dict[str, Array]) -> None:
        for name, arrays in self.state().items():
            arrays[:] = stored(state, name, arrays, 0)


class ReservoirBuffer:
    """Reservoir sampling (Vitter 1985, algorithm R): each sample ever added is held with the same probability.

    A sample here is one decision of one iteration, all hands at once. Beside the samples stand the sums of those *held*, exact to rounding.
    Of the arrays ``decision`` [size], ``target`` [size, A, H] and ``weight`` [size, H] the first ``size`` rows are held; the rest is room
    to grow.

    Raises:
        ValueError: the game has several blocks.
    """

    def __init__(self, blocks: Sequence[Block], capacity: int) -> None:
        (self.block,) = blocks
        self.capacity, self.seen, self.size = capacity, 0, 0
        (decisions, actions), hands = self.block.legal.shape, len(self.block.private)
        self.decision = np.zeros(0, np.uint32)
        self.target = np.zeros((0, actions, hands), np.float32)
        self.weight = np.zeros((0, hands), np.float32)
        self._weighted_target = np.zeros((decisions, actions, hands))
        self._total_weight = np.zeros((decisions, hands))

    @property
    def empty(self) -> bool:
        return self.seen == 0

    def add(self, sums: Tables, weights: Tables, factor: float, rng: np.random.Generator, targets: Tables | None = None) -> None:
        (weight,), (table,) = weights, sums if targets is None else targets
        weight, target = weight.T, self.block.dense(table)
        if targets is None:
            target /= np.where(weight > 0, weight, 1.0)[:, None]
        self.keep(target, factor * weight, rng)

    def keep(self, target: Float, weight: Float, rng: np.random.Generator) -> None:
        """Add one sample for every decision: [K, A, H] targets, [K, H] weights."""
        count = len(target)
        order = self.seen + np.arange(count)
        slot = np.where(order < self.capacity, order, 0)
        late = order >= self.capacity
        if late.any():
            slot[late] = rng.integers(0, order[late] + 1)
        self.seen += count
        # a slot drawn twice keeps the later sample
        slot, last = np.unique(slot[::-1], return_index=True)
        chosen = (count - 1 - last)[slot < self.capacity]
        slot = slot[slot < self.capacity]
        self._reserve(int(slot.max(initial=-1)) + 1)
        self._sum(slot[slot < self.size], -1.0)
        self.decision[slot] = chosen
        self.target[slot] = target[chosen]
        self.weight[slot] = weight[chosen]
        self.size = min(self.seen, self.capacity)
        self._sum(slot, 1.0)

    def _reserve(self, size: int) -> None:
        if size > len(self.decision):
            grown = min(self.capacity, max(size, 2 * len(self.decision)))
            for name in HELD:
                old = getattr(self, name)
                new = np.zeros((grown, *old.shape[1:]), old.dtype)
                new[: len(old)] = old
                setattr(self, name, new)

    def _sum(self, slots: Int, sign: float) -> None:
        weight = sign * self.weight[slots].astype(np.float64)
        np.add.at(self._total_weight, self.decision[slots], weight)
        np.add.at(self._weighted_target, self.decision[slots], weight[:, None] * self.target[slots])

    def means(self) -> tuple[Float, Float]:
        """Return the held samples' weighted mean target [K, A, H], 0 without weight, and their total weight [K, H]."""
        total = np.maximum(self._total_weight, 0.0)  # evictions may leave -1e-16
        some = total > 1e-12 * max(float(total.max()), 1e-300)
        mean = self._weighted_target / np.where(some, total, 1.0)[:, None]
        return np.where(some[:, None], mean, 0.0), np.where(some, total, 0.0)

    def sample(self, size: int, rng: np.random.Generator) -> Batch:
        """Return that many held samples, drawn uniformly with replacement."""
        at = rng.integers(0, self.size, size)
        return Batch(self.decision[at], self.target[at], self.weight[at])

    def state(self) -> dict[str, Array]:
        held = {name: getattr(self, name)[: self.size] for name in HELD}
        sums = {"weighted_target": self._weighted_target, "total_weight": self._total_weight}
        return {**held, **sums, "seen": np.array([self.seen], np.int64)}

    def restore(self, state: dict[str, Array]) -> None:
        held = {name: stored(state, name, array, int(name in HELD)) for name, array in self.state().items()}
        if not (held["seen"][0] >= 0 and (held["decision"] < len(self._total_weight)).all() and (held["weight"] >= 0).all()):
            raise ValueError("memory must hold samples of the game's decisions, with weights of at least 0")
        self.seen = int(held["seen"][0])
        self.size = min(self.seen, self.capacity)
        self.decision, self.target, self.weight = (held[name].copy() for name in HELD)
        if not len(self.decision) == len(self.target) == len(self.weight) == self.size:
            raise ValueError(f"memory must hold {self.size} samples, got {len(self.decision)}")
        self._weighted_target, self._total_weight = held["weighted_target"].copy(), held["total_weight"].copy()


HELD = ("decision", "target", "weight")  # arrays as long as there are samples


def stored(state: dict[str, Array], name: str, like: Array, free: int) -> Array:
    """Return an array of a memory's state, like ``own`` but for its first ``free`` axes."""
    array = state.get(name)
    if array is None or array.dtype != like.dtype or array.shape[free:] != like.shape[free:]:
        raise ValueError(f"memory's {name} must be {like.dtype} {list(like.shape)}, got {'none' if array is None else array.shape}")
    return array
