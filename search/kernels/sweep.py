"""The hot path: sweeps over one player's sequences of a public tree or of a subgame of it.

All arrays of a player are rows by hands, ``[R, padded H]``, indexed by sequence (see ``games.public_tree``). A subgame is a contiguous
range of decisions, terminals and rows; ``root_row`` is the player's last row before it and plays the part of the empty sequence.
Decisions are walked backwards for values and forwards for reaches, so no recursion and no visit of other people's nodes.

Everything is f8: these trees fit a cache either way, and the answers are the measuring stick of everything else.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from games.kernels import LANES, DenseTerminals, add_terminal_values, inlined_kernel, inner_kernel, kernel
from games.kernels.lanes import add, borrowed, divide, load, multiply, splat, store, subtract, where_positive
from search.kernels.gadget import UNSAFE, enter_root, gadget_arrays, open_gadget, update_gadget

# Sums below TINY have no finite reciprocal. An answer lifts them before it inverts them (the selects around the products keep LLVM,
# which may reassociate, from multiplying the lift and the reciprocal first); an iteration counts such regrets as none at all.
TINY, LIFT = 1e-290, 2.0**900

Index = npt.NDArray[np.uint32]
Rows = npt.NDArray[np.float64]


class Side(NamedTuple):
    """What a sweep for one player reads and writes."""

    first_row: Index  # [K + 1]
    parent_row: Index  # [K]
    terminals: DenseTerminals
    regret: Rows  # [R, H] cumulative (discounted) regrets
    average: Rows  # [R, H] reach-weighted sum of strategies
    strategy: Rows  # [R, H] current strategy
    reach: Rows  # [R, H] the player's own reach under `strategy`, range included
    cfv: Rows  # [R, H] scratch: cfv of each sequence in the sweep at hand


class Span(NamedTuple):
    """The part of a player's arrays that a subgame uses."""

    begin: int  # decisions begin : end
    end: int
    first_row: int  # rows first_row : end_row
    end_row: int
    root_row: int
    first_terminal: int
    end_terminal: int


class Choice(NamedTuple):
    """The opponent's choice above a subgame's root. Only ``kind`` is read if it is UNSAFE."""

    kind: int
    player: int  # who chooses: the searcher's opponent
    arrays: Rows  # [8, H, 1]: the members of GadgetArrays, one line; in one array, which the entry points take faster than seven


def plain(named: Any) -> Any:
    """Return a named tuple, and named tuples in it, as plain tuples: the form in which the entry points take them."""
    return tuple(plain(x) if isinstance(x, tuple) else x for x in named)


@inlined_kernel
def clear(rows: Any, span: Span) -> None:
    """Set the span's rows and its root row to zero, in place."""
    span = Span(*span)
    zero = splat(0.0)
    columns = rows.shape[1]
    for c in range(0, columns, LANES):
        store(rows, np.uint32(span.root_row), c, zero)
        for r in range(np.uint32(span.first_row), np.uint32(span.end_row)):
            store(rows, r, c, zero)


@kernel
def propagate_reach(first_row: Any, parent_row: Any, span: Span, strategy: Any, reach: Any) -> None:
    """Fill ``reach`` below the root row: reach[row] = reach[parent row] * strategy[row], in place."""
    span = Span(*span)
    columns = reach.shape[1]
    for k in range(np.uint32(span.begin), np.uint32(span.end)):
        above = parent_row[k]
        for c in range(0, columns, LANES):
            parent = load(reach, above, c)
            for r in range(first_row[k], first_row[np.uint32(k + 1)]):
                store(reach, r, c, multiply(parent, load(strategy, r, c)))


@kernel
def match_regrets(first_row: Any, span: Span, regret: Any, strategy: Any) -> None:
    """Fill ``strategy`` with positive regrets normalised over each decision's actions, uniform where none is positive."""
    span = Span(*span)
    one, zero, tiny, large = splat(1.0), splat(0.0), splat(TINY), splat(LIFT)
    columns = regret.shape[1]
    for k in range(np.uint32(span.begin), np.uint32(span.end)):
        low, high = first_row[k], first_row[np.uint32(k + 1)]
        uniform = splat(1.0 / np.float64(high - low))
        for c in range(0, columns, LANES):
            total = zero
            for r in range(low, high):
                x = load(regret, r, c)
                total = add(total, where_positive(x, x, zero))
            lift = where_positive(subtract(total, tiny), one, large)
            inverse = divide(one, where_positive(total, multiply(total, lift), one))
            rest = where_positive(total, zero, uniform)
            for r in range(low, high):
                x = load(regret, r, c)
                store(strategy, r, c, add(multiply(where_positive(x, multiply(x, lift), zero), inverse), rest))


