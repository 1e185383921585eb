"""Sweeps of one round's subgames, told in one value; gadgets with safe bounds on a tree."""

from __future__ import annotations

from types import SimpleNamespace
from typing import NamedTuple

from search import Budget, Gadget, cf_reach_at
from search.boards.resolve_round import resolve_round
from search.gadgets import UNSAFE, WITH_GIFTS
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
    return resolve_round(
        game, tree, strategies, search.street, seat, search.config, search.budget, variant, search.worth or None, workers, threads, **others
    )


def set_clock(monkeypatch, clock):
    """Let searches tell the time by a function that returns seconds."""
    for module in ("budget", "anytime"):
        monkeypatch.setattr(f"search.{module}.time", SimpleNamespace(perf_counter=clock))


def safe_gadget(kind, evaluator, strategy, opponent, own_range, gift):
    """Return the gadget above the root of a strategy so far, with safe bounds; ``gift`` [H] in chips raises those that take gifts."""
    if kind == UNSAFE:
        return None
    bounds = evaluator.best_response_cfvs(strategy, opponent, own_range)
    if kind in WITH_GIFTS:
        bounds = bounds + gift * cf_reach_at(strategy.tree, strategy.span.node, opponent, own_range)
    return Gadget(kind, opponent, bounds)
