"""What an agent of no-limit hold'em knows along a hand: both ranges by Bayes' rule, the blueprint's line, and the last solve."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Protocol

import numpy as np

from games.arrays import Float
from games.game import Action, Kind, path
from games.holdem.rules import HoldemGame, HoldemState
from games.holdem.subgame import state_in
from games.public_tree import CHANCE
from search import BoardStrategy
from search.boards.root_gadget import BestResponseValues
from search.off_tree import MenuLines, MenuPolicy, carried, likely_row, lines_from

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
        lines: where it begins, if amounts that its tree has not got are taken for others; None where they are solved anew.
    """

    root: HoldemState
    strategy: BoardStrategy
    held: Float | None
    opponent: BestResponseValues | None
    lines: MenuLines | None

    def locate(self, state: HoldemState) -> HoldemState | None:
        """Return a state of the whole game in the subgame; None where its tree has not got it."""
        try:
            located = state_in(self.strategy.game, self.root, state)
        except ValueError:
            return None
        return None if self.strategy.game.locate(located) is None else located

    def at(self, game: HoldemGame, state: HoldemState, actions: Sequence[Action] | None = None) -> Float | None:
        """Return [A, H] at a decision of the whole game, None where the answer does not cover it.

        It is over legal actions, those on offer unless given.
        """
        if self.lines is not None:
            lines = self._followed(game, state)
            return None if lines is None else lines.at(state, actions)
        located = self.locate(state)
        return None if located is None else carried(self.strategy.game, located, self.strategy.at(located), game, state, actions)

    def likely(self, game: HoldemGame, state: HoldemState, label: str) -> Float | None:
        """Return [H], how likely each hand takes an action at a decision; None where the answer does not cover that."""
        if self.lines is not None:
            lines = self._followed(game, state)
            return None if lines is None else lines.likely(state, label)
        located = self.locate(state)
        return None if located is None else likely_row(self.strategy.game, located, self.strategy.at(located), game, state, label)

    def _followed(self, game: HoldemGame, state: HoldemState) -> MenuLines | None:
        """Return the lines of the subgame that a state is taken for; None above it."""
        way, lines, streets = path(game, state), self.lines, self.strategy.game.streets
        if self.root not in way or (streets is not None and game.round(state) - game.round(self.root) >= streets):
            return None
        for above, child in pairwise(way[way.index(self.root) :]):
            assert lines is not None
            lines = lines.follow(above, child)
        return lines

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
        lines: what the blueprint takes it for.
        ranges: [H] of both players there, before the action.
        solved: the last solve.
        surprises: actions that the model gave to no hand, so far.
        street: where the street at hand began, and [H] of both players there.
        played: the own decisions on the street, the one at hand included, each with the [A, H] that was played from.
    """

    state: HoldemState
    lines: MenuLines
    ranges: Ranges
    solved: Solved | None
    surprises: int
    street: tuple[HoldemState, Ranges]
    played: dict[HoldemState, Float]


class Blueprint(MenuPolicy, Protocol):
    """A blueprint of the game's menu."""

    @property
    def name(self) -> str:
        """What reports call it."""

    def fingerprint(self) -> bytes:
        """Return what kept measurements of this policy must agree with."""


