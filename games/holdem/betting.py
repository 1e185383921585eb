"""Betting in heads-up hold'em: the menus of sizes, and the tree of bets without the cards.

Betting does not look at the cards, so one tree of bets serves every board: `games.holdem.rules` multiplies it by them. Conventions:

* Chips are integers, and x.5 is rounded up. The *pot* is all chips in the middle, and a size is measured on the pot after a call: a bet of
  50 % puts in half the pot, a raise of 50 % calls and then puts in half of what the pot is by then.
* The *amount* of a bet or raise is what the player has put in on this street after it ("raise to"), blinds included.
* Stacks are equal, so nobody can bet more than the other can call, and an all-in that is called ends the betting.
* An opening size below the minimum bet, or a raise by less than the last bet or raise, is lifted to that minimum; one that reaches the
  stack is all-in; equal ones are one.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from math import floor, isfinite
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from games.public_tree import CHANCE, TERMINAL, Float, Int

_TOKEN = re.compile(r"-?[0-9]{1,6}(\.[0-9]+)?[%x]|[1-9]?e|a")
_NOBODY = -1
MOST_ADD_ALLIN = 20  # times the pot: an all-in of more is offered by the size a
SHARE = "a share: 0.1 for 10 %"  # of the pot, what a threshold is
_MAX_STATES = 70_000  # that are gone through to count the nodes of a tree that is too large: about a second
_MAX_STEPS = 25_000  # of random lines of play that tell its size where that is not enough: half a second
_LONGEST = 1_000  # steps of a line; of a hand with longer ones nothing is told from so few


class Size(NamedTuple):
    """One entry of a menu, as its number and unit are written."""

    unit: str  # "%" of the pot, "x" times the bet faced, "a" all-in, "e" geometric
    number: float = 0.0  # per cent, times, or streets over which "e" puts the stack in (0: all that remain, this one included)


@dataclass(frozen=True)
class Menu:
    """Sizes offered to one player on one street."""

    bets: tuple[Size, ...]
    raises: tuple[Size, ...]
    donks: tuple[Size, ...] | None = None  # first bets into the last street's aggressor, where they differ from `bets`


def parse_sizes(text: str, key: str, raises: bool) -> tuple[Size, ...]:
    """Read a menu as poker software writes it, e.g. ``50%, 2.5x, a``; an empty text offers nothing.

    Args:
        text: sizes with commas between: ``50%`` of the pot, ``2.5x`` the bet faced (raises only), ``a`` all-in, ``e`` the equal pot
            fractions that put the stack in by the last street, ``2e`` in two streets.
        key: what the text sets, for the error.
        raises: whether these are raises.

    Raises:
        ValueError: an entry is no size, is not positive, or is a multiple of the bet faced where none is.
    """
    return tuple(_parse(token.strip(), key, raises, entry) for entry, token in enumerate(text.split(","), 1)) if text.strip() else ()


def _parse(token: str, key: str, raises: bool, entry: int) -> Size:
    known = _TOKEN.fullmatch(token) is not None
    unit, number = token[-1:], float(token[:-1] or 0) if known else 0.0
    rules = (
        (known, "be sizes such as 50%, 2.5x (raises), a, e"),
        (raises or unit != "x", "be sizes such as 50%, a, e (only raises are multiples of the bet faced)"),
        (number > 0 or unit != "%", "have sizes above 0%"),
        (number > 1 or unit != "x", "have multiples above 1x"),
    )
    for holds, rule in rules:
        if not holds:
            raise ValueError(f"{key} must {rule}, got {token!r} (entry {entry})")
    return Size(unit, number)


@dataclass(frozen=True)
class Betting:
    """The rules of one hand's betting, heads-up, over R rounds (streets). No-limit has `menus`, limit has `limit` and `max_raises`.

    Attributes:
        start: chips that each player has in the pot before the first action. Equal ones are dead money from before (a spot's pot, half
            each, x.5 where it is odd). Unequal ones are blinds: they stand as bets of the first round, and the smaller faces the larger.
        stack: chips that each player can put in, blinds included and dead money not. So a spot gives what is behind, a full game the
            stacks before the blinds.
        first: [R] who acts first on each round; with blinds the smaller one does on the first.
        menus: [R][player] sizes on offer.
        limit: [R] size of every bet and raise.
        max_raises: [R] bets and raises on a round at most, blinds not counted.
        raise_cap: the same for every round of no-limit, 0 for none.
        add_allin: offer all-in too where it bets or raises by at most this share of the pot.
        force_allin: a size that once called would leave less than this share of the pot behind becomes all-in.
        merging: of two sizes of X > Y of the pot with (1 + X) / (1 + Y) < 1 + merging only X stays, from the largest down.
        min_bet: the smallest bet and raise, a full game's big blind.

    Raises:
        ValueError: a value breaks a rule; the message names it.
    """

    start: tuple[float, float]
    stack: int
    first: tuple[int, ...]
    menus: tuple[tuple[Menu, Menu], ...] | None = None
    limit: tuple[int, ...] | None = None
    max_raises: tuple[int, ...] | None = None
    raise_cap: int = 0
    add_allin: float = 0.0
    force_allin: float = 0.0
    merging: float = 0.0
    min_bet: int = 1

    def __post_init__(self) -> None:
        """Check the rules against each other."""
        rounds, pot = len(self.first), sum(self.start)
        rules = (
            ("start", min(self.start) >= 0 and pot > 0 and pot == int(pot), "be chips of which the pot is a whole number above 0"),
            ("start", not self.blinds or all(s == int(s) for s in self.start), "be whole chips where they are blinds"),
            ("stack", self.stack > 0 and (not self.blinds or self.stack >= max(self.start)), "be positive and cover the blinds"),
            ("first", rounds > 0 and set(self.first) <= {0, 1}, "be player 0 or 1 for each round"),
            (
                "first",
                not self.blinds or self.first[:1] == (int(self.start[1] < self.start[0]),),
                "be the smaller blind on the first round",
            ),
            ("menus", (self.menus is None) != (self.limit is None), "be given, or limit, and not both"),
            ("menus", self.menus is None or len(self.menus) == rounds, f"be given for each of {rounds} rounds"),
            ("limit", self.limit is None or (len(self.limit) == rounds and min(self.limit) > 0), f"be {rounds} positive sizes"),
            ("max_raises", (self.max_raises is None) == (self.limit is None), "be given with limit only"),
            (
                "max_raises",
                self.max_raises is None or (len(self.max_raises) == rounds and min(self.max_raises) >= 0),
                f"be {rounds} numbers",
            ),
            ("min_bet", self.min_bet > 0, "be positive"),
            *((key, getattr(self, key) >= 0, "be 0 (off) or more") for key in ("raise_cap", "add_allin", "force_allin", "merging")),
            ("add_allin", self.add_allin <= MOST_ADD_ALLIN, f"be at most {MOST_ADD_ALLIN} times the pot, {SHARE}"),
            ("force_allin", self.force_allin <= 1, f"be at most 1, {SHARE}"),
            ("merging", self.merging < 1, f"be below 1, {SHARE}"),
        )
        for key, holds, rule in rules:
            if not holds:
                raise ValueError(f"{key} must {rule}, got {getattr(self, key)}")

    @property
    def blinds(self) -> bool:
        """Whether the first round starts with a bet to face."""
        return self.start[0] != self.start[1]


@dataclass(frozen=True)
class BettingTree:
    """The bets of a hand as arrays: N nodes in preorder, parents first.

    Decisions offer fold or check, call, then amounts from small to large. Where a street ends and cards come there is one CHANCE node with
    one child; after a called all-in they follow each other down to the showdown.
    """

    player: npt.NDArray[np.int8]  # [N] who acts: 0, 1, CHANCE or TERMINAL
    parent: Int  # [N] -1 at the root
    end: Int  # [N] one past the last node of the subtree
    round: Int  # [N] streets that ended before
    folded: npt.NDArray[np.int8]  # [N] who folded at a terminal, -1 at showdowns and elsewhere
    contribution: Float  # [N, 2] chips that each player has in the pot, the start included
    labels: tuple[str, ...]  # [N] action that leads here: fold, check, call, bet 50, raise 150, all-in 900, deal; "" at the root

    def children(self, node: int) -> list[int]:
        """Return the nodes that follow a node, in the order of its actions."""
        found, child = [], node + 1
        while child < self.end[node]:
            found.append(child)
            child = int(self.end[child])
        return found


class _State(NamedTuple):
    """What the rest of the betting depends on: equal states have equal subtrees."""

    player: int
    round: int
    folded: int
    before: int  # chips that each player put in on earlier streets, dead money not counted
    street_0: int  # chips that player 0 has put in on this street
    street_1: int
    last_raise: int  # size of the street's last bet or raise, min_bet before the first
    raises: int  # the street's bets and raises so far
    acted: int  # 1 after the street's first action: now a call or check ends the street
    aggressor: int  # who made the last bet or raise of the street before


class _Outline(NamedTuple):
    """The S states that a hand can come to, each once and after all that follow it; the root is the last."""

    states: list[_State]
    following: list[list[tuple[str, int]]]  # [S] label and index of the state after each action
    sizes: list[int]  # [S] nodes at and below it in the tree


def betting_tree(rules: Betting, max_nodes: int = 200_000) -> BettingTree:
    """Build the tree of bets.

    Raises:
        ValueError: the tree would have more nodes than ``max_nodes``; the message gives their number.
    """
    outline, known = _outline(rules, max_nodes)
    if outline is None:
        estimate = _estimate_nodes(rules)
        size = f"about {estimate:.0e}" if estimate > known else f"at least {known:,}"
        raise ValueError(f"the betting tree must have at most {max_nodes:,} nodes, got {size}")
    states, following, sizes = outline
    if sizes[-1] > max_nodes:
        raise ValueError(f"the betting tree must have at most {max_nodes:,} nodes, got {sizes[-1]:,}")
    which: list[int] = []
    parent, labels = [], []
    stack = [(len(states) - 1, -1, "")]
    while stack:
        state, above, label = stack.pop()
        node = len(which)
        which.append(state)
        parent.append(above)
        labels.append(label)
        stack.extend((child, node, action) for action, child in reversed(following[state]))
    player, round_, folded, before, street_0, street_1 = np.array(states)[which, :6].T
    dead = (0.0, 0.0) if rules.blinds else rules.start
    return BettingTree(
        player=player.astype(np.int8),
        parent=np.array(parent, np.int32),
        end=(np.arange(len(which)) + np.array(sizes)[which]).astype(np.int32),
        round=round_.astype(np.int32),
        folded=folded.astype(np.int8),
        contribution=np.column_stack([dead[0] + before + street_0, dead[1] + before + street_1]),
        labels=tuple(labels),
    )


def count_nodes(rules: Betting) -> int:
    """Return the number of nodes of the tree of bets without building it.

    Exact as long as the hand can come to at most 70,000 different states of betting (trees of some million nodes), else an estimate
    within a factor of about two, or where lines of play are very long what was counted until then. Takes a second or two.
    """
    outline, known = _outline(rules)
    return max(_estimate_nodes(rules), known) if outline is None else outline.sizes[-1]


def _outline(rules: Betting, max_nodes: int = 0) -> tuple[_Outline | None, int]:
    """Return what a hand can come to and how many nodes the tree is known to have.

    None and a lower bound where that is more than ``max_nodes`` and ``_MAX_STATES`` states did not do to count them.
    """
    number: dict[_State, int] = {}
    outline = _Outline([], [], [])
    after: dict[_State, list[tuple[str, _State]]] = {}
    stack = [_root(rules)]
    known = 1
    while stack:
        state = stack[-1]
        if state not in after:
            if known > max_nodes and len(after) >= _MAX_STATES:
                return None, known
            after[state] = _following(rules, state)
            known += len(after[state])
            stack.extend(child for _, child in after[state])
        elif stack.pop() not in number:
            number[state] = len(number)
            outline.states.append(state)
            outline.following.append([(label, number[child]) for label, child in after[state]])
            outline.sizes.append(1 + sum(outline.sizes[child] for _, child in outline.following[-1]))
        else:
            known += outline.sizes[number[state]] - 1
    return outline, known


def _estimate_nodes(rules: Betting) -> int:
    """Return the number of nodes told from random lines of play: Knuth 1975, "Estimating the efficiency of backtrack programs".

    A line reaches a node with one over the product of the numbers of choices above it, so what it passes counts by that product. Ends of
    the hand are counted beside the line and never walked to, which keeps lines long. 0 where lines are too long to tell anything.
    """
    rng = np.random.default_rng(0)
    found, lines, steps = 0.0, 0, 0
    while steps < _MAX_STEPS:
        state, weight, start = _root(rules), 1.0, steps
        while True:
            steps += 1
            after = [child for _, child in _following(rules, state)]
            going_on = [child for child in after if child.player != TERMINAL]
            found += weight * (1 + len(after) - len(going_on))
            if not going_on:
                break
            if steps - start == _LONGEST:
                return 0
            weight *= len(going_on)
            state = going_on[rng.integers(len(going_on))]
        lines += 1
    return round(found / lines) if isfinite(found) else 0


def _root(rules: Betting) -> _State:
    street = (int(rules.start[0]), int(rules.start[1])) if rules.blinds else (0, 0)
    return _State(rules.first[0], 0, _NOBODY, 0, *street, rules.min_bet, 0, 0, _NOBODY)


def _following(rules: Betting, state: _State) -> list[tuple[str, _State]]:
    """Return the actions at a state and where they lead."""
    if state.player == TERMINAL:
        return []
    if state.player == CHANCE:
        return [("deal", _deal(rules, state))]
    street = (state.street_0, state.street_1)
    mine, faced = street[state.player], street[1 - state.player]
    found = [("call" if mine < faced else "check", _call(rules, state, faced))]
    if mine < faced:
        found.insert(0, ("fold", state._replace(player=TERMINAL, folded=state.player)))
    for amount in _amounts(rules, state, faced):
        verb = "all-in" if state.before + amount == rules.stack else "raise" if faced else "bet"
        found.append((f"{verb} {amount}", _raise(state, faced, amount)))
    return found


def _deal(rules: Betting, state: _State) -> _State:
    """Go on to the next street, and past it where both players are all-in."""
    round_ = state.round + 1
    if state.before < rules.stack:
        return state._replace(player=rules.first[round_], round=round_)
    return state._replace(player=CHANCE if round_ + 1 < len(rules.first) else TERMINAL, round=round_)


def _call(rules: Betting, state: _State, faced: int) -> _State:
    """Call or check; the first to act passes the turn, anybody later ends the street."""
    before = state.before + faced
    if not state.acted and before < rules.stack:
        return state._replace(player=1 - state.player, street_0=faced, street_1=faced, acted=1)
    player = CHANCE if state.round + 1 < len(rules.first) else TERMINAL
    aggressor = 1 - state.player if state.raises and player == CHANCE and before < rules.stack else _NOBODY
    return _State(player, state.round, _NOBODY, before, 0, 0, rules.min_bet, 0, 0, aggressor)


def _raise(state: _State, faced: int, amount: int) -> _State:
    street = (amount, state.street_1) if state.player == 0 else (state.street_0, amount)
    return state._replace(
        player=1 - state.player, street_0=street[0], street_1=street[1], last_raise=amount - faced, raises=state.raises + 1, acted=1
    )


def _amounts(rules: Betting, state: _State, faced: int) -> list[int]:
    """Return the amounts that the player may bet or raise to, from small to large."""
    most = rules.stack - state.before
    if faced >= most:
        return []
    if rules.limit is not None and rules.max_raises is not None:
        return [min(faced + rules.limit[state.round], most)] if state.raises < rules.max_raises[state.round] else []
    if rules.menus is None or (rules.raise_cap and state.raises >= rules.raise_cap):
        return []
    menu = rules.menus[state.round][state.player]
    sizes = menu.raises if faced else menu.bets
    if not faced and not state.acted and state.aggressor == 1 - state.player and menu.donks is not None:
        sizes = menu.donks
    pot = (0 if rules.blinds else int(sum(rules.start))) + 2 * (state.before + faced)  # after a call
    streets = len(rules.first) - state.round
    asked = {_amount(size, faced, most, pot, streets) for size in sizes}
    if most - faced <= rules.add_allin * pot:
        asked.add(most)
    amounts = set()
    for amount in asked:
        legal = min(max(amount, faced + state.last_raise), most)
        amounts.add(most if most - legal < rules.force_allin * (pot + 2 * (legal - faced)) else legal)
    kept: list[int] = []
    for amount in sorted(amounts, reverse=True):
        if not kept or (pot + kept[-1] - faced) / (pot + amount - faced) >= 1 + rules.merging:
            kept.append(amount)
    return kept[::-1]


def _amount(size: Size, faced: int, most: int, pot: int, streets: int) -> int:
    """Return the amount that a size asks for, before it is made legal. The pot is that after a call."""
    if size.unit == "a":
        return most
    if size.unit == "x":
        return floor(size.number * faced + 0.5)
    if size.unit == "%":
        return faced + floor(size.number * pot / 100 + 0.5)
    # Geometric: n equal fractions f with pot (1 + 2f)^n = pot + 2 (chips behind).
    fraction: float = ((1 + 2 * (most - faced) / pot) ** (1 / (size.number or streets)) - 1) / 2
    return faced + floor(fraction * pot + 0.5)
