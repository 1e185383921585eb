"""Bots: players whose policy is not known, which name an action for the hand that they hold.

A bot is a closed box. It gets an ``Observation`` of each of its decisions and answers one of ``Observation.legal``. It runs in processes of
its own (``SandboxedBot``); what it may do wrong is a closed set of faults, and each forfeits the hand.
"""

from __future__ import annotations

import base64
import pickle
import re
from collections.abc import Callable, Collection
from dataclasses import dataclass, replace
from typing import Any, Protocol, cast, runtime_checkable

import numpy as np

from agents.opponents.sandbox import FaultError, Sandbox
from games.game import PublicGame, State, drawn, line_of
from games.modules import BOTS, check_allowed, named

MAKE_SECONDS = 30.0  # for somebody's bot to be made, if decisions may not take longer


@dataclass(frozen=True)
class Observation:
    """A decision as the bot that makes it sees it. Amounts are chips.

    Attributes:
        player: 0 or 1, the bot's seat in this hand.
        hand: its own; in hold'em its cards, the higher one first: ``AhKd``.
        history: what everybody has seen so far: the labels of all actions and public cards in order.
        legal: what may be answered: in hold'em labels, the number of ``bet``, ``raise`` and ``all-in`` being the round's total; in a game
            of OpenSpiel's the numbers of its actions.
        board: in hold'em the public cards, round by round: ``Td9d6hQc``; empty before any.
        pot: what both have put in, with a spot's starting pot (hold'em).
        to_call: what is missing to the opponent's bet; 0 if there is none (hold'em).
        behind: what the player has left; the opponent has ``behind - to_call`` (hold'em).
        amounts: where any amount is legal, the least and the largest round's total of a bet or raise: ``raise 750`` may be answered.
        state: in a game of OpenSpiel's the actions from its start to here. The opponent's hand in it is drawn anew for each decision from
            all that are possible.
    """

    player: int
    hand: str
    history: tuple[str, ...]
    legal: tuple[str | int, ...]
    board: str = ""
    pot: float = 0.0
    to_call: float = 0.0
    behind: float = 0.0
    amounts: tuple[int, int] | None = None
    state: tuple[int, ...] = ()

    def checked(self, answer: Any) -> int | str:
        """Return an answer if it is legal; raises FaultError."""
        if type(answer) in (int, str) and answer in self.legal:
            return cast("int | str", answer)
        named = re.fullmatch("(bet|raise|all-in) ([0-9]{1,15})", answer) if type(answer) is str else None
        if named and self.amounts is not None and self.amounts[0] <= int(named[2]) <= self.amounts[1]:
            return cast("str", answer)
        amounts = "" if self.amounts is None else f", or any amount from {self.amounts[0]} to {self.amounts[1]}"
        raise FaultError("illegal", f"action must be one of {', '.join(map(str, self.legal))}{amounts}, got {answer!r:.100}")

    @classmethod
    def of(cls, fields: dict[str, Any]) -> Observation:
        """Return the observation that JSON made fields of."""
        made: dict[str, Any] = {key: tuple(value) if isinstance(value, list) else value for key, value in fields.items()}
        return cls(**made)


def observe(game: PublicGame[State], state: State, hand: int, random: np.random.Generator) -> Observation:
    """Return a decision as the bot sees it that acts there and holds a hand.

    ``random`` draws the hand that stands in place of the opponent's in ``Observation.state``.
    """
    player, chips, actions = game.player(state), game.chips(state), game.actions(state)
    seen = Observation(
        player, game.hand_text(player, hand), tuple(line_of(game, state)), tuple(action.code for action in actions), game.board_text(state)
    )
    if game.spiel is not None:
        likely = game.cf_reach(state, 1 - player, np.eye(game.num_hands[player])[hand]) * game.ranges[1 - player]
        other = drawn(likely.tolist(), random.random())
        return replace(seen, board="", state=game.history(state, (hand, other) if player == 0 else (other, hand)))
    if chips is None or chips.behind is None:
        return seen
    to_call = chips.paid[1 - player] - chips.paid[player]
    return replace(seen, pot=sum(chips.paid), to_call=to_call, behind=chips.behind[player], amounts=game.amounts(state))


@runtime_checkable
class Bot(Protocol):
    """Somebody who plays without telling how."""

    @property
    def name(self) -> str:
        """What reports call it."""

    @property
    def game(self) -> PublicGame[Any]:
        """What it plays."""

    def begin(self, seed: int) -> None:
        """Start anew, as if nothing had been played, with all randomness from ``seed``."""

    def restart(self, seat: int) -> None:
        """Start a hand; raises FaultError."""

    def step(self, observation: Observation) -> int | str:
        """Return the action to take, one of ``observation.legal`` or an amount that ``observation.amounts`` allows; raises FaultError."""

    def end(self) -> None:
        """Forget everything and end what plays."""

    def close(self) -> None:
        """End all processes."""


