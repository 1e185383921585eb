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

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from agents.networks.street_values import END, START, make_street_network, save_street_values
from agents.networks.value import ValueConfig, layers_of
from agents.training.generation import Weights
from agents.training.value_learner import Rows, ValueLearner, ValueTrainer
from agents.training.value_run import VALUES_FILE, ValueRun
from games.arrays import Float
from games.holdem.rules import HoldemGame
from games.holdem.subtree import entering, street_lines
from games.public_tree import CHANCE
from games.settings import bounded
from search import BoardSolver, Budget, Variant, represent, variant
from search.beliefs import Beliefs
from search.boards.limited_subgames import LimitedBoardSubgames
from search.boards.next_street import NextStreet, StreetValues
from search.boards.path import Paths
from search.boards.representation import represent_boards
from search.boards.street_values import StreetEncoding, StreetLeaves
from search.frontier import DepthLimit
from search.gadgets import UNSAFE
from search.representation import exploitability
from search.resolving import ResolveConfig

Pair = tuple[Float, Float]  # by player
STREET = 1  # whose end is learned


@dataclass(kw_only=True)
class StreetValuesConfig(ValueTrainer):
    """Everything that a training of street values depends on; more in ``ValueTrainer``.

    Attributes:
        network: size of each of the two networks.
        range_iterations: of the solve of the whole game whose iterates say with which ranges players come to the street.
        solve_iterations: at most, of each search of the street.
        label_iterations: of each solve to the end.
    """

    name: ClassVar[str] = "street_values"
    title: ClassVar[str] = "street values"

    network: ValueConfig = field(default_factory=lambda: ValueConfig(hidden=192, layers=2))
    range_iterations: int = bounded(32, least=1, most=1 << 16)
    solve_iterations: int = bounded(64, least=1, most=1 << 16)
    label_iterations: int = bounded(32, least=1, most=1 << 16)
    perturbed: float = bounded(0.5, most=1)
    steps: int = bounded(24, least=1)
    learning_rate: float = bounded(2e-3, above=0, most=1e6)
    evaluate_iterations: int = bounded(60, least=1)


