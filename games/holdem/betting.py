"""Betting in heads-up hold'em: what is legal, and what a game's menus offer.

* Amounts are integers: they count smallest chips, *steps* of ``Betting.chip``. Labels, and all that other modules read, are in chips, as
  users write them (``Betting.in_chips``). The *amount* of a bet or raise is what the player has put in on this round after it ("raise to"),
  blinds included.
* Stacks are equal, so nobody can bet more than the other can call, and an all-in that is called ends the betting.
* An opening bet is at least the minimum bet, a raise at least as large as the last bet or raise; an all-in may be smaller. A menu's size
  below that is lifted to it; one that reaches the stack is all-in; equal ones are one.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction
from typing import NamedTuple

from games.holdem.menus import Menu, amount_of
from games.holdem.rake import MOST as MOST_RAKE
from games.holdem.rake import Rake
from games.holdem.smallest_chip import LEAST, WHOLE, chip_text
from games.public_tree import CHANCE, TERMINAL

_NOBODY = -1
MOST_ADD_ALLIN = 20  # times the pot: an all-in of more is offered by the size a
SHARE = "a share: 0.1 for 10 %"  # of the pot, what a threshold is


class BettingState(NamedTuple):
    """What the rest of the betting depends on, in steps: equal states have equal subtrees."""

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


@dataclass(frozen=True)
class Betting:
    """The rules of one hand's betting, heads-up, over R rounds (streets). No-limit has `menus`, limit has `limit` and `max_raises`.

    Start, stack, limit, min_bet, begin and inserted count steps; the cap of the rake is in chips.

    Attributes:
        start: what each player has in the pot before the first action. Equal ones are dead money from before (a spot's pot, half
            each, x.5 where it is odd). Unequal ones are blinds: they stand as bets of the first round, and the smaller faces the larger.
        stack: what each player can put in, blinds included and dead money not. So a spot gives what is behind, a full game the
            stacks before the blinds. 0 only of a hand under way whose players are all-in.
        first: [R] who acts first on each round; with blinds the smaller one does on the first.
        menus: [R][player] sizes on offer.
        limit: [R] size of every bet and raise.
        max_raises: [R] bets and raises on a round at most, blinds not counted.
        raise_cap: the same for every round of no-limit, 0 for none.
        add_allin: offer all-in too where it bets or raises by at most this share of the pot.
        force_allin: a size that once called would leave less than this share of the pot behind becomes all-in.
        merging: of two sizes of X > Y of the pot with (1 + X) / (1 + Y) < 1 + merging only X stays, from the largest down.
        min_bet: the smallest bet and raise, a full game's big blind.
        begin: where the betting begins of a hand that is under way (see ``games.holdem.subgame``); None for the first action.
        inserted: amounts that are offered at some states beside the menus' sizes.
        rake: what the house takes; None for nothing.
        silent: the last so many rounds have cards and nobody acts: a simpler game than the real one, to solve in its place.
        chip: the smallest chip, what a step is worth in chips; 1 in games with blinds.

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
    begin: BettingState | None = field(default=None, repr=False)  # these are in a game's key by themselves, as Menu.reraises is
    inserted: tuple[tuple[BettingState, int], ...] = field(default=(), repr=False)
    rake: Rake | None = field(default=None, repr=False)
    silent: int = field(default=0, repr=False)
    chip: Fraction = field(default=WHOLE, repr=False)

    def __post_init__(self) -> None:
        """Check the rules against each other."""
        rounds, pot = len(self.first), sum(self.start)
        rules = (
            ("start", min(self.start) >= 0 and pot > 0 and pot == int(pot), "be chips of which the pot is a whole number above 0"),
            ("start", not self.blinds or all(s == int(s) for s in self.start), "be whole chips where they are blinds"),
            ("stack", self.stack >= (max(self.start) if self.blinds else int(self.begin is None)), "be positive and cover the blinds"),
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
            ("rake", self.rake is None or self.rake.valid, f"be a share above 0 and at most {MOST_RAKE} of the pot, and a cap in chips"),
            ("silent", 0 <= self.silent < max(rounds, 1), f"be fewer than the {rounds} rounds"),
            ("chip", self.chip > 0 and not self.chip % LEAST, f"be a multiple of {chip_text(LEAST)} above 0"),
            ("chip", self.chip == WHOLE or not self.blinds, "be 1 in a game with blinds"),
        )
        for key, holds, rule in rules:
            if not holds:
                raise ValueError(f"{key} must {rule}, got {getattr(self, key)}")

    @property
    def blinds(self) -> bool:
        """Whether the first round starts with a bet to face."""
        return self.start[0] != self.start[1]

    @property
    def dead(self) -> tuple[float, float]:
        """Steps that each player has in the pot from before, which are no bets."""
        return (0.0, 0.0) if self.blinds else self.start

    def in_chips(self, steps: float) -> float:
        """Return the chips that so many steps are: the float that is nearest to the decimal number."""
        return steps * self.chip.numerator / self.chip.denominator


def first_state(rules: Betting) -> BettingState:
    """Return the betting before the first action."""
    if rules.begin is not None:
        return rules.begin
    street = (int(rules.start[0]), int(rules.start[1])) if rules.blinds else (0, 0)
    return BettingState(rules.first[0], 0, _NOBODY, 0, *street, rules.min_bet, 0, 0, _NOBODY)


