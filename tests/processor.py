"""Let NumPy and OpenBLAS use the same instructions on every machine. Import it before NumPy.

With AVX-512 they round some sums otherwise. Where actions are exactly equally good, what is left of their regrets is rounding alone, and
regret matching makes a strategy of it: after few iterations, results of Leduc differ in the third digit. Stored values are those without.
(Numba compiles kernels for the machine that there is; they round alike.)
"""

from __future__ import annotations

import os
from pathlib import Path

CPU = Path("/proc/cpuinfo")

if CPU.exists() and "avx512f" in CPU.read_text(encoding="utf-8"):
    os.environ.setdefault("NPY_DISABLE_CPU_FEATURES", "X86_V4 AVX512_ICL AVX512_SPR")
    os.environ.setdefault("OPENBLAS_CORETYPE", "Haswell")
