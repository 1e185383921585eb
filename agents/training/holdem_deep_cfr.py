"""Deep CFR by self-play on hold'em (Brown, Lerer, Gross & Sandholm 2019, arXiv 1811.00164), with full-width sweeps of all boards.

An iteration is that of ``agents.training.deep_cfr``: both players' strategies are regret matching on their advantage networks, a sweep of
the real game gives one player's regrets under them, memories keep it with Linear CFR's weights, and that player's network is trained on
its memory. The policy network is trained on the strategy memory when a policy is asked for. Nothing else plays or is learned from.

What differs from there, and from the paper:

* *The memory is its sufficient statistics.* A full-width sweep visits every infostate in every iteration, so of all samples ever made only
  Σ weight and Σ weight · target per infostate matter for the squared error and for the cross-entropy. They alone are kept, one per class of
  hands that suits make equal: as much memory as tabular CFR takes, and no reservoir. A game whose infostates do not fit into memory
  would need the paper's sampling.
* *Minibatches of classes.* A step takes some classes of hands of every street with all decisions of the street: a street of few classes
  whole, of the others a share in shuffled order, weighted by how many it stands for.
* *Fine-tuning.* An advantage network goes on from its weights and Adam moments of the last iteration instead of from scratch.
* *Stakes.* The advantages of each decision of the betting are divided by their root mean square over hands and boards, what is *at stake*
  there, and weigh by it instead. Regret matching does not see a positive factor, and squared errors in chips let the river's all-ins drown
  everything else: errors now count in proportion to the chips, not to their square. Strategy samples weigh by it, too: as the paper has
  it, a blunder for a stack counts no more than one for a blind.
* *Two policy networks*, one per player, fitted by cross-entropy; strategy samples weigh their own reach.
* *Suits.* Networks see hands up to suits, and strengths beside the cards (``agents.networks.holdem_features``).
"""

from __future__ import annotations

import math
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from agents.networks.checkpoint import require_description
from agents.networks.holdem_checkpoint import holdem_policy_metadata, load_holdem_policy, save_holdem_policy
from agents.networks.holdem_features import HoldemEncoding, StreetFeatures, encode_holdem
from agents.networks.holdem_policy import HoldemNetwork, HoldemNetworkConfig, HoldemPolicy, make_holdem_network, matched
from agents.networks.threads import one_thread
from agents.training.deep_cfr import HistoryRow
from agents.training.regression import FitConfig, make_optimiser
from games.holdem.board_tree import BoardTree
from games.holdem.rules import HoldemGame
from games.settings import bounded, check_bounds
from search.boards.regrets import BoardRegrets

Float32 = npt.NDArray[np.float32]
WHOLE = 512  # classes of a street that every minibatch holds


@dataclass(kw_only=True)
class HoldemDeepCFRConfig:
    """Everything that a run of Deep CFR on hold'em depends on.

    Attributes:
        iterations: of self-play, both players each.
        network: size of the advantage and the policy networks.
        advantage: one advantage network's training in one iteration.
        policy: a policy network's training, from scratch, whenever a policy is asked for.
        batch_size: classes of hands a step, all streets together, besides those of streets that are always whole.
        seed: of initial weights and of all sampling.
        evaluate_from: exploitability is first measured at this iteration,
        evaluate_growth: then each time the iteration has grown by this factor, and at the end.
        save_seconds: the training state is saved when this long has passed since the last time.
    """

    iterations: int = bounded(128, least=1)
    network: HoldemNetworkConfig = field(default_factory=HoldemNetworkConfig)
    advantage: FitConfig = field(default_factory=lambda: FitConfig(steps=20, learning_rate=0.003, final_rate=0.1))
    policy: FitConfig = field(default_factory=lambda: FitConfig(steps=400, learning_rate=0.003, final_rate=0.01))
    batch_size: int = bounded(4096, least=1)
    seed: int = bounded(0, most=2**63 - 1)
    evaluate_from: int = bounded(8, least=1)
    evaluate_growth: float = bounded(2.0, above=1)
    save_seconds: float = bounded(60.0, most=math.inf, unit="seconds")

    def __post_init__(self) -> None:
        check_bounds(self, "trainer")


