"""The roots of a board's subgames in hold'em: what a gadget makes of the beliefs there, in the arrays of sweeps."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from games.holdem.subtree import Subtree
from search.beliefs import Beliefs, Entrance, Float, scaled
from search.boards.sweeps import BoardSweeps, Gadget, Rows
from search.boards.trunk import above, cf_reach_at
from search.gadgets import gadget_exploitability
from search.kernels.gadget import COMBINED, UNSAFE, GadgetArrays, enter_board
from search.kernels.streets import BEST


class BoardEntrance(Entrance):
    """Beliefs at a board by its own hands. Sweeps have the same by the hands of the board above and by padded lines."""

    def __init__(self, part: Subtree, beliefs: Beliefs, seat: int) -> None:
        self.seat, self.opponent = seat, 1 - seat
        self._places = [above(part.tree, p, 0) for p in (0, 1)]
        entry, where = [beliefs.reach[p][self._places[p]] for p in (0, 1)], self._places[self.opponent]
        own = scaled(entry[seat])
        gifts = None if beliefs.gifts is None else beliefs.gifts[where]
        super().__init__(own, entry[self.opponent], cf_reach_at(part.tree, self.opponent, 0, own), entry[seat].max(axis=0), gifts)

    def enter(self, sweeps: BoardSweeps, lines: npt.NDArray[np.bool_]) -> None:
        """Set both players' reach at the root, for some lines."""
        for p, reach in ((self.seat, self.own), (self.opponent, self.model)):
            sweeps.reach[p][:] = 0
            sweeps.reach[p][self._places[p], : reach.shape[1]] = reach * lines

    def at_root(self, values: Rows) -> Float:
        """Return [H of the opponent, L], a copy of the opponent's values in a sweep's order."""
        return values[self._places[self.opponent], : self.cf_reach.shape[1]]

    def gadget(self, sweeps: BoardSweeps, bound: Float, lines: npt.NDArray[np.bool_], spread: float) -> GadgetArrays:
        """Return a gadget's arrays, ``spread`` in chips; hands of other lines do not exist for it."""
        where, count = self._places[self.opponent], self.cf_reach.shape[1]
        arrays = GadgetArrays(*(np.zeros_like(sweeps.cfv[self.opponent]) for _ in GadgetArrays._fields))
        arrays.bound[where, :count] = bound
        arrays.cf_reach[where, :count] = self.cf_reach * lines
        arrays.model[where, :count] = self.model
        arrays.spread[where, :count] = self.cf_reach * spread
        return arrays

    def exploitability(
        self, sweeps: BoardSweeps, strategies: tuple[Rows, Rows], gadget: Gadget | None = None, weight: float = 1.0
    ) -> Float:
        """Return [lines], NashConv / 2 of strategies in the games at the root, the gadget's included, in chips weighted by reach.

        NaN with distributional bounds.

        Args:
            sweeps: that solve; reach at the root is left as it was.
            strategies: both players'.
            gadget: whose average choice is the opponent's; none for the model's range.
            weight: of the sum ``gadget.arrays.chosen``.
        """
        kept, kind, theirs = [reach.copy() for reach in sweeps.reach], UNSAFE, sweeps.reach[self.opponent]
        unasked = np.zeros_like(theirs)
        if gadget is not None:
            kind, plain = gadget.kind, tuple(gadget.arrays)
            enter_board(kind, plain, gadget.arrays.chosen / theirs.dtype.type(weight), theirs)
            enter_board(kind, plain, np.zeros_like(theirs), unasked)
        sweeps.evaluate(strategies, BEST)
        found = [cfv.astype(np.float64) for cfv in sweeps.cfv]
        ours = (found[self.seat] * sweeps.reach[self.seat]).sum(axis=0)
        reach = theirs.astype(np.float64)
        for p in (0, 1):
            sweeps.reach[p][:] = kept[p]
        lines = slice(self.cf_reach.shape[1])
        if gadget is None:
            both: Float = np.maximum((found[self.opponent] * reach).sum(axis=0) + ours, 0.0)  # never below but by rounding
            return both[lines] / 2
        arrays = gadget.arrays
        return gadget_exploitability(kind, found[self.opponent], ours, reach, unasked, arrays.bound, arrays.cf_reach)[lines]

    def worst_line(self, sweeps: BoardSweeps, strategies: tuple[Rows, Rows], gadget: Gadget | None, weight: float) -> float:
        """Return the largest exploitability of all lines, in chips a deal that comes there; see ``exploitability``."""
        found = self.exploitability(sweeps, strategies, gadget, weight)
        entering = self.model if gadget is None or gadget.kind == COMBINED else np.ones_like(self.cf_reach)
        deals = (entering * self.cf_reach).sum(axis=0)
        return float((found[deals > 0] / deals[deals > 0]).max(initial=0.0))
