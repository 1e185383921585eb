"""Threads that work on one sweep together: a counter to draw work from and a barrier, inside kernels without the GIL.

Every thread calls the same kernel with the same arrays. ``sync`` is [4, 8] i8, zero at first, a cache line each: arrivals, generation,
work that was drawn, and iterations done.

With the JIT off there is one thread.
"""

from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba import config, types
from numba.core import cgutils
from numba.extending import intrinsic

from games.kernels import inlined_kernel, kernel

ARRIVALS, GENERATION, WORK, DONE = range(4)
SPINS = 1 << 12  # looks before a waiting thread offers its core to others


def _word(context: Any, builder: Any, array_type: Any, array: Any, row: Any) -> Any:
    parts = cgutils.create_struct_proxy(array_type)(context, builder, array)
    return builder.gep(parts.data, [builder.mul(row, ir.Constant(row.type, 8))], inbounds=True)


@intrinsic  # type: ignore[untyped-decorator]
def _fetch_add(typing: Any, sync: Any, row: Any, amount: Any) -> Any:
    def emit(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return builder.atomic_rmw("add", _word(context, builder, signature.args[0], *args[:2]), args[2], "seq_cst")

    return types.int64(sync, types.int64, types.int64), emit


@intrinsic  # type: ignore[untyped-decorator]
def _read(typing: Any, sync: Any, row: Any) -> Any:
    def emit(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return builder.load_atomic(_word(context, builder, signature.args[0], *args), "seq_cst", 8, typ=ir.IntType(64))

    return types.int64(sync, types.int64), emit


@intrinsic  # type: ignore[untyped-decorator]
def _yield_core(typing: Any) -> Any:
    def emit(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        function = cgutils.get_or_insert_function(builder.module, ir.FunctionType(ir.IntType(32), []), "sched_yield")
        return builder.call(function, [])

    return types.int32(), emit


def _fetch_add_python(sync: Any, row: int, amount: int) -> int:
    before = int(sync[row, 0])
    sync[row, 0] += amount
    return before


if config.DISABLE_JIT:
    _fetch_add, _read = _fetch_add_python, lambda sync, row: sync[row, 0]


@inlined_kernel
def fetch_add(sync: Any, row: int, amount: int) -> Any:
    """Add to a word and return what it was before, in one step."""
    return _fetch_add(sync, row, amount)


@kernel
def wait_for_all(sync: Any, threads: int) -> None:
    """Return when all threads have called this."""
    if threads == 1:
        return
    generation = _read(sync, GENERATION)
    if _fetch_add(sync, ARRIVALS, 1) == threads - 1:
        _fetch_add(sync, ARRIVALS, -threads)
        _fetch_add(sync, GENERATION, 1)
    else:
        looks = 0
        while _read(sync, GENERATION) == generation:
            looks += 1
            if looks > SPINS:
                _yield_core()
