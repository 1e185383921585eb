"""The memories of Deep CFR: a uniform sample of everything that self-play ever stored, within a fixed capacity."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

Float = npt.NDArray[np.float64]
Float32 = npt.NDArray[np.float32]
Index = npt.NDArray[np.uint32]


class Batch(NamedTuple):
    """Samples to regress on: at decision k, hand h, the outputs should be ``target[:, h]``, with weight ``weight[h]``."""

    decision: Index  # [B]
    target: Float32  # [B, A, H]
    weight: Float32  # [B, H]


class Memory:
    """Reservoir sampling (Vitter 1985, algorithm R): each sample ever added is held with the same probability.

    A sample is one public decision of one iteration, all hands at once. Beside the samples stand their weighted sums per infostate,
    exact to rounding: W = Σ weight and M = Σ weight · target over the samples *held*. They are sufficient statistics of the squared
    error, Σ weight (f - target)² = W (f - M/W)² + constant, and of the cross-entropy, so regressing on the means M/W descends the loss of
    the whole memory at the price of one batch of K decisions.

    Of the arrays ``decision`` [C], ``target`` [C, A, H] and ``weight`` [C, H] the first ``size`` rows are held; the rest is room to grow.
    """

    def __init__(self, capacity: int, decisions: int, actions: int, hands: int) -> None:
        self.capacity, self.seen, self.size = capacity, 0, 0
        self.decision = np.zeros(0, np.uint32)
        self.target = np.zeros((0, actions, hands), np.float32)
        self.weight = np.zeros((0, hands), np.float32)
        self._weighted_target = np.zeros((decisions, actions, hands))
        self._total_weight = np.zeros((decisions, hands))

    def add(self, target: Float, weight: Float, rng: np.random.Generator) -> None:
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
            for name in ("decision", "target", "weight"):
                old = getattr(self, name)
                new = np.zeros((grown, *old.shape[1:]), old.dtype)
                new[: len(old)] = old
                setattr(self, name, new)

    def _sum(self, slots: npt.NDArray[np.int64], sign: float) -> None:
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

    def state(self) -> dict[str, npt.NDArray[Any]]:
        """Return everything as arrays (views)."""
        return {
            "decision": self.decision[: self.size],
            "target": self.target[: self.size],
            "weight": self.weight[: self.size],
            "weighted_target": self._weighted_target,
            "total_weight": self._total_weight,
            "seen": np.array([self.seen], np.int64),
        }

    def restore(self, state: dict[str, npt.NDArray[Any]]) -> None:
        """Become the memory whose ``state`` it is.

        Raises:
            ValueError: a missing array or another shape or type.
        """
        for name, own in self.state().items():
            array = state.get(name)
            held = name in ("decision", "target", "weight")
            if array is None or array.dtype != own.dtype or array.shape[held:] != own.shape[held:]:
                raise ValueError(f"memory's {name} must be {own.dtype} {list(own.shape)}, got {'none' if array is None else array.shape}")
        if not (state["seen"][0] >= 0 and (state["decision"] < len(self._total_weight)).all() and (state["weight"] >= 0).all()):
            raise ValueError("memory must hold samples of the game's decisions, with weights of at least 0")
        self.seen = int(state["seen"][0])
        self.size = min(self.seen, self.capacity)
        self.decision, self.target, self.weight = (state[name].copy() for name in ("decision", "target", "weight"))
        if not len(self.decision) == len(self.target) == len(self.weight) == self.size:
            raise ValueError(f"memory must hold {self.size} samples, got {len(self.decision)}")
        self._weighted_target, self._total_weight = state["weighted_target"].copy(), state["total_weight"].copy()
