"""Terminal values of hold'em: all folds and showdowns of one board at once, terminals as lanes.

On a board with a showdown both players' hands stand in order of strength. One walk over them keeps the reach of all weaker hands, in
total and by card, so that each hand's wins less losses are a few additions. Lanes are eight terminals of the same board, which share
the walk. An own sequence has at most one showdown and one fold below it (the opponent acts once before play closes), so a lane is an
own sequence:

    value[h] = show_amount * sum_h' sign(h, h') reach_show[h'] + fold_amount * sum_h' reach_fold[h']    over h' that share no card with h

Where the house takes rake of a showdown, its loser loses show_amount as ever, its winner gets show_amount less rake, and a tie costs each
half of the rake. With t = tie_cost = rake / 2 / show_amount the sum over showdowns becomes

    sum_h' ((1 - t) sign(h, h') - t) reach_show[h']

Totals by card serve both sums: what a hand's own cards block is subtracted, and the hand itself, subtracted twice, is added back.

``[hands, lanes]`` arrays are rows of eight: lane group g of hand h is row ``first + h * groups + g`` of the caller's workspace. The walks
do pairs of groups: sixteen terminals share the looks at cards, which cost as much as the sums.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from games.kernels.compile import inlined_kernel
from games.kernels.lanes import add, load_pair, multiply, splat_pair, store_pair, subtract

CARDS = 52
SUMS = 2 * (CARDS + 1)  # rows of a pair of lane groups: by card, then in total


@inlined_kernel
def pick(index: Any, i: int) -> Any:
    """Return an entry of an unsigned index array, widened; without Numba's check for negative indices."""
    return np.int64(index[np.uint64(i)])


@inlined_kernel
def walk_showdowns(
    space: Any, reach: int, groups: int, g: int, out: int, outs: int, sums: int, low: Any, high: Any, begin: int, other_low: Any,
    other_high: Any, other_begin: int, own_end: Any, other_end: Any, first_tie: int, last_tie: int,
) -> None:  # fmt: skip
    """Walk a pair of lane groups through the hands by strength.

    out[h] = reach of the weaker hands + reach of the weaker and equal ones, hands that share a card with h excluded. Less the total of
    the hands that share none it is wins less losses. Also fills the sums of reach by card and in total.

    Args:
        space: [rows, 8] workspace, in place.
        reach: first row of the opponent's reach, ``groups`` rows a hand.
        groups: lane groups of the reach.
        g: first lane group of the pair.
        out: first row of the values, ``outs`` rows a hand.
        outs: lane groups of the values.
        sums: first of the group's rows of sums.
        low: [hands of all boards] u1, own hands' lower cards.
        high: their higher cards.
        begin: where this board's own hands begin.
        other_low: the opponent's.
        other_high: the opponent's.
        other_begin: the opponent's.
        own_end: [strengths of all boards] u2, one past the last own hand of each strength.
        other_end: the opponent's.
        first_tie: where this board's strengths begin.
        last_tie: and end.
    """
    zero = splat_pair(space.dtype.type(0))
    for card in range(0, SUMS, 2):
        store_pair(space, sums + card, zero)
    total = zero
    i, j = 0, 0
    for tie in range(first_tie, last_tie):
        stop, other_stop = pick(own_end, tie), pick(other_end, tie)
        for h in range(i, stop):
            blocked = add(load_pair(space, sums + 2 * pick(low, begin + h)), load_pair(space, sums + 2 * pick(high, begin + h)))
            store_pair(space, out + h * outs + g, subtract(total, blocked))
        for h in range(j, other_stop):
            x = load_pair(space, reach + h * groups + g)
            a, b = sums + 2 * pick(other_low, other_begin + h), sums + 2 * pick(other_high, other_begin + h)
            store_pair(space, a, add(load_pair(space, a), x))
            store_pair(space, b, add(load_pair(space, b), x))
            total = add(total, x)
        for h in range(i, stop):
            blocked = add(load_pair(space, sums + 2 * pick(low, begin + h)), load_pair(space, sums + 2 * pick(high, begin + h)))
            row = out + h * outs + g
            store_pair(space, row, add(load_pair(space, row), subtract(total, blocked)))
        i, j = stop, other_stop
    store_pair(space, sums + SUMS - 2, total)


