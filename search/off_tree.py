"""Bets that a menu does not have, taken for sizes that it has.

*Translation* maps an amount that somebody bet to one of the two sizes of a menu around it, and goes on as if that had been bet. The
randomised pseudo-harmonic mapping (Ganzfried & Sandholm 2013, "Action Translation in Extensive-Form Games with Large Action Spaces") is the
least exploited one in small games. The other way is to put the amount into the tree and to solve with it, see ``games.holdem.subgame``.

An opponent who knew what is drawn would bet just the amount that is taken for what he wishes. So nothing is drawn here:
``MenuLines`` keeps all lines of the menu that a hand may be taken for, each with the probability that it would have been drawn, given the
player's own hand. What is played is the mean of their policies, which is what a secret draw comes to for everybody else (Kuhn 1953).
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import NamedTuple, Protocol

import numpy as np

from games.arrays import Float
from games.game import Action, Kind
from games.holdem.rules import HoldemGame, HoldemState
from games.public_tree import CHANCE

MOST_LINES = 8  # that a hand is taken for at once; the least likely ones are dropped


class MenuPolicy(Protocol):
    """A policy of a game's menu: asked, never written out whole."""

    @property
    def game(self) -> HoldemGame:
        """With the menu's sizes alone."""

    def at(self, state: HoldemState, /) -> Float:
        """Return the acting player's [A, H] at a decision of its tree."""


def pseudo_harmonic(size: float, menu: Sequence[float]) -> list[tuple[int, float]]:
    """Return which sizes of a menu a bet is taken for, and with which probabilities.

    Between neighbours A < B a bet of x is taken for A with probability (B - x) (1 + A) / ((B - A) (1 + x)).

    Args:
        size: of the bet, as a fraction of the pot after a call.
        menu: likewise, increasing.

    Returns:
        Places in the menu with their probabilities, one or two; the first or the last place for a bet outside of the menu.

    Raises:
        ValueError: an empty menu, or one that does not increase.
    """
    if not menu or any(low >= high for low, high in pairwise(menu)):
        raise ValueError(f"menu must be increasing sizes, got {list(menu)}")
    above = bisect_right(menu, size)
    if above == 0 or above == len(menu) or menu[above - 1] == size:
        return [(max(above - 1, 0), 1.0)]
    low, high = menu[above - 1], menu[above]
    share = (high - size) * (1 + low) / ((high - low) * (1 + size))
    return [(above - 1, share), (above, 1.0 - share)]


def pot_fraction(game: HoldemGame, state: HoldemState, action: Action) -> float:
    """Return a bet's or raise's size as a fraction of the pot after a call; 0 for other actions."""
    if action.kind != Kind.BET:
        return 0.0
    chips, other = game.chips(state), 1 - game.player(state)
    return (action.chips - chips.paid[other] + chips.opened[other]) / (2 * chips.paid[other])


def likely_row(menu: HoldemGame, taken: HoldemState, policy: Float, game: HoldemGame, state: HoldemState, label: str) -> Float:
    """Return [H], how likely a policy takes an action that its menu may lack: the shares of the sizes that it is taken for.

    Args:
        menu: what the policy plays.
        taken: what it takes ``state`` for.
        policy: [A, H] there.
        game: what is played.
        state: a decision of it.
        label: of the action that was taken.
    """
    action, offers = game.action(state, label), menu.actions(taken)
    alike = [i for i, offer in enumerate(offers) if offer.kind == action.kind]
    if action.kind == Kind.BET and alike:
        sizes = [pot_fraction(menu, taken, offers[i]) for i in alike]
        row: Float = np.sum([share * policy[alike[i]] for i, share in pseudo_harmonic(pot_fraction(game, state, action), sizes)], axis=0)
        return row
    return policy[alike].sum(axis=0) if alike else np.zeros(policy.shape[1])


def carried(
    menu: HoldemGame, taken: HoldemState, policy: Float, game: HoldemGame, state: HoldemState, actions: Sequence[Action] | None = None
) -> Float:
    """Return [A, H] over legal actions at ``state``, each of the policy's actions at the nearest size.

    Arguments are those of ``likely_row``; ``actions`` are those on offer in ``game`` unless given.
    """
    actions = game.actions(state) if actions is None else actions
    sizes = [pot_fraction(game, state, action) for action in actions]
    found = np.zeros((len(actions), policy.shape[1]))
    for offer, row in zip(menu.actions(taken), policy, strict=True):
        alike = [i for i, action in enumerate(actions) if action.kind == offer.kind]
        alike = alike or [i for i, action in enumerate(actions) if action.kind == Kind.PASS]  # nobody may raise any more
        size = pot_fraction(menu, taken, offer)
        found[min(alike, key=lambda i: abs(sizes[i] - size))] += row
    return found


def taken_for(menu: HoldemGame, taken: HoldemState, game: HoldemGame, state: HoldemState, action: Action) -> list[tuple[int, float]]:
    """Return which of a menu's offers an action is taken for, and with which probabilities; empty where none is like it.

    A bet is taken for the bets around it. Below the smallest one it is taken for that or for no bet at all, as far as the other player is
    then to act on the same street, as he is after a real bet.

    Args:
        menu: the game with the menu's sizes alone.
        taken: what it takes ``state`` for.
        game: what is played.
        state: a decision of it.
        action: there.
    """
    offers = menu.actions(taken)
    alike = [i for i, offer in enumerate(offers) if offer.kind == action.kind]
    if action.kind != Kind.BET or not alike:
        return [(i, 1.0) for i in alike[:1]]
    places, sizes = list(alike), [pot_fraction(menu, taken, offers[i]) for i in alike]
    passing = next((i for i, offer in enumerate(offers) if offer.kind == Kind.PASS), None)
    if passing is not None and sizes[0] > 0:
        after = menu.child(taken, offers[passing])
        if menu.player(after) == 1 - menu.player(taken) and menu.round(after) == menu.round(taken):
            places, sizes = [passing, *places], [0.0, *sizes]
    return [(places[i], share) for i, share in pseudo_harmonic(pot_fraction(game, state, action), sizes)]


