"""Terminal values of small games: one dense matrix per kind of showdown, shared by all terminals that differ only in stakes."""

from __future__ import annotations

from functools import partial
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from games.kernels.compile import kernel
from games.kernels.lanes import LANES, add, load, multiply, splat, store


class DenseTerminals(NamedTuple):
    """All terminals of a public tree, in preorder, seen by one player.

    A terminal pays ``scale[t] * payoff[matrix[t]]``; deal weights and chance probabilities are inside the matrices.
    """

    own_row: npt.NDArray[np.uint32]  # [terminals] own sequence that leads here
    other_row: npt.NDArray[np.uint32]  # [terminals] opponent's
    matrix: npt.NDArray[np.uint32]  # [terminals]
    scale: npt.NDArray[np.float64]  # [terminals]
    payoff: npt.NDArray[np.float64]  # [matrices * H_other, padded H_own]: row (m, h') holds the payoffs against hand h'
    other_hands: int  # H_other


@partial(kernel, forceinline=True)  # an inlined kernel, but with a way in from Python
def add_terminal_values(terminals: DenseTerminals, begin: Any, end: Any, other_reach: Any, cfv: Any) -> None:
    """Add each terminal's cfvs to the rows of ``cfv`` that lead to it, in place.

    cfv[own_row[t], h] += scale[t] * sum_h' payoff[matrix[t], h', h] * other_reach[other_row[t], h'],  begin <= t < end.

    Args:
        terminals: one player's view.
        begin: first terminal of the subgame; they are contiguous in preorder.
        end: one past the last.
        other_reach: [rows, padded H_other] opponent's reach, f8.
        cfv: [rows, padded H_own] f8, in place.
    """
    hands = terminals.other_hands
    columns = cfv.shape[1]
    for t in range(begin, end):
        scale = terminals.scale[t]
        first = np.int64(terminals.matrix[t]) * hands
        other = terminals.other_row[t]
        own = terminals.own_row[t]
        for c in range(0, columns, LANES):
            total = splat(0.0)
            for h in range(hands):
                total = add(multiply(splat(other_reach[other, h]), load(terminals.payoff, first + h, c)), total)
            store(cfv, own, c, add(multiply(splat(scale), total), load(cfv, own, c)))
