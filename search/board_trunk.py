"""Above a street's subgames in hold'em: who comes there with which hands, and what the opponent gave away on the way.

A *strategy so far* is a pair of arrays [stored rows, 8] of the whole game's board tree, one per player, in proportion to the action
probabilities (``BoardSolver.average``).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple, Protocol

import numpy as np
import numpy.typing as npt

from games.betting_forest import betting_streets
from games.board_subtree import Lines, entering, street_lines, subtree
from games.board_tree import BoardTree
from games.cards import CARDS
from games.holdem import HoldemGame
from games.kernels import LANES
from games.kernels.boards import CHILD, CHILD_END, DECISION, DECISIONS, FIRST_ROW, HAND, HANDS, LINES, PARENT, ROWS, STORE, STREET
from games.public_tree import CHANCE
from search.board_sweeps import BoardSweeps, Rows
from search.kernels.streets import BEST, VALUE

Float = npt.NDArray[np.float64]


class RowsSoFar(Protocol):
    """A player's [stored rows, 8] as walks read them: an array, a mapped file, or one with a part solved anew (search.board_overlay)."""

    def __getitem__(self, rows: slice, /) -> Rows:
        """Return some rows."""
        ...


Strategies = tuple[Rows, Rows]
SoFar = tuple[RowsSoFar, RowsSoFar]
NOTHING = 1e-12  # of the total: masses below are sums of rounding errors


class Arrival(NamedTuple):
    """How both players come to the street below a board.

    Attributes:
        board: the board above; -1 above the first street.
        reach: per player [its hands there, lines of the street].
        gifts: [the opponent's hands there, lines] chips that each hand gave away on the way; None if nobody asked.
    """

    board: int
    reach: tuple[Float, Float]
    gifts: Float | None


def root_reach(game: HoldemGame, player: int) -> Float:
    """Return [hands at the root, 1], the weights of a player's hands."""
    live = game.live[player]
    return live[live > 0][:, None]


def above(tree: BoardTree, player: int, board: int) -> npt.NDArray[np.int64]:
    """Return, for each of a player's hands at a board, its index among the hands of the board above."""
    first, count = int(tree.boards[board, HAND + player]), int(tree.boards[board, HANDS + player])
    return tree.hands[player].above[first : first + count].astype(np.int64)


def mass_at(tree: BoardTree, player: int, board: int, other: Float) -> Float:
    """Return [hands of the board, lines], the other player's reach that each of the player's hands can meet.

    Args:
        tree: whole or a part.
        player: whose hands.
        board: where.
        other: [the other's hands of the board, lines].
    """
    firsts, counts = tree.boards[board, HAND : HAND + 2], tree.boards[board, HANDS : HANDS + 2]
    own, others = (slice(int(firsts[p]), int(firsts[p] + counts[p])) for p in (player, 1 - player))
    hands = tree.hands[1 - player]
    by_card = np.zeros((CARDS, other.shape[1]))
    np.add.at(by_card, hands.low[others], other)
    np.add.at(by_card, hands.high[others], other)
    mine = tree.hands[player]
    same = np.append(other, np.zeros((1, other.shape[1])), axis=0)[np.minimum(mine.same[own], len(other))]
    total = other.sum(axis=0)
    mass = total - by_card[mine.low[own]] - by_card[mine.high[own]] + same
    return np.where(mass > NOTHING * total, mass, 0.0)


def board_weights(tree: BoardTree) -> Float:
    """Return [boards], the probability of each board's cards given the two hands, boards that suits make equal together."""
    weight = tree.weight.astype(np.float64)
    for b in range(1, len(weight)):
        weight[b] *= weight[int(tree.boards[b, PARENT])]
    return weight