class MenuLine(NamedTuple):
    """A line of a menu that a hand may be taken for.

    Attributes:
        state: of the menu.
        share: product of the probabilities with which the bets so far are taken for its own.
        weights: per player [H], the same times the probability that each hand acts as the line says.
    """

    state: HoldemState
    share: float
    weights: tuple[Float, Float]


@dataclass(frozen=True)
class MenuLines:
    """All lines of a menu that a hand of a game with any amount may be taken for, and a policy of that menu.

    Attributes:
        game: with any amount.
        policy: of the same game with a menu.
        lines: none where no line of the menu corresponds, a raise where the menu's players can raise no more.
    """

    game: HoldemGame
    policy: MenuPolicy
    lines: tuple[MenuLine, ...]

    def at(self, state: HoldemState, actions: Sequence[Action] | None = None) -> Float | None:
        """Return [A, H] over legal actions at a decision, those on offer unless given; the mean over lines, None where there is none."""
        acting = self._acting(self.game.player(state))
        if not acting:
            return None
        menu = self.policy.game
        rows = [weight * carried(menu, line.state, self.policy.at(line.state), self.game, state, actions) for line, weight in acting]
        found: Float = np.sum(rows, axis=0)
        return found

    def likely(self, state: HoldemState, label: str) -> Float | None:
        """Return [H], how likely each of the acting player's hands takes an action; None where there is no line."""
        acting, menu = self._acting(self.game.player(state)), self.policy.game
        if not acting:
            return None
        action, found = self.game.action(state, label), np.zeros(len(self.game.hands))
        for line, weight in acting:
            policy = self.policy.at(line.state)
            for offer, share in taken_for(menu, line.state, self.game, state, action):
                found += weight * share * policy[offer]
        return found

    def follow(self, above: HoldemState, child: HoldemState) -> MenuLines:
        """Return the lines at ``child``, which follows ``above``, where these are."""
        step = self._dealt if self.game.player(above) == CHANCE else self._acted
        joined: dict[HoldemState, MenuLine] = {}
        for line in step(above, child):
            same = joined.get(line.state)
            if same is not None:
                first, second = (a + b for a, b in zip(same.weights, line.weights, strict=True))
                line = MenuLine(line.state, same.share + line.share, (first, second))
            joined[line.state] = line
        most = sorted(joined.values(), key=lambda line: -line.share)[:MOST_LINES]
        return replace(self, lines=tuple(most))

    def _acting(self, player: int) -> list[tuple[MenuLine, Float]]:
        """Return the lines in which a player acts, and [H] the share of each given the hand."""
        lines = [line for line in self.lines if self.policy.game.player(line.state) == player]
        total, even = sum((line.weights[player] for line in lines), np.zeros(len(self.game.hands))), sum(line.share for line in lines)
        some = total > 0
        return [(line, np.where(some, line.weights[player] / np.where(some, total, 1.0), line.share / even)) for line in lines]

    def _dealt(self, above: HoldemState, child: HoldemState) -> Iterator[MenuLine]:
        menu = self.policy.game
        for line in self.lines:
            if menu.player(line.state) == CHANCE and not menu.settled(line.state):
                yield line._replace(state=menu.revealed(line.state, child.label))

    def _acted(self, above: HoldemState, child: HoldemState) -> Iterator[MenuLine]:
        menu, player, action = self.policy.game, self.game.player(above), self.game.action(above, child.label)
        for line in self.lines:
            if menu.player(line.state) != player:
                continue
            policy, offers = self.policy.at(line.state), menu.actions(line.state)
            for offer, share in taken_for(menu, line.state, self.game, above, action):
                if share > 0:
                    own, other = share * policy[offer] * line.weights[player], share * line.weights[1 - player]
                    weights = (own, other) if player == 0 else (other, own)
                    yield MenuLine(menu.child(line.state, offers[offer]), share * line.share, weights)


def lines_from(game: HoldemGame, policy: MenuPolicy, root: HoldemState | None = None) -> MenuLines:
    """Return the one line of a hand that begins at a state of the menu, its root unless given."""
    every = np.ones(len(game.hands))
    return MenuLines(game, policy, (MenuLine(policy.game.root if root is None else root, 1.0, (every, every)),))


def likeliest(game: HoldemGame, menu: HoldemGame, taken: HoldemState | None, above: HoldemState, state: HoldemState) -> HoldemState | None:
    """Return what ``state``, which follows ``above``, is most likely taken for if ``above`` is taken for ``taken``.

    None where no line of the menu corresponds: a raise of a bet that was taken for an all-in, and whatever comes after it.
    """
    if taken is None:
        return None
    if game.player(above) == CHANCE:
        return menu.revealed(taken, state.label) if menu.player(taken) == CHANCE and not menu.settled(taken) else None
    found = taken_for(menu, taken, game, above, game.action(above, state.label)) if menu.player(taken) == game.player(above) else []
    return menu.child(taken, menu.actions(taken)[max(found, key=lambda pair: pair[1])[0]]) if found else None
