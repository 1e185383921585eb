"""Hold'em as a public game: two private cards each, public boards round by round, and bets of any legal amount.

A game also has menus of bet sizes. Its tree of bets has the lines that they allow; ``HoldemGame.locate`` finds a public state in it.
"""

from __future__ import annotations

import hashlib
import itertools
import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property, lru_cache, partial
from typing import NamedTuple

import numpy as np

from games.arrays import Bool, Float
from games.game import Action, Chips, Kind, drawn_deal, listed
from games.holdem.betting import Betting, BettingState, bet, bet_range, first_state, offered, rake_at
from games.holdem.betting_tree import BettingTree, kept_tree
from games.holdem.cards import (
    FULL_DECK,
    Cards,
    Deck,
    cards_name,
    cards_text,
    deck_hands,
    drawn_cards,
    hand_class,
    hand_text,
    hands_apart,
    holding,
    parse_cards,
    unblocked,
)
from games.holdem.smallest_chip import WHOLE
from games.kernels.evaluator import board_strengths
from games.public_tree import CHANCE, TERMINAL

STREETS = ("preflop", "flop", "turn", "river")
MOST_KEPT = 1 << 14  # states whose actions, or nodes, are kept
KINDS = {"fold": Kind.FOLD, "check": Kind.PASS, "call": Kind.PASS}


class HoldemState(NamedTuple):
    """A public state of hold'em.

    Attributes:
        above: the state before; None at the root.
        label: the action, or the public cards, that led here.
        cards: on the board, round by round in order, the game's own first.
        betting: what the rest of the betting depends on.
    """

    above: HoldemState | None
    label: str
    cards: tuple[int, ...]
    betting: BettingState


class Place(NamedTuple):
    """A public state in the tree of bets: its node, and the cards on the board."""

    node: int
    cards: tuple[int, ...]


