"""The hot path of hold'em: one player's half of an iteration on a ``games.holdem.board_tree.BoardTree``.

A board is done in three steps. *Down*: tile by tile of eight hands, both players' strategies from their regrets, their reach, and from
it the opponent's reach at terminals and at the lines that leave the street. *Across*: the values of all terminals of the board, and the
boards below. *Up*: tile by tile, values of decisions from the last to the first, regrets, and the values of the lines for the board
above. On the last street a tile goes down and up in one go.

Tiles keep rows by sequence with hands as lanes; across, rows are hands and terminals are lanes; an 8 x 8 transposition leads from one
to the other. Everything that is not regrets or averages lives in workspaces of rows of eight: ``shared`` for the first board, where
threads divide tiles and lane groups, and one ``work`` per thread, which does whole boards below it. Chunks of those boards keep values
of their own, summed in order, so that results do not depend on the number of threads.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from games.kernels import inlined_kernel, inner_kernel
from games.kernels.boards import (
    CHILD,
    CHILD_END,
    DECISION,
    DECISIONS,
    EXIT,
    EXITS,
    FIRST_ROW,
    FOLD,
    FOLD_FROM,
    FOLDS,
    GROUPS,
    HAND,
    HANDS,
    LANE,
    LINES,
    ROWS,
    SHOW,
    SHOWS,
    STORE,
    STREET,
    SYMMETRIES,
    SYMMETRY,
    TIE,
    TIE_END,
    Forest,
    Hands,
)
from games.kernels.lanes import LANES, add, divide, load_row, multiply, splat, store_row, subtract, where_positive
from games.kernels.showdown import SUMS, combine_sums, finish_values, pay_rake, pick, sum_by_card, walk_showdowns
from games.kernels.stored import load_stored, store_stored
from search.kernels.columns import add_picked, add_to, load_column, load_picked, store_column, store_picked
from search.kernels.threads import WORK, fetch_add, wait_for_all

UPDATE, BEST, VALUE = 0, 1, 2  # what a sweep does at the player's own decisions
CHUNKS = 16  # of the boards below the first
ZERO: Any = np.int64(0)  # typed: a plain 0 among the arguments would compile a version of its own
TINY = 1e-30  # regrets that sum to less count as none: their sum has no f4 reciprocal

# columns of the workspaces' layout, a row per street: first rows of ...
REACH_SHOW, REACH_FOLD, OUT_OTHER, OUT_OWN, VALUES, BACK, PLANS, SUM, SPARE, TILE_OTHER, TILE_OWN, TILE_PLAN, TILE_VALUE = range(13)
LAYOUT = 13


class Side(NamedTuple):
    """A sweep for one player: what it plays in, reads and writes."""

    player: int
    forest: Forest
    other_forest: Forest
    hands: Hands
    other_hands: Hands
    boards: Any  # [boards, 15]
    weight: Any  # [boards]
    layout: Any  # [streets, 13]
    regret: Any  # [stored rows, 8] own; in 16 bits, or like all other arrays, as are the next three (see games.kernels.stored)
    matching: Any  # [stored rows, 8] what the own strategy is in proportion to: regret, unless a prediction is added; or an average
    average: Any  # [stored rows, 8] own
    other_matching: Any  # [stored rows, 8] the same of the opponent
    root: Any  # [2 * (nowhere + 1) * line groups, 8]: own reach at the root by hand and line, then own cfvs there
    other_root: Any  # the same of the opponent
    seen: Any  # [watched boards * seen_rows, 8] cfvs of the own rows of watched boards, each a [tiles * (rows + 1), 8]
    nowhere: int  # index of a hand that is not there
    watched: int  # first board whose values ``seen`` keeps
    watched_end: int  # one past the last
    seen_rows: int  # rows of ``seen`` that a watched board has
    held_at: Any  # [boards] first row of a board in ``held``, -1 for one without held decisions; [0] where nothing is held at all
    held: Any  # [tiles of those boards * decisions of their street, 8]: 1 where a hand's strategy at a decision is held, else 0


class Weights(NamedTuple):
    """Coefficients of one iteration, in the arrays' dtype (see ``search.variants``)."""

    mode: int
    positive: Any
    negative: Any
    decay: Any
    predictive: Any
    time: int  # changes from iteration to iteration; what is stored in 16 bits is rounded by it