class ClassMemory:
    """Σ weight · sample and Σ weight of all samples of one player, per street: [C, R] and [C, K] f4."""

    def __init__(self, streets: Sequence[StreetFeatures]) -> None:
        self.sums = [np.zeros((len(s.cards), len(s.bets)), np.float32) for s in streets]
        self.weights = [np.zeros((len(s.cards), len(s.first_row) - 1), np.float32) for s in streets]

    def add(self, samples: Sequence[npt.NDArray[np.float64]], weights: Sequence[npt.NDArray[np.float64]], factor: float) -> None:
        """Add one sample of every infostate: targets times their weights [C, R], weights [C, K], all times ``factor``."""
        for memory, new in ((self.sums, samples), (self.weights, weights)):
            for own, sample in zip(memory, new, strict=True):
                own += (factor * sample).astype(np.float32)

    def state(self) -> dict[str, Float32]:
        """Return everything as arrays by name (views)."""
        return {f"{name}.{s}": a for name, own in (("sums", self.sums), ("weights", self.weights)) for s, a in enumerate(own)}

    def restore(self, state: dict[str, Float32]) -> None:
        """Become the memory whose ``state`` it is.

        Raises:
            ValueError: a missing array or another shape or type.
        """
        for name, own in self.state().items():
            array = state.get(name)
            if array is None or array.dtype != own.dtype or array.shape != own.shape:
                raise ValueError(f"memory's {name} must be {own.dtype} {list(own.shape)}, got {'none' if array is None else array.shape}")
            own[:] = array


class ClassTargets:
    """One street's inputs and normalised targets as tensors."""

    def __init__(self, features: StreetFeatures, sums: Float32, weights: Float32, share: float) -> None:
        self.cards, self.bets = torch.from_numpy(features.cards), torch.from_numpy(features.bets)
        self.sums, self.weights = torch.from_numpy(sums), torch.from_numpy(weights)
        counts = np.diff(features.first_row)
        self.decision = torch.from_numpy(np.repeat(np.arange(len(counts)), counts))  # [R]
        self.of_decision = torch.nn.functional.one_hot(self.decision, len(counts)).to(torch.float32)  # [R, K]
        self.size = len(self.cards) if len(self.cards) <= WHOLE else min(len(self.cards), max(WHOLE, round(share * len(self.cards))))


