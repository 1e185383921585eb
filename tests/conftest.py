"""Shared fixtures: games, trees and histories are built once a session and never changed."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator

from tests import processor  # isort: skip  # noqa: F401  # before anything imports NumPy

import pytest
from hypothesis import settings

from tests import running
from tests.catalogue import DICE, KUHN, LARGE_GAMES, LEDUC, SMALL_GAMES, Case, case_of
from tests.compiling import share_compilations

# Derandomised: a run that fails fails again. No deadline: the JIT off is a hundred times slower.
settings.register_profile("timebank", deadline=None, derandomize=True, max_examples=40)
settings.load_profile("timebank")

# A suite started in the background inherits an ignored SIGINT, and so would the commands whose Ctrl-C it tests.
signal.signal(signal.SIGINT, signal.default_int_handler)

GAMES = [*SMALL_GAMES, *(pytest.param(game, marks=pytest.mark.slow) for game in LARGE_GAMES)]


@pytest.fixture(autouse=True, scope="session")
def kernels_are_compiled_once(tmp_path_factory: pytest.TempPathFactory) -> None:
    if "PYTEST_XDIST_WORKER" in os.environ:
        folder = tmp_path_factory.getbasetemp().parent / "compilations"  # of all workers
        folder.mkdir(exist_ok=True)
        share_compilations(folder)


@pytest.fixture(autouse=True)
def processes_end_with_their_test() -> Iterator[None]:
    yield
    running.end_all()


@pytest.fixture(params=GAMES, scope="session")
def case(request: pytest.FixtureRequest) -> Case:
    """Every registered instance, the larger ones marked slow."""
    return case_of(request.param)


@pytest.fixture(params=[KUHN, LEDUC, DICE], scope="session")
def golden_case(request: pytest.FixtureRequest) -> Case:
    """The games with published values."""
    return case_of(request.param)


@pytest.fixture(scope="session")
def kuhn() -> Case:
    return case_of(KUHN)


@pytest.fixture(scope="session")
def leduc() -> Case:
    return case_of(LEDUC)


@pytest.fixture(scope="session")
def dice() -> Case:
    return case_of(DICE)
