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

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import ClassVar, NamedTuple

import numpy as np

from agents.evaluation.strength import exploitability, tabulate
from agents.networks.beliefs import Pair, PublicStates
from agents.networks.value import NetworkLeaves, ValueConfig, ValueNetwork, encoding_of, make_value_network, save_values
from agents.policy import UniformPolicy
from agents.search_agent import SearchAgent
from agents.training.generation import Weights
from agents.training.value_learner import Rows, ValueLearner, ValueTrainer
from agents.training.value_run import VALUES_FILE, ValueRun
from games.arrays import Float
from games.settings import bounded
from search import Budget, Variant, variant
from search.frontier import DepthLimit
from search.resolving import ResolveConfig
from search.tree.batch import DepthLimitedBatch
from search.tree.depth_limit import CutTree, cut
from search.tree.infostates import TreeInfostates
from search.tree.subgames import DepthLimitedSubgames

TARGETS = BOOTSTRAP, SOLVED = "bootstrap", "solved"


@dataclass(kw_only=True)
class RebelConfig(ValueTrainer):
    """Everything that a run of ReBeL depends on; more in ``ValueTrainer``.

    Attributes:
        depth: actions from a subgame's root to its leaves; none for the end of the round, behind the public card.
        targets: see the module.
        network: size of the value network.
        solve_iterations: of CFR in each solve of self-play.
        label_iterations: of each solve to the end, with ``targets=solved``.
        leaves: that are followed from the first solve of an iteration; from later ones it is one.
        exploration: share of leaves that are drawn evenly.
    """

    name: ClassVar[str] = "rebel"
    title: ClassVar[str] = "ReBeL"

    depth: int | None = bounded(None, least=1, most=1000)
    targets: str = bounded(SOLVED, among=TARGETS)
    network: ValueConfig = field(default_factory=ValueConfig)
    solve_iterations: int = bounded(128, least=1)
    label_iterations: int = bounded(300, least=1)
    leaves: int = bounded(192, least=1)
    exploration: float = bounded(0.25, most=1)


class States(NamedTuple):
    """K public belief states."""

    nodes: list[int]
    ranges: Pair  # per player [K, H]


VALUES = "values"  # name of the network


class SelfPlay:
    """Makes rows; see ``agents.training.generation.Generator``."""

    def __init__(self, infostates: TreeInfostates, config: RebelConfig, form: Variant) -> None:
        self.tree, self.config, self.variant = infostates.tree, config, form
        self.encoding = encoding_of(infostates, config.network)
        self.leaves = NetworkLeaves(make_value_network(config.network, self.encoding, 0), self.encoding)
        self._subgames = DepthLimitedSubgames(self.tree, form, DepthLimit(self.leaves, config.depth))
        self._ends: dict[int, CutTree] = {}

    def generate(self, weights: Weights, rng: np.random.Generator) -> dict[str, Rows]:
        """Return the rows of an iteration."""
        self.leaves.take(weights[VALUES])
        made = list(self._played(rng))
        return {VALUES: Rows(*(np.concatenate(arrays) for arrays in zip(*made, strict=True)))}

    def _played(self, rng: np.random.Generator) -> Iterator[Rows]:
        """Play games of public belief states side by side, from one solve of the whole game on; each state but the first is a row."""
        config, first = self.config, (np.ones((1, self.encoding.hands[0])), np.ones((1, self.encoding.hands[1])))
        states, cuts = States([0], first), [self._subgames.cut(0)]
        while states.nodes:
            batch, inner = DepthLimitedBatch(cuts, states.ranges, self.variant, self.leaves), states.nodes[0] > 0
            following = self._followed(batch, 1 if inner else config.leaves, rng)
            if inner and config.targets == BOOTSTRAP:
                batch.run(config.solve_iterations - batch.iterations)
                yield self._rows(states, batch.values())
            if following.nodes and config.targets == SOLVED:
                yield self._rows(following, self._solved(following))
            states, cuts = following, [self._subgames.cut(node) for node in following.nodes]
            if config.targets == SOLVED and not any(cut.leaves.size for cut in cuts):
                break

    def _followed(self, batch: DepthLimitedBatch, count: int, rng: np.random.Generator) -> States:
        """Return so many leaves of each subgame that has any, each at a random iteration of its solve, with the ranges there."""
        open_ = [k for k, cut in enumerate(batch.cuts) if cut.leaves.size]
        times = rng.integers(1, self.config.solve_iterations, (len(open_), count))
        nodes, ranges = list[int](), (list[Float](), list[Float]())
        for t in np.unique(times).tolist():
            batch.run(t - batch.iterations)
            present = batch.leaf_ranges()
            for k in np.array(open_)[np.nonzero(times == t)[0]].tolist():
                leaf = self._drawn(batch, k, present, rng)
                nodes.append(batch.nodes[leaf])
                for p in (0, 1):
                    ranges[p].append(present[p][leaf])
        if not nodes:
            return States([], (np.zeros((0, 0)), np.zeros((0, 0))))
        first, second = (np.array(rows) for rows in ranges)
        changed = rng.random(len(nodes)) < self.config.perturbed
        first, second = (x * np.exp(changed[:, None] * rng.normal(size=x.shape)) for x in (first, second))
        return States(nodes, self.encoding.states(nodes).trembled((first, second)))

    def _drawn(self, batch: DepthLimitedBatch, k: int, ranges: Pair, rng: np.random.Generator) -> int:
        """Return a leaf of subgame k, drawn evenly or as often as both players' present strategies come there."""
        first, end = batch.first_leaf[k], batch.first_leaf[k + 1]
        mass = np.matmul(np.matmul(ranges[0][first:end, None], batch.leaf_weights[first:end]), ranges[1][first:end, :, None])[:, 0, 0]
        if rng.random() < self.config.exploration or not mass.any():
            return int(rng.integers(first, end))
        leaf: int = first + int(rng.choice(end - first, p=mass / mass.sum()))
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

    def _rows(self, states: States, values: Pair) -> Rows:
        """Return rows: public belief states, and what they are worth to each hand, in chips."""
        seen = self.encoding.states(states.nodes)
        first, second = _cf_reach(seen, states.ranges)
        counts = seen.arranged(((first > 0).astype(np.float64), (second > 0).astype(np.float64)))
        return Rows(seen.seen(states.ranges), seen.arranged(values) / seen.stakes[:, None] * counts, counts)


