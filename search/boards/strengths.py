"""How strong hands of hold'em are, street by street: what card abstractions and networks see beside the cards.

A hand's *strength* on the last board is the share of hands that it beats, ties counting half. Its features on a street are

* E[HS] on this street and on every one before: the mean strength over the boards that may still come, so that hands with different
  pasts can be told apart;
* E[HS²] on this street: whether the mean hides a draw;
* on the last street its strength against each of eight groups of opponents' hands, from weak to strong before the flop (opponent cluster
  hand strength; Johanson et al. 2013, "Evaluating state-space abstractions in extensive-form games").
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from games.holdem.board_tree import BoardTree
from games.holdem.rules import HoldemGame
from games.kernels import LANES
from games.kernels.boards import CHILD, CHILD_END, HANDS, PARENT, STREET, SYMMETRIES, SYMMETRY
from games.kernels.evaluator import board_strengths
from search.boards.trunk import above

Float = npt.NDArray[np.float64]
OPPONENTS = 8  # groups of hands


def hand_features(game: HoldemGame, tree: BoardTree, player: int) -> list[list[Float]]:
    """Return per street and board [hands, features] of each of the player's hands; see the module's text."""
    streets = int(tree.boards[:, STREET].max()) + 1
    moments: list[Float] = [np.zeros((0, 2))] * len(tree.boards)
    last = np.flatnonzero(tree.boards[:, STREET] == streets - 1)
    for board in last.tolist():
        moments[board] = _squared(_strengths(game, tree, player, board, None)[:, :1])
    for board in range(int(last[0]) - 1, -1, -1):
        moments[board] = _expected(tree, player, board, moments)
    worth, place = np.unique(moments[0][:, 0].round(9), return_inverse=True)  # hands that suits make equal stay together
    groups = np.zeros(len(game.hands), np.int64)
    groups[tree.hands_at(player, 0)] = place.reshape(-1) * OPPONENTS // len(worth)
    past: list[Float] = [np.zeros((0, 0))] * len(tree.boards)
    found: list[list[Float]] = [[] for _ in range(streets)]
    for board in range(len(tree.boards)):
        s, parent = int(tree.boards[board, STREET]), int(tree.boards[board, PARENT])
        before = past[parent][above(tree, player, board)] if parent >= 0 else np.zeros((len(moments[0]), 0))
        past[board] = np.append(before, moments[board][:, :1], axis=1)
        own = [past[board], moments[board][:, 1:]]
        if s == streets - 1:
            own.append(_strengths(game, tree, player, board, groups)[:, 1:])
        found[s].append(np.concatenate(own, axis=1))
    return found


def _squared(strength: Float) -> Float:
    return np.append(strength, strength**2, axis=1)


def _expected(tree: BoardTree, player: int, board: int, moments: Sequence[Float]) -> Float:
    """Return [hands, 2], the mean of the moments on the boards below."""
    row = tree.boards[board]
    count = int(row[HANDS + player])
    sums = np.zeros((count, 3))
    for child in range(int(row[CHILD]), int(row[CHILD_END])):
        sums[above(tree, player, child)] += tree.weight[child] * np.append(moments[child], np.ones((len(moments[child]), 1)), axis=1)
    image, step = int(row[SYMMETRY + player]), -(-count // LANES) * LANES
    images = [tree.hands[player].image[image + m * step : image + m * step + count] for m in range(int(row[SYMMETRIES]))]
    sums = sum((sums[other] for other in images), start=sums.copy())
    return sums[:, :2] / np.where(sums[:, 2:] > 0, sums[:, 2:], 1.0)


def _strengths(game: HoldemGame, tree: BoardTree, player: int, board: int, groups: npt.NDArray[np.int64] | None) -> Float:
    """Return [hands, 1 + OPPONENTS]: strength on a last board against all hands, then (if groups are given) against each group."""
    hands = game.hands[tree.hands_at(player, board)]
    power = board_strengths(tree.cards[board], hands).astype(np.int64)
    alive = ~np.isin(game.hands, tree.cards[board]).any(axis=1)
    others = game.hands[alive]
    there = board_strengths(tree.cards[board], others).astype(np.int64)
    apart = (hands[:, None, :, None] != others[None, :, None, :]).all(axis=(2, 3)).astype(np.float64)
    score = apart * ((power[:, None] > there) + 0.5 * (power[:, None] == there))
    member = np.ones((len(others), 1))
    if groups is not None:
        member = np.append(member, groups[alive][:, None] == np.arange(OPPONENTS), axis=1)
    met = apart @ member
    share: Float = np.where(met > 0, score @ member / np.maximum(met, 1), 0.5)
    return share
