"""Bots in hold'em: ours by name, and somebody's.

A bot is made by a function (game: HoldemGame, player: int, seed: int) and has two methods: ``restart()`` begins a hand and
``step(observation) -> str`` answers one of ``observation.legal``, the labels of the actions.
"""

from __future__ import annotations

import base64
import pickle
from collections.abc import Callable
from typing import Any

import numpy as np

from agents.opponents.bot import Observation, load_bot


class CheckCall:
    """Checks, and calls every bet."""

    def __init__(self, game: Any, player: int, seed: int) -> None:
        pass

    def restart(self) -> None:
        pass

    def step(self, observation: Observation) -> str:
        return "check" if "check" in observation.legal else "call"


class UniformRandom:
    """Takes every legal action alike."""

    def __init__(self, game: Any, player: int, seed: int) -> None:
        self._random = np.random.default_rng(seed)

    def restart(self) -> None:
        pass

    def step(self, observation: Observation) -> str:
        return str(observation.legal[int(self._random.integers(len(observation.legal)))])


class FoldToBets(CheckCall):
    """Checks, and folds to every bet."""

    def step(self, observation: Observation) -> str:
        return "check" if "check" in observation.legal else "fold"


class AllIn(CheckCall):
    """Bets or raises all it has, or the most that it may; calls where it may not."""

    def step(self, observation: Observation) -> str:
        if observation.amounts is not None:
            return f"raise {observation.amounts[1]}"
        return _bets(observation)[-1] if _bets(observation) else super().step(observation)


class LeastRaise(CheckCall):
    """Bets or raises one chip more than the least amount where any amount is legal, else the least on offer; calls where it may not."""

    def step(self, observation: Observation) -> str:
        if observation.amounts is not None:
            return f"raise {min(observation.amounts[0] + 1, observation.amounts[1])}"
        return _bets(observation)[0] if _bets(observation) else super().step(observation)


class RandomAmounts(UniformRandom):
    """Folds, calls and raises alike; where any amount is legal it raises to one that is drawn evenly."""

    def step(self, observation: Observation) -> str:
        bets, others = _bets(observation), [label for label in observation.legal if label not in _bets(observation)]
        chosen = int(self._random.integers(len(others) + bool(bets)))
        if chosen < len(others):
            return str(others[chosen])
        if observation.amounts is None:
            return bets[int(self._random.integers(len(bets)))]
        least, most = observation.amounts
        return f"raise {int(self._random.integers(least, most + 1))}"


def _bets(observation: Observation) -> list[str]:
    """Return the bets and raises on offer, from small to large."""
    return [str(label) for label in observation.legal if str(label).split()[0] in ("bet", "raise", "all-in")]


BOTS: dict[str, Callable[[Any, int, int], Any]] = {
    "check_call": CheckCall,
    "fold_to_bets": FoldToBets,
    "all_in": AllIn,
    "random_amounts": RandomAmounts,
    "least_raise": LeastRaise,
    "uniform_random": UniformRandom,
}


def make(bot: str, game: str | None, player: int, seed: int) -> Any:
    """Return a bot for one seat: one of ``BOTS``, or what ``module:function`` makes, with all its randomness from ``seed``.

    ``game`` is the match's own pickle of a ``HoldemGame`` in base64; None for one of ``BOTS``, which do not look at it.
    """
    if bot in BOTS:
        return BOTS[bot](None, player, seed)
    return load_bot(bot)(pickle.loads(base64.b64decode(game or "")), player, seed)