class RebelRun(ValueRun):
    """A run of ReBeL on a game derived from OpenSpiel, between two iterations. The same seed gives the same bits."""

    def __init__(self, infostates: TreeInfostates, config: RebelConfig, form: Variant | None = None) -> None:
        self.variant, self.tree = form or variant("default"), infostates.tree
        weights, sampling = (int(seed) for seed in np.random.SeedSequence(config.seed).generate_state(2))
        play = SelfPlay(infostates, config, self.variant)
        encoding = play.encoding
        self.learner: ValueLearner[ValueNetwork] = ValueLearner(
            lambda: make_value_network(config.network, encoding, weights), encoding.length, sum(encoding.hands), config
        )
        self.encoding, self.leaves = encoding, NetworkLeaves(self.mean, encoding, config.name)
        self.limit = DepthLimit(self.leaves, config.depth)
        super().__init__(
            infostates.game, config, {VALUES: self.learner}, play, partial(SelfPlay, infostates, config, self.variant), sampling
        )

    @property
    def network(self) -> ValueNetwork:
        """The network that is trained."""
        return self.learner.network

    @property
    def mean(self) -> ValueNetwork:
        """The mean of its weights, which searches ask."""
        return self.learner.mean

    def ask(self, weights: Weights) -> None:
        """See ``ValueRun``."""
        self.leaves.take(weights[VALUES])

    def agent(self) -> SearchAgent:
        """Return the agent that searches with the network as it is; it reads the weights of this run."""
        rounds = "+".join(self.game.rounds)
        return SearchAgent(UniformPolicy(self.tree), self.variant, rounds, ResolveConfig("resolve"), limit=self.limit)

    def strength(self) -> float:
        """See ``ValueRun``."""
        agent, budget = self.agent(), Budget(iterations=self.config.evaluate_iterations)
        return exploitability((tabulate(agent, 0, budget), tabulate(agent, 1, budget)))

    def finish(self, directory: Path) -> Path:
        """Write the value network; return its file."""
        path = directory / VALUES_FILE
        save_values(path, self.mean, self.game, f"{self.config.name}:{self.iteration}", self.describe())
        return path


def _cf_reach(states: PublicStates, ranges: Pair) -> Pair:
    """Return per player [B, H], what each hand meets."""
    return np.matmul(states.weights, ranges[1][:, :, None])[:, :, 0], np.matmul(ranges[0][:, None], states.weights)[:, 0]
