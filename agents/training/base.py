"""What trainers share: settings, counters, when strength is measured, and the policy's file."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from agents.networks import NetworkPolicy, load_policy, policy_metadata, save_policy
from agents.networks.checkpoint import require_description
from agents.training.buffer import Buffer
from games.settings import bounded, check_bounds
from search.infostates import Infostates


@dataclass(frozen=True)
class HistoryRow:
    """The cost and the strength of a policy network that is trained at this point, its own training included.

    Compute is that of the forward and backward passes of training steps. Self-play's own forward passes (1 % of it) and the exact sweeps,
    which use no network, are not counted.
    """

    iteration: int  # of self-play
    seconds: float  # wall-clock, measuring excluded
    multiply_adds: int
    exploitability: float  # of the policy network alone, in chips, exact


@dataclass(kw_only=True)
class BaseTrainer:
    """Settings of a trainer; one of your own adds ``name``, fields and ``start``.

    Attributes:
        iterations: of training.
        seed: of initial weights and of all sampling.
        evaluate_from: exploitability is first measured at this iteration,
        evaluate_growth: then each time the iteration has grown by this factor, and at the end.
        save_seconds: the training state is saved when this long has passed since the last time.
    """

    name: ClassVar[str] = "own"

    iterations: int = bounded(1, least=1)
    seed: int = bounded(0, most=2**63 - 1)
    evaluate_from: int = bounded(1, least=1)
    evaluate_growth: float = bounded(2.0, above=1)
    save_seconds: float = bounded(60.0, most=math.inf, unit="seconds")

    def __post_init__(self) -> None:
        check_bounds(self, "trainer")

    def filled(self, deep: str) -> Any:
        """Return the settings with nothing left open for a game whose ``deep`` side that is; refuse what does not fit it."""
        return self

    def start(self, infostates: Infostates) -> BaseRun:
        """Return a run on a game, before its first iteration."""
        raise NotImplementedError


class BaseRun:
    """A run of self-play that trains networks on one game, between two iterations; ``agents.training.DeepCFR`` is one.

    A run of your own has ``step`` and ``policy``. What is said to be saved is resumed too, to the same bits.

    Args:
        infostates: of the game.
        config: with nothing left open; ``name`` is the trainer's, and there are the settings of ``BaseTrainer``.
    """

    def __init__(self, infostates: Infostates, config: Any) -> None:
        self.infostates, self.config = infostates, config
        # How many iterations were run, wall-clock seconds and multiply-adds so far; ``step`` counts them. Saved.
        self.iteration, self.seconds, self.multiply_adds = 0, 0.0, 0
        self.history: list[HistoryRow] = []  # saved
        self.losses = [0.0, 0.0]  # of the advantage networks in the last iteration, by player; saved
        self.rng = np.random.default_rng(config.seed)  # of all sampling; saved
        self.advantages: tuple[Any, ...] = ()  # networks by player; saved
        self.optimisers: tuple[Any, ...] = ()  # Adam's, by player; saved
        self.advantage_buffers: tuple[Buffer, ...] = ()  # by player; saved
        self.strategy_buffers: tuple[Buffer, ...] = ()  # likewise
        # What training a policy takes where it is asked for, beside the iterations. Not saved.
        self.policy_seconds, self.policy_multiply_adds = 0.0, 0

    def step(self) -> None:
        """Run one iteration."""
        raise NotImplementedError

    def policy(self) -> NetworkPolicy:
        """Return the policy at this point."""
        raise NotImplementedError

    def floor(self) -> Any:
        """Return the ``agents.training.floor.Floor`` of the networks' size, None if it is not asked for."""
        return None

    def evaluate(self) -> HistoryRow:
        """Measure the policy at this point exactly, append the row to ``history`` (once per iteration) and return it."""
        if not self.history or self.history[-1].iteration != self.iteration:
            policy = self.policy()
            exploitability = self.infostates.exploitability((policy.tables(0), policy.tables(1)))
            cost = self.seconds + self.policy_seconds, self.multiply_adds + self.policy_multiply_adds
            self.history.append(HistoryRow(self.iteration, *cost, exploitability))
        return self.history[-1]

    def due(self) -> bool:
        """Say whether exploitability is to be measured at this iteration."""
        at = self.config.evaluate_from
        while at < self.iteration:
            at = max(at + 1, round(at * self.config.evaluate_growth))
        return self.iteration > 0 and self.iteration in (at, self.config.iterations)

    def describe(self) -> dict[str, Any]:
        """Return what a checkpoint of the policy says about its training."""
        last = self.history[-1] if self.history else None
        return {
            "trainer": self.config.name,
            "config": asdict(self.config),
            "iteration": self.iteration,
            "compute": {"value": last.multiply_adds if last else self.multiply_adds, "unit": "multiply-adds"},
            "exploitability": last.exploitability if last else None,
            "history": [asdict(row) for row in self.history],
        }

    def save_policy(self, path: Path) -> None:
        """Write the policy at this point."""
        infostates = sum(len(b.private) * len(b.public) for blocks in self.infostates.blocks for b in blocks)
        save_policy(path, self.policy(), {**self.describe(), "samples": self.iteration * infostates})

    def load_policy(self, path: Path) -> NetworkPolicy:
        """Return a policy of this game, and what it says of its training must be what this run would say.

        Raises:
            CheckpointError: it cannot be read, or is of another run.
        """
        require_description(policy_metadata(path), self.describe(), path)
        return load_policy(path, self.infostates)
