"""Spots: public states of no-limit hold'em with both ranges and a menu of bets, each a game of its own with an exact answer.

*The game of a spot* begins at its public state and goes to the end of the hand. Both ranges are part of it, and so are the sizes that may
be bet (``MENUS``). Nothing that happened before matters.

*EV loss* of a policy at the spot's decision: each hand h of the acting player has a value v(h, a) for each action a on offer. It is what h
has, in chips, if it takes a and then plays as well as can be against the opponent's equilibrium strategy. The loss is

    sum over h of p(h) * sum over a of policy(a, h) * (max v(h, .) - v(h, a)),

with p(h) the probability that h is held, in shares of the pot. It takes the opponent's equilibrium for granted. So a policy without a loss
may still be exploitable: it may mix actions of equal value in wrong shares. What a policy loses to an opponent who adapts is its *trunk
loss* (``search.boards.held_trunk``), which takes a solve for each policy; an EV loss is a sum over a file.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import numpy.typing as npt

from games.arrays import Float
from games.game import Action, find_decision, line_of
from games.holdem.menus import Menu, parse_sizes
from games.holdem.rules import HoldemGame, HoldemState
from games.holdem.subgame import Menus, subgame_of

LEVELS = 200  # weights are multiples of 1 / LEVELS, so that three decimals write them exactly
ONCE = ((),)  # no raise of a raise
# Sizes of both players in a spot's game, by the street that it begins with: bets, raises, and raises of raises (None: as raises); street by
# street. An all-in stands beside them where it is no more than so many pots.
SIZES: dict[str, list[tuple[str, str, tuple[()] | None]]] = {
    "turn": [("75%", "100%", ()), ("75%", "", None)],
    "river": [("50%,100%,a", "100%,a", None)],
}
NEAR_ALLIN = {"turn": 2.0, "river": 0.0}
STREETS = tuple(SIZES)


def menus_of(street: str) -> Menus:
    """Return the sizes of a spot's game, street by street from its first on."""
    menus = []
    for bets, raises, reraises in SIZES[street]:
        sizes = parse_sizes(bets, "bets", raises=False), parse_sizes(raises, "raises", raises=True)
        menu = Menu(*sizes, reraises=() if reraises is None else (reraises,))
        menus.append((menu, menu))
    return tuple(menus)


def with_spot_menus(game: HoldemGame, street: str) -> HoldemGame:
    """Return the whole game with the sizes of spots of a street from that street on."""
    if game.betting.menus is None:
        raise ValueError(f"game must be no-limit, got {game.name}")
    first, last = game.rounds.index(street), menus_of(street)
    betting = replace(game.betting, menus=(*game.betting.menus[:first], *last), add_allin=NEAR_ALLIN[street])
    return replace(game, betting=betting, any_amount=True)


def quantised(range_: Float) -> Float:
    """Return a range [H] in multiples of 1 / ``LEVELS`` of its largest weight; smaller weights than half of one are 0."""
    levels: Float = np.round(LEVELS * range_ / range_.max()) / LEVELS
    return levels


@dataclass(frozen=True, eq=False)
class Spot:
    """A spot.

    Attributes:
        street: that its state is on.
        line: of play that leads there, in the whole game.
        ranges: [H] of both players, multiples of 1 / ``LEVELS``; hands that hold a card of the board have 0.
    """

    game: HoldemGame
    street: str
    line: str
    ranges: tuple[Float, Float]

    @cached_property
    def whole(self) -> HoldemGame:
        """The whole game, with the spot's sizes."""
        return with_spot_menus(self.game, self.street)

    @cached_property
    def state(self) -> HoldemState:
        """Where it begins, in the whole game."""
        return find_decision(self.whole, self.line, "line")

    @property
    def player(self) -> int:
        """Who acts."""
        return self.whole.player(self.state)

    @cached_property
    def actions(self) -> list[Action]:
        """What may be done."""
        return self.whole.actions(self.state)

    @cached_property
    def pot(self) -> float:
        """Chips in the middle, a bet that is faced included."""
        return sum(self.whole.chips(self.state).paid)

    @cached_property
    def subgame(self) -> HoldemGame:
        """The game to be solved."""
        game = replace(self.whole, betting=replace(self.whole.betting, add_allin=NEAR_ALLIN[self.street]))
        return subgame_of(game, self.state, self.ranges, menus_of(self.street))

    @cached_property
    def chances(self) -> Float:
        """[H] the probability that the acting player holds each hand."""
        met: Float = self.ranges[self.player] * self.whole.cf_reach(self.state, self.player, self.ranges[1 - self.player])
        return met / met.sum()

    @cached_property
    def hands(self) -> npt.NDArray[np.int64]:
        """The hands that the acting player may hold."""
        return np.flatnonzero(self.chances)


@dataclass(frozen=True, eq=False)
class Answer:
    """What a spot's actions are worth.

    Attributes:
        best: [n] chips that each of ``Spot.hands`` wins from here on with its best action; 0 for a fold.
        losses: [A, n] what each action has less than the best one, in shares of the pot.
        exploitability: of the solve that gave them, NashConv / 2 in shares of the pot.
    """

    best: Float
    losses: Float
    exploitability: float


def ev_loss(spot: Spot, answer: Answer, policy: Float) -> float:
    """Return the EV loss of a policy [A, H] over ``Spot.actions``, in shares of the pot.

    Raises:
        ValueError: no policy of the spot's actions and hands.
    """
    here = policy[:, spot.hands] if policy.ndim == 2 and policy.shape == (len(spot.actions), len(spot.chances)) else np.zeros((0, 0))
    if not here.size or not (here.min() >= 0 and np.abs(here.sum(axis=0) - 1).max() < 1e-3):  # false of NaN, too
        raise ValueError(f"policy must be shares [{len(spot.actions)}, {len(spot.chances)}] that sum to 1 for each hand, got {policy}")
    return float(((here * answer.losses).sum(axis=0) * spot.chances[spot.hands]).sum())


def hand_loss(spot: Spot, answer: Answer, hand: int, shares: Float) -> float:
    """Return the EV loss of one hand that takes the actions in some shares [A], in shares of the pot."""
    (place,) = np.flatnonzero(spot.hands == hand)
    return float(shares @ answer.losses[:, place])


def described(spot: Spot) -> str:
    """Return a spot as people read it."""
    return f"{spot.street} {spot.whole.board_text(spot.state)}, pot {spot.pot:g}: {' / '.join(line_of(spot.whole, spot.state))}"
