"""Ranges as poker players write them, to weights of hands and back.

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

import itertools
import re
from collections.abc import Iterable
from functools import lru_cache
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from games.holdem.cards import FULL_DECK, RANKS, SUITS, Deck, hand_text, hole_hands

Weights = npt.NDArray[np.float64]

_CARD = rf"[{RANKS}][{SUITS}]"
_HAND = re.compile(rf"{_CARD}{_CARD}")
_GROUP = re.compile(rf"([{RANKS}])([{RANKS}])([so]?)")
_SPAN = re.compile(rf"({_GROUP.pattern})(?:\+|-({_GROUP.pattern}))?")
_NUMBER = re.compile(r"(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:e[-+]?[0-9]+)?")
_PART = re.compile(
    r"[^\s,](?:[^\s,]|(?<=[:-])\s+(?=[^\s,])|\s+(?=:|-\s))*"
)  # an entry; ``QQ -JJ`` is two, as a dash may begin one elsewhere
_ENTRY = "hands such as QQ+, A5s-A2s, AhKh:0.5"


class _Group(NamedTuple):
    """Hands that differ in suits only: ranks high >= low; suits equal (``s``), different (``o``) or, as for pairs, any (empty)."""

    high: int
    low: int
    suits: str

    @property
    def gap(self) -> int:
        return self.high - self.low

    def __str__(self) -> str:
        return RANKS[self.high] + RANKS[self.low] + self.suits


class _Names(NamedTuple):
    """What a deck's hands are called."""

    groups: dict[_Group, npt.NDArray[np.intp]]  # all without ``AK``-like ones, which join two; indices of their hands
    hands: dict[str, int]  # index of AsKh and KhAs


