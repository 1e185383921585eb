"""What a hold'em solver answers: average strategies by board, node of the betting and hand."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt

from games.game import line_of
from games.holdem.board_tree import BoardTree
from games.holdem.cards import Deck, hole_hands
from games.holdem.isomorphism import Permutation, hand_permutation, permute_card
from games.holdem.rules import HoldemGame, HoldemState, Place
from games.kernels import LANES
from games.kernels.boards import CHILD, CHILD_END, HANDS, LINES, ORBIT, ORBIT_END, ROWS, STORE, STREET
from search.boards.trunk import Strategies
from search.kernels.orbits import average_orbits

Float = npt.NDArray[np.float64]


@lru_cache(maxsize=64)
def image_of_hands(permutation: bytes, deck: Deck) -> npt.NDArray[np.uint32]:
    """Return ``hand_permutation`` of all hands of a deck; ``permutation`` is [4] u1 as bytes."""
    return hand_permutation(np.frombuffer(permutation, np.uint8), hole_hands(deck))


def alike_images(game: HoldemGame, tree: BoardTree, board: int) -> list[npt.NDArray[np.uint32]]:
    """Return [H] each, the images of all hands under the suit permutations that leave a board's streets as they are."""
    return images_under(game, tree.group, tree.cards[board])


def images_under(game: HoldemGame, group: Sequence[Permutation], cards: tuple[int, ...]) -> list[npt.NDArray[np.uint32]]:
    """Return the same by the game's suit permutations (see ``BoardTree.group``) and the cards of a board, canonical or not."""
    counts = np.cumsum([sum(map(len, game.board)), *game.deals[1:]]).tolist()
    streets = [set(cards[low:high]) for low, high in zip([0, *counts], counts, strict=False)]
    fitting = [g for g in group if all({permute_card(g, card) for card in street} == street for street in streets)]
    return [image_of_hands(g.tobytes(), game.deck) for g in fitting]


