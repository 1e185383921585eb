"""What commands print."""

from __future__ import annotations

import os
import sys


def say(text: str, end: str = "\n") -> None:
    """Print a text. If whoever reads has seen enough, as ``head`` has, it and all that follows goes nowhere, and the work goes on."""
    try:
        print(text, end=end, flush=True)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
