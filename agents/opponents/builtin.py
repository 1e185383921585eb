"""Bots in hold'em: ours by name, and somebody's.

A bot is made by a function (game: HoldemGame, player: int, seed: int) and has two methods: ``restart()`` begins a hand and
``step(observation) -> str`` answers one of ``observation.legal``, the labels of the actions.
"""

from __future__ import annotations

import base64
import pickle
from collections.abc import Sequence
from typing import Any

import numpy as np

from agents.opponents.bot import Bot, Observation, SandboxedBot, load_bot
from games.holdem.rules import HoldemGame
from search.boards.representation import represent_boards
from search.boards.strategy import BoardStrategy
from search.representation import Table

Label = str | int  # see ``Observation.legal``


class CheckCall:
    """Checks, and calls every bet."""

    def __init__(self, game: Any, player: int, seed: int) -> None:
        pass

    def restart(self) -> None:
        pass

    def step(self, observation: Observation) -> str:
        return str(observation.legal[self.shares(observation.legal).index(1.0)])

    @staticmethod
    def shares(legal: Sequence[Label]) -> list[float]:
        """Return how often each action on offer is taken where no other amounts are legal, whatever the hand."""
        return _always("check" if "check" in legal else "call", legal)


class UniformRandom:
    """Takes every legal action alike."""

    def __init__(self, game: Any, player: int, seed: int) -> None:
        self._random = np.random.default_rng(seed)

    def restart(self) -> None:
        pass

    def step(self, observation: Observation) -> str:
        return str(observation.legal[int(self._random.integers(len(observation.legal)))])

    @staticmethod
    def shares(legal: Sequence[Label]) -> list[float]:
        """See ``CheckCall``."""
        return [1.0 / len(legal)] * len(legal)


class FoldToBets(CheckCall):
    """Checks, and folds to every bet."""

    @staticmethod
    def shares(legal: Sequence[Label]) -> list[float]:
        """See ``CheckCall``."""
        return _always("check" if "check" in legal else "fold", legal)


class AllIn(CheckCall):
    """Bets or raises all it has, or the most that it may; calls where it may not."""

    def step(self, observation: Observation) -> str:
        if observation.amounts is not None:
            return f"raise {observation.amounts[1]}"
        return super().step(observation)

    @staticmethod
    def shares(legal: Sequence[Label]) -> list[float]:
        """See ``CheckCall``."""
        return _always(_bets(legal)[-1], legal) if _bets(legal) else CheckCall.shares(legal)


class LeastRaise(CheckCall):
    """Bets or raises one chip more than the least amount where any amount is legal, else the least on offer; calls where it may not."""

    def step(self, observation: Observation) -> str:
        if observation.amounts is not None:
            return f"raise {min(observation.amounts[0] + 1, observation.amounts[1])}"
        return super().step(observation)

    @staticmethod
    def shares(legal: Sequence[Label]) -> list[float]:
        """See ``CheckCall``."""
        return _always(_bets(legal)[0], legal) if _bets(legal) else CheckCall.shares(legal)


class RandomAmounts(UniformRandom):
    """Folds, calls and raises alike; where any amount is legal it raises to one that is drawn evenly."""

    def step(self, observation: Observation) -> str:
        bets = _bets(observation.legal)
        others = [label for label in observation.legal if label not in bets]
        chosen = int(self._random.integers(len(others) + bool(bets)))
        if chosen < len(others):
            return str(others[chosen])
        if observation.amounts is None:
            return bets[int(self._random.integers(len(bets)))]
        least, most = observation.amounts
        return f"raise {int(self._random.integers(least, most + 1))}"

    @staticmethod
    def shares(legal: Sequence[Label]) -> list[float]:
        """See ``CheckCall``."""
        bets = _bets(legal)
        kinds = len(legal) - len(bets) + bool(bets)
        return [1.0 / kinds / (len(bets) if label in bets else 1) for label in legal]


def _bets(legal: Sequence[Label]) -> list[str]:
    """Return the bets and raises on offer, from small to large."""
    return [str(label) for label in legal if str(label).split()[0] in ("bet", "raise", "all-in")]


def _always(answer: str, legal: Sequence[Label]) -> list[float]:
    return [float(label == answer) for label in legal]


BOTS: dict[str, Any] = {
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


def known(bot: Bot) -> bool:
    """Say whether a bot's policy is known: it is one of ``BOTS``, and the menu's sizes are all that there is."""
    return isinstance(bot, SandboxedBot) and bot.bot in BOTS and isinstance(bot.game, HoldemGame) and not bot.game.any_amount


def bot_table(bot: Bot, seat: int) -> Table:
    """Return what a bot that is ``known`` plays in a seat, as a table of the whole game (see ``search.representation``)."""
    game: HoldemGame = bot.game  # type: ignore[assignment]  # of all that are known
    representation = represent_boards(game)
    tree, tables = representation.tree, representation.uniform()
    strategy = BoardStrategy(game, tree, tables)
    for node in np.flatnonzero(game.bets.player == seat).tolist():
        shares = BOTS[bot.name].shares([game.bets.labels[child] for child in game.bets.children(node)])
        policy = np.repeat(np.array(shares)[:, None], len(game.hands), axis=1)  # no bot looks at its hand
        for board in tree.on_street(int(game.bets.round[node])):
            strategy.put(node, tree.cards[board], policy)
    return tables[seat]
