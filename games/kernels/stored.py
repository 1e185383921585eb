"""Rows of regrets and averages as they are stored: as they are computed, or in 16 bits.

Rows of ``uint16`` hold IEEE half precision: 11 bits, 6e-8 to 65,504. A row is read into float32 lanes, and rounded when it is written.

* Rounding is up or down in such turns that the mean error over some iterations is zero (Roberts 1962: dither). To the nearest, a change
  of less than half of the last bit is lost however often it comes: DCFR came to 0.025 % of the pot on a river and rose to 0.16 % (RB of
  ``benchmarks/holdem.py``, 500 and 5,000 iterations). The turn is told by time, row and lane: results do not depend on threads. With time
  and lane alone all rows erred together, and TB rose to five times its best by iteration 800; with random turns the errors of sums grow.
* Numbers that half precision has stay what they are, zeros of padding among them. What is too large becomes 65,504.
* Below 6e-5, where half precision has fewer bits, rounding is to the nearest: such sums are too small to matter.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from llvmlite import ir
from numba import config, types
from numba.extending import intrinsic

from games.kernels.lanes import LANES, LanesType, row_address, vector

LARGEST = 65504.0
CUT = 13  # bits of float32 that half precision has not
WORD = 0xFFFFFFFF
STEP = 0x9E3779B1  # 2^32 by the golden ratio: its multiples fill the circle evenly, so that rounding is fair over few iterations
ROW, LANE = 0xC2B2AE3D, 0x85EBCA6B  # odd numbers: neighbours are not rounded alike
_PHASES = [LANE * lane & WORD for lane in range(LANES)]


_FLOATS, _WORD = vector(types.float32), ir.VectorType(ir.IntType(32), LANES)


def _all(kind: ir.VectorType, value: Any) -> ir.Constant:
    return ir.Constant(kind, [value] * LANES)


@intrinsic  # type: ignore[untyped-decorator]
def _load_stored(typing: Any, array: Any, row: Any) -> Any:
    def emit(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        kept = signature.args[0]
        x = builder.load(row_address(context, builder, kept, *args), align=kept.dtype.bitwidth // 8, typ=vector(kept.dtype))
        return builder.fpext(x, _FLOATS) if kept.dtype == types.uint16 else x

    return LanesType(types.float32 if array.dtype == types.uint16 else array.dtype)(array, row), emit


@intrinsic  # type: ignore[untyped-decorator]
def _store_stored(typing: Any, array: Any, row: Any, value: Any, time: Any) -> Any:
    def emit(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        kept = signature.args[0]
        x = _halved(builder, *args[1:]) if kept.dtype == types.uint16 else args[2]
        builder.store(x, row_address(context, builder, kept, *args[:2]), align=kept.dtype.bitwidth // 8)
        return context.get_dummy_value()

    return types.void(array, row, value, time), emit


def _halved(builder: Any, row: Any, x: Any, time: Any) -> Any:
    """Emit what ``halved`` says."""
    for order, most in ((">", LARGEST), ("<", -LARGEST)):
        x = builder.select(builder.fcmp_ordered(order, x, _all(x.type, most)), _all(x.type, most), x)
    bits = builder.bitcast(x, _WORD)
    row, time = (builder.trunc(i, ir.IntType(32)) if i.type.width > 32 else i for i in (row, time))
    step = builder.add(*(builder.mul(i, ir.Constant(ir.IntType(32), by)) for i, by in ((time, STEP), (row, ROW))))
    steps = builder.insert_element(ir.Constant(_WORD, ir.Undefined), step, ir.Constant(ir.IntType(32), 0))
    steps = builder.shuffle_vector(steps, ir.Constant(_WORD, ir.Undefined), _all(_WORD, 0))
    noise = builder.lshr(builder.add(steps, ir.Constant(_WORD, _PHASES)), _all(_WORD, 32 - CUT))
    cut = builder.and_(builder.add(bits, noise), _all(_WORD, WORD >> CUT << CUT))
    return builder.fptrunc(builder.bitcast(cut, x.type), vector(types.uint16))


def halved(x: Any, row: int, time: int) -> Any:
    """Return float32 numbers as half precision, rounded as they are when they are stored in a row at a time."""
    bits = np.clip(x, -LARGEST, LARGEST).astype(np.float32).view(np.uint32)
    noise = (np.array(_PHASES, np.uint32) + np.uint32(int(time) * STEP + int(row) * ROW & WORD)) >> np.uint32(32 - CUT)
    return ((bits + noise) & np.uint32(WORD >> CUT << CUT)).view(np.float32).astype(np.float16)


if config.DISABLE_JIT:

    def load_stored(array: Any, row: Any) -> Any:
        """Return the lanes of a row of an array [rows, LANES], as float32 if it is in 16 bits."""
        return array[row].view(np.float16).astype(np.float32) if array.dtype == np.uint16 else array[row].copy()

    def store_stored(array: Any, row: Any, value: Any, time: Any) -> None:
        """Write lanes to a row of an array [rows, LANES], in place; rounded if it is in 16 bits, by the time that it is."""
        array[row] = halved(value, row, time).view(np.uint16) if array.dtype == np.uint16 else value

else:
    load_stored, store_stored = _load_stored, _store_stored
