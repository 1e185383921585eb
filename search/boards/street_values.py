"""Values from a small network for one point of a hold'em street, its end before the card or its start behind it.

The network says what hands are worth *beside checking down*, the equity over all run-outs, which is exact and costs one product. Its unit
is what each player has put in; both have put in the same there. It sees the cards, these chips, both ranges of all hands of the deck, and
each hand's equity against them, so it is for small decks. Cards are named as the board tree names those that suits make equal.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from games.arrays import Float, Float32
from games.holdem.board_tree import BoardTree
from games.holdem.cards import hands_apart, holding
from games.holdem.rules import HoldemGame, HoldemState
from search.boards.settled_leaves import equities
from search.boards.strategy import find_board, image_of_hands
from search.frontier import Layers
from search.kernels.hand_values import hand_cfvs


class Cards(NamedTuple):
    """A board as networks and values see it.

    Attributes:
        seen: [streets * deck] f4, 1 for each card of each street.
        live: [H] f8, 1 for hands that hold none of its cards.
        equity: [H, H] f4, the second hand's equity against the first, see ``search.boards.settled_leaves.equities``.
    """

    seen: Float32
    live: Float
    equity: Float32


class StreetEncoding:
    """How a network sees the states at one point of a street.

    Args:
        game: whole.
        tree: its board tree.
        street: whose cards are on the board.
        tremble: share of every range that is spread over all hands: what a hand is worth in a range that lacks it is not determined.
    """

    def __init__(self, game: HoldemGame, tree: BoardTree, street: int, tremble: float) -> None:
        self.game, self.tree, self.street, self.tremble = game, tree, street, tremble
        self.hands = len(game.hands)
        self._deck = game.deck.cards().tolist()
        low, high = np.ascontiguousarray(game.hands.T)
        self.deck = low, high, np.array([max(self._deck) + 1])
        self._boards: dict[int, Cards] = {}

    @property
    def length(self) -> int:
        """Numbers that the network sees."""
        return self.street * len(self._deck) + 2 + 4 * self.hands

    @cached_property
    def stack(self) -> float:
        """The most that a player can put in."""
        return self.game.stack

    def cards(self, board: int) -> Cards:
        """Return a board of the tree."""
        if board not in self._boards:
            cards, seen = self.tree.cards[board], np.zeros((self.street, len(self._deck)), np.float32)
            for street in range(1, self.street + 1):
                for card in cards[self.game.cards_on(street - 1) : self.game.cards_on(street)]:
                    seen[street - 1, self._deck.index(card)] = 1
            live = (~holding(self.game.deck, cards)).astype(np.float64)
            self._boards[board] = Cards(seen.ravel(), live, np.ascontiguousarray(equities(self.game, cards).T, np.float32))
        return self._boards[board]

    def public(self, cards: Cards, paid: float) -> Float32:
        """Return what everybody sees: the cards, and what each player has put in."""
        part = paid / self.stack
        return np.concatenate([cards.seen, [part, np.log(part)]]).astype(np.float32)

    def trembled(self, board: int, reach: Float) -> Float:
        """Return [B, H], ranges on a board that add up to one with some of every hand that can be there."""
        live = self.cards(board).live
        total, even = (reach * live).sum(axis=1, keepdims=True), np.tile(live / live.sum(), (len(reach), 1))
        share = np.divide(reach * live, total, out=even.copy(), where=total > 0)
        found: Float = (1.0 - self.tremble) * share + self.tremble * even
        return found

    def rows(self, board: int, paid: Float, reach: tuple[Float, Float], cfvs: tuple[Float, Float]) -> tuple[Float32, Float, Float]:
        """Return what a network is trained on: features [B, D], values [B, 2 H] and which of these count [B, 2 H].

        Args:
            board: of the tree.
            paid: [B] chips that each player has put in.
            reach: per player [B, H], as ``trembled`` returns them.
            cfvs: per player [B, H] chips that the hands win against these.
        """
        cards, apart = self.cards(board), hands_apart(self.game.hands)
        met = [np.where(cards.live, (reach[1 - p] * cards.live) @ apart, 0.0) for p in (0, 1)]
        won = [(reach[1 - p] * cards.live) @ cards.equity for p in (0, 1)]
        equities = [np.divide(won[p], met[p], out=np.zeros_like(met[p]), where=met[p] > 0) for p in (0, 1)]
        beside = [cfvs[p] / paid[:, None] - won[p] for p in (0, 1)]
        mass = (met[0] * reach[0]).sum(axis=1, keepdims=True)
        excess = sum((beside[p] * reach[p]).sum(axis=1, keepdims=True) for p in (0, 1)) / (2.0 * mass)
        values = [np.divide(beside[p], met[p], out=np.zeros_like(met[p]), where=met[p] > 0) - excess for p in (0, 1)]
        counts = np.concatenate([own > 0 for own in met], axis=1).astype(np.float64)
        public = np.array([self.public(cards, float(own)) for own in paid])
        return np.concatenate([public, *reach, *equities], axis=1).astype(np.float32), np.concatenate(values, axis=1) * counts, counts


class StreetLeaves:
    """See ``search.frontier.LeafEvaluator``: leaves at one point of a street, on one board a solve, worth what a network says.

    Args:
        encoding: of the states.
        layers: of the network.
        name: how it is reported.
    """

    def __init__(self, encoding: StreetEncoding, layers: Layers, name: str = "street values") -> None:
        self.encoding, self.name = encoding, name
        self.take(layers)

    def take(self, layers: Layers) -> None:
        """Take other weights."""
        self._layers = layers
        self._entered: tuple[HoldemState, ...] | None = None

    def fingerprint(self) -> bytes:
        """Return what tells networks apart."""
        digest = hashlib.sha256(repr((self.encoding.game.key, self.encoding.street, self.encoding.tremble)).encode())
        for arrays in self._layers:
            for array in arrays:
                digest.update(array.tobytes())
        return digest.digest()

    def enter(self, leaves: Sequence[HoldemState], /) -> None:
        """See ``LeafEvaluator``.

        Raises:
            ValueError: leaves that are not on one board of the street.
        """
        if tuple(leaves) == self._entered:
            return
        encoding, shown = self.encoding, {leaf.cards for leaf in leaves}
        if len(shown) != 1 or len(next(iter(shown))) != encoding.game.cards_on(encoding.street):
            raise ValueError(f"leaves must be on one board of street {encoding.street}, got {sorted(shown)}")
        board, permutation = find_board(encoding.game, encoding.tree, shown.pop())
        image = image_of_hands(permutation.tobytes(), encoding.game.deck)
        self._image = None if (image == np.arange(len(image))).all() else image
        self._cards, count = encoding.cards(board), len(leaves)
        self._paid = np.array([encoding.game.chips(leaf).paid[0] for leaf in leaves])
        public = np.array([encoding.public(self._cards, float(paid)) for paid in self._paid])
        self._rows = np.zeros((count, encoding.length), np.float32)
        self._rows[:, : public.shape[1]] = public
        self._outputs = tuple(np.zeros((count, len(bias)), np.float32) for _, bias in self._layers)
        self._work = np.zeros((2, count, encoding.hands))
        self._entered = tuple(leaves)

    def cfvs(self, player: int, reach: tuple[Float, Float], /) -> Float:
        """See ``LeafEvaluator``."""
        first, second = reach if self._image is None else (_renamed(own, self._image) for own in reach)
        encoding, cards, found = self.encoding, self._cards, np.empty_like(first)
        hand_cfvs(
            player, first, second, cards.live, encoding.deck, cards.equity, self._paid, encoding.tremble, self._rows, self._layers,
            self._outputs, self._work, found,
        )  # fmt: skip
        return found if self._image is None else found[:, self._image]


def _renamed(reach: Float, image: npt.NDArray[Any]) -> Float:
    """Return ranges by hands as the tree names them; ``image`` [H] is what each hand becomes."""
    found = np.empty_like(reach)
    found[:, image] = reach
    return found