@lru_cache(maxsize=8)
def _names(deck: Deck) -> _Names:
    members: dict[_Group, list[int]] = {}
    hands: dict[str, int] = {}
    for index, (low, high) in enumerate(hole_hands(deck).tolist()):
        suits = "" if high // 4 == low // 4 else "s" if high % 4 == low % 4 else "o"
        members.setdefault(_Group(high // 4, low // 4, suits), []).append(index)
        hands[hand_text(low, high)] = hands[hand_text(high, low)] = index
    return _Names({group: np.array(indices) for group, indices in members.items()}, hands)


def parse_range(text: str, key: str = "game.ranges[0]", deck: Deck = FULL_DECK) -> Weights:
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
    hands = len(hole_hands(deck))
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
            indices = _hands_of(name, deck)
            if indices is None:
                ten = " (a ten is T)" if "10" in name else ""
                raise ValueError(f"{key} must be {_ENTRY}{ten}, got {entry!r} at character {position}{_separated(entry)}")
            weights[indices] = _weight(number, entry, position, key) if colon else 1.0
    if not weights.any():
        raise ValueError(f"{key} must give some hand a positive weight, got only weights of 0")
    return weights


def _listed(entries: list[tuple[str, int]], key: str, deck: Deck) -> Weights:
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
    match = _SPAN.fullmatch(name)
    return match is not None and name.endswith("+") and _group(match[1]).gap == 1 and name[0] != max(deck.ranks, key=RANKS.index)


def _climb(name: str, deck: Deck) -> str:
    """Return AKs-T9s for T9s+."""
    top = max(map(RANKS.index, deck.ranks))
    return f"{_Group(top, top - 1, name[2:-1])}-{name[:-1]}"


def _weight(number: str, entry: str, position: int, key: str) -> float:
    if not _is_weight(number):
        raise ValueError(f"{key} must have weights in 0..1, got {entry!r} at character {position}{_separated(entry)}")
    return float(number)


def _separated(entry: str) -> str:
    """Return a hint, for errors, where another sign stands for a comma."""
    return " (commas separate entries)" if re.search(r"[^\w\s:.,+-]", entry) else ""


def _hands_of(name: str, deck: Deck) -> npt.NDArray[np.intp] | None:
    """Return the indices of the hands that an entry names, None if there are none."""
    groups, hands = _names(deck)
    if name in ("full", "random"):
        return np.arange(len(hole_hands(deck)))
    if _HAND.fullmatch(name):
        return np.array([hands[name]]) if name in hands else None
    found = [groups[g] for g in _span(name, deck) if g in groups]
    return np.concatenate(found) if found else None


def _span(name: str, deck: Deck) -> list[_Group]:
    """Return the groups of ``QQ``, ``QQ+`` or ``QQ-77``, with ``AK`` as AKs and AKo; none if the text is not of that kind."""
    match = _SPAN.fullmatch(name)
    if not match:
        return []
    first = last = _group(match[1])
    if match[5]:
        last = _group(match[5])
    if any(RANKS[rank] not in deck.ranks for rank in (first.high, first.low, last.high, last.low)):
        return []
    if name.endswith("+"):
        top = len(RANKS) - 1 if first.gap == 0 else first.high
        last = _Group(top, top - min(first.gap, 1), first.suits)
    if first.suits != last.suits or min(first.gap, last.gap) < 0 or (first.suits and min(first.gap, last.gap) == 0):
        return []
    if first.gap == last.gap:
        pairs = [(high, high - first.gap) for high in _between(first.high, last.high)]
    elif first.high == last.high and min(first.gap, last.gap) > 0:
        pairs = [(first.high, low) for low in _between(first.low, last.low)]
    else:
        return []
    return [_Group(high, low, suits) for high, low in pairs for suits in (first.suits or ("so" if high > low else ("",)))]


def _group(text: str) -> _Group:
    return _Group(RANKS.index(text[0]), RANKS.index(text[1]), text[2:])


def _between(a: int, b: int) -> range:
    return range(min(a, b), max(a, b) + 1)


def range_text(weights: Weights, deck: Deck = FULL_DECK) -> str:
    """Return a short text of a range that ``parse_range`` reads back exactly.

    Pairs come first, then rank by rank what it is the higher card of, then single hands where those of a group differ in weight.
    Weights are printed with as many digits as they need.

    Args:
        weights: [H] f8 in [0, 1], not all 0, indexed like ``hole_hands(deck)``.
        deck: the cards that there are.

    Raises:
        ValueError: weights of another shape, outside [0, 1], or all 0.
    """
    hands = hole_hands(deck)
    if weights.shape != (len(hands),):
        raise ValueError(f"weights must have shape ({len(hands)},), got {weights.shape}")
    outside = ~((weights >= 0) & (weights <= 1))
    if outside.any():
        raise ValueError(f"weights must be in 0..1, got {weights[outside][0]}")
    if not weights.any():
        raise ValueError("weights must give some hand a positive weight, got only weights of 0")
    if (weights == weights[0]).all():
        return "full" + _suffix(weights[0])

    whole: dict[_Group, float] = {}
    single: list[int] = []
    for group, indices in _names(deck).groups.items():
        own = weights[indices]
        if (own == own[0]).all():
            whole[group] = float(own[0])
        else:
            single += indices[own > 0].tolist()

    ranks = sorted((RANKS.index(r) for r in deck.ranks), reverse=True)
    texts = [_run_text(run, ranks[0]) for run in _runs([_Group(r, r, "") for r in ranks], whole)]
    for high in ranks:
        below = [low for low in ranks if low < high]
        suited, offsuit = ([*_runs([_Group(high, low, suits) for low in below], whole)] for suits in "so")
        both = [run for run in map(_both, suited) if run in map(_both, offsuit)]
        runs = both + [run for run in suited + offsuit if _both(run) not in both]
        texts += [_run_text(run, below[0]) for run in runs]
    texts += [hand_text(*hands[i].tolist()) + _suffix(weights[i]) for i in sorted(single, reverse=True)]
    return ",".join(texts)


class _Run(NamedTuple):
    """Neighbouring groups of the same weight."""

    last: _Group  # the highest
    first: _Group
    weight: float


def _runs(groups: Iterable[_Group], whole: dict[_Group, float]) -> Iterable[_Run]:
    """Yield the longest runs of positive weight in a descending sequence; what ``whole`` lacks ends one."""
    for weight, run in itertools.groupby(groups, lambda group: whole.get(group, 0.0)):
        members = [*run]
        if weight > 0:
            yield _Run(members[0], members[-1], weight)


def _both(run: _Run) -> _Run:
    return run._replace(last=run.last._replace(suits=""), first=run.first._replace(suits=""))


def _run_text(run: _Run, top: int) -> str:
    """Return ``QQ``, ``QQ+`` or ``QQ-77``; ``top`` is the highest lower card that there is."""
    if run.first == run.last:
        text = str(run.last)
    elif run.last.low == top:
        text = f"{run.first}+"
    else:
        text = f"{run.last}-{run.first}"
    return text + _suffix(run.weight)


def _suffix(weight: float) -> str:
    return "" if weight == 1 else f":{float(weight)!r}"
