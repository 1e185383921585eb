"""Bets and raises of any amount as people type them: keys for common sizes, chips, and shares of the pot."""

from __future__ import annotations

import re
from typing import NamedTuple

from games.game import Action, PublicGame, State
from games.settings import shown

SIZES = {"m": "the least", "h": "half pot", "p": "pot", "a": "all-in"}  # keys of bets, and what they stand for
WORDS = r"(?:bet|raise|all-in)(?: to)? ?"
SHARE = re.compile(r"([0-9]{1,6}(?:\.[0-9]{1,4})?) ?%")


class Amounts(NamedTuple):
    """What may be bet or raised to at a decision.

    Attributes:
        verb: ``bet`` or ``raise``.
        least, most: chips on this round after it.
        faced: what the opponent has put in on this round.
        pot: after a call.
    """

    verb: str
    least: int
    most: int
    faced: float
    pot: float

    def share(self, fraction: float) -> int:
        """Return the chips on this round after a bet of a fraction of the pot after a call, as menus have it."""
        return round(self.faced + fraction * self.pot)


def amounts_at(game: PublicGame[State], state: State) -> Amounts | None:
    """Return what may be bet at a decision; None where only what is on offer may."""
    legal, chips = game.amounts(state), game.chips(state)
    if legal is None or chips is None:
        return None
    other = 1 - game.player(state)
    faced = chips.paid[other] - chips.opened[other]
    return Amounts("raise" if faced else "bet", *legal, faced, 2 * chips.paid[other])


def common_sizes(game: PublicGame[State], state: State) -> dict[str, Action]:
    """Return the bets that ``SIZES`` stand for, of those that are legal; empty where only what is on offer may be bet."""
    amounts = amounts_at(game, state)
    if amounts is None:
        return {}
    chips = {"a": amounts.most, "m": amounts.least, "h": amounts.share(0.5), "p": amounts.share(1.0)}
    return {key: _bet(game, state, amounts, asked) for key, asked in chips.items() if amounts.least <= asked <= amounts.most}


def typed_amount(game: PublicGame[State], state: State, answer: str) -> Action | None:
    """Return the bet or raise that an answer names: ``750``, ``raise 750``, ``raise to 750``, or ``60%`` of the pot after a call.

    None where the answer names no amount, or where only what is on offer may be bet.

    Raises:
        ValueError: an amount that is not legal; the message says the rule.
    """
    amounts = amounts_at(game, state)
    typed = re.fullmatch(rf"(?:{WORDS})?(\S*\d\S*(?: ?%)?)", answer)
    if typed is None or game.amounts(game.root) is None:
        return None
    if amounts is None:
        raise ValueError(f"nobody may raise any more: fold or call, got {shown(answer)}")
    text, share = typed[1], SHARE.fullmatch(typed[1])
    if text.endswith("%") and share is None:
        raise ValueError(f"a share of the pot must be a number with % behind it, such as 60%, got {shown(answer)}")
    if share is None and not re.fullmatch("[0-9]+", text):
        raise ValueError(f"an amount must be whole chips in the digits 0 to 9, such as {amounts.least}, got {shown(answer)}")
    if len(text) > 15:
        raise ValueError(f"{_most(amounts)}, got {shown(answer)}")
    asked = int(text) if share is None else amounts.share(float(share[1]) / 100)
    got = shown(answer) if share is None else f"{shown(answer)}, which is {asked}"
    if asked > amounts.most:
        raise ValueError(f"{_most(amounts)}, got {got}")
    if asked < amounts.least:
        rule = f"a {amounts.verb} must come to at least {amounts.least} on this street"
        raise ValueError(f"{rule}, got {got}" if amounts.least < amounts.most else f"you may only go all-in, {amounts.most}, got {got}")
    return _bet(game, state, amounts, asked)


def _most(amounts: Amounts) -> str:
    return f"a {amounts.verb} must come to at most {amounts.most} on this street, all that you have"


def _bet(game: PublicGame[State], state: State, amounts: Amounts, chips: int) -> Action:
    return game.action(state, f"{amounts.verb} {chips}")
