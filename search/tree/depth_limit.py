"""Subgames of a public tree that end at leaves: a smaller tree of their own, and the solver that asks what the leaves are worth."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from games import CHANCE, TERMINAL, PublicTree
from games.arrays import Float, Index
from games.kernels import DenseTerminals, aligned_zeros
from games.public_tree import Sequences
from search.frontier import LeafEvaluator, NoValuesError, mean_values
from search.kernels import UNSAFE, add_to_means, plain, sweep_to_leaves
from search.tree.solver import Solver
from search.tree.strategy import Strategy
from search.tree.subgame import Subgame
from search.variants import BLOCK, Variant, coefficients


def round_ends(tree: PublicTree, root: int, dealt: bool = False) -> list[int]:
    """Return where the round of a public node ends below it: before the public card, or after it.

    Args:
        tree: the game.
        root: a public node.
        dealt: after the card; each card is a leaf of its own.
    """
    nodes = range(root, int(tree.end[root]))
    ends = [n for n in nodes if tree.player[n] == CHANCE and tree.round[n] == tree.round[root]]
    return [child for end in ends for child in tree.children(end)] if dealt else ends


def after_actions(tree: PublicTree, root: int, actions: int) -> list[int]:
    """Return the decisions that so many actions of the players lead to from a public node; chance's steps are not counted."""
    found, level = list[int](), [(root, actions)]
    while level:
        node, left = level.pop()
        if tree.player[node] >= 0 and left == 0:
            found.append(node)
        elif tree.player[node] != TERMINAL:
            level += [(child, left - (tree.player[node] >= 0)) for child in tree.children(node)]
    return sorted(found)


@dataclass(frozen=True)
class CutTree:
    """A subgame cut at its leaves, as a public tree whose root is the subgame's. The leaves are terminals that pay nothing.

    Attributes:
        tree: of the subgame; its sequences begin at its root.
        nodes: [N] public node of the whole tree for each node.
        leaves: [B] the nodes of ``tree`` where play is cut.
        rows: per player [R] row of the whole tree for each row; row 0 is the player's last one before the root.
    """

    tree: PublicTree
    nodes: Index
    leaves: Index
    rows: tuple[Index, Index]

    def part_of(self, strategy: Strategy) -> Strategy:
        """Return the part of a strategy of the whole tree, at and below the subgame's root, that is above the leaves."""
        below = strategy.below(int(self.nodes[0]))
        first, second = (below.tables[p][self.rows[p][1:] - below.span.rows[p][0]] for p in (0, 1))
        return Strategy(self.tree, self.tree.subgame(0), (first, second))

    @cached_property
    def leaf_of(self) -> dict[int, int]:
        """The number of each leaf by its public node of the whole tree."""
        return {node: leaf for leaf, node in enumerate(self.nodes[self.leaves].tolist())}


def cut(tree: PublicTree, root: int, leaves: Sequence[int]) -> CutTree:
    """Return the subgame at and below a public node, cut at some of its nodes.

    Raises:
        ValueError: a leaf that is not below the root, that is below another one, or where the game is over.
    """
    inside = np.zeros(tree.num_nodes, bool)
    inside[root : tree.end[root]] = True
    marked = np.zeros(tree.num_nodes, bool)
    for leaf in leaves:
        if not (root < leaf < tree.end[root] and inside[leaf] and tree.player[leaf] != TERMINAL and not marked[leaf]):
            raise ValueError(f"leaves must be inner nodes below public node {root}, none below another, got {leaf}")
        inside[leaf + 1 : tree.end[leaf]] = False
        marked[leaf] = True
    nodes: Index = np.flatnonzero(inside).astype(np.uint32)
    before = np.append(0, np.cumsum(inside))  # how many nodes of the subgame stand before a node
    player = tree.player[nodes].copy()
    player[marked[nodes]] = TERMINAL
    decision = np.full(len(nodes), -1, np.int32)
    rows, sequences = list[Index](), list[Sequences]()
    for p in (0, 1):
        own, at = tree.sequences[p], np.flatnonzero(player == p)
        decision[at] = np.arange(len(at))
        old = tree.decision[nodes[at]]
        spans = [np.arange(own.first_row[k], own.first_row[k + 1]) for k in old]
        rows.append(np.concatenate([[tree.row[p, root]], *spans]).astype(np.uint32))
        first = np.concatenate([[1], 1 + np.cumsum([len(span) for span in spans])]).astype(np.uint32)
        action = np.append(-1, own.action[rows[p][1:]]).astype(np.int32)
        sequences.append(Sequences(at.astype(np.uint32), first, _renumbered(own.parent_row[old], rows[p]), action))
    row = np.stack([_renumbered(tree.row[p, nodes], rows[p]) for p in (0, 1)])
    small = PublicTree(
        tree.game, tree.hands, tree.chance_weights, tree.chance_of[nodes], player,
        np.where(nodes == root, -1, before[tree.parent[nodes]]).astype(np.int32),
        np.where(nodes == root, -1, tree.action[nodes]).astype(np.int32),
        before[tree.end[nodes]].astype(np.int32), tree.round[nodes], tuple(tree.labels[n] for n in nodes), row, decision,
        (sequences[0], sequences[1]), (_terminals(tree, 0, nodes, player, row), _terminals(tree, 1, nodes, player, row)),
    )  # fmt: skip
    return CutTree(small, nodes, np.flatnonzero(marked[nodes]).astype(np.uint32), (rows[0], rows[1]))