class StreetSelfPlay:
    """Makes rows; see ``agents.training.generation.Generator``.

    Args:
        game: whole, of at least three streets.
        config: settings.
        form: of CFR.
        progress: called with the iterations done of the solve that says with which ranges players come to the street.
    """

    def __init__(self, game: HoldemGame, config: StreetValuesConfig, form: Variant, progress: Callable[[int], None] | None = None) -> None:
        self.game, self.config, self.variant, self.tree = game, config, form, represent_boards(game).tree
        self.encodings = {END: StreetEncoding(game, self.tree, STREET, config.network.tremble)}
        self.encodings[START] = StreetEncoding(game, self.tree, STREET + 1, config.network.tremble)
        new = make_street_network(config.network, self.encodings[END], 0)
        self.leaves = StreetLeaves(self.encodings[END], layers_of(new))
        self._nodes = entering(game, STREET)
        lines = street_lines(game, self._nodes, self.tree.weight.dtype, streets=1)
        self._search = LimitedBoardSubgames(game, self.tree, lines, form, self.leaves)
        self._behind = NextStreet(game, self.tree, STREET + 1, form)
        self._paid = np.array([float(game.bets.contribution[node, 0]) for node in self._behind.nodes])
        self._classes = alike_classes(game)
        self._boards = self.tree.on_street(STREET)
        weights = self.tree.weight[self._boards.start : self._boards.stop].astype(np.float64)
        self._chances = weights / weights.sum()
        self._ranges, self.blueprint = self._solved_ranges(progress or (lambda done: None))

    def generate(self, weights: Weights, rng: np.random.Generator) -> dict[str, Rows]:
        """Return the rows of an iteration."""
        self.leaves.take(weights[END])
        board = int(rng.choice(self._boards, p=self._chances))
        reach = self._searched(board, self._drawn(rng), rng)
        values = self._behind.solve(board, reach, self.config.label_iterations)
        rows = [self._rows(START, child, *self._below(child, i, reach, values)) for i, child in enumerate(values.boards)]
        starts = Rows(*(np.concatenate(arrays) for arrays in zip(*rows, strict=True)))
        return {END: self._rows(END, board, reach, self._behind.before(board, values)), START: starts}

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

    def _drawn(self, rng: np.random.Generator) -> Pair:
        """Return per player [L, H], ranges with which players may come to the street."""
        first, second = self._ranges[rng.integers(len(self._ranges))]
        return self._changed(first, rng), self._changed(second, rng)

    def _changed(self, ranges: Float, rng: np.random.Generator) -> Float:
        """Return [L, H] ranges, some of them changed at random: hands that suits make alike by the same factor."""
        factors = rng.normal(size=(len(ranges), int(self._classes.max()) + 1)) * rng.uniform(0, 1.5, (len(ranges), 1))
        changed = rng.random((len(ranges), 1)) < self.config.perturbed
        varied: Float = np.where(changed, ranges * np.exp(factors)[:, self._classes], ranges)
        return varied

    def _searched(self, board: int, ranges: Pair, rng: np.random.Generator) -> Pair:
        """Return per player [L, H], ranges at the end of the street that a search of it asks about, as networks see them."""
        search, hands = self._search, [self.tree.hands_at(p, 0) for p in (0, 1)]
        first, second = (ranges[p][:, hands[p]].T for p in (0, 1))
        search.enter(board, Beliefs(0, (first, second), None), self.blueprint, 0)
        search.restrict(np.ones(len(self._nodes), bool))
        search.start(UNSAFE, None, 0.0, 0)
        search.run(int(rng.integers(1, self.config.solve_iterations + 1)))
        first, second = (self._changed(reach, rng) for reach in search.leaf_ranges())
        encoding = self.encodings[END]
        return encoding.trembled(board, first), encoding.trembled(board, second)

    def _below(self, child: int, i: int, reach: Pair, values: StreetValues) -> tuple[Pair, Pair]:
        """Return both players' ranges on a board behind the card as shares, and the cfvs that hands have against these."""
        live = self.encodings[START].cards(child).live
        totals = [(ranges * live).sum(axis=1, keepdims=True) for ranges in reach]
        shares = reach[0] * live / totals[0], reach[1] * live / totals[1]
        return shares, (values.cfvs[0][i] / totals[1], values.cfvs[1][i] / totals[0])

    def _rows(self, kind: str, board: int, reach: Pair, cfvs: Pair) -> Rows:
        """Return a row for each line."""
        return Rows(*self.encodings[kind].rows(board, self._paid, reach, cfvs))


class StreetValuesRun(ValueRun):
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
        check_streets(game)
        self.variant = form or variant("default_holdem")
        ends, starts, sampling = (int(seed) for seed in np.random.SeedSequence(config.seed).generate_state(3))
        play = StreetSelfPlay(game, config, self.variant, progress)
        learning = {
            kind: ValueLearner(
                partial(make_street_network, config.network, play.encodings[kind], seed),
                play.encodings[kind].length,
                2 * len(game.hands),
                config,
            )
            for kind, seed in ((END, ends), (START, starts))
        }
        self.leaves = {
            kind: StreetLeaves(play.encodings[kind], layers_of(learner.mean), f"{config.name} {kind}") for kind, learner in learning.items()
        }
        self.limit, self._blueprint = DepthLimit(self.leaves[END], None, self.leaves[START]), play.blueprint
        super().__init__(game, config, learning, play, partial(StreetSelfPlay, game, config, self.variant), sampling)

    def ask(self, weights: Weights) -> None:
        """See ``ValueRun``."""
        for kind, leaves in self.leaves.items():
            leaves.take(weights[kind])

    def strength(self) -> float:
        """Measure the search from the street on; before it the solve of the whole game is played."""
        game, blueprint = self.game, self._blueprint
        playing: Any = Playing(blueprint)
        config = ResolveConfig("resolve", warm_start="never")  # the solve of the whole game must not help
        resolver = represent(game).resolver(playing, self.variant, (STREET, STREET + 1), config, 1, self.limit)
        tables = []
        for seat in (0, 1):
            swept = resolver.sweep(seat, Budget(iterations=self.config.evaluate_iterations), None, lambda street: None)
            assert swept is not None
            tables.append(swept[0][seat])
        return exploitability(represent(game), (tables[0], tables[1]))

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
        if bets.contribution[leaf, 0] >= game.stack:
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
