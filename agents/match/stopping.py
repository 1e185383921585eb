"""A match that stops when it is decided (``agents.match.sequential``), the same whatever plays it and however fast.

The test looks at deals in the order in which their last hands are played, at numbers of deals that are fixed beforehand. Hands that were
played beyond the deal that decided are kept, and not counted.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np

from agents.match.match import Match
from agents.match.sequential import (
    EVEN,
    FIRST,
    LEAST_DEALS,
    LEAST_EFFECTIVE,
    LOOK_DEALS,
    NOBODY,
    RULE,
    SPRT,
    UNDECIDED,
    look,
    next_look,
)
from agents.match.statistics import Tally, known_exactly
from agents.reporting.tables import Row
from games.arrays import Float, Int

BIASED = "the mean of a match that stops when it is decided is biased (docs/how-to/match.md)"


def pairs_of(match: Match, hands: int) -> Iterator[Int]:
    """Yield ``LOOK_DEALS`` pairs of hands at a time, [LOOK_DEALS, 2] by number, in the order in which they are done; not the last few.

    In duplicate a pair is a deal; else two hands that follow each other, one in each seat.
    """
    second_halves = match.duplicate and bool(match.bots)
    for number, hands_of_round in enumerate(match.rounds_of_play(hands)):
        if second_halves and number % 2 == 0:
            continue
        size = LOOK_DEALS if second_halves else 2 * LOOK_DEALS
        for first in range(0, len(hands_of_round) - size + 1, size):
            block = np.asarray(hands_of_round[first : first + size])
            yield np.stack([block, block ^ 1], axis=1) if second_halves else block.reshape(-1, 2)


class Watch:
    """Looks at a match while it is played.

    Attributes:
        decision: of ``agents.match.sequential``.
        deals: that were looked at last.
    """

    def __init__(self, rule: SPRT, tally: Tally, hands: int) -> None:
        self.rule, self.tally = rule, tally
        self.decision, self.deals = UNDECIDED, 0
        self._exact = known_exactly(tally.match)
        self._coming = pairs_of(tally.match, hands)
        self._next: Int | None = next(self._coming, None)
        self._pairs, self._scores, self._count = [np.zeros((0, 2), np.int64)], np.zeros(0), 0
        self._ratios, self._effective = (0.0, 0.0), 0.0
        self._due = next_look(0)

    def over(self) -> bool:
        """Look at what has come since the last time; return whether the match is decided. From then on its tally counts no further hand."""
        while self.decision == UNDECIDED and self._next is not None:
            scores = self.tally.pair_scores(self._next)
            if scores is None:
                break
            self._pairs.append(self._next)
            self._add(scores)
            self._next = next(self._coming, None)
            if self._count >= self._due:
                self._look()
        return self.decision != UNDECIDED

    def _add(self, scores: Float) -> None:
        """Append to an array that doubles its size when it is full."""
        if self._count + len(scores) > len(self._scores):
            self._scores = np.concatenate([self._scores[: self._count], np.zeros(self._count + len(scores))])
        self._scores[self._count : self._count + len(scores)] = scores
        self._count += len(scores)

    def _look(self) -> None:
        """Judge the deals so far."""
        self.deals, self._due = self._count, next_look(self._count)
        result = look(self.rule, self._scores[: self._count], self._exact)
        self._ratios, self._effective = (float(result.ratios[0]), float(result.ratios[1])), float(result.effective)
        self.decision = int(result.decision)
        if self.decision != UNDECIDED:
            self.tally.count_only(np.concatenate(self._pairs))

    @property
    def decided(self) -> str | None:
        """The winner's name, ``NOBODY`` where they are even, None while that is not known."""
        names = [competitor.name for competitor in self.tally.match.competitors]
        return None if self.decision == UNDECIDED else NOBODY if self.decision == EVEN else names[self.decision - FIRST]

    def row(self) -> Row:
        """Return what result.json says of it."""
        names = [competitor.name for competitor in self.tally.match.competitors]
        return {
            "rule": RULE,
            "decided": self.decided,
            "hands": 2 * self.deals,
            "beyond_hands": self.tally.beyond,
            "margin": self.rule.margin,
            "alpha": self.rule.alpha,
            "beta": self.rule.beta,
            "llr": {name: ratio if math.isfinite(ratio) else None for name, ratio in zip(names, self._ratios, strict=True)},
            "lower": self.rule.lower,
            "upper": self.rule.upper,
            "effective_deals": self._effective,
            "least_deals": LEAST_DEALS,
            "least_effective_deals": LEAST_EFFECTIVE,
        }

    def live(self) -> str:
        """Return how far it is in a few words."""
        bounds = f"{self.rule.lower:.2f} to {self.rule.upper:.2f}"
        missing = [f"{LEAST_DEALS - self.deals:,} more deals"] if self.deals < LEAST_DEALS and not self._exact else []
        if not missing and self._effective < LEAST_EFFECTIVE and not self._exact:
            missing = [f"{self._effective:.0f} of {LEAST_EFFECTIVE:.0f} effective deals"]
        return f"{RULE} {', '.join([ratios_text(self.row()), *missing])} ({bounds})"


def ratios_text(stop: Row) -> str:
    """Return the two LLRs of ``Watch.row`` as text."""
    return " ".join(f"{name} {'inf' if ratio is None else f'{ratio:+.2f}'}" for name, ratio in stop["llr"].items())


def stop_text(stop: Row) -> str:
    """Return what ``Watch.row`` says, in a line."""
    who, hands = stop["decided"], f"{stop['hands']:,} hands"
    bounds = f"LLR {ratios_text(stop)}, {stop['lower']:.2f} to {stop['upper']:.2f}, {stop['effective_deals']:.0f} effective deals"
    if who is None:
        return f"not decided after {hands} ({RULE}: {bounds}; {stop['least_effective_deals']:.0f} are the least)"
    result = f"neither wins {stop['margin']:g} chips a hand" if who == NOBODY else f"{who} wins"
    beyond = f"; {stop['beyond_hands']:,} hands beyond are kept, not counted" if stop["beyond_hands"] else ""
    return f"decided after {hands}: {result} ({RULE}: {bounds}){beyond}; {BIASED}"
