"""What a player's hands are promised where a subgame begins: what somebody says that it is worth to come there with these ranges."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from games.holdem.board_tree import BoardTree
from games.holdem.rules import HoldemGame, HoldemState
from search.beliefs import Beliefs, Float
from search.boards.trunk import above, cf_reach_at
from search.frontier import LeafEvaluator


class Promises:
    """Asks for the worth of states where subgames begin.

    Args:
        game: whole.
        tree: its board tree.
        starts: who is asked.
    """

    def __init__(self, game: HoldemGame, tree: BoardTree, starts: LeafEvaluator[HoldemState]) -> None:
        self.game, self.tree, self.starts = game, tree, starts

    def at(self, nodes: Sequence[int], board: int, beliefs: Beliefs, player: int) -> Float:
        """Return [hands of the board, L] chips that a player's hands are worth at L nodes of the bets that enter a board's street."""
        tree = self.tree
        arrival = [beliefs.reach[p][above(tree, p, board)] for p in (0, 1)]
        reach = [np.zeros((len(nodes), len(self.game.hands))) for _ in (0, 1)]
        for p in (0, 1):
            reach[p][:, tree.hands_at(p, board)] = arrival[p].T
        self.starts.enter([self.game.state_at(node, tree.cards[board]) for node in nodes])
        cfvs = self.starts.cfvs(player, (reach[0], reach[1]))[:, tree.hands_at(player, board)].T
        cf_reach = cf_reach_at(tree, player, board, arrival[1 - player])
        return np.divide(cfvs, cf_reach, out=np.zeros_like(cf_reach), where=cf_reach > 0)
