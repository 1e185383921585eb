"""What a network says of the rivers behind some leaves of a turn, as cfvs of all hands."""

from __future__ import annotations

from typing import Any

import numpy as np

from games.kernels import inner_kernel, kernel
from games.kernels.showdown import CARDS
from search.kernels.hand_values import Deck, meet


@kernel
def bucket_shares(reach: Any, index: Any, weight: Any, live: Any, rows: Any, column: int, count: int) -> None:
    """Write ranges at leaves into what a network sees of each river behind them, in place: shares by bucket, which add up to ``count``.

    Args:
        reach: [B, H] f8, a player's reach at the leaves.
        index: [R, H, m] i8, the buckets that each hand belongs to on each river.
        weight: [R, H, m] f8, how much of it.
        live: [R, H] b1, whether the river leaves the hand.
        rows: [B * R, D] f4, a leaf's rivers one after the other.
        column: of the first bucket.
        count: of buckets.
    """
    rivers = len(index)
    sums = np.empty(count)
    for b in range(len(reach)):
        for r in range(rivers):
            sums[:] = 0
            total = 0.0
            for h in range(reach.shape[1]):
                if live[r, h]:
                    x = reach[b, h]
                    total += x
                    for m in range(index.shape[2]):
                        sums[index[r, h, m]] += x * weight[r, h, m]
            scale = count / max(total, 1e-300)
            for k in range(count):
                rows[b * rivers + r, column + k] = sums[k] * scale


@inner_kernel
def _said(said: Any, row: int, column: int, index: Any, weight: Any, r: int, h: int) -> float:
    """Return what is said of a hand."""
    value = 0.0
    for m in range(index.shape[2]):
        value += weight[r, h, m] * said[row, column + index[r, h, m]]
    return value


@kernel
def add_said(
    player: int, first: Any, second: Any, index: Any, weight: Any, live: Any, hands: Any, said: Any, count: int, scale: Any, cfvs: Any,
) -> None:  # fmt: skip
    """Add to ``cfvs`` [B, H] what a network says beside checking down, over all rivers, in place; on each it adds up to nothing.

    Args:
        player: 0 for the player who acts first on the river, 1 for the other one.
        first: [B, H] f8, the reach of the one who acts first.
        second: [B, H] f8, the other one's.
        index: as above.
        weight: as above.
        live: as above.
        hands: [H, 2] u1.
        said: [B * R, 2 count] f4.
        count: of buckets.
        scale: [B] f8, chips in the pot, times the chance of a river.
        cfvs: see above.
    """
    rivers, size = len(index), len(hands)
    who = Deck(hands[:, 0], hands[:, 1], np.array([CARDS]))
    by_card, met, value = np.empty(CARDS), np.empty((2, size)), np.empty((2, size))
    for b in range(len(first)):
        for r in range(rivers):
            row = b * rivers + r
            meet(second[b : b + 1], live[r], who, by_card, met[:1])
            meet(first[b : b + 1], live[r], who, by_card, met[1:])
            excess = mass = 0.0
            for h in range(size):
                if live[r, h]:
                    value[0, h] = _said(said, row, 0, index, weight, r, h)
                    value[1, h] = _said(said, row, count, index, weight, r, h)
                    excess += first[b, h] * met[0, h] * value[0, h] + second[b, h] * met[1, h] * value[1, h]
                    mass += first[b, h] * met[0, h]
            shift = excess / (2 * mass) if mass > 0 else 0.0
            for h in range(size):
                if live[r, h]:
                    cfvs[b, h] += scale[b] * (value[player, h] - shift) * met[player, h]
