"""Along one line of play in hold'em: who comes to a board with which hands, by Bayes, and what the opponent gave away on the way.

What ``search.boards.trunk.Trunk`` finds for all lines by walking all boards, for one line and the boards that were dealt: a few array
operations a decision of the way.
"""

from __future__ import annotations

from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np

from games.holdem.board_tree import BoardTree
from games.holdem.rules import HoldemGame
from games.holdem.subtree import Subtree
from games.kernels.boards import LINES, PARENT, STREET
from search.beliefs import Beliefs, Float
from search.boards.strategy import shares_of
from search.boards.trunk import StoredStrategies, above, cf_reach_at, gift, root_reach


class Left(NamedTuple):
    """What a search leaves for those below it: the opponent's cfvs against the strategies so far, on the part's boards above some street.

    Attributes:
        part: one line's.
        player: whose cfvs.
        scale: what the searcher's reach was divided by.
        cfvs: by board of the whole tree, [rows of the part's street, the player's hands].
    """

    part: Subtree
    player: int
    scale: float
    cfvs: dict[int, Float]

    def worth(self, board: int, rows: slice) -> Float:
        """Return [A, hands], the cfvs of a decision's actions; ``rows`` are the whole tree's, lines left out."""
        k = next(k for k, boards in enumerate(self.part.boards) if board in boards)
        first = int(np.searchsorted(self.part.lines.rows[self.player][k], rows.start))
        first += int(self.part.tree.forests[self.player].table[k, LINES])
        return self.scale * self.cfvs[board][first : first + rows.stop - rows.start]


class Root(NamedTuple):
    """Where one line of play begins to be followed: the last subgame that was solved, or the game.

    Attributes:
        node: of the bets, entering a street.
        board: of that street.
        arrival: how both players come there, one line.
        left: values there and below; None at the game's root, and with a depth limit what ``search.boards.limited_subgames`` leaves.
    """

    node: int
    board: int
    arrival: Beliefs
    left: Any


class Paths:
    """Follows lines of play through a game."""

    def __init__(self, game: HoldemGame, tree: BoardTree) -> None:
        self.game, self.tree = game, tree

    def start(self) -> Root:
        """Return the game's root."""
        return Root(0, 0, Beliefs(-1, (root_reach(self.game, 0), root_reach(self.game, 1)), None), None)

    def shares(self, stored: StoredStrategies, board: int, node: int) -> Float:
        """Return [A, hands of the board], the probabilities of a decision's actions; uniform for hands that never come there."""
        player = int(self.game.bets.player[node])
        sums = self.tree.by_hand(player, board, stored[player], self.tree.rows_of[node])
        return shares_of(np.maximum(sums.astype(np.float64), 0.0))

    def follow(
        self, root: Root, node: int, board: int, strategies: StoredStrategies, giver: int | None = None, best: bool = True
    ) -> Beliefs:
        """Return how both players come from a root to a node of the bets on a board, as one line.

        Args:
            root: where the line begins.
            node: where the line ends: it enters the board's street, or lies within it.
            board: of the node's street.
            strategies: so far.
            giver: whose gifts on the way are added to those of the root, in the values that were left there; None for nobody's.
            best: see ``search.boards.trunk.Trunk``.
        """
        tree, bets, boards, nodes = self.tree, self.game.bets, [board], [node]
        while boards[0] != root.board:
            boards.insert(0, int(tree.boards[boards[0], PARENT]))
        while nodes[0] != root.node:
            nodes.insert(0, int(bets.parent[nodes[0]]))
        arrival, way = root.arrival, list(pairwise(nodes))
        for here in boards:
            if here == board and (node == 0 or bets.round[bets.parent[node]] < bets.round[node]):
                break
            reach = [arrival.reach[p][above(tree, p, here), 0] for p in (0, 1)]
            gifts = None if giver is None or arrival.gifts is None else arrival.gifts[above(tree, giver, here), 0]
            for decision, after in way:
                player = int(bets.player[decision])
                if player < 0 or int(bets.round[decision]) != int(tree.boards[here, STREET]):
                    continue
                shares, taken = self.shares(strategies, here, decision), bets.children(decision).index(after)
                if player == giver and gifts is not None and root.left is not None:
                    cf_reach = cf_reach_at(tree, player, here, reach[1 - player][:, None])[:, 0]
                    own = None if best else reach[player] * shares / np.where(reach[player] > 0, reach[player], np.inf)
                    gifts = gifts + gift(root.left.worth(here, self.tree.rows_of[decision]), cf_reach, own)[taken]
                reach[player] = reach[player] * shares[taken]
            found = Beliefs(here, (reach[0][:, None], reach[1][:, None]), None if gifts is None else gifts[:, None])
            arrival = found if here != board else self._above(found, arrival, giver or 0)
        return arrival

    def _above(self, inner: Beliefs, entry: Beliefs, giver: int) -> Beliefs:
        """Return how both players come to a node within a board's street, by their hands on the board above, as searches take it."""
        places = [above(self.tree, p, inner.place) for p in (0, 1)]
        reach = [np.zeros_like(entry.reach[p]) for p in (0, 1)]
        for p in (0, 1):
            reach[p][places[p]] = inner.reach[p]
        gifts = None
        if inner.gifts is not None and entry.gifts is not None:
            gifts = np.zeros_like(entry.gifts)
            gifts[places[giver]] = inner.gifts
        return Beliefs(entry.place, (reach[0], reach[1]), gifts)
