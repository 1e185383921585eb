"""Ranges as poker players write them, to weights of hands.

An entry is a group of hands or one hand, with a weight after a colon if it is not 1; commas and white space separate entries, but blanks
beside a colon or around a dash do not (``88 :0.5``, ``AhQs: 0.25``, ``T9s - 65s``):

========== ============================== ============= ==============================================
``QQ``     a pair                         ``QQ+``       it and all higher pairs
``AKs``    suited, higher rank first      ``A8s+``      kickers 8 up to just below the ace
``AKo``    of two suits                   ``A5s-A2s``   kickers 5 to 2, either end first
``AK``     both of them                   ``TT-77``     pairs, either end first
``AhKh``   one hand                       ``JTs-65s``   JTs, T9s, 98s, 87s, 76s, 65s: both ranks move
``76s:.5`` half of the time               ``full``      every hand; ``random`` is the same
========== ============================== ============= ==============================================

Where several entries name the same hand, the last one holds (in postflop-solver and tools built on it the first one does).

A connector with a plus is refused: ``T9s+`` would be T9s alone by the rule above, and elsewhere it is T9s, JTs, QJs, KQs and AKs.

A text of numbers is H weights (1,326 of a full deck) in PioSOLVER's order of hands: for each card
in ascending order as the higher one, all lower cards (``2d2c 2h2c 2h2d 2s2c ..``).
"""

from __future__ import annotations

import re
from functools import lru_cache

import numpy as np

from games.arrays import Float, Int
from games.holdem.cards import FULL_DECK, RANKS, Deck, hand_class, hand_text, hole_hands

_GROUP = re.compile(rf"([{RANKS}][{RANKS}])([so]?)")
_SPAN = re.compile(rf"{_GROUP.pattern}(?:\+|-{_GROUP.pattern})?")
_NUMBER = re.compile(r"(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:e[-+]?[0-9]+)?")
_PART = re.compile(
    r"[^\s,](?:[^\s,]|(?<=[:-])\s+(?=[^\s,])|\s+(?=:|-\s))*"
)  # an entry; ``QQ -JJ`` is two, as a dash may begin one elsewhere
_ENTRY = "hands such as QQ+, A5s-A2s, AhKh:0.5"


@lru_cache(maxsize=8)
def _names(deck: Deck) -> dict[str, Int]:
    """Return the indices of the hands of each name: ``AKs``, ``AKo``, ``AK``, ``QQ``, ``AsKh``, ``KhAs`` and ``full``."""
    members: dict[str, list[int]] = {}
    for index, (low, high) in enumerate(hole_hands(deck).tolist()):
        of_suits = hand_class(low, high)
        for name in {of_suits, of_suits[:2], hand_text(low, high), hand_text(high, low), "full", "random"}:
            members.setdefault(name, []).append(index)
    return {name: np.array(indices) for name, indices in members.items()}


def parse_range(text: str, key: str = "game.ranges[0]", deck: Deck = FULL_DECK) -> Float:
    """Return the weight of every hand.

    Args:
        text: a range as the module describes it.
        key: what an error names.
        deck: the cards that there are; ``+`` ends at its highest rank, and ranges skip ranks that it lacks.

    Returns:
        [H] f8 in [0, 1], indexed like ``hole_hands(deck)``.

    Raises:
        ValueError: no entry, one that names no hand of the deck, a weight outside [0, 1], a number of weights other than H, or no
            positive weight at all.
    """
    entries = [(found[0], found.start()) for found in _PART.finditer(text)]
    if not entries:
        raise ValueError(f"{key} must be {_ENTRY}, got {text!r}")
    names, hands = _names(deck), len(hole_hands(deck))
    if not _GROUP.fullmatch(entries[0][0]) and (
        all(_is_weight(entry) for entry, _ in entries) or (_NUMBER.fullmatch(entries[0][0]) and len(entries) == hands)
    ):
        weights = _listed(entries, key, deck)
    else:
        weights = np.zeros(hands)
        for entry, position in entries:
            name, colon, number = "".join(entry.split()).partition(":")
            if _is_connector_with_plus(name, deck):
                raise ValueError(
                    f"{key} must have no connector with a plus, got {entry!r} at character {position} "
                    f"(write {name[:-1]} or {_climb(name, deck)}: tools read it as the one or as the other)"
                )
            indices = [names[one] for one in ([name] if name in names else _span(name, deck)) if one in names]
            if not indices:
                ten = " (a ten is T)" if "10" in name else ""
                raise ValueError(f"{key} must be {_ENTRY}{ten}, got {entry!r} at character {position}{_separated(entry)}")
            weights[np.concatenate(indices)] = _weight(number, entry, position, key) if colon else 1.0
    if not weights.any():
        raise ValueError(f"{key} must give some hand a positive weight, got only weights of 0")
    return weights


def _listed(entries: list[tuple[str, int]], key: str, deck: Deck) -> Float:
    low, high = hole_hands(deck).T
    order = np.lexsort((low, high))
    if len(entries) != len(order):
        raise ValueError(f"{key} must be {_ENTRY}, or {len(order)} weights, got {len(entries)}")
    weights = np.empty(len(order))
    weights[order] = [_weight(number, number, position, key) for number, position in entries]
    return weights


def _is_weight(number: str) -> bool:
    return _NUMBER.fullmatch(number) is not None and float(number) <= 1


def _is_connector_with_plus(name: str, deck: Deck) -> bool:
    """Return whether a text is such as T9s+. AK+ is none: with the highest rank it is AK by every rule."""
    plus = _SPAN.fullmatch(name) is not None and name.endswith("+")
    return plus and RANKS.index(name[0]) - RANKS.index(name[1]) == 1 and name[0] != max(deck.ranks, key=RANKS.index)


def _climb(name: str, deck: Deck) -> str:
    """Return AKs-T9s for T9s+."""
    top = max(map(RANKS.index, deck.ranks))
    return f"{RANKS[top]}{RANKS[top - 1]}{name[2:-1]}-{name[:-1]}"


def _weight(number: str, entry: str, position: int, key: str) -> float:
    if not _is_weight(number):
        raise ValueError(f"{key} must have weights in 0..1, got {entry!r} at character {position}{_separated(entry)}")
    return float(number)


def _separated(entry: str) -> str:
    """Return a hint, for errors, where another sign stands for a comma."""
    return " (commas separate entries)" if re.search(r"[^\w\s:.,+-]", entry) else ""


def _span(name: str, deck: Deck) -> list[str]:
    """Return the names of ``QQ+`` or ``QQ-77`` one by one; none if the text is not of that kind."""
    match = _SPAN.fullmatch(name)
    if not match:
        return []
    first, suits, last, last_suits = match.groups()
    if last is None:
        last, last_suits = first, suits
    if suits != last_suits or not set(first + last) <= set(deck.ranks):
        return []
    (high, low), (last_high, last_low) = map(RANKS.index, first), map(RANKS.index, last)
    if name.endswith("+"):
        last_high = len(RANKS) - 1 if high == low else high
        last_low = last_high - min(high - low, 1)
    gap, last_gap = high - low, last_high - last_low
    if min(gap, last_gap) < 0 or (suits and min(gap, last_gap) == 0):
        return []
    if gap == last_gap:
        pairs = [(rank, rank - gap) for rank in _between(high, last_high)]
    elif high == last_high and min(gap, last_gap) > 0:
        pairs = [(high, rank) for rank in _between(low, last_low)]
    else:
        return []
    return [RANKS[a] + RANKS[b] + suits for a, b in pairs]


def _between(a: int, b: int) -> range:
    return range(min(a, b), max(a, b) + 1)
