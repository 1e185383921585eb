"""Betting laid out for kernels: street by street, all lines that enter a street side by side."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from games.holdem.betting_tree import BettingTree
from games.kernels import LANES
from games.kernels.boards import Forest
from games.public_tree import CHANCE, TERMINAL

PAIR = 2 * LANES  # terminals are evaluated by pairs of lane groups


class BettingStreet(NamedTuple):
    """One player's view of a street's betting before it is laid out."""

    first_row: list[int]
    parent_row: list[int]
    decisions: list[int]  # the betting node of each
    shows: dict[int, tuple[int, float]]  # own row -> other row, amount
    folds: dict[int, tuple[int, float]]
    exit_row: list[int]
    row: dict[int, int]  # own row of each betting node of the street

    @property
    def lines(self) -> int:
        """Rows that stand for the lines that enter the street."""
        return self.first_row[0]

    @property
    def rows(self) -> int:
        """All rows of the street."""
        return self.first_row[-1]


def betting_streets(bets: BettingTree, roots: Sequence[int]) -> list[tuple[BettingStreet, BettingStreet]]:
    """Return the betting at and below some nodes, street by street, as both players see it.

    Args:
        bets: the tree of bets.
        roots: nodes that enter the same street, in preorder: the lines of the first street returned.
    """
    first = int(bets.round[roots[0]])
    rounds = int(bets.round.max()) + 1 - first
    entries: list[list[int]] = [[] for _ in range(rounds)]
    inner: list[list[int]] = [[] for _ in range(rounds)]
    for root in roots:
        for node in range(root, int(bets.end[root])):
            s = int(bets.round[node]) - first
            if node == root or bets.round[bets.parent[node]] < bets.round[node]:
                entries[s].append(node)
            inner[s].append(node)
    row = np.zeros((2, len(bets.player)), np.int64)
    found = []
    for s in range(rounds):
        sides = (
            BettingStreet([len(entries[s])], [], [], {}, {}, [], {}),
            BettingStreet([len(entries[s])], [], [], {}, {}, [], {}),
        )
        row[:, entries[s]] = np.arange(len(entries[s]))
        for node in inner[s]:
            player = int(bets.player[node])
            if player >= 0:
                side, children = sides[player], bets.children(node)
                side.parent_row.append(int(row[player, node]))
                side.decisions.append(node)
                row[player, children], row[1 - player, children] = side.rows + np.arange(len(children)), row[1 - player, node]
                side.first_row.append(side.rows + len(children))
            for p, side in enumerate(sides):
                own, other = row[[p, 1 - p], node].tolist()
                side.row[node] = own
                if player == CHANCE:
                    side.exit_row.append(own)
                elif player == TERMINAL:
                    folded = int(bets.folded[node])
                    if folded < 0:
                        side.shows[own] = other, float(bets.contribution[node, p])
                    else:
                        stake = float(bets.contribution[node, folded])
                        side.folds[own] = other, -stake if folded == p else stake
        found.append(sides)
    return found


def _padded(values: list[int], fill: int, multiple: int = LANES) -> list[int]:
    return values + [fill] * (-len(values) % multiple)


def betting_forest(streets: list[tuple[BettingStreet, BettingStreet]], player: int, dtype: Any) -> Forest:
    """Return some streets' betting as one player's arrays; ``dtype`` is that of amounts."""
    table: list[list[int]] = []
    lists: tuple[list[int], ...] = ([], [], [], [], [], [])
    first_row, parent_row, own_row, show_row, fold_row, exit_row = lists
    amounts: tuple[list[float], list[float]] = ([], [])
    for street in streets:
        own, other = street[player], street[1 - player]
        shows, folds = own.shows, own.folds
        order = [r for r in shows if r not in folds] + [r for r in shows if r in folds] + [r for r in folds if r not in shows]
        fold_from = sum(r not in folds for r in order) // PAIR * 2
        lanes = _padded(order, own.rows, PAIR)
        shown = [shows.get(r, (other.rows, 0.0)) for r in lanes]
        folded = [folds.get(r, (other.rows, 0.0)) for r in lanes]
        show_groups = -(-len(shows) // PAIR) * 2
        exits = _padded(own.exit_row, own.rows)
        groups = len(lanes) // LANES
        table.append(
            [
                len(parent_row), len(own.parent_row), len(first_row), own.rows, own.lines, len(own_row), groups,
                len(show_row), show_groups, len(fold_row), groups - fold_from, fold_from, len(exit_row), len(exits) // LANES,
            ]
        )  # fmt: skip
        parent_row += own.parent_row
        first_row += own.first_row
        own_row += lanes
        show_row += [there for there, _ in shown[: show_groups * LANES]]
        fold_row += [there for there, _ in folded[fold_from * LANES :]]
        exit_row += exits
        amounts[0].extend(amount for _, amount in shown)
        amounts[1].extend(amount for _, amount in folded)
    arrays: list[Any] = [np.array(table, np.int64), *(np.array(values, np.uint32) for values in lists)]
    return Forest(*arrays, *(np.array(values, dtype).reshape(-1, LANES) for values in amounts))
