"""What trainers share: settings, a run between two iterations and when its strength is measured; and what trains policies."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, ClassVar, Generic, NamedTuple, TypeVar

import numpy as np

from agents.networks import NetworkPolicy, load_policy, policy_metadata, save_policy
from agents.networks.checkpoint import CheckpointError, history_of, require_description
from agents.runtime.storage import finite, require, whole_in
from agents.training.buffer import Buffer
from agents.training.state import STATE_FILE, Held, load_state, save_state
from games.settings import bounded, check_bounds
from search.infostates import Infostates


@dataclass(kw_only=True)
class BaseTrainer:
    """Settings of a trainer; one of your own adds ``name``, fields and ``start``.

    Attributes:
        iterations: of training.
        seed: of initial weights and of all sampling.
        evaluate_from: strength is first measured at this iteration,
        evaluate_growth: then each time the iteration has grown by this factor, and at the end.
        save_seconds: the training state is saved when this long has passed since the last time.
    """

    name: ClassVar[str] = "own"
    # What a resumed run may be given anew: when to stop, look and save, not what is trained. A learning rate may be lowered, too.
    may_differ: ClassVar[tuple[str, ...]] = ("iterations", "evaluate_from", "evaluate_growth", "save_seconds")

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

    def check(self, infostates: Callable[[], Infostates]) -> None:
        """Refuse settings that do not fit the game that ``infostates`` returns, before a run is made."""

    def start(self, infostates: Infostates) -> BaseRun:
        """Return a run on a game, before its first iteration."""
        raise NotImplementedError


Row = TypeVar("Row", bound=Any)  # of a history: a dataclass with its iteration
Made = TypeVar("Made", covariant=True)


class TrainingRun(Generic[Row, Made]):
    """A run between two iterations, whatever it trains; ``agents.training.train`` takes it to its end.

    Args:
        game: what is trained on.
        config: with nothing left open; ``name`` is the trainer's, and there are the settings of ``BaseTrainer``.
    """

    rng: np.random.Generator  # of all sampling; saved

    def __init__(self, game: Any, config: Any) -> None:
        self.game, self.config = game, config
        self.iteration, self.seconds = 0, 0.0  # how many iterations were run, wall-clock seconds so far; ``step`` counts them. Saved.
        self.history: list[Row] = []  # saved
        self.lowered: list[dict[str, Any]] = []  # learning rates before they were lowered, and at which iteration; saved

    def step(self) -> None:
        """Run one iteration."""
        raise NotImplementedError

    def measure(self) -> Row:
        """Return the cost and the strength of what is trained at this point."""
        raise NotImplementedError

    def evaluate(self) -> Row:
        """Measure at this point, append the row to ``history`` (once per iteration) and return it."""
        if not self.measured:
            self.history.append(self.measure())
        return self.history[-1]

    @property
    def measured(self) -> bool:
        """Whether the last row of the history is of this point."""
        return bool(self.history) and self.history[-1].iteration == self.iteration

    def due(self) -> bool:
        """Say whether strength is to be measured at this iteration."""
        at = self.config.evaluate_from
        while at < self.iteration:
            at = max(at + 1, round(at * self.config.evaluate_growth))
        return self.iteration > 0 and self.iteration in (at, self.config.iterations)

    def curves(self) -> dict[str, float]:
        """Return what is drawn against iterations, by name: at least what was measured at this one."""
        entries = asdict(self.history[-1]) if self.measured else {}
        return {key: value for key, value in entries.items() if key != "iteration" and value is not None}

    def errors(self) -> dict[str, float]:
        """Return the errors of the last iteration, by name: multiples of what they are where a network says 0 for everything."""
        return {}

    def held(self) -> Held:
        """Return what is saved beside numbers."""
        raise NotImplementedError

    def counters(self) -> dict[str, Any]:
        """Return numbers of the run's own that are saved, as JSON can hold them."""
        raise NotImplementedError

    def restore(self, saved: dict[str, Any]) -> None:
        """Take over saved ``counters`` and the history; raises any of ``agents.runtime.storage.DAMAGES`` for what is none of them."""
        raise NotImplementedError

    def open(self, directory: Path) -> None:
        """Take over the state that is in a directory, or write the run's own there: an unwritable one is refused before any work."""
        if (directory / STATE_FILE).exists():
            load_state(self, directory)
        else:
            directory.mkdir(parents=True, exist_ok=True)
            self.save(directory)

    def save(self, directory: Path) -> None:
        """Write the state, see ``agents.training.state``."""
        save_state(self, directory)

    def finish(self, directory: Path) -> Made:
        """Write what was made, its state being saved and measured; return it."""
        raise NotImplementedError

    def close(self) -> None:
        """End what works beside the run, when it ends or is stopped."""

    def describe(self) -> dict[str, Any]:
        """Return what a checkpoint of what is trained says about its training."""
        description = {"trainer": self.config.name, "config": asdict(self.config), "iteration": self.iteration}
        return description | {"history": [asdict(row) for row in self.history]} | ({"lowered": self.lowered} if self.lowered else {})


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


