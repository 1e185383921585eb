"""What a small network says of leaves as cfvs, pair of hands by pair of hands."""

from __future__ import annotations

import numpy as np


def network(rows, layers):
    """Return what layers of rectified sums make of rows; the last one is not rectified."""
    z = rows.astype(np.float64)
    for i, (weight, bias) in enumerate(layers):
        z = z @ weight.astype(np.float64) + bias
        if i + 1 < len(layers):
            z = np.maximum(z, 0)
    return z


def cfvs(player, reach, live, hands, equity, paid, tremble, rows, layers):
    """Return [B, H]; equity [H, H] is a hand's against each other one."""
    count = len(live)
    seen, meet = rows.copy(), np.zeros((count, count))
    for i in range(count):
        for j in range(count):
            meet[i, j] = live[i] * live[j] * (not set(hands[i].tolist()) & set(hands[j].tolist()))
    for p in (0, 1):
        for b, own in enumerate(reach[p] * live):
            share = own / own.sum() if own.sum() > 0 else live / live.sum()
            share = (1 - tremble) * share + tremble * live / live.sum()
            first = rows.shape[1] - (4 - p) * count
            seen[b, first : first + count] = share
            met, won = meet @ share, (equity * meet) @ share
            first = rows.shape[1] - (1 + p) * count  # of the other player
            seen[b, first : first + count] = [w / m if m > 0 else 0.0 for w, m in zip(won, met, strict=True)]
    said = network(seen, layers)
    found = []
    for b in range(len(rows)):
        met = [meet @ reach[1 - p][b] for p in (0, 1)]
        beside = [said[b, p * count : (p + 1) * count] * met[p] for p in (0, 1)]
        total, mass = sum(beside[p] @ reach[p][b] for p in (0, 1)), met[0] @ reach[0][b]
        shift = total / (2 * mass) if mass > 0 else 0.0
        checked = (equity * meet) @ reach[1 - player][b]
        found.append(paid[b] * (checked + beside[player] - shift * met[player]))
    return np.array(found)
