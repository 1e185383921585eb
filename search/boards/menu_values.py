"""What public states of hold'em with any amount are worth by a blueprint of a menu: AIVAT's value function where no tree holds the game.

A belief is both players' own reach. The value of a state is what the ranges of the *belief* win from each other there, in the real chips:

* At a decision both play the blueprint to the end of the street, and the rest of the hand is checked down. The line is taken for one of the
  menu's (``search.off_tree.likeliest``), and what the menu adds to the pot is scaled by how much larger the real pot is.
* Where the street has ended, or the line is none of the menu's, the hand is checked down.
* Where ``starts`` know the street that begins with the next card, what bets bring there comes on top (``search.boards.street_starts``).
* Chips that are all in, folds and showdowns are worth what they are.

Boards are all that may come, or a sample that depends on the cards on the board alone (``search.boards.run_outs``). So values are
approximate, and the corrections that are made of them are not: what is expected before a draw is summed over everything that may be drawn,
with its true probability, and valued by the same function. A card is corrected for where it completes the board, where ``starts`` know the
street that it begins, or where all chips are in. An all-in with more than ``MOST_BOARDS`` boards to come is worth the mean of ``DRAWS``
fresh draws, which is as unbiased.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Mapping, Sequence
from functools import lru_cache, partial
from typing import Any, NamedTuple

import numpy as np

from games.arrays import Float
from games.game import Chips, children, line_of
from games.holdem.cards import CARDS, Cards, holding, unblocked
from games.holdem.isomorphism import hand_permutation, suit_permutations
from games.holdem.rules import HoldemGame, HoldemState
from games.public_tree import CHANCE
from search.boards.run_outs import boards_of, count_run_outs, missing_cards, some_boards, some_next
from search.boards.street_starts import BegunStreet, StreetStarts
from search.kernels.equity import equity_space
from search.kernels.run_outs import showdown_sums
from search.off_tree import MenuPolicy, likeliest

MOST_BOARDS = 1500  # all of which are dealt where the true mean is wanted: those of a flop, and no more
DRAWS = 200  # of boards, where there are more
LEAST_SHARE = 1e-3  # of the belief that comes to a line of the blueprint's, which is else not followed
MOST_KEPT = 4096  # states, and values before the first public cards: there many hands come to the same
LANES = 512  # at a time
LEAST_BEHIND = 0.02  # of the pot, which bets are worth something for
ROUNDING = 1e-12  # of a sum of masses: what is less is taken for nothing

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
    behind: float  # what each player has left where the next street begins; 0 where nobody bets any more
    reach: Belief
    mass: float  # of both ranges together


class MenuValues:
    """See ``search.representation.ValueFunction``, and the module. Not for two threads at a time.

    Args:
        game: with any amount.
        policies: both players' blueprints, of one menu.
        starts: what bets are worth where streets begin, by the number of public cards there.

    Raises:
        ValueError: ``starts`` of a street that does not begin with one card.
    """

    def __init__(self, game: HoldemGame, policies: tuple[MenuPolicy, MenuPolicy], starts: Mapping[int, StreetStarts] | None = None) -> None:
        self.game, self.menu, self.policies, self.starts = game, policies[0].game, policies, starts or {}
        known = [game.cards_on(street) for street, dealt in enumerate(game.deals) if dealt == 1]
        if not {*self.starts} <= {*known}:
            raise ValueError(f"starts must be of streets that begin with one card, with {known} public cards, got {[*self.starts]}")
        self._space = equity_space(len(game.hands), 1, 1)
        self._taken, self._run_outs = lru_cache(MOST_KEPT)(self._translated), lru_cache(MOST_KEPT)(partial(some_boards, game))
        self._next = lru_cache(MOST_KEPT)(partial(some_next, game))
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
        chips, after, behind = self.game.chips(state).paid[0], self._without(belief, child.cards), self._behind(state)
        starts = self.starts.get(len(child.cards)) if behind > 0 else None
        if (missing_cards(self.game, child.cards) == 0 or starts is not None) and count_run_outs(self.game, state.cards) <= MOST_BOARDS:
            nexts, wins, met = self._checked_down(belief, state.cards, len(child.cards))
            place = next(i for i, board in enumerate(nexts.tolist()) if set(board) == set(child.cards))
            if starts is None:
                return after, [chips * float(wins.sum() / met.sum() - wins[place] / met[place])]
            bets = starts.bets(nexts, [BegunStreet(2 * chips, behind, belief)])[:, 0]
            down = chips * np.divide(wins, met, out=np.zeros(len(met)), where=met > 0)
            values = np.clip(down + bets, -chips - behind, chips + behind)
            return after, [float(met @ values / met.sum() - values[place])]
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
        if missing_cards(self.game, items[0][0].cards) < sum(self.game.deals):
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
        chips = iter(self._with_bets(items[0][0].cards, shown, shares * [leaf.chips for leaf in shown]).tolist())
        won, mass = np.zeros(len(items)), np.zeros(len(items))
        for leaf in leaves:
            won[leaf.item] += leaf.mass * (next(chips) if leaf.shown else leaf.chips)
            mass[leaf.item] += leaf.mass
        return np.divide(won, mass, out=np.zeros(len(items)), where=mass > 0)

    def _with_bets(self, cards: tuple[int, ...], shown: Sequence[Leaf], down: Float) -> Float:
        """Return [leaves], the chips ``down`` of checking down, and what bets bring on the street that begins, a mean over some cards."""
        starts, places = self.starts.get(len(cards) + 1), [i for i, leaf in enumerate(shown) if leaf.behind > 0]
        if starts is None or not places:
            return down
        boards = self._next(cards)
        masses = np.array([self._masses(shown[i].reach)[boards[:, -1]] for i in places])
        said = starts.bets(boards, [BegunStreet(2 * shown[i].chips, shown[i].behind, shown[i].reach) for i in places])
        total, most, values = masses.sum(axis=1), [shown[i].chips + shown[i].behind for i in places], down.copy()
        bets = np.divide((masses * said.T).sum(axis=1), total, out=np.zeros(len(places)), where=total > 0)
        values[places] = np.clip(down[places] + bets, np.negative(most), most)
        return values

    def _leaves(self, item: int, state: HoldemState, belief: Belief) -> list[Leaf]:
        """Return where the hand goes from a state, one street far."""
        game, menu, chips, begun = self.game, self.menu, self.game.chips(state), self._mass(belief)
        player, taken = game.player(state), self._taken(state)
        if state.betting.folded >= 0:
            return [Leaf(item, self.payoff(belief, state), False, 0.0, belief, begun)]
        if player < 0 or taken is None or menu.player(taken) != player or menu.round(taken) != game.round(state):
            return [Leaf(item, max(chips.paid), True, self._behind(state), belief, begun)]
        start, leaves = menu.chips(taken).paid, list[Leaf]()
        left = [(taken, belief, begun)]
        while left:
            here, reach, mass = left.pop()
            paid, folded, acting = _scaled(chips, start, menu.chips(here).paid), here.betting.folded, menu.player(here)
            if folded >= 0:
                leaves.append(Leaf(item, paid[folded] if folded == 1 else -paid[folded], False, 0.0, reach, mass))
            elif acting < 0 or (here is not taken and mass < LEAST_SHARE * begun):
                leaves.append(Leaf(item, max(paid), True, _left(chips, max(paid)) if acting == CHANCE else 0.0, reach, mass))
            else:
                for below, row in zip(children(menu, here), self.policies[acting].at(here), strict=True):
                    after = _with_row(reach, acting, row)
                    if (share := self._mass(after)) > 0:
                        left.append((below, after, share))
        return leaves

    def _behind(self, state: HoldemState) -> float:
        """Return what each player has left where a street has ended and another one begins; 0 elsewhere."""
        chips = self.game.chips(state)
        return _left(chips, max(chips.paid)) if self.game.player(state) == CHANCE else 0.0

    def _masses(self, reach: Belief) -> Float:
        """Return [cards], the mass of both players' hands that hold no card, for each card; pairs of hands share none."""
        left = np.zeros(CARDS)
        for player in (0, 1):
            joint = reach[player] * unblocked(self.game.deck, reach[1 - player])
            left += joint.sum() / 2
            for column in self.game.hands.T:
                left -= np.bincount(column, joint, CARDS)
        return np.where(left > ROUNDING * left.max(), left, 0.0)

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
        if random is None or count_run_outs(self.game, cards) <= MOST_BOARDS:
            wins, met = self._showdowns(boards_of(self.game, cards), [reach])
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
        return [*cards, *random.choice(left, missing_cards(self.game, cards), replace=False).tolist()]

    def _checked_down(self, belief: Belief, cards: tuple[int, ...], count: int) -> tuple[Cards, Float, Float]:
        """Return how the next street may begin [n, count], and [n] each: wins less losses and how much can meet, over all boards."""
        boards, nexts = boards_of(self.game, cards), boards_of(self.game, cards, count)
        wins, met = (sums[:, 0] for sums in self._showdowns(boards, [belief]))
        if count == len(boards[0]):
            return nexts, wins, met
        goes_on = np.array([np.isin(boards, new[len(cards) :]).sum(axis=1) == count - len(cards) for new in nexts], np.float64)
        return nexts, goes_on @ wins, goes_on @ met

    def _showdowns(self, boards: Cards, reaches: Sequence[Belief], dtype: Any = np.float64) -> tuple[Float, Float]:
        """Return [boards, lanes] each: wins less losses, and how much can meet; see ``search.kernels.run_outs``."""
        first, second = (np.ascontiguousarray(np.array([reach[p] for reach in reaches], dtype).T) for p in (0, 1))
        wins, met = (np.zeros((len(boards), len(reaches)), dtype) for _ in range(2))
        showdown_sums(boards, self.game.hands, first, second, self._space, np.zeros((CARDS + 1, len(reaches)), dtype), wins, met)
        return wins.astype(np.float64), met.astype(np.float64)

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


def _left(chips: Chips, paid: float) -> float:
    """Return what each player has left where both have put in ``paid``; 0 if it is hardly anything."""
    most = min(np.add(chips.paid, chips.behind or (0.0, 0.0)).tolist())
    return most - paid if most - paid >= LEAST_BEHIND * 2 * paid else 0.0
