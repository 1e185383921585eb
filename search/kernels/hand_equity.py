"""What each hand wins at showdown against ranges, summed over many boards.

A board's hands are walked once from weak to strong, all ranges (*lanes*) side by side. The walk keeps the reach of the weaker hands, in
total and by card, so that what a hand beats is a few additions.
"""

from __future__ import annotations

from typing import Any

from games.kernels import inlined_kernel, kernel
from games.kernels.evaluator import strengths
from search.kernels.equity import sort_hands

_NUMBER, _MASK = 11, (1 << 11) - 1  # bits of a key of ``sort_hands`` that are a hand's number


@inlined_kernel
def _add_weaker(h: Any, hands: Any, reach: Any, sums: Any, own: bool, out: Any) -> None:
    """Add to ``out[h]`` [lanes] the reach in ``sums`` of hands that share no card with a hand; ``own``: it is in there too."""
    low, high, total = hands[h, 0], hands[h, 1], len(sums) - 1
    for k in range(out.shape[1]):
        apart = sums[total, k] - sums[low, k] - sums[high, k]
        out[h, k] += apart + reach[h, k] if own else apart


@inlined_kernel
def _walk(keys: Any, live: int, hands: Any, reach: Any, sums: Any, wins: Any, met: Any) -> None:
    """Add one board's sums to ``wins`` and ``met``; see ``showdown_by_hand``."""
    total = len(sums) - 1
    sums[:] = 0
    start = 0
    while start < live:
        strength, stop = keys[start] >> _NUMBER, start
        while stop < live and keys[stop] >> _NUMBER == strength:
            _add_weaker(keys[stop] & _MASK, hands, reach, sums, False, wins)
            stop += 1
        for i in range(start, stop):
            h = keys[i] & _MASK
            low, high = hands[h, 0], hands[h, 1]
            for k in range(wins.shape[1]):
                sums[total, k] += reach[h, k]
                sums[low, k] += reach[h, k]
                sums[high, k] += reach[h, k]
        for i in range(start, stop):  # weaker and equal ones: both sums less the whole are wins less losses
            _add_weaker(keys[i] & _MASK, hands, reach, sums, True, wins)
        start = stop
    for i in range(live):
        _add_weaker(keys[i] & _MASK, hands, reach, sums, True, met)


@kernel
def showdown_by_hand(boards: Any, hands: Any, reach: Any, space: Any, sums: Any, wins: Any, met: Any) -> None:
    """Sum over all hands of a range that can be held together with each hand, and over boards.

    wins[h, k] = sum_b sum_{h'} (1 + sign(h, h' on board b)) reach[h', k], and met[h, k] = sum_b sum_{h'} reach[h', k], both over h' that
    share no card with h and none with the board, and over boards that share none with h. So wins / (2 met) is the hand's equity: the share
    of the pot that it wins, a tie counting half.

    Args:
        boards: [n, b] u1, whole boards.
        hands: [H, 2] u1, all of the deck.
        reach: [H, lanes] f8, the opponent's reach, a lane a range.
        space: ``search.kernels.equity.EquitySpace``, room to work in.
        sums: [53, lanes] f8, room to work in: by card, then in total.
        wins: [H, lanes] f8, in place.
        met: [H, lanes] f8, in place.
    """
    wins[:] = 0
    met[:] = 0
    for b in range(len(boards)):
        strengths(boards[b], hands, space.power)
        live = sort_hands(space.power, space.keys, space.digits)
        _walk(space.keys[1], live, hands, reach, sums, wins, met)
