"""A player who looks one action ahead in hold'em, board by board, and takes nothing but checks and calls for granted after it.

All of a player's showdowns below a board, once nothing but checks and calls follow, are one matrix: with contributions of c each a hand
wins c E reach, where E[h, h'] is 1, -1 or 0 by who is stronger, 0 where the hands share a card, averaged over the cards to come. E of a
board comes from those below it, so all decisions of a board are looked at in one product.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from games.holdem.board_tree import BoardTree
from games.holdem.layout import betting_streets
from games.holdem.rules import HoldemGame
from games.kernels import LANES
from games.kernels.boards import CHILD, CHILD_END, HANDS, STORE, STREET, SYMMETRIES, SYMMETRY
from games.kernels.evaluator import board_strengths
from search.boards.sweeps import Rows
from search.boards.trunk import above, cf_reach_at, root_reach, row_reach

Float = npt.NDArray[np.float64]
PASSIVE = ("check", "call")


class Showdowns:
    """E of a game's boards, [player 0's hands, player 1's] each, made when asked for and kept (a byte an entry on the last street).

    Args:
        game: whole.
        tree: its board tree.
    """

    def __init__(self, game: HoldemGame, tree: BoardTree) -> None:
        self.game, self.tree, self.streets = game, tree, betting_streets(game.bets, (0,))
        self._kept: dict[int, npt.NDArray[Any]] = {}

    def at(self, board: int) -> npt.NDArray[Any]:
        """Return E of a board."""
        if board not in self._kept:
            last = self.tree.boards[board, STREET] == len(self.streets) - 1
            self._kept[board] = self._shown(board) if last else self._drawn(board)
        return self._kept[board]

    def _shown(self, board: int) -> npt.NDArray[np.int8]:
        """Return who is stronger, where the hands share no card."""
        first, second = (self.game.hands[self.tree.hands_at(p, board)] for p in (0, 1))
        strengths = [board_strengths(self.tree.cards[board], hands) for hands in (first, second)]
        shared = (first[:, None, :, None] == second[None, :, None, :]).any(axis=(2, 3))
        return np.where(shared, 0, np.sign(strengths[0][:, None] - strengths[1])).astype(np.int8)

    def _drawn(self, board: int) -> Float:
        """Return the mean over the boards below, those that suits make equal among them."""
        tree, boards = self.tree, self.tree.boards
        below = np.zeros([int(boards[board, HANDS + p]) for p in (0, 1)])
        for child in range(int(boards[board, CHILD]), int(boards[board, CHILD_END])):
            below[np.ix_(*(above(tree, p, child) for p in (0, 1)))] += float(tree.weight[child]) * self.at(child)
        alike = below.copy()
        for m in range(int(boards[board, SYMMETRIES])):
            alike += below[np.ix_(*(self._image(p, board, m) for p in (0, 1)))]
        return alike / (1 + int(boards[board, SYMMETRIES]))

    def _image(self, player: int, board: int, symmetry: int) -> npt.NDArray[np.int64]:
        """Return which of a player's hands at a board each becomes under one of its symmetries."""
        boards, hands = self.tree.boards, int(self.tree.boards[board, HANDS + player])
        first = int(boards[board, SYMMETRY + player]) + symmetry * (-(-hands // LANES) * LANES)
        return self.tree.hands[player].image[first : first + hands].astype(np.int64)


def look_ahead(showdowns: Showdowns, opponent: Rows, player: int, bets: Callable[[int], bool]) -> Rows:
    """Return the player's [stored rows, 8], see ``search.representation.Representation``; ``showdowns`` are the game's."""
    looker = _Looker(showdowns, opponent, player, bets)
    looker.look(0, root_reach(showdowns.game, 1 - player))
    return looker.found


class _Looker:
    """One player against the other one's [stored rows, 8]."""

    def __init__(self, showdowns: Showdowns, opponent: Rows, player: int, bets: Callable[[int], bool]) -> None:
        self.showdowns, self.opponent, self.player, self.may_bet = showdowns, opponent, player, bets
        self.game, self.tree, self.streets = showdowns.game, showdowns.tree, showdowns.streets
        self.found = np.zeros((self.tree.stored_rows[player], LANES), self.tree.weight.dtype)

    def look(self, board: int, entry: Float) -> None:
        """Write down the strategy at and below a board.

        Args:
            board: where.
            entry: [the opponent's hands there, lines of the street] its reach.
        """
        tree, other = self.tree, 1 - self.player
        reach = row_reach(tree, other, self.opponent, board, entry)
        won = self.showdowns.at(board)
        self._write(board, (won if self.player == 0 else -won.T) @ reach.T, cf_reach_at(tree, self.player, board, reach.T))
        exits = np.array(self.streets[int(tree.boards[board, STREET])][other].exit_row, np.int64)
        for child in range(int(tree.boards[board, CHILD]), int(tree.boards[board, CHILD_END])):
            self.look(child, reach[exits].T[above(tree, other, child)])

    def _write(self, board: int, called: Float, met: Float) -> None:
        """Write down the strategy at one board.

        Args:
            board: where.
            called: [own hands, the opponent's rows] won per chip put in if all of a row's reach comes to a showdown.
            met: the same shape, how much of a row's reach a hand can meet.
        """
        s = int(self.tree.boards[board, STREET])
        own, bets = self.streets[s][self.player], self.game.bets
        hands, stored = len(called), own.rows - own.lines
        tiles = -(-hands // LANES)
        choice = np.zeros((stored, tiles * LANES))
        for node, first in zip(own.decisions, own.first_row, strict=False):
            worth = np.stack([self._worth(node, child, s, called, met) for child in bets.children(node)])
            if not self.may_bet(s):
                worth[[i for i, child in enumerate(bets.children(node)) if _verb(self.game, child) not in ("fold", *PASSIVE)]] = -np.inf
            choice[first - own.lines + worth.argmax(axis=0), np.arange(hands)] = 1.0
        at = int(self.tree.boards[board, STORE + self.player])
        self.found[at : at + tiles * stored] = choice.reshape(stored, tiles, LANES).transpose(1, 0, 2).reshape(-1, LANES)

    def _worth(self, node: int, child: int, street: int, called: Float, met: Float) -> Float:
        """Return [own hands], what an action is taken to be worth."""
        paid, row, seat = self.game.bets.contribution, self.streets[street][1 - self.player].row, self.player
        here = row[node]
        if _verb(self.game, child) == "fold":
            return np.asarray(-paid[child, seat] * met[:, here])
        if _verb(self.game, child) in PASSIVE:
            return np.asarray(paid[child, seat] * called[:, here])
        fold = row[next(n for n in self.game.bets.children(child) if _verb(self.game, n) == "fold")]
        return np.asarray(paid[child, 1 - seat] * met[:, fold] + paid[child, seat] * (called[:, here] - called[:, fold]))


def _verb(game: HoldemGame, child: int) -> str:
    """Return the first word of the action that leads to a node."""
    return game.bets.labels[child].split()[0]
