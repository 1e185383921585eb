"""The infostates of a game derived from OpenSpiel: one block a player, whose private sides are the hands."""

from __future__ import annotations

from functools import cached_property
from typing import Any

import numpy as np

from games import PublicTree, features
from games.derived import derived_game
from games.public_tree import CHANCE, TERMINAL
from search.board_sampling import BoardSampler
from search.infostates import PUBLIC, Ask, Block, Float, Int, Sweep, Table, Tables
from search.kernels import evaluate, propagate_reach
from search.tree.evaluator import Evaluator, span_of
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
    def _evaluator(self) -> Evaluator:
        return Evaluator(self.tree)

    @cached_property
    def _scratch(self) -> tuple[list[Float], list[Float], list[Float], list[Float]]:
        """Per player [rows, padded H] of reach, policy and cfvs, and [K, H, H_other] chance's part of each decision's reach."""
        tree = self.tree
        reach, policy, cfv = ([np.zeros((tree.num_rows(p), tree.padded_hands(p))) for p in (0, 1)] for _ in range(3))
        weights = (tree.chance_weights, tree.chance_weights.transpose(0, 2, 1))
        chance = [np.ascontiguousarray(weights[p][tree.chance_of[tree.sequences[p].node]]) for p in (0, 1)]
        return reach, policy, cfv, chance

    @cached_property
    def _boards(self) -> tuple[Int, BoardSampler]:
        """[N] the board of each node, and what draws boards: outcomes of chance are the same board after all betting."""
        tree = self.tree
        places: dict[tuple[int, ...], int] = {(): 0}
        cards: list[tuple[int, ...]] = [()] * tree.num_nodes
        board = np.zeros(tree.num_nodes, np.int64)
        parent, chance = [-1], [1.0]
        for node in range(1, tree.num_nodes):
            above = int(tree.parent[node])
            cards[node] = cards[above]
            if tree.player[above] == CHANCE:
                cards[node] = (*cards[above], int(tree.action[node]))
                if cards[node] not in places:
                    places[cards[node]] = len(places)
                    parent.append(places[cards[above]])
                    chance.append(float(tree.chance_weights[tree.chance_of[node]].sum()))
            board[node] = places[cards[node]]
        return board, BoardSampler(np.array(parent), np.array(chance))

    @property
    def sampler(self) -> BoardSampler:
        """What draws boards."""
        return self._boards[1]

    def sweep(self, strategies: tuple[Tables, Tables], player: int, ratio: Float | None = None) -> Sweep:
        """Return a player's regrets when both play ``strategies``, of all boards or with those that were drawn."""
        tree, (reach, policy, cfv, chance) = self.tree, self._scratch
        for p, sequences in enumerate(tree.sequences):
            hands = tree.num_hands(p)
            policy[p][1:, :hands] = strategies[p][0].T
            reach[p][0, :hands] = 1.0
            propagate_reach(sequences.first_row, sequences.parent_row, span_of(tree.subgame(), p), policy[p], reach[p])
        (block,), own, other = self.blocks[player], tree.sequences[player], reach[1 - player]
        span, hands = span_of(tree.subgame(), player), len(block.private)
        terminals, times = tree.terminals[player], np.ones(len(own.node))
        if ratio is not None:
            board = self._boards[0]
            terminals, times = terminals._replace(scale=terminals.scale * ratio[board[tree.player == TERMINAL]]), ratio[board[own.node]]
        evaluate(own.first_row, own.parent_row, terminals, span, other, policy[player], False, cfv[player])
        played, values = policy[player][1:, :hands], cfv[player][1:, :hands]
        regret = values - np.add.reduceat(played * values, block.first_row[:-1], axis=0)[block.decision]
        there = other[tree.row[1 - player, own.node], : tree.num_hands(1 - player)]
        cf_reach = np.matmul(chance[player], there[:, :, None])[:, :, 0]
        before, after = reach[player][own.parent_row, :hands], reach[player][1:, :hands]
        cf_reach, before, after = times[:, None] * cf_reach, times[:, None] * before, times[block.decision, None] * after
        return Sweep([regret.T], [cf_reach.T], [before.T], [after.T])

    def deals(self, player: int) -> list[Table]:
        """Return [H, K], the probability of each hand and of the public cards at each decision."""
        return [self._scratch[3][player].sum(axis=2).T]

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
        first, second = (self._rows(ask(p, 0, *span.decisions[p]), p) for p in (0, 1))
        return Strategy(self.tree, span, (first, second))

    def _whole(self, strategies: tuple[Tables, Tables]) -> Strategy:
        return self.strategy(lambda p, block, begin, end: strategies[p][block].T)

    def stored(self, player: int, tables: Tables) -> Float:
        """Return [R, padded H] f8, a player's action probabilities."""
        return self._rows(tables[0].T, player)

    def tables(self, player: int, stored: Float) -> list[Table]:
        """Return [H, R] of a player's action probabilities [R, padded H]."""
        return [np.ascontiguousarray(stored[:, : self.tree.num_hands(player)].T)]

    def _rows(self, rows: Table, player: int) -> Float:
        """Return rows [R, C or more] as strategies keep them, [R, padded H] f8."""
        hands, width = self.tree.num_hands(player), self.tree.padded_hands(player)
        if rows.shape[1] == width and rows.dtype == np.float64:
            return rows
        found = np.zeros((len(rows), width))
        found[:, :hands] = rows[:, :hands]
        return found
