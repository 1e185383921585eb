"""What it is worth to come to the end of a street: everything behind it solved to the end of the game, card by card."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from games.arrays import Float
from games.holdem.board_tree import BoardTree
from games.holdem.rules import HoldemGame
from games.holdem.subtree import entering, street_lines, subtree
from games.kernels.boards import CHILD, CHILD_END
from search.boards.strategy import alike_images, play_alike
from search.boards.sweeps import BoardSweeps, StoredRows
from search.boards.trunk import above
from search.boards.workspace import Workspace
from search.kernels.streets import BEST
from search.variants import BLOCK, Variant, coefficients


class StreetValues(NamedTuple):
    """What it is worth to come to the boards of a street.

    Attributes:
        boards: of the street, of the game's tree.
        cfvs: per player [boards, L, H], best responses to a solve of each board, in chips of a deal that has its cards.
    """

    boards: range
    cfvs: tuple[Float, Float]


class NextStreet:
    """Solves each board of a street that lies below another board, all lines that enter the street side by side.

    Args:
        game: whole.
        tree: its board tree.
        street: that is entered; not the first.
        variant: of CFR.
    """

    def __init__(self, game: HoldemGame, tree: BoardTree, street: int, variant: Variant) -> None:
        self.game, self.tree, self.street, self.variant = game, tree, street, variant
        self.nodes = entering(game, street)
        self.lines = street_lines(game, self.nodes, tree.weight.dtype)
        self._space = Workspace()
        self._sweeps: BoardSweeps | None = None

    def solve(self, board: int, reach: tuple[Float, Float], iterations: int) -> StreetValues:
        """Return what all boards below one are worth when both players come there with some ranges.

        Args:
            board: of the street before.
            reach: per player [L, H], ranges at the end of that street by line.
            iterations: of each solve.
        """
        below = range(*self.tree.boards[board, CHILD : CHILD_END + 1].tolist())
        found = tuple(np.zeros((len(below), *reach[p].shape)) for p in (0, 1))
        for i, child in enumerate(below):
            for p, cfvs in enumerate(self._solved(child, reach, iterations)):
                found[p][i] = cfvs
        return StreetValues(below, (found[0], found[1]))

    def before(self, board: int, values: StreetValues) -> tuple[Float, Float]:
        """Return per player [L, H], what it is worth to leave a board: the mean over all cards, of which some stand for others."""
        alike = alike_images(self.game, self.tree, board)
        weights = self.tree.weight[values.boards.start : values.boards.stop].astype(np.float64)
        totals = [np.einsum("c,clh->lh", weights, cfvs) for cfvs in values.cfvs]
        first, second = (np.mean([total[:, image] for image in alike], axis=0) for total in totals)
        return first, second

    def _solved(self, child: int, reach: tuple[Float, Float], iterations: int) -> Sequence[Float]:
        """Return per player [L, H] of one board."""
        part, count = subtree(self.tree, self.lines, child), len(self.lines)
        if self._sweeps is None:
            self._sweeps = BoardSweeps(part.tree, 1, self.tree.weight.dtype, self._space)
        sweeps, dtype = self._sweeps, self.tree.weight.dtype
        sweeps.look_at(part.tree)
        names = ("regret", "average", *(["matching"] if self.variant.predictive else []))
        kept = {n: tuple(self._space.zeros(f"{n} {p}", rows, dtype) for p, rows in enumerate(part.tree.stored_rows)) for n in names}
        rows = StoredRows(kept["regret"], kept.get("matching", kept["regret"]), kept["average"])
        places, hands = [above(part.tree, p, 0) for p in (0, 1)], [self.tree.hands_at(p, child) for p in (0, 1)]
        most = [np.maximum(own.max(axis=1), 1e-300) for own in reach]  # float32 has no 1e-50: the largest weight of a line becomes 1
        for p in (0, 1):
            sweeps.reach[p][:] = 0
            sweeps.reach[p][places[p], :count] = (reach[p] / most[p][:, None])[:, hands[p]].T
        for block in range(0, iterations, BLOCK):
            sweeps.update(rows, coefficients(self.variant, block // BLOCK), 0, min(BLOCK, iterations - block))
        for p in (0, 1):
            play_alike(part.tree, p, rows.average[p])
        sweeps.evaluate(rows.average, BEST)
        found = [np.zeros((count, len(self.game.hands))) for _ in (0, 1)]
        for p in (0, 1):
            found[p][:, hands[p]] = sweeps.cfv[p][places[p], :count].T * most[1 - p][:, None]
        return found
