"""Instantaneous regrets of a strategy of a whole hold'em game: what self-play training learns from (see ``search.infostates``).

Strategies are tables by *class*: hands that suits make equal play alike, and are one row of [C, R], with C classes of a street and R
sequences of a tile. A class holds equal boards and hands only, so nothing is abstracted, and what a class did on the streets before is
told by the class, too: reach is kept by class. Fractions of the opponent's reach that a hand can meet are sums over all hands less those
that share a card, and these sums are sparse matrices.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from games.holdem.board_tree import BoardTree
from games.holdem.cards import CARDS
from games.holdem.layout import betting_streets
from games.holdem.rules import HoldemGame
from games.kernels import LANES, aligned_zeros
from games.kernels.boards import CHILD, CHILD_END, HAND, HANDS, LINES, PARENT, ROWS, STORE, STREET
from search.boards.bucket_solver import COLLECT, Buckets
from search.boards.sweeps import BoardSweeps, StoredRows
from search.boards.trunk import above, board_weights, root_reach
from search.kernels.buckets import expand, fold
from search.kernels.streets import BEST
from search.tree.evaluator import exploitability_of

Table = npt.NDArray[Any]  # [C, R]
Tables = Sequence[Table]  # one per street
Float = npt.NDArray[np.float64]
Int = npt.NDArray[np.int64]


class ClassRegrets(NamedTuple):
    """One player's sweep, a table per street: C classes, R sequences, K decisions."""

    regret: list[Float]  # [C, R] instantaneous regrets, of all hands of the class together
    cf_reach: list[Float]  # [C, K] opponent's and chance's probability of coming there, deals included
    reach: list[Float]  # [C, R] the player's own probability of each sequence, times the probability of the class's deals


class _Side(NamedTuple):
    """One player on one street."""

    classes: Buckets  # [tiles, 8]
    stored: slice  # rows of the board tree's storage
    stride: int  # rows of a tile
    dealt: Float  # [tiles, 8] chance of the board times the hand's weight
    before: Int  # [C] the class on the street before; of the first street, nothing
    board: Int  # [C] the board that all hands of the class are on
    lines: int
    first_row: Int  # [K + 1] less the lines
    parent_row: Int  # [K] lines included
    exit_row: Int  # [lines of the next street] lines included
    other_row: Int  # [K] the opponent's row at each decision, lines included
    of_boards: Any  # [boards, C] sums a class's hands by board
    of_cards: Any  # [boards * 52, C] and by card of a board
    met_boards: Any  # [C, boards], the share of deals with which a class stands on a board
    met_cards: Any  # [C, boards * 52] the same by card
    met_same: Any  # [C, C of the opponent] the same for the opponent's hands of the same two cards


