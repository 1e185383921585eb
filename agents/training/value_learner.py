"""A value network that learns: its replay buffer, steps of Adam, and the mean of its weights, which searches ask."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, Generic, Protocol, TypeVar

import numpy as np
import torch
from torch import nn

from agents.networks.regression import DivergenceError
from agents.runtime.storage import require
from agents.training.state import Held
from games.arrays import Array, Float, Float32

N = TypeVar("N", bound=nn.Module)
DELTA = 0.25  # of the unit of values: errors up to this count by their square


class LearnerConfig(Protocol):
    """Settings of a trainer that say how a value network learns; see ``agents.training.rebel.RebelConfig``."""

    iterations: int
    steps: int
    batch_size: int
    learning_rate: float
    final_rate: float
    averaging: float
    capacity: int


class Replay:
    """The last ``capacity`` rows: features [size, D], values [size, H0 + H1] and which of these count [size, H0 + H1], all f4."""

    def __init__(self, capacity: int, inputs: int, outputs: int) -> None:
        self.capacity, self.seen = capacity, 0
        self.arrays = {"features": np.zeros((0, inputs), np.float32)}
        self.arrays |= {name: np.zeros((0, outputs), np.float32) for name in ("values", "counts")}

    @property
    def size(self) -> int:
        """Rows held."""
        return min(self.seen, self.capacity)

    def add(self, features: Float32, values: Float, counts: Float) -> None:
        """Add rows."""
        at = np.arange(self.seen, self.seen + len(features)) % self.capacity
        if self.size + len(features) > len(self.arrays["features"]):
            room = min(self.capacity, max(1024, 2 * (self.size + len(features))))
            self.arrays = {name: np.concatenate([a, np.zeros((room - len(a), a.shape[1]), np.float32)]) for name, a in self.arrays.items()}
        for name, rows in (("features", features), ("values", values), ("counts", counts)):
            self.arrays[name][at] = rows
        self.seen += len(features)

    def state(self) -> dict[str, Array]:
        """Return the rows held (views)."""
        return {name: array[: self.size] for name, array in self.arrays.items()}

    def restore(self, state: dict[str, Array]) -> None:
        """Become the memory whose ``state`` it is, ``seen`` being known; raises ValueError if it is not such a state."""
        for name, array in self.arrays.items():
            rows = state[name]
            require(rows.shape == (self.size, array.shape[1]) and rows.dtype == np.float32, f"replay.{name} must have all rows")
        self.arrays = {name: state[name].copy() for name in self.arrays}

    def batch(self, size: int, rng: np.random.Generator) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """Return ``size`` rows, drawn evenly with replacement."""
        at = rng.integers(0, self.size, size)
        features, values, counts = (torch.from_numpy(self.arrays[name][at]) for name in ("features", "values", "counts"))
        return features, values, counts


class ValueLearner(Generic[N]):
    """A network between two iterations of a training.

    Args:
        make: returns the network before its training, the same each time.
        inputs: numbers that it sees.
        outputs: values that it gives.
        config: how it learns.

    Attributes:
        network: that is trained.
        mean: of its weights so far, later ones counting more.
        replay: what it learns from.
        loss: the mean Huber loss of the last iteration's steps, in units of values squared.
    """

    def __init__(self, make: Callable[[], N], inputs: int, outputs: int, config: LearnerConfig) -> None:
        self.network, self.mean, self.config = make(), make(), config
        self.optimiser = torch.optim.Adam(self.network.parameters(), lr=1.0, fused=True)
        self.replay, self.loss = Replay(config.capacity, inputs, outputs), 0.0

    @property
    def parameters(self) -> int:
        """Numbers of the network."""
        return sum(parameter.numel() for parameter in self.network.parameters())

    def memory_bytes(self) -> int:
        """Return the most that the replay buffer takes."""
        return 4 * self.config.capacity * sum(array.shape[1] for array in self.replay.arrays.values())

    def fit(self, iteration: int, rng: np.random.Generator) -> None:
        """Train the network on minibatches, and move the mean towards it.

        Args:
            iteration: how many iterations the training has done before this one.
            rng: that draws minibatches.

        Raises:
            DivergenceError: the loss is no number.
        """
        config, losses = self.config, list[float]()
        fraction = min(iteration / config.iterations, 1.0)
        rate = config.learning_rate * (config.final_rate + (1 - config.final_rate) * 0.5 * (1 + math.cos(math.pi * fraction)))
        self.optimiser.param_groups[0]["lr"] = rate
        for _ in range(config.steps):
            features, values, counts = self.replay.batch(config.batch_size, rng)
            error = torch.nn.functional.huber_loss(self.network(features), values, reduction="none", delta=DELTA)
            loss = (error * counts).sum() / counts.sum()
            self.optimiser.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            self.optimiser.step()
            losses.append(float(loss.detach()))
        self.loss = sum(losses) / len(losses)
        if not math.isfinite(self.loss):
            at = f"at iteration {iteration + 1}: lower trainer.learning_rate"
            raise DivergenceError(f"training loss must be finite, got {self.loss} {at}")
        share = max(1.0 - config.averaging, 1.0 / (iteration + 1))
        with torch.no_grad():
            for mean, weight in zip(self.mean.parameters(), self.network.parameters(), strict=True):
                mean.lerp_(weight, share)

    @property
    def relative_loss(self) -> float:
        """The loss as a multiple of what it is where all values are off by their unit."""
        return self.loss / (DELTA * (1 - DELTA / 2))

    def held(self, name: str) -> Held:
        """Return what is saved of it beside numbers, called by a name."""
        networks: dict[str, Any] = {name: self.network, f"mean {name}": self.mean}
        return Held(networks, {f"optimiser {name}": (self.optimiser, self.network)}, {f"replay {name}": self.replay})