def _renumbered(old: Index, rows: Index) -> Index:
    """Return rows of the whole tree as rows of the subgame; those before its root are row 0. ``rows[1:]`` is in order."""
    at = np.searchsorted(rows[1:], old)
    there = (at < len(rows) - 1) & (rows[1:][np.minimum(at, len(rows) - 2)] == old) if len(rows) > 1 else np.zeros(len(old), bool)
    found: Index = np.where(there, at + 1, 0).astype(np.uint32)
    return found


def _terminals(tree: PublicTree, player: int, nodes: Index, kind: npt.NDArray[np.int8], row: Index) -> DenseTerminals:
    """Return the terminals of the subgame as a player sees them; a leaf pays nothing."""
    own, ends = tree.terminals[player], np.flatnonzero(kind == TERMINAL)
    leaf = tree.player[nodes[ends]] != TERMINAL
    index = np.where(leaf, 0, np.cumsum(tree.player == TERMINAL)[nodes[ends]] - 1)
    return DenseTerminals(
        row[player, ends], row[1 - player, ends],
        np.where(leaf, 0, own.matrix[index]).astype(np.uint32), np.where(leaf, 0.0, own.scale[index]),
        own.payoff, own.other_hands,
    )  # fmt: skip


@dataclass(frozen=True)
class CutAnswer:
    """What a depth-limited solve answered, by public nodes of the whole tree.

    Attributes:
        cut: what was solved.
        strategy: of both players, on ``cut.tree``.
        leaf_values: per player [B, H] chips, the mean of what the leaves were worth to each hand that meets anybody there.
    """

    cut: CutTree
    strategy: Strategy
    leaf_values: tuple[Float, Float]

    def _inside(self, node: int) -> int:
        at = int(np.searchsorted(self.cut.nodes, node))
        if at == len(self.cut.nodes) or self.cut.nodes[at] != node:
            raise ValueError(f"node must be of the subgame that was solved, got {node}")
        return at

    def covers(self, node: int) -> bool:
        """Say whether a decision lies in the subgame, above its leaves."""
        return node in self.cut.nodes and node not in self.cut.leaf_of

    def at(self, node: int) -> Float:
        """Return the acting player's [A, H] at one decision above the leaves, a view."""
        return self.strategy.at(self._inside(node))

    def ranges(self, node: int, start: tuple[Float, Float]) -> tuple[Float, Float]:
        """Return both players' reach [H] at a node or a leaf when they come to the root with ranges ``start``."""
        return self.strategy.ranges(self._inside(node), start)


