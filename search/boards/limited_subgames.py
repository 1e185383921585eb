"""Subgames of hold'em that begin at a board and end before the next card, as ``search.resolving`` solves them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from games.arrays import Float32
from games.holdem.board_tree import BoardTree
from games.holdem.rules import HoldemGame, HoldemState
from games.holdem.subtree import Lines, Subtree, part_rows, subtree
from games.kernels.boards import HANDS, PARENT, STREET
from games.public_tree import CHANCE
from search.anytime import Anytime
from search.beliefs import Beliefs, Float
from search.boards.entrance import BoardEntrance
from search.boards.strategy import play_alike
from search.boards.subgames import FIRST, Answer, keep_lines, seed_from
from search.boards.sweeps import AS_IT_IS, BoardSweeps, Gadget, Rows, StoredRows
from search.boards.trunk import StoredStrategies, root_reach
from search.boards.workspace import Workspace
from search.budget import Paces
from search.frontier import LeafEvaluator, NoValuesError
from search.gadgets import TAGS, UNSAFE
from search.kernels.gadget import open_board
from search.kernels.streets import BACK, OUT_OTHER, OUT_OWN, UPDATE
from search.resolving import ResolveConfig, Resolved, learn_paces
from search.variants import BLOCK, Variant, coefficients
from search.warm_start import LIMITED_FACTOR

MOST_VISITS = 64  # iterations of a search whose ranges are kept


class Visit(NamedTuple):
    """An iteration's ranges at the leaves, per player [B, H] f4; ``decay`` is the product of all decays up to it."""

    decay: float
    first: Float32
    second: Float32


class Visits:
    """The ranges that the iterations of a search brought to its leaves, and what each counts in the mean: of long searches some iterations.

    Attributes:
        nodes: of the bets, by leaf.
    """

    def __init__(self, nodes: list[int]) -> None:
        self.nodes = nodes
        self._kept: list[Visit] = []
        self._stride, self._decay = 1, 1.0

    def add(self, iteration: int, decay: float, reach: tuple[Float, Float]) -> None:
        """Add an iteration's ranges, per player [B, H], from 0 on; ``decay`` is what all before count from now on."""
        if decay == 0:  # nothing before counts any more
            self._kept, self._decay = [], 1.0
        else:
            self._decay *= decay
        if (iteration + 1) % self._stride:
            return
        if len(self._kept) == MOST_VISITS:
            self._kept, self._stride = self._kept[1::2], 2 * self._stride
        if (iteration + 1) % self._stride == 0:
            self._kept.append(Visit(self._decay, reach[0].astype(np.float32), reach[1].astype(np.float32)))

    def at(self, node: int) -> tuple[Float, tuple[Float, Float]]:
        """Return [K], what K of the iterations count, and per player [K, H], the ranges that they brought to a leaf."""
        leaf = self.nodes.index(node)
        first = np.array([visit.first[leaf] for visit in self._kept], np.float64)
        second = np.array([visit.second[leaf] for visit in self._kept], np.float64)
        return np.array([self._decay / visit.decay for visit in self._kept]), (first, second)


