"""Above a street's subgames in hold'em: who comes there with which hands, and what the opponent gave away on the way.

A *strategy so far* is a pair of arrays [stored rows, 8] of the whole game's board tree, one per player, in proportion to the action
probabilities (``BoardSolver.average``).
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Collection, Iterator, Sequence
from typing import Protocol

import numpy as np
import numpy.typing as npt

from games.holdem.board_tree import BoardTree
from games.holdem.cards import CARDS
from games.holdem.layout import betting_streets
from games.holdem.rules import HoldemGame
from games.holdem.subtree import Lines, entering, street_lines, subtree
from games.kernels import LANES
from games.kernels.boards import CHILD, CHILD_END, DECISION, DECISIONS, FIRST_ROW, HAND, HANDS, LINES, PARENT, ROWS, STREET
from games.public_tree import CHANCE
from search.beliefs import Beliefs, Float, scaled
from search.boards.sweeps import BoardSweeps, Rows
from search.kernels.streets import BEST, VALUE


class StoredStrategy(Protocol):
    """A player's [stored rows, 8] as walks read them: an array, a mapped file, or one with a part solved anew (search.boards.replaced)."""

    def __getitem__(self, rows: slice, /) -> Rows:
        """Return some rows."""
        ...


Strategies = tuple[Rows, Rows]
StoredStrategies = tuple[StoredStrategy, StoredStrategy]
NOTHING = 1e-12  # of the total: cf_reaches below are sums of rounding errors


def root_reach(game: HoldemGame, player: int) -> Float:
    """Return [hands at the root, 1], the weights of a player's hands."""
    live = game.ranges[player]
    return live[live > 0][:, None]


def above(tree: BoardTree, player: int, board: int) -> npt.NDArray[np.int64]:
    """Return, for each of a player's hands at a board, its index among the hands of the board above."""
    first, count = int(tree.boards[board, HAND + player]), int(tree.boards[board, HANDS + player])
    return tree.hands[player].above[first : first + count].astype(np.int64)


def cf_reach_at(tree: BoardTree, player: int, board: int, other: Float) -> Float:
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
    cards = np.concatenate([hands.low[others], hands.high[others]])
    for line in range(other.shape[1]):
        by_card[:, line] = np.bincount(cards, np.tile(other[:, line], 2), CARDS)
    mine = tree.hands[player]
    same = np.append(other, np.zeros((1, other.shape[1])), axis=0)[np.minimum(mine.same[own], len(other))]
    total = other.sum(axis=0)
    cf_reach = total - by_card[mine.low[own]] - by_card[mine.high[own]] + same
    return np.where(cf_reach > NOTHING * total, cf_reach, 0.0)


def board_weights(tree: BoardTree) -> Float:
    """Return [boards], the probability of each board's cards given the two hands, boards that suits make equal together."""
    weight = tree.weight.astype(np.float64)
    for b in range(1, len(weight)):
        weight[b] *= weight[int(tree.boards[b, PARENT])]
    return weight


def row_reach(tree: BoardTree, player: int, stored: StoredStrategy, board: int, entry: Float) -> Float:
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
    sums = np.maximum(tree.by_hand(player, board, stored).astype(np.float64), 0.0)
    lines, hands = int(table[LINES]), sums.shape[1]
    reach = np.zeros((int(table[ROWS]), hands))
    reach[:lines] = entry.T
    begin, k = int(table[FIRST_ROW]), int(table[DECISION])
    first = forest.first_row[begin : begin + int(table[DECISIONS]) + 1].astype(np.int64)
    parents = forest.parent_row[k : k + int(table[DECISIONS])].astype(np.int64)
    for together in _ready(first, parents):
        rows = first[together][:, None] + np.arange(first[together[0] + 1] - first[together[0]])  # [decisions, A]
        x = sums[rows - lines]
        total = x.sum(axis=1, keepdims=True)
        share = np.where(total > 0, x / np.where(total > 0, total, 1.0), 1.0 / rows.shape[1])
        reach[rows] = reach[parents[together]][:, None] * share
    return reach