class Trained(NamedTuple):
    """What a run that trains a policy came to."""

    policy: NetworkPolicy
    history: list[HistoryRow]  # the last row is the policy's


POLICY_FILE = "policy.safetensors"


class BaseRun(TrainingRun[HistoryRow, Trained]):
    """A run of self-play that trains networks on one game, between two iterations; ``agents.training.DeepCFR`` is one.

    A run of your own has ``step`` and ``policy``. What is said to be saved is resumed too, to the same bits.

    Args:
        infostates: of the game.
        config: see ``TrainingRun``.
    """

    def __init__(self, infostates: Infostates, config: Any) -> None:
        super().__init__(infostates.game, config)
        self.infostates = infostates
        self.multiply_adds = 0  # so far; ``step`` counts them. Saved.
        self.losses = [0.0, 0.0]  # of the advantage networks in the last iteration, by player; saved
        self.rng = np.random.default_rng(config.seed)  # of all sampling; saved
        self.advantages: tuple[Any, ...] = ()  # networks by player; saved
        self.optimisers: tuple[Any, ...] = ()  # Adam's, by player; saved
        self.advantage_buffers: tuple[Buffer, ...] = ()  # by player; saved
        self.strategy_buffers: tuple[Buffer, ...] = ()  # likewise
        # What training a policy takes where it is asked for, beside the iterations. Not saved.
        self.policy_seconds, self.policy_multiply_adds = 0.0, 0

    def policy(self) -> NetworkPolicy:
        """Return the policy at this point."""
        raise NotImplementedError

    def floor(self) -> Any:
        """Return the ``agents.training.floor.Floor`` of the networks' size, None if it is not asked for."""
        return None

    def measure(self) -> HistoryRow:
        """Measure the policy at this point exactly."""
        policy = self.policy()
        exploitability = self.infostates.exploitability((policy.tables(0), policy.tables(1)))
        cost = self.seconds + self.policy_seconds, self.multiply_adds + self.policy_multiply_adds
        return HistoryRow(self.iteration, *cost, exploitability)

    def curves(self) -> dict[str, float]:
        """Return losses and compute, and what was measured."""
        losses = {f"advantage_loss/player_{p}": loss for p, loss in enumerate(self.losses)}
        return super().curves() | losses | {"multiply_adds": self.multiply_adds}

    def held(self) -> Held:
        """Return networks, optimisers and buffers by player."""
        networks = {f"advantage.{p}": network for p, network in enumerate(self.advantages)}
        optimisers = {f"optimiser.{p}": pair for p, pair in enumerate(zip(self.optimisers, self.advantages, strict=False))}
        pairs = {"advantage_memory": self.advantage_buffers, "strategy_memory": self.strategy_buffers}
        return Held(networks, optimisers, {f"{name}.{p}": buffer for name, pair in pairs.items() for p, buffer in enumerate(pair)})

    def counters(self) -> dict[str, Any]:
        """Return compute and losses."""
        return {"multiply_adds": self.multiply_adds, "losses": self.losses}

    def restore(self, saved: dict[str, Any]) -> None:
        """See ``TrainingRun``."""
        losses, history = saved["losses"], history_of(saved, STATE_FILE, 2 * self.game.max_payoff)
        require(whole_in(saved["multiply_adds"], 0, 10**38), "multiply_adds must be a whole number of at least 0")
        require(isinstance(losses, list) and len(losses) == 2 and all(map(finite, losses)), "losses must be two numbers")
        self.multiply_adds, self.losses, self.history = saved["multiply_adds"], losses, [HistoryRow(**row) for row in history]

    def finish(self, directory: Path) -> Trained:
        """Write the policy; that of a run which was finished before is loaded, not trained again."""
        path = directory / POLICY_FILE
        try:
            return Trained(self.load_policy(path), self.history)
        except CheckpointError:  # none yet, damaged, or of an earlier iteration
            self.save_policy(path)
            return Trained(self.policy(), self.history)

    def describe(self) -> dict[str, Any]:
        """Return what a checkpoint of the policy says about its training."""
        last = self.history[-1] if self.history else None
        compute = {"value": last.multiply_adds if last else self.multiply_adds, "unit": "multiply-adds"}
        return super().describe() | {"compute": compute, "exploitability": last.exploitability if last else None}

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