class HoldemDeepCFR:
    """A run of Deep CFR on one hold'em game. The same seed gives the same bits: see ``one_thread``."""

    kind = "holdem_deep_cfr"

    def __init__(self, game: HoldemGame, tree: BoardTree, config: HoldemDeepCFRConfig, encoding: HoldemEncoding | None = None) -> None:
        self.game, self.tree, self.config = game, tree, config
        self.encoding = encode_holdem(game, tree) if encoding is None else encoding
        self.iteration, self.seconds, self.multiply_adds = 0, 0.0, 0
        self.history: list[HistoryRow] = []
        self.losses = [0.0, 0.0]  # of the advantage networks, last iteration
        seeds = np.random.SeedSequence(config.seed).generate_state(5)
        self.advantages = tuple(make_holdem_network(config.network, self.encoding, int(seeds[p])) for p in (0, 1))
        self.optimisers = tuple(make_optimiser(network) for network in self.advantages)
        self._policy_seeds = (int(seeds[2]), int(seeds[3]))
        self.rng = np.random.default_rng(seeds[4])
        self.advantage_memories = tuple(ClassMemory(streets) for streets in self.encoding.streets)
        self.strategy_memories = tuple(ClassMemory(streets) for streets in self.encoding.streets)
        self._regrets = BoardRegrets(game, tree, self.encoding.buckets)
        self._trained: tuple[int, HoldemPolicy, float] | None = None  # iteration, policy, seconds
        self._played: list[list[Float32] | None] = [None, None]

    @property
    def game_text(self) -> str:
        """The game's description."""
        return self.game.key

    @property
    def stakes(self) -> float:
        """The most chips that a deal can win or lose."""
        return self.game.max_payoff

    @one_thread()
    def step(self) -> None:
        """Run one iteration."""
        start = time.perf_counter()
        t = self.iteration + 1
        for p in (0, 1):
            found = self._regrets.regrets((self.played(0), self.played(1)), p)
            self.advantage_memories[p].add(found.regret, found.cf_reach, t)
            first = [street.first_row[:-1] for street in self.encoding.streets[p]]
            reach = [np.add.reduceat(x, f, axis=1) for x, f in zip(found.reach, first, strict=True)]
            self.strategy_memories[p].add(found.reach, reach, t)
            self._train_advantages(p)
            self._played[p] = None
        self.iteration = t
        self.seconds += time.perf_counter() - start

    def played(self, player: int) -> list[Float32]:
        """Return per street [C, R], what the player plays in self-play now; before its first training a network counts as uniform."""
        kept = self._played[player]
        if kept is None:
            if any(weights.any() for weights in self.advantage_memories[player].weights):
                kept = matched(self.advantages[player], self.encoding, player)
            else:
                kept = uniform_tables(self.encoding, player)
            self._played[player] = kept
        return kept

    def _train_advantages(self, p: int) -> None:
        streets = self._streets(p, self.advantage_memories[p])
        for s, scale in zip(streets, self._stakes(p), strict=True):
            some = torch.where(s.weights > 0, s.weights, 1.0)[:, s.decision]
            s.sums, s.weights = s.sums / (some * scale[s.decision]), s.weights * scale
        self.losses[p] = fit_classes(self.advantages[p], self.optimisers[p], streets, _squared_error, self.config.advantage, self.rng)
        self.multiply_adds += self._fit_cost(self.advantages[p], p, self.config.advantage)

    def _stakes(self, p: int) -> list[Tensor]:
        """Return per street [K], what is at stake at each decision of the betting: the root mean square of its advantages in memory."""
        found = []
        for s in self._streets(p, self.advantage_memories[p]):
            some = torch.where(s.weights > 0, s.weights, 1.0)[:, s.decision]
            square = (s.sums.square() / some).sum(dim=0) @ s.of_decision
            scale = (square / (s.weights.sum(dim=0) * s.of_decision.sum(dim=0)).clamp_min(1e-30)).sqrt()
            found.append(torch.where(scale > 0, scale, 1.0))
        return found

    def _streets(self, p: int, memory: ClassMemory) -> list[ClassTargets]:
        return class_targets(self.encoding.streets[p], memory.sums, memory.weights, self.config.batch_size)

    def _fit_cost(self, network: HoldemNetwork, p: int, config: FitConfig) -> int:
        streets = self._streets(p, self.strategy_memories[p])
        return 3 * config.steps * sum(network.multiply_adds(s.size, len(s.bets)) for s in streets)  # backward is two forwards

    @one_thread()
    def policy(self) -> HoldemPolicy:
        """Train policy networks from scratch on the strategy memories as they are and return what they play.

        Depends on nothing but the memories and the seed, and changes nothing: asking earlier or more often does not change a run.

        Raises:
            ValueError: no iteration has been run.
        """
        if self.iteration == 0:
            raise ValueError("a policy must be trained on at least 1 iteration of self-play, got 0")
        if self._trained is None or self._trained[0] != self.iteration:
            start = time.perf_counter()
            rng = np.random.default_rng((self.config.seed, self.iteration))
            networks = []
            for p in (0, 1):
                network = make_holdem_network(self.config.network, self.encoding, self._policy_seeds[p])
                streets = self._streets(p, self.strategy_memories[p])
                for s, stakes in zip(streets, self._stakes(p), strict=True):
                    s.sums, s.weights = s.sums * stakes[s.decision], s.weights * stakes
                fit_classes(network, make_optimiser(network), streets, _cross_entropy, self.config.policy, rng)
                networks.append(network)
            policy = HoldemPolicy(self.encoding, (networks[0], networks[1]))
            self._trained = (self.iteration, policy, time.perf_counter() - start)
        return self._trained[1]

    def evaluate(self) -> HistoryRow:
        """Train a policy at this point, measure it exactly, append the row to ``history`` (once per iteration) and return it."""
        if not self.history or self.history[-1].iteration != self.iteration:
            policy = self.policy()
            assert self._trained is not None
            seconds = self.seconds + self._trained[2]
            cost = sum(self._fit_cost(policy.networks[p], p, self.config.policy) for p in (0, 1))
            exploitability = self._regrets.exploitability((policy.tables(0), policy.tables(1)))
            self.history.append(HistoryRow(self.iteration, seconds, self.multiply_adds + cost, exploitability))
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
            "trainer": self.kind,
            "config": asdict(self.config),
            "iteration": self.iteration,
            "samples": self.iteration * self.encoding.infostates,
            "compute": {"value": last.multiply_adds if last else self.multiply_adds, "unit": "multiply-adds"},
            "exploitability": last.exploitability if last else None,
            "history": [asdict(row) for row in self.history],
        }

    def save_policy(self, path: Path) -> None:
        """Write the policy at this point."""
        save_holdem_policy(path, self.policy(), self.describe())

    def load_policy(self, path: Path) -> HoldemPolicy:
        """Return a policy of this game, and what it says of its training must be what this run would say.

        Raises:
            CheckpointError: it cannot be read, or is of another run.
        """
        require_description(holdem_policy_metadata(path, self.game), self.describe(), path)
        return load_holdem_policy(path, self.encoding)