def row_reach(tree: BoardTree, player: int, stored: RowsSoFar, board: int, entry: Float) -> Float:
    """Return [rows, hands], a player's reach of every row of a board.

    Args:
        tree: whole.
        player: whose.
        stored: [stored rows, 8] the player's strategy.
        board: where.
        entry: [hands of the board, lines] the reach of the street's lines there.
    """
    forest, s = tree.forests[player], int(tree.boards[board, STREET])
    table = forest.table[s]
    lines, rows, hands = int(table[LINES]), int(table[ROWS]), int(tree.boards[board, HANDS + player])
    tiles, first = -(-hands // LANES), int(tree.boards[board, STORE + player])
    own = stored[first : first + tiles * (rows - lines)].reshape(tiles, rows - lines, LANES)
    sums = np.maximum(own.transpose(1, 0, 2).reshape(rows - lines, -1)[:, :hands].astype(np.float64), 0.0)
    reach = np.zeros((rows, hands))
    reach[:lines] = entry.T
    for k in range(int(table[DECISIONS])):
        low, high = (int(forest.first_row[int(table[FIRST_ROW]) + k + i]) for i in (0, 1))
        x = sums[low - lines : high - lines]
        total = x.sum(axis=0)
        share = np.where(total > 0, x / np.where(total > 0, total, 1.0), 1.0 / (high - low))
        reach[low:high] = reach[int(forest.parent_row[int(table[DECISION]) + k])] * share
    return reach


class Trunk:
    """Walks a strategy so far down to the boards above a street.

    Args:
        game: whole.
        tree: its board tree.
        strategies: so far.
        street: where the walk ends.
        giver: the player whose gifts are wanted; None for nobody's.
        best: gifts in best-response values, as safe bounds are; else in the strategies' own values.
        known: of each street above, the strategies so far when it was played, whose values its gifts are in; ``strategies`` unless given.
    """

    def __init__(
        self,
        game: HoldemGame,
        tree: BoardTree,
        strategies: SoFar,
        street: int,
        giver: int | None = None,
        best: bool = True,
        known: Sequence[SoFar] | None = None,
    ) -> None:
        self.game, self.tree, self.strategies, self.street, self.giver = game, tree, strategies, street, giver
        self.known = [strategies] * street if known is None else known
        self._mode = BEST if best else VALUE
        self._streets = betting_streets(game.bets, (0,))
        self._lines: dict[int, Lines] = {}
        self._sweeps: dict[int, BoardSweeps] = {}

    def arrivals(self) -> Iterator[Arrival]:
        """Yield how both players come to the street, in the order of the boards above it."""
        if self.street == 0:
            yield self.start(-1)
        else:
            yield from self._below(self.start(0))

    def arrival(self, board: int) -> Arrival:
        """Return how both players come to the street at one board above it; -1 above the first street."""
        way = [board]
        while way[-1] > 0:
            way.append(int(self.tree.boards[way[-1], PARENT]))
        entry = self.start(way.pop())
        if entry.board < 0:
            return entry
        found = self.leave(entry)
        for child in reversed(way):
            found = self.leave(self.enter(child, found))
        return found

    def start(self, board: int) -> Arrival:
        """Return how both players come to the first board; -1 is above it."""
        roots = (root_reach(self.game, 0), root_reach(self.game, 1))
        return Arrival(board, roots, None if self.giver is None else np.zeros(roots[self.giver].shape))

    def _below(self, entry: Arrival) -> Iterator[Arrival]:
        board, tree = entry.board, self.tree
        found = self.leave(entry)
        if int(tree.boards[board, STREET]) == self.street - 1:
            yield found
            return
        for child in range(int(tree.boards[board, CHILD]), int(tree.boards[board, CHILD_END])):
            yield from self._below(self.enter(child, found))

    def enter(self, child: int, found: Arrival) -> Arrival:
        """Return how both players come to a board, of how they left the one above."""
        places = [above(self.tree, p, child) for p in (0, 1)]
        inner = (found.reach[0][places[0]], found.reach[1][places[1]])
        return Arrival(child, inner, None if found.gifts is None else found.gifts[places[self.giver or 0]])

    def leave(self, entry: Arrival) -> Arrival:
        """Return how both players leave a board's street, of how they came to it."""
        s = int(self.tree.boards[entry.board, STREET])
        rows = [row_reach(self.tree, p, self.strategies[p], entry.board, entry.reach[p]) for p in (0, 1)]
        exits = [np.array(self._streets[s][p].exit_row, np.int64) for p in (0, 1)]
        gifts = None if entry.gifts is None else self._gifts(entry, rows)
        return Arrival(entry.board, (rows[0][exits[0]].T, rows[1][exits[1]].T), gifts)

    def _gifts(self, entry: Arrival, rows: list[Float]) -> Float:
        """Return [the giver's hands, lines of the next street], gifts so far and those of this board.

        At a decision of the giver's with values v(a) of its hand, per mass of the hand, an action a gives max v - v(a) away; in the
        strategies' own values it gives sum_a strategy(a) v(a) - v(a), if that is positive.
        """
        assert self.giver is not None
        assert entry.gifts is not None
        bets, giver, board = self.game.bets, self.giver, entry.board
        s = int(self.tree.boards[board, STREET])
        values = self._values(entry)
        own_row, other_row = self._streets[s][giver].row, self._streets[s][1 - giver].row
        entries = {node: line for line, node in enumerate(entering(self.game, s))}
        gifts: dict[int, Float] = {}
        found = []
        for node in own_row:
            if node in entries:
                gifts[node] = entry.gifts[:, entries[node]]
            here, player = gifts[node], int(bets.player[node])
            if player == CHANCE:
                found.append(here)
            if player < 0:
                continue
            children = bets.children(node)
            if player == giver:
                mass = mass_at(self.tree, giver, board, rows[1 - giver][other_row[node]][:, None])[:, 0]
                worth = np.array([values[own_row[child]] for child in children])
                value = worth.max(axis=0) if self._mode == BEST else self._mean(worth, rows[giver], own_row[node], own_row[children[0]])
                given = np.maximum(value - worth, 0.0) / np.where(mass > 0, mass, np.inf)
            for i, child in enumerate(children):
                gifts[child] = here + given[i] if player == giver else here
        return np.stack(found, axis=1)

    @staticmethod
    def _mean(worth: Float, reach: Float, above_row: int, first_row: int) -> Float:
        """Return [hands], the mean worth of actions under the giver's own strategy; 0 for hands that never come there."""
        total = reach[above_row]
        shares = reach[first_row : first_row + len(worth)] / np.where(total > 0, total, np.inf)
        mean: Float = (shares * worth).sum(axis=0)
        return mean

    def _values(self, entry: Arrival) -> Float:
        """Return [rows, the giver's hands], the cfvs of the giver's rows at a board."""
        assert self.giver is not None
        tree, s = self.tree, int(self.tree.boards[entry.board, STREET])
        if s not in self._lines:
            self._lines[s] = street_lines(self.game, entering(self.game, s), tree.weight.dtype)
        part = subtree(tree, self._lines[s], entry.board)
        if s not in self._sweeps:
            self._sweeps[s] = BoardSweeps(part.tree, 1, tree.weight.dtype)
        sweeps = self._sweeps[s]
        sweeps.look_at(part.tree)
        own = [np.zeros((part.tree.stored_rows[p], LANES), tree.weight.dtype) for p in (0, 1)]
        for p in (0, 1):
            part.take(p, self.known[s][p], own[p])
            sweeps.reach[p][:] = 0
            places = above(tree, p, entry.board)
            sweeps.reach[p][places, : entry.reach[p].shape[1]] = entry.reach[p]
        sweeps.evaluate((own[0], own[1]), self._mode)
        count = int(tree.forests[self.giver].table[s, ROWS])
        return sweeps.watched(self.giver, count, int(tree.boards[entry.board, HANDS + self.giver]))