@inlined_kernel
def rows_to_hands(work: Any, tile: int, index: Any, first: int, groups: int, wide: Any, out: int, hand: int) -> None:
    """Copy picked rows of a tile to eight hands' lanes, in place."""
    for g in range(groups):
        store_column(wide, out + hand * groups + g, groups, load_picked(work, tile, 1, index, first + LANES * g))


@inlined_kernel
def enter(up: Any, out: int, lines: int, rows: int, above: Any, hand: int, work: Any, tile: int) -> None:
    """Begin a tile: its lines' reach from the board above, and the zero row after the last, in place."""
    groups = (lines + LANES - 1) // LANES
    for g in range(groups):
        store_column(work, tile + LANES * g, 1, load_picked(up, out + g, groups, above, hand))
    store_row(work, tile + rows, splat(work.dtype.type(0)))


@inlined_kernel
def descend(
    forest: Forest, s: int, source: Any, base: int, work: Any, reach: int, plans: Any, plan: int, average: Any, decay: Any, time: int,
) -> None:  # fmt: skip
    """Walk one tile's decisions forwards: strategy from ``source`` (regrets or an average, normalised) and reach, in place.

    Args:
        forest: the player's.
        s: street.
        source: [stored rows, 8].
        base: the tile's first stored row, less the lines, which have none.
        work: workspace of reach.
        reach: the tile's first row there; its lines are filled.
        plans: workspace that keeps the strategy.
        plan: first row there; negative if nobody needs it.
        average: [stored rows, 8]: average = average * decay + reach, in place, if decay is not negative.
        decay: see there.
        time: see ``Weights``.
    """
    dtype = work.dtype.type
    zero, one, tiny, kept = splat(dtype(0)), splat(dtype(1)), splat(dtype(TINY)), splat(decay)
    first_k, first_f = forest.table[s, DECISION], forest.table[s, FIRST_ROW]
    for k in range(forest.table[s, DECISIONS]):
        low, high = pick(forest.first_row, first_f + k), pick(forest.first_row, first_f + k + 1)
        total = zero
        for r in range(low, high):
            x = load_stored(source, base + r)
            total = add(total, where_positive(x, x, zero))
        enough = subtract(total, tiny)
        inverse = divide(one, where_positive(enough, total, one))
        rest = where_positive(enough, zero, splat(dtype(1) / dtype(high - low)))
        above = load_row(work, reach + pick(forest.parent_row, first_k + k))
        for r in range(low, high):
            x = load_stored(source, base + r)
            share = add(multiply(where_positive(x, x, zero), inverse), rest)
            here = multiply(above, share)
            store_row(work, reach + r, here)
            if plan >= 0:
                store_row(plans, plan + r, share)
            if decay >= 0:
                store_stored(average, base + r, add(multiply(load_stored(average, base + r), kept), here), time)


