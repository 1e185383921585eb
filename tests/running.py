"""How tests run commands."""

import json
import os
import subprocess
import sys
from pathlib import Path

from agents.apps import cli

ROOT = Path(__file__).parents[1]


def timebank(monkeypatch, *arguments):
    """Run a command in this process; return its exit status."""
    monkeypatch.setattr(sys, "argv", ["timebank", *arguments])
    try:
        cli.main()
    except SystemExit as end:
        return end.code
    return 0


def start(command, *overrides):
    """Start a command as a process of its own."""
    return subprocess.Popen(
        [sys.executable, "-m", f"agents.apps.{command}", *overrides],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def result_of(directory):
    return json.loads((directory / "result.json").read_text())
