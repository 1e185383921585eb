"""What it is worth to come to a street of no-limit hold'em: a network fitted to solved turns or rivers (``start_labels``).

The labels are made first, into files that stay (``label_files``). Networks of other sizes can learn from the same labels. Then
``iterations`` times ``steps`` steps of Adam follow. Errors are measured on held-out flops, as shares of the pot.
"""

from __future__ import annotations

import math
import time
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import torch

from agents.networks.regression import DivergenceError
from agents.networks.residual import residual_layers
from agents.networks.start_values import StartNetworkConfig, make_start_network, menus_digest, save_start_values
from agents.networks.threads import one_thread
from agents.runtime.storage import number_in, require
from agents.training.base import BaseTrainer, TrainingRun
from agents.training.label_files import SHARD, Part, parts_of
from agents.training.start_errors import by_source, state_errors
from agents.training.start_labels import HELD_OUT, MENU_TEXTS, MENUS, MOST_BEHIND, SOURCES, STREETS, Labelling, Shard, start_files
from agents.training.state import Held
from agents.training.value_learner import DELTA
from games.arrays import Float32
from games.holdem.cards import hole_hands
from games.holdem.rules import HoldemGame
from games.settings import bounded
from search.boards.range_buckets import SPREADS
from search.boards.start_values import PUBLIC

VALUES_FILE = "values.safetensors"
LABELS = "labels"  # the folder of the labels


@dataclass(kw_only=True)
class StartValuesConfig(BaseTrainer):
    """Everything that a training depends on; more in ``BaseTrainer``.

    Attributes:
        street: turn or river.
        network: its size.
        blueprint: that plays to the street: small, standard, or a directory.
        workers: processes that make labels, 0 for one a core.
        labels: states that it learns from.
        held_out: states with held-out flops, which errors are measured on.
        label_iterations: of a solve; of a river's at most.
        label_gap: exploitability in shares of the pot that ends a river's sooner.
        iterations: of training.
        steps: of Adam in each.
        batch_size: rows of a step.
        learning_rate: at the first step; it falls along a cosine to ``final_rate`` times as much at the last iteration.
        final_rate: as a fraction of ``learning_rate``.
    """

    name: ClassVar[str] = "start_values"
    title: ClassVar[str] = "values of a street's start"
    may_differ: ClassVar[tuple[str, ...]] = ("workers", "evaluate_from", "evaluate_growth", "save_seconds")  # rates fall with iterations

    street: str = bounded("river", among=tuple(STREETS))
    network: StartNetworkConfig = field(default_factory=StartNetworkConfig)
    blueprint: str = bounded("small", longest=1000)
    workers: int = bounded(0, most=64)
    labels: int = bounded(200_000, least=SHARD, most=10**8)
    held_out: int = bounded(1_500, least=len(SOURCES), most=10**6)
    label_iterations: int = bounded(300, least=1, most=1 << 16)
    label_gap: float = bounded(0.003, above=0, most=1)
    iterations: int = bounded(200, least=1)
    steps: int = bounded(100, least=1)
    batch_size: int = bounded(1_024, least=1)
    learning_rate: float = bounded(1e-3, above=0, most=1e6)
    final_rate: float = bounded(0.01, most=1)
    evaluate_from: int = bounded(5, least=1)

    def __post_init__(self) -> None:
        super().__post_init__()
        buckets, least = self.network.buckets, 2 * SPREADS
        if self.street == "turn" and (buckets % SPREADS or buckets < least):
            raise ValueError(f"trainer.network.buckets must be a multiple of {SPREADS}, at least {least}, for turns, got {buckets}")

    @property
    def labelling(self) -> Labelling:
        """How labels are made."""
        return Labelling(STREETS[self.street], self.network.buckets, self.label_iterations, self.label_gap, self.seed)

    @property
    def parts(self) -> list[Part]:
        """The files of labels."""
        return parts_of(self.held_out, self.labels)

    @property
    def memory(self) -> int:
        """Bytes of memory that training takes, about: labels twice while they are read, and what a step or a measurement does with rows."""
        outputs = 2 * self.network.buckets
        row, by_hand = PUBLIC + 3 * outputs, 4 * len(hole_hands())
        widths = PUBLIC + 3 * outputs + 3 * self.network.hidden * self.network.layers
        half, single = np.dtype(np.float16).itemsize, np.dtype(np.float32).itemsize
        labels = 2 * half * ((self.labels + self.held_out) * row + self.held_out * by_hand)
        return labels + 2 * single * max(self.batch_size, self.held_out) * widths

    def filled(self, deep: str) -> Any:
        """Refuse: it trains no policy."""
        raise ValueError(f"trainer must be one that trains a policy here, got {self.name}, which trains values for searches")


@dataclass(frozen=True)
class StartRow:
    """What training came to at one point. Errors are of held-out flops by source, shares of the pot, weighted by the ranges."""

    iteration: int
    seconds: float  # wall-clock of the steps
    loss: float  # Huber loss of the iteration's steps
    new_loss: float  # that of held-out flops
    play: float
    changed: float
    random: float


