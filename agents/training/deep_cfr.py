"""Deep CFR by self-play (Brown, Lerer, Gross & Sandholm 2019, arXiv 1811.00164), with full-width sweeps of the public tree.

Iteration t, for each player p in turn (algorithm 1 of the paper):

1. Both players' strategies are regret matching on their advantage networks' outputs; where no advantage is positive, the action with the
   highest one (the paper's rule). Before its first training a network counts as uniform.
2. One sweep gives p's instantaneous regrets at every infostate under these strategies. The advantage memory gets the samples
   target = regret / cf_reach with weight t · cf_reach, the strategy memory the strategy itself with weight t · reach (p's own).
3. p's advantage network is trained on its memory.

The policy network is trained on the strategy memory when a policy is asked for. Targets come from self-play alone: no tabular regret or
strategy reaches the networks' play.

What differs from the paper, and why:

* *Full-width sweeps* (algorithm 2 samples): every infostate in every iteration, weighted by cf_reach, which is how often external
  sampling would visit it. The samples have no sampling noise left in them. Larger games will need sampling.
* *Means as targets*: with every infostate in every sweep, the weighted means of a memory's own samples are sufficient statistics of its
  loss (see ``memory``), and one step on them is one step on the whole memory. ``batch_size`` > 0 draws minibatches of samples instead, as
  the paper does (measured on Leduc, 64 iterations of 60 steps: 0.06 chips with means, 0.28 with batches of 93).
* *Fine-tuning*: an advantage network starts from its weights and Adam moments of the last iteration instead of from scratch. One
  iteration moves the means by O(1/t), so some dozen steps follow them (measured as above: 0.06 chips; from scratch with as many steps
  0.52, with five times as many 0.09).
* *Scale*: advantages are divided by their root mean square over the memory; regret matching does not see a common positive factor.
* *Two policy networks*, one per player, fitted by cross-entropy instead of squared error, which has the same minimiser.
* *Own reach as weight* in the strategy memory: the paper's sampling visits a player's infostates as often as the player's own reach says;
  here that is the sample's weight.
"""

from __future__ import annotations

import math
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from agents.networks import (
    Encoding,
    NetworkPolicy,
    PolicyNetwork,
    PolicyNetworkConfig,
    encode,
    load_policy,
    make_network,
    policy_metadata,
    save_policy,
)
from agents.networks.checkpoint import require_description
from agents.networks.threads import one_thread
from agents.training.memory import Batch, Memory
from agents.training.regression import FitConfig, cross_entropy, fit, inputs, make_optimiser, squared_error, whole
from games import PublicTree
from games.derived import derived_game
from games.settings import bounded, check_bounds
from search import Evaluator, Strategy
from search.tree.regrets import RegretSweep

Float = npt.NDArray[np.float64]


@dataclass(kw_only=True)
class DeepCFRConfig:
    """Everything that a run of Deep CFR depends on.

    Attributes:
        iterations: of self-play, both players each.
        network: size of the advantage and the policy networks.
        advantage: one advantage network's training in one iteration.
        policy: a policy network's training, from scratch, whenever a policy is asked for.
        batch_size: 0 to regress on the memories' means of all infostates, else that many samples a step (public decisions).
        capacity: samples (public decisions) that each of the four memories holds.
        seed: of initial weights and of all sampling.
        evaluate_growth: exploitability is measured at iteration 1, then each time the iteration has grown by this factor, and at the end.
        save_seconds: the training state is saved when this long has passed since the last time.
    """

    iterations: int = bounded(256, least=1)
    network: PolicyNetworkConfig = field(default_factory=PolicyNetworkConfig)
    advantage: FitConfig = field(default_factory=lambda: FitConfig(steps=60, learning_rate=0.01, final_rate=0.1))
    policy: FitConfig = field(default_factory=lambda: FitConfig(steps=500, learning_rate=0.01, final_rate=0.01))
    batch_size: int = 0
    capacity: int = bounded(200_000, least=1)
    seed: int = bounded(0, most=2**63 - 1)
    evaluate_growth: float = bounded(2.0, above=1)
    save_seconds: float = bounded(20.0, most=math.inf, unit="seconds")

    def __post_init__(self) -> None:
        check_bounds(self, "trainer")


@dataclass(frozen=True)
class HistoryRow:
    """What a policy network trained at this point costs and is worth.

    Attributes:
        iteration: self-play iterations so far.
        seconds: wall-clock training so far, this policy's included, measuring excluded.
        multiply_adds: training compute so far, this policy's included: the forward and backward passes of training steps. Self-play's own
            forward passes (four an iteration, 1 % of it) and the exact sweeps, which use no network, are not counted.
        exploitability: of the policy network alone, in chips, exact.
    """

    iteration: int
    seconds: float
    multiply_adds: int
    exploitability: float


