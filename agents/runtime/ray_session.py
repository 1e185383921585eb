"""This process's connection to Ray (the extra ``ray``): one at a time, made when first wanted; no dashboard, logs or usage statistics."""

from __future__ import annotations

import atexit
import logging
import os
import shutil
import signal
import socket
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from typing import Any

from agents.runtime.executor import MOST_DEATHS, ONE_THREAD, environment

REACH_SECONDS = 5.0  # to wait for a cluster's head to take a connection
FILES = "/tmp"  # for Ray's files: it has sockets there, whose paths may have no more than 107 characters
PASSED_ON = ("TIMEBANK_", "NUMBA_")  # beginnings of the environment variables that workers of a cluster get
SETTINGS = {
    "RAY_USAGE_STATS_ENABLED": "0",
    "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0",  # else it warns of a change to come
    "RAY_worker_niceness": "0",  # 15 is its own: workers on this machine would wait for everything else that runs here
    "RAY_task_oom_retries": str(MOST_DEATHS - 1),  # else a task that is too large for its node is done again without end
}
SILENT: dict[str, Any] = {"log_to_driver": False, "logging_level": logging.CRITICAL}  # of ``ray.init``

_wanted: tuple[str | None, int] | None = None  # what the connection was made for; None if somebody else made it, or nobody


def check_installed() -> None:
    """Refuse to do without Ray.

    Raises:
        ValueError: it is not installed.
    """
    if find_spec("ray") is None:
        raise ValueError("executor must be local or serial where Ray is not installed (pip install 'timebank[ray]'), got ray")


def check_address(address: str) -> None:
    """Refuse an address where nobody answers.

    Raises:
        ValueError: no address, or one that takes no connection.
    """
    host, _, port = address.rpartition(":")
    if not host or "/" in host or not (port.isascii() and port.isdigit() and 0 < int(port) < 1 << 16):
        raise ValueError(f"executor.address must be host:port of a Ray cluster's head, got {address!r:.200}")
    try:
        socket.create_connection((host.strip("[]"), int(port)), REACH_SECONDS).close()
    except OSError as error:
        raise _unreachable(address, error.strerror or str(error)) from None


def _unreachable(address: str, why: str) -> ValueError:
    return ValueError(f"executor.address must be of a Ray cluster that can be reached, got {address} ({why})")


def _line(error: Exception) -> str:
    return " ".join(str(error).split())[:300] or type(error).__name__


def session(workers: int, address: str | None) -> Any:
    """Return the module ``ray``, connected: to the cluster at ``address``, or to one of this machine alone with so many CPUs.

    A connection that this process's own program made is used as it is. One that was made for other settings is ended first.

    Raises:
        ValueError: the cluster does not let us in, for example since it has another version of Ray or Python.
        OSError: Ray cannot be started on this machine.
    """
    global _wanted
    wanted = (None, workers) if address is None else (address, 0)
    with environment(SETTINGS):  # read when the library is loaded
        import ray

        if ray.is_initialized():
            if _wanted in (None, wanted):
                return ray
            ray.shutdown()
        # Ray prints whatever dies onto our output, whatever ``SILENT`` says. A death that matters is an error of the map.
        ray._private.worker.print_to_stdstream = lambda *_, **__: None
        with _signals():
            if address is None:
                with environment(dict.fromkeys(ONE_THREAD, "1")):
                    _start(ray, workers)
            else:
                _connect(ray, address)
    _wanted = wanted
    return ray


def _start(ray: Any, workers: int) -> None:
    """Start Ray on this machine; it ends with this process, and its files with it."""
    folder = tempfile.mkdtemp(prefix="timebank-", dir=FILES)
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    atexit.register(ray.shutdown, wait_for_processes=True)  # first: what is registered last is called first
    try:
        ray.init("local", num_cpus=workers, include_dashboard=False, _temp_dir=folder, **SILENT)
    except Exception as error:
        raise OSError(f"Ray could not be started on this machine ({_line(error)})") from None


def _connect(ray: Any, address: str) -> None:
    """Connect to a cluster; its workers get one thread each, and the variables of ours that say what a task does."""
    variables = {name: value for name, value in os.environ.items() if name.startswith(PASSED_ON)} | dict.fromkeys(ONE_THREAD, "1")
    try:
        ray.init(address, runtime_env={"env_vars": variables}, **SILENT)
    except Exception as error:
        raise _unreachable(address, _line(error)) from None


@contextmanager
def _signals() -> Iterator[None]:
    """Keep this process's handlers of signals, which Ray replaces, and let what Ray starts live through a closed terminal, as we do."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    handlers = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGHUP)}
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        yield
    finally:
        for number, handler in handlers.items():
            signal.signal(number, handler)
