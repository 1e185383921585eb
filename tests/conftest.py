"""Shared fixtures: games, trees and histories are built once a session and never changed."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from typing import Any, NamedTuple

import pytest
from hypothesis import settings

from games import PublicTree, information_states, public_tree
from tests import running
from tests.naive.histories import History, openspiel_histories

# Derandomised: a run that fails fails again. No deadline: the JIT off is a hundred times slower.
settings.register_profile("timebank", deadline=None, derandomize=True, max_examples=40)
settings.load_profile("timebank")

# A suite started in the background inherits an ignored SIGINT, and so would the commands whose Ctrl-C it tests.
signal.signal(signal.SIGINT, signal.default_int_handler)

SMALL_GAMES = (
    "kuhn_poker",
    "leduc_poker",
    "leduc_poker(suit_isomorphism=true)",
    "liars_dice(numdice=1,dice_sides=2)",
    "liars_dice(numdice=1,dice_sides=4)",
    "liars_dice(numdice=2,dice_sides=2)",
)
LARGE_GAMES = ("liars_dice(numdice=1,dice_sides=5)", "liars_dice(numdice=1,dice_sides=6)", "liars_dice(numdice=2,dice_sides=3)")
KUHN, LEDUC, DICE = "kuhn_poker", "leduc_poker", "liars_dice(numdice=1,dice_sides=4)"

GAMES = [*SMALL_GAMES, *(pytest.param(game, marks=pytest.mark.slow) for game in LARGE_GAMES)]


@pytest.fixture(autouse=True)
def processes_end_with_their_test() -> Iterator[None]:
    yield
    running.end_all()


class Case(NamedTuple):
    """A game in every form that tests need."""

    game: str
    tree: PublicTree
    root: History
    strings: Any


_cases: dict[str, Case] = {}


def case_of(game: str) -> Case:
    if game not in _cases:
        _cases[game] = Case(game, public_tree(game), openspiel_histories(game), information_states(game))
    return _cases[game]


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
