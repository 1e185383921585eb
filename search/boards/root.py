"""The root of a board's subgames in hold'em: who comes there, and what a gadget makes of it."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from games.holdem.subtree import Subtree
from search.boards.sweeps import BoardSweeps, Gadget, Rows
from search.boards.trunk import Arrival, Float, above, mass_at, scaled
from search.gadgets import left_to_gain
from search.kernels.gadget import COMBINED, UNSAFE, GadgetArrays, enter_board
from search.kernels.streets import BEST


class BoardRoot:
    """The root of a board's subgames: both players' reach and what they meet, [hands of the board, lines].

    Attributes:
        own: the searcher's reach, the largest of every line 1: only ratios matter, and products of small ones would underflow.
        scale: [lines] what it was divided by.
        model: the opponent's reach, as it is.
        mass: the searcher's reach that each of the opponent's hands can meet.
    """

    def __init__(self, part: Subtree, arrival: Arrival, seat: int) -> None:
        self.seat, self.opponent = seat, 1 - seat
        self.places = [above(part.tree, p, 0) for p in (0, 1)]
        entry = [arrival.reach[p][self.places[p]] for p in (0, 1)]
        self.scale = entry[seat].max(axis=0)
        self.own, self.model = scaled(entry[seat]), entry[self.opponent]
        self.mass = mass_at(part.tree, self.opponent, 0, self.own)

    def enter(self, sweeps: BoardSweeps, lines: npt.NDArray[np.bool_]) -> None:
        """Set both players' reach at the root, for some lines."""
        for p, reach in ((self.seat, self.own), (self.opponent, scaled(self.model))):
            sweeps.reach[p][:] = 0
            sweeps.reach[p][self.places[p], : reach.shape[1]] = reach * lines

    def raise_by_gifts(self, bound: Rows, arrival: Arrival, scale: float) -> None:
        """Raise the opponent's bounds by a share of what its hands gave away on the way, if that is known, in place."""
        if arrival.gifts is not None:
            where = self.places[self.opponent]
            bound[where, : self.mass.shape[1]] += scale * arrival.gifts[where] * self.mass

    def gadget(self, bound: Rows, lines: npt.NDArray[np.bool_], spread: float) -> GadgetArrays:
        """Return a gadget's arrays, ``spread`` in chips; hands of other lines do not exist for it."""
        where, count = self.places[self.opponent], self.mass.shape[1]
        arrays = GadgetArrays(bound, *(np.zeros_like(bound) for _ in GadgetArrays._fields[1:]))
        arrays.mass[where, :count] = self.mass * lines
        arrays.model[where, :count] = self.model
        arrays.spread[where, :count] = self.mass * spread
        return arrays

    def judge(self, change: Float, whole: bool = False) -> tuple[Float, Float]:
        """Return [lines], how much hands' best-response values rise in all, and how much they fall with the model's range.

        Args:
            change: [hands of the board above, padded lines] of the opponent's best-response values.
            whole: it is the whole game, and the model's range is the deal's: what rises counts by it, too.
        """
        here = np.where(self.mass > 0, change[self.places[self.opponent], : self.mass.shape[1]], 0.0)
        return (np.maximum(here, 0.0) * (self.model if whole else 1.0)).sum(axis=0), (np.maximum(-here, 0.0) * self.model).sum(axis=0)

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
        lines = slice(self.mass.shape[1])
        if gadget is None:
            both: Float = np.maximum((found[self.opponent] * reach).sum(axis=0) + ours, 0.0)  # never below but by rounding
            return both[lines] / 2
        arrays = gadget.arrays
        return left_to_gain(kind, found[self.opponent], ours, reach, unasked, arrays.bound, arrays.mass)[lines]

    def left_to_gain(self, sweeps: BoardSweeps, strategies: tuple[Rows, Rows], gadget: Gadget | None, weight: float) -> float:
        """Return the largest exploitability of all lines, in chips a deal that comes there; see ``exploitability``."""
        found = self.exploitability(sweeps, strategies, gadget, weight)
        entering = scaled(self.model) if gadget is None else self.model if gadget.kind == COMBINED else np.ones_like(self.mass)
        deals = (entering * self.mass).sum(axis=0)
        return float((found[deals > 0] / deals[deals > 0]).max(initial=0.0))
