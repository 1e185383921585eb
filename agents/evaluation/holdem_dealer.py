"""Many hands of hold'em at once, dealt on the board tree: a learner's values of actions against a strategy that stands still.

A street's cards come as they do in the game: both hands are turned by one of the suit permutations that leave the board as it is, all
alike, and a board below is drawn by how many boards it stands for; where a hand holds one of its cards both draws are made again.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from games.holdem.layout import betting_streets
from games.kernels import LANES
from games.kernels.boards import CHILD, CHILD_END, HANDS, STORE, STREET, SYMMETRIES, SYMMETRY
from games.kernels.evaluator import board_strengths
from games.public_tree import CHANCE, TERMINAL
from search.boards.infostates import BoardInfostates
from search.boards.sweeps import Rows
from search.boards.trunk import above

Float = npt.NDArray[np.float64]
Int = npt.NDArray[np.int64]


class Cells:
    """Where a player's sequences of all classes of hands stand in one row of numbers: streets one after the other, [C, R] each.

    Attributes:
        nodes: per street [R], the betting node that each sequence ends in.
        size: cells in all.
        decisions: decisions of all classes in all; they stand as sequences do, [C, K] on each street.
    """

    def __init__(self, infostates: BoardInfostates, player: int) -> None:
        bets, self._streets = infostates.game.bets, infostates.blocks[player]
        sides = [pair[player] for pair in betting_streets(bets, (0,))]
        self.nodes = [np.array([child for node in side.decisions for child in bets.children(node)]) for side in sides]
        self._shapes = [(len(s.private), len(s.action)) for s in self._streets]
        self._ends = np.cumsum([classes * rows for classes, rows in self._shapes])
        ends = np.cumsum([len(s.private) * len(s.public) for s in self._streets])
        self.size, self.decisions = int(self._ends[-1]), int(ends[-1])
        self._cells, self._deciding = np.append(0, self._ends[:-1]), np.append(0, ends[:-1])  # where each street begins
        self._rows, self._ways = np.array([len(n) for n in self.nodes]), np.array([len(side.decisions) for side in sides])
        self._row, self._number = np.zeros(len(bets.player), np.int64), np.zeros(len(bets.player), np.int64)
        for nodes, side in zip(self.nodes, sides, strict=True):
            self._row[nodes], self._number[side.decisions] = np.arange(len(nodes)), np.arange(len(side.decisions))
        tiles = -(-infostates.tree.boards[:, HANDS + player] // LANES)
        self._first = (np.cumsum(tiles) - tiles) * LANES  # of each board, among all hands of all boards
        self._classes = np.concatenate([classes.ravel() for classes in infostates.classes[player]]).astype(np.int64)

    def at(self, street: Int, board: Int, hand: Int, node: Int, children: Int) -> tuple[Int, Int]:
        """Return the cells [B, actions] of some decisions' actions, and the decisions [B]."""
        kind = self._classes[self._first[board] + hand]
        cells = (self._cells[street] + kind * self._rows[street])[:, None] + self._row[children]
        return cells, self._deciding[street] + kind * self._ways[street] + self._number[node]

    def streets(self, values: npt.NDArray[np.float32]) -> list[npt.NDArray[np.float32]]:
        """Return a row of numbers as [C, R] of each street."""
        return [part.reshape(shape) for part, shape in zip(np.split(values, self._ends[:-1]), self._shapes, strict=True)]

    def best(self, values: npt.NDArray[np.float32]) -> list[npt.NDArray[np.float32]]:
        """Return the largest value of each decision's actions, [C, K] of each street."""
        return [np.maximum.reduceat(t, s.first_row[:-1], axis=1) for t, s in zip(self.streets(values), self._streets, strict=True)]


