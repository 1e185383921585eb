"""The one decorator under which every hot loop is compiled.

Reasons for the flags, once:

* ``cache``: compilation is part of the user's wait. Numba's on-disk cache does not notice an edit in *another* file, so the
  cache folder is keyed on a digest of all kernel sources and of the settings that change the code generated.
* ``nogil``: threads over independent work.
* ``error_model="numpy"``: no branch for division by zero in every division (a division loop ran 4x faster).
* ``fastmath``: only the two rewrites that pay. NaN and infinity stay what they are, so checks for them stay alive.
"""

from __future__ import annotations

import hashlib
import os
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from numba import config, njit

FASTMATH = ("reassoc", "contract")
_ROOT = Path(__file__).resolve().parents[2]


def _cache_folder() -> str:
    digest = hashlib.sha256(f"{config.BOUNDSCHECK} {config.OPT}".encode())
    for folder in ("games/kernels", "search/kernels"):
        for source in sorted((_ROOT / folder).glob("*.py")):
            digest.update(source.read_bytes())
    base = Path(config.CACHE_DIR or os.path.join(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache"), "timebank", "kernels"))
    folder_ = base / digest.hexdigest()[:16]
    try:
        folder_.mkdir(parents=True, exist_ok=True)
        if not os.access(folder_, os.W_OK):
            raise OSError
    except OSError:  # a read-only home: compile anew in every process rather than fail
        return tempfile.mkdtemp(prefix="timebank-kernels-")
    return str(folder_)


_FOLDER = _cache_folder()


def kernel(function: Callable[..., Any], **options: bool) -> Callable[..., Any]:
    """Compile ``function`` with Numba under the house flags, cached on disk; more ``options`` are for the decorators below."""
    before = config.CACHE_DIR
    config.CACHE_DIR = _FOLDER
    try:
        compiled: Callable[..., Any] = njit(cache=True, nogil=True, error_model="numpy", fastmath=set(FASTMATH), **options)(function)
        return compiled
    finally:
        config.CACHE_DIR = before


def inner_kernel(function: Callable[..., Any], **options: bool) -> Callable[..., Any]:
    """Compile a part of a kernel that only kernels call: without the ways in from Python, which take most of the time to compile.

    Called from Python all the same, it crashes the process.
    """
    return kernel(function, no_cpython_wrapper=True, no_cfunc_wrapper=True, **options)


def inlined_kernel(function: Callable[..., Any]) -> Callable[..., Any]:
    """Compile an inner kernel that is inlined wherever it is called.

    Tuples of arrays cost their reference counts at every call that is not inlined: 0.9 us an iteration, twice what the smallest
    subgames need for their work.
    """
    return inner_kernel(function, forceinline=True)


def compilations(function: Callable[..., Any]) -> int:
    """Return how many signatures of a kernel exist in this process (0 with the JIT off).

    A decision that raises this number has compiled, which is a bug: everything compiles at load.
    """
    return len(getattr(function, "signatures", ()))
