"""All boards of a hold'em game: their cards, the hands that they leave, and what suits make alike on them."""

from __future__ import annotations

from collections.abc import Sequence
from math import comb
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from games.holdem.cards import Cards
from games.holdem.isomorphism import Permutation, canonical_deals, hand_permutation, permute_card, symmetries
from games.holdem.rules import HoldemGame
from games.kernels import LANES
from games.kernels import boards as column
from games.kernels.board_hands import count_hands, find_orbits, place_hands
from games.kernels.boards import Hands, Int, Orbits, Short

MOST_CARDS = 5  # on a board


class Board(NamedTuple):
    """What chance has shown so far.

    Attributes:
        street: of the game.
        parent: number of the board above, -1 of the first.
        cards: in the order of the streets.
        group: suit permutations that change nothing, the identity first.
        weight: times this its values count for the board above.
    """

    street: int
    parent: int
    cards: tuple[int, ...]
    group: list[Permutation]
    weight: float


def all_boards(game: HoldemGame, rounds: int) -> tuple[list[Board], list[tuple[int, int]]]:
    """Return all boards street by street, and of each the range of its children."""
    group = symmetries([s for s in game.board if s], game.ranges, game.hands, game.deck)
    boards = [Board(0, -1, tuple(card for street in game.board for card in street), group, 1.0)]
    children = []
    for b, board in enumerate(boards):  # to which children are added meanwhile
        first = len(boards)
        if board.street + 1 < rounds:
            count = game.deals[board.street + 1]
            ways = comb(len(game.deck.cards()) - len(board.cards) - 4, count)
            for cards, multiplicity in canonical_deals(board.group, set(board.cards), count, game.deck):
                same = [g for g in board.group[1:] if {permute_card(g, c) for c in cards} == set(cards)]
                boards.append(Board(board.street + 1, b, board.cards + cards, board.group[:1] + same, multiplicity / ways))
        children.append((first, len(boards)))
    return boards, children


def board_table(boards: Sequence[Board], children: Sequence[tuple[int, int]]) -> Int:
    """Return [boards, columns], of which what is known without hands is filled in."""
    table = np.zeros((len(boards), column.BOARD_COLUMNS), np.int64)
    table[:, column.STREET], table[:, column.PARENT] = [board.street for board in boards], [board.parent for board in boards]
    table[:, column.CHILD : column.CHILD_END + 1] = children
    return table


def board_hands(deck: Cards, roots: tuple[Int, Int], boards: Sequence[Board], table: Int, nowhere: int, last: int) -> tuple[Hands, Hands]:
    """Return both players' hands on all boards, and fill in their columns of the table; images are those of ``alike_hands``.

    Args:
        deck: [H, 2] u1, all hands.
        roots: both players' hands before the first board, indices among all hands.
        boards: street by street.
        table: of the boards, in place.
        nowhere: index of a hand that is not there.
        last: the street with showdowns.
    """
    shown = np.array([len(board.cards) for board in boards], np.int64)
    cards = np.array([board.cards + (0,) * (MOST_CARDS - len(board.cards)) for board in boards], np.uint8)
    taken = np.bitwise_or.reduce((np.arange(MOST_CARDS) < shown[:, None]) * (np.int64(1) << cards.astype(np.int64)), axis=1)
    count_hands(deck, roots, taken, counts := np.zeros((len(boards), 2), np.int64))
    padded = -(-counts // LANES) * LANES
    table[:, column.HANDS : column.HANDS_1 + 1] = counts
    table[:, column.HAND : column.HAND_1 + 1] = np.cumsum(padded, axis=0) - padded
    most = int((table[:, column.STREET] == last).sum()) * len(deck)
    first, second = (_room(total, most) for total in padded.sum(axis=0).tolist())
    strengths = place_hands(
        deck, roots, cards, shown, taken, table, last, nowhere, (first[:5], second[:5]), (first.tie_end, second.tie_end)
    )  # fmt: skip
    return (
        first._replace(tie_end=first.tie_end[:strengths].copy()),
        second._replace(tie_end=second.tie_end[:strengths].copy()),
    )


def _room(hands: int, strengths: int) -> Hands:
    """Return a player's arrays before they are filled in, without images."""
    cards, indices = [np.empty(hands, np.uint8) for _ in range(2)], [np.empty(hands, np.uint16) for _ in range(3)]
    return Hands(cards[0], cards[1], indices[0], indices[1], indices[2], np.empty(strengths, np.uint16), np.zeros(0, np.uint16))


def alike_hands(
    deck: Cards, player: int, boards: Sequence[Board], table: Int, hands: Hands, nowhere: int, last: int
) -> tuple[Short, Orbits]:
    """Return what suits make of a player's hands, and which they make alike, and fill in their columns of the table.

    Args:
        deck: [H, 2] u1, all hands.
        player: whose.
        boards: street by street.
        table: of the boards, in place.
        hands: the player's.
        nowhere: index of a hand that is not there.
        last: the street with showdowns.

    Returns:
        ``Hands.image``, and the orbits.
    """
    if len(boards[0].group) == 1:
        return _joined([]), Orbits(np.zeros(1, np.uint32), _joined([]))
    showdowns, symmetries_of = table[:, column.STREET] == last, np.array([len(board.group) - 1 for board in boards])
    counts = table[:, column.HANDS + player]
    table[:, column.SYMMETRIES] = np.where(showdowns, 0, symmetries_of)
    size = -(-counts // LANES) * LANES * table[:, column.SYMMETRIES]
    table[:, column.SYMMETRY + player] = np.cumsum(size) - size
    images, members, lengths = (list[npt.NDArray[Any]]() for _ in range(3))
    found = np.zeros(len(boards), np.int64)
    permutations = {bytes(g): hand_permutation(g, deck) for g in boards[0].group[1:]}
    place = np.full(len(deck), nowhere, np.int64)
    most = int(counts.max()) + len(boards[0].group)  # an orbit that was found before is written once more past the last
    alike, each = np.empty(most, np.int64), np.empty(most, np.int64)
    for b in np.flatnonzero(symmetries_of).tolist():
        first, count = int(table[b, column.HAND + player]), int(counts[b])
        own = hands.hand[first : first + count]
        place[own] = np.arange(count)
        here = np.array([place[permutations[bytes(g)][own]] for g in boards[b].group[1:]])
        place[own] = nowhere
        found[b] = find_orbits(here, alike, each)
        lengths.append(each[: found[b]].copy())
        members.append(alike[: lengths[-1].sum()].copy())
        if not showdowns[b]:
            images += [np.append(image, np.full(-count % LANES, nowhere)) for image in here]
    table[:, column.ORBIT_END + player] = np.cumsum(found)
    table[:, column.ORBIT + player] = np.cumsum(found) - found
    return _joined(images), Orbits(np.cumsum(np.concatenate([[0], *lengths])).astype(np.uint32), _joined(members))


def _joined(parts: Sequence[npt.NDArray[Any]]) -> Short:
    return np.concatenate([np.zeros(0, np.int64), *parts]).astype(np.uint16)
