"""Bets that a menu does not have, taken for sizes that it has.

*Translation* maps an amount that somebody bet to one of the two sizes of a menu around it, and goes on as if that had been bet. The
randomised pseudo-harmonic mapping (Ganzfried & Sandholm 2013, "Action Translation in Extensive-Form Games with Large Action Spaces") is the
least exploited one in small games. The other way is to put the amount into the tree and to solve with it, see ``games.holdem.subgame``.
"""

from __future__ import annotations

import zlib
from bisect import bisect_right
from collections.abc import Sequence
from itertools import pairwise

import numpy as np

from games.arrays import Float
from games.game import Action, Kind, line_of
from games.holdem.rules import HoldemGame, HoldemState
from games.public_tree import CHANCE


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


def carried(menu: HoldemGame, taken: HoldemState, policy: Float, game: HoldemGame, state: HoldemState) -> Float:
    """Return [A, H] over the actions on offer at ``state``, each of the policy's actions at the nearest size; see ``likely_row``."""
    actions = game.actions(state)
    sizes = [pot_fraction(game, state, action) for action in actions]
    found = np.zeros((len(actions), policy.shape[1]))
    for offer, row in zip(menu.actions(taken), policy, strict=True):
        alike = [i for i, action in enumerate(actions) if action.kind == offer.kind]
        alike = alike or [i for i, action in enumerate(actions) if action.kind == Kind.PASS]  # nobody may raise any more
        size = pot_fraction(menu, taken, offer)
        found[min(alike, key=lambda i: abs(sizes[i] - size))] += row
    return found


class Translation:
    """Follows hands of a game with any amount in a game that offers a menu alone, with the same cards and chips.

    A line's draws are made from its text and the seed: the same line is always taken for the same one.

    Args:
        game: with any amount.
        menu: the same game as its menu offers it.
        seed: of the draws.
    """

    def __init__(self, game: HoldemGame, menu: HoldemGame, seed: int = 0) -> None:
        self.game, self.menu, self.seed = game, menu, seed

    def follow(self, taken: HoldemState | None, above: HoldemState, state: HoldemState) -> HoldemState | None:
        """Return what ``state``, which follows ``above``, is taken for if ``above`` is taken for ``taken``.

        None where no line of the menu corresponds: a raise of a bet that was taken for an all-in, and whatever comes after it.
        """
        if taken is None:
            return None
        if self.game.player(above) == CHANCE:
            return self.menu.revealed(taken, state.label) if self.menu.player(taken) == CHANCE and not self.menu.settled(taken) else None
        action, offers = self.game.action(above, state.label), self.menu.actions(taken)
        if action.kind == Kind.BET:
            bets = [offer for offer in offers if offer.kind == Kind.BET]
            if not bets:
                return None
            likely = pseudo_harmonic(pot_fraction(self.game, above, action), [pot_fraction(self.menu, taken, offer) for offer in bets])
            drawn = zlib.crc32(f"{self.seed}:{' / '.join(line_of(self.game, state))}".encode()) / 2**32
            chosen = bets[likely[0][0] if drawn < likely[0][1] else likely[-1][0]]
        else:
            fitting = [offer for offer in offers if offer.kind == action.kind]
            if not fitting:
                return None
            chosen = fitting[0]
        return self.menu.child(taken, chosen)
