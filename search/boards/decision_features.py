"""What a policy network sees at a decision of a turn or river, and what it says: shares of actions by bucket, for every board.

A decision is seen without the line that led to it: the cards, the chips, who acts, and both ranges by bucket, as
``search.boards.start_values`` has them. The acting player's range stands first. Whatever sizes a menu has, each action is in a *slot*: a
fold, a check or call, a bet or raise of about so much of the pot, or all-in.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from games.arrays import Bool, Float, Float32
from games.game import Action, Kind
from games.holdem.rules import HoldemGame, HoldemState
from search.boards.range_buckets import Buckets
from search.boards.start_values import PUBLIC, features, public_features
from search.off_tree import pot_fraction

SIZES = (0.5, 1.0)  # shares of the pot after a call; a bet or raise is in the slot of the nearest one
FOLD, PASS, SMALLEST, ALL_IN = 0, 1, 2, 2 + len(SIZES)
SLOTS = ALL_IN + 1
SEEN = PUBLIC + 3  # numbers of a decision beside ranges
MOST_RAISES = 4  # what the number of raises is a share of
LEAST_BEHIND = 0.01  # pots: players who have nothing left are seen as having so much


class Seen(NamedTuple):
    """What everybody sees at a decision.

    Attributes:
        cards: four or five.
        pot: chips in it after a call.
        call: chips that a call costs.
        behind: chips that the acting player has left after a call.
        first: whether the acting player is the one who acts first on the street.
        raises: bets and raises on the street so far.
    """

    cards: tuple[int, ...]
    pot: float
    call: float
    behind: float
    first: bool
    raises: int


def seen_at(game: HoldemGame, state: HoldemState) -> Seen:
    """Return what everybody sees at a decision after the flop."""
    chips, player = game.chips(state), game.player(state)
    call = max(chips.paid) - chips.paid[player]
    behind = (chips.behind or (0.0, 0.0))[player] - call
    return Seen(state.cards, sum(chips.paid) + call, call, behind, player == game.betting.first[-1], state.betting.raises)


def decision_features(seen: Seen, buckets: Buckets, acting: Float, other: Float) -> Float32:
    """Return [SEEN + 2 buckets], what a network sees; ``acting`` and ``other`` are the ranges [H] of the acting player and of the other."""
    public = public_features(seen.cards, seen.pot, max(seen.behind, LEAST_BEHIND * seen.pot))
    more = np.array([seen.call / seen.pot, seen.first, seen.raises / MOST_RAISES], np.float32)
    return features(np.concatenate([public, more]), buckets, (acting, other))


def slots_of(game: HoldemGame, state: HoldemState, actions: Sequence[Action]) -> list[int]:
    """Return the slot of each of some actions at a decision; two may share one."""
    slots = list[int]()
    for action in actions:
        if action.kind != Kind.BET:
            slots.append(FOLD if action.kind == Kind.FOLD else PASS)
        elif action.text.startswith("all-in"):
            slots.append(ALL_IN)
        else:
            slots.append(SMALLEST + int(np.abs(np.array(SIZES) - pot_fraction(game, state, action)).argmin()))
    return slots


def bucket_policy(said: Float32, legal: Bool) -> Float:
    """Return [SLOTS, K], shares of slots by bucket: a softmax of what a network said [SLOTS, K] over legal slots [SLOTS]."""
    powers = np.exp(np.where(legal[:, None], said - said[legal].max(axis=0), -np.inf), dtype=np.float64)
    shares: Float = powers / powers.sum(axis=0)
    return shares


def policy_of(said: Float32, slots: Sequence[int], buckets: Buckets) -> Float:
    """Return [A, H], how hands play the actions of some slots by what a network said [SLOTS, K]; actions of one slot share it alike."""
    legal = np.zeros(SLOTS, bool)
    legal[slots] = True
    shares, many = bucket_policy(said, legal), np.bincount(slots, minlength=SLOTS)
    policy = np.array([buckets.of_hands(shares[slot] / many[slot]) for slot in slots])
    return np.where(buckets.live, policy, 1 / len(slots))
