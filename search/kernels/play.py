"""The way from Python into the hot path of hold'em: iterations and evaluations, with a gadget above the root."""

from __future__ import annotations

from typing import Any

from games.kernels import inlined_kernel, inner_kernel, kernel
from games.kernels.boards import Forest, Hands
from games.kernels.lanes import borrowed
from search.kernels.gadget import UNSAFE, gadget_arrays, update_gadget
from search.kernels.streets import UPDATE, ZERO, Side, Weights, sweep
from search.kernels.threads import DONE, wait_for_all

BOTH = 2  # players who sweep


@inlined_kernel
def forest_of(f: Any) -> Forest:
    """Return a plain tuple's arrays, borrowed."""
    return Forest(
        borrowed(f[0]), borrowed(f[1]), borrowed(f[2]), borrowed(f[3]), borrowed(f[4]), borrowed(f[5]), borrowed(f[6]), borrowed(f[7]),
        borrowed(f[8]),
    )  # fmt: skip


@inlined_kernel
def hands_of(h: Any) -> Hands:
    """Return a plain tuple's arrays, borrowed."""
    return Hands(borrowed(h[0]), borrowed(h[1]), borrowed(h[2]), borrowed(h[3]), borrowed(h[4]), borrowed(h[5]), borrowed(h[6]))


@inner_kernel
def choose(gadget: Any, player: int, weights: Weights, sync: Any, thread: int, threads: int) -> None:
    """Let the gadget's opponent choose after the own sweep, in place."""
    kind, opponent, g, cfv, reach = gadget
    if kind == UNSAFE or opponent != player or weights.mode != UPDATE:
        return
    if thread == 0:
        arrays = gadget_arrays(g)
        update_gadget(kind, arrays, cfv, reach, weights.positive, weights.negative, weights.decay, weights.predictive)
    wait_for_all(sync, threads)


@kernel
def play_streets(
    forests: Any, hands: Any, boards: Any, weight: Any, arrays: Any, nowhere: int, watched: Any, mode: int, weights: Any, gadget: Any,
    shared: Any, work: Any, sync: Any, thread: int, threads: int, only: int, begin: int, end: int,
) -> None:  # fmt: skip
    """Sweep for player 0, then for player 1, for rows begin .. end-1 of ``weights``: row t is iteration t + 1 of alternating CFR.

    In BEST and VALUE mode one row will do; the second half of each player's ``root`` is filled with cfvs at the root: of the best
    response or of the own strategy. Every thread calls this with its own ``thread`` and ``work``. Arrays are borrowed: counting
    references from two threads would cost more than small boards do.

    Args:
        forests: both players' ``Forest``, as plain tuples.
        hands: both players' ``Hands``, as plain tuples.
        boards: see ``Side``, as are the rest.
        weight: of each board.
        arrays: for both players (layout, regret, matching, average, root, seen, seen_rows).
        nowhere: index of a hand that is not there.
        watched: (first, end) of the boards whose values ``seen`` keeps.
        mode: UPDATE, BEST or VALUE.
        weights: [T, 4] coefficients.
        gadget: (kind, opponent, ``GadgetArrays`` as a plain tuple, the opponent's cfvs and reach at the root as [nowhere + 1, lines]).
        shared: workspace of the first board.
        work: the thread's workspace.
        sync: the threads' meeting point, where iterations of UPDATE mode are counted.
        thread: number of this thread.
        threads: how many there are.
        only: the player who sweeps, or BOTH.
        begin: first row.
        end: one past the last.
    """
    dtype = shared.dtype.type
    forest, other_forest, own, other = forest_of(forests[0]), forest_of(forests[1]), hands_of(hands[0]), hands_of(hands[1])
    a, b = arrays
    side = Side(
        ZERO, forest, other_forest, own, other, borrowed(boards), borrowed(weight), borrowed(a[0]), borrowed(a[1]), borrowed(a[2]),
        borrowed(a[3]), borrowed(b[2]), borrowed(a[4]), borrowed(b[4]), borrowed(a[5]), nowhere, watched[0], watched[1], a[6],
    )  # fmt: skip
    other_side = Side(
        1 - ZERO, other_forest, forest, other, own, borrowed(boards), borrowed(weight), borrowed(b[0]), borrowed(b[1]), borrowed(b[2]),
        borrowed(b[3]), borrowed(a[2]), borrowed(b[4]), borrowed(a[4]), borrowed(b[5]), nowhere, watched[0], watched[1], b[6],
    )  # fmt: skip
    for t in range(begin, end):
        row = Weights(mode, dtype(weights[t, 0]), dtype(weights[t, 1]), dtype(weights[t, 2]), dtype(weights[t, 3]), t)
        if only != 1:
            sweep(side, row, shared, work, sync, thread, threads)
            choose(gadget, 0, row, sync, thread, threads)
        if only != 0:
            sweep(other_side, row, shared, work, sync, thread, threads)
            choose(gadget, 1, row, sync, thread, threads)
        if thread == 0 and mode == UPDATE:
            sync[DONE, 0] += 1
