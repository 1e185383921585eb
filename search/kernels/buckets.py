"""Between hands and buckets: what an abstraction adds to a sweep of the whole game."""

from __future__ import annotations

from typing import Any

import numpy as np

from games.kernels import LANES, kernel


@kernel
def fold(rows: Any, bucket: Any, weight: Any, stride: int, table: Any) -> None:
    """Add each hand's numbers to its bucket's: table[bucket[t, lane], r] += weight[t, lane] * rows[t * stride + r, lane], in place.

    Args:
        rows: [tiles * stride, 8] of one street.
        bucket: [tiles, 8] i4; negative for padding.
        weight: [tiles, 8] what a hand counts for.
        stride: rows a tile.
        table: [buckets, stride].
    """
    for t in range(bucket.shape[0]):
        for lane in range(LANES):
            k = np.int64(bucket[t, lane])
            if k >= 0:
                for r in range(stride):
                    table[k, r] += weight[t, lane] * rows[t * stride + r, lane]


@kernel
def expand(table: Any, bucket: Any, stride: int, rows: Any) -> None:
    """Give each hand its bucket's numbers, padding zeros: rows[t * stride + r, lane] = table[bucket[t, lane], r], in place."""
    for t in range(bucket.shape[0]):
        for lane in range(LANES):
            k = np.int64(bucket[t, lane])
            for r in range(stride):
                rows[t * stride + r, lane] = table[k, r] if k >= 0 else 0
