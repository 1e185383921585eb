"""Lines of locks, in which ``*`` stands for every card that may come there: ``check / check / * / bet 50``."""

from __future__ import annotations

import re
from collections.abc import Hashable, Iterator
from typing import Any

from agents.evaluation.lock_texts import KEY
from games.derived import DerivedGame
from games.game import PublicGame, find_deal, find_decision
from games.holdem.cards import card_text
from games.holdem.rules import HoldemGame
from search.boards.held import board_of

EVERY = "*"
_CARDS = re.compile(r"\s*[2-9TJQKA][cdhs]\s*")
_HAND = re.compile(r"([2-9TJQKA][cdhs]){2}")  # two cards, which only suits tell from others
MOST_NAMES = 1_000  # characters of a text in which suits are looked for; longer ones are taken to name them


def is_pattern(line: str) -> bool:
    """Say whether a line stands for several."""
    return EVERY in (step.strip() for step in line.split("/"))


def decisions_of(game: PublicGame[Any], line: str, text: str = "") -> Iterator[Any]:
    """Yield the decisions that a line stands for: one, or for ``*`` one of each card that may come there.

    Cards that suits make equal are one where neither the text of the lock nor the line can tell them apart.

    Args:
        game: what is played.
        line: as of ``games.game.find_decision``.
        text: what is played there, see ``agents.evaluation.lock_texts``.

    Raises:
        ValueError: a line that leads to no decision, or ``*`` where not one card comes.
    """
    steps = line.split("/")
    if not is_pattern(line):
        yield find_decision(game, line, KEY)
        return
    first = next(i for i, step in enumerate(steps) if step.strip() == EVERY)
    state = find_deal(game, "/".join(steps[:first]), KEY)
    named = {step.strip() for step in steps[first + 1 :] if _CARDS.fullmatch(step)}  # cards that the line has later: they cannot come now
    equal = len(text) < MOST_NAMES and not _HAND.search(text) and not named
    seen = set[Hashable]()
    for card in _cards(game, state, line):
        if card in named:
            continue
        try:
            place = _board(game, game.revealed(state, card)) if equal else card
        except ValueError:  # it leaves a player no hand
            continue
        if place not in seen:
            seen.add(place)
            yield from decisions_of(game, "/".join([*steps[:first], card, *steps[first + 1 :]]), text)


def _cards(game: PublicGame[Any], state: Any, line: str) -> list[str]:
    """Return all single cards that public chance may reveal, as lines write them."""
    if isinstance(game, HoldemGame):
        if game.deals[game.round(state) + 1] != 1:
            raise ValueError(f"{KEY} must have {EVERY} where one card comes, got {line!r} (name the flop)")
        return [card_text(card) for card in game.deck.cards().tolist() if card not in state.cards]
    assert isinstance(game, DerivedGame)
    return [game.label(child) for child in game.tree.children(state)]


def _board(game: PublicGame[Any], state: Any) -> Hashable:
    """Return what is the same of boards that suits make equal."""
    return board_of(game, state.cards).cards if isinstance(game, HoldemGame) else state
