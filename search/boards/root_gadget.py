"""A gadget above the root of a game of its own: what the opponent's hands could get against the last answer holds the next one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from games.arrays import Float
from games.holdem.board_tree import BoardTree
from games.holdem.cards import unblocked
from games.holdem.rules import HoldemState
from games.holdem.subtree import entering
from search.boards.strategy import BoardStrategy, place_of
from search.boards.sweeps import BoardSweeps, Gadget
from search.boards.trunk import above, cf_reach_at
from search.gadgets import TAGS
from search.kernels.gadget import GadgetArrays, open_board

if TYPE_CHECKING:
    from search.boards.solver import BoardSolver


@dataclass(frozen=True)
class RootGadget:
    """What stands above a game's root, see ``search.gadgets``.

    Attributes:
        kind: its name, not ``unsafe``.
        opponent: who may stay out.
        bound: [H] chips a deal that each of the opponent's hands has outside.
    """

    kind: str
    opponent: int
    bound: Float

    def opened(self, tree: BoardTree, sweeps: BoardSweeps) -> Gadget:
        """Return the gadget as sweeps take it, opened; the reach at the root is the model's before, and the gadget's afterwards."""
        opponent, places = self.opponent, [above(tree, p, 0) for p in (0, 1)]
        own, model = (sweeps.reach[p][places[p], :1].astype(np.float64) for p in (1 - opponent, opponent))
        cf_reach = cf_reach_at(tree, opponent, 0, own)
        arrays = GadgetArrays(*(np.zeros_like(sweeps.cfv[opponent]) for _ in GadgetArrays._fields))
        where = places[opponent]
        arrays.cf_reach[where, :1], arrays.model[where, :1] = cf_reach, model
        arrays.bound[where, :1] = cf_reach * self.bound[tree.hands_at(opponent, 0)][:, None]
        gadget = Gadget(TAGS[self.kind], opponent, arrays)
        open_board(gadget.kind, tuple(arrays), sweeps.reach[opponent])
        return gadget


@dataclass(frozen=True)
class BestResponseValues:
    """What a player's hands can get at most against an answer, on its first street and where its second one begins.

    Attributes:
        strategy: the answer.
        player: whose values.
        first: [rows, hands] cfvs of the first board, in chips weighted by the other player's reach.
        second: by board of the second street [lines that enter it, hands], likewise; empty where there is none.
    """

    strategy: BoardStrategy
    player: int
    first: npt.NDArray[np.float32]
    second: Mapping[int, npt.NDArray[np.float32]]

    def at(self, state: HoldemState) -> Float:
        """Return [H] chips a deal; 0 for hands that meet nobody there.

        Args:
            state: of the answer's game: a decision of the player's on its first street, or where its second one begins.
        """
        strategy, game = self.strategy, self.strategy.game
        node, cards = place_of(game, state)
        board, permutation = strategy.find(cards)
        if int(game.bets.round[node]):
            line = entering(game, 1).index(node)
            cfvs = self.second[board][line : line + 1]
        else:
            rows, lines = strategy.tree.rows_of[node], strategy.tree.lines_of(self.player, board)
            cfvs = self.first[lines + rows.start : lines + rows.stop].max(axis=0, keepdims=True)
        values = strategy.of_all_hands(cfvs, self.player, board, permutation)[0]
        met = unblocked(game.deck, strategy.reach(node, cards)[1 - self.player])
        found: Float = np.where(met > 0, values / np.where(met > 0, met, 1.0), 0.0)
        return found


def best_responses(solver: BoardSolver, answer: BoardStrategy, player: int) -> BestResponseValues:
    """Return what a player's hands can get at most against a solver's answer, of which ``answer`` is a copy."""
    boards = range(solver.tree.on_street(1).stop) if len(solver.game.deals) > 1 else range(1)
    first, *second = (cfvs.astype(np.float32) for cfvs in solver.best_cfvs(player, boards))
    lines = solver.tree.lines_of(player, 1) if second else 0
    return BestResponseValues(answer, player, first, {board: cfvs[:lines].copy() for board, cfvs in enumerate(second, 1)})
