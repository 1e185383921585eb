"""Values of hold'em's streets by self-play with search, in games whose boards fit into memory: ReBeL with targets that are solved.

Two networks are trained. One says what it is worth to leave a street before the card: it ends searches there. The other one says what it is
worth to come to the next street behind the card: it says what hands are promised there. One iteration:

1. A board of the first street with cards is drawn, and with which ranges players come there: those of a random iterate of a solve of the
   whole game, ``perturbed`` of them changed at random.
2. The street is searched to its end with the first network, for a random number of iterations. The ranges that the present strategies
   bring there, ``perturbed`` of them changed once more, are public belief states that searches ask about.
3. Every board behind the card is solved to the end of the game (``search.boards.next_street``). Each is a row of the second network's
   replay buffer, and their mean over the cards one of the first network's.
4. Both networks make ``steps`` steps of Adam. Searches ask an average of their weights so far (``averaging``).

Whole solves make ranges and labels, so this is for games that fit into memory: there it is a proof of the method.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from agents.networks.street_values import END, START, StreetNetwork, layers_of, make_street_network, save_street_values
from agents.networks.threads import one_thread
from agents.networks.value import ValueConfig
from agents.runtime.storage import number_in, require, whole_in
from agents.training.base import BaseTrainer, TrainingRun
from agents.training.rebel import VALUES_FILE, RebelRow
from agents.training.state import Held
from agents.training.value_learner import ValueLearner
from games.arrays import Float
from games.holdem.rules import HoldemGame
from games.holdem.subtree import entering, street_lines
from games.public_tree import CHANCE
from games.settings import bounded
from search import BoardSolver, Budget, Variant, represent, variant
from search.beliefs import Beliefs
from search.boards.limited_subgames import LimitedBoardSubgames
from search.boards.next_street import NextStreet
from search.boards.path import Paths
from search.boards.representation import represent_boards
from search.boards.street_values import StreetEncoding, StreetLeaves
from search.frontier import DepthLimit
from search.gadgets import UNSAFE
from search.representation import exploitability
from search.resolving import ResolveConfig

STREET = 1  # whose end is learned


@dataclass(kw_only=True)
class StreetValuesConfig(BaseTrainer):
    """Everything that a training of street values depends on; more in ``BaseTrainer``.

    Attributes:
        network: size of each of the two networks.
        range_iterations: of the solve of the whole game whose iterates say with which ranges players come to the street.
        solve_iterations: at most, of each search of the street.
        label_iterations: of each solve to the end.
        perturbed: share of ranges that are changed at random.
        steps: of Adam in an iteration, for each network.
        batch_size: rows of a step.
        learning_rate: at the first step; it falls along a cosine to ``final_rate`` times as much at the last iteration.
        final_rate: as a fraction of ``learning_rate``.
        averaging: share of the average of all weights so far that an iteration keeps; searches use the average.
        capacity: rows of each replay buffer; the oldest make room.
        evaluate_iterations: of CFR in each decision that is measured.
    """

    name: ClassVar[str] = "street_values"
    title: ClassVar[str] = "street values"
    may_differ: ClassVar[tuple[str, ...]] = (*BaseTrainer.may_differ, "evaluate_iterations")

    iterations: int = bounded(1000, least=1)
    network: ValueConfig = field(default_factory=lambda: ValueConfig(hidden=256, layers=2))
    range_iterations: int = bounded(32, least=1, most=1 << 16)
    solve_iterations: int = bounded(64, least=1, most=1 << 16)
    label_iterations: int = bounded(60, least=1, most=1 << 16)
    perturbed: float = bounded(0.5, most=1)
    steps: int = bounded(24, least=1)
    batch_size: int = bounded(512, least=1)
    learning_rate: float = bounded(1e-3, above=0, most=1e6)
    final_rate: float = bounded(0.02, most=1)
    averaging: float = bounded(0.95, most=1)
    capacity: int = bounded(200_000, least=1)
    evaluate_from: int = bounded(64, least=1)
    evaluate_iterations: int = bounded(60, least=1)

    def filled(self, deep: str) -> Any:
        """Refuse: it trains no policy."""
        raise ValueError(f"trainer must be one that trains a policy here, got {self.name}, which trains values for searches")


class StreetValuesRun(TrainingRun[RebelRow, Path]):
    """A run between two iterations. The same seed gives the same bits.

    Args:
        game: whole, of at least three streets.
        config: settings.
        form: of CFR.
        progress: called with the iterations done of the solve that says with which ranges players come to the street.

    Raises:
        ValueError: see ``check_streets``.
    """

    def __init__(
        self,
        game: HoldemGame,
        config: StreetValuesConfig,
        form: Variant | None = None,
        progress: Callable[[int], None] | None = None,
    ) -> None:
        super().__init__(game, config)
        check_streets(game)
        self.variant, self.tree = form or variant("default_holdem"), represent_boards(game).tree
        ends, starts, sampling = (int(seed) for seed in np.random.SeedSequence(config.seed).generate_state(3))
        self.rng, hands = np.random.default_rng(sampling), len(game.hands)
        self.encodings = {END: StreetEncoding(game, self.tree, STREET, config.network.tremble)}
        self.encodings[START] = StreetEncoding(game, self.tree, STREET + 1, config.network.tremble)
        self.learning = {
            kind: ValueLearner(
                partial(make_street_network, config.network, self.encodings[kind], seed), self.encodings[kind].length, 2 * hands, config
            )
            for kind, seed in ((END, ends), (START, starts))
        }
        self.leaves = {
            kind: StreetLeaves(self.encodings[kind], layers_of(learner.mean), f"{config.name} {kind}")
            for kind, learner in self.learning.items()
        }
        self.limit = DepthLimit(self.leaves[END], None, self.leaves[START])
        self._nodes = entering(game, STREET)
        lines = street_lines(game, self._nodes, self.tree.weight.dtype, streets=1)
        self._search = LimitedBoardSubgames(game, self.tree, lines, self.variant, self.leaves[END])
        self._behind = NextStreet(game, self.tree, STREET + 1, self.variant)
        self._paid = np.array([float(game.bets.contribution[node, 0]) for node in self._behind.nodes])
        self._classes = alike_classes(game)
        self._boards = self.tree.on_street(STREET)
        weights = self.tree.weight[self._boards.start : self._boards.stop].astype(np.float64)
        self._chances = weights / weights.sum()
        self._ranges, self._blueprint = self._solved_ranges(progress or (lambda done: None))

    @property
    def learners(self) -> tuple[ValueLearner[StreetNetwork], ...]:
        """All that learn."""
        return tuple(self.learning.values())

    def _solved_ranges(self, tell: Callable[[int], None]) -> tuple[list[tuple[Float, Float]], Any]:
        """Return per iterate of a solve of the whole game both players' ranges [L, H] at the street's lines; and its last strategies."""
        solver, paths, iterates = BoardSolver(self.game, self.variant), Paths(self.game, self.tree), list[tuple[Float, Float]]()
        board, most = self._boards.start, self.config.range_iterations
        for count in sorted({min(2**k, most) for k in range(most.bit_length() + 1)}):
            while solver.iterations < count:
                solver.run(1)
                tell(solver.iterations)
            tables = solver.answer().tables
            reach = [paths.follow(paths.start(), node, board, tables).reach for node in self._nodes]
            by_hand = [np.zeros((len(self._nodes), len(self.game.hands))) for _ in (0, 1)]
            for p in (0, 1):
                by_hand[p][:, self.tree.hands_at(p, 0)] = np.array([line[p][:, 0] for line in reach])
            iterates.append((by_hand[0], by_hand[1]))
        return iterates, tuple(np.array(table) for table in solver.answer().tables)

    @one_thread()
    def step(self) -> None:
        """Run one iteration."""
        start = time.perf_counter()
        board = int(self.rng.choice(self._boards, p=self._chances))
        self._learn_from(board, self._searched(board, self._drawn()))
        for kind, learner in self.learning.items():
            learner.fit(self.iteration, self.rng)
            self.leaves[kind].take(layers_of(learner.mean))
        self.iteration += 1
        self.seconds += time.perf_counter() - start

    def _drawn(self) -> tuple[Float, Float]:
        """Return per player [L, H], ranges with which players may come to the street."""
        first, second = self._ranges[self.rng.integers(len(self._ranges))]
        return self._changed(first), self._changed(second)

    def _changed(self, ranges: Float) -> Float:
        """Return [L, H] ranges, some of them changed at random: hands that suits make alike by the same factor."""
        factors = self.rng.normal(size=(len(ranges), int(self._classes.max()) + 1)) * self.rng.uniform(0, 1.5, (len(ranges), 1))
        changed = self.rng.random((len(ranges), 1)) < self.config.perturbed
        varied: Float = np.where(changed, ranges * np.exp(factors)[:, self._classes], ranges)
        return varied

    def _searched(self, board: int, ranges: tuple[Float, Float]) -> tuple[Float, Float]:
        """Return per player [L, H], ranges at the end of the street that a search of it asks about, as networks see them."""
        search, hands = self._search, [self.tree.hands_at(p, 0) for p in (0, 1)]
        first, second = (ranges[p][:, hands[p]].T for p in (0, 1))
        search.enter(board, Beliefs(0, (first, second), None), self._blueprint, 0)
        search.restrict(np.ones(len(self._nodes), bool))
        search.start(UNSAFE, None, 0.0, 0)
        search.run(int(self.rng.integers(1, self.config.solve_iterations + 1)))
        first, second = (self._changed(reach) for reach in search.leaf_ranges())
        encoding = self.encodings[END]
        return encoding.trembled(board, first), encoding.trembled(board, second)

    def _learn_from(self, board: int, reach: tuple[Float, Float]) -> None:
        """Solve what is behind a board's street, and keep what it is worth."""
        values = self._behind.solve(board, reach, self.config.label_iterations)
        self._add(END, board, reach, self._behind.before(board, values))
        for i, child in enumerate(values.boards):
            live = self.encodings[START].cards(child).live
            totals = [(ranges * live).sum(axis=1, keepdims=True) for ranges in reach]
            shares = reach[0] * live / totals[0], reach[1] * live / totals[1]
            self._add(START, child, shares, (values.cfvs[0][i] / totals[1], values.cfvs[1][i] / totals[0]))

    def _add(self, kind: str, board: int, reach: tuple[Float, Float], cfvs: tuple[Float, Float]) -> None:
        """Add a row for each line."""
        self.learning[kind].replay.add(*self.encodings[kind].rows(board, self._paid, reach, cfvs))

    def measure(self) -> RebelRow:
        """Measure the search with the networks at this point, from the street on; before it the solve of the whole game is played."""
        game, blueprint = self.game, self._blueprint
        playing: Any = Playing(blueprint)
        resolver = represent(game).resolver(playing, self.variant, (STREET, STREET + 1), ResolveConfig("resolve"), 1, self.limit)
        tables = []
        for seat in (0, 1):
            swept = resolver.sweep(seat, Budget(iterations=self.config.evaluate_iterations), None, lambda street: None)
            assert swept is not None
            tables.append(swept[0][seat])
        measured = exploitability(represent(game), (tables[0], tables[1]))
        return RebelRow(self.iteration, self.learning[END].replay.seen, self.seconds, self.learning[END].loss, measured)

    def curves(self) -> dict[str, float]:
        """Return the losses, and what was measured."""
        return super().curves() | {f"loss/{kind}": learner.loss for kind, learner in self.learning.items()}

    def errors(self) -> dict[str, float]:
        """Return the losses as multiples of what they are where all values are off by what each player has put in."""
        return {f"loss/{kind}": learner.relative_loss for kind, learner in self.learning.items()}

    def held(self) -> Held:
        """Return networks, optimisers and replay buffers."""
        every = [learner.held(kind) for kind, learner in self.learning.items()]
        networks = {name: network for held in every for name, network in held.networks.items()}
        optimisers = {name: pair for held in every for name, pair in held.optimisers.items()}
        return Held(networks, optimisers, {name: memory for held in every for name, memory in held.memories.items()})

    def counters(self) -> dict[str, Any]:
        """Return the losses, and how many rows were seen."""
        learning = self.learning.items()
        return {"losses": {k: learner.loss for k, learner in learning}, "seen": {k: learner.replay.seen for k, learner in learning}}

    def restore(self, saved: dict[str, Any]) -> None:
        """See ``TrainingRun``."""
        losses, seen, history = saved["losses"], saved["seen"], [RebelRow(**row) for row in saved["history"]]
        require(set(losses) == set(seen) == set(self.learning), "losses and rows seen must be of both networks")
        require(all(number_in(loss, 0, math.inf) for loss in losses.values()), "losses must be numbers of at least 0")
        require(all(whole_in(rows, 0, 2**53) for rows in seen.values()), "the rows seen must be whole numbers")
        require(all(math.isfinite(value) for row in history for value in asdict(row).values()), "history must be finite")
        self.history = history
        for kind, learner in self.learning.items():
            learner.loss, learner.replay.seen = float(losses[kind]), seen[kind]
            self.leaves[kind].take(layers_of(learner.mean))

    def finish(self, directory: Path) -> Path:
        """Write both networks; return their file."""
        path = directory / VALUES_FILE
        networks = {kind: learner.mean for kind, learner in self.learning.items()}
        save_street_values(path, networks, self.game, f"{self.config.name}:{self.iteration}", self.describe())
        return path


