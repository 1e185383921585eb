"""ReBeL on games whose public tree is in memory: self-play with search trains a value network, which makes the search.

After Brown, Bakhtin, Lerer & Gong 2020, arXiv 2007.13544.

One iteration plays one game of public belief states:

1. From the root on, each subgame is solved to the depth limit with the network's values at its leaves.
2. A leaf is drawn, with the ranges that the strategies of a random iteration of the solve bring there: searches ask about those.
   ``exploration`` of the leaves are drawn evenly, the others as often as both players come there. ``perturbed`` of them have each hand's
   weight changed at random.
3. What such a public belief state is worth to each hand is a row of the replay buffer. ``targets`` says where it comes from: ``bootstrap``
   (ReBeL's: the mean over the iterations of the state's own depth-limited solve) or ``solved`` (best responses to a solve to the end of the
   game, which only games that fit into memory allow).
4. The network makes ``steps`` steps of Adam on minibatches of the buffer.

Strength is that of the search with the network, exact: both seats are tabulated at ``evaluate_iterations`` iterations a decision.
"""

from __future__ import annotations

import math
import time
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import torch

from agents.evaluation.strength import exploitability, tabulate
from agents.networks.regression import DivergenceError
from agents.networks.threads import one_thread
from agents.networks.value import NetworkLeaves, ValueConfig, encoding_of, make_value_network, save_values
from agents.policy import UniformPolicy
from agents.runtime.storage import number_in, require, whole_in
from agents.search_agent import SearchAgent
from agents.training.base import BaseTrainer, TrainingRun
from agents.training.state import Held
from games.arrays import Array, Float, Float32
from games.settings import bounded
from search import Budget, Solver, Variant, variant
from search.frontier import DepthLimit
from search.resolving import ResolveConfig
from search.tree.infostates import TreeInfostates
from search.tree.subgame import Subgame
from search.tree.subgames import DepthLimitedSubgames

VALUES_FILE = "values.safetensors"
DELTA = 0.25  # stakes: errors up to this count by their square
TARGETS = BOOTSTRAP, SOLVED = "bootstrap", "solved"


