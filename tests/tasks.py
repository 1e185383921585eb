"""What tests give to other processes; those load this module alone, and so start sooner."""

import os
import time
from pathlib import Path


def square(x):
    return x * x


def boom(x):
    raise RuntimeError(f"task {x} broke")


def process(x):
    time.sleep(0.2)
    return os.getpid(), os.environ["OMP_NUM_THREADS"]


def die(x):
    os.kill(os.getpid(), 9)


def large(number):
    return bytes(100_000_000)


def die_at_first(task):
    """Kill this process unless it was done before, as a file in the folder says; return the number."""
    folder, number = task
    died = Path(folder) / str(number)
    if not died.exists():
        died.touch()
        die(number)
    return number


def die_each_time(folder):
    """Note each time in a file of its own."""
    (Path(folder) / str(time.perf_counter_ns())).touch()
    die(0)


def length(content):
    """Return where this works, and how long each part of the task is."""
    return os.getcwd(), [len(part) for part in content]


def slow(number):
    time.sleep(0.5)
    return number, os.getpid()


def writeable(array):
    """Say whether an array could be written, before and after its way here and back."""
    return array.flags.writeable, array