class BoardRegrets:
    """Exact regrets and exploitability of strategies by class; all that does not change is made once.

    Args:
        game: whole.
        tree: its board tree.
        classes: per player and street [tiles, 8], the class of each hand; -1 for padding. Hands of one class must be equal up to suits.
        threads: kernel threads.
    """

    def __init__(self, game: HoldemGame, tree: BoardTree, classes: tuple[Sequence[Buckets], Sequence[Buckets]], threads: int = 1) -> None:
        self.game, self.tree = game, tree
        dtype = tree.weight.dtype
        self._sweeps = BoardSweeps(tree, threads, dtype)
        self._regret, self._strategy, self._unused = (
            tuple(aligned_zeros(rows, LANES, dtype) for rows in tree.stored_rows) for _ in range(3)
        )
        streets = betting_streets(game.bets, (0,))
        chance = board_weights(tree) / game.deal_mass
        self._sides = [[self._side(p, s, streets[s], classes, chance) for s in range(len(streets))] for p in (0, 1)]
        self._dealt = [[self._met(p, s, np.ones((n, 1))) for s, n in enumerate(self.classes(1 - p))] for p in (0, 1)]
        for p in (0, 1):
            reach = root_reach(game, p)
            self._sweeps.reach[p][: len(reach), :1] = reach

    def _side(self, p: int, s: int, street: Any, classes: tuple[Sequence[Buckets], Sequence[Buckets]], chance: Float) -> _Side:
        from scipy.sparse import csr_matrix  # slow to import, and needed only here

        tree, table = self.tree, self.tree.forests[p].table[s]
        boards = np.flatnonzero(tree.boards[:, STREET] == s)
        stride = int(table[ROWS] - table[LINES])
        own, first = classes[p][s], int(tree.boards[boards[0], STORE + p])
        ours, other = _Flat(self.game, tree, p, boards), _Flat(self.game, tree, 1 - p, boards)
        hand_class, other_class = (classes[q][s][classes[q][s] >= 0] for q in (p, 1 - p))
        count, others = int(own.max()) + 1, int(classes[1 - p][s].max()) + 1
        weight = chance[boards[ours.board]] * ours.weight
        dealt = np.zeros(own.shape)
        dealt[own >= 0] = weight
        before = np.zeros(count, np.int64)
        if s > 0:
            earlier = np.flatnonzero(tree.boards[:, STREET] == s - 1)
            start = np.cumsum([0, *tree.boards[earlier, HANDS + p]])
            parent = np.searchsorted(earlier, tree.boards[boards, PARENT])
            places = np.concatenate([start[parent[i]] + above(tree, p, int(b)) for i, b in enumerate(boards)])
            last = classes[p][s - 1]
            before[hand_class] = last[last >= 0][places]
        board = np.zeros(count, np.int64)
        board[hand_class] = boards[ours.board]
        pair, size = street[p], CARDS * len(boards)
        by_card = (np.concatenate([ours.board * CARDS + ours.low, ours.board * CARDS + ours.high]), np.tile(hand_class, 2))
        both = np.tile(weight, 2)
        found = ours.same >= 0
        twin = other.first[ours.board[found]] + ours.same[found]
        same, twins = (hand_class[found], other_class[twin]), weight[found] * other.weight[twin]
        return _Side(
            own, slice(first, first + len(own) * stride), stride, dealt, before, board, pair.lines,
            np.array(pair.first_row, np.int64) - pair.lines, np.array(pair.parent_row, np.int64), np.array(pair.exit_row, np.int64),
            np.array([street[1 - p].row[node] for node in pair.decisions], np.int64),
            csr_matrix((ours.weight, (ours.board, hand_class)), (len(boards), count)),
            csr_matrix((np.tile(ours.weight, 2), by_card), (size, count)),
            csr_matrix((weight, (hand_class, ours.board)), (count, len(boards))),
            csr_matrix((both, by_card[::-1]), (count, size)),
            csr_matrix((twins, same), (count, others)),
        )  # fmt: skip

    def first_rows(self, player: int) -> list[Int]:
        """Return per street [K + 1]: decision k's sequences are columns first_rows[k] : first_rows[k + 1]."""
        return [side.first_row for side in self._sides[player]]

    def classes(self, player: int) -> list[int]:
        """Return C of each street."""
        return [len(side.before) for side in self._sides[player]]

    def regrets(self, strategies: tuple[Tables, Tables], player: int, ratio: Float | None = None) -> ClassRegrets:
        """Return ``player``'s instantaneous regrets when both play ``strategies``.

        Args:
            strategies: per player and street [C, R], action probabilities.
            player: whose regrets.
            ratio: [boards] how often each of a sample counts, 0 where it was not drawn; see ``search.board_sampling``. None for all.
        """
        self._sweeps.look_at(self.tree if ratio is None else drawn_tree(self.tree, ratio))
        for p in (0, 1):
            self.spread(p, strategies[p], self._strategy[p])
        self._regret[player][:] = 0
        rows = StoredRows(self._regret, self._strategy, self._unused)
        self._sweeps.update(rows, _COLLECT_ONLY, 0, 1, only=player)
        found = ClassRegrets([], [], [])
        other = self._reach(1 - player, strategies[1 - player])
        own = self._reach(player, strategies[player])
        for s, side in enumerate(self._sides[player]):
            now = np.zeros((len(side.before), side.stride))
            fold(self._regret[player][side.stored], side.classes, side.dealt, side.stride, now)
            tables = now, self._met(player, s, other[s][:, side.other_row]), own[s][:, side.lines :] * self._dealt[player][s]
            if ratio is not None:
                for table in tables:
                    table *= ratio[side.board][:, None]
            for tables_of, table in zip(found, tables, strict=True):
                tables_of.append(table)
        self._sweeps.look_at(self.tree)
        return found

    def dealt(self, player: int) -> list[Float]:
        """Return per street [C, 1], the probability of each class's deals."""
        return self._dealt[player]

    def _met(self, player: int, street: int, reach: Float) -> Float:
        """Return [C, n], the probability of a class's deals times the opponent's ``reach`` [C of the opponent, n] that it can meet."""
        side, other = self._sides[player][street], self._sides[1 - player][street]
        met: Float = side.met_boards @ (other.of_boards @ reach) - side.met_cards @ (other.of_cards @ reach) + side.met_same @ reach
        return np.maximum(met, 0.0)  # differences of sums: a few units in the last place below zero

    def _reach(self, player: int, strategy: Tables) -> list[Float]:
        """Return per street [C, rows], a player's reach of each sequence, the street's lines first."""
        found: list[Float] = []
        for s, side in enumerate(self._sides[player]):
            reach = np.empty((side.lines + side.stride, len(side.before)))
            reach[: side.lines] = found[-1].T[self._sides[player][s - 1].exit_row][:, side.before] if s else 1.0
            share = np.asarray(strategy[s], np.float64).T
            for k, parent in enumerate(side.parent_row):
                low, high = side.first_row[k], side.first_row[k + 1]
                reach[side.lines + low : side.lines + high] = reach[parent] * share[low:high]
            found.append(reach.T)
        return found

    def spread(self, player: int, strategy: Tables, rows: Table) -> None:
        """Give every hand its class's numbers: fill ``rows`` [stored rows, 8] from tables [C, R], in place."""
        for side, table in zip(self._sides[player], strategy, strict=True):
            expand(table, side.classes, side.stride, rows[side.stored])

    def exploitability(self, strategies: tuple[Tables, Tables]) -> float:
        """Return NashConv / 2 in the real game, in chips a deal."""
        for p in (0, 1):
            self.spread(p, strategies[p], self._strategy[p])
        self._sweeps.evaluate((self._strategy[0], self._strategy[1]), BEST)
        found = zip(self._sweeps.reach, self._sweeps.cfv, strict=True)
        first, second = (float((r.astype(np.float64) * v).sum()) for r, v in found)
        return exploitability_of(first, second) / self.game.deal_mass