class LimitedBoardSubgames(Anytime[Answer]):
    """See ``search.resolving.SubgameSolver``; places are boards of one street, which is not the last.

    In each half of an iteration the kernels go down to the leaves, their values are asked for, and the kernels go up from there. Answers
    cannot be judged: what they lose depends on what is played below the leaves.

    Args:
        game: whole.
        tree: its board tree.
        lines: that enter the street, with this street alone.
        variant: of CFR.
        leaves: what says what the leaves are worth; they are asked for line by line, as the tree of bets has them. Between two solves they
            may be others.
    """

    to_the_end = False
    warm_factor = LIMITED_FACTOR

    def __init__(self, game: HoldemGame, tree: BoardTree, lines: Lines, variant: Variant, leaves: LeafEvaluator[HoldemState]) -> None:
        super().__init__()
        self.game, self.tree, self.lines, self.variant, self.leaves = game, tree, lines, variant, leaves
        self.paces = Paces(self.pace)
        self._first, self._rows = int(np.argmax(tree.boards[:, STREET] == lines.street)), part_rows(tree, lines)
        self._nodes = leaf_nodes(game, lines)
        self._parts: dict[int, tuple[Subtree, list[HoldemState]]] = {}
        self._space, self._dtype, self._before_start = Workspace(), tree.weight.dtype, 0
        self._sweeps: BoardSweeps | None = None

    def warm_up(
        self, strategies: StoredStrategies, config: ResolveConfig, worth: int, deliver: Callable[[Resolved[Answer]], None] | None
    ) -> None:
        """Look at all boards and leaves once; learn the machine's speed from solves of the first, see ``search.resolving.learn_paces``."""
        for own in self.tree.on_street(self.lines.street):
            self.leaves.enter(self._cut(own)[1])
        place, board = int(self.tree.boards[self._first, PARENT]), self._first
        hands = [int(self.tree.boards[place, HANDS + p]) if place >= 0 else len(root_reach(self.game, p)) for p in (0, 1)]
        first, second = (np.ones((count, len(self.lines))) for count in hands)
        beliefs = Beliefs(place, (first, second), np.zeros_like(second))
        learn_paces(self, board, beliefs, strategies, replace(config, gadget=UNSAFE), worth, deliver)

    def size(self, place: int) -> int:
        """See ``SubgameSolver``."""
        return int(self._rows[place - self._first].sum())

    @property
    def rows(self) -> int:
        """Return the stored rows of the part at hand."""
        return sum(self._part.tree.stored_rows)

    @property
    def leaf_states(self) -> list[HoldemState]:
        """The leaves of the part at hand, in the order in which they are asked for."""
        return self._leaf_states

    def enter(self, place: int, beliefs: Beliefs, strategy: StoredStrategies | None, seat: int) -> BoardEntrance:
        """See ``SubgameSolver``; the strategy so far is played where nothing is solved."""
        assert strategy is not None
        self._before = strategy
        self._part, self._leaf_states = self._cut(place)
        if self._sweeps is None:
            self._sweeps = BoardSweeps(self._part.tree, 1, self._dtype)
        self._sweeps.look_at(self._part.tree)
        self._hands = [self._part.tree.hands_at(p, 0) for p in (0, 1)]
        self._root, self.iterations = BoardEntrance(self._part, beliefs, seat), 0
        self._reach = tuple(np.zeros((len(self._nodes), len(self.game.hands))) for _ in (0, 1))
        return self._root

    def _cut(self, place: int) -> tuple[Subtree, list[HoldemState]]:
        """Return a board's part and its leaves."""
        if place not in self._parts:
            states = [self.game.state_at(node, self.tree.cards[place]) for node in self._nodes]
            self._parts[place] = subtree(self.tree, self.lines, place), states
        return self._parts[place]

    def restrict(self, lines: npt.NDArray[np.bool_]) -> None:
        """See ``SubgameSolver``."""
        self._lines = lines

    def cfvs(self, answered: bool, best: bool) -> Float:
        """Return [H, L] of NaN: what the opponent can get depends on what is played below the leaves."""
        return np.full_like(self._root.cf_reach, np.nan)

    def left(self) -> Visits | None:
        """Return the ranges that searches below want to know; None before the first iteration. There are no gifts."""
        return self._visits if self.iterations else None

    def start(self, kind: str, bound: Float | None, spread: float, warm: int) -> None:
        """See ``SubgameSolver``; leaves without values make the start cold."""
        sweeps, root = self._swept, self._root
        regret, average = self._zeros("regret"), self._zeros("average")
        self._stored = StoredRows(regret, self._zeros("matching") if self.variant.predictive else regret, average)
        self._gadget, self.iterations, self._before_start, self._visits = None, 0, 0, Visits(self._nodes)
        root.enter(sweeps, self._lines)
        if kind != UNSAFE and bound is not None:
            gadget = self._gadget = Gadget(TAGS[kind], root.opponent, root.gadget(sweeps, bound, self._lines, spread))
            open_board(gadget.kind, tuple(gadget.arrays), sweeps.reach[root.opponent])
        self.leaves.enter(self._leaf_states)
        if warm:
            self._seed(warm)

    def _zeros(self, name: str) -> tuple[Rows, ...]:
        return tuple(self._space.zeros(f"{name} {p}", rows, self._dtype) for p, rows in enumerate(self._part.tree.stored_rows))

    def _seed(self, warm: int) -> None:
        """Make the start a warm one, as if so many iterations had been spent on the strategy so far: see ``search.kernels.warm``."""
        part, rows, before = self._part, self._stored, self._zeros("before")
        for p in (0, 1):
            part.take(p, self._before[p], before[p])
        try:
            for p in (0, 1):
                self._half(p, StoredRows(rows.regret, before, rows.average), FIRST, 0, None)
        except NoValuesError:
            for array in (*rows.regret, *rows.average):
                array[:] = 0.0
            return
        finally:
            self.leaves.enter(self._leaf_states)  # who chooses among continuations has learnt from the question
        self._before_start = warm
        seed_from(part, self.variant, before, rows, warm)

    def run(self, iterations: int) -> None:
        """Do that many iterations."""
        for _ in range(iterations):
            block, t = divmod(self._before_start + self.iterations, BLOCK)
            weights = coefficients(self.variant, block)
            for p in (0, 1):
                reach = self._half(p, self._stored, weights, t, self._gadget)
                if p == self._root.opponent:
                    self._visits.add(self.iterations, float(weights[t, 2]), reach)
            self.iterations += 1

    def _half(self, p: int, rows: StoredRows, weights: Float, t: int, gadget: Gadget | None) -> tuple[Float, Float]:
        """Do a player's half of an iteration; return per player [B, H], the ranges that it brought to the leaves."""
        sweeps = self._swept
        sweeps.down_to_leaves(p, rows, UPDATE, weights, t)
        reach = self._at_leaves(p)
        cfvs = self.leaves.cfvs(p, reach)
        if not np.isfinite(cfvs).all():
            raise NoValuesError(f"leaves must have finite values, got NaN or infinity from {self.leaves.name}")
        sweeps.at_leaves(p, BACK)[: len(self._hands[p]), : len(cfvs)] = cfvs[:, self._hands[p]].T
        sweeps.up_from_leaves(p, rows, UPDATE, weights, t, gadget)
        return reach

    def _at_leaves(self, p: int) -> tuple[Float, Float]:
        """Return per player [B, H], the ranges that a player's half brings to the leaves; the next half overwrites them."""
        for q, column in ((p, OUT_OWN), (1 - p, OUT_OTHER)):
            own = self._hands[q]
            self._reach[q][:, own] = self._swept.at_leaves(p, column)[: len(own), : len(self._nodes)].T
        return self._reach[0], self._reach[1]

    def leaf_ranges(self) -> tuple[Float, Float]:
        """Return per player [B, H], the ranges that the present strategies bring to the leaves."""
        self._swept.down_to_leaves(0, self._stored, UPDATE, AS_IT_IS, 0)
        return self._at_leaves(0)

    @property
    def _swept(self) -> BoardSweeps:
        assert self._sweeps is not None
        return self._sweeps

    def answer(self) -> Answer:
        """Return the average strategies, as views: they change when solving goes on."""
        for p in (0, 1) if self.iterations else ():
            play_alike(self._part.tree, p, self._stored.average[p])
        return Answer(self._part, (self._stored.average[0], self._stored.average[1]))

    def exploitability(self, strategy: Answer | None = None) -> float:
        """Return NaN: see ``cfvs``."""
        return float("nan")

    def played(self, answer: Answer, accepted: npt.NDArray[np.bool_]) -> Answer:
        """See ``SubgameSolver``; the answer's own arrays are changed."""
        others = np.logical_not(accepted)
        for p in (0, 1) if others.any() else ():
            before = np.empty_like(answer.average[p])
            self._part.take(p, self._before[p], before)
            keep_lines(self._part, p, others, before, answer.average[p])
        return answer


def leaf_nodes(game: HoldemGame, lines: Lines) -> list[int]:
    """Return the nodes of the bets where some lines leave their street, in the order of kernels."""
    bets = game.bets
    spans = [np.arange(node, bets.end[node]) for node in lines.nodes]
    found: list[int] = [n for span in spans for n in span[(bets.player[span] == CHANCE) & (bets.round[span] == lines.street)].tolist()]
    return found