def _ready(first: npt.NDArray[np.int64], parents: npt.NDArray[np.int64]) -> Iterator[npt.NDArray[np.int64]]:
    """Yield decisions of a street that can be followed together: of one number of actions, after those that they come after.

    Args:
        first: [decisions + 1] rows, see ``Forest.first_row``.
        parents: [decisions] the row that leads to each.
    """
    before, counts = np.searchsorted(first, parents, side="right") - 1, np.diff(first)  # -1: a line leads there
    depth = np.zeros(len(parents), np.int64)
    for _ in range(len(parents)):
        below = np.where(before < 0, 0, depth[before] + 1)
        if (below == depth).all():
            break
        depth = below
    for level in range(int(depth.max(initial=-1)) + 1):
        for count in np.unique(counts[depth == level]):
            yield np.flatnonzero((depth == level) & (counts == count))


def gift(cfvs: Float, cf_reach: Float, own: Float | None) -> Float:
    """Return [A, hands], what each of a player's actions at a decision gives away, in chips.

    With values v(a) of a hand, per cf_reach of the hand, an action a gives max v - v(a); in the strategies' own values it gives
    sum_a strategy(a) v(a) - v(a), if that is positive.

    Args:
        cfvs: [A, hands] after each action.
        cf_reach: [hands] the other player's reach that each hand can meet; hands with 0 give nothing.
        own: [A, hands] the player's own strategy; None for best-response values.
    """
    value = cfvs.max(axis=0) if own is None else (own * cfvs).sum(axis=0)
    given: Float = np.maximum(value - cfvs, 0.0) / np.where(cf_reach > 0, cf_reach, np.inf)
    return given


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
            Streets of one tuple are evaluated together, from the first of them.
        searched: streets at whose start gifts begin anew: the solve there has had those before in its bounds.
    """

    def __init__(
        self,
        game: HoldemGame,
        tree: BoardTree,
        strategies: StoredStrategies,
        street: int,
        giver: int | None = None,
        best: bool = True,
        known: Sequence[StoredStrategies] | None = None,
        searched: Collection[int] = (),
    ) -> None:
        self.game, self.tree, self.strategies, self.street, self.giver = game, tree, strategies, street, giver
        self.searched = searched
        self.known = [strategies] * street if known is None else known
        self._mode = BEST if best else VALUE
        self._streets = betting_streets(game.bets, (0,))
        self._lines: dict[int, Lines] = {}
        self._sweeps: dict[int, BoardSweeps] = {}
        self._cfvs: dict[int, Float] = {}  # by board: [rows, the giver's hands], evaluated from above and not asked for yet

    def arrivals(self) -> Iterator[Beliefs]:
        """Yield how both players come to the street, in the order of the boards above it."""
        for arrival in self.departures():
            if arrival.place < 0 or int(self.tree.boards[arrival.place, STREET]) == self.street - 1:
                yield arrival

    def departures(self) -> Iterator[Beliefs]:
        """Yield how both players leave the boards of every street above, each before the boards below it."""
        if self.street == 0:
            yield self.start(-1)
        else:
            yield from self._below(self.start(0))

    def start(self, board: int) -> Beliefs:
        """Return how both players come to the first board; -1 is above it."""
        roots = (root_reach(self.game, 0), root_reach(self.game, 1))
        return Beliefs(board, roots, None if self.giver is None else np.zeros(roots[self.giver].shape))

    def _below(self, entry: Beliefs) -> Iterator[Beliefs]:
        board, tree = entry.place, self.tree
        found = self.leave(entry)
        yield found
        if int(tree.boards[board, STREET]) == self.street - 1:
            return
        for child in range(int(tree.boards[board, CHILD]), int(tree.boards[board, CHILD_END])):
            yield from self._below(self.enter(child, found))

    def enter(self, child: int, found: Beliefs) -> Beliefs:
        """Return how both players come to a board, of how they left the one above."""
        places = [above(self.tree, p, child) for p in (0, 1)]
        inner = (found.reach[0][places[0]], found.reach[1][places[1]])
        gifts = None if found.gifts is None else found.gifts[places[self.giver or 0]]
        if gifts is not None and int(self.tree.boards[child, STREET]) in self.searched:
            gifts = np.zeros_like(gifts)
        return Beliefs(child, inner, gifts)

    def leave(self, entry: Beliefs) -> Beliefs:
        """Return how both players leave a board's street, of how they came to it."""
        s = int(self.tree.boards[entry.place, STREET])
        rows = [row_reach(self.tree, p, self.strategies[p], entry.place, entry.reach[p]) for p in (0, 1)]
        exits = [np.array(self._streets[s][p].exit_row, np.int64) for p in (0, 1)]
        gifts = None if entry.gifts is None else self._gifts(entry, rows)
        return Beliefs(entry.place, (rows[0][exits[0]].T, rows[1][exits[1]].T), gifts)

    def _gifts(self, entry: Beliefs, rows: list[Float]) -> Float:
        """Return [the giver's hands, lines of the next street], gifts so far and those of this board."""
        assert self.giver is not None
        assert entry.gifts is not None
        bets, giver, board = self.game.bets, self.giver, entry.place
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
                cf_reach = cf_reach_at(self.tree, giver, board, rows[1 - giver][other_row[node]][:, None])[:, 0]
                worth = np.array([values[own_row[child]] for child in children])
                own = None if self._mode == BEST else self._shares(len(worth), rows[giver], own_row[node], own_row[children[0]])
                given = gift(worth, cf_reach, own)
            for i, child in enumerate(children):
                gifts[child] = here + given[i] if player == giver else here
        return np.stack(found, axis=1)

    @staticmethod
    def _shares(actions: int, reach: Float, above_row: int, first_row: int) -> Float:
        """Return [A, hands], the giver's own strategy; 0 for hands that never come there."""
        total = reach[above_row]
        shares: Float = reach[first_row : first_row + actions] / np.where(total > 0, total, np.inf)
        return shares

    def _values(self, entry: Beliefs) -> Float:
        """Return [rows, the giver's hands], the cfvs of the giver's rows at a board."""
        if entry.place not in self._cfvs:
            self._evaluate(entry)
        return self._cfvs.pop(entry.place)

    def _evaluate(self, entry: Beliefs) -> None:
        """Keep the giver's cfvs at a board, and at those below it whose values are in the same strategies."""
        assert self.giver is not None
        tree, s = self.tree, int(self.tree.boards[entry.place, STREET])
        if s not in self._lines:
            self._lines[s] = street_lines(self.game, entering(self.game, s), tree.weight.dtype)
        part = subtree(tree, self._lines[s], entry.place)
        if s not in self._sweeps:
            self._sweeps[s] = BoardSweeps(part.tree, 1, tree.weight.dtype)
        sweeps = self._sweeps[s]
        sweeps.look_at(part.tree)
        own = [np.zeros((part.tree.stored_rows[p], LANES), tree.weight.dtype) for p in (0, 1)]
        for p in (0, 1):
            part.take(p, self.known[s][p], own[p])
            sweeps.reach[p][:] = 0
        places, reach = above(tree, 1 - self.giver, entry.place), entry.reach[1 - self.giver]
        scale = reach.max(axis=0)
        sweeps.reach[1 - self.giver][places, : len(scale)] = scaled(reach)  # as a search does: values are then the same to the bit
        until = s + 1
        while until < self.street and self.known[until] is self.known[s]:
            until += 1
        boards = part.boards_above(until)
        sweeps.evaluate((own[0], own[1]), self._mode, range(len(boards)), self.giver)
        for i, board in enumerate(boards):
            lines = self._lines_of(s, int(tree.boards[board, STREET]))
            self._cfvs[board] = scale[lines][:, None] * sweeps.watched(self.giver, i)

    def _lines_of(self, first: int, street: int) -> npt.NDArray[np.int64]:
        """Return [the giver's rows of a street], the line of a street above, or of the same one, that each belongs to."""
        assert self.giver is not None
        own, starts = self._streets[street][self.giver], entering(self.game, first)
        found = np.zeros(own.rows, np.int64)
        for node, row in own.row.items():
            found[row] = bisect_right(starts, node) - 1
        return found


def value_against(game: HoldemGame, sweeps: BoardSweeps, strategies: Strategies, player: int, best: bool = True) -> float:
    """Return what a player wins in chips a deal against the other one's part of some strategies.

    Args:
        game: whole.
        sweeps: over its board tree.
        strategies: both players'.
        player: whose value.
        best: by best responding, else with the own part.
    """
    for p in (0, 1):
        sweeps.reach[p][:] = 0
        reach = root_reach(game, p)
        sweeps.reach[p][: len(reach), :1] = reach
    sweeps.evaluate(strategies, BEST if best else VALUE, only=player)
    return float((sweeps.reach[player].astype(np.float64) * sweeps.cfv[player]).sum() / game.deal_mass)
