"""What a player's hands are promised where a subgame with a depth limit begins: see ``search.resolving.resolve``.

Where a search begins behind another one's leaves, somebody says what it is worth to come there. Ranges are those of the iterations of the
search above: what hands are worth with the *average* ranges says nothing of those that these ranges lack. Where the first search of a hand
begins, hands are promised what they get against the blueprint.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

import numpy as np

from games.holdem.board_tree import BoardTree
from games.holdem.rules import HoldemGame, HoldemState
from games.holdem.subtree import entering, street_lines
from games.kernels.boards import PARENT
from search.beliefs import Beliefs, Float
from search.boards.limited_subgames import Visits
from search.boards.path import Paths
from search.boards.subgames import BoardSubgames
from search.boards.trunk import StoredStrategies, cf_reach_at
from search.frontier import LeafEvaluator
from search.variants import Variant


class Promises(Protocol):
    """Who says what hands are promised."""

    def at(self, nodes: Sequence[int], board: int, beliefs: Beliefs, player: int) -> Float:
        """Return [hands of the board, L] chips that a player's hands are promised at L nodes of the bets that enter a board's street."""
        ...


class WorthOfStarts:
    """Promises what somebody says that states are worth with the ranges that the last search's iterations brought there, on average.

    Where nothing is known of such iterations, it is what they are worth with the beliefs.

    Args:
        game: whole.
        tree: its board tree.
        starts: who is asked.
        visits: of searches above, by their board.
    """

    def __init__(
        self, game: HoldemGame, tree: BoardTree, starts: LeafEvaluator[HoldemState], visits: Mapping[int, Sequence[Visits]]
    ) -> None:
        self.game, self.tree, self.starts, self.visits = game, tree, starts, visits

    def work_out(self, street: int) -> None:
        """Let all boards of a street be looked at once."""
        for board in self.tree.on_street(street):
            self.starts.enter([self.game.state_at(node, self.tree.cards[board]) for node in entering(self.game, street)])

    def at(self, nodes: Sequence[int], board: int, beliefs: Beliefs, player: int) -> Float:
        """See ``Promises``."""
        place = int(self.tree.boards[board, PARENT])
        found = []
        for line, node in enumerate(nodes):
            leaf = int(self.game.bets.parent[node])
            visits = next((visits for visits in self.visits.get(place, ()) if leaf in visits.nodes), None)
            if visits is None:
                reach = [np.zeros((1, len(self.game.hands))) for _ in (0, 1)]
                for p in (0, 1):
                    reach[p][0, self.tree.hands_at(p, place)] = beliefs.reach[p][:, line]
                found.append(self._worth(node, board, player, np.ones(1), (reach[0], reach[1])))
            else:
                found.append(self._worth(node, board, player, *visits.at(leaf)))
        return np.stack(found, axis=1)

    def _worth(self, node: int, board: int, player: int, weights: Float, reach: tuple[Float, Float]) -> Float:
        """Return [hands of the board] chips, the mean over K ranges [K, H] by their weights [K]."""
        tree = self.tree
        on_board = [np.zeros_like(own) for own in reach]
        for p in (0, 1):
            hands = tree.hands_at(p, board)
            on_board[p][:, hands] = reach[p][:, hands]
        self.starts.enter([self.game.state_at(node, tree.cards[board])] * len(weights))
        cfvs = self.starts.cfvs(player, (on_board[0], on_board[1]))[:, tree.hands_at(player, board)]
        cf_reach = cf_reach_at(tree, player, board, on_board[1 - player][:, tree.hands_at(1 - player, board)].T)
        total = cf_reach @ weights
        return np.divide(weights @ cfvs, total, out=np.zeros_like(total), where=total > 0)


class WorthAgainstBlueprint:
    """Promises what hands get against a blueprint, both ranges being the blueprint's. It is worked out once for each board and line.

    Args:
        game: whole.
        tree: its board tree.
        strategies: the blueprint's.
        variant: of CFR.
        best: what a best response gets; else what the blueprint's own play gets.
    """

    def __init__(self, game: HoldemGame, tree: BoardTree, strategies: StoredStrategies, variant: Variant, best: bool) -> None:
        self.game, self.tree, self.strategies, self.variant, self.best = game, tree, strategies, variant, best
        self._paths = Paths(game, tree)
        self._subgames: dict[int, BoardSubgames] = {}
        self._known: dict[tuple[int, int, int], Float] = {}

    def at(self, nodes: Sequence[int], board: int, beliefs: Beliefs, player: int) -> Float:
        """See ``Promises``; the beliefs are not looked at."""
        return np.stack([self._worth(node, board, player) for node in nodes], axis=1)

    def work_out(self, street: int) -> None:
        """Work out what is promised on all boards of a street."""
        for board in self.tree.on_street(street):
            for player in (0, 1):
                for node in entering(self.game, street):
                    self._worth(node, board, player)

    def _worth(self, node: int, board: int, player: int) -> Float:
        """Return [hands of the board] chips at one line."""
        key = node, board, player
        if key not in self._known:
            if node not in self._subgames:
                lines = street_lines(self.game, [node], self.tree.weight.dtype)
                self._subgames[node] = BoardSubgames(self.game, self.tree, lines, self.variant)
            solver, arrival = self._subgames[node], self._paths.follow(self._paths.start(), node, board, self.strategies)
            entrance = solver.enter(board, arrival, self.strategies, 1 - player)
            solver.restrict(np.ones(1, bool))
            cfvs = solver.cfvs(answered=False, best=self.best)[:, 0].astype(np.float64)
            met = entrance.cf_reach[:, 0]
            self._known[key] = np.divide(cfvs, met, out=np.zeros_like(met), where=met > 0)
        return self._known[key]