@inlined_kernel
def sum_by_card(space: Any, reach: int, groups: int, g: int, sums: int, low: Any, high: Any, begin: int, hands: int) -> None:
    """Fill rows with a pair of lane groups' reach by card and in total, in place. Arguments as above."""
    zero = splat_pair(space.dtype.type(0))
    for card in range(0, SUMS, 2):
        store_pair(space, sums + card, zero)
    total = zero
    for h in range(hands):
        x = load_pair(space, reach + h * groups + g)
        a, b = sums + 2 * pick(low, begin + h), sums + 2 * pick(high, begin + h)
        store_pair(space, a, add(load_pair(space, a), x))
        store_pair(space, b, add(load_pair(space, b), x))
        total = add(total, x)
    store_pair(space, sums + SUMS - 2, total)


@inlined_kernel
def pay_rake(
    space: Any, out: int, outs: int, reach: int, groups: int, g: int, tie_cost: Any, row: int, same: Any, begin: int, hands: int,
) -> None:  # fmt: skip
    """Take the rake of a pair of lane groups off what ``walk_showdowns`` left, in place.

    out[h] = out[h] - tie_cost * (out[h] + show reach of the same hand)

    What walked is 2 wins + ties - the same hand, since the hand's own cards block the same hand twice. Less wins + ties + losses it is wins
    less losses. So each win loses two tie costs, each tie one and each loss none.

    Args:
        space: [rows, 8] workspace, in place.
        out: first row of the walked values, ``outs`` rows a hand.
        outs: lane groups of the values.
        reach: first row of the opponent's reach, ``groups`` rows a hand; the row of a hand that is not there is zero.
        groups: lane groups of the reach.
        g: first lane group of the pair.
        tie_cost: [groups, 8].
        row: of the costs.
        same: [hands of all boards] index of each own hand among the opponent's hands of the board.
        begin: where this board's own hands begin.
        hands: how many.
    """
    cost = load_pair(tie_cost, row)
    for h in range(hands):
        x = load_pair(space, out + h * outs + g)
        paid = add(x, load_pair(space, reach + pick(same, begin + h) * groups + g))
        store_pair(space, out + h * outs + g, subtract(x, multiply(cost, paid)))


@inlined_kernel
def combine_sums(space: Any, show_sums: int, fold_sums: int, sums: int, show_amount: Any, fold_amount: Any, row: int) -> None:
    """Sums = fold_amount * fold_sums - show_amount * show_sums, in place; a negative first row stands for zeros."""
    zero = splat_pair(space.dtype.type(0))
    shown, folded = load_pair(show_amount, row), load_pair(fold_amount, row)
    for card in range(0, SUMS, 2):
        x = zero
        if fold_sums >= 0:
            x = multiply(folded, load_pair(space, fold_sums + card))
        if show_sums >= 0:
            x = subtract(x, multiply(shown, load_pair(space, show_sums + card)))
        store_pair(space, sums + card, x)


@inlined_kernel
def finish_values(
    space: Any, out: int, outs: int, g: int, sums: int, fold: int, folds: int, f: int, show: bool, show_amount: Any, fold_amount: Any,
    row: int, low: Any, high: Any, same: Any, begin: int, hands: int,
) -> None:  # fmt: skip
    """Turn a pair's walked sums into values, in place.

    out[h] = show_amount * out[h] + sums[total] - sums[low card] - sums[high card] + fold_amount * fold reach of the same hand

    Args:
        space: workspace.
        out: first row of the values, ``outs`` rows a hand.
        outs: lane groups of the values.
        g: first lane group of the pair.
        sums: first row of ``combine_sums``.
        fold: first row of the opponent's reach at folds, ``folds`` rows a hand; the row of a hand that is not there is zero.
        folds: its lane groups.
        f: first lane group of its pair, negative if these lanes have no folds.
        show: whether the lanes have showdowns; if not, out is only written.
        show_amount: [groups, 8].
        fold_amount: [groups, 8].
        row: of the amounts.
        low: as above.
        high: as above.
        begin: as above.
        same: [hands of all boards] index of each own hand among the opponent's hands of the board.
        hands: how many.
    """
    shown, folded = load_pair(show_amount, row), load_pair(fold_amount, row)
    total = load_pair(space, sums + SUMS - 2)
    for h in range(hands):
        blocked = add(load_pair(space, sums + 2 * pick(low, begin + h)), load_pair(space, sums + 2 * pick(high, begin + h)))
        x = subtract(total, blocked)
        if show:
            x = add(x, multiply(shown, load_pair(space, out + h * outs + g)))
        if f >= 0:
            x = add(x, multiply(folded, load_pair(space, fold + pick(same, begin + h) * folds + f)))
        store_pair(space, out + h * outs + g, x)
