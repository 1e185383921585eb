"""Public games: the rules of play, whatever a game is derived from.

A *public state* is what happened at the table: every action, with any legal amount, and every public card. It says nothing about a
strategy, a menu of bet sizes or a tree. Matches, terminals, bots and lines of play need nothing else of a game.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from enum import StrEnum
from typing import NamedTuple, Protocol, TypeVar

import numpy as np

from games.arrays import Float
from games.public_tree import CHANCE
from games.settings import shown

State = TypeVar("State", bound=Hashable)
ROOT = "root"  # a line of play that leads to the first decision, as an empty one does


class Kind(StrEnum):
    """What an action does, in every game."""

    FOLD = "fold"
    PASS = "pass"  # a check, or a call
    BET = "bet"  # a bet, a raise or an all-in
    OTHER = "other"  # of games without a pot


class Action(NamedTuple):
    """One action of a player.

    Attributes:
        kind: what it does.
        text: how lines of play write it, e.g. ``bet 120``.
        chips: of a BET, what the player has put in on this round after it.
        code: what a bot answers to take it: OpenSpiel's number of the action, or the text.
    """

    kind: Kind
    text: str
    chips: float
    code: int | str


class Chips(NamedTuple):
    """Chips at a public state.

    Attributes:
        paid: by player, what each has put into the pot; a spot's starting pot counts as half each player's.
        behind: by player, what each has left; None where the game does not say.
        opened: by player, what each had put in when the round began.
    """

    paid: tuple[float, float]
    behind: tuple[float, float] | None
    opened: tuple[float, float]


class PublicGame(Protocol[State]):
    """The rules of a two-player zero-sum game whose actions are public and whose hands are private.

    A state is hashable and never changes. Players are 0 and 1; ``player`` returns CHANCE or TERMINAL where nobody acts. Chips are player
    0's unless said otherwise. A number ``u`` of [0, 1) stands for what chance draws, so equal numbers give equal deals.
    """

    @property
    def name(self) -> str:
        """What people call it."""

    @property
    def key(self) -> str:
        """All that makes the game, as one line: games are equal if their keys are."""

    @property
    def spiel(self) -> str | None:
        """OpenSpiel's name of the game; None if OpenSpiel does not play it."""

    @property
    def rounds(self) -> tuple[str, ...]:
        """What its betting rounds are called."""

    @property
    def big_blind(self) -> float | None:
        """Chips, where the game has blinds."""

    @property
    def num_hands(self) -> tuple[int, int]:
        """Hands of each player."""

    @property
    def num_states(self) -> int | None:
        """Public states, where they are so few that an agent's decision at each can be kept."""

    @property
    def ranges(self) -> tuple[Float, Float]:
        """Both players' [H] weights of hands before the deal."""

    @property
    def root(self) -> State:
        """The first public state."""

    @property
    def max_payoff(self) -> float:
        """The most chips that a hand can win."""

    def player(self, state: State) -> int:
        """Return who acts: 0, 1, CHANCE or TERMINAL."""

    def settled(self, state: State) -> bool:
        """Say whether nobody decides anything from here on."""

    def round(self, state: State) -> int:
        """Return the betting round, from 0."""

    def parent(self, state: State) -> State | None:
        """Return the state before; None at the root."""

    def label(self, state: State) -> str:
        """Return the action or the public cards that led here, as lines of play write them; empty at the root."""

    def actions(self, state: State) -> Sequence[Action]:
        """Return the actions on offer at a decision; where any amount is legal, those of the game's menu."""

    def amounts(self, state: State) -> tuple[int, int] | None:
        """Return the least and the largest legal chips of a BET where any amount is legal; None where only those on offer are."""

    def child(self, state: State, action: Action) -> State:
        """Return where an action leads.

        Raises:
            ValueError: the action is not legal.
        """

    def action(self, state: State, text: str) -> Action:
        """Return the legal action that a text names: ``bet 120``, or its first word if one action alone on offer has it.

        Raises:
            ValueError: none, or several; the message says what would be legal.
        """

    def deal(self, u: float) -> tuple[int, int]:
        """Return both players' hands."""

    def chance(self, state: State, hands: tuple[int, int], u: float) -> State:
        """Return where public chance leads when the players hold some hands."""

    def revealed(self, state: State, text: str) -> State:
        """Return where public chance leads that reveals what a text says, e.g. ``AhKd7c``.

        Raises:
            ValueError: it cannot come; the message says what could.
        """

    def cf_reach(self, state: State, player: int, reach: Float) -> Float:
        """Return [H], the opponent's reach [H'] that each of the player's hands can meet here, weighted by chance."""

    def payoff(self, state: State, hands: tuple[int, int]) -> float:
        """Return player 0's chips at a terminal."""

    def cfvs(self, state: State, player: int, reach: Float) -> Float:
        """Return [H], the player's counterfactual values at a terminal against the opponent's reach [H'] there."""

    def worst_payoff(self, state: State, player: int) -> float:
        """Return player 0's chips if a player loses the most that any hand could lose from here on."""

    def chips(self, state: State) -> Chips | None:
        """Return the chips on the table; None in games without a pot."""

    def history(self, state: State, hands: tuple[int, int]) -> tuple[int, ...]:
        """Return OpenSpiel's actions from the deal to here; empty for games that OpenSpiel does not play."""

    def seat_text(self, player: int) -> str:
        """Return what a seat is called."""

    def hand_text(self, player: int, hand: int) -> str:
        """Return a hand as files and bots write it, e.g. ``AhKd``."""

    def hand_name(self, player: int, hand: int) -> str:
        """Return a hand as people know it, e.g. ``A♥ K♦``."""

    def hand_class(self, player: int, hand: int) -> str:
        """Return what a hand is called among those that differ by suits alone, e.g. ``AKo``."""

    def board_text(self, state: State) -> str:
        """Return the public cards as files and bots write them; empty before any."""

    def board_name(self, state: State) -> str:
        """Return the public cards as people know them, round by round; empty before any."""


