"""Parts of a board tree: everything at and below one board, for some of the lines that enter its street.

A part has the shape of a whole tree, so that the same kernels run on it; what is stored is its own, and `Subtree.take` and `Subtree.put`
move it from and to the whole tree's.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from games.holdem.board_tree import BoardTree
from games.holdem.layout import betting_forest, betting_streets, whole_streets
from games.holdem.rules import HoldemGame
from games.kernels import LANES
from games.kernels.boards import CHILD, CHILD_END, HANDS, LINES, PARENT, ROWS, STORE, STREET, Forest, Index, Int


@dataclass(frozen=True)
class Lines:
    """Some lines that enter one street, and the betting below them.

    Attributes:
        street: of the whole game.
        nodes: betting nodes that enter it.
        forests: of both players, from this street on.
        rows: per player and street from this one on: [stored rows], each one's place among the stored rows of the whole game's street.
        decisions: as in ``BoardTree``.
    """

    street: int
    nodes: tuple[int, ...]
    forests: tuple[Forest, Forest]
    rows: tuple[tuple[Int, ...], tuple[Int, ...]]
    decisions: tuple[Index, Index]

    def __len__(self) -> int:
        return len(self.nodes)


def entering(game: HoldemGame, street: int) -> list[int]:
    """Return the betting nodes that enter a street, in preorder."""
    bets = game.bets
    return [n for n in np.flatnonzero(bets.round == street).tolist() if n == 0 or bets.round[bets.parent[n]] < street]


def street_lines(game: HoldemGame, nodes: Sequence[int], dtype: Any = np.float32, streets: int | None = None) -> Lines:
    """Return the lines that enter a street at some betting nodes, laid out for kernels.

    Args:
        game: whole.
        nodes: that enter the street, in preorder.
        dtype: of amounts.
        streets: how many of them; None for all to the end of the game.
    """
    first = int(game.bets.round[nodes[0]])
    whole, part = whole_streets(game.bets), betting_streets(game.bets, nodes)[:streets]
    rows: list[tuple[Int, ...]] = []
    for p in (0, 1):
        own = []
        for s, street in enumerate(part):
            there = whole[first + s][p]
            begin = dict(zip(there.decisions, there.first_row, strict=False))
            sizes = np.diff(street[p].first_row)
            places = [begin[node] - there.lines + a for node, size in zip(street[p].decisions, sizes, strict=True) for a in range(size)]
            own.append(np.array(places, np.int64))
        rows.append(tuple(own))
    decisions = [np.array([node for street in part for node in street[p].decisions], np.uint32) for p in (0, 1)]
    forests = (betting_forest(part, 0, dtype), betting_forest(part, 1, dtype))
    return Lines(first, tuple(nodes), forests, (rows[0], rows[1]), (decisions[0], decisions[1]))


@dataclass(frozen=True)
class Subtree:
    """A part of a board tree.

    Attributes:
        tree: the part as a tree; its hands are the whole tree's, and hands at its first board point to those of the board above.
        lines: its betting.
        spans: per street and player, where the whole tree stores the part's boards: (first row, tiles, rows a tile).
        boards: per street, which boards of the whole tree are the part's.
    """

    tree: BoardTree
    lines: Lines
    spans: tuple[tuple[tuple[int, int, int], tuple[int, int, int]], ...]
    boards: tuple[range, ...]

    def boards_above(self, street: int) -> list[int]:
        """Return the whole tree's number of each of the part's boards above a street of the whole game, in the part's order."""
        return [board for boards in self.boards[: max(street - self.lines.street, 0)] for board in boards]

    def take(self, player: int, stored: Any, out: npt.NDArray[Any]) -> None:
        """Copy a player's rows of the part from the whole tree's ``stored``, which need only have slices, to ``out``, in place."""
        for whole, part, rows in self._streets(player, stored, out):
            part[:] = whole[:, rows]

    def put(self, player: int, part: npt.NDArray[Any], out: npt.NDArray[Any]) -> None:
        """Copy a player's rows of the part to the whole tree's ``out``, in place."""
        for whole, own, rows in self._streets(player, out, part):
            whole[:, rows] = own

    def _streets(self, player: int, whole: Any, part: npt.NDArray[Any]) -> Iterator[tuple[Any, Any, Int | slice]]:
        """Yield, street by street, [tiles, rows, 8] of the whole tree and of the part, and which rows of the one are those of the other."""
        at = 0
        for span, rows in zip(self.spans, self.lines.rows[player], strict=True):
            first, tiles, stride = span[player]
            own = part[at : at + tiles * len(rows)].reshape(tiles, len(rows), LANES)
            yield whole[first : first + tiles * stride].reshape(tiles, stride, LANES), own, run(rows)
            at += tiles * len(rows)


