"""The way from Python into the hot path of hold'em: iterations and evaluations, with a gadget above the root.

A tree that ends before the last street has *leaves*: the lines that leave its one board, with no boards below. There half an iteration has
two calls. After ``down_to_leaves`` the reach of both players at the leaves is in ``shared`` (OUT_OWN, OUT_OTHER). Before ``up_from_leaves``
the caller writes there what the leaves are worth (BACK).
"""

from __future__ import annotations

from typing import Any

from games.kernels import inlined_kernel, inner_kernel, kernel
from games.kernels.boards import EXITS, GROUPS, HANDS, LINES, Forest, Hands
from games.kernels.lanes import borrowed
from search.kernels.gadget import UNSAFE, gadget_arrays, update_gadget
from search.kernels.streets import (
    BACK,
    SPARE,
    UPDATE,
    ZERO,
    Side,
    Weights,
    clear,
    down,
    lane_values,
    other_down,
    sweep,
    symmetrise,
    tiles,
    up_or_both,
)
from search.kernels.threads import DONE, wait_for_all

BOTH = 2  # players who sweep


@inlined_kernel
def forest_of(f: Any) -> Forest:
    """Return a plain tuple's arrays, borrowed."""
    return Forest(
        borrowed(f[0]), borrowed(f[1]), borrowed(f[2]), borrowed(f[3]), borrowed(f[4]), borrowed(f[5]), borrowed(f[6]), borrowed(f[7]),
        borrowed(f[8]), borrowed(f[9]),
    )  # fmt: skip


@inlined_kernel
def hands_of(h: Any) -> Hands:
    """Return a plain tuple's arrays, borrowed."""
    return Hands(borrowed(h[0]), borrowed(h[1]), borrowed(h[2]), borrowed(h[3]), borrowed(h[4]), borrowed(h[5]), borrowed(h[6]))


@inlined_kernel
def side_of(player: Any, forests: Any, hands: Any, boards: Any, weight: Any, arrays: Any, nowhere: Any, watched: Any) -> Side:
    """Return a player's sweep; ``forests``, ``hands`` and ``arrays`` are pairs, the player's own first (see ``play_streets``)."""
    own, other = arrays
    return Side(
        player, forest_of(forests[0]), forest_of(forests[1]), hands_of(hands[0]), hands_of(hands[1]), borrowed(boards), borrowed(weight),
        borrowed(own[0]), borrowed(own[1]), borrowed(own[2]), borrowed(own[3]), borrowed(other[2]), borrowed(own[4]), borrowed(other[4]),
        borrowed(own[5]), nowhere, watched[0], watched[1], own[6], borrowed(own[7]), borrowed(own[8]),
    )  # fmt: skip


@inlined_kernel
def weights_of(mode: Any, weights: Any, t: Any, space: Any) -> Weights:
    """Return row t of the coefficients in the dtype of the workspace."""
    dtype = space.dtype.type
    return Weights(mode, dtype(weights[t, 0]), dtype(weights[t, 1]), dtype(weights[t, 2]), dtype(weights[t, 3]), t)


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
        arrays: for both players (layout, regret, matching, average, root, seen, seen_rows, held_at, held).
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
    side = side_of(ZERO, forests, hands, boards, weight, arrays, nowhere, watched)
    swapped = (forests[1], forests[0]), (hands[1], hands[0]), (arrays[1], arrays[0])
    other_side = side_of(1 - ZERO, swapped[0], swapped[1], boards, weight, swapped[2], nowhere, watched)
    for t in range(begin, end):
        row = weights_of(mode, weights, t, shared)
        if only != 1:
            sweep(side, row, shared, work, sync, thread, threads)
            choose(gadget, 0, row, sync, thread, threads)
        if only != 0:
            sweep(other_side, row, shared, work, sync, thread, threads)
            choose(gadget, 1, row, sync, thread, threads)
        if thread == 0 and mode == UPDATE:
            sync[DONE, 0] += 1


@kernel
def down_to_leaves(
    forests: Any, hands: Any, boards: Any, weight: Any, arrays: Any, nowhere: int, watched: Any, player: int, mode: int, weights: Any,
    t: int, shared: Any, work: Any,
) -> None:  # fmt: skip
    """Do the first part of a player's half of an iteration on a tree with leaves: all that comes before their values, in place.

    Args:
        forests: a pair as in ``play_streets``, but the player's own first, as are the next two.
        hands: see there.
        boards: of the tree, which has one.
        weight: of it.
        arrays: a pair; see there.
        nowhere: see there, as are the rest.
        watched: boards whose values are kept.
        player: who sweeps.
        mode: UPDATE, BEST or VALUE.
        weights: [T, 4] coefficients.
        t: which row of them.
        shared: workspace of the board.
        work: of the thread.
    """
    side = side_of(player, forests, hands, boards, weight, arrays, nowhere, watched)
    row = weights_of(mode, weights, t, shared)
    own, other = tiles(side.boards[ZERO, HANDS + player]), tiles(side.boards[ZERO, HANDS + 1 - player])
    other_down(side, ZERO, ZERO, other, side.other_root, ZERO, shared, work)
    down(side, row, ZERO, ZERO, own, side.root, ZERO, shared, work)
    for g in range(ZERO, side.forest.table[ZERO, GROUPS], 2):
        lane_values(side, ZERO, g, shared, ZERO)


@kernel
def up_from_leaves(
    forests: Any, hands: Any, boards: Any, weight: Any, arrays: Any, nowhere: int, watched: Any, player: int, mode: int, weights: Any,
    t: int, gadget: Any, shared: Any, work: Any, sync: Any,
) -> None:  # fmt: skip
    """Do the second part, see ``down_to_leaves``: the leaves' values are there. They count as their mean over the board's suits, in place.

    Args:
        forests: as there.
        hands: as there.
        boards: as there.
        weight: as there.
        arrays: as there.
        nowhere: as there.
        watched: as there.
        player: as there.
        mode: as there.
        weights: as there.
        t: as there.
        gadget: see ``play_streets``.
        shared: as there.
        work: as there.
        sync: see ``play_streets``.
    """
    side = side_of(player, forests, hands, boards, weight, arrays, nowhere, watched)
    row = weights_of(mode, weights, t, shared)
    table, back = side.forest.table, side.layout[ZERO, BACK]
    value = (side.nowhere + 1) * tiles(table[ZERO, LINES])
    clear(side.root, value, value)
    symmetrise(side, ZERO, shared, back, side.layout[ZERO, SPARE], table[ZERO, EXITS])
    own = tiles(side.boards[ZERO, HANDS + player])
    up_or_both(side, row, ZERO, ZERO, own, side.root, ZERO, value, shared, work)
    choose(gadget, player, row, sync, ZERO, ZERO + 1)
