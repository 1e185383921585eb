"""The infostates of a game derived from OpenSpiel: one block a player, whose private sides are the hands."""

from __future__ import annotations

from functools import cached_property
from typing import Any

import numpy as np

from games import PublicTree, features
from games.derived import derived_game
from search.infostates import PUBLIC, Ask, Block, Float, Sweep, Table, Tables
from search.tree.evaluator import Evaluator
from search.tree.regrets import RegretSweep
from search.tree.strategy import Strategy


class TreeInfostates:
    """What training sees of a public tree; see ``search.infostates``. Not for two threads at a time.

    Features are OpenSpiel's information state tensors, split into public and private entries. An action has an indicator of its number
    in the game, so that a raise looks the same wherever it is legal.

    Raises:
        UnsuitableGameError: the game gives no information state tensors, or they do not split.
    """

    deep, dtype = PUBLIC, np.float64

    def __init__(self, tree: PublicTree) -> None:
        self.tree, self.game = tree, derived_game(tree)
        found, numbers = features(tree.game), np.unique(np.concatenate([s.action[1:] for s in tree.sequences]))
        blocks = []
        for p, sequences in enumerate(tree.sequences):
            action = (sequences.action[1:, None] == numbers).astype(np.float32)
            first_row = sequences.first_row.astype(np.int64) - 1
            blocks.append((Block(found.hand[p], found.public[p], action, first_row, tree.padded_hands(p)),))
        self.blocks = blocks[0], blocks[1]

    @cached_property
    def _sweep(self) -> RegretSweep:
        return RegretSweep(self.tree)

    @cached_property
    def _evaluator(self) -> Evaluator:
        return Evaluator(self.tree)

    def sweep(self, strategies: tuple[Tables, Tables], player: int) -> Sweep:
        """Return a player's regrets when both play ``strategies``."""
        found, block = self._sweep.regrets(self._whole(strategies), player), self.blocks[player][0]
        row_reach = found.reach[block.decision] * strategies[player][0].T
        return Sweep([found.regret.T], [found.cf_reach.T], [found.reach.T], [row_reach.T])

    def exploitability(self, strategies: tuple[Tables, Tables]) -> float:
        """Return NashConv / 2 in chips, exact."""
        return self._evaluator.exploitability(self._whole(strategies))

    def at(self, state: int) -> tuple[int, int, int, None]:
        """Return a public node's player, block and decision; the private sides are the hands.

        Raises:
            ValueError: nobody acts there.
        """
        player, decision = int(self.tree.player[state]), int(self.tree.decision[state])
        if player < 0:
            raise ValueError(f"node must be a decision, got {state} (player {player})")
        return player, 0, decision, None

    def text(self, player: int, block: int, decision: int) -> str:
        """Return a decision's public history in words."""
        return self.tree.text(int(self.tree.sequences[player].node[decision]))

    def strategy(self, ask: Ask, state: Any = None) -> Strategy:
        """Return what ``ask`` plays at and below a public node."""
        span = self.tree.subgame(state or 0)
        first, second = (self._stored(ask(p, 0, *span.decisions[p]), p) for p in (0, 1))
        return Strategy(self.tree, span, (first, second))

    def _whole(self, strategies: tuple[Tables, Tables]) -> Strategy:
        return self.strategy(lambda p, block, begin, end: strategies[p][block].T)

    def _stored(self, rows: Table, player: int) -> Float:
        """Return rows [R, C or more] as strategies keep them, [R, padded H] f8."""
        hands, width = self.tree.num_hands(player), self.tree.padded_hands(player)
        if rows.shape[1] == width and rows.dtype == np.float64:
            return rows
        found = np.zeros((len(rows), width))
        found[:, :hands] = rows[:, :hands]
        return found
