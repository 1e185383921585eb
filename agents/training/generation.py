"""What value networks learn from, iteration by iteration: made in turn with the learner's steps, or beside them in other processes.

These are processes of this machine or of a cluster: which ones changes nothing of what is made.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping
from concurrent.futures.process import BrokenProcessPool
from typing import Any, Protocol

import numpy as np

from agents.networks.threads import one_thread
from agents.runtime.executor import MOST_DEATHS, Pending, Pool, RepeatedDeathsError, local_pool
from agents.runtime.storage import require
from agents.training.value_learner import Rows
from games.arrays import Array
from search.frontier import Layers

Weights = Mapping[str, Layers]  # of networks, by name


class Generator(Protocol):
    """Makes rows by self-play."""

    def generate(self, weights: Weights, rng: np.random.Generator) -> dict[str, Rows]:
        """Return what each network learns from in an iteration; the same for the same arguments."""


class Generation:
    """The rows of all iterations, whose random numbers depend on the seed and the iteration alone.

    With G > 0 generators, those of iteration t are made with the weights after iteration t - G (the first ones where there are none), so
    that G processes work while the learner makes its steps. How fast each is changes nothing.

    Args:
        generator: of this process, for G = 0.
        make: returns one like it in another process; it is pickled.
        generators: G.
        seed: of all random numbers.
        weights: before the first iteration.

    Attributes:
        make_pool: starts the processes, as ``agents.runtime.executor.local_pool`` does; replace it before the first iteration.
    """

    def __init__(self, generator: Generator, make: Callable[[], Generator], generators: int, seed: int, weights: Weights) -> None:
        self._generator, self._make, self.generators, self._seed = generator, make, generators, seed
        self._weights = deque([weights] * generators)  # that the iterations from the next one on are made with
        self.make_pool: Callable[..., Pool] = local_pool
        self._deaths = 0  # in pools that were closed
        self._pool: Pool | None = None
        self._futures: deque[Pending] = deque()

    @property
    def deaths(self) -> int:
        """How often processes died and were started again, between two iterations at most ``MOST_DEATHS`` times."""
        return self._deaths + (0 if self._pool is None else self._pool.deaths)

    def rows(self, iteration: int, weights: Weights) -> dict[str, Rows]:
        """Return the rows of the next iteration.

        Args:
            iteration: how many were done before.
            weights: of the networks now.

        Raises:
            ChildProcessError: processes die again and again.
        """
        if not self.generators:
            return _generated(self._generator, weights, self._seed, iteration)
        self._weights.append(weights)
        for _ in range(MOST_DEATHS):
            try:
                self._submit(iteration)
                rows: dict[str, Rows] = self._futures[0].result()
            except BrokenProcessPool:  # the work of all is done again
                self.close()
                self._deaths += 1
            except RepeatedDeathsError:  # this pool has done the work again itself
                break
            else:
                self._futures.popleft()
                self._weights.popleft()
                return rows
        rule = f"generator processes died {MOST_DEATHS} times at iteration {iteration + 1} (killed, or out of memory)"
        raise ChildProcessError(f"{rule}: fewer trainer.generators take less memory; what was saved is kept")

    def _submit(self, iteration: int) -> None:
        """Give the processes all work up to G iterations ahead that they do not have."""
        if self._pool is None:
            self._pool = self.make_pool(self.generators, _start, self._make)
        for i in range(len(self._futures), len(self._weights)):
            self._futures.append(self._pool.submit(_work, (self._weights[i], self._seed, iteration + i)))

    def close(self) -> None:
        """End the processes; what they had to do is given to new ones where it is wanted."""
        self._futures.clear()
        if self._pool is not None:
            self._deaths += self._pool.deaths
            self._pool.terminate()
            self._pool.close()
            self._pool = None

    def state(self) -> dict[str, Array]:
        """Return the weights that coming iterations are made with, by their place."""
        return {
            f"{i}.{name}.{j}.{part}": array
            for i, weights in enumerate(self._weights)
            for name, layers in weights.items()
            for j, layer in enumerate(layers)
            for part, array in zip(("weight", "bias"), layer, strict=True)
        }

    def restore(self, state: dict[str, Array]) -> None:
        """Take over a ``state``; raises ValueError if it is none of such networks."""
        shapes = {key: array.shape for key, array in self.state().items()}
        require({key: array.shape for key, array in state.items()} == shapes, "weights of generators must be those of the networks")
        self._weights = deque(
            {
                name: tuple((state[f"{i}.{name}.{j}.weight"].copy(), state[f"{i}.{name}.{j}.bias"].copy()) for j in range(len(layers)))
                for name, layers in weights.items()
            }
            for i, weights in enumerate(self._weights)
        )


@one_thread()
def _generated(generator: Generator, weights: Weights, seed: int, iteration: int) -> dict[str, Rows]:
    return generator.generate(weights, np.random.default_rng((seed, iteration)))


_generator: Any = None  # of a process that generates


def _start(make: Callable[[], Generator]) -> None:
    global _generator
    _generator = make()


def _work(task: tuple[Weights, int, int]) -> dict[str, Rows]:
    return _generated(_generator, *task)