def children(game: PublicGame[State], state: State) -> list[State]:
    """Return where the actions on offer at a decision lead."""
    return [game.child(state, action) for action in game.actions(state)]


def bet_to(game: PublicGame[State], state: State, chips: int) -> Action:
    """Return the legal bet or raise after which a player has put in so many chips on the round.

    Raises:
        ValueError: there is none; the message says what would be legal.
    """
    offered = next((action for action in game.actions(state) if action.kind == Kind.BET and action.chips == chips), None)
    return offered or game.action(state, f"raise {chips}")


def path(game: PublicGame[State], state: State) -> list[State]:
    """Return all states from the root to this one, both included."""
    found, above = [state], game.parent(state)
    while above is not None:
        found.append(above)
        above = game.parent(above)
    return found[::-1]


def line_of(game: PublicGame[State], state: State) -> list[str]:
    """Return the line of play to a state: actions and public cards in order."""
    return [game.label(here) for here in path(game, state)[1:]]


def find_decision(game: PublicGame[State], line: str, key: str) -> State:
    """Return where a line of play leads; an empty one and ``root`` lead to the first decision.

    Args:
        game: what is played.
        line: actions and public cards with ``/`` between, e.g. ``check / bet 120 / call / 2c``.
        key: what the line sets, for the error.

    Raises:
        ValueError: an action or cards that cannot come there, or a line that does not end at a decision.
    """
    return _follow(game, line, key, deals=False)


def find_deal(game: PublicGame[State], line: str, key: str) -> State:
    """Return where a line of play leads at whose end public cards come, and somebody acts behind them.

    Args:
        game: what is played.
        line: as of ``find_decision``.
        key: what the line sets, for the error.

    Raises:
        ValueError: an action or cards that cannot come there, or a line that does not end where cards come.
    """
    state = _follow(game, line, key, deals=True)
    if game.player(state) != CHANCE:
        raise ValueError(f"{key} must lead where a card comes, got {shown(line.strip())}, where a player acts")
    return state


def _follow(game: PublicGame[State], line: str, key: str, deals: bool) -> State:
    """Return where a line leads: a decision, or with ``deals`` also where public cards come."""
    steps = [" ".join(step.split()) for step in line.split("/")] if line.strip() not in ("", ROOT) else []
    state, done = game.root, list[str]()
    while True:
        after = f" after {' / '.join(done)!r}" if done else ""
        player = game.player(state)
        if game.settled(state):
            raise ValueError(f"{key} must end at a decision, got {shown(line)}, where nobody acts{after}")
        if len(done) == len(steps) and (player != CHANCE or deals):
            return state
        step = steps[len(done)] if len(done) < len(steps) else ""
        try:
            state = game.revealed(state, step) if player == CHANCE else game.child(state, game.action(state, step))
        except ValueError as error:
            begun = f"must go on{after}" if done or player == CHANCE else "must begin"
            got = f"got {shown(step)}" if step else "got nothing" if player == CHANCE else "got ''"
            raise ValueError(f"{key} {begun} with {error}, {got}") from None
        done.append(step)


def listed(texts: Sequence[str]) -> str:
    """Return some texts as errors list what would be legal: ``fold, call or raise 4``."""
    return f"{', '.join(texts[:-1])} or {texts[-1]}" if len(texts) > 1 else texts[0]


def drawn_deal(cumulative: Float, hands: int, u: float) -> tuple[int, int]:
    """Return the pair of hands that a number of [0, 1) stands for; ``cumulative`` are [H0 * H1] summed weights, ``hands`` is H1."""
    return divmod(min(int(np.searchsorted(cumulative, u * cumulative[-1], side="right")), len(cumulative) - 1), hands)


def drawn(weights: Sequence[float], u: float) -> int:
    """Return the index that a number of [0, 1) stands for, each with a share of its weight."""
    left, last = u * sum(weights), 0
    for i, weight in enumerate(weights):
        if weight > 0:
            if left < weight:
                return i
            last = i
        left -= weight
    return last
