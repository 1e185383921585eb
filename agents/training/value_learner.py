"""A value network that learns: settings, replay buffer, steps of Adam, and the mean of its weights, which searches ask."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar, Generic, NamedTuple, TypeVar

import numpy as np
import torch
from torch import nn

from agents.networks.regression import DivergenceError
from agents.runtime.storage import require
from agents.training.base import BaseTrainer
from agents.training.state import Held
from games.arrays import Array, Float, Float32
from games.settings import bounded

N = TypeVar("N", bound=nn.Module)
DELTA = 0.25  # of the unit of values: errors up to this count by their square


@dataclass(kw_only=True)
class ValueTrainer(BaseTrainer):
    """What trainings of value networks have in common; more in ``BaseTrainer``.

    Attributes:
        iterations: of self-play.
        perturbed: share of public belief states whose ranges are changed at random.
        steps: of Adam in an iteration, for each network.
        batch_size: rows of a step.
        learning_rate: at the first step; it falls along a cosine to ``final_rate`` times as much at the last iteration.
        final_rate: as a fraction of ``learning_rate``.
        averaging: share of the average of all weights so far that an iteration keeps; searches use the average.
        capacity: rows of each replay buffer; the oldest make room.
        generators: processes that make rows beside the steps, with weights that are as many iterations old; 0 makes them in turn.
        evaluate_iterations: of CFR in each decision that is measured.
    """

    may_differ: ClassVar[tuple[str, ...]] = (*BaseTrainer.may_differ, "evaluate_iterations")

    iterations: int = bounded(1000, least=1)
    perturbed: float = bounded(0.25, most=1)
    steps: int = bounded(40, least=1)
    batch_size: int = bounded(512, least=1)
    learning_rate: float = bounded(3e-3, above=0, most=1e6)
    final_rate: float = bounded(0.02, most=1)
    averaging: float = bounded(0.95, most=1)
    capacity: int = bounded(200_000, least=1)
    generators: int = bounded(0, most=64)
    evaluate_from: int = bounded(64, least=1)
    evaluate_iterations: int = bounded(200, least=1)

    def filled(self, deep: str) -> Any:
        """Refuse: it trains no policy."""
        raise ValueError(f"trainer must be one that trains a policy here, got {self.name}, which trains values for searches")


class Rows(NamedTuple):
    """What a value network learns from."""

    features: Float32  # [B, D]
    values: Float  # [B, outputs]
    counts: Float  # [B, outputs], 1 for values that count, else 0


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

    def add(self, rows: Rows) -> None:
        """Add rows."""
        count = len(rows.features)
        at = np.arange(self.seen, self.seen + count) % self.capacity
        if self.size + count > len(self.arrays["features"]):
            room = min(self.capacity, max(1024, 2 * (self.size + count)))
            self.arrays = {name: np.concatenate([a, np.zeros((room - len(a), a.shape[1]), np.float32)]) for name, a in self.arrays.items()}
        for name, array in rows._asdict().items():
            self.arrays[name][at] = array
        self.seen += count

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


def huber(network: nn.Module, features: torch.Tensor, values: torch.Tensor, counts: torch.Tensor) -> torch.Tensor:
    """Return the mean Huber loss of the values that count."""
    error = torch.nn.functional.huber_loss(network(features), values, reduction="none", delta=DELTA)
    return (error * counts).sum() / counts.sum()


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
        new_loss: that of the mean network on rows that nothing was learned from yet; of late iterations, later ones counting more.
    """

    def __init__(self, make: Callable[[], N], inputs: int, outputs: int, config: ValueTrainer) -> None:
        self.network, self.mean, self.config = make(), make(), config
        self.optimiser = torch.optim.Adam(self.network.parameters(), lr=1.0, fused=True)
        self.replay, self.loss, self.new_loss = Replay(config.capacity, inputs, outputs), 0.0, 0.0

    @property
    def parameters(self) -> int:
        """Numbers of the network."""
        return sum(parameter.numel() for parameter in self.network.parameters())

    def memory_bytes(self) -> int:
        """Return the most that the replay buffer takes."""
        return 4 * self.config.capacity * sum(array.shape[1] for array in self.replay.arrays.values())

    def learn(self, rows: Rows, iteration: int, rng: np.random.Generator) -> None:
        """Judge the mean network by new rows, add them, train the network on minibatches, and move the mean towards it.

        Args:
            rows: of this iteration.
            iteration: how many iterations the training has done before this one.
            rng: that draws minibatches.

        Raises:
            DivergenceError: the loss is no number.
        """
        config, losses = self.config, list[float]()
        share = max(1.0 - config.averaging, 1.0 / (iteration + 1))
        with torch.inference_mode():
            new = float(huber(self.mean, *(torch.from_numpy(np.asarray(array, np.float32)) for array in rows)))
        self.new_loss += share * (new - self.new_loss)
        self.replay.add(rows)
        fraction = min(iteration / config.iterations, 1.0)
        rate = config.learning_rate * (config.final_rate + (1 - config.final_rate) * 0.5 * (1 + math.cos(math.pi * fraction)))
        self.optimiser.param_groups[0]["lr"] = rate
        for _ in range(config.steps):
            loss = huber(self.network, *self.replay.batch(config.batch_size, rng))
            self.optimiser.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            self.optimiser.step()
            losses.append(float(loss.detach()))
        self.loss = sum(losses) / len(losses)
        if not math.isfinite(self.loss):
            at = f"at iteration {iteration + 1}: lower trainer.learning_rate"
            raise DivergenceError(f"training loss must be finite, got {self.loss} {at}")
        with torch.no_grad():
            for mean, weight in zip(self.mean.parameters(), self.network.parameters(), strict=True):
                mean.lerp_(weight, share)

    def relative(self, loss: float) -> float:
        """Return a loss as a multiple of what it is where all values are off by their unit."""
        return loss / (DELTA * (1 - DELTA / 2))

    def held(self, name: str) -> Held:
        """Return what is saved of it beside numbers, called by a name."""
        networks: dict[str, Any] = {name: self.network, f"mean {name}": self.mean}
        return Held(networks, {f"optimiser {name}": (self.optimiser, self.network)}, {f"replay {name}": self.replay})
