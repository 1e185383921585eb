"""What an agent of no-limit hold'em knows along a hand: both ranges by Bayes' rule, the blueprint's line, and the last solve."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import Protocol, cast

import numpy as np

from games.arrays import Float
from games.game import Kind, path
from games.holdem.rules import HoldemGame, HoldemState
from games.holdem.subgame import state_in
from games.public_tree import CHANCE
from search import BoardStrategy
from search.boards.root_gadget import BestResponseValues
from search.off_tree import Translation, carried, likely_row

LEAST_SHARE = 1e-9  # of a range that an action must leave to be believed
Ranges = tuple[Float, Float]


@dataclass(frozen=True)
class Solved:
    """The last solve of a hand.

    Attributes:
        root: where its subgame begins, in the whole game.
        strategy: both players' answer.
        held: [H] chips a deal that the opponent's hands were held to; None where nothing held them.
        opponent: what the opponent's hands can get against it; None where nobody will ask.
        translation: of amounts that its tree has not got; None where they are solved anew.
    """

    root: HoldemState
    strategy: BoardStrategy
    held: Float | None
    opponent: BestResponseValues | None
    translation: Translation | None

    def locate(self, state: HoldemState) -> HoldemState | None:
        """Return a state of the whole game in the subgame; None where its tree has not got it."""
        try:
            if self.translation is not None:
                way, taken = path(self.translation.game, state), cast("HoldemState | None", self.strategy.game.root)
                for above, child in pairwise(way[way.index(self.root) :]):
                    taken = self.translation.follow(taken, above, child)
                return taken
            located = state_in(self.strategy.game, self.root, state)
        except ValueError:
            return None
        return None if self.strategy.game.locate(located) is None else located

    def bound(self, root: HoldemState) -> Float | None:
        """Return [H] chips a deal, what the opponent's hands could get where another subgame begins; None where this solve cannot tell.

        It can where its tree has the root, and where the opponent has just bet an amount that its tree lacks: then a hand is held to what
        it could get without that bet.
        """
        if root == self.root:  # solved anew, with an amount that was bet since
            return self.held
        if self.opponent is None or root.above is None:
            return None
        game, begun, above = self.strategy.game, self.locate(root), self.locate(root.above)
        if begun is not None:
            return self.opponent.at(begun) if game.round(begun) == 1 and game.player(root.above) == CHANCE else None
        if above is not None and game.round(above) == 0 and game.player(above) == self.opponent.player:
            return self.opponent.at(above)
        return None


@dataclass(frozen=True)
class HandMemory:
    """What the agent knows after a decision.

    Attributes:
        state: the decision.
        taken: what the blueprint takes it for; None where its menu has no such line.
        ranges: [H] of both players there, before the action.
        solved: the last solve.
        surprises: actions that the model gave to no hand, so far.
        street: where the street at hand began, and [H] of both players there.
        played: the own decisions on the street, the one at hand included, each with the [A, H] that was played from.
    """

    state: HoldemState
    taken: HoldemState | None
    ranges: Ranges
    solved: Solved | None
    surprises: int
    street: tuple[HoldemState, Ranges]
    played: dict[HoldemState, Float]


class MenuPolicy(Protocol):
    """A blueprint of the game's menu: asked, never written out whole."""

    @property
    def name(self) -> str:
        """What reports call it."""

    @property
    def game(self) -> HoldemGame:
        """With the menu's sizes alone."""

    def fingerprint(self) -> bytes:
        """Return what kept measurements of this policy must agree with."""

    def at(self, state: HoldemState, /) -> Float:
        """Return the acting player's [A, H] at a decision of its tree."""


class Hand:
    """A hand while a decision is made: what was known at the last one, brought to the state at hand.

    Args:
        translation: from the game that is played to the blueprint's menu.
        blueprint: of that menu.
        memory: what was known; None before the first decision.
    """

    def __init__(self, translation: Translation, blueprint: MenuPolicy, memory: HandMemory | None) -> None:
        self.translation, self.blueprint, self.game = translation, blueprint, translation.game
        if memory is None:
            start, ranges = self.game.root, self.game.ranges
            self.taken: HoldemState | None = translation.menu.root
        else:
            start, ranges, self.taken = memory.state, memory.ranges, memory.taken
        self.ranges: dict[HoldemState, Ranges] = {start: ranges}
        self.policy: Float | None = None  # of the state at hand, once a solve has answered
        self.solved = None if memory is None else memory.solved
        self.surprises = 0 if memory is None else memory.surprises
        self.street = (start, ranges) if memory is None else memory.street
        self.played = {} if memory is None else memory.played

    def follow(self, state: HoldemState) -> None:
        """Bring ranges and the blueprint's line to a state."""
        way, start = path(self.game, state), next(iter(self.ranges))
        for above, child in pairwise(way[way.index(start) :]):
            self._step(above, child)
            self.taken = self.translation.follow(self.taken, above, child)
            if self.game.player(above) == CHANCE:
                self.street, self.played = (child, self.ranges[child]), {}

    def follow_from(self, root: HoldemState, state: HoldemState) -> None:
        """Bring the ranges from a root to a state anew."""
        way = path(self.game, state)
        for above, child in pairwise(way[way.index(root) :]):
            self._step(above, child)

    def _step(self, above: HoldemState, child: HoldemState) -> None:
        """Follow both ranges over one action or card."""
        ranges, player = list(self.ranges[above]), self.game.player(above)
        if player == CHANCE:
            dead = np.isin(self.game.hands, child.cards).any(axis=1)
            ranges = [np.where(dead, 0.0, reach) for reach in ranges]
        else:
            row = self._row(above, child)
            left = ranges[player] * row
            if left.sum() > LEAST_SHARE * ranges[player].sum():
                ranges[player] = left / left.max()
            else:
                self.surprises += 1
        self.ranges[child] = ranges[0], ranges[1]

    def _row(self, above: HoldemState, child: HoldemState) -> Float:
        """Return [H], the probability of the action between two states: by what was really played from, else by the model."""
        if above in self.played:
            return likely_row(self.game, above, self.played[above], self.game, above, child.label)
        located = self.located(above)
        if located is not None:
            assert self.solved is not None
            return likely_row(self.solved.strategy.game, located, self.solved.strategy.at(located), self.game, above, child.label)
        if self.taken is None or self.translation.menu.player(self.taken) < 0:
            return np.ones(len(self.game.hands))
        return likely_row(self.translation.menu, self.taken, self.blueprint.at(self.taken), self.game, above, child.label)

    def located(self, state: HoldemState) -> HoldemState | None:
        """Return the state in the last solve's subgame, None if it is not there."""
        return None if self.solved is None else self.solved.locate(state)

    def model(self, state: HoldemState) -> Float:
        """Return [A, H], what is played at a state: the last solve's answer, else the blueprint's; a call where neither has it."""
        located, menu = self.located(state), self.translation.menu
        if located is not None:
            assert self.solved is not None
            return carried(self.solved.strategy.game, located, self.solved.strategy.at(located), self.game, state)
        if self.taken is not None and menu.player(self.taken) >= 0:
            return carried(menu, self.taken, self.blueprint.at(self.taken), self.game, state)
        actions = self.game.actions(state)
        policy = np.zeros((len(actions), len(self.game.hands)))
        policy[next(i for i, action in enumerate(actions) if action.kind == Kind.PASS)] = 1.0
        return policy