@dataclass(frozen=True, eq=False)
class HoldemGame:
    """One hold'em game, or one spot of it. Games are equal if their descriptions are.

    Attributes:
        name: for people.
        betting: the rules of the bets, one round per street.
        deals: [R] public cards that are dealt before each round; 0 before a spot's first, whose cards are in ``board``.
        board: cards on the table before the first round, street by street.
        weights: [H] each, both players' weights of hands (see ``games.holdem.cards.hole_hands``).
        deck: the cards that there are.
        big_blind: chips, where the game has blinds.
        any_amount: whether players may bet any legal amount; else only what the menus offer.
        notes: what of the settings was taken otherwise than written, a line each; no part of what the game is.
        streets: rounds that the tree of bets has, all unless given; the rules of play go on behind them.
    """

    name: str
    betting: Betting
    deals: tuple[int, ...]
    board: tuple[tuple[int, ...], ...]
    weights: tuple[Float, Float]
    deck: Deck = FULL_DECK
    big_blind: float | None = None
    any_amount: bool = False
    notes: tuple[str, ...] = ()
    streets: int | None = None

    spiel = num_states = None  # of no fields: OpenSpiel does not play it, and its states are too many to keep

    def __post_init__(self) -> None:
        """Check that any amount is whole chips; raises ValueError."""
        if self.any_amount and self.betting.chip != WHOLE:
            raise ValueError(f"any_amount must be false where the smallest chip is not 1, got one of {self.betting.chip}")

    def __eq__(self, other: object) -> bool:
        return isinstance(other, HoldemGame) and self.key == other.key

    def __hash__(self) -> int:
        return hash(self.key)

    def __getstate__(self) -> dict[str, object]:
        """Leave out what is found again when it is asked for."""
        return {key: value for key, value in vars(self).items() if not key.startswith("_")}

    @property
    def pot(self) -> float:
        """Chips in the pot before the first action."""
        return sum(self._paid(first_state(self.betting)))

    @property
    def stack(self) -> float:
        """Chips that each player can put in, blinds included and dead money not."""
        return self.betting.in_chips(self.betting.stack)

    @property
    def rounds(self) -> tuple[str, ...]:
        """Names of the rounds: those that follow the streets on the board before the first action."""
        return STREETS[len(self.board) :][: len(self.deals)]

    def cards_on(self, street: int) -> int:
        """Return how many public cards there are on a street."""
        return sum(map(len, self.board)) + sum(self.deals[1 : street + 1])

    @cached_property
    def key(self) -> str:
        """All that makes this game, as one line; games are equal if their keys are."""
        ranges = [hashlib.sha256(w.tobytes()).hexdigest()[:16] for w in self.ranges]
        parts = (cards_text(self.deck.cards().tolist()), "|".join(map(cards_text, self.board)), self.deals, self.betting, ranges)
        reraises = [menu.reraises for menus in self.betting.menus or () for menu in menus]
        added = {
            "reraises": any(reraises) and reraises,
            "begin": self.betting.begin,
            "inserted": self.betting.inserted,
            "silent": self.betting.silent,
            "streets": self.streets,
            "rake": self.betting.rake and tuple(self.betting.rake),
            "chip": self.betting.chip != WHOLE and self.betting.chip,
        }
        own = [f" {name} {value}" for name, value in added.items() if value]
        return " ".join(map(str, parts)) + " any amount" * self.any_amount + "".join(own)

    @cached_property
    def bets(self) -> BettingTree:
        """The tree of bets."""
        return kept_tree(self.betting, self.streets)

    @cached_property
    def hands(self) -> Cards:
        """All hands of the deck [H, 2]."""
        return deck_hands(self.deck)

    @cached_property
    def ranges(self) -> tuple[Float, Float]:
        """Both players' weights, 0 for hands that hold a card of the board."""
        dead = holding(self.deck, [card for street in self.board for card in street])
        return np.where(dead, 0.0, self.weights[0]), np.where(dead, 0.0, self.weights[1])

    @cached_property
    def deal_mass(self) -> float:
        """Sum over both players' hands that share no card of the product of their weights: what values are divided by."""
        return self.mass_of(*self.ranges)

    def mass_of(self, first: Float, second: Float) -> float:
        """Return the same of other weights [H] of both players' hands."""
        return float(first @ unblocked(self.deck, second))

    # The rules of play: see ``games.game.PublicGame``.

    @property
    def num_hands(self) -> tuple[int, int]:
        return len(self.hands), len(self.hands)

    @cached_property
    def root(self) -> HoldemState:
        return HoldemState(None, "", tuple(card for street in self.board for card in street), first_state(self.betting))

    @cached_property
    def max_payoff(self) -> float:
        return max(abs(self.worst_payoff(self.root, player)) for player in (0, 1))

    def player(self, state: HoldemState) -> int:
        return state.betting.player

    def settled(self, state: HoldemState) -> bool:
        betting, rules = state.betting, self.betting
        silent = betting.round + 1 >= len(rules.first) - rules.silent
        return betting.player == TERMINAL or (betting.player == CHANCE and (silent or betting.before == rules.stack))

    def round(self, state: HoldemState) -> int:
        return state.betting.round

    def parent(self, state: HoldemState) -> HoldemState | None:
        return state.above

    def label(self, state: HoldemState) -> str:
        return state.label

    def actions(self, state: HoldemState) -> list[Action]:
        return [_action(text) for text, _ in self._offered(state.betting)] if state.betting.player >= 0 else []

    def amounts(self, state: HoldemState) -> tuple[int, int] | None:
        return bet_range(self.betting, state.betting) if self.any_amount else None

    def child(self, state: HoldemState, action: Action) -> HoldemState:
        for text, betting in self._offered(state.betting):
            if text == action.text:
                return HoldemState(state, text, state.cards, betting)
        amounts = self.amounts(state) if action.kind == Kind.BET else None
        if amounts is None or not (action.chips == int(action.chips) and amounts[0] <= action.chips <= amounts[1]):
            raise ValueError(self._legal(state))
        text, betting = bet(self.betting, state.betting, int(action.chips))
        return HoldemState(state, text, state.cards, betting)

    def action(self, state: HoldemState, text: str) -> Action:
        offers = self.actions(state)
        fitting = [a for a in offers if a.text == text] or [a for a in offers if a.text.split()[0] == text]
        named = re.fullmatch(r"(bet|raise|all-in) ([0-9]{1,15}(\.[0-9]{1,15})?)", text)
        if named and not fitting:  # 2.50 is 2.5
            fitting = [a for a in offers if a.text.split()[0] == named[1] and a.chips == float(named[2])]
        if len(fitting) == 1:
            return fitting[0]
        if not (named and self.any_amount) or named[3]:
            raise ValueError(self._legal(state))
        return _action(self.child(state, _action(text)).label)

    @cached_property
    def _offered(self) -> Callable[[BettingState], list[tuple[str, BettingState]]]:
        return lru_cache(MOST_KEPT)(partial(offered, self.betting))

    def _legal(self, state: HoldemState) -> str:
        """Return what may be done, as text."""
        amounts = self.amounts(state)
        texts = [action.text for action in self.actions(state) if amounts is None or action.kind != Kind.BET]
        if amounts is not None:
            verb = "raise" if "fold" in texts else "bet"
            texts.append(f"{verb} {amounts[0]}..{amounts[1]}" if amounts[0] < amounts[1] else f"all-in {amounts[1]}")
        return listed(texts)

    def deal(self, u: float) -> tuple[int, int]:
        return drawn_deal(self._deals, len(self.hands), u)

    @cached_property
    def _deals(self) -> Float:
        """Return [H * H], the cumulative weights of pairs of hands that share no card."""
        found: Float = np.cumsum(self.ranges[0][:, None] * self.ranges[1] * self._apart)
        return found

    @cached_property
    def _apart(self) -> Bool:
        return hands_apart(self.hands)

    def chance(self, state: HoldemState, hands: tuple[int, int], u: float) -> HoldemState:
        dead, count = {*state.cards, *self.hands[list(hands)].ravel().tolist()}, self.deals[state.betting.round + 1]
        return self._dealt(state, drawn_cards(self.deck, dead, count, u))

    def revealed(self, state: HoldemState, text: str) -> HoldemState:
        count, board = self.deals[state.betting.round + 1], state.cards
        try:
            new = parse_cards(text, deck=self.deck)
        except ValueError:
            new = ()
        if len(new) != count or set(new) & set(board):
            on = f" that {'is' if count == 1 else 'are'} not on the board {cards_text(board)}" if board else ""
            raise ValueError(f"{count} card{'s' * (count > 1)}{on}")
        found = self._dealt(state, new)
        if not (self.ranges[0] * self.cf_reach(found, 0, self.ranges[1])).any():
            raise ValueError("cards that leave two hands that share no card")
        return found

    def _dealt(self, state: HoldemState, cards: tuple[int, ...]) -> HoldemState:
        ((_, betting),) = self._offered(state.betting)
        return HoldemState(state, cards_text(cards), state.cards + cards, betting)

    def cf_reach(self, state: HoldemState, player: int, reach: Float) -> Float:
        dead = holding(self.deck, state.cards)
        return np.where(dead, 0.0, unblocked(self.deck, np.where(dead, 0.0, reach)))

    def require_no_rake(self) -> None:
        """Refuse a raked game where player 1 is taken to win what player 0 loses, as in play, in matches and in search.

        Raises:
            ValueError: the game has rake.
        """
        if self.betting.rake is not None:
            raise ValueError(f"game must have no rake (but where it is solved whole), got {self.betting.rake.share:g}")

    def payoff(self, state: HoldemState, hands: tuple[int, int]) -> float:
        self.require_no_rake()
        betting, paid = state.betting, self._paid(state.betting)
        if betting.folded >= 0:
            return paid[betting.folded] * (1 if betting.folded == 1 else -1)
        first, second = board_strengths(state.cards, self.hands[list(hands)]).tolist()
        return paid[0] * float(np.sign(first - second))

    def cfvs(self, state: HoldemState, player: int, reach: Float) -> Float:
        betting, paid, rake = state.betting, self._paid(state.betting), rake_at(self.betting, state.betting)
        if betting.folded >= 0:
            amount = -paid[player] if betting.folded == player else paid[betting.folded] - rake
            return amount * self.cf_reach(state, player, reach)
        alive = ~holding(self.deck, state.cards)
        power = np.zeros(len(self.hands))
        power[alive] = board_strengths(state.cards, self.hands[alive])
        wins = np.sign(power[:, None] - power) * self._apart * alive
        won = (paid[player] - rake / 2) * (wins @ reach)
        if rake:  # a tie costs each half of it
            won = won - rake / 2 * self.cf_reach(state, player, reach)
        return np.where(alive, won, 0.0)

    def worst_payoff(self, state: HoldemState, player: int) -> float:
        node = None if self.any_amount or self.streets else self._node(state)
        if state.betting.player == TERMINAL:
            lost = 0.0 if state.betting.folded == 1 - player else self._paid(state.betting)[player]
        elif node is None:
            lost = self.betting.in_chips(self.betting.dead[player] + self.betting.stack)
        else:
            lost = self.bets.most_lost(node, player)
        return -lost if player == 0 else lost

    def _steps(self, betting: BettingState) -> tuple[float, float]:
        """Return what each player has put in, in steps."""
        dead = self.betting.dead
        return dead[0] + betting.before + betting.street_0, dead[1] + betting.before + betting.street_1

    def _paid(self, betting: BettingState) -> tuple[float, float]:
        first, second = self._steps(betting)
        return self.betting.in_chips(first), self.betting.in_chips(second)

    def chips(self, state: HoldemState) -> Chips:
        rules, steps = self.betting, self._steps(state.betting)
        behind = [rules.in_chips(rules.dead[p] + rules.stack - steps[p]) for p in (0, 1)]
        opened = [rules.in_chips(rules.dead[p] + state.betting.before) for p in (0, 1)]
        return Chips(self._paid(state.betting), (behind[0], behind[1]), (opened[0], opened[1]))

    def history(self, state: HoldemState, hands: tuple[int, int]) -> tuple[int, ...]:
        return ()

    def locate(self, state: HoldemState) -> Place | None:
        """Return where a public state is in the tree of bets; None where an amount was bet that the menus do not offer."""
        node = self._node(state)
        return None if node is None else Place(node, state.cards)

    @cached_property
    def _node(self) -> Callable[[HoldemState], int | None]:
        return lru_cache(MOST_KEPT)(self._find_node)

    def _find_node(self, state: HoldemState) -> int | None:
        if state.above is None:
            return 0
        above, label = self._node(state.above), "deal" if state.above.betting.player == CHANCE else state.label
        below = [] if above is None else self.bets.children(above)
        return next((child for child in below if self.bets.labels[child] == label), None)

    def state_at(self, node: int, cards: tuple[int, ...]) -> HoldemState:
        """Return the public state of a node of the tree of bets; ``cards`` are those on the board there."""
        if node == 0:
            return self.root
        above = int(self.bets.parent[node])
        shown = cards[: self.cards_on(int(self.bets.round[above]))]
        before = self.state_at(above, shown)
        if before.betting.player == CHANCE:
            return self._dealt(before, cards[len(shown) : self.cards_on(int(self.bets.round[node]))])
        return self.child(before, _action(self.bets.labels[node]))

    def seat_text(self, player: int) -> str:
        if self.betting.blinds:
            return "the small blind, on the button" if player == self.betting.first[0] else "the big blind"
        return "out of position" if player == self.betting.first[-1] else "in position"

    def hand_text(self, player: int, hand: int) -> str:
        return hand_text(*self.hands[hand].tolist())

    def hand_name(self, player: int, hand: int) -> str:
        return cards_name(self.hands[hand][::-1].tolist())

    def hand_class(self, player: int, hand: int) -> str:
        return hand_class(*self.hands[hand].tolist())

    def board_text(self, state: HoldemState) -> str:
        return cards_text(state.cards)

    def board_name(self, state: HoldemState) -> str:
        counts = [*map(len, self.board), *self.deals[1:]]
        ends = itertools.accumulate(counts)
        rounds = [state.cards[end - count : end] for count, end in zip(counts, ends, strict=True)]
        return " | ".join(cards_name(cards) for cards in rounds if cards)


def kind_of(text: str) -> Kind:
    """Return what an action does, from its text."""
    return KINDS.get(text.split()[0], Kind.BET)


def _action(text: str) -> Action:
    amount = text.split()[1:]
    return Action(kind_of(text), text, float(amount[0]) if amount else 0.0, text)