class DepthLimitedSolver(Solver):
    """CFR on a cut tree. In each half of an iteration the leaves' cfvs are asked for, at the ranges that both players bring there.

    What the leaves are worth is averaged over iterations with the weights of the average strategy.

    Args:
        cut: the subgame.
        variant: of CFR.
        leaves: what says what the leaves are worth, by public nodes of the whole tree.
    """

    to_the_end = False

    def __init__(self, cut: CutTree, variant: Variant, leaves: LeafEvaluator[int]) -> None:
        self.cut, self.leaves = cut, leaves
        self._leaf_rows = tuple(cut.tree.row[p, cut.leaves] for p in (0, 1))
        self._leaf_cfvs = tuple(aligned_zeros(len(cut.leaves), cut.tree.num_hands(p)) for p in (0, 1))
        self._leaf_weights, self._root_weights = (cut.tree.chance_weights[cut.tree.chance_of[at]] for at in (cut.leaves, [0]))
        super().__init__(cut.tree, variant)

    def start(self, subgame: Subgame, warm: Strategy | None = None, warm_iterations: int = 0) -> None:
        """Begin a solve; see ``Solver``."""
        self.leaves.enter(self.cut.nodes[self.cut.leaves].tolist())
        super().start(subgame, warm, warm_iterations)
        hands = [self.tree.num_hands(p) for p in (0, 1)]
        self._leaf_sums = tuple(np.zeros((2, len(self.cut.leaves), own)) for own in hands)
        self._root_sums = tuple(np.zeros((2, 1, own)) for own in hands)

    def _seed(self, leaves: Sequence[tuple[Index, Float]]) -> None:
        """See ``Solver``, with what the leaves are worth at the start; without values the start is cold."""
        ranges, pairs = self.leaf_ranges(), list[tuple[Index, Float]]()
        try:
            for p in (0, 1):
                self._ask(p, ranges)
                pairs.append((self._leaf_rows[p], self._leaf_cfvs[p]))
        except NoValuesError:
            self._before = 0
        else:
            super()._seed(pairs)
        self.leaves.enter(self.cut.nodes[self.cut.leaves].tolist())  # who chooses among continuations has learnt from the question

    def run(self, iterations: int) -> None:
        """Do that many iterations."""
        for _ in range(iterations):
            block, t = divmod(self._before + self.iterations, BLOCK)
            weights = coefficients(self.variant, block)
            for p in (0, 1):
                self._half(p, weights, t)
            self.iterations += 1

    def _half(self, p: int, weights: Float, t: int) -> None:
        """Do a player's half of an iteration; raises NoValuesError, and is not begun, if the leaves' values are no numbers."""
        hands, ranges = self.tree.num_hands(p), self.leaf_ranges()
        cfvs = self._ask(p, ranges)
        kind = self.gadget.kind if self.gadget.player == p else UNSAFE
        sides = self._plain[p], self._plain[1 - p]
        other = self.sides[1 - p].reach[None, self.part.root_row[1 - p], : self.tree.num_hands(1 - p)].copy()
        sweep_to_leaves(*sides, self.spans[p], kind, plain(self.gadget)[2], self._leaf_rows[p], self._leaf_cfvs[p], weights, t)
        worth = self.sides[p].cfv[None, self.part.root_row[p], :hands].copy()
        add_to_means(p, self._leaf_sums[p], cfvs, self._leaf_weights, ranges[1 - p], weights[t, 2])
        add_to_means(p, self._root_sums[p], worth, self._root_weights, other, weights[t, 2])

    def _ask(self, p: int, ranges: tuple[Float, Float]) -> Float:
        """Return a player's cfvs [B, H] at the leaves for ranges there, and put them where kernels look; raises NoValuesError."""
        cfvs = np.ascontiguousarray(self.leaves.cfvs(p, ranges))
        if not np.isfinite(cfvs).all():
            raise NoValuesError("leaves must have finite values, got NaN or infinity")
        self._leaf_cfvs[p][:, : self.tree.num_hands(p)] = cfvs
        return cfvs

    def values(self) -> tuple[Float, Float]:
        """Return per player [H] chips, the mean over iterations of what the root was worth to each hand; 0 for hands that meet nobody."""
        first, second = (mean_values(sums)[0] for sums in self._root_sums)
        return first, second

    def leaf_values(self) -> tuple[Float, Float]:
        """Return per player [B, H] chips, the mean over iterations of what the leaves were worth to each hand."""
        first, second = (mean_values(sums) for sums in self._leaf_sums)
        return first, second

    def leaf_ranges(self) -> tuple[Float, Float]:
        """Return per player [B, H], the ranges that the present strategies bring to the leaves."""
        first, second = (self.sides[p].reach[:, : self.tree.num_hands(p)].take(self._leaf_rows[p], 0) for p in (0, 1))
        return first, second

    def exploitability(self, strategy: Strategy | None = None) -> float:
        """Return NaN: what an answer can lose depends on what is played below the leaves."""
        return float("nan")
