"""What people call a hand on a board: the made hand, and the draw that it has beside it on flop and turn.

Names of made hands are those of poker's ranking, with two of them told apart as players do: three of a kind is a *set* with a pair in the
hand and *trips* else; one pair is told by where it stands on the board. A *draw* is a card away from a flush or a straight that the board
alone would not have: ``flush draw``, ``open-ended`` (four in a row), ``double gutshot`` (two ranks in the middle), ``gutshot``.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache

import numpy as np

from games.holdem.cards import Deck, deck_hands, hand_text
from games.holdem.ranking import RANKING, ranks_of
from games.settings import shown

ONE_PAIR = ("board pair", "low pair", "underpair", "middle pair", "top pair", "overpair")  # all of them are one pair
MADE = (RANKING[0], *ONE_PAIR, RANKING[2], "trips", "set", *RANKING[4:])  # from weak to strong
DRAWS = (FLUSH_DRAW, OPEN_ENDED, DOUBLE_GUTSHOT, GUTSHOT) = ("flush draw", "open-ended", "double gutshot", "gutshot")
PAIR, DRAW = "pair", "draw"  # any one pair, any draw
KINDS = (*MADE, PAIR, *DRAWS, DRAW)  # what hands can be chosen by
LEAST_CARDS = 3  # on the board: before the flop nothing is made
STRAIGHTS = tuple(frozenset({12, 0, 1, 2, 3} if low < 0 else range(low, low + 5)) for low in range(-1, 9))  # of ranks, 12 is the ace


def made_hand(hand: Sequence[int], board: Sequence[int]) -> str:
    """Return the made hand of two cards with a board of three to five cards, one of ``MADE``.

    One pair is a *board pair* if the hand has no part in it. A pair in the hand is an *overpair* above all of the board and an *underpair*
    else. A hand that pairs the board has *top pair*, *middle pair* (the second rank of the board) or *low pair*.
    """
    (category,) = ranks_of(board, np.array([sorted(hand)], np.uint8))
    if category is None:
        raise ValueError(f"hand must hold no card of the board, got {list(hand)} on {list(board)}")
    return _made(hand, board, category)


def _made(hand: Sequence[int], board: Sequence[int], category: str) -> str:
    ranks, pocket = sorted({card // 4 for card in board}, reverse=True), hand[0] // 4 == hand[1] // 4
    if category == "three of a kind":
        return "set" if pocket else "trips"
    if category != "one pair":
        return category
    if pocket:
        return "overpair" if hand[0] // 4 > ranks[0] else "underpair"
    paired = [ranks.index(card // 4) for card in hand if card // 4 in ranks]
    return "board pair" if not paired else ("top pair", "middle pair", "low pair")[min(paired[0], 2)]


def draw(hand: Sequence[int], board: Sequence[int]) -> str:
    """Return the draws of two cards with a flop or turn, joined by a plus; empty where there is none, or on a river."""
    if not LEAST_CARDS <= len(board) <= 4:
        return ""
    names, cards = list[str](), [*hand, *board]
    suits = [card % 4 for card in cards]
    if any(suits.count(suit) == 4 for suit in {card % 4 for card in hand}):
        names.append(FLUSH_DRAW)
    ranks, shown = {card // 4 for card in cards}, {card // 4 for card in board}
    if _straight(ranks) < 0:
        completing = [rank for rank in range(13) if _straight(ranks | {rank}) > _straight(shown | {rank})]
        if len(completing) > 1:
            in_a_row = any(_in_a_row(ranks, low) for low in range(9))
            names.append(OPEN_ENDED if in_a_row else DOUBLE_GUTSHOT)
        elif completing:
            names.append(GUTSHOT)
    return " + ".join(names)


def kinds_of(name: str) -> list[str]:
    """Return all of ``KINDS`` that a hand is by its name of ``hand_names``: a ``top pair, gutshot`` is top pair, pair, gutshot and draw."""
    made, _, drawn = name.partition(", ")
    draws = drawn.split(" + ") if drawn else []
    return [made, *([PAIR] if made in ONE_PAIR else []), *draws, *([DRAW] if draws else [])]


def parse_kinds(text: str, key: str) -> list[str]:
    """Return kinds of hands that a text names, with commas between: ``top-pair,flush draw``.

    Raises:
        ValueError: another name; the message names the key and all kinds.
    """
    plain = {_plain(kind): kind for kind in KINDS}
    chosen = []
    for part in text.split(","):
        if _plain(part) not in plain:
            raise ValueError(f"{key} must name kinds of hands among {', '.join(KINDS)}, got {shown(part.strip())}")
        chosen.append(plain[_plain(part)])
    return chosen


def _plain(text: str) -> str:
    return " ".join(re.split(r"[-_\s]+", text.strip().lower()))


@lru_cache(maxsize=64)
def hand_names(deck: Deck, board: tuple[int, ...]) -> dict[str, str]:
    """Return by hand what it is on a board, e.g. ``top pair, flush draw``; no hand before the flop, and none of cards on the board.

    The same dictionary every time: not to be changed.
    """
    if len(board) < LEAST_CARDS:
        return {}
    names, hands = {}, deck_hands(deck)
    for hand, category in zip(hands.tolist(), ranks_of(board, hands), strict=True):
        if category is not None:
            made = _made(hand, board, category)
            drawn = draw(hand, board) if MADE.index(made) < MADE.index("flush") else ""
            names[hand_text(*hand)] = f"{made}, {drawn}" if drawn else made
    return names


def _straight(ranks: set[int]) -> int:
    """Return which of ``STRAIGHTS`` is the best in a set of ranks; -1 for none."""
    return max((i for i, straight in enumerate(STRAIGHTS) if straight <= ranks), default=-1)


def _in_a_row(ranks: set[int], low: int) -> bool:
    """Say whether four ranks in a row from ``low`` on are there."""
    return {low, low + 1, low + 2, low + 3} <= ranks