def drawn_tree(tree: BoardTree, ratio: Float) -> BoardTree:
    """Return the part of a tree that was drawn, for sweeps over the same storage; ``ratio`` [boards] as in ``search.board_sampling``."""
    drawn = np.flatnonzero(ratio > 0)
    place = np.cumsum(np.append(0, ratio > 0))  # of each board among those drawn, or of the next one
    boards, times = tree.boards[drawn].copy(), ratio[drawn]
    boards[:, [CHILD, CHILD_END]] = place[boards[:, [CHILD, CHILD_END]]]
    boards[1:, PARENT] = place[boards[1:, PARENT]]
    times[1:] /= times[boards[1:, PARENT]]
    cards = tuple(tree.cards[board] for board in drawn.tolist())
    return replace(tree, boards=boards, weight=(tree.weight[drawn] * times).astype(tree.weight.dtype), cards=cards)


_COLLECT_ONLY = np.where(np.arange(4) == 2, -1.0, COLLECT)  # the average is not kept here


class _Flat:
    """All of a player's hands on some boards, one after the other, padding left out."""

    def __init__(self, game: HoldemGame, tree: BoardTree, player: int, boards: Int) -> None:
        counts, hands = tree.boards[boards, HANDS + player], tree.hands[player]
        rows = np.concatenate([first + np.arange(n) for first, n in zip(tree.boards[boards, HAND + player], counts, strict=True)])
        self.board = np.repeat(np.arange(len(boards)), counts)  # [n] which of the boards
        self.first = np.cumsum(counts) - counts  # [boards]
        self.low, self.high = hands.low[rows].astype(np.int64), hands.high[rows].astype(np.int64)
        self.weight = game.ranges[player][hands.hand[rows].astype(np.int64)]
        same = hands.same[rows].astype(np.int64)
        self.same = np.where(same < tree.nowhere, same, -1)  # [n] place of the same two cards among the opponent's hands of the board