@inlined_kernel
def ascend(side: Side, s: int, weights: Weights, work: Any, value: int, plans: Any, plan: int, base: int) -> None:
    """Walk one tile's own decisions backwards: values of rows and, in UPDATE mode, regrets, in place.

    With v = sum_a strategy[a] value[a] (in BEST mode the largest value) and r = value[a] - v:

    * regret[a] <- regret[a] * (positive if regret[a] > 0 else negative) + r
    * matching[a] <- [regret[a]]+ + predictive * r, if a prediction is made
    """
    forest = side.forest
    zero = splat(work.dtype.type(0))
    positive, negative, again = splat(weights.positive), splat(weights.negative), splat(weights.predictive)
    first_k, first_f = forest.table[s, DECISION], forest.table[s, FIRST_ROW]
    for i in range(forest.table[s, DECISIONS]):
        k = forest.table[s, DECISIONS] - 1 - i
        low, high = pick(forest.first_row, first_f + k), pick(forest.first_row, first_f + k + 1)
        if weights.mode == BEST:
            v = load_row(work, value + low)
            for r in range(low + 1, high):
                x = load_row(work, value + r)
                v = where_positive(subtract(x, v), x, v)
        else:
            v = zero
            for r in range(low, high):
                v = add(v, multiply(load_row(plans, plan + r), load_row(work, value + r)))
        add_to(work, value + pick(forest.parent_row, first_k + k), v)
        if weights.mode == UPDATE:
            for r in range(low, high):
                now = subtract(load_row(work, value + r), v)
                x = load_stored(side.regret, base + r)
                x = add(multiply(x, where_positive(x, positive, negative)), now)
                store_stored(side.regret, base + r, x, weights.time)
                if weights.predictive > 0:
                    store_stored(side.matching, base + r, add(where_positive(x, x, zero), multiply(again, now)), weights.time)


@inlined_kernel
def ascend_held(side: Side, s: int, weights: Weights, work: Any, value: int, plans: Any, plan: int, base: int, marks: int) -> None:
    """Do what ``ascend`` does on a board with held decisions; ``marks`` is the tile's first row in ``held``. In place.

    Where a hand's strategy is held its value is that of the strategy in BEST mode, too, and its regrets stay as they are: they say what
    it plays.
    """
    forest = side.forest
    zero, one = splat(work.dtype.type(0)), splat(work.dtype.type(1))
    positive, negative, again = splat(weights.positive), splat(weights.negative), splat(weights.predictive)
    first_k, first_f = forest.table[s, DECISION], forest.table[s, FIRST_ROW]
    for i in range(forest.table[s, DECISIONS]):
        k = forest.table[s, DECISIONS] - 1 - i
        low, high = pick(forest.first_row, first_f + k), pick(forest.first_row, first_f + k + 1)
        mark = load_row(side.held, marks + k)
        v = zero
        for r in range(low, high):
            v = add(v, multiply(load_row(plans, plan + r), load_row(work, value + r)))
        if weights.mode == BEST:
            best = load_row(work, value + low)
            for r in range(low + 1, high):
                x = load_row(work, value + r)
                best = where_positive(subtract(x, best), x, best)
            v = where_positive(mark, v, best)
        add_to(work, value + pick(forest.parent_row, first_k + k), v)
        if weights.mode == UPDATE:
            for r in range(low, high):
                now = subtract(load_row(work, value + r), v)
                x = load_stored(side.regret, base + r)
                x = where_positive(mark, x, add(multiply(x, where_positive(x, positive, negative)), now))
                store_stored(side.regret, base + r, x, weights.time)
                if weights.predictive > 0:
                    next_x = add(where_positive(x, x, zero), multiply(subtract(one, mark), multiply(again, now)))
                    store_stored(side.matching, base + r, next_x, weights.time)


@inner_kernel
def other_down(side: Side, b: int, begin: int, end: int, up: Any, out: int, wide: Any, work: Any) -> None:
    """Take some tiles of the opponent's hands down a board, in place."""
    layout, own, other = side.layout, side.forest, side.other_forest
    q, s = 1 - side.player, side.boards[b, STREET]
    reach, rows, lines = layout[s, TILE_OTHER], other.table[s, ROWS], other.table[s, LINES]
    for t in range(begin, end):
        hand = LANES * t
        enter(up, out, lines, rows, side.other_hands.above, side.boards[b, HAND + q] + hand, work, reach)
        base = side.boards[b, STORE + q] + t * (rows - lines) - lines
        descend(other, s, side.other_matching, base, work, reach, work, -1, side.average, work.dtype.type(-1), ZERO)
        rows_to_hands(work, reach, own.show_row, own.table[s, SHOW], own.table[s, SHOWS], wide, layout[s, REACH_SHOW], hand)
        rows_to_hands(work, reach, own.fold_row, own.table[s, FOLD], own.table[s, FOLDS], wide, layout[s, REACH_FOLD], hand)
        rows_to_hands(work, reach, other.exit_row, other.table[s, EXIT], other.table[s, EXITS], wide, layout[s, OUT_OTHER], hand)


