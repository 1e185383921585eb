"""Hold'em as arrays: one betting forest per street, multiplied by boards.

A street's betting does not depend on its cards, so it is kept once: the *lines* that enter the street, each with its small betting tree.
A *board* is what chance has shown so far; boards stand street by street, children of a board next to each other, one for each class of
cards that suits make equal. What is stored for a board is ``[tiles, rows, 8]``: a player's sequences of the street by tiles of eight
hands, so that a tile's sequences stand together and eight hands make one vector operation.

A player's rows of a street: first its lines (what the player did on the streets before), then one row per action. Hands of a board are
those that its cards leave, on the showdown street by strength.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from math import comb, prod
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from games.holdem.boards import alike_hands, all_boards, board_hands, board_table
from games.holdem.cards import CARDS, Deck
from games.holdem.isomorphism import Permutation, permute_card, suit_permutations, symmetries
from games.holdem.layout import whole_forests, whole_streets
from games.holdem.rules import HoldemGame
from games.kernels import LANES
from games.kernels import boards as column
from games.kernels.boards import Forest, Hands, Index, Int, Orbits


@dataclass(frozen=True)
class BoardTree:
    """A hold'em game as arrays. ``nowhere`` is the index that stands for a hand that is not there; its reach is zero."""

    forests: tuple[Forest, Forest]
    hands: tuple[Hands, Hands]
    orbits: tuple[Orbits, Orbits]
    boards: Int  # [boards, column.BOARD_COLUMNS]
    weight: npt.NDArray[Any]  # [boards] times this a child's values count for its parent
    cards: tuple[tuple[int, ...], ...]  # [boards] in the order of the streets
    group: tuple[npt.NDArray[np.uint8], ...]  # suit permutations that leave the first board and both ranges as they are
    nowhere: int
    stored_rows: tuple[int, int]  # rows of eight of a player's regrets
    decisions: tuple[Index, Index]  # per player and street as in Forest.parent_row: the betting node of each decision

    def hands_at(self, player: int, board: int) -> npt.NDArray[np.int64]:
        """Return the index of each of the player's hands at a board, in the board's order."""
        first, count = self.boards[board, column.HAND + player], self.boards[board, column.HANDS + player]
        return self.hands[player].hand[first : first + count].astype(np.int64)

    @cached_property
    def rows_of(self) -> dict[int, slice]:
        """Of each decision of the bets, the rows of its actions among those of the acting player's on its street, lines left out."""
        found: dict[int, slice] = {}
        for forest, decisions in zip(self.forests, self.decisions, strict=True):
            for row in forest.table:
                first, decision, count = int(row[column.FIRST_ROW]), int(row[column.DECISION]), int(row[column.DECISIONS])
                ends = (forest.first_row[first : first + count + 1].astype(np.int64) - int(row[column.LINES])).tolist()
                found |= {node: slice(*ends[k : k + 2]) for k, node in enumerate(decisions[decision : decision + count].tolist())}
        return found

    def lines_of(self, player: int, board: int) -> int:
        """Return how many rows of a player's come before the actions on a board's street."""
        return int(self.forests[player].table[self.boards[board, column.STREET], column.LINES])

    def tiled(self, player: int, board: int, stored: Any) -> npt.NDArray[Any]:
        """Return [tiles, actions of the street, 8] of ``stored`` [stored rows, 8], a player's rows at a board; a view of an array."""
        table = self.forests[player].table[self.boards[board, column.STREET]]
        tiles, rows = -(-int(self.boards[board, column.HANDS + player]) // LANES), int(table[column.ROWS] - table[column.LINES])
        first = int(self.boards[board, column.STORE + player])
        found: npt.NDArray[Any] = stored[first : first + tiles * rows].reshape(tiles, rows, LANES)
        return found

    def tiled_street(self, player: int, street: int, stored: Any) -> npt.NDArray[Any]:
        """Return [tiles of all boards of a street, actions of the street, 8], which stand one board after the other; a view of an array."""
        table, boards = self.forests[player].table[street], self.on_street(street)
        tiles = int((-(-self.boards[boards.start : boards.stop, column.HANDS + player] // LANES)).sum())
        first, rows = int(self.boards[boards.start, column.STORE + player]), int(table[column.ROWS] - table[column.LINES])
        found: npt.NDArray[Any] = stored[first : first + tiles * rows].reshape(tiles, rows, LANES)
        return found

    def by_hand(self, player: int, board: int, stored: Any, rows: slice = slice(None)) -> npt.NDArray[Any]:
        """Return [actions, hands of the board], the same by hand, of all actions or of some; a copy."""
        tiled = self.tiled(player, board, stored)[:, rows]
        return tiled.transpose(1, 0, 2).reshape(tiled.shape[1], -1)[:, : int(self.boards[board, column.HANDS + player])]

    @staticmethod
    def stored(values: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """Return [stored rows, 8] of [actions, hands of the board], the inverse of ``by_hand``; the last tile is filled with zeros."""
        (actions, hands), tiles = values.shape, -(-values.shape[1] // LANES)
        padded = np.zeros((actions, tiles * LANES), values.dtype)
        padded[:, :hands] = values
        return padded.reshape(actions, tiles, LANES).transpose(1, 0, 2).reshape(tiles * actions, LANES)

    def stored_shape(self, player: int, streets: int) -> tuple[int, int]:
        """Return the shape of a player's stored rows on the first so many streets; what is below them comes after."""
        below = np.flatnonzero(self.boards[:, column.STREET] >= streets)
        return int(self.boards[below[0], column.STORE + player]) if len(below) else self.stored_rows[player], LANES

    def on_street(self, street: int) -> range:
        """Return the boards of a street: they stand street by street."""
        return range(*np.searchsorted(self.boards[:, column.STREET], [street, street + 1]).tolist())

    def memory_bytes(self) -> int:
        """Return the size of the arrays in bytes."""
        return self.boards.nbytes + self.weight.nbytes + sum(a.nbytes for part in (*self.forests, *self.hands, *self.orbits) for a in part)


class Size(NamedTuple):
    """How large a game is, told without building it.

    Attributes:
        boards: canonical boards of all streets, exactly.
        rows: of eight hands, of both players' regrets; exact where every hand of the deck is in the ranges, else somewhat too many.
        tree_bytes: the boards and their hands, at most.
        street_rows: of both players, street by street.
        street_boards: street by street.
        decisions: on canonical boards.
    """

    boards: int
    rows: tuple[int, int]
    tree_bytes: int
    street_rows: tuple[int, ...]
    street_boards: tuple[int, ...]
    decisions: int


def game_size(game: HoldemGame) -> Size:
    """Count boards and rows; takes no longer than the tree of bets."""
    rounds = game.streets or len(game.deals)
    rows = np.zeros((2, rounds), np.int64)  # a row per action
    above = game.bets.parent[1:]
    acting = game.bets.player[above] >= 0
    np.add.at(rows, (game.bets.player[above][acting], game.bets.round[above][acting]), 1)
    group = symmetries([s for s in game.board if s], game.ranges, game.hands, game.deck)
    boards = _boards_by_street(game, group, rounds)
    hands = np.array([_most_hands(game, p, np.cumsum([0, *game.deals[1:rounds]])) for p in (0, 1)])
    tiles = -(-hands // LANES)
    by_street = boards * tiles * rows
    stored = by_street.sum(axis=1)
    below, inner = int((boards * tiles).sum()) * LANES, int((boards * tiles)[:, : len(game.deals) - 1].sum()) * LANES
    # A board's table and weight; of a hand two cards, three indices and a tie at most; its images under the symmetries, and its orbit.
    tree = 160 * int(boards.sum()) + (14 if len(group) > 1 else 10) * below + 2 * (len(group) - 1) * inner
    decisions = int(boards @ np.bincount(game.bets.round[game.bets.player >= 0], minlength=rounds))
    streets = tuple(by_street.sum(axis=0).tolist()), tuple(boards.tolist())
    return Size(int(boards.sum()), (int(stored[0]), int(stored[1])), tree, *streets, decisions)


def _boards_by_street(game: HoldemGame, group: Sequence[Permutation], rounds: int) -> Int:
    """Return how many boards each street has up to suits."""
    dead = [card for street in game.board for card in street]
    sequences = np.array([_fixed_sequences(g, dead, game.deals[1:rounds], game.deck) for g in group])
    boards: Int = sequences.sum(axis=0) // len(group)  # Burnside's lemma: orbits are the mean number of what a permutation leaves as it is
    return boards


def count_boards(deck: Deck, count: int) -> int:
    """Return how many sets of so many cards there are up to suits."""
    group = suit_permutations(deck)
    return sum(_fixed_sequences(permutation, [], (count,), deck)[-1] for permutation in group) // len(group)  # Burnside's lemma


def _fixed_sequences(permutation: Permutation, dead: list[int], deals: Sequence[int], deck: Deck) -> list[int]:
    """Return, street by street, how many sequences of deals a suit permutation leaves as they are, street by street as sets.

    Such a set is a union of cycles of the live cards, so only the number of cycles of each length counts.
    """
    cycles = [0] * (len(permutation) + 1)
    seen = set(dead)
    for card in deck.cards().tolist():
        length = 0
        while card not in seen:
            seen.add(card)
            card, length = permute_card(permutation, card), length + 1
        cycles[length] += length > 0
    ways = {tuple(cycles[1:]): 1}
    found = [1]
    for count in deals:
        after: dict[tuple[int, ...], int] = {}
        for left, number in ways.items():
            for taken in itertools.product(*(range(min(n, count // length) + 1) for length, n in enumerate(left, 1))):
                if sum(length * t for length, t in enumerate(taken, 1)) == count:
                    key = tuple(n - t for n, t in zip(left, taken, strict=True))
                    after[key] = after.get(key, 0) + number * prod(map(comb, left, taken))
        ways = after
        found.append(sum(ways.values()))
    return found


def _most_hands(game: HoldemGame, player: int, dealt: npt.NDArray[np.int64]) -> list[int]:
    """Return how many of a player's hands are left at most after so many more cards: exact where all hands are in the range."""
    hands = game.hands[game.ranges[player] > 0]
    degree = np.bincount(hands.ravel(), minlength=CARDS)  # hands that hold a card
    dead = [card for street in game.board for card in street]
    fewest = np.sort(degree[np.setdiff1d(game.deck.cards(), dead)])
    return [len(hands) - max(0, int(fewest[:k].sum()) - comb(int(k), 2)) for k in dealt]


def board_tree(game: HoldemGame, dtype: Any = np.float32) -> BoardTree:
    """Return a game's arrays.

    Args:
        game: what is played. Where its tree of bets ends before the last street, lines leave the last board for nowhere.
        dtype: of amounts and weights; regrets and values have the same.
    """
    streets, last = whole_streets(game.bets), len(game.deals) - 1
    boards, children = all_boards(game, len(streets))
    roots = (np.flatnonzero(game.ranges[0]), np.flatnonzero(game.ranges[1]))
    nowhere = max(-(-len(root) // LANES) for root in roots) * LANES
    table = board_table(boards, children)
    hands = board_hands(game.hands, roots, boards, table, nowhere, last)
    images, orbits = zip(*(alike_hands(game.hands, p, boards, table, hands[p], nowhere, last) for p in (0, 1)), strict=True)
    stored = [0, 0]
    for p in (0, 1):
        actions = np.array([street[p].rows - street[p].lines for street in streets])
        rows = -(-table[:, column.HANDS + p] // LANES) * actions[table[:, column.STREET]]
        table[:, column.STORE + p], stored[p] = np.cumsum(rows) - rows, int(rows.sum())
    decisions = [np.array([node for street in streets for node in street[p].decisions], np.uint32) for p in (0, 1)]
    return BoardTree(
        whole_forests(game.bets, np.dtype(dtype)),
        (hands[0]._replace(image=images[0]), hands[1]._replace(image=images[1])),
        (orbits[0], orbits[1]),
        table,
        np.array([board.weight for board in boards], dtype),
        tuple(board.cards for board in boards),
        tuple(boards[0].group),
        nowhere,
        (stored[0], stored[1]),
        (decisions[0], decisions[1]),
    )