class LostError(ChildProcessError):
    """A bot is gone and did not come back: the match ends here."""


@runtime_checkable
class Watching(Protocol):
    """A bot that is shown the end of every hand, too."""

    def finish(self, seat: int, hands: tuple[int, int], state: Any, asked: bool) -> None:
        """Show how a hand ended.

        Args:
            seat: the bot's.
            hands: both players'; what of them it shows is the bot's to know.
            state: the last one; a decision, if the hand was forfeited there.
            asked: whether the bot was to act in the hand.
        """


def watching(bot: object) -> Watching | None:
    """Return a bot if it watches; None for others."""
    return bot if isinstance(bot, Watching) else None


@dataclass
class SandboxedBot:
    """A bot in processes of its own, see ``agents.opponents.sandbox``. It is made there, from its name.

    Attributes:
        game: what is played.
        bot: a name that OpenSpiel or ``agents.opponents.builtin`` has registered, or ``module:function`` of a module that the environment
            variable TIMEBANK_MODULES names. The function is called with the game, the player number and a seed.
        limit_seconds: of one decision.
    """

    game: PublicGame[Any]
    bot: str
    limit_seconds: float = 10.0

    def __post_init__(self) -> None:
        if not self.limit_seconds > 0:
            raise ValueError(f"limit_seconds must be positive, got {self.limit_seconds}")
        if ":" in self.bot:
            check_allowed("agent.bot", self.bot, BOTS)
        self._sandbox: Sandbox | None = None
        self._seed = 0

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_sandbox": None}

    @property
    def name(self) -> str:
        return self.bot

    def begin(self, seed: int) -> None:
        """Make the bots of both seats in a new process; raises ChildProcessError if they cannot be made, or not in time."""
        self._seed = seed
        if self._sandbox is None or self._sandbox.closed:
            self._sandbox = Sandbox(*_family(self.game, self.bot))
        try:
            self._sandbox.start()
            self._sandbox.ask("make", max(MAKE_SECONDS, self.limit_seconds), seed=seed)
        except FaultError as fault:
            self._sandbox.end()
            raise ChildProcessError(f"{self.name} must start, got: {fault}") from None

    def restart(self, seat: int) -> None:
        if self._sandbox is None or not self._sandbox.alive:
            self.begin(self._seed)
        assert self._sandbox is not None
        self._sandbox.ask("restart", self.limit_seconds, seat=seat)

    def step(self, observation: Observation) -> int | str:
        assert self._sandbox is not None
        return observation.checked(self._sandbox.ask("step", self.limit_seconds, observation=vars(observation)))

    def end(self) -> None:
        if self._sandbox is not None:
            self._sandbox.end()

    def close(self) -> None:
        if self._sandbox is not None:
            self._sandbox.close()
            self._sandbox = None


def _family(game: PublicGame[Any], bot: str) -> tuple[str, str, str | None]:
    """Return what a sandbox is made of.

    A game that OpenSpiel does not play goes along, pickled, for bots that are shown it. It holds no secret, and nothing pickled ever comes
    back.
    """
    if game.spiel is not None:
        return "openspiel", bot, game.spiel
    return "builtin", bot, base64.b64encode(pickle.dumps(game)).decode() if ":" in bot else None


def load_bot(bot: str) -> Callable[[Any, int, int], Any]:
    """Return ``module:function``. Only a bot's own process may call this: it runs the module.

    Raises:
        ValueError: there is no such module or function.
    """
    make: Callable[[Any, int, int], Any] = named("agent.bot", bot, BOTS)
    return make


def check_bot(bot: str, names: Collection[str], where: str = "") -> None:
    """Refuse a bot that cannot be made.

    Args:
        bot: a name, or ``module:function``, which a process of its own looks for.
        names: of the bots that need no module.
        where: they are known, for the error.

    Raises:
        ValueError: no such bot, or its module is not allowed or has no such function.
    """
    if ":" not in bot:
        if bot not in names:
            raise ValueError(f"agent.bot must be one of {', '.join(names)}, or module:function{where}, got {bot!r}")
        return
    check_allowed("agent.bot", bot, BOTS)
    sandbox = Sandbox("builtin", bot, None)
    try:
        sandbox.start()
        sandbox.ask("look", MAKE_SECONDS)
    except FaultError as fault:
        text = str(fault).removeprefix("ValueError: ")
        raise ValueError(text if text.startswith("agent.bot") else f"agent.bot must be module:function, got {bot!r}: {text}") from None
    finally:
        sandbox.close()