@inlined_kernel
def own_down(side: Side, weights: Weights, b: int, t: int, up: Any, out: int, wide: Any, work: Any, plans: Any, plan: int) -> None:
    """Take one tile of the player's own hands down a board, in place."""
    layout, forest = side.layout, side.forest
    p, s = side.player, side.boards[b, STREET]
    reach, hand, rows, lines = layout[s, TILE_OWN], LANES * t, forest.table[s, ROWS], forest.table[s, LINES]
    enter(up, out, lines, rows, side.hands.above, side.boards[b, HAND + p] + hand, work, reach)
    base = side.boards[b, STORE + p] + t * (rows - lines) - lines
    descend(forest, s, side.matching, base, work, reach, plans, plan, side.average, weights.decay, weights.time)
    rows_to_hands(work, reach, forest.exit_row, forest.table[s, EXIT], forest.table[s, EXITS], wide, layout[s, OUT_OWN], hand)


@inlined_kernel
def own_up(
    side: Side, weights: Weights, b: int, t: int, up: Any, back: int, wide: Any, work: Any, plans: Any, plan: int, held: bool
) -> None:
    """Take one tile of the player's own hands up a board and add its lines' values to the board above, in place.

    ``held`` says whether the board has held decisions; it is a constant of the caller.
    """
    layout, forest = side.layout, side.forest
    p, s = side.player, side.boards[b, STREET]
    value, hand, rows, lines = layout[s, TILE_VALUE], LANES * t, forest.table[s, ROWS], forest.table[s, LINES]
    zero = splat(work.dtype.type(0))
    for r in range(rows + 1):
        store_row(work, value + r, zero)
    groups, exits = forest.table[s, GROUPS], forest.table[s, EXITS]
    for g in range(groups):
        x = load_column(wide, layout[s, VALUES] + hand * groups + g, groups)
        store_picked(work, value, 1, forest.own_row, forest.table[s, LANE] + LANES * g, x)
    for g in range(exits):
        x = load_column(wide, layout[s, BACK] + hand * exits + g, exits)
        add_picked(work, value, 1, forest.exit_row, forest.table[s, EXIT] + LANES * g, x)
    base = side.boards[b, STORE + p] + t * (rows - lines) - lines
    if held:
        ascend_held(side, s, weights, work, value, plans, plan, base, side.held_at[b] + t * forest.table[s, DECISIONS])
    else:
        ascend(side, s, weights, work, value, plans, plan, base)
    if side.watched <= b < side.watched_end:
        seen = (b - side.watched) * side.seen_rows + t * (rows + 1)
        for r in range(rows):
            store_row(side.seen, seen + r, load_row(work, value + r))
    scale, entries, first = splat(side.weight[b]), (lines + LANES - 1) // LANES, side.boards[b, HAND + p] + hand
    for g in range(entries):
        for r in range(LANES * g, LANES * g + LANES):
            store_row(work, value + r, multiply(scale, load_row(work, value + r)))
        add_picked(up, back + g, entries, side.hands.above, first, load_column(work, value + LANES * g, 1))


@inlined_kernel
def tiles(count: int) -> int:
    """Return how many tiles hold some hands."""
    return (count + LANES - 1) // LANES


@inlined_kernel
def clear(space: Any, first: int, count: int) -> None:
    """Set rows to zero, in place."""
    zero = splat(space.dtype.type(0))
    for r in range(first, first + count):
        store_row(space, r, zero)


