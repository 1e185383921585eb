"""Around a value function of public belief states: ranges as the shares that it sees, and its answers as zero-sum cfvs; means of cfvs.

B leaves; player 0 has H0 hands, player 1 has H1. ``weights`` [B, H0, H1] are chance's at each leaf.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from games.kernels import inlined_kernel, kernel


@inlined_kernel
def met(weights: Any, leaf: int, player: int, hand: int, other: Any) -> float:
    """Return what a hand of a player meets at a leaf: the other player's reach ``other`` [B, H'], weighted by chance."""
    total = 0.0
    for h in range(other.shape[1]):
        total += (weights[leaf, hand, h] if player == 0 else weights[leaf, h, hand]) * other[leaf, h]
    return total


@kernel
def see_ranges(reach: Any, live: Any, tremble: float, first: Any, features: Any) -> None:
    """Write a player's ranges into what a value function sees, in place, as shares that add up to one with some of every live hand.

    share[h] = (1 - tremble) * reach[h] * live[h] / sum + tremble * live[h] / number of live hands; even where the sum is 0.

    Args:
        reach: [B, H].
        live: [B, H], 1 for hands that can be there, 0 for others.
        tremble: see above.
        first: [B] column of the first hand.
        features: [B, D] f4.
    """
    for b in range(reach.shape[0]):
        total, count = 0.0, 0.0
        for h in range(reach.shape[1]):
            total += reach[b, h] * live[b, h]
            count += live[b, h]
        even = 1.0 / count
        for h in range(reach.shape[1]):
            share = reach[b, h] / total if total > 0.0 else even
            features[b, first[b] + h] = np.float32(live[b, h] * ((1.0 - tremble) * share + tremble * even))


@kernel
def see_values(weights: Any, values: Any, ranges: Any, first: Any, features: Any) -> None:
    """Write what each hand of both players is worth on average into what a value function sees, in place, if every pair has a value.

    For player 0 that is sum_j w[h, j] share[j] v[h, j] / sum_j w[h, j] share[j], and 0 for hands that meet nobody.

    Args:
        weights: [B, H0, H1].
        values: [B, H0, H1] of player 0; player 1's are the negative ones.
        ranges: per player [B], column of the first hand's share.
        first: per player [B], column of the first hand's value.
        features: [B, D] f4.
    """
    for b in range(weights.shape[0]):
        for h in range(weights.shape[1]):
            total, deals = 0.0, 0.0
            for j in range(weights.shape[2]):
                weight = weights[b, h, j] * np.float64(features[b, ranges[1, b] + j])
                deals += weight
                total += weight * values[b, h, j]
            features[b, first[0, b] + h] = np.float32(total / deals if deals > 0.0 else 0.0)
        for j in range(weights.shape[2]):
            total, deals = 0.0, 0.0
            for h in range(weights.shape[1]):
                weight = weights[b, h, j] * np.float64(features[b, ranges[0, b] + h])
                deals += weight
                total -= weight * values[b, h, j]
            features[b, first[1, b] + j] = np.float32(total / deals if deals > 0.0 else 0.0)


@kernel
def zero_sum_cfvs(player: int, values: Any, first: Any, stakes: Any, weights: Any, reach0: Any, reach1: Any, cfvs: Any) -> bool:
    """Write a player's cfvs from values in stakes, in place, moved so that both players' add up to nothing.

    Returns False, with cfvs left unfinished, where a value is NaN or infinite.

    cfv[h] = (stake * value[h] - shift) * what h meets; the shift is half of what both players' values, weighted by all deals, come to.

    Args:
        player: whose cfvs.
        values: [B, V] f4, both players'.
        first: per player [B], column of the first hand.
        stakes: [B] chips.
        weights: [B, H0, H1].
        reach0: [B, H0] player 0's range.
        reach1: [B, H1].
        cfvs: [B, H] of the player.
    """
    for b in range(stakes.shape[0]):
        total, mass = 0.0, 0.0
        for h in range(reach0.shape[1]):
            deals = met(weights, b, 0, h, reach1)
            if player == 0:
                cfvs[b, h] = deals
            value = np.float64(values[b, first[0, b] + h])
            if not np.isfinite(value):
                return False
            total += deals * reach0[b, h] * value
            mass += deals * reach0[b, h]
        for h in range(reach1.shape[1]):
            deals = met(weights, b, 1, h, reach0)
            if player == 1:
                cfvs[b, h] = deals
            value = np.float64(values[b, first[1, b] + h])
            if not np.isfinite(value):
                return False
            total += deals * reach1[b, h] * value
        shift = total / (2.0 * mass) if mass > 0.0 else 0.0
        for h in range(cfvs.shape[1]):
            cfvs[b, h] *= stakes[b] * (np.float64(values[b, first[player, b] + h]) - shift)
    return True


@kernel
def add_to_means(player: int, sums: Any, cfvs: Any, weights: Any, other: Any, decay: float) -> None:
    """Add an iteration to sums over iterations of a player's cfvs and of what each hand met, in place.

    Args:
        player: whose.
        sums: [2, B, H], scaled by ``decay`` before.
        cfvs: [B, H].
        weights: [B, H0, H1].
        other: [B, H'] the other player's ranges.
        decay: see above.
    """
    for b in range(cfvs.shape[0]):
        for h in range(sums.shape[2]):
            sums[0, b, h] = sums[0, b, h] * decay + cfvs[b, h]
            sums[1, b, h] = sums[1, b, h] * decay + met(weights, b, player, h, other)
