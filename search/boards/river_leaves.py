"""Leaves at the end of a turn, worth what a network says of all rivers behind them (``search.boards.start_values``)."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence

import numpy as np

from games.arrays import Float, Float32
from games.holdem.rules import HoldemGame, HoldemState
from search.boards.range_buckets import board_buckets
from search.boards.start_values import DECK, HELD, PUBLIC, public_features
from search.kernels.equity import equity_space
from search.kernels.hand_equity import showdown_by_hand
from search.kernels.river_values import add_said, bucket_shares


class RiverLeaves:
    """See ``search.frontier.LeafEvaluator``: leaves before the river card, where both players still have chips.

    What a leaf is worth is the mean over all rivers: checking down, which is exact, and what the network says that bets are worth.

    Args:
        game: whose states the leaves are, with a full deck.
        said: what the network says [B, 2 buckets] of what it sees [B, D].
        buckets: that it sees each range by.
        digest: of the network.
        name: how it is reported.
    """

    def __init__(
        self, game: HoldemGame, said: Callable[[Float32], Float32], buckets: int, digest: bytes = b"", name: str = "start values"
    ) -> None:
        self.game, self.name = game, name
        self._said, self._buckets, self._digest = said, buckets, digest
        self._turn: tuple[int, ...] | None = None
        self._space = equity_space(len(game.hands), 1, 1)

    def fingerprint(self) -> bytes:
        """See ``LeafEvaluator``."""
        return hashlib.sha256(b"river leaves, " + self._digest).digest()

    def enter(self, leaves: Sequence[HoldemState], /) -> None:
        """See ``LeafEvaluator``.

        Raises:
            ValueError: leaves that are not on one board of four cards.
        """
        turns = {leaf.cards for leaf in leaves}
        if len(turns) != 1 or len(next(iter(turns))) != 4:
            raise ValueError(f"leaves must be on one turn, got {sorted(turns)}")
        self._look_at(turns.pop())
        chips = [self.game.chips(leaf) for leaf in leaves]
        pots = [sum(own.paid) for own in chips]
        self._scale = np.array(pots) / (len(self._rivers) - HELD)
        self._rows = np.zeros((len(leaves) * len(self._rivers), PUBLIC + 2 * self._buckets), np.float32)
        self._rows[:, :PUBLIC] = [
            public_features(cards, pot, min(own.behind or (0.0, 0.0)))
            for own, pot in zip(chips, pots, strict=True)
            for cards in self._boards.tolist()
        ]

    def _look_at(self, turn: tuple[int, ...]) -> None:
        if turn == self._turn:
            return
        deck, hands = self.game.deck.cards().tolist(), self.game.hands
        self._rivers = [card for card in deck if card not in turn]
        self._boards = np.array([[*turn, card] for card in self._rivers], np.uint8)
        every = [board_buckets(hands, (*turn, card), self._buckets) for card in self._rivers]
        self._live = np.array([own.live for own in every])
        self._index, self._weight = np.array([own.index for own in every]), np.array([own.weight for own in every])
        self._turn = turn

    def cfvs(self, player: int, reach: tuple[Float, Float], /) -> Float:
        """See ``LeafEvaluator``."""
        game, begins = self.game, self.game.betting.first[-1]
        first, second = np.ascontiguousarray(reach[begins]), np.ascontiguousarray(reach[1 - begins])
        for i, own in enumerate((first, second)):
            bucket_shares(own, self._index, self._weight, self._live, self._rows, PUBLIC + i * self._buckets, self._buckets)
        said, other = self._said(self._rows), np.ascontiguousarray(reach[1 - player].T)
        wins, met = np.zeros_like(other), np.zeros_like(other)
        showdown_by_hand(self._boards, game.hands, other, self._space, np.zeros((DECK, other.shape[1])), wins, met)
        found: Float = np.ascontiguousarray((wins - met).T) * (0.5 * self._scale[:, None])
        place = 0 if player == begins else 1
        add_said(
            place, first, second, self._index, self._weight, self._live, game.hands, said, self._buckets, self._scale, found
        )  # fmt: skip
        return found
