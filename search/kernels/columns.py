"""Between rows by sequence and rows by hand: eight rows of eight lanes, transposed on the way."""

from __future__ import annotations

from typing import Any

from games.kernels import inlined_kernel
from games.kernels.lanes import add, load_row, store_row, transpose
from games.kernels.showdown import pick


@inlined_kernel
def store_column(space: Any, row: int, step: int, t: Any) -> None:
    """Write eight lanes to rows ``row``, ``row + step``, ... in place."""
    store_row(space, row, t[0])
    store_row(space, row + step, t[1])
    store_row(space, row + 2 * step, t[2])
    store_row(space, row + 3 * step, t[3])
    store_row(space, row + 4 * step, t[4])
    store_row(space, row + 5 * step, t[5])
    store_row(space, row + 6 * step, t[6])
    store_row(space, row + 7 * step, t[7])


@inlined_kernel
def load_column(space: Any, row: int, step: int) -> Any:
    """Return the transposition of rows ``row``, ``row + step``, ..."""
    return transpose(
        load_row(space, row),
        load_row(space, row + step),
        load_row(space, row + 2 * step),
        load_row(space, row + 3 * step),
        load_row(space, row + 4 * step),
        load_row(space, row + 5 * step),
        load_row(space, row + 6 * step),
        load_row(space, row + 7 * step),
    )


@inlined_kernel
def load_picked(space: Any, base: int, step: int, index: Any, i: int) -> Any:
    """Return the transposition of rows ``base + step * index[i]``, ``base + step * index[i + 1]``, ..."""
    return transpose(
        load_row(space, base + step * pick(index, i)),
        load_row(space, base + step * pick(index, i + 1)),
        load_row(space, base + step * pick(index, i + 2)),
        load_row(space, base + step * pick(index, i + 3)),
        load_row(space, base + step * pick(index, i + 4)),
        load_row(space, base + step * pick(index, i + 5)),
        load_row(space, base + step * pick(index, i + 6)),
        load_row(space, base + step * pick(index, i + 7)),
    )


@inlined_kernel
def store_picked(space: Any, base: int, step: int, index: Any, i: int, t: Any) -> None:
    """Write eight lanes to rows ``base + step * index[i]``, ``base + step * index[i + 1]``, ..., in place."""
    store_row(space, base + step * pick(index, i), t[0])
    store_row(space, base + step * pick(index, i + 1), t[1])
    store_row(space, base + step * pick(index, i + 2), t[2])
    store_row(space, base + step * pick(index, i + 3), t[3])
    store_row(space, base + step * pick(index, i + 4), t[4])
    store_row(space, base + step * pick(index, i + 5), t[5])
    store_row(space, base + step * pick(index, i + 6), t[6])
    store_row(space, base + step * pick(index, i + 7), t[7])


@inlined_kernel
def add_to(space: Any, row: int, x: Any) -> None:
    """Add eight lanes to a row, in place."""
    store_row(space, row, add(load_row(space, row), x))


@inlined_kernel
def add_picked(space: Any, base: int, step: int, index: Any, i: int, t: Any) -> None:
    """Add eight lanes to rows ``base + step * index[i]``, ``base + step * index[i + 1]``, ..., in place."""
    add_to(space, base + step * pick(index, i), t[0])
    add_to(space, base + step * pick(index, i + 1), t[1])
    add_to(space, base + step * pick(index, i + 2), t[2])
    add_to(space, base + step * pick(index, i + 3), t[3])
    add_to(space, base + step * pick(index, i + 4), t[4])
    add_to(space, base + step * pick(index, i + 5), t[5])
    add_to(space, base + step * pick(index, i + 6), t[6])
    add_to(space, base + step * pick(index, i + 7), t[7])
