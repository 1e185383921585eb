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
from games.game import Action, find_decision
from games.holdem.menus import Menu, parse_sizes
from games.holdem.rules import HoldemGame, HoldemState
from games.holdem.subgame import Menus, subgame_of

LEVELS = 200  # weights are multiples of 1 / LEVELS: three decimals write them exactly
# Sizes of both players in a spot's game, by the street that it begins with, street by street from there: bets, raises, and whether a raise
# may be raised. An all-in stands beside them where it is no more than NEAR_ALLIN pots.
SIZES = {"river": [("50%,100%,a", "100%,a", True)], "turn": [("75%", "100%", False), ("75%", "", True)]}
NEAR_ALLIN = {"river": 0.0, "turn": 2.0}
STREETS = tuple(SIZES)
NEAR_ONE = 1e-3  # what shares of a hand may miss 1 by: four decimals are written of each
Levels = npt.NDArray[np.uint8]


def menus_of(street: str) -> Menus:
    """Return the sizes of a spot's game, street by street from its first on."""
    menus = []
    for bets, raises, again in SIZES[street]:
        menu = Menu(parse_sizes(bets, "bets", raises=False), parse_sizes(raises, "raises", raises=True), reraises=() if again else ((),))
        menus.append((menu, menu))
    return tuple(menus)


def with_spot_menus(game: HoldemGame, street: str) -> HoldemGame:
    """Return the whole game with the sizes of spots of a street from that street on."""
    if game.betting.menus is None:
        raise ValueError(f"game must be no-limit, got {game.name}")
    menus = (*game.betting.menus[: game.rounds.index(street)], *menus_of(street))
    betting = replace(game.betting, menus=menus, add_allin=NEAR_ALLIN[street])
    return replace(game, betting=betting, any_amount=True)


def quantised(range_: Float) -> Levels:
    """Return a range [H] in steps of 1 / ``LEVELS`` of its largest weight; weights below half a step are 0."""
    levels: Levels = np.round(LEVELS * range_ / range_.max()).astype(np.uint8)
    return levels


@dataclass(frozen=True, eq=False)
class Spot:
    """A spot.

    Attributes:
        game: that is played, from the blinds on.
        street: that its state is on.
        line: of play that leads there, in the whole game.
        levels: [2, H], ranges of both players in steps of 1 / ``LEVELS``; hands that hold a card of the board have 0.
        number: of the hand that it was drawn from.
    """

    game: HoldemGame
    street: str
    line: str
    levels: Levels
    number: int

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
    def ranges(self) -> tuple[Float, Float]:
        """Both players' [H] weights, 1 at most."""
        return self.levels[0] / LEVELS, self.levels[1] / LEVELS

    @cached_property
    def pot(self) -> float:
        """Chips in the middle, a bet that is faced included."""
        return sum(self.whole.chips(self.state).paid)

    @cached_property
    def subgame(self) -> HoldemGame:
        """The game to be solved."""
        return subgame_of(self.whole, self.state, self.ranges, menus_of(self.street))

    @cached_property
    def met(self) -> Float:
        """[H] the opponent's weights that each hand of the acting player can meet, summed."""
        reach: Float = self.whole.cf_reach(self.state, self.player, self.levels[1 - self.player].astype(np.float64)) / LEVELS
        return reach

    @cached_property
    def hands(self) -> npt.NDArray[np.int64]:
        """[n] the hands that the acting player may hold; sums of whole numbers are exact, so every machine has the same ones."""
        hands: npt.NDArray[np.int64] = np.flatnonzero(self.levels[self.player] * self.met)
        return hands

    @cached_property
    def chances(self) -> Float:
        """[n] the probability of each of ``hands``."""
        held: Float = (self.ranges[self.player] * self.met)[self.hands]
        chances: Float = held / held.sum()
        return chances


@dataclass(frozen=True, eq=False)
class SpotAnswer:
    """What a spot's actions are worth.

    Attributes:
        best: [n] chips that each of ``Spot.hands`` wins from here on with its best action, in shares of the pot; a fold has 0.
        losses: [A, n] what each action has less than the best one, in shares of the pot.
        gap: exploitability of the solve that gave them, NashConv / 2 in shares of the pot.
    """

    best: Float
    losses: Float
    gap: float


def ev_loss(spot: Spot, answer: SpotAnswer, policy: Float) -> float:
    """Return the EV loss of a policy [A, H] over ``Spot.actions``, in shares of the pot.

    Raises:
        ValueError: no policy of the spot's actions and hands.
    """
    shape = len(spot.actions), spot.levels.shape[1]
    shares = policy[:, spot.hands] if policy.shape == shape else np.full((1, 1), np.nan)
    if not (shares.min() >= 0 and np.abs(shares.sum(axis=0) - 1).max() < NEAR_ONE):  # false of NaN, too
        raise ValueError(f"policy must be shares {list(shape)} that sum to 1 for each hand, got {policy}")
    return float((shares * answer.losses).sum(axis=0) @ spot.chances)