@inlined_kernel
def update_decisions(side: Side, span: Span, positive: float, negative: float, decay: float, predictive: float) -> None:
    """Walk one player's decisions backwards: values, regrets, average and next strategy, all in place.

    With v = sum_a strategy[a] cfv[a] and r = cfv[a] - v at each decision:

    * regret[a] <- regret[a] * (positive if regret[a] > 0 else negative) + r
    * average[a] <- average[a] * decay + reach[parent] * strategy[a], with the strategy that was played in this sweep
    * strategy[a] <- [regret[a]]+ normalised, uniform if they sum to less than TINY; the predictive form adds the last r once more
      before normalising

    ``side.cfv`` holds the terminals' values on entry; on return its root row holds the subgame's cfvs.
    """
    one, zero, tiny = splat(1.0), splat(0.0), splat(TINY)
    kept_positive, kept_negative, kept_average, again = splat(positive), splat(negative), splat(decay), splat(predictive)
    columns = side.cfv.shape[1]
    for i in range(span.end - span.begin):
        k = np.uint32(span.end - 1 - i)
        low, high, above = side.first_row[k], side.first_row[np.uint32(k + 1)], side.parent_row[k]
        uniform = splat(1.0 / np.float64(high - low))
        for c in range(0, columns, LANES):
            value = zero
            for r in range(low, high):
                value = add(multiply(load(side.strategy, r, c), load(side.cfv, r, c)), value)
            store(side.cfv, above, c, add(load(side.cfv, above, c), value))
            reach = load(side.reach, above, c)
            total = zero
            for r in range(low, high):
                x = load(side.regret, r, c)
                now = subtract(load(side.cfv, r, c), value)
                x = add(multiply(x, where_positive(x, kept_positive, kept_negative)), now)
                store(side.regret, r, c, x)
                mean = multiply(load(side.average, r, c), kept_average)
                store(side.average, r, c, add(mean, multiply(reach, load(side.strategy, r, c))))
                if predictive > 0.0:
                    x = add(where_positive(x, x, zero), multiply(now, again))
                x = where_positive(x, x, zero)
                store(side.strategy, r, c, x)
                total = add(total, x)
            enough = subtract(total, tiny)
            inverse = divide(one, where_positive(enough, total, one))
            rest = where_positive(enough, zero, uniform)
            for r in range(low, high):
                store(side.strategy, r, c, add(multiply(load(side.strategy, r, c), inverse), rest))


@inlined_kernel
def upright(row: Any) -> Any:
    """Return a row of hands as ``[H, 1]``, a view."""
    return row.reshape(row.shape[0], 1)


@inner_kernel
def choose(kind: int, arrays: Any, cfv: Any, reach: Any, positive: float, negative: float, decay: float, predictive: float) -> None:
    """Call ``update_gadget``: inlined into both halves of an iteration it would slow down those without a gadget."""
    update_gadget(kind, gadget_arrays(arrays), cfv, reach, positive, negative, decay, predictive)


@inlined_kernel
def finish(side: Side, other: Side, span: Span, kind: int, arrays: Any, cfv: Any, reach: Any, weights: Any, t: int) -> None:
    """Do one player's half of an iteration but for clearing ``side.cfv``; see ``sweep``."""
    add_terminal_values(side.terminals, span.first_terminal, span.end_terminal, other.reach, side.cfv)
    update_decisions(side, span, weights[t, 0], weights[t, 1], weights[t, 2], weights[t, 3])
    if kind != UNSAFE:
        choose(kind, arrays, cfv, reach, weights[t, 0], weights[t, 1], weights[t, 2], weights[t, 3])
    propagate_reach(side.first_row, side.parent_row, span, side.strategy, side.reach)


