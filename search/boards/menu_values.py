"""What public states of hold'em with any amount are worth by a blueprint of a menu: AIVAT's value function where no tree holds the game.

A belief is both players' own reach. The value of a state is what the ranges of the *belief* win from each other there, in the real chips:

* At a decision both play the blueprint to the end of the street, and the rest of the hand is checked down. The line is taken for one of the
  menu's (``search.off_tree.likeliest``), and what the menu adds to the pot is scaled by how much larger the real pot is.
* Where the street has ended, or the line is none of the menu's, the hand is checked down.
* Chips that are all in, folds and showdowns are worth what they are.

Boards are all that may come where there are at most ``RUN_OUTS``, else a sample that depends on the cards on the board alone. So values are
approximate, and the corrections that are made of them are not: what is expected before a draw is summed over everything that may be drawn,
with its true probability, and valued by the same function. A card is corrected for where it completes the board or all chips are in. An
all-in with more than ``MOST_BOARDS`` boards to come is worth the mean of ``DRAWS`` fresh draws, which is as unbiased.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Sequence
from functools import lru_cache
from itertools import combinations
from math import comb
from typing import Any, NamedTuple
from zlib import crc32

import numpy as np

from games.arrays import Float
from games.game import Chips, children, line_of
from games.holdem.cards import CARDS, Cards, holding, unblocked
from games.holdem.isomorphism import hand_permutation, suit_permutations
from games.holdem.rules import HoldemGame, HoldemState
from search.kernels.equity import equity_space
from search.kernels.run_outs import showdown_sums
from search.off_tree import MenuPolicy, likeliest

RUN_OUTS, SAMPLE = 48, 24  # boards on which a hand is checked down: all if they are no more than the first, else as many as the second
MOST_BOARDS = 1500  # all of which are dealt where the true mean is wanted: those of a flop, and no more
DRAWS = 200  # of boards, where there are more
LEAST_SHARE = 1e-3  # of the belief that comes to a line of the blueprint's, which is else not followed
MOST_KEPT = 4096  # states, and values before the first public cards: there many hands come to the same
LANES = 512  # at a time

Belief = tuple[Float, Float]


class UniformMenu:
    """Takes every action of a menu with the same probability."""

    def __init__(self, game: HoldemGame) -> None:
        self.game = game

    def at(self, state: HoldemState, /) -> Float:
        """See ``MenuPolicy``."""
        actions = len(self.game.actions(state))
        return np.full((actions, len(self.game.hands)), 1 / actions)


class Leaf(NamedTuple):
    """Where a look-ahead ends: with a fold or, as far as the ranges that come there go, with a showdown."""

    item: int  # whose value it is a part of
    chips: float  # player 0's after a fold; of each player in the pot at a showdown
    shown: bool
    reach: Belief
    mass: float  # of both ranges together


class MenuValues:
    """See ``search.representation.ValueFunction``, and the module. Not for two threads at a time.

    Args:
        game: with any amount.
        policies: both players' blueprints, of one menu.
    """

    def __init__(self, game: HoldemGame, policies: tuple[MenuPolicy, MenuPolicy]) -> None:
        self.game, self.menu, self.policies = game, policies[0].game, policies
        self._space = equity_space(len(game.hands), 1, 1)
        self._taken, self._run_outs = lru_cache(MOST_KEPT)(self._translated), lru_cache(MOST_KEPT)(self._sampled)
        self._early: dict[bytes, Float] = {}
        self._by_hand: dict[int, Float] = {}
        for dtype in (np.float32, np.float64):  # compiles
            self._showdowns(self._run_outs(game.root.cards)[:1], [game.ranges], dtype)

    def dealt(self, held: tuple[int | None, int | None]) -> tuple[Belief, Sequence[float]]:
        """See ``search.representation.ValueFunction``; hands are valued one by one, as if the other could be any."""
        found, corrections = [own.copy() for own in self.game.ranges], list[float]()
        for player, hand in enumerate(held):
            if hand is not None:
                weights = self.game.ranges[player] * unblocked(self.game.deck, self.game.ranges[1 - player])
                values = self._hand_values(player)
                corrections.append(float(weights @ values / weights.sum() - values[hand]))
                found[player][np.arange(len(weights)) != hand] = 0.0
        return (found[0], found[1]), corrections

    def revealed(
        self, belief: Belief, state: HoldemState, child: HoldemState, random: np.random.Generator
    ) -> tuple[Belief, Sequence[float]]:
        """See ``search.representation.ValueFunction``."""
        chips, after = self.game.chips(state).paid[0], self._without(belief, child.cards)
        if self._missing(child.cards) == 0 and self._ways(state.cards) <= MOST_BOARDS:
            boards = self._boards(state.cards)
            wins, met = self._showdowns(boards, [belief])
            place = next(i for i, board in enumerate(boards.tolist()) if set(board) == set(child.cards))
            return after, [chips * float(wins.sum() / met.sum() - wins[place, 0] / met[place, 0])]
        if self.game.settled(state):
            return after, [chips * (self._equity(belief, state.cards, random) - self._equity(after, child.cards, random))]
        return after, []

    def acted(self, belief: Belief, state: HoldemState, child: HoldemState, policy: Float) -> tuple[Belief, Sequence[float]]:
        """See ``search.representation.ValueFunction``."""
        player, below = self.game.player(state), children(self.game, state)
        taken = [other.label for other in below].index(child.label)
        after = [_with_row(belief, player, row) for row in policy]
        masses = np.array([self._mass(reach) for reach in after])
        possible = [a for a in range(len(below)) if masses[a] > 0 or a == taken]
        values = self._values([(below[a], after[a]) for a in possible])
        shares = masses[possible] / masses[possible].sum()
        own = after[taken][player]
        return _with_row(after[taken], player, 1 / own.max()), [float(shares @ values - values[possible.index(taken)])]

    def payoff(self, belief: Belief, state: HoldemState) -> float:
        """See ``search.representation.ValueFunction``."""
        paid, folded = self.game.chips(state).paid, state.betting.folded
        if folded >= 0:
            return paid[folded] if folded == 1 else -paid[folded]
        return paid[0] * self._equity(belief, state.cards, None)

    def _values(self, items: Sequence[tuple[HoldemState, Belief]]) -> Float:
        """Return [items], what public states are worth to player 0 at the beliefs; all have the same cards."""
        if self._missing(items[0][0].cards) < sum(self.game.deals):
            return self._valued(items)
        digest = hashlib.blake2b()
        for state, belief in items:
            digest.update(" / ".join(line_of(self.game, state)).encode() + belief[0].tobytes() + belief[1].tobytes())
        key = digest.digest()
        if key not in self._early:
            if len(self._early) >= MOST_KEPT:
                self._early.clear()
            self._early[key] = self._valued(items)
        return self._early[key]

    def _valued(self, items: Sequence[tuple[HoldemState, Belief]]) -> Float:
        """See ``_values``."""
        leaves = [leaf for i, (state, belief) in enumerate(items) for leaf in self._leaves(i, state, belief)]
        shown, boards = [leaf for leaf in leaves if leaf.shown], self._run_outs(items[0][0].cards)
        shares = np.zeros(len(shown))
        for first in range(0, len(shown), LANES):
            wins, met = (sums.sum(axis=0) for sums in self._showdowns(boards, [x.reach for x in shown[first : first + LANES]], np.float32))
            shares[first : first + LANES] = np.divide(wins, met, out=np.zeros(len(met)), where=met > 0)
        won, mass, share = np.zeros(len(items)), np.zeros(len(items)), iter(shares.tolist())
        for leaf in leaves:
            won[leaf.item] += leaf.mass * leaf.chips * (next(share) if leaf.shown else 1.0)
            mass[leaf.item] += leaf.mass
        return np.divide(won, mass, out=np.zeros(len(items)), where=mass > 0)

    def _leaves(self, item: int, state: HoldemState, belief: Belief) -> list[Leaf]:
        """Return where the hand goes from a state, one street far."""
        game, menu, chips, begun = self.game, self.menu, self.game.chips(state), self._mass(belief)
        player, taken = game.player(state), self._taken(state)
        if state.betting.folded >= 0:
            return [Leaf(item, self.payoff(belief, state), False, belief, begun)]
        if player < 0 or taken is None or menu.player(taken) != player or menu.round(taken) != game.round(state):
            return [Leaf(item, max(chips.paid), True, belief, begun)]
        start, leaves = menu.chips(taken).paid, list[Leaf]()
        left = [(taken, belief, begun)]
        while left:
            here, reach, mass = left.pop()
            paid, folded, acting = _scaled(chips, start, menu.chips(here).paid), here.betting.folded, menu.player(here)
            if folded >= 0:
                leaves.append(Leaf(item, paid[folded] if folded == 1 else -paid[folded], False, reach, mass))
            elif acting < 0 or (here is not taken and mass < LEAST_SHARE * begun):
                leaves.append(Leaf(item, max(paid), True, reach, mass))
            else:
                for below, row in zip(children(menu, here), self.policies[acting].at(here), strict=True):
                    after = _with_row(reach, acting, row)
                    if (share := self._mass(after)) > 0:
                        left.append((below, after, share))
        return leaves

    def _hand_values(self, player: int) -> Float:
        """Return [H], what each hand of a player's is worth before the first action; hands that suits make equal are worth the same."""
        if player not in self._by_hand:
            hands, ranges = self.game.hands, self.game.ranges
            least = np.min([hand_permutation(p, hands) for p in suit_permutations(self.game.deck)], axis=0)
            values = np.zeros(len(hands))
            for hand in np.unique(least).tolist():
                own = (np.arange(len(hands)) == hand).astype(np.float64)
                values[hand] = self._valued([(self.game.root, (own, ranges[1]) if player == 0 else (ranges[0], own))])[0]
            self._by_hand[player] = values[least]
        return self._by_hand[player]

    def _equity(self, reach: Belief, cards: tuple[int, ...], random: np.random.Generator | None) -> float:
        """Return the share of the stakes that player 0 wins on average when the cards run out, by the mean over all or by fresh draws."""
        if random is None or self._ways(cards) <= MOST_BOARDS:
            wins, met = self._showdowns(self._boards(cards), [reach])
            return float(wins.sum() / met.sum())
        boards = np.array([self._drawn(reach, cards, random) for _ in range(DRAWS)], np.uint8)
        wins, met = self._showdowns(boards, [reach])
        return float((wins / met).mean())

    def _drawn(self, reach: Belief, cards: tuple[int, ...], random: np.random.Generator) -> list[int]:
        """Draw the rest of a board with its true probability: hands first, then cards that neither holds."""
        weights = reach[0] * unblocked(self.game.deck, reach[1])
        first = self.game.hands[random.choice(len(weights), p=weights / weights.sum())].tolist()
        weights = np.where(holding(self.game.deck, first), 0.0, reach[1])
        second = self.game.hands[random.choice(len(weights), p=weights / weights.sum())].tolist()
        left = [card for card in self.game.deck.cards().tolist() if card not in {*cards, *first, *second}]
        return [*cards, *random.choice(left, self._missing(cards), replace=False).tolist()]

    def _showdowns(self, boards: Cards, reaches: Sequence[Belief], dtype: Any = np.float64) -> tuple[Float, Float]:
        """Return [boards, lanes] each: wins less losses, and how much can meet; see ``search.kernels.run_outs``."""
        first, second = (np.ascontiguousarray(np.array([reach[p] for reach in reaches], dtype).T) for p in (0, 1))
        wins, met = (np.zeros((len(boards), len(reaches)), dtype) for _ in range(2))
        showdown_sums(boards, self.game.hands, first, second, self._space, np.zeros((CARDS + 1, len(reaches)), dtype), wins, met)
        return wins.astype(np.float64), met.astype(np.float64)

    def _missing(self, cards: tuple[int, ...]) -> int:
        """Return how many public cards are still to come."""
        return self.game.cards_on(len(self.game.deals) - 1) - len(cards)

    def _ways(self, cards: tuple[int, ...]) -> int:
        return comb(len(self.game.deck.cards()) - len(cards), self._missing(cards))

    def _boards(self, cards: tuple[int, ...]) -> Cards:
        """Return all boards that some cards may be completed to."""
        left = [card for card in self.game.deck.cards().tolist() if card not in cards]
        return np.array([[*cards, *more] for more in combinations(left, self._missing(cards))], np.uint8)

    def _sampled(self, cards: tuple[int, ...]) -> Cards:
        """Return the boards on which a hand is checked down: all, or a sample of them."""
        if self._ways(cards) <= RUN_OUTS:
            return self._boards(cards)
        left = [card for card in self.game.deck.cards().tolist() if card not in cards]
        random, missing = np.random.default_rng(crc32(bytes(sorted(cards)))), self._missing(cards)
        return np.array([[*cards, *random.choice(left, missing, replace=False).tolist()] for _ in range(SAMPLE)], np.uint8)

    def _translated(self, state: HoldemState) -> HoldemState | None:
        """Return what the blueprint takes a state for."""
        above = state.above
        return self.menu.root if above is None else likeliest(self.game, self.menu, self._taken(above), above, state)

    def _mass(self, reach: Belief) -> float:
        """Return the sum over both players' hands that share no card of the product of their reach."""
        return max(self.game.mass_of(*reach), 0.0)

    def _without(self, reach: Belief, cards: tuple[int, ...]) -> Belief:
        """Return the reach of hands that hold none of some cards."""
        dead = holding(self.game.deck, cards)
        return np.where(dead, 0.0, reach[0]), np.where(dead, 0.0, reach[1])


def _with_row(reach: Belief, player: int, row: Float | float) -> Belief:
    """Return both players' reach after one acted."""
    return (reach[0] * row, reach[1]) if player == 0 else (reach[0], reach[1] * row)


def _scaled(chips: Chips, start: Sequence[float], paid: Sequence[float]) -> list[float]:
    """Return what each player has in the real pot where the menu has ``paid``: ``chips`` is the real state, taken for ``start``."""
    scale, most = sum(chips.paid) / sum(start), np.add(chips.paid, chips.behind or math.inf).tolist()
    return [min(most[p], chips.paid[p] + scale * (paid[p] - start[p])) for p in (0, 1)]