@inner_kernel
def lane_values(side: Side, b: int, g: int, wide: Any, slot: int) -> None:
    """Fill a pair of lane groups of a board with the values of its terminals, in place; ``slot`` is the caller's space for sums."""
    layout, forest, boards, own, other = side.layout, side.forest, side.boards, side.hands, side.other_hands
    p, s = side.player, boards[b, STREET]
    table = forest.table
    f, row = g - table[s, FOLD_FROM], table[s, LANE] // LANES + g
    first, other_first = boards[b, HAND + p], boards[b, HAND + 1 - p]
    sums = layout[s, SUM] + slot * 3 * SUMS
    show_sums = fold_sums = -1
    if g < table[s, SHOWS]:
        show_sums = sums + SUMS
        walk_showdowns(
            wide, layout[s, REACH_SHOW], table[s, SHOWS], g, layout[s, VALUES], table[s, GROUPS], show_sums, own.low, own.high, first,
            other.low, other.high, other_first, own.tie_end, other.tie_end, boards[b, TIE], boards[b, TIE_END],
        )  # fmt: skip
        if len(forest.tie_cost) > 0:
            pay_rake(
                wide, layout[s, VALUES], table[s, GROUPS], layout[s, REACH_SHOW], table[s, SHOWS], g, forest.tie_cost, row, own.same,
                first, boards[b, HANDS + p],
            )  # fmt: skip
    if f >= 0:
        fold_sums = sums + 2 * SUMS
        sum_by_card(
            wide, layout[s, REACH_FOLD], table[s, FOLDS], f, fold_sums, other.low, other.high, other_first, boards[b, HANDS + 1 - p]
        )
    combine_sums(wide, show_sums, fold_sums, sums, forest.show_amount, forest.fold_amount, row)
    finish_values(
        wide, layout[s, VALUES], table[s, GROUPS], g, sums, layout[s, REACH_FOLD], table[s, FOLDS], f, show_sums >= 0,
        forest.show_amount, forest.fold_amount, row, own.low, own.high, own.same, first, boards[b, HANDS + p],
    )  # fmt: skip
    hands, groups = boards[b, HANDS + p], table[s, GROUPS]
    for h in range(hands, LANES * tiles(hands)):  # what another board left there must not reach the padding of this one
        clear(wide, layout[s, VALUES] + h * groups + g, 2)


@inlined_kernel
def symmetrise(side: Side, b: int, space: Any, back: int, spare: int, groups: int) -> None:
    """Average the values that came back from the boards below over the suits that the board leaves alike, in place."""
    boards, p = side.boards, side.player
    hands, first, many = boards[b, HANDS + p], boards[b, SYMMETRY + p], boards[b, SYMMETRIES]
    if many == 0:
        return
    step = LANES * tiles(hands)
    share = splat(space.dtype.type(1) / space.dtype.type(many + 1))
    for h in range(hands):
        for g in range(groups):
            x = load_row(space, back + h * groups + g)
            for m in range(many):
                x = add(x, load_row(space, back + pick(side.hands.image, first + m * step + h) * groups + g))
            store_row(space, spare + h * groups + g, multiply(share, x))
    for r in range(hands * groups):
        store_row(space, back + r, load_row(space, spare + r))


@inner_kernel
def down(side: Side, weights: Weights, b: int, begin: int, end: int, up: Any, out: int, wide: Any, work: Any) -> None:
    """Take some tiles of the player's own hands down a board with boards below it, in place."""
    s = side.boards[b, STREET]
    for t in range(begin, end):
        plan = side.layout[s, PLANS] + t * (side.forest.table[s, ROWS] + 1)
        own_down(side, weights, b, t, up, out, wide, work, wide, plan)


