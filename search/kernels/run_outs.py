"""Ranges against ranges at showdown, on many boards: what hands are worth that are checked down, or whose chips are all in.

A *lane* is a pair of ranges. A board's hands are walked once from weak to strong, all lanes side by side. The walk keeps the second
player's reach of the weaker hands, in total and by card, so that what a hand of the first player beats is a few additions.
"""

from __future__ import annotations

from typing import Any

from games.kernels import inlined_kernel, kernel
from games.kernels.evaluator import strengths
from search.kernels.equity import sort_hands

_NUMBER, _MASK = 11, (1 << 11) - 1  # bits of a key of ``sort_hands`` that are a hand's number


@inlined_kernel
def _add_beaten(h: Any, hands: Any, first: Any, second: Any, sums: Any, own: bool, out: Any) -> None:
    """Add to ``out`` [lanes] a hand's reach times that of the hands in ``sums`` that share no card with it; ``own``: it is in there too."""
    low, high, total = hands[h, 0], hands[h, 1], len(sums) - 1
    for k in range(len(out)):
        met = sums[total, k] - sums[low, k] - sums[high, k]
        out[k] += first[h, k] * (met + second[h, k] if own else met)


@inlined_kernel
def _walk(keys: Any, live: int, hands: Any, first: Any, second: Any, sums: Any, wins: Any, met: Any) -> None:
    """Add one board's sums to ``wins`` [lanes] and ``met`` [lanes]; see ``showdown_sums``."""
    total = len(sums) - 1
    sums[:] = 0
    start = 0
    while start < live:
        strength, stop = keys[start] >> _NUMBER, start
        while stop < live and keys[stop] >> _NUMBER == strength:
            _add_beaten(keys[stop] & _MASK, hands, first, second, sums, False, wins)
            stop += 1
        for i in range(start, stop):
            h = keys[i] & _MASK
            low, high = hands[h, 0], hands[h, 1]
            for k in range(len(wins)):
                sums[total, k] += second[h, k]
                sums[low, k] += second[h, k]
                sums[high, k] += second[h, k]
        for i in range(start, stop):  # weaker and equal ones: both sums less the whole are wins less losses
            _add_beaten(keys[i] & _MASK, hands, first, second, sums, True, wins)
        start = stop
    for i in range(live):
        _add_beaten(keys[i] & _MASK, hands, first, second, sums, True, met)
    for k in range(len(wins)):
        wins[k] -= met[k]


@kernel
def showdown_sums(boards: Any, hands: Any, first: Any, second: Any, space: Any, sums: Any, wins: Any, met: Any) -> None:
    """Sum over all pairs of hands that can be held together, board by board.

    wins[b, k] = sum_{h, h'} sign(h, h' on board b) first[h, k] second[h', k], and met[b, k] is the same without the sign.

    Args:
        boards: [n, b] u1, whole boards.
        hands: [H, 2] u1, all of the deck.
        first: [H, lanes] f4 or f8, player 0's reach; all arrays below have the same dtype.
        second: [H, lanes], player 1's.
        space: ``EquitySpace``, room to work in.
        sums: [53, lanes], room to work in: by card, then in total.
        wins: [n, lanes], in place.
        met: [n, lanes], in place.
    """
    wins[:] = 0
    met[:] = 0
    for b in range(len(boards)):
        strengths(boards[b], hands, space.power)
        live = sort_hands(space.power, space.keys, space.digits)
        _walk(space.keys[1], live, hands, first, second, sums, wins[b], met[b])


@kernel
def showdown_matrix(boards: Any, hands: Any, power: Any, wins: Any) -> None:
    """Count on how many boards each hand beats each other one, less those on which it loses.

    Boards that hold a card of either are left out. Hands that share a card are compared like all others.

    Args:
        boards: [n, b] u1, whole boards.
        hands: [H, 2] u1, all of the deck.
        power: [H] i4, room to work in.
        wins: [H, H] i4, in place.
    """
    wins[:] = 0
    for b in range(len(boards)):
        strengths(boards[b], hands, power)
        for h in range(len(hands)):
            mine = power[h]
            if mine >= 0:
                for other in range(h):
                    theirs = power[other]
                    wins[h, other] += (theirs >= 0) * (1 * (mine > theirs) - 1 * (mine < theirs))  # no branch: a loop of vectors
    for h in range(len(hands)):
        for other in range(h):
            wins[other, h] = -wins[h, other]