def rake_at(rules: Betting, state: BettingState) -> float:
    """Return the chips that the house takes of the pot that both players have matched at the end of a hand."""
    if rules.rake is None or (rules.blinds and state.round == 0 and state.folded >= 0):  # no flop, no drop
        return 0.0
    return rules.rake.of(rules.in_chips(sum(rules.dead) + 2 * (state.before + min(state.street_0, state.street_1))))


def offered(rules: Betting, state: BettingState) -> list[tuple[str, BettingState]]:
    """Return the actions on offer at a state, fold or check and call first, then amounts from small to large, and where they lead."""
    if state.player == TERMINAL:
        return []
    if state.player == CHANCE:
        return [("deal", _deal(rules, state))]
    street = (state.street_0, state.street_1)
    mine, faced = street[state.player], street[1 - state.player]
    found = [("call" if mine < faced else "check", _call(rules, state, faced))]
    if mine < faced:
        found.insert(0, ("fold", BettingState(TERMINAL, state.round, state.player, *state[3:])))
    return found + [bet(rules, state, amount) for amount in _amounts(rules, state, faced)]


def bet(rules: Betting, state: BettingState, amount: int) -> tuple[str, BettingState]:
    """Return what a bet or raise to an amount is called, and where it leads."""
    faced = (state.street_0, state.street_1)[1 - state.player]
    verb = "all-in" if state.before + amount == rules.stack else "raise" if faced else "bet"
    return f"{verb} {chip_text(rules.chip, amount)}", _raise(state, faced, amount)


def bet_range(rules: Betting, state: BettingState) -> tuple[int, int] | None:
    """Return the least and the largest amount, in steps, that the player may bet or raise to, whatever the menus; None if it may not.

    Where the least is all that the player has left, both are that.
    """
    faced, most = (state.street_0, state.street_1)[1 - state.player], rules.stack - state.before
    if faced >= most:
        return None
    if rules.limit is not None and rules.max_raises is not None:
        amount = min(faced + rules.limit[state.round], most)
        return (amount, amount) if state.raises < rules.max_raises[state.round] else None
    return min(faced + state.last_raise, most), most


def _deal(rules: Betting, state: BettingState) -> BettingState:
    """Go on to the next street, and past it where nobody acts there: both players are all-in, or it is silent."""
    round_ = state.round + 1
    if state.before < rules.stack and round_ < len(rules.first) - rules.silent:
        return state._replace(player=rules.first[round_], round=round_)
    return state._replace(player=CHANCE if round_ + 1 < len(rules.first) else TERMINAL, round=round_)


def _call(rules: Betting, state: BettingState, faced: int) -> BettingState:
    """Call or check; the first to act passes the turn, anybody later ends the street."""
    before = state.before + faced
    if not state.acted and before < rules.stack:
        return BettingState(
            1 - state.player, state.round, _NOBODY, state.before, faced, faced, state.last_raise, state.raises, 1, state.aggressor
        )
    player = CHANCE if state.round + 1 < len(rules.first) else TERMINAL
    aggressor = 1 - state.player if state.raises and player == CHANCE and before < rules.stack else _NOBODY
    return BettingState(player, state.round, _NOBODY, before, 0, 0, rules.min_bet, 0, 0, aggressor)


def _raise(state: BettingState, faced: int, amount: int) -> BettingState:
    street = (amount, state.street_1) if state.player == 0 else (state.street_0, amount)
    return BettingState(1 - state.player, state.round, _NOBODY, state.before, *street, amount - faced, state.raises + 1, 1, state.aggressor)


def _amounts(rules: Betting, state: BettingState, faced: int) -> list[int]:
    """Return the amounts on offer that the player may bet or raise to, from small to large."""
    found = _menu_amounts(rules, state, faced)
    inserted = [amount for at, amount in rules.inserted if at == state]
    return sorted({*found, *inserted}) if inserted else found


def _menu_amounts(rules: Betting, state: BettingState, faced: int) -> list[int]:
    """Return the amounts that the menus offer, from small to large."""
    legal = bet_range(rules, state)
    if legal is None or (rules.menus and rules.raise_cap and state.raises >= rules.raise_cap):
        return []
    least, most = legal
    if rules.menus is None:
        return [least]
    menu = rules.menus[state.round][state.player]
    depth = state.raises - (0 if rules.blinds and state.round == 0 else 1)  # the big blind is the bet that the first raise faces
    sizes = menu.raises_at(depth) if faced else menu.bets
    if not faced and not state.acted and state.aggressor == 1 - state.player and menu.donks is not None:
        sizes = menu.donks
    pot = int(sum(rules.dead)) + 2 * (state.before + faced)  # after a call
    streets = len(rules.first) - state.round
    asked = {amount_of(size, faced, most, pot, streets) for size in sizes}
    if most - faced <= rules.add_allin * pot:
        asked.add(most)
    amounts = {min(max(amount, least), most) for amount in asked}
    if rules.force_allin:
        amounts = {most if most - amount < rules.force_allin * (pot + 2 * (amount - faced)) else amount for amount in amounts}
    if not rules.merging:
        return sorted(amounts)
    kept: list[int] = []
    for amount in sorted(amounts, reverse=True):
        if not kept or (pot + kept[-1] - faced) / (pot + amount - faced) >= 1 + rules.merging:
            kept.append(amount)
    return kept[::-1]
