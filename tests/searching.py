"""Sweeps of one round's subgames, told in one value."""

from __future__ import annotations

from typing import NamedTuple

from search import Budget
from search.boards.street_sweep import search_street
from search.resolving import ResolveConfig


class Searching(NamedTuple):
    """Where subgames begin, and how they are re-solved."""

    street: int
    config: ResolveConfig
    budget: Budget
    worth: int = 0


def searching(street, gadget, bounds, budget, judge=True, worth=0, **settings):
    return Searching(street, ResolveConfig(gadget, bounds, judge=judge, **settings), budget, worth)


def sweep(game, tree, strategies, seat, search, variant, workers=1, threads=1, **others):
    return search_street(
        game, tree, strategies, search.street, seat, search.config, search.budget, variant, search.worth, workers, threads, **others
    )
