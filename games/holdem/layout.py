"""Betting laid out for kernels: street by street, all lines that enter a street side by side."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache
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
    shows: dict[int, tuple[int, float, float]]  # own row -> other row, amount, what a tie costs of it
    folds: dict[int, tuple[int, float]]  # own row -> other row, amount
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
    player, parent, end, round_, folded = (a.tolist() for a in (bets.player, bets.parent, bets.end, bets.round, bets.folded))
    contribution, rake, first = bets.contribution.tolist(), bets.rake.tolist(), round_[roots[0]]
    rounds = max(round_) + 1 - first
    entries: list[list[int]] = [[] for _ in range(rounds)]
    inner: list[list[int]] = [[] for _ in range(rounds)]
    for root in roots:
        for node in range(root, end[root]):
            s = round_[node] - first
            if node == root or round_[parent[node]] < round_[node]:
                entries[s].append(node)
            inner[s].append(node)
    row = [0] * len(player), [0] * len(player)
    found = []
    for s in range(rounds):
        sides = (
            BettingStreet([len(entries[s])], [], [], {}, {}, [], {}),
            BettingStreet([len(entries[s])], [], [], {}, {}, [], {}),
        )
        for line, node in enumerate(entries[s]):
            row[0][node] = row[1][node] = line
        for node in inner[s]:
            acting, here = player[node], (row[0][node], row[1][node])
            if acting >= 0:
                side, rows, child = sides[acting], sides[acting].rows, node + 1
                side.parent_row.append(here[acting])
                side.decisions.append(node)
                while child < end[node]:
                    row[acting][child], row[1 - acting][child] = rows, here[1 - acting]
                    rows, child = rows + 1, end[child]
                side.first_row.append(rows)
            for p, side in enumerate(sides):
                own, other = here[p], here[1 - p]
                side.row[node] = own
                if acting == CHANCE:
                    side.exit_row.append(own)
                elif acting == TERMINAL:
                    loser = folded[node]
                    if loser < 0:
                        side.shows[own] = other, contribution[node][p], rake[node] / 2 / contribution[node][p] if rake[node] else 0.0
                    else:
                        stake = contribution[node][loser]
                        side.folds[own] = other, -stake if loser == p else stake - rake[node]
        found.append(sides)
    return found


@lru_cache(maxsize=16)
def whole_streets(bets: BettingTree) -> list[tuple[BettingStreet, BettingStreet]]:
    """Return ``betting_streets`` of a whole tree, the same list every time: not to be changed."""
    return betting_streets(bets, (0,))


@lru_cache(maxsize=16)
def whole_forests(bets: BettingTree, dtype: Any) -> tuple[Forest, Forest]:
    """Return ``betting_forest`` of a whole tree for both players, the same arrays every time: not to be changed."""
    streets = whole_streets(bets)
    return betting_forest(streets, 0, dtype), betting_forest(streets, 1, dtype)


def rake_forests(bets: BettingTree, dtype: Any) -> tuple[Forest, Forest]:
    """Return ``betting_forest`` of a whole tree for both players where each pays half of every rake, whoever wins, and nothing else."""
    half = bets.rake / 2
    streets = betting_streets(replace(bets, contribution=np.column_stack([half, half])), (0,))
    return betting_forest(streets, 0, dtype), betting_forest(streets, 1, dtype)


def _padded(values: list[int], fill: int, multiple: int = LANES) -> list[int]:
    return values + [fill] * (-len(values) % multiple)


def betting_forest(streets: list[tuple[BettingStreet, BettingStreet]], player: int, dtype: Any) -> Forest:
    """Return some streets' betting as one player's arrays; ``dtype`` is that of amounts."""
    table: list[list[int]] = []
    lists: tuple[list[int], ...] = ([], [], [], [], [], [])
    first_row, parent_row, own_row, show_row, fold_row, exit_row = lists
    amounts: tuple[list[float], list[float], list[float]] = ([], [], [])
    raked = any(cost for street in streets for _, _, cost in street[player].shows.values())
    for street in streets:
        own, other = street[player], street[1 - player]
        shows, folds = own.shows, own.folds
        order = [r for r in shows if r not in folds] + [r for r in shows if r in folds] + [r for r in folds if r not in shows]
        fold_from = sum(r not in folds for r in order) // PAIR * 2
        lanes = _padded(order, own.rows, PAIR)
        shown = [shows.get(r, (other.rows, 0.0, 0.0)) for r in lanes]
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
        show_row += [there for there, _, _ in shown[: show_groups * LANES]]
        fold_row += [there for there, _ in folded[fold_from * LANES :]]
        exit_row += exits
        amounts[0].extend(amount for _, amount, _ in shown)
        amounts[1].extend(amount for _, amount in folded)
        amounts[2].extend(cost for _, _, cost in shown if raked)
    arrays: list[Any] = [np.array(table, np.int64), *(np.array(values, np.uint32) for values in lists)]
    return Forest(*arrays, *(np.array(values, dtype).reshape(-1, LANES) for values in amounts))
