"""ReBeL on games whose public tree is in memory: self-play with search trains a value network, which makes the search.

After Brown, Bakhtin, Lerer & Gong 2020, arXiv 2007.13544.

One iteration plays games of public belief states side by side, from one solve of the whole game on:

1. From the root on, each subgame is solved to the depth limit with the network's values at its leaves.
2. ``leaves`` of the first solve are drawn, and one of each later solve, with the ranges that the strategies of a random iteration of the
   solve bring there: searches ask about those. ``exploration`` of the leaves are drawn evenly, the others as often as both players come
   there. ``perturbed`` of them have each hand's weight changed at random.
3. What such a public belief state is worth to each hand is a row of the replay buffer. ``targets`` says where it comes from: ``bootstrap``
   (ReBeL's: the mean over the iterations of the state's own depth-limited solve) or ``solved`` (best responses to a solve to the end of the
   game, which only games that fit into memory allow).
4. The network makes ``steps`` steps of Adam on minibatches of the buffer. Searches ask an average of its weights so far (``averaging``).

Strength is that of the search with the network, exact: both seats are tabulated at ``evaluate_iterations`` iterations a decision.
"""

from __future__ import annotations

import math
import time
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, ClassVar, NamedTuple

import numpy as np

from agents.evaluation.strength import exploitability, tabulate
from agents.networks.beliefs import Pair, PublicStates
from agents.networks.threads import one_thread
from agents.networks.value import NetworkLeaves, ValueConfig, ValueNetwork, encoding_of, make_value_network, save_values
from agents.policy import UniformPolicy
from agents.runtime.storage import number_in, require, whole_in
from agents.search_agent import SearchAgent
from agents.training.base import BaseTrainer, TrainingRun
from agents.training.state import Held
from agents.training.value_learner import ValueLearner
from games.arrays import Float
from games.settings import bounded
from search import Budget, Variant, variant
from search.frontier import DepthLimit
from search.resolving import ResolveConfig
from search.tree.batch import DepthLimitedBatch
from search.tree.depth_limit import CutTree, cut
from search.tree.infostates import TreeInfostates
from search.tree.subgames import DepthLimitedSubgames

VALUES_FILE = "values.safetensors"
TARGETS = BOOTSTRAP, SOLVED = "bootstrap", "solved"


@dataclass(kw_only=True)
class RebelConfig(BaseTrainer):
    """Everything that a run of ReBeL depends on.

    Attributes:
        iterations: of self-play.
        depth: actions from a subgame's root to its leaves; none for the end of the round, behind the public card.
        targets: see the module.
        network: size of the value network.
        solve_iterations: of CFR in each solve of self-play.
        label_iterations: of each solve to the end, with ``targets=solved``.
        leaves: that are followed from the first solve of an iteration; from later ones it is one.
        exploration: share of leaves that are drawn evenly.
        perturbed: share of leaves whose ranges are changed at random.
        steps: of Adam in an iteration.
        batch_size: rows of a step.
        learning_rate: at the first step; it falls along a cosine to ``final_rate`` times as much at the last iteration.
        final_rate: as a fraction of ``learning_rate``.
        averaging: share of the average of all weights so far that an iteration keeps; searches use the average.
        capacity: rows of the replay buffer; the oldest make room.
        evaluate_iterations: of CFR in each decision that is measured.
    """

    name: ClassVar[str] = "rebel"
    title: ClassVar[str] = "ReBeL"
    may_differ: ClassVar[tuple[str, ...]] = (*BaseTrainer.may_differ, "evaluate_iterations")

    iterations: int = bounded(1000, least=1)
    depth: int | None = bounded(None, least=1, most=1000)
    targets: str = bounded(SOLVED, among=TARGETS)
    network: ValueConfig = field(default_factory=ValueConfig)
    solve_iterations: int = bounded(128, least=1)
    label_iterations: int = bounded(300, least=1)
    leaves: int = bounded(192, least=1)
    exploration: float = bounded(0.25, most=1)
    perturbed: float = bounded(0.25, most=1)
    steps: int = bounded(40, least=1)
    batch_size: int = bounded(512, least=1)
    learning_rate: float = bounded(3e-3, above=0, most=1e6)
    final_rate: float = bounded(0.02, most=1)
    averaging: float = bounded(0.95, most=1)
    capacity: int = bounded(200_000, least=1)
    evaluate_from: int = bounded(64, least=1)
    evaluate_iterations: int = bounded(200, least=1)

    def filled(self, deep: str) -> Any:
        """Refuse: it trains no policy."""
        raise ValueError(f"trainer must be one that trains a policy here, got {self.name}, which trains values for searches")


