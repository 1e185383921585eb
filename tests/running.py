"""How tests run commands."""

import json
import os
import signal
import subprocess
import sys
import time
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
    finally:  # a command that was interrupted no longer listens
        signal.signal(signal.SIGINT, signal.default_int_handler)
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
    return 0


def start(command, *overrides):
    """Start a command as a process of its own."""
    return _start("-m", f"agents.apps.{command}", *overrides)


def start_code(code, *overrides):
    """Start a process that runs some code, which calls a command with overrides."""
    return _start("-c", code, *overrides)


def _start(*arguments):
    return subprocess.Popen(
        [sys.executable, *arguments],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def wait_for(condition, process, seconds=120):
    deadline = time.time() + seconds
    while not condition():
        if process.poll() is not None:
            raise AssertionError(f"ended early: {process.communicate()}")
        assert time.time() < deadline
        time.sleep(0.02)


def result_of(directory):
    return json.loads((directory / "result.json").read_text())
