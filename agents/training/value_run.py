"""Runs that train value networks by self-play: rows, steps, and the strength of searches with them."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from agents.networks.threads import one_thread
from agents.networks.value import layers_of
from agents.runtime.storage import number_in, require, whole_in
from agents.training.base import TrainingRun
from agents.training.generation import Generation, Generator, Weights
from agents.training.state import Held
from agents.training.value_learner import ValueLearner, ValueTrainer

VALUES_FILE = "values.safetensors"


@dataclass(frozen=True)
class ValueRow:
    """What training came to at one point."""

    iteration: int
    rows: int  # public belief states so far
    seconds: float  # wall-clock, measuring excluded
    loss: float  # Huber loss of the iteration's steps, in units of values squared
    new_loss: float  # that of states that nothing was learned from yet
    exploitability: float  # chips, of the search with the network, exact


class ValueRun(TrainingRun[ValueRow, Path]):
    """A run between two iterations. The same seed gives the same bits.

    Args:
        game: what is trained on.
        config: settings.
        learning: learners by name; rows are counted of the first one.
        generator: makes rows in this process.
        make: returns a generator like it in another process; it is pickled.
        sampling: seed of all that is drawn.
    """

    def __init__(
        self,
        game: Any,
        config: ValueTrainer,
        learning: Mapping[str, ValueLearner[Any]],
        generator: Generator,
        make: Callable[[], Generator],
        sampling: int,
    ) -> None:
        super().__init__(game, config)
        self.learning, self.rng = dict(learning), np.random.default_rng(sampling)
        self.generation = Generation(generator, make, config.generators, sampling, self.weights())
        self.ask(self.weights())

    @property
    def learners(self) -> tuple[ValueLearner[Any], ...]:
        """All that learn."""
        return tuple(self.learning.values())

    def weights(self) -> Weights:
        """Return what searches ask: the means of weights so far."""
        return {name: layers_of(learner.mean) for name, learner in self.learning.items()}

    def ask(self, weights: Weights) -> None:
        """Let searches that are measured ask networks of some weights."""
        raise NotImplementedError

    def strength(self) -> float:
        """Return the exact exploitability in chips of searches with the networks at this point."""
        raise NotImplementedError

    @one_thread()
    def step(self) -> None:
        """Run one iteration."""
        start = time.perf_counter()
        made = self.generation.rows(self.iteration, self.weights())
        for name, learner in self.learning.items():
            learner.learn(made[name], self.iteration, self.rng)
        self.ask(self.weights())
        self.iteration += 1
        self.seconds += time.perf_counter() - start

    def measure(self) -> ValueRow:
        """Measure the search with the networks at this point."""
        first, strength = self.learners[0], self.strength()
        return ValueRow(self.iteration, first.replay.seen, self.seconds, first.loss, first.new_loss, strength)

    def curves(self) -> dict[str, float]:
        """Return the losses, and what was measured."""
        return super().curves() | self._losses()

    def errors(self) -> dict[str, float]:
        """Return the losses as multiples of what they are where all values are off by their unit."""
        return {name: self.learners[0].relative(loss) for name, loss in self._losses().items()}

    def _losses(self) -> dict[str, float]:
        losses = {f"loss/{name}": learner.loss for name, learner in self.learning.items()}
        return losses | {f"new_loss/{name}": learner.new_loss for name, learner in self.learning.items()}

    def held(self) -> Held:
        """Return networks, the means of their weights, optimisers, replay buffers and what generators work with."""
        every = [learner.held(name) for name, learner in self.learning.items()]
        networks = {name: network for held in every for name, network in held.networks.items()}
        optimisers = {name: pair for held in every for name, pair in held.optimisers.items()}
        memories = {name: memory for held in every for name, memory in held.memories.items()}
        return Held(networks, optimisers, memories | {"generators": self.generation})

    def counters(self) -> dict[str, Any]:
        """Return the losses, and how many rows were seen."""
        learning = self.learning.items()
        losses = {name: [learner.loss, learner.new_loss] for name, learner in learning}
        return {"losses": losses, "seen": {name: learner.replay.seen for name, learner in learning}}

    def restore(self, saved: dict[str, Any]) -> None:
        """See ``TrainingRun``."""
        losses, seen, history = saved["losses"], saved["seen"], [ValueRow(**row) for row in saved["history"]]
        require(set(losses) == set(seen) == set(self.learning), "losses and rows seen must be of all networks")
        require(all(number_in(loss, 0, math.inf) for pair in losses.values() for loss in pair), "losses must be numbers of at least 0")
        require(all(whole_in(rows, 0, 2**53) for rows in seen.values()), "the rows seen must be whole numbers")
        require(all(math.isfinite(value) for row in history for value in asdict(row).values()), "history must be finite")
        self.history = history
        for name, learner in self.learning.items():
            (learner.loss, learner.new_loss), learner.replay.seen = map(float, losses[name]), seen[name]
        self.ask(self.weights())

    def close(self) -> None:
        """End the processes that generate."""
        self.generation.close()