def check_streets(game: HoldemGame) -> None:
    """Refuse a game whose streets have no values to be learned: it must begin before the flop, and play goes on behind the turn card.

    Raises:
        ValueError: another game.
    """
    if len(game.deals) < STREET + 2 or game.board:
        raise ValueError(f"game must begin before its first card and have two streets behind that one, to learn values, got {game.name}")
    bets = game.bets
    leaves = np.flatnonzero((bets.player == CHANCE) & (bets.round == STREET)).tolist()
    for leaf in leaves:
        if bets.contribution[leaf, 0] >= game.betting.stack:
            raise ValueError(f"game must leave both players chips behind street {STREET + 1}, to learn values, got {game.name}")


@dataclass(frozen=True)
class Playing:
    """What plays where nothing is searched: see ``search.boards.representation.BoardPolicy``."""

    tables: Any

    def strategies(self) -> Any:
        """Return both players' [stored rows, 8]."""
        return self.tables


def alike_classes(game: HoldemGame) -> npt.NDArray[np.int64]:
    """Return [H], the number of each hand's class; hands of a class are those that the deck's suits make alike."""
    named = np.array([game.hand_class(0, hand) for hand in range(len(game.hands))])
    classes: npt.NDArray[np.int64] = np.unique(named, return_inverse=True)[1]
    return classes
