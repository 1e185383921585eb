"""Hold'em as arrays: one betting forest per street, multiplied by boards.

A street's betting does not depend on its cards, so it is kept once: the *lines* that enter the street, each with its small betting tree.
A *board* is what chance has shown so far; boards stand street by street, children of a board next to each other, one for each class of
cards that suits make equal. What is stored for a board is ``[tiles, rows, 8]``: a player's sequences of the street by tiles of eight
hands, so that a tile's sequences stand together and eight hands make one vector operation.

A player's rows of a street: first its lines (what the player did on the streets before), then one row per action. Hands of a board are
those that its cards leave, on the showdown street by strength.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from games.kernels.boards import HAND, HANDS, Forest, Hands, Index, Int, Orbits


@dataclass(frozen=True)
class BoardTree:
    """A hold'em game as arrays. ``nowhere`` is the index that stands for a hand that is not there; its reach is zero."""

    forests: tuple[Forest, Forest]
    hands: tuple[Hands, Hands]
    orbits: tuple[Orbits, Orbits]
    boards: Int  # [boards, BOARD_COLUMNS]
    weight: npt.NDArray[Any]  # [boards] times this a child's values count for its parent
    cards: tuple[tuple[int, ...], ...]  # [boards] in the order of the streets
    group: tuple[npt.NDArray[np.uint8], ...]  # suit permutations that leave the first board and both ranges as they are
    nowhere: int
    stored_rows: tuple[int, int]  # rows of eight of a player's regrets
    decisions: tuple[Index, Index]  # per player and street as in Forest.parent_row: the betting node of each decision

    def hands_at(self, player: int, board: int) -> npt.NDArray[np.int64]:
        """Return the index of each of the player's hands at a board, in the board's order."""
        first, count = self.boards[board, HAND + player], self.boards[board, HANDS + player]
        return self.hands[player].hand[first : first + count].astype(np.int64)

    def memory_bytes(self) -> int:
        """Return the size of the arrays in bytes."""
        return self.boards.nbytes + self.weight.nbytes + sum(a.nbytes for part in (*self.forests, *self.hands, *self.orbits) for a in part)