@inlined_kernel
def tiles_up(
    side: Side, weights: Weights, b: int, begin: int, end: int, above: Any, out: int, back: int, wide: Any, work: Any, held: bool
) -> None:
    """Do what ``up_or_both`` does; ``held`` is a constant, see ``own_up``."""
    s = side.boards[b, STREET]
    both = side.forest.table[s, EXITS] == 0
    plans = work if both else wide
    for t in range(begin, end):
        plan = side.layout[s, TILE_PLAN]
        if both:
            own_down(side, weights, b, t, above, out, wide, work, plans, plan)
        else:
            plan = side.layout[s, PLANS] + t * (side.forest.table[s, ROWS] + 1)
        own_up(side, weights, b, t, above, back, wide, work, plans, plan, held)


@inner_kernel
def tiles_up_free(
    side: Side, weights: Weights, b: int, begin: int, end: int, above: Any, out: int, back: int, wide: Any, work: Any
) -> None:
    """Do what ``up_or_both`` does on a board whose decisions are all free."""
    tiles_up(side, weights, b, begin, end, above, out, back, wide, work, False)


@inner_kernel
def tiles_up_held(
    side: Side, weights: Weights, b: int, begin: int, end: int, above: Any, out: int, back: int, wide: Any, work: Any
) -> None:
    """Do the same on a board with held decisions; by itself, since a choice in the loop made free rivers half as slow again."""
    tiles_up(side, weights, b, begin, end, above, out, back, wide, work, True)


@inlined_kernel
def up_or_both(side: Side, weights: Weights, b: int, begin: int, end: int, above: Any, out: int, back: int, wide: Any, work: Any) -> None:
    """Take some tiles of the player's own hands up a board; on the last street down first. In place."""
    if len(side.held_at) > 0 and side.held_at[b] >= 0:
        tiles_up_held(side, weights, b, begin, end, above, out, back, wide, work)
    else:
        tiles_up_free(side, weights, b, begin, end, above, out, back, wide, work)


@inner_kernel
def last_board(side: Side, weights: Weights, b: int, up: Any, out_other: int, out_own: int, back: int, work: Any) -> None:
    """Do a whole board of the last street, in place."""
    p, s = side.player, side.boards[b, STREET]
    other_down(side, b, ZERO, tiles(side.boards[b, HANDS + 1 - p]), up, out_other, work, work)
    for g in range(0, side.forest.table[s, GROUPS], 2):
        lane_values(side, b, g, work, ZERO)
    up_or_both(side, weights, b, ZERO, tiles(side.boards[b, HANDS + p]), up, out_own, back, work, work)


@inner_kernel
def board_down(side: Side, weights: Weights, b: int, up: Any, out_other: int, out_own: int, work: Any) -> None:
    """Take a board with boards below it down, its terminals included, in place."""
    p, s = side.player, side.boards[b, STREET]
    other_down(side, b, ZERO, tiles(side.boards[b, HANDS + 1 - p]), up, out_other, work, work)
    down(side, weights, b, ZERO, tiles(side.boards[b, HANDS + p]), up, out_own, work, work)
    for g in range(0, side.forest.table[s, GROUPS], 2):
        lane_values(side, b, g, work, ZERO)
    clear(work, side.layout[s, BACK], LANES * tiles(side.boards[b, HANDS + p]) * side.forest.table[s, EXITS])


@inner_kernel
def board_up(side: Side, weights: Weights, b: int, up: Any, back: int, work: Any) -> None:
    """Take a board with boards below it up, in place."""
    p, s, layout = side.player, side.boards[b, STREET], side.layout
    symmetrise(side, b, work, layout[s, BACK], layout[s, SPARE], side.forest.table[s, EXITS])
    up_or_both(side, weights, b, ZERO, tiles(side.boards[b, HANDS + p]), up, ZERO, back, work, work)