@inlined_kernel
def sweep(side: Side, other: Side, span: Span, kind: int, arrays: Any, cfv: Any, reach: Any, weights: Any, t: int) -> None:
    """One player's half of an iteration: values against the opponent's current reach, then update, then the player's new reach.

    ``kind`` is the gadget's tag if the choice is this player's, else UNSAFE; ``cfv`` and ``reach`` are then the root's, upright.
    """
    clear(side.cfv, span)
    finish(side, other, span, kind, arrays, cfv, reach, weights, t)


@kernel
def iterate(plain0: Any, plain1: Any, plain_span0: Any, plain_span1: Any, gadget: Any, weights: Any, begin: int, end: int) -> None:
    """Run iterations begin .. end-1 of alternating CFR, player 0 first; row t of ``weights`` is iteration t + 1's coefficients.

    Takes ``plain`` tuples: Numba's dispatcher needs 16 us to look at these named ones, 5 us at plain ones.
    """
    side0 = Side(plain0[0], plain0[1], DenseTerminals(*plain0[2]), plain0[3], plain0[4], plain0[5], plain0[6], plain0[7])
    side1 = Side(plain1[0], plain1[1], DenseTerminals(*plain1[2]), plain1[3], plain1[4], plain1[5], plain1[6], plain1[7])
    span0, span1 = Span(*plain_span0), Span(*plain_span1)
    kind, player, arrays = gadget[0], gadget[1], borrowed(gadget[2])
    cfv0, reach0 = borrowed(upright(side0.cfv[span0.root_row])), borrowed(upright(side0.reach[span0.root_row]))
    cfv1, reach1 = borrowed(upright(side1.cfv[span1.root_row])), borrowed(upright(side1.reach[span1.root_row]))
    for t in range(begin, end):
        sweep(side0, side1, span0, kind if player == 0 else UNSAFE, arrays, cfv0, reach0, weights, t)
        sweep(side1, side0, span1, kind if player == 1 else UNSAFE, arrays, cfv1, reach1, weights, t)


@inlined_kernel
def add_leaf_values(leaf_row: Any, leaf_cfv: Any, cfv: Any) -> None:
    """Add a player's cfvs at leaves [B, H] to the rows [B] of ``cfv`` before them, in place."""
    for leaf in range(len(leaf_row)):
        for c in range(0, leaf_cfv.shape[1], LANES):
            store(cfv, leaf_row[leaf], c, add(load(cfv, leaf_row[leaf], c), load(leaf_cfv, leaf, c)))


@kernel
def sweep_to_leaves(
    plain_side: Any, plain_other: Any, plain_span: Any, kind: int, arrays: Any, leaf_row: Any, leaf_cfv: Any, weights: Any, t: int
) -> None:
    """One player's half of an iteration on a tree that ends at leaves, whose cfvs are given; see ``sweep`` and ``iterate``.

    Args:
        plain_side: the player's ``Side``.
        plain_other: the other player's.
        plain_span: the player's ``Span``.
        kind: the gadget's tag if the choice above the root is this player's, else UNSAFE.
        arrays: the gadget's.
        leaf_row: [B] the player's last row before each leaf.
        leaf_cfv: [B, H] the player's cfvs there.
        weights: [T, 4] coefficients.
        t: which row of them.
    """
    s, o = plain_side, plain_other
    side = Side(s[0], s[1], DenseTerminals(*s[2]), s[3], s[4], s[5], s[6], s[7])
    other = Side(o[0], o[1], DenseTerminals(*o[2]), o[3], o[4], o[5], o[6], o[7])
    span = Span(*plain_span)
    clear(side.cfv, span)
    add_leaf_values(leaf_row, leaf_cfv, side.cfv)
    cfv, reach = borrowed(upright(side.cfv[span.root_row])), borrowed(upright(side.reach[span.root_row]))
    finish(side, other, span, kind, borrowed(arrays), cfv, reach, weights, t)


@kernel
def begin_choice(gadget: Any, row: Any) -> None:
    """Begin a solve with a gadget: forget what it learnt and set ``row`` [H], the opponent's reach at the root, in place."""
    open_gadget(gadget[0], gadget_arrays(gadget[2]), upright(row))


@kernel
def reach_of_choice(gadget: Any, choice: Any, row: Any) -> None:
    """Set ``row`` [H] to the opponent's reach at the root that follows from a choice [H], in place."""
    enter_root(gadget[0], gadget_arrays(gadget[2]), upright(choice), upright(row))


