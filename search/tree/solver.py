"""The solver: alternating CFR on a subgame, anytime, within a budget."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence

import numpy as np

from games import PublicTree
from games.arrays import Bool, Float, Index
from games.kernels import LANES, aligned_zeros
from games.public_tree import Slice
from search.anytime import Anytime
from search.gadgets import TAGS, gadget_exploitability
from search.kernels import (
    UNSAFE,
    Choice,
    GadgetArrays,
    Side,
    begin_choice,
    iterate,
    match_regrets,
    plain,
    propagate_reach,
    reach_of_choice,
    seed,
)
from search.tree.evaluator import Evaluator, exploitability_of, span_of
from search.tree.held import LARGE, MOST, HeldNodes
from search.tree.strategy import Strategy, uniform
from search.tree.subgame import Subgame, whole_game
from search.variants import BLOCK, Variant, average_weight, coefficients
from search.warm_start import WARM_REGRET_SCALE

NO_ROWS, NO_CFVS = np.zeros(0, np.uint32), aligned_zeros(0, LANES)  # of a subgame without leaves
EMPTY_ROWS = 17  # what two empty sweeps cost, in rows


class Solver(Anytime[Strategy]):
    """CFR on any subgame of one tree. Arrays are allocated once and reused from solve to solve. Not for two threads at a time."""

    def __init__(self, tree: PublicTree, variant: Variant) -> None:
        super().__init__()
        self.tree, self.variant = tree, variant
        self.evaluator = Evaluator(tree)
        self.sides = (self._side(0), self._side(1))
        self._plain = (plain(self.sides[0]), plain(self.sides[1]))
        self._policy = tuple(aligned_zeros(tree.num_rows(p), tree.num_hands(p)) for p in (0, 1))
        self._uniform = uniform(tree)
        self._gadgets = tuple(self._no_gadget(p) for p in (0, 1))
        self._choices = tuple(GadgetArrays(*gadget.arrays) for gadget in self._gadgets)  # views
        self._held: HeldNodes | None = None
        self.start(whole_game(tree))

    def hold(self, decisions: Mapping[int, tuple[Float, Bool]]) -> None:
        """Hold the strategies of some decisions in the whole game, see ``search.tree.held.HeldNodes``, and begin it anew."""
        self._held = HeldNodes(self.tree, decisions) if decisions else None
        self.start(whole_game(self.tree))

    def _write_held(self) -> None:
        if self._held is not None:
            for side, held in zip(self.sides, self._held.sides, strict=True):
                held.write(side.regret, LARGE)

    def _side(self, player: int) -> Side:
        sequences = self.tree.sequences[player]
        arrays = [aligned_zeros(self.tree.num_rows(player), self.tree.num_hands(player)) for _ in range(5)]
        return Side(sequences.first_row, sequences.parent_row, self.tree.terminals[player], *arrays)

    def _no_gadget(self, player: int) -> Choice:
        return Choice(UNSAFE, player, np.zeros((len(GadgetArrays._fields), self.tree.padded_hands(player), 1)))

    def memory_bytes(self) -> int:
        """Return the size of the solver's and the tree's arrays in bytes."""
        own = sum(a.nbytes for side in self.sides for a in side[3:]) + sum(a.nbytes for a in self._policy)
        return own + self.evaluator.memory_bytes() + self.tree.memory_bytes()

    def start(self, subgame: Subgame, warm: Strategy | None = None, warm_iterations: int = 0) -> None:
        """Begin a solve; the one before is forgotten.

        Args:
            subgame: what to solve.
            warm: a strategy to start from, covering the subgame.
            warm_iterations: how many iterations ``warm`` counts for; with 0 it is only the first strategy.
        """
        if warm_iterations < 0:
            raise ValueError(f"warm_iterations must be at least 0, got {warm_iterations}")
        if subgame.tree is not self.tree:
            raise ValueError(f"subgame must be of the solver's tree {self.tree.game}, got {subgame.tree.game}")
        if warm is not None and warm.tree is not self.tree:
            raise ValueError(f"warm must be a strategy of the solver's tree {self.tree.game}, got one of {warm.tree.game}")
        self.subgame = subgame
        self.part = self.tree.subgame(subgame.node)
        self.spans = (span_of(self.part, 0), span_of(self.part, 1))
        self.iterations, self._before = 0, warm_iterations if warm is not None else 0
        start = (self._uniform if warm is None else warm).below(subgame.node)
        for p, side in enumerate(self.sides):
            lo, hi = self.part.rows[p]
            side.regret[lo:hi] = 0.0
            side.average[lo:hi] = 0.0
            side.strategy[lo:hi] = start.tables[p]
            root = side.reach[self.part.root_row[p]]
            root[:] = 0.0
            root[: len(subgame.ranges[p])] = subgame.ranges[p]
        if self._held is not None:
            if subgame.node or subgame.gadget is not None:
                raise ValueError(f"subgame must be the whole game where decisions are held, got public node {subgame.node}")
            for side, held in zip(self.sides, self._held.sides, strict=True):
                held.write(side.strategy)
        self.gadget = self._gadgets[0] if subgame.gadget is None else self._open(subgame)
        for side, span in zip(self.sides, self.spans, strict=True):
            propagate_reach(side.first_row, side.parent_row, span, side.strategy, side.reach)
        if self._before:
            self._seed(((NO_ROWS, NO_CFVS), (NO_ROWS, NO_CFVS)))

    def _seed(self, leaves: Sequence[tuple[Index, Float]]) -> None:
        """Set regrets and averages as if the iterations before had been spent on the strategy at the start.

        Args:
            leaves: per player, the last rows before leaves [B] and the player's cfvs there [B, padded H].
        """
        # regrets grow with the square root of iterations; the average's weight so far is the sum of (t / T)^gamma
        counts = WARM_REGRET_SCALE**2 * self._before, self._before / (self.variant.gamma + 1.0)
        for p in (0, 1):
            seed(self._plain[p], self.sides[1 - p].reach, self.spans[p], *leaves[p], *counts)

    def _open(self, subgame: Subgame) -> Choice:
        """Load the subgame's gadget and set the opponent's reach at the root to what follows from a choice between equals."""
        spot = subgame.gadget
        assert spot is not None
        gadget = self._gadgets[spot.opponent]._replace(kind=TAGS[spot.kind])
        arrays, hands, cf_reach = self._choices[spot.opponent], len(spot.bounds), subgame.cf_reach()
        arrays.cf_reach[:hands, 0] = cf_reach
        arrays.bound[:hands, 0] = np.where(cf_reach > 0, spot.bounds, 0.0)
        arrays.spread[:hands, 0] = spot.spread * cf_reach
        arrays.model[:hands, 0] = subgame.ranges[spot.opponent]
        begin_choice(plain(gadget), self.sides[spot.opponent].reach[self.part.root_row[spot.opponent]])
        return gadget

    @property
    def rows(self) -> int:
        """Rows of the subgame and what an iteration costs without any: what an iteration's time grows with."""
        return rows_of(self.part)

    @property
    def head_start(self) -> int:
        """Return the iterations that the strategy at the start counted for."""
        return self._before

    @property
    def iterations_with_warm_start(self) -> int:
        """Return the iterations done so far and those that the strategy at the start counted for."""
        return self._before + self.iterations

    def run(self, iterations: int) -> None:
        """Do that many iterations."""
        while iterations > 0:
            block, begin = divmod(self._before + self.iterations, BLOCK)
            end = min(begin + iterations, BLOCK)
            if self._held is not None:
                end = min(end, begin + MOST)
                self._write_held()
            iterate(*self._plain, *self.spans, plain(self.gadget), coefficients(self.variant, block), begin, end)
            self.iterations += end - begin
            iterations -= end - begin

    def answer(self) -> Strategy:
        """Return the average strategy at and below the subgame's root (a copy); before the first iteration, the start."""
        tables = []
        for p, (side, span) in enumerate(zip(self.sides, self.spans, strict=True)):
            lo, hi = self.part.rows[p]
            if self.iterations:
                match_regrets(side.first_row, span, side.average, self._policy[p])
                tables.append(self._policy[p][lo:hi].copy())
            else:
                tables.append(side.strategy[lo:hi].copy())
        found = Strategy(self.tree, self.part, (tables[0], tables[1]))
        return found if self._held is None else self._held.fixed(found)

    def choice(self) -> Float:
        """Return [H], the gadget's average choice: probability of entering; for maxmargin of picking each hand, which add up to one."""
        arrays = self._choices[self.gadget.player]
        hands = self.tree.num_hands(self.gadget.player)
        if not self.iterations:
            start: Float = arrays.choice[:hands, 0].copy()
            return start
        weight = average_weight(self.variant, self._before, self._before + self.iterations)
        average: Float = arrays.chosen[:hands, 0] / weight
        return average

    def exploitability(self, strategy: Strategy | None = None) -> float:
        """Return NashConv / 2 of the answer in the game being solved, the gadget included, in chips weighted by reach.

        The opponent's part of the answer includes its average choice above the root; see ``search.gadgets.gadget_exploitability``. NaN with
        distributional bounds: not measured.
        """
        strategy = self.answer() if strategy is None else strategy
        gadget = self.subgame.gadget
        if gadget is None:
            return exploitability_of(*self.best_response_values(strategy))
        if gadget.spread:
            return float("nan")
        opponent, own = gadget.opponent, self.subgame.ranges[1 - gadget.opponent]
        reach, unasked = self._reach_of(self.choice()), self._reach_of(np.zeros(len(gadget.bounds)))
        theirs = self.evaluator.best_response_cfvs(strategy, opponent, own)
        ours = (self.evaluator.best_response_cfvs(strategy, 1 - opponent, reach) * own).sum()
        columns = (column[:, None] for column in (reach, unasked, gadget.bounds, self.subgame.cf_reach()))
        return float(gadget_exploitability(self.gadget.kind, theirs[:, None], ours[None], *columns)[0])

    def best_response_values(self, strategy: Strategy, free: bool = False) -> tuple[float, float]:
        """Return what best responses have in the subgame without its gadget; where ``free`` they need not play what is held."""
        ranges, found = self.subgame.ranges, list[float]()
        for p in (0, 1):
            cfvs = self.evaluator.best_response_cfvs(strategy, p, ranges[1 - p])
            if self._held is not None and not free:
                cfvs = self._held.mended(p, self.evaluator.last_cfvs(p))[: len(cfvs)]
            found.append(float((cfvs * ranges[p]).sum()))
        return found[0], found[1]

    def _reach_of(self, choice: Float) -> Float:
        """Return [H], the opponent's reach at the root that follows from a choice."""
        padded = np.zeros(self.tree.padded_hands(self.gadget.player))
        padded[: len(choice)] = choice
        row = np.zeros_like(padded)
        reach_of_choice(plain(self.gadget), padded, row)
        return row[: len(choice)]

    def calibrate(self) -> None:
        """Learn the machine's speed on the whole game, so that the first deadline is used as well as the later ones; takes 5 ms."""
        self.start(whole_game(self.tree))
        end = time.perf_counter() + 5e-3
        while time.perf_counter() < end:
            now = time.perf_counter()
            self.run(8)
            self._learn(8, time.perf_counter() - now)
        answers = []
        for _ in range(5):
            now = time.perf_counter()
            self.answer()
            answers.append(time.perf_counter() - now)
        self._answer_seconds = 2 * min(answers)  # the first one loaded a kernel


def rows_of(part: Slice) -> int:
    """Return ``Solver.rows`` of a part of a tree."""
    return sum(hi - lo for lo, hi in part.rows) + EMPTY_ROWS
