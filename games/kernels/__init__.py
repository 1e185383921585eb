"""Compiled loops over hands. Arrays in, arrays out; numpy and numba only."""

from games.kernels.compile import compilations, inlined_kernel, inner_kernel, kernel
from games.kernels.lanes import LANES, aligned_zeros, padded
from games.kernels.terminal import DenseTerminals, add_terminal_values

__all__ = [
    "LANES",
    "DenseTerminals",
    "add_terminal_values",
    "aligned_zeros",
    "compilations",
    "inlined_kernel",
    "inner_kernel",
    "kernel",
    "padded",
]