@dataclass(frozen=True)
class RebelRow:
    """What training came to at one point."""

    iteration: int
    rows: int  # public belief states so far
    seconds: float  # wall-clock, measuring excluded
    loss: float  # Huber loss of the iteration's steps, in stakes squared
    exploitability: float  # chips, of the search with the network, exact


class States(NamedTuple):
    """K public belief states."""

    nodes: list[int]
    ranges: Pair  # per player [K, H]


class RebelRun(TrainingRun[RebelRow, Path]):
    """A run of ReBeL on a game derived from OpenSpiel, between two iterations. The same seed gives the same bits."""

    def __init__(self, infostates: TreeInfostates, config: RebelConfig, form: Variant | None = None) -> None:
        super().__init__(infostates.game, config)
        self.infostates, self.variant = infostates, form or variant("default")
        self.tree = infostates.tree
        self.encoding = encoding_of(infostates, config.network)
        weights, sampling = np.random.SeedSequence(config.seed).generate_state(2)
        self.rng, encoding = np.random.default_rng(sampling), self.encoding
        self.learner: ValueLearner[ValueNetwork] = ValueLearner(
            lambda: make_value_network(config.network, encoding, int(weights)), encoding.length, sum(encoding.hands), config
        )
        self.leaves = NetworkLeaves(self.mean, self.encoding, config.name)
        self.limit = DepthLimit(self.leaves, config.depth)
        self._subgames = DepthLimitedSubgames(self.tree, self.variant, self.limit)
        self._ends: dict[int, CutTree] = {}

    @property
    def learners(self) -> tuple[ValueLearner[ValueNetwork], ...]:
        """All that learn."""
        return (self.learner,)

    @property
    def network(self) -> ValueNetwork:
        """The network that is trained."""
        return self.learner.network

    @property
    def mean(self) -> ValueNetwork:
        """The mean of its weights, which searches ask."""
        return self.learner.mean

    @one_thread()
    def step(self) -> None:
        """Run one iteration."""
        start = time.perf_counter()
        self._play()
        self.learner.fit(self.iteration, self.rng)
        self.leaves.take(self.mean)
        self.iteration += 1
        self.seconds += time.perf_counter() - start

    def _play(self) -> None:
        """Play games of public belief states side by side, from one solve of the whole game on; each state but the first is a row."""
        config, first = self.config, (np.ones((1, self.encoding.hands[0])), np.ones((1, self.encoding.hands[1])))
        states, cuts = States([0], first), [self._subgames.cut(0)]
        while states.nodes:
            batch, inner = DepthLimitedBatch(cuts, states.ranges, self.variant, self.leaves), states.nodes[0] > 0
            following = self._followed(batch, 1 if inner else config.leaves)
            if inner and config.targets == BOOTSTRAP:
                batch.run(config.solve_iterations - batch.iterations)
                self._add(states, batch.values())
            if following.nodes and config.targets == SOLVED:
                self._add(following, self._solved(following))
            states, cuts = following, [self._subgames.cut(node) for node in following.nodes]
            if config.targets == SOLVED and not any(cut.leaves.size for cut in cuts):
                break

    def _followed(self, batch: DepthLimitedBatch, count: int) -> States:
        """Return so many leaves of each subgame that has any, each at a random iteration of its solve, with the ranges there."""
        open_ = [k for k, cut in enumerate(batch.cuts) if cut.leaves.size]
        times = self.rng.integers(1, self.config.solve_iterations, (len(open_), count))
        nodes, ranges = list[int](), (list[Float](), list[Float]())
        for t in np.unique(times).tolist():
            batch.run(t - batch.iterations)
            present = batch.leaf_ranges()
            for k in np.array(open_)[np.nonzero(times == t)[0]].tolist():
                leaf = self._drawn(batch, k, present)
                nodes.append(batch.nodes[leaf])
                for p in (0, 1):
                    ranges[p].append(present[p][leaf])
        if not nodes:
            return States([], (np.zeros((0, 0)), np.zeros((0, 0))))
        first, second = (np.array(rows) for rows in ranges)
        changed = self.rng.random(len(nodes)) < self.config.perturbed
        first, second = (x * np.exp(changed[:, None] * self.rng.normal(size=x.shape)) for x in (first, second))
        return States(nodes, self.encoding.states(nodes).trembled((first, second)))

    def _drawn(self, batch: DepthLimitedBatch, k: int, ranges: Pair) -> int:
        """Return a leaf of subgame k, drawn evenly or as often as both players' present strategies come there."""
        first, end = batch.first_leaf[k], batch.first_leaf[k + 1]
        mass = np.matmul(np.matmul(ranges[0][first:end, None], batch.leaf_weights[first:end]), ranges[1][first:end, :, None])[:, 0, 0]
        if self.rng.random() < self.config.exploration or not mass.any():
            return int(self.rng.integers(first, end))
        leaf: int = first + int(self.rng.choice(end - first, p=mass / mass.sum()))
        return leaf

    def _solved(self, states: States) -> Pair:
        """Return per player [K, H] chips, best responses to solves to the end of the game, made zero-sum."""
        for node in states.nodes:
            if node not in self._ends:
                self._ends[node] = cut(self.tree, node, [])
        ranges, cuts = states.ranges, [self._ends[node] for node in states.nodes]
        ends = DepthLimitedBatch(cuts, ranges, self.variant, self.leaves)
        ends.run_to_the_end(self.config.label_iterations)
        cfvs, cf_reach = ends.best_responses(), _cf_reach(self.encoding.states(states.nodes), ranges)
        total, mass = sum((cfvs[p] * ranges[p]).sum(axis=1) for p in (0, 1)), (cf_reach[0] * ranges[0]).sum(axis=1)
        excess = np.divide(total, 2.0 * mass, out=np.zeros_like(mass), where=mass > 0)  # 0 where no two hands can meet
        first, second = (np.divide(v, reach, out=np.zeros_like(v), where=reach > 0) for v, reach in zip(cfvs, cf_reach, strict=True))
        return first - excess[:, None], second - excess[:, None]

    def _add(self, states: States, values: Pair) -> None:
        """Add rows: public belief states, and what they are worth to each hand, in chips."""
        seen = self.encoding.states(states.nodes)
        first, second = _cf_reach(seen, states.ranges)
        counts = seen.arranged(((first > 0).astype(np.float64), (second > 0).astype(np.float64)))
        self.learner.replay.add(seen.seen(states.ranges), seen.arranged(values) / seen.stakes[:, None] * counts, counts)

    def agent(self) -> SearchAgent:
        """Return the agent that searches with the network as it is; it reads the weights of this run."""
        rounds = "+".join(self.game.rounds)
        return SearchAgent(UniformPolicy(self.tree), self.variant, rounds, ResolveConfig("resolve"), limit=self.limit)

    def measure(self) -> RebelRow:
        """Measure the search with the network at this point."""
        agent, budget = self.agent(), Budget(iterations=self.config.evaluate_iterations)
        measured = exploitability((tabulate(agent, 0, budget), tabulate(agent, 1, budget)))
        return RebelRow(self.iteration, self.learner.replay.seen, self.seconds, self.learner.loss, measured)

    def curves(self) -> dict[str, float]:
        """Return the loss, and what was measured."""
        return super().curves() | {"loss": self.learner.loss}

    def errors(self) -> dict[str, float]:
        """Return the loss as a multiple of what it is where all values are off by what can be won or lost at most."""
        return {"loss": self.learner.relative_loss}

    def held(self) -> Held:
        """Return the network, the mean of its weights, its optimiser and the replay buffer."""
        return self.learner.held("values")

    def counters(self) -> dict[str, Any]:
        """Return the loss, and how many rows were seen."""
        return {"loss": self.learner.loss, "seen": self.learner.replay.seen}

    def restore(self, saved: dict[str, Any]) -> None:
        """See ``TrainingRun``."""
        history = [RebelRow(**row) for row in saved["history"]]
        require(number_in(saved["loss"], 0, math.inf), "loss must be a number of at least 0")
        require(whole_in(saved["seen"], 0, 2**53), "the rows seen must be a whole number")
        require(all(math.isfinite(value) for row in history for value in asdict(row).values()), "history must be finite")
        self.learner.loss, self.learner.replay.seen, self.history = float(saved["loss"]), saved["seen"], history
        self.leaves.take(self.mean)

    def finish(self, directory: Path) -> Path:
        """Write the value network; return its file."""
        path = directory / VALUES_FILE
        save_values(path, self.mean, self.game, f"{self.config.name}:{self.iteration}", self.describe())
        return path


def _cf_reach(states: PublicStates, ranges: Pair) -> Pair:
    """Return per player [B, H], what each hand meets."""
    return np.matmul(states.weights, ranges[1][:, :, None])[:, :, 0], np.matmul(ranges[0][:, None], states.weights)[:, 0]