@inlined_kernel
def values_upwards(first_row: Any, parent_row: Any, span: Span, policy: Any, best: bool, cfv: Any) -> None:
    """Take the values of ends up to the root row, in place; arguments as of ``evaluate``."""
    columns = cfv.shape[1]
    for i in range(span.end - span.begin):
        k = np.uint32(span.end - 1 - i)
        low, high, above = first_row[k], first_row[np.uint32(k + 1)], parent_row[k]
        for c in range(0, columns, LANES):
            if best:
                value = load(cfv, low, c)
                for r in range(np.uint32(low + 1), high):
                    x = load(cfv, r, c)
                    value = add(value, where_positive(subtract(x, value), subtract(x, value), splat(0.0)))
            else:
                value = splat(0.0)
                for r in range(low, high):
                    value = add(multiply(load(policy, r, c), load(cfv, r, c)), value)
            store(cfv, above, c, add(load(cfv, above, c), value))


@kernel
def evaluate(first_row: Any, parent_row: Any, terminals: Any, span: Any, other_reach: Any, policy: Any, best: bool, cfv: Any) -> None:
    """Fill ``cfv`` with one player's counterfactual values of each sequence in the span and of the root row.

    Args:
        first_row: [K + 1] as in ``Sequences``.
        parent_row: [K] likewise.
        terminals: the player's ``DenseTerminals``, plain or not.
        span: the player's ``Span``, plain or not.
        other_reach: [R_other, H] the opponent's reach, range included.
        policy: [R, H] the player's strategy; not read if ``best``.
        best: take the best action for each hand instead of ``policy``: the counterfactual best response.
        cfv: [R, H] in place.
    """
    terminals, span = DenseTerminals(*terminals), Span(*span)
    clear(cfv, span)
    add_terminal_values(terminals, span.first_terminal, span.end_terminal, other_reach, cfv)
    values_upwards(first_row, parent_row, span, policy, best, cfv)


@kernel
def seed(
    s: Any, other_reach: Any, plain_span: Any, leaf_row: Any, leaf_cfv: Any, regret_iterations: float, average_iterations: float
) -> None:
    """Start a solve as if iterations had already been spent on the side's strategy; regret and average are set, in place.

    average[a] = average_iterations * reach * strategy[a]
    regret[a]  = sqrt(regret_iterations) * (max_b cfv[b] - min_b cfv[b]) * strategy[a]

    Positive regrets in proportion to the strategy are a fixed point of regret matching; the square root is how regrets grow with
    iterations, the spread of cfvs their unit (the idea of Brown & Sandholm 2016, "Strategy-Based Warm Starting", in a simpler form).
    Leaves are given as to ``sweep_to_leaves``; [0] and [0, H] where there are none.
    """
    side = Side(s[0], s[1], DenseTerminals(*s[2]), s[3], s[4], s[5], s[6], s[7])
    span = Span(*plain_span)
    clear(side.cfv, span)
    add_leaf_values(leaf_row, leaf_cfv, side.cfv)
    add_terminal_values(side.terminals, span.first_terminal, span.end_terminal, other_reach, side.cfv)
    values_upwards(side.first_row, side.parent_row, span, side.strategy, False, side.cfv)
    scale, count = splat(np.sqrt(regret_iterations)), splat(average_iterations)
    zero = splat(0.0)
    columns = side.cfv.shape[1]
    for k in range(np.uint32(span.begin), np.uint32(span.end)):
        low, high, above = side.first_row[k], side.first_row[np.uint32(k + 1)], side.parent_row[k]
        for c in range(0, columns, LANES):
            best = load(side.cfv, low, c)
            worst = best
            for r in range(np.uint32(low + 1), high):
                x = load(side.cfv, r, c)
                best = add(best, where_positive(subtract(x, best), subtract(x, best), zero))
                worst = subtract(worst, where_positive(subtract(worst, x), subtract(worst, x), zero))
            unit = multiply(subtract(best, worst), scale)
            weight = multiply(load(side.reach, above, c), count)
            for r in range(low, high):
                store(side.regret, r, c, multiply(unit, load(side.strategy, r, c)))
                store(side.average, r, c, multiply(weight, load(side.strategy, r, c)))
