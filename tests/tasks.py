"""What tests give to other processes; those load this module alone, and so start sooner."""

import os
import time


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
