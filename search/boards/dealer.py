"""Many deals of hold'em at once, on the board tree; see ``search.dealing``.

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
from search.dealing import Cells, Float, Float32, Int, Played


class BoardDealer:
    """See ``search.dealing.Dealer``.

    Args:
        infostates: of the whole game.
        opponent: [stored rows, 8] the other player's table.
        player: the learner.
    """

    def __init__(self, infostates: BoardInfostates, opponent: Rows, player: int) -> None:
        self.game, self.tree, self.player, self.opponent = infostates.game, infostates.tree, player, opponent
        game, tree, bets, blocks = self.game, self.tree, self.game.bets, infostates.blocks[player]
        self.cells = Cells([(len(block.private), block.first_row) for block in blocks])
        streets = betting_streets(bets, (0,))
        sides = [pair[player] for pair in streets]
        nodes = [np.array([child for node in side.decisions for child in bets.children(node)], np.int64) for side in sides]
        self.stakes = [bets.contribution[own].sum(axis=1).astype(np.float32) for own in nodes]
        self.known = [np.where(bets.folded[own] == player, -bets.contribution[own, player], np.nan).astype(np.float32) for own in nodes]
        self._own_rows, self._own_decisions = np.array([len(own) for own in nodes]), np.array([len(side.decisions) for side in sides])
        self._own_row, self._decision = np.zeros(len(bets.player), np.int64), np.zeros(len(bets.player), np.int64)
        for own, side in zip(nodes, sides, strict=True):
            self._own_row[own], self._decision[side.decisions] = np.arange(len(own)), np.arange(len(side.decisions))
        tiles = -(-tree.boards[:, HANDS + player] // LANES)
        self._first = (np.cumsum(tiles) - tiles) * LANES  # of each board, among all hands of all boards
        self._classes = np.concatenate([classes.ravel() for classes in infostates.classes[player]]).astype(np.int64)
        children = [bets.children(node) if bets.player[node] != TERMINAL else [] for node in range(len(bets.player))]
        self.children = np.zeros((len(children), max(map(len, children))), np.int64)
        self.there = np.zeros(self.children.shape, bool)
        for node, below in enumerate(children):
            self.children[node, : len(below)], self.there[node, : len(below)] = below, True
        self.explored = self.there & (bets.folded[self.children] != player)
        self.row, self.rows = np.zeros(len(children), np.int64), np.zeros(len(game.deals), np.int64)  # of the opponent, as stored
        for s, pair in enumerate(streets):
            other = pair[1 - player]
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
        tile = self.tree.boards[board, STORE + 1 - self.player] + hand // LANES * self.rows[self.game.bets.round[node]]
        sums = np.maximum(self.opponent[tile[:, None] + self.row[self.children[node]] * there, (hand % LANES)[:, None]], 0) * there
        return np.where(sums.any(axis=1, keepdims=True), sums, there)

    def _cells(self, street: Int, board: Int, hand: Int, node: Int) -> tuple[Int, Int]:
        """Return the cells [B, actions] of some decisions' actions, and the decisions [B]."""
        kind = self._classes[self._first[board] + hand]
        cells = (self.cells.cell[street] + kind * self._own_rows[street])[:, None] + self._own_row[self.children[node]]
        return cells, self.cells.decision[street] + kind * self._own_decisions[street] + self._decision[node]

    def play(self, count: int, values: Float32, exploring: float, random: np.random.Generator) -> Played:
        """See ``search.dealing.Dealer``."""
        bets, player, every = self.game.bets, self.player, np.arange(count)
        dealt = np.searchsorted(self.deals, random.random(count) * self.deals[-1], side="right").clip(max=len(self.deals) - 1)
        hands, board, node = np.stack(np.divmod(dealt, self.below[1].shape[1])), np.zeros(count, np.int64), np.zeros(count, np.int64)
        taken = []
        while len(going := every[bets.player[node] != TERMINAL]):
            acting = bets.player[node[going]]
            if len(who := going[acting == CHANCE]):
                board[who], hands[:, who] = self.draw(board[who], hands[:, who], random)
                node[who] = self.children[node[who], 0]
            if len(who := going[acting == 1 - player]):
                sums = self._likely(node[who], board[who], hands[1 - player, who]).cumsum(axis=1)
                node[who] = self.children[node[who], (sums <= random.random(len(who))[:, None] * sums[:, -1:]).sum(axis=1)]
            if len(who := going[acting == player]):
                here = node[who]
                cells, decisions = self._cells(bets.round[here], board[who], hands[player, who], here)
                worth = np.where(self.there[here], values[cells], -np.inf)
                drawn = self.explored[here] * random.random(worth.shape)
                action = np.where((random.random(len(who)) < exploring)[:, None], drawn, worth).argmax(axis=1)
                taken.append((who, cells[np.arange(len(who)), action], decisions))
                node[who] = self.children[here, action]
        folded, paid = bets.folded[node], bets.contribution[node].astype(np.float64)
        won = np.sign(self.strength[player][board, hands[player]] - self.strength[1 - player][board, hands[1 - player]]) * paid[:, player]
        return Played(taken, np.where(folded == player, -paid[:, player], np.where(folded == 1 - player, paid[:, 1 - player], won)))
