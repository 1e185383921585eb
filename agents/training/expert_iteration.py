"""Expert iteration: a policy network of turns and rivers of no-limit hold'em, fitted to what searches play (arXiv 1705.08439).

In each *round* a policy plays both seats to where turns and rivers begin, the rest of the hand is solved from there
(``decision_labels``), and networks learn what the solves play at their decisions. In the first round the policy is a sampled blueprint,
later the networks on top of it (``agents.street_blueprint``). Networks learn from the labels of all rounds so far.

Strength is told by held-out flops: the EV that the network's actions lose to the best ones, if the solve's strategy is played on and
against it, in shares of the pot.
"""

from __future__ import annotations

import math
import shutil
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import torch

from agents.bucket_blueprint import ABOUT, CENTRES, POLICIES, SHARES, BucketBlueprint
from agents.networks.regression import DivergenceError
from agents.networks.start_values import StartNetworkConfig
from agents.networks.street_policy import StreetPolicyNetwork, load_street_policy, make_street_policy, save_street_policy
from agents.networks.threads import one_thread
from agents.runtime.storage import number_in, require
from agents.street_blueprint import StreetBlueprint, load_street_blueprint, street_blueprint
from agents.training.base import BaseTrainer, TrainingRun
from agents.training.decision_labels import DecisionLabelling, Decisions, decision_files
from agents.training.label_files import SHARD, Part, parts_of
from agents.training.start_labels import HELD_OUT, STREETS
from agents.training.state import Held
from games.settings import bounded
from search.boards.decision_features import SEEN, SLOTS
from search.boards.range_buckets import SPREADS
from search.off_tree import MenuPolicy

FOLDERS = "labels"
Make = Callable[[str, int, MenuPolicy, str], None]  # street, round, what plays both seats and its digest: makes the labels that lack


@dataclass(kw_only=True)
class ExpertIterationConfig(BaseTrainer):
    """Everything that a training depends on; more in ``BaseTrainer``.

    Attributes:
        network: the size of each street's.
        blueprint: that plays where no network does: small, standard, or a directory.
        workers: processes that make labels, 0 for one a core.
        rounds: how often labels are made; iterations are shared out among them.
        turn_labels: decisions of turns that are solved in each round.
        river_labels: of rivers.
        held_out: decisions of each street with held-out flops, which losses are measured on.
        turn_iterations: of a turn's solve.
        river_iterations: of a river's, at most.
        label_gap: exploitability in shares of the pot that ends a river's sooner.
        iterations: of training, in all rounds together.
        steps: of Adam in each, of each street.
        batch_size: rows of a step.
        learning_rate: at the first step; it falls along a cosine to ``final_rate`` times as much at the last iteration.
        final_rate: as a fraction of ``learning_rate``.
    """

    name: ClassVar[str] = "expert_iteration"
    title: ClassVar[str] = "a policy by expert iteration"
    may_differ: ClassVar[tuple[str, ...]] = ("workers", "evaluate_from", "evaluate_growth", "save_seconds")  # rates fall with iterations

    network: StartNetworkConfig = field(default_factory=StartNetworkConfig)
    blueprint: str = bounded("small", longest=1000)
    workers: int = bounded(0, most=64)
    rounds: int = bounded(2, least=1, most=100)
    turn_labels: int = bounded(20_000, least=SHARD, most=10**8)
    river_labels: int = bounded(60_000, least=SHARD, most=10**8)
    held_out: int = bounded(1_000, least=1, most=10**6)
    turn_iterations: int = bounded(150, least=1, most=1 << 16)
    river_iterations: int = bounded(300, least=1, most=1 << 16)
    label_gap: float = bounded(0.003, above=0, most=1)
    iterations: int = bounded(200, least=1)
    steps: int = bounded(50, least=1)
    batch_size: int = bounded(512, least=1)
    learning_rate: float = bounded(1e-3, above=0, most=1e6)
    final_rate: float = bounded(0.01, most=1)
    evaluate_from: int = bounded(5, least=1)

    def __post_init__(self) -> None:
        super().__post_init__()
        buckets, least = self.network.buckets, 2 * SPREADS
        if buckets % SPREADS or buckets < least:
            raise ValueError(f"trainer.network.buckets must be a multiple of {SPREADS}, at least {least}, got {buckets}")
        if self.iterations % self.rounds:
            raise ValueError(f"trainer.iterations must be a multiple of the {self.rounds} rounds, got {self.iterations}")

    def labelling(self, street: str) -> DecisionLabelling:
        """Return how labels of a street are made."""
        iterations = {"turn": self.turn_iterations, "river": self.river_iterations}[street]
        return DecisionLabelling(STREETS[street], self.network.buckets, iterations, self.label_gap, seed=self.seed)

    def parts(self, street: str, number: int) -> list[Part]:
        """Return the files of labels of a street in a round; held-out flops are of the first one."""
        labels = {"turn": self.turn_labels, "river": self.river_labels}[street]
        return parts_of(0 if number else self.held_out, labels)

    @property
    def memory(self) -> int:
        """Bytes of memory that training takes, about: labels, twice while they are read."""
        row = np.dtype(np.float16).itemsize * (SEEN + (4 + 2 * SLOTS) * self.network.buckets)
        return 2 * row * (self.rounds * (self.turn_labels + self.river_labels) + 2 * self.held_out)

    def filled(self, deep: str) -> Any:
        """Refuse: it trains no policy of a game that is written out."""
        raise ValueError(f"trainer must be one that trains a policy here, got {self.name}, which trains a blueprint of no-limit hold'em")