def subtree(tree: BoardTree, lines: Lines, board: int) -> Subtree:
    """Return what lies at and below a board of the lines' street.

    Raises:
        ValueError: a board of another street.
    """
    if tree.boards[board, STREET] != lines.street:
        raise ValueError(f"board must be one of street {lines.street}, got one of street {tree.boards[board, STREET]}")
    ranges, low, high = list[tuple[int, int]](), board, board + 1
    while low < high and len(ranges) < len(lines.rows[0]):
        ranges.append((low, high))
        low, high = int(tree.boards[low, CHILD]), int(tree.boards[high - 1, CHILD_END])
    picked = np.concatenate([np.arange(*r) for r in ranges])
    boards = tree.boards[picked]
    starts = np.cumsum([0, *(high - low for low, high in ranges)])
    stored, spans = [0, 0], []
    for s, (low, _) in enumerate(ranges):
        here = slice(starts[s], starts[s + 1])
        boards[here, STREET] = s
        boards[here, PARENT] += starts[s - 1] - ranges[s - 1][0] if s else 0
        if s + 1 < len(ranges):
            boards[here, CHILD : CHILD_END + 1] += starts[s + 1] - ranges[s + 1][0]
        elif tree.boards[low, CHILD] < tree.boards[low, CHILD_END]:  # streets below are left out
            boards[here, CHILD : CHILD_END + 1] = 0
        span = []
        for p in (0, 1):
            tiles = -(-boards[here, HANDS + p] // LANES)
            table = tree.forests[p].table[lines.street + s]
            span.append((int(tree.boards[low, STORE + p]), int(tiles.sum()), int(table[ROWS] - table[LINES])))
            rows = len(lines.rows[p][s])
            boards[here, STORE + p] = stored[p] + np.cumsum(np.append(0, tiles[:-1])) * rows
            stored[p] += int(tiles.sum()) * rows
        spans.append((span[0], span[1]))
    boards[0, PARENT] = -1
    weight = tree.weight[picked]
    weight[0] = 1
    part = replace(
        tree, forests=lines.forests, boards=boards, weight=weight, cards=tuple(tree.cards[b] for b in picked),
        stored_rows=(stored[0], stored[1]), decisions=lines.decisions,
    )  # fmt: skip
    return Subtree(part, lines, tuple(spans), tuple(range(*r) for r in ranges))


def run(rows: Int) -> Int | slice:
    """Return rows that follow each other as a slice, which is copied several times as fast; others as they are."""
    return slice(int(rows[0]), int(rows[-1]) + 1) if len(rows) and rows[-1] - rows[0] == len(rows) - 1 else rows


def part_rows(tree: BoardTree, lines: Lines) -> Int:
    """Return [boards of the lines' street, 2], the rows that each one's part stores, without making it."""
    found = np.zeros((int((tree.boards[:, STREET] == lines.street).sum()), 2), np.int64)
    low = high = np.flatnonzero(tree.boards[:, STREET] == lines.street)
    high = high + 1
    for s in range(len(lines.rows[0])):
        for p in (0, 1):
            tiles = np.append(0, np.cumsum(-(-tree.boards[:, HANDS + p] // LANES)))
            found[:, p] += (tiles[high] - tiles[low]) * len(lines.rows[p][s])
        low, high = tree.boards[low, CHILD], tree.boards[high - 1, CHILD_END]
    return found
