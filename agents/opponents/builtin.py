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


BOTS: dict[str, Callable[[Any, int, int], Any]] = {"check_call": CheckCall, "uniform_random": UniformRandom}


def make(bot: str, game: str | None, player: int, seed: int) -> Any:
    """Return a bot for one seat: one of ``BOTS``, or what ``module:function`` makes, with all its randomness from ``seed``.

    ``game`` is the match's own pickle of a ``HoldemGame`` in base64; None for one of ``BOTS``, which do not look at it.
    """
    if bot in BOTS:
        return BOTS[bot](None, player, seed)
    return load_bot(bot)(pickle.loads(base64.b64decode(game or "")), player, seed)
