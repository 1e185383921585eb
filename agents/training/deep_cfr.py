"""Deep CFR by self-play (Brown, Lerer, Gross & Sandholm 2019, arXiv 1811.00164), with full-width sweeps of the game.

Iteration t, for each player p in turn (algorithm 1 of the paper):

1. Both players' strategies are regret matching on their advantage networks' outputs; where no advantage is positive, the action with the
   highest one (the paper's rule). Before its first training a network counts as uniform.
2. One sweep gives p's instantaneous regrets at every infostate under these strategies. The advantage buffer gets the samples
   target = regret / cf_reach with weight t · cf_reach, the strategy buffer the strategy itself with weight t · reach (p's own).
3. p's advantage network is trained on its buffer.

The policy network is trained on the strategy buffer when a policy is asked for. Targets come from self-play alone: no tabular regret or
strategy reaches the networks' play.

What differs from the paper, and why:

* *Full-width sweeps* (algorithm 2 samples): every infostate in every iteration, weighted by cf_reach, which is how often external
  sampling would visit it. The samples have no sampling noise left in them. ``boards`` samples public cards alone, with weights that are
  right on average; all hands and bets of a drawn board are swept.
* *No memory of advantages*, if asked for: see ``agents.training.network_memory``. The average strategy is remembered in either case: in a
  reservoir where the public side has the trunk, as weighted sums where the private side has it; both weigh a drawn board by its ``ratio``.
* *Means as targets*: with every infostate in every sweep, the weighted means of a buffer's own samples are sufficient statistics of its
  loss (see ``buffer``), and one step on them is one step on the whole buffer. In hold'em the sums are all that is kept. ``batch_size`` > 0
  takes minibatches, as the paper does (measured on Leduc, 64 iterations of 60 steps: 0.06 chips with means, 0.28 with batches of 93).
* *Fine-tuning*: an advantage network starts from its weights and Adam moments of the last iteration instead of from scratch. One
  iteration moves the means by O(1/t), so some dozen steps follow them (measured as above: 0.06 chips; from scratch with as many steps
  0.52, with five times as many 0.09).
* *Scale*: advantages are divided by their root mean square, over the buffer or, where chips differ much between decisions, at each
  decision (see ``agents.networks.regression``); regret matching does not see a common positive factor.
* *Two policy networks*, one per player, fitted by cross-entropy instead of squared error, which has the same minimiser.
* *Own reach as weight* in the strategy buffer: the paper's sampling visits a player's infostates as often as the player's own reach says;
  here that is the sample's weight.
* *Suits*: in hold'em networks see hands up to suits, and strengths beside the cards (``search.boards.infostates``).
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, fields, replace
from typing import Any, ClassVar

import numpy as np

from agents.networks import NetworkConfig, NetworkPolicy, make_network
from agents.networks.policy import outputs, sized
from agents.networks.regression import FitConfig, fit, make_fitter, make_optimiser
from agents.networks.sizes import SIZES
from agents.networks.threads import one_thread
from agents.training.base import BaseRun, BaseTrainer
from agents.training.buffer import ReservoirBuffer, SampleBuffer, SumBuffer
from agents.training.floor import Floor, solved
from agents.training.network_memory import NetworkMemory, Targets
from games.settings import bounded, filled
from search.infostates import PRIVATE, PUBLIC, Block, Infostates, Sweep, Table, match_highest, uniform_tables
from search.variants import VARIANTS, variant

SUMS, NONE = "sums", "none"


@dataclass(kw_only=True)
class DeepCFRConfig(BaseTrainer):
    """Everything that a run of Deep CFR depends on; null (None) is as the game needs, see ``DEFAULTS``.

    Attributes:
        iterations: of self-play, both players each.
        network: kind and size of the advantage and the policy networks.
        advantage: one advantage network's training in one iteration.
        policy: a policy network's training, from scratch, whenever a policy is asked for.
        memory: of advantages: ``sums`` of all iterations, as null (None) has it, or ``none``: each iteration fits what the network said,
            discounted, and the new regrets (see ``agents.training.network_memory``).
        variant: with ``memory=none``, the row of ``search.variants`` whose discounts and averaging weights are taken; null (None) for
            dcfr_plus. Sums are those of linear_cfr.
        rate_decay: iteration t fits advantages with sqrt(rate_decay / (rate_decay + t)) times ``advantage.learning_rate``; null for all of
            it. Without a memory each fit's error stays, so fits must become finer as what an iteration changes becomes less.
        boards: of an iteration, drawn by their chance (see ``search.board_sampling``); 0 or null for all.
        batch_size: 0 to regress on the means of all infostates. Else, with a public trunk, that many samples a step (decisions); with a
            private one that many private sides a step, besides those of blocks that are always whole.
        capacity: samples (decisions) that each of the four buffers holds; with a private trunk all are kept, as sums.
        floor: iterations of CFR whose solution the networks are fitted to in the end, as a baseline (see ``agents.training.floor``); 0 or
            null for none.
    """

    name: ClassVar[str] = "deep_cfr"
    title: ClassVar[str] = "Deep CFR"
    # Policies are fitted from scratch whenever one is asked for, and change nothing of a run.
    may_differ: ClassVar[tuple[str, ...]] = (*BaseTrainer.may_differ, "floor", *(f"policy.{one.name}" for one in fields(FitConfig)))

    iterations: int | None = bounded(None, least=1)  # type: ignore[assignment]
    network: NetworkConfig = field(default_factory=NetworkConfig)
    advantage: FitConfig = field(default_factory=FitConfig)
    policy: FitConfig = field(default_factory=FitConfig)
    memory: str | None = bounded(None, among=(SUMS, NONE))
    variant: str | None = bounded(None, among=tuple(name for name, row in VARIANTS.items() if not row.predictive))
    rate_decay: float | None = bounded(None, above=0)
    boards: int | None = bounded(None)
    batch_size: int | None = None
    capacity: int | None = bounded(None, least=1)
    floor: int | None = bounded(None)
    evaluate_from: int | None = bounded(None, least=1)  # type: ignore[assignment]
    save_seconds: float | None = bounded(None, most=math.inf, unit="seconds")  # type: ignore[assignment]

    def filled(self, deep: str) -> Any:
        """Return the settings with nothing left open for a game whose ``deep`` side that is.

        Raises:
            ValueError: settings that do not fit such a game; names the key.
        """
        try:
            network = self.network.filled(deep)
        except ValueError as error:
            raise ValueError(f"trainer.{error}") from None
        trunk = str(network.deep)
        if self.memory != NONE and self.variant is not None:
            raise ValueError(f"trainer.variant must be left out where trainer.memory is not {NONE}, got {self.variant}")
        if trunk == PRIVATE and self.capacity is not None:
            raise ValueError(f"trainer.capacity must be left out where the private side has the trunk: all is kept, got {self.capacity:,}")
        return replace(filled(self, DEFAULTS[trunk]), network=network)

    def check(self, infostates: Callable[[], Infostates]) -> None:
        """Refuse boards where none are drawn, and fewer parameters than there can be."""
        if self.boards and infostates().sampler.boards == 1:
            raise ValueError(f"trainer.boards must be left out where no public cards are dealt, got {self.boards}")
        if self.network.parameters is not None:
            try:
                sized(self.network, infostates())
            except ValueError as error:
                raise ValueError(f"trainer.{error}") from None

    def start(self, infostates: Infostates) -> DeepCFR:
        """Return a run on a game, before its first iteration."""
        return DeepCFR(infostates, self)


DEFAULTS = {
    PUBLIC: DeepCFRConfig(
        iterations=256, network=SIZES[PUBLIC], advantage=FitConfig(steps=60, learning_rate=0.01, final_rate=0.1),
        policy=FitConfig(steps=500, learning_rate=0.01, final_rate=0.01), batch_size=0, capacity=200_000, evaluate_from=1, save_seconds=20,
    ),
    PRIVATE: DeepCFRConfig(
        iterations=128, network=SIZES[PRIVATE], advantage=FitConfig(steps=20, learning_rate=0.003, final_rate=0.1),
        policy=FitConfig(steps=400, learning_rate=0.003, final_rate=0.01), batch_size=4096, evaluate_from=8, save_seconds=60,
    ),
}  # fmt: skip


class DeepCFR(BaseRun):
    """A run of Deep CFR on one game. The same seed gives the same bits: torch works on one thread here, whatever the caller's setting.

    Raises:
        ValueError: settings that do not fit the game; names the key.
    """

    def __init__(self, infostates: Infostates, config: DeepCFRConfig | None = None) -> None:
        self.advantage_buffers: tuple[NetworkMemory | SampleBuffer, ...]
        self.strategy_buffers: tuple[SampleBuffer, ...]
        super().__init__(infostates, (config or DeepCFRConfig()).filled(infostates.deep))
        self.config.check(lambda: infostates)
        seeds = np.random.SeedSequence(self.config.seed).generate_state(5)
        self.advantages = tuple(make_network(self.config.network, infostates, p, int(seeds[p])) for p in (0, 1))
        self.optimisers = tuple(make_optimiser(network, self.config.advantage) for network in self.advantages)
        self._policy_seeds = (int(seeds[2]), int(seeds[3]))
        self.rng = np.random.default_rng(seeds[4])
        deep, size, free = self.config.network.deep, self.config.batch_size, self.config.memory == NONE
        self.variant = variant((self.config.variant or "dcfr_plus") if free else "linear_cfr")
        self._fitters = [make_fitter(deep, blocks, size, by_decision=free) for blocks in infostates.blocks]
        self.advantage_buffers = tuple(
            NetworkMemory(blocks, infostates.deals(p), self.variant) if free else self._buffer(blocks)
            for p, blocks in enumerate(infostates.blocks)
        )
        self.strategy_buffers = tuple(self._buffer(blocks) for blocks in infostates.blocks)
        self._outputs: list[list[Table] | None] = [None, None]  # of the advantage networks as they are
        self._played: list[list[Table] | None] = [None, None]
        self._trained: tuple[int, NetworkPolicy] | None = None  # at an iteration
        self.policy_multiply_adds = sum(self._cost(p, self.config.policy) for p in (0, 1))

    def _buffer(self, blocks: Sequence[Block]) -> ReservoirBuffer | SumBuffer:
        return ReservoirBuffer(blocks, self.config.capacity) if self.config.network.deep == PUBLIC else SumBuffer(blocks)

    @one_thread()
    def step(self) -> None:
        """Run one iteration."""
        start = time.perf_counter()
        t = self.iteration + 1
        for p in (0, 1):
            played = self.played(0), self.played(1)
            ratio = self.infostates.sampler.draw(self.config.boards, self.rng) if self.config.boards else None
            swept = self.infostates.sweep(played, p, ratio)
            learned = self._learned(p, swept, t)
            self.strategy_buffers[p].add(swept.row_reach, swept.reach, t**self.variant.gamma, self.rng, played[p])
            self._train_advantages(p, learned, t)
            self._outputs[p] = self._played[p] = None
        self.iteration = t
        self.seconds += time.perf_counter() - start

    def played(self, player: int) -> list[Table]:
        """Return what the player plays in self-play now, [C, R] a block: regret matching on the advantage network's outputs."""
        tables = self._played[player]
        if tables is None:
            if self.advantage_buffers[player].empty:
                tables = uniform_tables(self.infostates, player)
            else:
                tables = [table.astype(self.infostates.dtype, order="C") for table in self._said(player)]
                for table, block in zip(tables, self.infostates.blocks[player], strict=True):
                    match_highest(table, block.first_row)
            self._played[player] = tables
        return tables

    def _said(self, player: int) -> list[Table]:
        """Return what a player's advantage network says as it is, [C, R] a block."""
        tables = self._outputs[player]
        if tables is None:
            tables = self._outputs[player] = outputs(self.advantages[player], self.infostates, player)
        return tables

    def _learned(self, p: int, swept: Sweep, t: int) -> Any:
        """Remember the regrets of a player's in iteration t and return what the advantage network is to learn."""
        memory = self.advantage_buffers[p]
        if isinstance(memory, NetworkMemory):
            learned = memory.targets(None if memory.empty else self._said(p), swept, t)
            memory.keep(self._fitters[p].scales(learned))
            return learned
        memory.add(swept.regret, swept.cf_reach, t, self.rng)
        return memory

    def errors(self) -> dict[str, float]:
        """Return the losses, whose targets are divided by their root mean square."""
        return {f"advantage_loss/player_{p}": loss for p, loss in enumerate(self.losses)}

    def _train_advantages(self, p: int, learned: Any, t: int) -> None:
        fitter, config, decay = self._fitters[p], self.config.advantage, self.config.rate_decay
        if decay is not None:
            config = replace(config, learning_rate=config.learning_rate * math.sqrt(decay / (decay + t)))
        losses = fitter.advantage_losses(self.advantages[p], learned, self.rng)
        self.losses[p] = fit(self.optimisers[p], losses, config, fitter.tail)
        self.multiply_adds += self._cost(p, self.config.advantage)

    def _scales(self, p: int) -> list[Table]:
        """Return per block [K], what is at stake at each decision of a player's."""
        memory = self.advantage_buffers[p]
        scales: list[Table] = memory.scales if isinstance(memory, NetworkMemory) else self._fitters[p].scales(memory)
        return scales

    def _cost(self, p: int, config: FitConfig) -> int:
        cost: int = 3 * len(config.rates()) * self._fitters[p].multiply_adds(self.advantages[p])  # backward is two forwards
        return cost

    @one_thread()
    def policy(self) -> NetworkPolicy:
        """Train policy networks from scratch on the strategy buffers as they are and return what they play.

        Depends on nothing but the buffers and the seed, and changes nothing: asking earlier or more often does not change a run.

        Raises:
            ValueError: no iteration has been run.
        """
        if self.iteration == 0:
            raise ValueError("a policy must be trained on at least 1 iteration of self-play, got 0")
        if self._trained is None or self._trained[0] != self.iteration:
            start = time.perf_counter()
            policy = self._fitted(self.strategy_buffers, (self._scales(0), self._scales(1)))
            self._trained, self.policy_seconds = (self.iteration, policy), time.perf_counter() - start
        return self._trained[1]

    def _fitted(self, strategies: Sequence[Any], scales: Sequence[list[Table]]) -> NetworkPolicy:
        """Return policy networks, trained from scratch on both players' strategies; ``scales`` are [K] a block, what is at stake."""
        rng, networks = np.random.default_rng((self.config.seed, self.iteration)), []
        for p, fitter in enumerate(self._fitters):
            network = make_network(self.config.network, self.infostates, p, self._policy_seeds[p])
            losses = fitter.strategy_losses(network, strategies[p], scales[p], rng)
            fit(make_optimiser(network, self.config.policy), losses, self.config.policy)
            networks.append(network)
        return NetworkPolicy(self.infostates, (networks[0], networks[1]))

    @one_thread()
    def floor(self) -> Floor | None:
        """Return what the policy networks come to when they are fitted to a solution in the same way, None if it is not asked for."""
        if not self.config.floor:
            return None
        tables = solved(self.infostates, self.config.floor)
        strategies, scales = [], []
        for p, blocks in enumerate(self.infostates.blocks):
            swept = self.infostates.sweep(tables, p)
            strategies.append(Targets.of(blocks, swept.row_reach, swept.reach))
            scales.append(self._fitters[p].scales(Targets.of(blocks, swept.regret, swept.cf_reach)))
        start = time.perf_counter()
        policy = self._fitted(strategies, scales)
        seconds = time.perf_counter() - start
        fitted = self.infostates.exploitability((policy.tables(0), policy.tables(1)))
        return Floor(fitted, self.infostates.exploitability(tables), self.config.floor, seconds)