def play_alike(tree: BoardTree, player: int, rows: npt.NDArray[Any]) -> None:
    """Give hands that the symmetries of their board make alike the mean of their rows, in place.

    One board stands for all that suits make equal, and its values are worked out as if alike hands on it played alike. Solving keeps that
    only up to rounding, which decides where actions are equally good. So every strategy comes through here before it is measured or
    kept: the mean of rows weighted by own reach is the average of what the same player does under the suits' other names. Where all
    hands play alike already, nothing changes.

    Args:
        tree: whole or a part.
        player: whose rows.
        rows: [stored rows, 8], weighted by own reach.
    """
    orbits, table = tree.orbits[player], tree.forests[player].table
    if not len(orbits.members):  # no suits may change places, so no hands are alike on any board
        return
    boards = tree.boards[tree.boards[:, ORBIT + player] < tree.boards[:, ORBIT_END + player]]
    # contiguous however many boards there are: a kernel that meets another layout is compiled anew, in the middle of a decision
    first, ranges = (np.ascontiguousarray(boards[:, columns]) for columns in (STORE + player, [ORBIT + player, ORBIT_END + player]))
    stride = (table[:, ROWS] - table[:, LINES])[boards[:, STREET]]
    space = np.empty(stride.max(initial=0))
    if rows.dtype != np.float16:
        average_orbits(rows, first, stride, ranges, orbits.first, orbits.members, space)
        return
    ends = first + stride * -(-boards[:, HANDS + player] // LANES)
    for b, (low, high) in enumerate(zip(first.tolist(), ends.tolist(), strict=True)):  # Numba has no half precision
        here = rows[low:high].astype(np.float32)
        average_orbits(here, first[b : b + 1] - low, stride[b : b + 1], ranges[b : b + 1], orbits.first, orbits.members, space)
        rows[low:high] = here


def place_of(game: HoldemGame, state: HoldemState) -> Place:
    """Return where a public state is in the game's tree of bets.

    Raises:
        ValueError: an amount was bet that the menus do not offer.
    """
    place = game.locate(state)
    if place is None:
        raise ValueError(f"bets must be of the game's menus, got {' / '.join(line_of(game, state))}")
    return place


def find_board(game: HoldemGame, tree: BoardTree, cards: tuple[int, ...]) -> tuple[int, Permutation]:
    """Return the board that stands for some cards, street by street in order, and what suits become on it.

    Raises:
        ValueError: cards that cannot come.
    """
    boards, start = tree.boards, len(tree.cards[0])
    if tuple(cards[:start]) != tree.cards[0]:
        raise ValueError(f"cards must begin with the game's board, got {cards}")
    board, permutation = 0, np.arange(4, dtype=np.uint8)
    group = list(tree.group)
    while len(tree.cards[board]) < len(cards):
        before = len(tree.cards[board])
        count = game.deals[int(boards[board, STREET]) + 1]
        there, permutation, group = first_image(group, permutation, cards[before : before + count])  # boards stand in this order
        low, high = int(boards[board, CHILD]), int(boards[board, CHILD_END])
        board = bisect_left(tree.cards, there, low, high, key=lambda own: own[before:])
        if board == high or tree.cards[board][before:] != there:
            raise ValueError(f"cards must be a board of the game, got {cards}")
    return board, permutation


def first_image(
    group: Sequence[Permutation], permutation: Permutation, cards: Sequence[int]
) -> tuple[tuple[int, ...], Permutation, list[Permutation]]:
    """Return the first of all sets that suits make equal to a street's cards, which stands for them.

    Args:
        group: suit permutations that leave the streets before as they are.
        permutation: what suits have become on the streets before.
        cards: of the street.

    Returns:
        the set, ascending, what suits become on it, and what of the group leaves it as it is.
    """
    new = [permute_card(permutation, card) for card in cards]
    images = [tuple(sorted(permute_card(g, card) for card in new)) for g in group]
    first = min(images)
    fixing = [g for g in group if {permute_card(g, card) for card in first} == set(first)]
    return first, group[images.index(first)][permutation], fixing


def shares_of(sums: Float) -> Float:
    """Return [A, H] sums as shares; uniform where they are 0."""
    total = sums.sum(axis=0)
    shares: Float = np.where(total > 0, sums / np.where(total > 0, total, 1.0), 1.0 / len(sums))
    return shares


@dataclass(frozen=True)
class BoardStrategy:
    """Average strategies of both players; ``average`` is [stored rows, 8] each, weighted by own reach."""

    game: HoldemGame
    tree: BoardTree
    average: Strategies

    @property
    def tables(self) -> Strategies:
        """The same, as every strategy of a whole game calls them."""
        return self.average

    def find(self, cards: tuple[int, ...]) -> tuple[int, Permutation]:
        """See ``find_board``."""
        return find_board(self.game, self.tree, cards)

    def at(self, state: HoldemState) -> Float:
        """Return [A, H], the strategy at a decision, as ``at_node`` does.

        Raises:
            ValueError: an amount was bet that the menus do not offer.
        """
        return self.at_node(*place_of(self.game, state))

    def at_node(self, node: int, cards: tuple[int, ...] | None = None) -> Float:
        """Return the strategy at a decision of the betting tree, on a board of the node's street.

        Args:
            node: a decision of ``game.bets``.
            cards: the public cards; the game's own board unless given.

        Returns:
            [A, H] over all hands of the deck; uniform for hands that never came there, or cannot.
        """
        return shares_of(self.sums(node, cards))

    def at_board(self, node: int, board: int, permutation: Permutation) -> Float:
        """Return the same, on a board that is known to stand for the cards (see ``find``)."""
        return shares_of(self._sums(node, board, permutation, self.tree.rows_of[node]))

    def sums(self, node: int, cards: tuple[int, ...] | None = None) -> Float:
        """Return what ``at_node`` normalises: [A, H], 0 for hands that are not there."""
        board, permutation, rows = self.locate(node, cards)
        return self._sums(node, board, permutation, rows)

    def _sums(self, node: int, board: int, permutation: Permutation, rows: slice) -> Float:
        player = int(self.game.bets.player[node])
        return self.of_all_hands(self.tree.by_hand(player, board, self.average[player], rows), player, board, permutation)

    def put(self, node: int, cards: tuple[int, ...], policy: Float) -> None:
        """Write [A, H] at a decision into the acting player's rows, in place."""
        board, permutation, rows = self.locate(node, cards)
        player = int(self.game.bets.player[node])
        self.tree.tiled(player, board, self.average[player])[:, rows] = self.in_lanes(player, board, permutation, policy)

    def in_lanes(self, player: int, board: int, permutation: Permutation, policy: Float) -> Float:
        """Return [tiles, A, 8], [A, H] as a player's rows at a board hold it; ``permutation`` is what suits become on the board."""
        renamed, hands = np.zeros_like(policy), self.tree.hands_at(player, board)
        renamed[:, image_of_hands(permutation.tobytes(), self.game.deck)] = policy
        tiles = -(-len(hands) // LANES)
        own = np.zeros((len(policy), tiles * LANES))
        own[:, : len(hands)] = renamed[:, hands]
        return own.reshape(len(policy), tiles, LANES).transpose(1, 0, 2)

    def reach(self, node: int, cards: tuple[int, ...] | None = None) -> tuple[Float, Float]:
        """Return what the players come to a decision with: [H] each, range times own action probabilities on the way there.

        Args:
            node: a decision of ``game.bets``.
            cards: the public cards there; the game's own board unless given.
        """
        game, shown = self.game, self.tree.cards[0] if cards is None else cards
        dead = np.isin(game.hands, shown).any(axis=1)
        found = [np.where(dead, 0.0, live) for live in game.ranges]
        counts = len(self.tree.cards[0]) + np.cumsum([0, *game.deals[1:]])
        while node > 0:
            above = int(game.bets.parent[node])
            player = int(game.bets.player[above])
            if player >= 0:
                shares = self.at_node(above, shown[: counts[int(game.bets.round[above])]])
                found[player] *= shares[game.bets.children(above).index(node)]
            node = above
        return found[0], found[1]

    def locate(self, node: int, cards: tuple[int, ...] | None = None) -> tuple[int, Permutation, slice]:
        """Return the board that stands for some cards, what suits become on it, and a decision's rows (see ``BoardTree.rows_of``).

        Raises:
            ValueError: no decision, or cards that are no board of its street.
        """
        player = int(self.game.bets.player[node])
        if player < 0:
            raise ValueError(f"node must be a decision, got {node}")
        board, permutation = self.find(self.tree.cards[0] if cards is None else cards)
        s = int(self.game.bets.round[node])
        if int(self.tree.boards[board, STREET]) != s:
            raise ValueError(f"cards must be a board of the node's street, got {len(self.tree.cards[board])} cards for street {s}")
        return board, permutation, self.tree.rows_of[node]

    def of_all_hands(self, values: npt.NDArray[Any], player: int, board: int, permutation: Permutation) -> Float:
        """Return [A, H] over all hands of the deck, as suits were before ``permutation``, of [A, n] over a player's hands at a board."""
        hands = self.tree.hands_at(player, board)
        full = np.zeros((len(values), len(self.game.hands)))
        full[:, hands] = values[:, : len(hands)]
        return full[:, image_of_hands(permutation.tobytes(), self.game.deck)]