@inner_kernel
def below(side: Side, weights: Weights, b: int, shared: Any, back: int, work: Any) -> None:
    """Do a board of the second street and all boards below it, in place."""
    boards, layout, last = side.boards, side.layout, len(side.layout) - 1
    if last == 1:
        last_board(side, weights, b, shared, layout[0, OUT_OTHER], layout[0, OUT_OWN], back, work)
        return
    at, cursor = np.empty(8, np.int64), np.empty(8, np.int64)
    s = 1
    at[1], cursor[1] = b, boards[b, CHILD]
    board_down(side, weights, b, shared, layout[0, OUT_OTHER], layout[0, OUT_OWN], work)
    while s > 0:
        if cursor[s] < boards[at[s], CHILD_END]:
            child = cursor[s]
            cursor[s] += 1
            out_other, out_own = layout[s, OUT_OTHER], layout[s, OUT_OWN]
            if s + 1 == last:
                last_board(side, weights, child, work, out_other, out_own, layout[s, BACK], work)
            else:
                board_down(side, weights, child, work, out_other, out_own, work)
                s += 1
                at[s], cursor[s] = child, boards[child, CHILD]
        else:
            if s == 1:
                board_up(side, weights, at[s], shared, back, work)
            else:
                board_up(side, weights, at[s], work, layout[s - 1, BACK], work)
            s -= 1


@inlined_kernel
def part(count: int, thread: int, threads: int) -> Any:
    """Return a thread's share of ``count`` equal pieces of work as begin, end."""
    return count * thread // threads, count * (thread + 1) // threads


@inner_kernel
def sweep(side: Side, weights: Weights, shared: Any, work: Any, sync: Any, thread: int, threads: int) -> None:
    """Do one player's half of an iteration, or its values against the opponent's strategy, all threads together, in place."""
    p, layout, boards, forest = side.player, side.layout, side.boards, side.forest
    exits, groups, own_hands = forest.table[0, EXITS], forest.table[0, GROUPS], boards[0, HANDS + p]
    back, chunk_rows = layout[0, BACK], (side.nowhere + 1) * exits
    begin, end = part(tiles(boards[0, HANDS + 1 - p]), thread, threads)
    own_begin, own_end = part(tiles(own_hands), thread, threads)
    other_down(side, ZERO, begin, end, side.other_root, ZERO, shared, work)
    if exits > 0:
        down(side, weights, ZERO, own_begin, own_end, side.root, ZERO, shared, work)
    value = (side.nowhere + 1) * tiles(forest.table[0, LINES])
    begin, end = part(value, thread, threads)
    clear(side.root, value + begin, end - begin)
    wait_for_all(sync, threads)
    begin, end = part(groups // 2, thread, threads)
    for g in range(2 * begin, 2 * end, 2):
        lane_values(side, ZERO, g, shared, thread)
    if exits > 0:
        chunk = fetch_add(sync, WORK, 1)
        while chunk < CHUNKS:
            target = back + chunk * chunk_rows
            clear(shared, target, chunk_rows)
            first, last = part(boards[0, CHILD_END] - boards[0, CHILD], chunk, CHUNKS)
            for b in range(boards[0, CHILD] + first, boards[0, CHILD] + last):
                below(side, weights, b, shared, target, work)
            chunk = fetch_add(sync, WORK, 1)
        wait_for_all(sync, threads)
        begin, end = part(LANES * tiles(own_hands) * exits, thread, threads)
        for r in range(back + begin, back + end):
            x = load_row(shared, r)
            for chunk in range(1, CHUNKS):
                x = add(x, load_row(shared, r + chunk * chunk_rows))
            store_row(shared, r, x)
        wait_for_all(sync, threads)
        if thread == 0:
            sync[WORK, 0] = 0
            symmetrise(side, ZERO, shared, back, layout[0, SPARE], exits)
    wait_for_all(sync, threads)
    up_or_both(side, weights, ZERO, own_begin, own_end, side.root, ZERO, value, shared, work)
    wait_for_all(sync, threads)
