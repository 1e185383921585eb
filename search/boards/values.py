"""What actions of hold'em are worth against a given range, when both players go on with a strategy from there."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import numpy.typing as npt

from games.holdem.isomorphism import hand_permutation
from games.holdem.subtree import Subtree, street_lines, subtree
from games.kernels import LANES
from games.kernels.boards import DECISION, FIRST_ROW, HANDS, LINES, ROWS
from search.boards.strategy import BoardStrategy
from search.boards.sweeps import BoardSweeps, Rows
from search.boards.trunk import above
from search.kernels.streets import VALUE

Float = npt.NDArray[np.float64]


def values_against(strategy: BoardStrategy, node: int, cards: tuple[int, ...], range_: Float) -> Float:
    """Return the cfvs of a decision's actions against a range of the opponent's, both playing a strategy from there on.

    The street is evaluated from its start, with everybody on it made to come to the decision with all that he has.

    Args:
        strategy: of the whole game.
        node: a decision of ``game.bets``.
        cards: the public cards there.
        range_: [H] over all hands of the deck, what the opponent comes to the decision with.

    Returns:
        [A, H] over all hands of the deck, chips weighted by ``range_``; 0 for hands that cannot be there.
    """
    game, tree, bets = strategy.game, strategy.tree, strategy.game.bets
    player, dtype = int(bets.player[node]), strategy.tree.weight.dtype
    board, permutation = strategy.find(cards)
    way = [node]
    while way[0] > 0 and bets.round[bets.parent[way[0]]] == bets.round[node]:
        way.insert(0, int(bets.parent[way[0]]))
    part = subtree(tree, street_lines(game, way[:1], dtype), board)
    stored: list[Rows] = [np.zeros((rows, LANES), dtype) for rows in part.tree.stored_rows]
    for p in (0, 1):
        part.take(p, strategy.average[p], stored[p])
    for before, after in pairwise(way):
        actor = int(bets.player[before])
        actions = _rows(part, actor, before)
        lines = int(part.tree.forests[actor].table[0, LINES])
        tiled = _first_board(part, actor, stored[actor])
        tiled[:, actions.start - lines : actions.stop - lines] = 0
        tiled[:, actions.start - lines + bets.children(before).index(after)] = 1
    sweeps = BoardSweeps(part.tree, 1, dtype)
    there = np.zeros(len(game.hands))
    there[hand_permutation(permutation, game.hands)] = range_
    for p in (0, 1):
        sweeps.reach[p][above(tree, p, board), 0] = 1.0 if p == player else there[tree.hands_at(p, board)]
    sweeps.evaluate((stored[0], stored[1]), VALUE, only=player)
    return strategy.of_all_hands(sweeps.watched(player)[_rows(part, player, node)], player, board, permutation)


def _rows(part: Subtree, player: int, node: int) -> slice:
    """Return the rows of a decision's actions on the first street of a part."""
    forest = part.tree.forests[player]
    k = int(np.flatnonzero(part.tree.decisions[player] == node)[0]) - int(forest.table[0, DECISION])
    low, high = (int(forest.first_row[int(forest.table[0, FIRST_ROW]) + k + i]) for i in (0, 1))
    return slice(low, high)


def _first_board(part: Subtree, player: int, stored: Rows) -> Rows:
    """Return [tiles, rows, 8], what is stored for the first board of a part, as a view."""
    table = part.tree.forests[player].table[0]
    tiles, rows = -(-int(part.tree.boards[0, HANDS + player]) // LANES), int(table[ROWS] - table[LINES])
    return stored[: tiles * rows].reshape(tiles, rows, LANES)