class DeepCFR:
    """A run of Deep CFR on one tree. The same seed gives the same bits: torch works on one thread here, whatever the caller's setting."""

    kind = "deep_cfr"

    def __init__(self, tree: PublicTree, config: DeepCFRConfig, encoding: Encoding | None = None) -> None:
        self.tree, self.config = tree, config
        self.encoding = encode(tree) if encoding is None else encoding
        self.iteration, self.seconds, self.multiply_adds = 0, 0.0, 0
        self.history: list[HistoryRow] = []
        seeds = np.random.SeedSequence(config.seed).generate_state(5)
        self.advantages = tuple(make_network(config.network, self.encoding, p, int(seeds[p])) for p in (0, 1))
        self.optimisers = tuple(make_optimiser(network) for network in self.advantages)
        self._policy_seeds = (int(seeds[2]), int(seeds[3]))
        self.rng = np.random.default_rng(seeds[4])
        columns = len(self.encoding.actions)
        sizes = [(config.capacity, len(tree.sequences[p].node), columns, tree.num_hands(p)) for p in (0, 1)]
        self.advantage_memories = tuple(Memory(*size) for size in sizes)
        self.strategy_memories = tuple(Memory(*size) for size in sizes)
        self.losses = [0.0, 0.0]  # of the advantage networks, last iteration
        self._inputs = tuple(inputs(self.encoding, p) for p in (0, 1))
        self._sweep, self._evaluator = RegretSweep(tree), Evaluator(tree)
        self._trained: tuple[int, NetworkPolicy, float] | None = None  # iteration, policy, seconds

    @property
    def game_text(self) -> str:
        """The game string."""
        return self.tree.game

    @property
    def stakes(self) -> float:
        """The most chips that a deal can win or lose."""
        return derived_game(self.tree).max_payoff

    @one_thread()
    def step(self) -> None:
        """Run one iteration."""
        start = time.perf_counter()
        t = self.iteration + 1
        for p in (0, 1):
            played = (self.played(0), self.played(1))
            tables = (self.encoding.table(0, played[0]), self.encoding.table(1, played[1]))
            found = self._sweep.regrets(Strategy(self.tree, self.tree.subgame(), tables), p)
            target = self.encoding.dense(p, found.regret) / np.where(found.cf_reach > 0, found.cf_reach, 1.0)[:, None]
            self.advantage_memories[p].add(target, t * found.cf_reach, self.rng)
            self.strategy_memories[p].add(played[p], t * found.reach, self.rng)
            self._train_advantages(p)
        self.iteration = t
        self.seconds += time.perf_counter() - start

    @one_thread()
    def played(self, player: int) -> Float:
        """Return [K, A, H], what the player plays in self-play now: regret matching on the advantage network's outputs."""
        if self.advantage_memories[player].seen == 0:
            return self.encoding.uniform(player)
        with torch.inference_mode():
            advantage = self.advantages[player](*self._inputs[player]).numpy().astype(np.float64)
        legal = self.encoding.legal[player][:, :, None]
        positive = np.where(legal, np.maximum(advantage, 0.0), 0.0)
        total = positive.sum(axis=1, keepdims=True)
        best = np.argmax(np.where(legal, advantage, -np.inf), axis=1)[:, None]
        highest = np.arange(advantage.shape[1])[:, None] == best
        return np.where(total > 0, positive / np.where(total > 0, total, 1.0), highest)

    def _train_advantages(self, p: int) -> None:
        memory, network = self.advantage_memories[p], self.advantages[p]
        mean, weight = memory.means()
        scale = float(np.sqrt((weight[:, None] * mean**2).sum() / weight.sum())) or 1.0
        batches = self._batches(memory, scale)
        self.losses[p] = fit(network, self.optimisers[p], self._inputs[p], batches, squared_error, self.config.advantage)
        self.multiply_adds += self._fit_cost(network, p, self.config.advantage)

    def _batches(self, memory: Memory, scale: float, rng: np.random.Generator | None = None) -> Iterator[Batch]:
        """Yield batches whose targets are divided by ``scale`` and whose weights sum to one."""
        size = self.config.batch_size
        if size == 0:
            mean, weight = memory.means()
            yield from whole(mean / scale, weight)
        while True:
            batch = memory.sample(size, self.rng if rng is None else rng)
            total = max(float(batch.weight.sum()), 1e-30)
            yield Batch(batch.decision, batch.target / np.float32(scale), batch.weight / np.float32(total))

    def _fit_cost(self, network: PolicyNetwork, p: int, config: FitConfig) -> int:
        states = self.config.batch_size or len(self.tree.sequences[p].node)
        return 3 * config.steps * network.multiply_adds(states, self.tree.num_hands(p))  # backward is two forwards

    @one_thread()
    def policy(self) -> NetworkPolicy:
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
                network = make_network(self.config.network, self.encoding, p, self._policy_seeds[p])
                batches = self._batches(self.strategy_memories[p], 1.0, rng)
                fit(network, make_optimiser(network), self._inputs[p], batches, cross_entropy, self.config.policy)
                networks.append(network)
            policy = NetworkPolicy(self.encoding, (networks[0], networks[1]))
            self._trained = (self.iteration, policy, time.perf_counter() - start)
        return self._trained[1]

    def evaluate(self) -> HistoryRow:
        """Train a policy at this point, measure it exactly, append the row to ``history`` (once per iteration) and return it."""
        if not self.history or self.history[-1].iteration != self.iteration:
            policy = self.policy()
            assert self._trained is not None
            seconds = self.seconds + self._trained[2]
            cost = sum(self._fit_cost(policy.networks[p], p, self.config.policy) for p in (0, 1))
            exploitability = self._evaluator.exploitability(policy.strategy())
            self.history.append(HistoryRow(self.iteration, seconds, self.multiply_adds + cost, exploitability))
        return self.history[-1]

    def due(self) -> bool:
        """Say whether exploitability is to be measured at this iteration."""
        at = 1
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
            "compute": {"value": last.multiply_adds if last else self.multiply_adds, "unit": "multiply-adds"},
            "exploitability": last.exploitability if last else None,
            "history": [asdict(row) for row in self.history],
        }

    def save_policy(self, path: Path) -> None:
        """Write the policy at this point."""
        save_policy(path, self.policy(), self.describe())

    def load_policy(self, path: Path) -> NetworkPolicy:
        """Return a policy of this game, and what it says of its training must be what this run would say.

        Raises:
            CheckpointError: it cannot be read, or is of another run.
        """
        require_description(policy_metadata(path), self.describe(), path)
        return load_policy(path, self.tree)