def uniform_tables(encoding: HoldemEncoding, player: int) -> list[Float32]:
    """Return per street [C, R], every action of a decision with the same probability."""
    counts = [np.diff(street.first_row) for street in encoding.streets[player]]
    rows = [np.repeat(1 / n, n).astype(np.float32) for n in counts]
    return [np.repeat(row[None], len(street.cards), axis=0) for row, street in zip(rows, encoding.streets[player], strict=True)]


def class_targets(
    streets: Sequence[StreetFeatures], sums: Sequence[Float32], weights: Sequence[Float32], batch_size: int
) -> list[ClassTargets]:
    """Return all streets' targets; a minibatch takes ``batch_size`` classes of the large streets together."""
    share = batch_size / max(sum(len(s.cards) for s in streets if len(s.cards) > WHOLE), 1)
    return [ClassTargets(*street, share) for street in zip(streets, sums, weights, strict=True)]


def fit_classes(
    network: HoldemNetwork, optimiser: torch.optim.Adam, streets: list[ClassTargets], loss: Any, config: FitConfig,
    rng: np.random.Generator,
) -> float:  # fmt: skip
    """Train ``network`` in place; return the mean loss of the last tenth of the steps, per weight.

    Raises:
        ValueError: the loss is NaN or infinite.
    """
    total = sum(float(s.weights.sum(dtype=torch.float64)) for s in streets)
    batches, tail = [_shuffled(len(s.cards), s.size, rng) for s in streets], []
    for step in range(config.steps):
        optimiser.param_groups[0]["lr"] = config.rate(step)
        optimiser.zero_grad()
        value = torch.zeros(())
        for street, batch in zip(streets, batches, strict=True):
            at, times = next(batch)
            outputs = network(street.cards[at], street.bets)
            value = value + times / total * loss(outputs, street.sums[at], street.weights[at], street)
        value.backward()  # type: ignore[no-untyped-call]
        optimiser.step()
        tail.append(float(value.detach()))
    found = sum(tail[-max(1, len(tail) // 10) :]) / max(1, len(tail) // 10)
    if not math.isfinite(found):
        raise ValueError(f"training loss must be finite, got {found}: lower learning_rate ({config.learning_rate})")
    return found


def _shuffled(count: int, size: int, rng: np.random.Generator) -> Iterator[tuple[Any, float]]:
    """Yield forever an index of ``size`` of ``count`` things and how many each stands for; all of them come up before any does again."""
    while size == count:
        yield slice(None), 1.0
    while True:
        order = torch.from_numpy(rng.permutation(count))
        for at in range(0, count - size + 1, size):
            yield order[at : at + size], count / size


def _squared_error(outputs: Tensor, target: Tensor, weight: Tensor, street: ClassTargets) -> Tensor:
    """Return Σ weight (f - target)² over classes and sequences, the weight being that of the sequence's decision."""
    return (weight[:, street.decision] * (outputs - target).square()).sum()


def _cross_entropy(outputs: Tensor, sums: Tensor, weight: Tensor, street: ClassTargets) -> Tensor:
    """Return -Σ weight · target · log softmax(f), the softmax over each decision's actions; ``sums`` are weight · target."""
    most = torch.full_like(weight, -math.inf).scatter_reduce_(1, street.decision.expand(len(outputs), -1), outputs.detach(), "amax")
    shifted = outputs - most[:, street.decision]
    total = shifted.exp() @ street.of_decision  # [C, K], at least 1
    return (weight * total.log()).sum() - (sums * shifted).sum()
