"""What a position may say beside its line: both players' ranges, and the actions that are to be chosen from."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple, Protocol, runtime_checkable

from agents.agent import Decision
from games.arrays import Float
from games.game import Action
from games.holdem.ranges import parse_range
from games.holdem.rules import HoldemGame, HoldemState
from games.settings import shown
from search import Budget

MOST_ACTIONS = 100
FORM = "hand CARDS line ACTION / CARDS / ... ranges R0 R1 actions A / B / ..."


class Given(NamedTuple):
    """What is known of the hand in the place of its history.

    Attributes:
        ranges: [H] of both players at the state.
        actions: on offer.
    """

    ranges: tuple[Float, Float]
    actions: Sequence[Action]


@runtime_checkable
class Ranged(Protocol):
    """An agent that decides at a public state whose ranges it is given."""

    def decide_from(self, state: HoldemState, ranges: tuple[Float, Float], actions: Sequence[Action], budget: Budget) -> Decision:
        """Return a decision over some legal actions."""


def parted(text: str) -> tuple[str, str | None, str | None]:
    """Return what stands before ``ranges`` in a position, and what stands behind that word and behind ``actions``; None without them.

    Raises:
        ValueError: actions without ranges.
    """
    above, with_ranges, rest = text.partition(" ranges ")
    ranges, with_actions, actions = (rest if with_ranges else above).partition(" actions ")
    if with_actions and not with_ranges:
        raise ValueError(f"actions must come with ranges ({FORM}), got {shown(text)}")
    return above, ranges if with_ranges else None, actions if with_actions else None


def given_at(agent: Any, game: Any, state: Any, ranges: str, actions: str | None) -> Given:
    """Return what a position says of ranges and actions.

    Raises:
        ValueError: an agent that has no use for ranges, texts that are no two ranges, or an action that is not legal.
    """
    if not isinstance(agent, Ranged) or not isinstance(game, HoldemGame):
        raise ValueError(
            f"ranges must be left out but for an agent that solves subgames of any amount (agent=no_limit), got {shown(ranges)}"
        )
    texts = ranges.split()
    if len(texts) != 2:
        raise ValueError(f"ranges must be two without blanks in them, of players 0 and 1, got {shown(ranges)}")
    first, second = (parse_range(text, f"range {player}", game.deck) for player, text in enumerate(texts))
    if actions is None:
        return Given((first, second), game.actions(state))
    names = [" ".join(name.split()) for name in actions.split("/")]
    legal = list[Action]()
    for name in names[:MOST_ACTIONS]:
        try:
            legal.append(game.action(state, name))
        except ValueError as error:
            raise ValueError(f"actions must be {error}, got {shown(name)}") from None
    if len(names) > MOST_ACTIONS or len(set(legal)) < len(names):
        raise ValueError(f"actions must be different ones, {MOST_ACTIONS} at most, got {shown(actions)}")
    return Given((first, second), legal)
