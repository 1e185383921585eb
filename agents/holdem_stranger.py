"""Somebody else's bots in hold'em. A bot names an action by its label; what it is shown is its own hand and what everybody has seen.

A bot is made by a function (game: HoldemGame, player: int, seed: int) and has two methods: ``restart()`` begins a hand and
``step(view: BotView) -> str`` answers one of ``view.legal``.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Protocol

import numpy as np

from agents.stranger import FaultError, bot_function
from games.cards import cards_text, hand_text
from games.holdem import HoldemGame
from games.holdem_lines import Place
from games.public_tree import CHANCE


@dataclass(frozen=True)
class BotView:
    """A decision as the bot that makes it sees it. Amounts are chips.

    Attributes:
        player: 0 or 1, the bot's seat in this hand.
        hand: its own cards, the higher one first: ``AhKd``.
        board: the public cards, street by street: ``Td9d6hQc``; empty before any.
        history: the labels of all actions so far and, where a street began, its cards, as the lines of ``timebank solve show=``.
        pot: what both have put in, with a spot's starting pot.
        to_call: what is missing to the opponent's bet; 0 if there is none.
        behind: what the player has left; the opponent has ``behind - to_call``.
        legal: labels of the actions that can be taken, the number of ``bet``, ``raise`` and ``all-in`` being the street's total.
    """

    player: int
    hand: str
    board: str
    history: tuple[str, ...]
    pot: float
    to_call: float
    behind: float
    legal: tuple[str, ...]


class HoldemBot(Protocol):
    """What somebody's function must return."""

    def restart(self) -> None:
        """Begin a hand."""
        ...

    def step(self, view: BotView) -> str:
        """Return one of ``view.legal``."""
        ...


BotMaker = Callable[[HoldemGame, int, int], HoldemBot]


class CheckCall:
    """Checks, and calls every bet."""

    def __init__(self, game: HoldemGame, player: int, seed: int) -> None:
        pass

    def restart(self) -> None:
        """Remember nothing."""

    def step(self, view: BotView) -> str:
        """Return check or call."""
        return "check" if "check" in view.legal else "call"


class UniformRandom:
    """Takes every legal action alike."""

    def __init__(self, game: HoldemGame, player: int, seed: int) -> None:
        self._random = np.random.default_rng(seed)

    def restart(self) -> None:
        """Remember nothing."""

    def step(self, view: BotView) -> str:
        """Return any."""
        return view.legal[int(self._random.integers(len(view.legal)))]


BOTS: dict[str, BotMaker] = {"check_call": CheckCall, "uniform_random": UniformRandom}


class HoldemStranger:
    """A bot as an opponent in hold'em; see agents.stranger.

    Args:
        game: what is played.
        bot: one of ``BOTS``, ``module:function``, or the function. It must survive pickling.
        name: what reports call it.
    """

    def __init__(self, game: HoldemGame, bot: str | BotMaker, name: str | None = None) -> None:
        self.game, self.bot = game, bot
        self.name: str = name or (bot if isinstance(bot, str) else str(getattr(bot, "__name__", "bot")))
        self._bots: list[HoldemBot] = []

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_bots": []}

    def load(self) -> None:
        """Build the tree of bets."""
        assert len(self.game.bets.player)

    def begin(self, seed: int) -> None:
        """Make both seats' bots anew."""
        make = self.bot if not isinstance(self.bot, str) else BOTS[self.bot] if self.bot in BOTS else bot_function(self.bot)
        self._bots = [make(self.game, player, seed + player) for player in (0, 1)]

    def deal(self, seat: int) -> None:
        """Restart the seat's bot."""
        if not self._bots:
            self.begin(0)
        self._bots[seat].restart()

    def choose(self, seat: int, node: Place, hand: int) -> int:
        """Return the place of the bot's answer among the legal actions."""
        view = view_of(self.game, node, hand)
        answer: Any = self._bots[seat].step(view)
        if not isinstance(answer, str) or answer not in view.legal:
            raise FaultError("illegal", f"action must be one of {', '.join(view.legal)}, got {answer!r:.100}")
        return view.legal.index(answer)


def view_of(game: HoldemGame, place: Place, hand: int) -> BotView:
    """Return what the player who acts at a place sees with a hand."""
    bets, nodes = game.bets, [place.node]
    while nodes[0] > 0:
        nodes.insert(0, int(bets.parent[nodes[0]]))
    history = []
    for above, here in pairwise(nodes):
        new = place.cards[game.cards_on(int(bets.round[above])) : game.cards_on(int(bets.round[here]))]
        history.append(cards_text(new) if bets.player[above] == CHANCE else bets.labels[here])
    player, paid = int(bets.player[place.node]), bets.contribution[place.node]
    dead_money = 0.0 if game.betting.blinds else float(bets.contribution[0, player])  # a spot's pot counts as half each player's
    return BotView(
        player,
        hand_text(*game.hands[hand].tolist()),
        cards_text(place.cards),
        tuple(history),
        float(paid.sum()),
        float(paid[1 - player] - paid[player]),
        float(game.betting.stack - (paid[player] - dead_money)),
        tuple(bets.labels[child] for child in bets.children(place.node)),
    )


def check_holdem_bot(bot: str) -> None:
    """Refuse a bot that cannot be made.

    Raises:
        ValueError: no such bot, or its module is not allowed or has no such function.
    """
    if ":" in bot:
        bot_function(bot)
    elif bot not in BOTS:
        raise ValueError(f"agent.bot must be one of {', '.join(BOTS)}, or module:function, on hold'em, got {bot!r}")
