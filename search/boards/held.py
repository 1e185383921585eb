"""Decisions whose strategy is held: what is played there is given, and everything else is solved.

The game with held decisions is a game of its own: a hand that is held at a decision has nothing to choose there, not even in a best
response. So CFR on it converges, and its exploitability goes to zero. Each hand of a decision is held or free by itself.

What is held is written once, in place of regrets, which the kernels then leave as they are (``ascend_held``), and in place of averages
before they are read: there a hand that never comes to a decision has none.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from games.arrays import Bool, Float
from games.holdem.board_tree import BoardTree
from games.holdem.isomorphism import symmetries
from games.holdem.rules import HoldemGame
from games.kernels import LANES
from games.kernels.boards import DECISION, DECISIONS, LINES, ROWS, STORE, STREET
from search.boards.strategy import BoardStrategy, first_image, image_of_hands, images_under
from search.boards.sweeps import Marks, no_marks

SCALE = 100.0  # of what is written for a share: whole percentages are exact in 16 bits, too


@dataclass(frozen=True)
class HeldDecision:
    """A decision of hold'em whose strategy is held.

    Attributes:
        node: of the game's tree of bets.
        cards: the public cards there; all that suits make equal stand for the same.
        policy: [A, H], what the acting player plays; columns of held hands are shares, and hands that suits make equal play alike.
        hands: [H], which hands are held.
    """

    node: int
    cards: tuple[int, ...]
    policy: Float
    hands: Bool


class Standing(NamedTuple):
    """What stands for some public cards.

    Attributes:
        cards: of the board that stands for all that suits make equal to them.
        image: [H], what hands become on it.
        alike: [H] each, the images of all hands under suit permutations that leave the public cards themselves and both ranges as they
            are, the identity among them.
    """

    cards: tuple[int, ...]
    image: npt.NDArray[np.uint32]
    alike: list[npt.NDArray[np.uint32]]


def board_of(game: HoldemGame, cards: tuple[int, ...]) -> Standing:
    """Return what stands for some public cards, without building the game."""
    group = symmetries([street for street in game.board if street], game.ranges, game.hands, game.deck)
    first, images = cards[: sum(map(len, game.board))], images_under(game, group, cards)
    permutation = np.arange(4, dtype=np.uint8)
    for count in game.deals[1:]:
        if len(first) < len(cards):
            new, permutation, group = first_image(group, permutation, cards[len(first) : len(first) + count])
            first += new
    return Standing(first, image_of_hands(permutation.tobytes(), game.deck), images)


class HeldRows(NamedTuple):
    """A player's held decisions as rows.

    Attributes:
        rows: [n] indices of stored rows.
        held: [n, 8], whether a hand is held there.
        shares: [n, 8], ``SCALE`` times what it plays.
        marks: the same for kernels.
    """

    rows: npt.NDArray[np.int64]
    held: Bool
    shares: Float
    marks: Marks

    def write(self, stored: npt.NDArray[Any]) -> None:
        """Write what is held into rows [stored rows, 8], in place."""
        stored[self.rows] = np.where(self.held, self.shares, stored[self.rows]).astype(stored.dtype)


def held_rows(game: HoldemGame, tree: BoardTree, decisions: Sequence[HeldDecision], dtype: Any) -> tuple[HeldRows, HeldRows]:
    """Return both players' rows of held decisions.

    Args:
        game: that is solved.
        tree: of it.
        decisions: each decision once.
        dtype: of the solver's arrays.
    """
    nothing = np.zeros((0, LANES))
    strategy = BoardStrategy(game, tree, (nothing, nothing))
    first, second = (_rows_of(strategy, p, [own for own in decisions if game.bets.player[own.node] == p], dtype) for p in (0, 1))
    return first, second


def _rows_of(strategy: BoardStrategy, player: int, decisions: Sequence[HeldDecision], dtype: Any) -> HeldRows:
    """Return one player's."""
    tree, forest = strategy.tree, strategy.tree.forests[player]
    indices, held, shares = [np.zeros(0, np.int64)], [np.zeros((0, LANES), np.bool_)], [np.zeros((0, LANES))]
    marks: dict[int, npt.NDArray[Any]] = {}  # by board
    for own in decisions:
        board, permutation, actions = strategy.locate(own.node, own.cards)
        lanes = strategy.in_lanes(player, board, permutation, own.policy * own.hands)
        marked = strategy.in_lanes(player, board, permutation, own.hands[None].astype(np.float64)) > 0  # [tiles, 1, 8]
        table = forest.table[tree.boards[board, STREET]]
        stride, first, count = int(table[ROWS] - table[LINES]), int(table[DECISION]), int(table[DECISIONS])
        tiles = int(tree.boards[board, STORE + player]) + stride * np.arange(len(lanes))
        indices.append((tiles[:, None] + np.arange(actions.start, actions.stop)).ravel())
        held.append(np.broadcast_to(marked, lanes.shape).reshape(-1, LANES))
        shares.append(SCALE * lanes.reshape(-1, LANES))
        of_board = marks.setdefault(board, np.zeros((len(lanes) * count, LANES), dtype))
        number = tree.decisions[player][first : first + count].tolist().index(own.node)
        of_board[number::count] = marked[:, 0]
    held_at = np.full(len(tree.boards) if marks else 0, -1, np.int64)
    ends = np.cumsum([0, *map(len, marks.values())])
    held_at[list(marks)] = ends[:-1]
    every = np.concatenate([np.zeros((0, LANES), dtype), *marks.values()]) if marks else no_marks(dtype).held
    return HeldRows(np.concatenate(indices), np.concatenate(held), np.concatenate(shares), Marks(held_at, every))