def label_folder(directory: Path, street: str, number: int) -> Path:
    """Return the folder of a street's labels of a round."""
    return directory / FOLDERS / f"{street}_{number}"


@dataclass(frozen=True)
class ExpertRow:
    """What training came to at one point; losses by street are of held-out flops."""

    iteration: int
    seconds: float  # wall-clock of the steps
    loss: float  # cross-entropy of the iteration's steps
    turn_loss: float
    river_loss: float
    turn_ev: float  # EV loss, in shares of the pot
    river_ev: float


class ExpertIterationRun(TrainingRun[ExpertRow, StreetBlueprint]):
    """A run between two iterations. The same seed gives the same bits.

    Args:
        config: settings.
        table: the sampled blueprint.
        directory: of the run: labels, the policy of each round, and what is made.
        make: makes labels that lack.
        source: where the sampled blueprint's files are.
    """

    def __init__(self, config: ExpertIterationConfig, table: BucketBlueprint, directory: Path, make: Make, source: Path) -> None:
        super().__init__(table.game, config)
        self.table, self.directory, self._make, self._source = table, directory, make, source
        weights, sampling = (int(seed) for seed in np.random.SeedSequence(config.seed).generate_state(2))
        self.networks = {street: make_street_policy(config.network, weights + i) for i, street in enumerate(STREETS)}
        self.rng = np.random.default_rng(sampling)
        self.optimisers = {s: torch.optim.Adam(network.parameters(), lr=1.0, fused=True) for s, network in self.networks.items()}
        self.losses, self._round = dict.fromkeys(STREETS, 0.0), -1
        self.labels, self.held_labels = dict[str, Decisions](), dict[str, Decisions]()

    @property
    def parameters(self) -> int:
        """Numbers of the networks."""
        return sum(parameter.numel() for network in self.networks.values() for parameter in network.parameters())

    def step(self) -> None:
        """Do ``steps`` steps of each street; where a round begins its labels are made first."""
        config = self.config
        number = self.iteration * config.rounds // config.iterations
        if number != self._round:
            self._enter(number)
        start = time.perf_counter()
        with one_thread():
            for street in STREETS:
                self.losses[street] = self._fitted(street)
        self.iteration += 1
        self.seconds += time.perf_counter() - start

    def _enter(self, number: int) -> None:
        """Make the labels of a round, and read those of all rounds so far."""
        config, self._round = self.config, number
        path = self._policy_file(number)
        if number and not path.exists():
            self._save(path)
        shards_of = dict[str, list[Decisions]]((street, []) for street in STREETS)
        for earlier in range(number + 1):
            policy, digest = self._player(earlier)
            for street, shards in shards_of.items():
                self._make(street, earlier, policy, digest)
                files, folder = decision_files(digest, config.labelling(street)), label_folder(self.directory, street, earlier)
                shards.append(files.all(folder, [part for part in config.parts(street, earlier) if not part.held]))
                if earlier == 0:
                    self.held_labels[street] = files.all(folder, [part for part in config.parts(street, 0) if part.held])
        self.labels = {s: Decisions(*(np.concatenate(arrays) for arrays in zip(*shards, strict=True))) for s, shards in shards_of.items()}

    def _look(self) -> None:
        """Read the labels of a run that has been resumed."""
        if self._round < 0:
            self._enter(max(self.iteration - 1, 0) * self.config.rounds // self.config.iterations)

    def _player(self, number: int) -> tuple[MenuPolicy, str]:
        """Return what plays both seats in a round, and its digest."""
        if number == 0:
            return self.table, self.table.digest
        policy = street_blueprint(self.table, *load_street_policy(self._policy_file(number)))
        return policy, policy.digest

    def _policy_file(self, number: int) -> Path:
        return self.directory / f"round_{number}.safetensors"

    def _fitted(self, street: str) -> float:
        """Do the steps of a street; return their mean loss."""
        config, network, optimiser, labels = self.config, self.networks[street], self.optimisers[street], self.labels[street]
        losses = list[float]()
        for step in range(config.steps):
            done = (self.iteration + step / config.steps) / config.iterations
            rate = config.final_rate + (1 - config.final_rate) * 0.5 * (1 + math.cos(math.pi * done))
            optimiser.param_groups[0]["lr"] = config.learning_rate * rate
            at = np.sort(self.rng.integers(0, len(labels.gap), config.batch_size))
            loss = _loss(_said(network, labels, at), labels, at)
            optimiser.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            optimiser.step()
            losses.append(float(loss.detach()))
        mean = sum(losses) / len(losses)
        if not math.isfinite(mean):
            raise DivergenceError(f"training loss must be finite, got {mean} at iteration {self.iteration + 1}")
        return mean

    @one_thread()
    def measure(self) -> ExpertRow:
        """Measure on held-out flops."""
        self._look()
        measured = list[tuple[float, float]]()
        with torch.inference_mode():
            for street, labels in self.held_labels.items():
                said = _said(self.networks[street], labels, slice(None))
                lost = -(said.exp() * torch.from_numpy(labels.gains.astype(np.float32))).sum(dim=1)
                masses = torch.from_numpy(labels.masses.astype(np.float32))
                measured.append((float(_loss(said, labels, slice(None))), float((lost * masses).sum() / masses.sum())))
        (turn_loss, turn_ev), (river_loss, river_ev) = measured
        loss = sum(self.losses.values()) / len(self.losses)
        return ExpertRow(self.iteration, self.seconds, loss, turn_loss, river_loss, turn_ev, river_ev)

    def anchors(self) -> dict[str, float]:
        """Return the EV loss of playing all actions alike, by street."""
        self._look()
        lost_by = dict[str, float]()
        for street, labels in self.held_labels.items():
            legal, masses = labels.legal[:, :, None].astype(np.float64), labels.masses.astype(np.float64)
            lost = -(legal / legal.sum(axis=1, keepdims=True) * labels.gains.astype(np.float64)).sum(axis=1)
            lost_by[street] = float((lost * masses).sum() / masses.sum())
        return lost_by

    def curves(self) -> dict[str, float]:
        """Return the losses, and what was measured."""
        return super().curves() | {f"loss_{street}": loss for street, loss in self.losses.items()}

    def held(self) -> Held:
        """Return the networks and their optimisers."""
        optimisers = {f"optimiser_{street}": (self.optimisers[street], network) for street, network in self.networks.items()}
        return Held(dict(self.networks), optimisers, {})

    def counters(self) -> dict[str, Any]:
        """Return the losses."""
        return {"losses": self.losses}

    def restore(self, saved: dict[str, Any]) -> None:
        """See ``TrainingRun``."""
        history, losses = [ExpertRow(**row) for row in saved["history"]], saved["losses"]
        require(isinstance(losses, dict) and set(losses) == set(STREETS), "losses must be of its streets")
        require(all(number_in(loss, 0, math.inf) for loss in losses.values()), "losses must be numbers of at least 0")
        require(all(math.isfinite(value) for row in history for value in asdict(row).values()), "history must be finite")
        self.losses, self.history = {street: float(losses[street]) for street in STREETS}, history

    def _save(self, path: Path) -> None:
        about = self.describe() | {"game": self.game.key, "table": self.table.digest, "name": f"{self.config.name}:{self.iteration}"}
        save_street_policy(path, self.networks, about | {"held_out": HELD_OUT})

    def finish(self, directory: Path) -> StreetBlueprint:
        """Write the networks, and the sampled blueprint's files beside them; return the whole blueprint."""
        for name in (CENTRES, SHARES, ABOUT):
            if (self._source / name).resolve() != (directory / name).resolve():
                shutil.copyfile(self._source / name, directory / name)
        self._save(directory / POLICIES)
        return load_street_blueprint(self.table, directory / POLICIES)


def _said(network: StreetPolicyNetwork, labels: Decisions, at: Any) -> torch.Tensor:
    """Return [B, SLOTS, K], logarithms of what a network plays at some decisions; very small ones for slots that are not legal."""
    said = network(torch.from_numpy(labels.features[at].astype(np.float32))).reshape(-1, SLOTS, labels.counts.shape[1])
    masked = said.masked_fill(~torch.from_numpy(labels.legal[at])[:, :, None], -1e4)
    return torch.log_softmax(masked, dim=1)


def _loss(said: torch.Tensor, labels: Decisions, at: Any) -> torch.Tensor:
    """Return the mean cross-entropy of some decisions, hands weighted as ``decision_labels`` says."""
    wanted, counts = (torch.from_numpy(array[at].astype(np.float32)) for array in (labels.targets, labels.counts))
    return -((wanted * said).sum(dim=1) * counts).sum() / counts.sum()