@dataclass(frozen=True)
class Anchors:
    """What errors stand beside, by source: those of checking down, and those of targets by bucket, the floor of their number."""

    checked_down: tuple[float, ...]
    floor: tuple[float, ...]


class StartValuesRun(TrainingRun[StartRow, Path]):
    """A run between two iterations. The same seed gives the same bits.

    Args:
        game: that is played.
        config: settings.
        blueprint: digest of what played, for the file.
        folder: of the labels, which are all there.

    Raises:
        ValueError: see ``LabelFiles.all``.
    """

    def __init__(self, game: HoldemGame, config: StartValuesConfig, blueprint: str, folder: Path) -> None:
        super().__init__(game, config)
        self._blueprint, files = blueprint, start_files(blueprint, config.labelling)
        self.labels = files.all(folder, [part for part in config.parts if not part.held])
        self.held_labels = files.all(folder, [part for part in config.parts if part.held])
        weights, sampling = (int(seed) for seed in np.random.SeedSequence(config.seed).generate_state(2))
        self.network, self.rng = make_start_network(config.network, weights), np.random.default_rng(sampling)
        self.optimiser = torch.optim.Adam(self.network.parameters(), lr=1.0, fused=True)
        self.loss = 0.0

    @property
    def parameters(self) -> int:
        """Numbers of the network."""
        return sum(parameter.numel() for parameter in self.network.parameters())

    @one_thread()
    def step(self) -> None:
        """Do ``steps`` steps."""
        start, config, losses = time.perf_counter(), self.config, list[float]()
        for step in range(config.steps):
            done = (self.iteration + step / config.steps) / config.iterations
            rate = config.final_rate + (1 - config.final_rate) * 0.5 * (1 + math.cos(math.pi * done))
            self.optimiser.param_groups[0]["lr"] = config.learning_rate * rate
            at = np.sort(self.rng.integers(0, len(self.labels.source), config.batch_size))
            loss = self._loss(self.labels, at)
            self.optimiser.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            self.optimiser.step()
            losses.append(float(loss.detach()))
        self.loss = sum(losses) / len(losses)
        if not math.isfinite(self.loss):
            raise DivergenceError(f"training loss must be finite, got {self.loss} at iteration {self.iteration + 1}")
        self.iteration += 1
        self.seconds += time.perf_counter() - start

    def _loss(self, labels: Shard, at: Any) -> torch.Tensor:
        """Return the mean Huber loss of some rows."""
        seen, wanted, counts = (torch.from_numpy(array[at].astype(np.float32)) for array in labels[:3])
        error = torch.nn.functional.huber_loss(self.network(seen), wanted, reduction="none", delta=DELTA)
        return (error * counts).sum() / counts.sum()

    @one_thread()
    def measure(self) -> StartRow:
        """Measure on held-out flops."""
        held = self.held_labels
        with torch.inference_mode():
            new_loss = float(self._loss(held, slice(None)))
        by_source = self.errors_of(residual_layers(self.network)(held.features.astype(np.float32)))
        return StartRow(self.iteration, self.seconds, self.loss, new_loss, *by_source)

    def anchors(self) -> Anchors:
        """Return what errors stand beside."""
        nothing = np.zeros_like(self.held_labels.targets, np.float32)
        return Anchors(self.errors_of(nothing), self.errors_of(self.held_labels.targets.astype(np.float32)))

    def errors_of(self, said: Float32) -> tuple[float, ...]:
        """Return by source the mean error on held-out flops of what was said [n, 2 buckets]."""
        return by_source(self.held_labels, state_errors(self.held_labels, self.config.network.buckets, said))

    def curves(self) -> dict[str, float]:
        """Return the loss, and what was measured."""
        return super().curves() | {"loss": self.loss}

    def errors(self) -> dict[str, float]:
        """Return the loss as a multiple of what it is where all values are off by a pot."""
        return {"loss": self.loss / (DELTA * (1 - DELTA / 2))}

    def held(self) -> Held:
        """Return the network and its optimiser."""
        return Held({"values": self.network}, {"optimiser": (self.optimiser, self.network)}, {})

    def counters(self) -> dict[str, Any]:
        """Return the loss."""
        return {"loss": self.loss}

    def restore(self, saved: dict[str, Any]) -> None:
        """See ``TrainingRun``."""
        history = [StartRow(**row) for row in saved["history"]]
        require(number_in(saved["loss"], 0, math.inf), "loss must be a number of at least 0")
        require(all(math.isfinite(value) for row in history for value in asdict(row).values()), "history must be finite")
        self.loss, self.history = float(saved["loss"]), history

    def finish(self, directory: Path) -> Path:
        """Write the network; return its file."""
        path = directory / VALUES_FILE
        about = {"name": f"{self.config.name}:{self.iteration}", "blueprint": self._blueprint, "held_out": HELD_OUT}
        save_start_values(path, self.network, self.describe() | trained_for(self.config.street) | about)
        return path


def trained_for(street: str) -> dict[str, Any]:
    """Return what a network of a street is for, as its file says it (``agents.networks.start_values.require_start``)."""
    cards = STREETS[street]
    return {"street": street, "menu": MENU_TEXTS[cards], "menus": menus_digest(*MENUS[cards]), "most_behind": MOST_BEHIND}