@dataclass(kw_only=True)
class RebelConfig(BaseTrainer):
    """Everything that a run of ReBeL depends on.

    Attributes:
        iterations: of self-play, one game each.
        depth: actions from a subgame's root to its leaves; none for the end of the round, behind the public card.
        targets: see the module.
        network: size of the value network.
        solve_iterations: of CFR in each solve of self-play.
        label_iterations: of each solve to the end, with ``targets=solved``.
        leaves: that are followed from the first solve of a game; from later ones it is one.
        exploration: share of leaves that are drawn evenly.
        perturbed: share of leaves whose ranges are changed at random.
        steps: of Adam in an iteration.
        batch_size: rows of a step.
        learning_rate: at the first step; it falls along a cosine to ``final_rate`` times as much at the last iteration.
        final_rate: as a fraction of ``learning_rate``.
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
    leaves: int = bounded(16, least=1)
    exploration: float = bounded(0.25, most=1)
    perturbed: float = bounded(0.25, most=1)
    steps: int = bounded(50, least=1)
    batch_size: int = bounded(512, least=1)
    learning_rate: float = bounded(2e-3, above=0, most=1e6)
    final_rate: float = bounded(0.02, most=1)
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


class Replay:
    """The last ``capacity`` rows: features [size, D], values [size, H0 + H1] and which of these count [size, H0 + H1], all f4."""

    def __init__(self, capacity: int, inputs: int, outputs: int) -> None:
        self.capacity, self.seen = capacity, 0
        self.arrays = {"features": np.zeros((0, inputs), np.float32)}
        self.arrays |= {name: np.zeros((0, outputs), np.float32) for name in ("values", "counts")}

    @property
    def size(self) -> int:
        """Rows held."""
        return min(self.seen, self.capacity)

    def add(self, features: Float32, values: Float, counts: Float) -> None:
        """Add a row."""
        at = self.seen % self.capacity
        if at >= len(self.arrays["features"]):
            room = min(self.capacity, max(1024, 2 * at))
            self.arrays = {name: np.concatenate([a, np.zeros((room - len(a), a.shape[1]), np.float32)]) for name, a in self.arrays.items()}
        for name, row in (("features", features), ("values", values), ("counts", counts)):
            self.arrays[name][at] = row
        self.seen += 1

    def state(self) -> dict[str, Array]:
        """Return the rows held (views)."""
        return {name: array[: self.size] for name, array in self.arrays.items()}

    def restore(self, state: dict[str, Array]) -> None:
        """Become the memory whose ``state`` it is, ``seen`` being known; raises ValueError if it is not such a state."""
        for name, array in self.arrays.items():
            rows = state[name]
            require(rows.shape == (self.size, array.shape[1]) and rows.dtype == np.float32, f"replay.{name} must have all rows")
        self.arrays = {name: state[name].copy() for name in self.arrays}

    def batch(self, size: int, rng: np.random.Generator) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """Return ``size`` rows, drawn evenly with replacement."""
        at = rng.integers(0, self.size, size)
        features, values, counts = (torch.from_numpy(self.arrays[name][at]) for name in ("features", "values", "counts"))
        return features, values, counts


class RebelRun(TrainingRun[RebelRow, Path]):
    """A run of ReBeL on a game derived from OpenSpiel, between two iterations. The same seed gives the same bits."""

    def __init__(self, infostates: TreeInfostates, config: RebelConfig, form: Variant | None = None) -> None:
        super().__init__(infostates.game, config)
        self.infostates, self.variant = infostates, form or variant("default")
        self.tree = infostates.tree
        self.encoding = encoding_of(infostates, config.network)
        weights, sampling = np.random.SeedSequence(config.seed).generate_state(2)
        self.network, self.rng = make_value_network(config.network, self.encoding, int(weights)), np.random.default_rng(sampling)
        self.optimiser = torch.optim.Adam(self.network.parameters(), lr=1.0, fused=True)
        self.leaves = NetworkLeaves(self.network, self.encoding, config.name)
        self.limit = DepthLimit(self.leaves, config.depth)
        self._subgames, self._whole = DepthLimitedSubgames(self.tree, self.variant, self.limit), Solver(self.tree, self.variant)
        self.replay = Replay(config.capacity, self.encoding.length, sum(self.encoding.hands))
        self.loss = 0.0

    @property
    def parameters(self) -> int:
        """Numbers of the network."""
        return sum(parameter.numel() for parameter in self.network.parameters())

    def memory_bytes(self) -> int:
        """Return the most that the replay buffer takes."""
        found: int = 4 * self.config.capacity * (self.encoding.length + 2 * sum(self.encoding.hands))
        return found

    @one_thread()
    def step(self) -> None:
        """Run one iteration."""
        start = time.perf_counter()
        self._play()
        self._fit()
        self.leaves.take(self.network)
        self.iteration += 1
        self.seconds += time.perf_counter() - start

    def _play(self) -> None:
        """Play one game of public belief states; each of them but the first is a row."""
        hands, config = self.encoding.hands, self.config
        open_: list[tuple[int, tuple[Float, Float]]] = [(0, (np.ones(hands[0]), np.ones(hands[1])))]
        while open_:
            node, ranges = open_.pop()
            solver = self._subgames.solver(node)
            if node and config.targets == SOLVED:
                self._add(node, ranges, self._solved(node, ranges))
            if solver is None:
                if node and config.targets == BOOTSTRAP:  # the game ends before the depth limit
                    self._add(node, ranges, self._solved(node, ranges))
                continue
            solver.start(Subgame(solver.tree, 0, ranges))
            for t in np.sort(self.rng.integers(1, config.solve_iterations, 1 if node else config.leaves)):
                solver.run(int(t) - solver.iterations)
                open_.append(self._drawn(solver))
            if node and config.targets == BOOTSTRAP:
                solver.run(config.solve_iterations - solver.iterations)
                self._add(node, ranges, solver.values())

    def _drawn(self, solver: Any) -> tuple[int, tuple[Float, Float]]:
        """Return a leaf of a solve and the ranges that its present strategies bring there, changed as configured."""
        rng, nodes, (first, second) = self.rng, solver.cut.nodes[solver.cut.leaves].tolist(), solver.leaf_ranges()
        mass = np.einsum("bi,bij,bj->b", first, self.encoding.weights(nodes), second)
        if rng.random() < self.config.exploration or not mass.any():
            leaf = int(rng.integers(len(nodes)))
        else:
            leaf = int(rng.choice(len(nodes), p=mass / mass.sum()))
        changed = rng.random() < self.config.perturbed
        weights = self.encoding.weights(nodes[leaf : leaf + 1])
        ranges = []
        for player, reach in enumerate((first[leaf], second[leaf])):
            live = (weights.max(axis=2 - player) > 0).astype(np.float64)
            tilted = reach * np.exp(rng.normal(size=len(reach))) if changed else reach
            ranges.append(self.encoding.trembled(tilted[None], live)[0])
        return nodes[leaf], (ranges[0], ranges[1])

    def _solved(self, node: int, ranges: tuple[Float, Float]) -> tuple[Float, Float]:
        """Return per player [H] chips, best responses to a solve to the end of the game, made zero-sum."""
        solver, weights = self._whole, self.encoding.weights([node])[0]
        solver.start(Subgame(self.tree, node, ranges))
        solver.run(self.config.label_iterations)
        answer = solver.answer()
        cf_reach = weights @ ranges[1], ranges[0] @ weights
        cfvs = [solver.evaluator.best_response_cfvs(answer, p, ranges[1 - p]) for p in (0, 1)]
        mass = float(cf_reach[0] @ ranges[0])
        excess = float(cfvs[0] @ ranges[0] + cfvs[1] @ ranges[1]) / (2.0 * mass) if mass > 0 else 0.0  # no two hands can meet
        first, second = (np.divide(cfvs[p], cf_reach[p], out=np.zeros_like(cfvs[p]), where=cf_reach[p] > 0) - excess for p in (0, 1))
        return first, second

    def _add(self, node: int, ranges: tuple[Float, Float], values: tuple[Float, Float]) -> None:
        """Add a row: a public belief state, its ranges as the network sees them, and what it is worth to each hand, in chips."""
        weights = self.encoding.weights([node])[0]
        counts = np.concatenate([weights @ ranges[1] > 0, ranges[0] @ weights > 0]).astype(np.float64)
        features = np.concatenate([self.encoding.public(node), *ranges]).astype(np.float32)
        self.replay.add(features, np.concatenate(values) / self.encoding.stakes[node] * counts, counts)

    def _fit(self) -> None:
        """Train the network on minibatches."""
        config, losses = self.config, list[float]()
        fraction = min(self.iteration / config.iterations, 1.0)
        rate = config.learning_rate * (config.final_rate + (1 - config.final_rate) * 0.5 * (1 + math.cos(math.pi * fraction)))
        self.optimiser.param_groups[0]["lr"] = rate
        for _ in range(config.steps):
            features, values, counts = self.replay.batch(config.batch_size, self.rng)
            error = torch.nn.functional.huber_loss(self.network(features), values, reduction="none", delta=DELTA)
            loss = (error * counts).sum() / counts.sum()
            self.optimiser.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            self.optimiser.step()
            losses.append(float(loss.detach()))
        self.loss = sum(losses) / len(losses)
        if not math.isfinite(self.loss):
            raise DivergenceError(
                f"training loss must be finite, got {self.loss} at iteration {self.iteration + 1}: lower trainer.learning_rate"
            )

    def agent(self) -> SearchAgent:
        """Return the agent that searches with the network as it is; it reads the weights of this run."""
        rounds = "+".join(self.game.rounds)
        return SearchAgent(UniformPolicy(self.tree), self.variant, rounds, ResolveConfig("resolve"), limit=self.limit)

    def measure(self) -> RebelRow:
        """Measure the search with the network at this point."""
        agent, budget = self.agent(), Budget(iterations=self.config.evaluate_iterations)
        measured = exploitability((tabulate(agent, 0, budget), tabulate(agent, 1, budget)))
        return RebelRow(self.iteration, self.replay.seen, self.seconds, self.loss, measured)

    def curves(self) -> dict[str, float]:
        """Return the loss, and what was measured."""
        return super().curves() | {"loss": self.loss}

    def errors(self) -> dict[str, float]:
        """Return the loss as a multiple of what it is where all values are off by what can be won or lost at most."""
        return {"loss": self.loss / (DELTA * (1 - DELTA / 2))}

    def held(self) -> Held:
        """Return the network, its optimiser and the replay buffer."""
        return Held({"values": self.network}, {"optimiser": (self.optimiser, self.network)}, {"replay": self.replay})

    def counters(self) -> dict[str, Any]:
        """Return the loss, and how many rows were seen."""
        return {"loss": self.loss, "seen": self.replay.seen}

    def restore(self, saved: dict[str, Any]) -> None:
        """See ``TrainingRun``."""
        history = [RebelRow(**row) for row in saved["history"]]
        require(number_in(saved["loss"], 0, math.inf), "loss must be a number of at least 0")
        require(whole_in(saved["seen"], 0, 2**53), "the rows seen must be a whole number")
        require(all(math.isfinite(value) for row in history for value in asdict(row).values()), "history must be finite")
        self.loss, self.replay.seen, self.history = float(saved["loss"]), saved["seen"], history
        self.leaves.take(self.network)

    def finish(self, directory: Path) -> Path:
        """Write the value network; return its file."""
        path = directory / VALUES_FILE
        save_values(path, self.network, self.game, f"{self.config.name}:{self.iteration}", self.describe())
        return path
