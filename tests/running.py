"""How tests run commands.

A test that waits for a process waits for what the process does, not for a time: on a busy machine all takes longer. The only clock is
``HANG_SECONDS``, which nothing but a hang comes to. What a test starts ends with it (see ``end_all`` and conftest.py).
"""

import json
import os
import signal
import subprocess
import sys
import time
from copy import deepcopy
from functools import cache
from pathlib import Path

from matplotlib.text import Text

from agents.apps import cli
from agents.apps import compose as compose_module
from agents.apps import launch as launch_module

ROOT = Path(__file__).parents[1]
HANG_SECONDS = 900
_started: list[subprocess.Popen] = []
RIVER = ["game=spot", "game.board=Td9d6hQc4s", 'game.ranges=["QQ,AKs,76s","KK-JJ,ATs"]', "game.pot=200", "game.stack=900"]


# Hydra takes most of the time of a command that is refused or small: what it made once of the same choices is copied.
register = cache(launch_module.register)
grouped = cache(lambda command, choices, grouped=compose_module._grouped: grouped(command, list(choices)))


def timebank(monkeypatch, *arguments, drawn=False):
    """Run a command in this process; return its exit status. Figures hold their texts alone, unless they shall be drawn."""
    monkeypatch.setattr(sys, "argv", ["timebank", *arguments])
    if not drawn:  # drawing takes most of the time of a small run
        monkeypatch.setattr("matplotlib.figure.Figure.savefig", write_texts)
    monkeypatch.setattr(launch_module, "register", register)
    monkeypatch.setattr(compose_module, "_grouped", lambda command, choices: deepcopy(grouped(command, tuple(choices))))
    try:
        cli.main()
    except SystemExit as end:
        return end.code
    finally:  # a command that was interrupted no longer listens
        signal.signal(signal.SIGINT, signal.default_int_handler)
        for number in (signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, signal.SIG_DFL)
    return 0


def refused(monkeypatch, capsys, *arguments):
    """Run a command that must refuse its settings, in a small folder; return its only line. It writes nothing there."""
    before = sorted(Path().rglob("*"))
    capsys.readouterr()
    assert timebank(monkeypatch, *arguments) == 2
    assert sorted(Path().rglob("*")) == before
    return error_line(capsys)


def error_line(capsys):
    """Return all that was said to standard error: one line."""
    error = capsys.readouterr().err
    assert error.startswith("error: ")
    assert error.count("\n") == 1
    assert error[:-1].isprintable()
    return error


def write_texts(figure, path, **_):
    """Write the texts of a figure in its place."""
    path.write_text("\n".join(text.get_text() for text in figure.findobj(Text)))


def start(command, *overrides):
    """Start a command as a process of its own."""
    return _start("-m", f"agents.apps.{command}", *overrides)


def start_code(code, *overrides):
    """Start a process that runs some code, which calls a command with overrides."""
    return _start("-c", code, *overrides)


def _start(*arguments):
    process = subprocess.Popen(
        [sys.executable, *arguments],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    _started.append(process)
    return process


def end_all():
    """Kill what a test started and left running, and close its pipes."""
    while _started:
        process = _started.pop()
        if process.poll() is None:
            process.kill()
        process.wait()
        process.stdout.close()
        process.stderr.close()


def wait_for(condition, process=None):
    """Wait until a condition holds; fail if the process, if there is one, ends before."""
    deadline = time.monotonic() + HANG_SECONDS
    while not condition():
        if process is not None and process.poll() is not None:
            raise AssertionError(f"ended early: {process.communicate()}")
        assert time.monotonic() < deadline, f"nothing came in {HANG_SECONDS} s"
        time.sleep(0.02)


def wait_for_solving(directory, process):
    """Wait until a ``solve`` has begun to iterate."""
    wait_for(lambda: (directory / "result.json").is_file() and "compile_seconds" in result_of(directory), process)


def let_work(process, seconds):
    """Wait until a process has had so many more seconds of the machine's cores."""
    before = cpu_seconds(process)
    wait_for(lambda: cpu_seconds(process) >= before + seconds, process)


def cpu_seconds(process):
    """Return what a process has had of the machine's cores so far."""
    fields = Path(f"/proc/{process.pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def finish(process):
    """Wait for a process to end; return what it wrote to standard output and to standard error."""
    return process.communicate(timeout=HANG_SECONDS)


def contents(directory):
    """Return the bytes of each file of a directory."""
    return {path: path.read_bytes() for path in directory.rglob("*") if path.is_file()}


def result_of(directory):
    return json.loads((directory / "result.json").read_text())


def solve_river(monkeypatch, directory, *overrides, drawn=False):
    """Solve ``RIVER`` with more overrides; return the exit status and the result."""
    status = timebank(monkeypatch, "solve", *RIVER, *overrides, f"hydra.run.dir={directory}", drawn=drawn)
    return status, result_of(directory)