class HoldemDealer:
    """Plays many hands at once against one player's strategy.

    Args:
        infostates: of the whole game.
        seat: the learner's player number.
        opponent: [stored rows, 8] the other player's strategy.
        cells: the learner's.
    """

    def __init__(self, infostates: BoardInfostates, seat: int, opponent: Rows, cells: Cells) -> None:
        self.game, self.tree, self.seat, self.opponent, self.cells = infostates.game, infostates.tree, seat, opponent, cells
        game, tree, bets = self.game, self.tree, self.game.bets
        children = [bets.children(node) if bets.player[node] != TERMINAL else [] for node in range(len(bets.player))]
        self.children = np.zeros((len(children), max(map(len, children))), np.int64)
        self.there = np.zeros(self.children.shape, bool)
        for node, below in enumerate(children):
            self.children[node, : len(below)], self.there[node, : len(below)] = below, True
        self.explored = self.there & (bets.folded[self.children] != seat)
        self.row, self.rows = np.zeros(len(children), np.int64), np.zeros(len(game.deals), np.int64)  # of the opponent, as stored
        for s, pair in enumerate(betting_streets(bets, (0,))):
            other = pair[1 - seat]
            self.row[list(other.row)] = np.array(list(other.row.values())) - other.lines
            self.rows[s] = other.rows - other.lines
        self.deals = np.cumsum(self._deals())
        self.weight = np.cumsum(tree.weight, dtype=np.float64)
        roots = tree.boards[0, HANDS : HANDS + 2]
        self.below = [np.full((len(tree.boards), n), -1) for n in roots]  # of each hand of the board above, which it is; -1 if none
        self.strength = [np.zeros((len(tree.boards), n), np.int64) for n in roots]
        for b, board in enumerate(tree.boards):
            for p in (0, 1):
                if b > 0:
                    over = above(tree, p, b)
                    self.below[p][b, over] = np.arange(len(over))
                if board[STREET] == len(game.deals) - 1:
                    self.strength[p][b, : board[HANDS + p]] = board_strengths(tree.cards[b], game.hands[tree.hands_at(p, b)])

    def _deals(self) -> Float:
        """Return [player 0's hands, player 1's], how likely they are dealt, up to a factor."""
        at = [self.tree.hands_at(p, 0) for p in (0, 1)]
        first, second = (self.game.hands[hands] for hands in at)
        shared = (first[:, None, :, None] == second[None, :, None, :]).any(axis=(2, 3))
        deals: Float = np.where(shared, 0.0, self.game.ranges[0][at[0]][:, None] * self.game.ranges[1][at[1]])
        return deals

    def draw(self, board: Int, hands: Int, random: np.random.Generator) -> tuple[Int, Int]:
        """Return the boards that come, and which hands there the hands [2, B] are."""
        boards, left = self.tree.boards, np.arange(len(board))
        found, held = np.zeros_like(board), np.zeros_like(hands)
        while len(left):
            b = board[left]
            ways, low, high = 1 + boards[b, SYMMETRIES], self.weight[boards[b, CHILD] - 1], self.weight[boards[b, CHILD_END] - 1]
            symmetry = (random.random(len(left)) * ways).astype(np.int64) - 1  # -1: as it is
            child = np.searchsorted(self.weight, low + random.random(len(left)) * (high - low), side="right")
            child = child.clip(boards[b, CHILD], boards[b, CHILD_END] - 1)
            there = np.stack([self.below[p][child, self._turned(p, b, symmetry, hands[p, left])] for p in (0, 1)])
            free = (there >= 0).all(axis=0)
            found[left[free]], held[:, left[free]] = child[free], there[:, free]
            left = left[~free]
        return found, held

    def _turned(self, player: int, board: Int, symmetry: Int, hand: Int) -> Int:
        """Return what hands become under their boards' symmetries."""
        boards = self.tree.boards
        image = boards[board, SYMMETRY + player] + symmetry * (-(-boards[board, HANDS + player] // LANES) * LANES) + hand
        turned, some = hand.copy(), symmetry >= 0
        turned[some] = self.tree.hands[player].image[image[some]]
        return turned

    def _likely(self, node: Int, board: Int, hand: Int) -> npt.NDArray[Any]:
        """Return [B, actions], how likely the opponent takes each, up to a factor."""
        there = self.there[node]
        tile = self.tree.boards[board, STORE + 1 - self.seat] + hand // LANES * self.rows[self.game.bets.round[node]]
        sums = np.maximum(self.opponent[tile[:, None] + self.row[self.children[node]] * there, (hand % LANES)[:, None]], 0) * there
        return np.where(sums.any(axis=1, keepdims=True), sums, there)

    def play(
        self, count: int, values: npt.NDArray[np.float32], exploring: float, random: np.random.Generator
    ) -> tuple[list[tuple[Int, Int, Int]], Float]:
        """Play hands; return which hands the learner acts in, the cells and the decisions, step by step, and chips at the end, [count].

        Args:
            count: hands.
            values: [cells] of which the learner takes the best action.
            exploring: probability that an action is drawn from all but folding alike.
            random: draws everything.
        """
        bets, seat, every = self.game.bets, self.seat, np.arange(count)
        dealt = np.searchsorted(self.deals, random.random(count) * self.deals[-1], side="right").clip(max=len(self.deals) - 1)
        hands, board, node = np.stack(np.divmod(dealt, self.below[1].shape[1])), np.zeros(count, np.int64), np.zeros(count, np.int64)
        taken = []
        while len(going := every[bets.player[node] != TERMINAL]):
            player = bets.player[node[going]]
            if len(who := going[player == CHANCE]):
                board[who], hands[:, who] = self.draw(board[who], hands[:, who], random)
                node[who] = self.children[node[who], 0]
            if len(who := going[player == 1 - seat]):
                sums = self._likely(node[who], board[who], hands[1 - seat, who]).cumsum(axis=1)
                node[who] = self.children[node[who], (sums <= random.random(len(who))[:, None] * sums[:, -1:]).sum(axis=1)]
            if len(who := going[player == seat]):
                here = node[who]
                cells, decisions = self.cells.at(bets.round[here], board[who], hands[seat, who], here, self.children[here])
                worth = np.where(self.there[here], values[cells], -np.inf)
                drawn = self.explored[here] * random.random(worth.shape)
                action = np.where((random.random(len(who)) < exploring)[:, None], drawn, worth).argmax(axis=1)
                taken.append((who, cells[np.arange(len(who)), action], decisions))
                node[who] = self.children[here, action]
        folded, paid = bets.folded[node], bets.contribution[node].astype(np.float64)
        won = np.sign(self.strength[seat][board, hands[seat]] - self.strength[1 - seat][board, hands[1 - seat]]) * paid[:, seat]
        return taken, np.where(folded == seat, -paid[:, seat], np.where(folded == 1 - seat, paid[:, 1 - seat], won))