class Hand:
    """A hand while a decision is made: what was known at the last one, brought to the state at hand.

    Args:
        game: that is played.
        blueprint: of its menu.
        memory: what was known; None before the first decision.
    """

    def __init__(self, game: HoldemGame, blueprint: Blueprint, memory: HandMemory | None) -> None:
        self.game = game
        if memory is None:
            start, ranges, self.lines = game.root, game.ranges, lines_from(game, blueprint)
        else:
            start, ranges, self.lines = memory.state, memory.ranges, memory.lines
        self.ranges: dict[HoldemState, Ranges] = {start: ranges}
        self.policy: Float | None = None  # of the state at hand, once a solve has answered
        self.solved = None if memory is None else memory.solved
        self.surprises = 0 if memory is None else memory.surprises
        self.street = (start, ranges) if memory is None else memory.street
        self.played = {} if memory is None else memory.played

    def follow(self, state: HoldemState) -> None:
        """Bring ranges and the blueprint's lines to a state."""
        way, start = path(self.game, state), next(iter(self.ranges))
        for above, child in pairwise(way[way.index(start) :]):
            self._step(above, child, self.lines)
            self.lines = self.lines.follow(above, child)
            if self.game.player(above) == CHANCE:
                self.street, self.played = (child, self.ranges[child]), {}

    def follow_from(self, root: HoldemState, state: HoldemState) -> None:
        """Bring the ranges from the root of the last solve to a state anew."""
        way = path(self.game, state)
        for above, child in pairwise(way[way.index(root) :]):
            self._step(above, child, None)

    def _step(self, above: HoldemState, child: HoldemState, lines: MenuLines | None) -> None:
        """Follow both ranges over one action or card; ``lines`` are the blueprint's above it."""
        ranges, player = list(self.ranges[above]), self.game.player(above)
        if player == CHANCE:
            dead = np.isin(self.game.hands, child.cards).any(axis=1)
            ranges = [np.where(dead, 0.0, reach) for reach in ranges]
        else:
            row = self._row(above, child, lines)
            left = ranges[player] * row
            if left.sum() > LEAST_SHARE * ranges[player].sum():
                ranges[player] = left / left.max()
            else:
                self.surprises += 1
        self.ranges[child] = ranges[0], ranges[1]

    def _row(self, above: HoldemState, child: HoldemState, lines: MenuLines | None) -> Float:
        """Return [H], the probability of the action between two states: by what was really played from, else by the model."""
        if above in self.played:
            return likely_row(self.game, above, self.played[above], self.game, above, child.label)
        row = None if self.solved is None else self.solved.likely(self.game, above, child.label)
        if row is None and lines is not None:
            row = lines.likely(above, child.label)
        return np.ones(len(self.game.hands)) if row is None else row

    def answer(self, state: HoldemState) -> Float | None:
        """Return [A, H], what the last solve's answer plays at a decision; None where it does not cover it."""
        return None if self.solved is None else self.solved.at(self.game, state)

    def model(self, state: HoldemState) -> Float:
        """Return [A, H], what is played at the state at hand: by the last solve, else by the blueprint; a call where neither has it."""
        policy = self.answer(state)
        if policy is None:
            policy = self.lines.at(state)
        return passing(self.game.actions(state), len(self.game.hands)) if policy is None else policy


@dataclass(frozen=True)
class StreetAnswer:
    """What the agent plays on a street that it has thought about once, where the street begins.

    Attributes:
        game: that is played.
        root: where the street begins.
        solved: its answer; None where it did not solve.
        lines: what the blueprint takes the root for, where it is played in place of an answer.
    """

    game: HoldemGame
    root: HoldemState
    solved: Solved | None
    lines: MenuLines

    def at(self, state: HoldemState, actions: Sequence[Action]) -> Float | None:
        """Return [A, H] over legal actions at a decision of the street, of either seat.

        None where the answer does not cover it: there the agent would solve anew. The blueprint calls where it has no line.
        """
        if self.solved is not None:
            return self.solved.at(self.game, state, actions)
        way, lines = path(self.game, state), self.lines
        for above, child in pairwise(way[way.index(self.root) :]):
            lines = lines.follow(above, child)
        policy = lines.at(state, actions)
        return passing(actions, len(self.game.hands)) if policy is None else policy


def passing(actions: Sequence[Action], hands: int) -> Float:
    """Return [A, H]: a check or a call with every hand."""
    policy = np.zeros((len(actions), hands))
    policy[next(i for i, action in enumerate(actions) if action.kind == Kind.PASS)] = 1.0
    return policy
