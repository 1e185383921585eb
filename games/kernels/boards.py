"""The arrays of hold'em that kernels read (see ``games.holdem.board_tree``): betting forests, hands on boards, and their columns."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

Int = npt.NDArray[np.int64]
Index = npt.NDArray[np.uint32]
Short = npt.NDArray[np.uint16]

# columns of Forest.table, one row per street
DECISION, DECISIONS, FIRST_ROW, ROWS, LINES, LANE, GROUPS, SHOW, SHOWS, FOLD, FOLDS, FOLD_FROM, EXIT, EXITS = range(14)
# columns of BoardTree.boards, one row per board; those of two columns are by player
STREET, PARENT, CHILD, CHILD_END, HAND, HAND_1, HANDS, HANDS_1, STORE, STORE_1, TIE, TIE_END, SYMMETRY, SYMMETRY_1, SYMMETRIES = range(15)
ORBIT, ORBIT_1, ORBIT_END, ORBIT_END_1 = range(15, 19)
BOARD_COLUMNS = 19


class Forest(NamedTuple):
    """The betting of all streets as one player sees it. Indices into the arrays are in ``table``, a row per street.

    Rows named here exist on every board of their street. Lanes come in groups of eight; padding names a row past the last.
    """

    table: Int  # [streets, 14]
    first_row: Index  # per street [decisions + 1]: decision k's actions are rows first_row[k] : first_row[k + 1]
    parent_row: Index  # per street [decisions]
    own_row: Index  # per street [lanes]: own row whose terminals a lane evaluates
    show_row: Index  # per street [lanes with showdowns]: the opponent's row there
    fold_row: Index  # per street [lanes with folds, from group FOLD_FROM on]
    exit_row: Index  # per street [lines of the next street]: own row that leads to each
    show_amount: npt.NDArray[Any]  # [lane groups, 8] chips won or lost in the lane's showdown
    fold_amount: npt.NDArray[Any]  # [lane groups, 8] chips, negative where the player itself folds
    tie_cost: npt.NDArray[Any]  # [lane groups, 8] half of the rake of the lane's showdown over show_amount; [0, 8] without rake


class Hands(NamedTuple):
    """One player's hands on all boards, each board's padded to tiles of eight."""

    low: npt.NDArray[np.uint8]
    high: npt.NDArray[np.uint8]
    above: Short  # index among the hands of the board before; for the first board, of the root
    same: Short  # index of the same two cards among the opponent's hands of the board
    hand: Short  # index among all hands of the deck
    tie_end: Short  # per showdown board: one past the last hand of each strength
    image: Short  # per symmetry of a board: which hand each hand becomes


class Orbits(NamedTuple):
    """Hands of a player that the symmetries of a board make alike, all boards' one after the other; hands like no other are left out."""

    first: Index  # [orbits + 1]: orbit k's hands are members[first[k] : first[k + 1]]
    members: Short  # index of each among the hands of its board
