"""Hands that suits make alike, made to play alike."""

from __future__ import annotations

from typing import Any

import numpy as np

from games.kernels import LANES, kernel


@kernel
def average_orbits(rows: Any, board_first: Any, board_stride: Any, board_orbits: Any, first: Any, members: Any, space: Any) -> None:
    """Give each hand the mean row of its orbit, in place. What is equal already stays as it is, to the bit.

    Args:
        rows: [stored rows, 8], f4 or f8.
        board_first: [B] first stored row of each board.
        board_stride: [B] rows of each board's tiles.
        board_orbits: [B, 2] of each board the first orbit and one past the last.
        first: [orbits + 1] see ``games.kernels.boards.Orbits``.
        members: likewise.
        space: [the longest stride] f8, written over.
    """
    for b in range(len(board_first)):
        stride = board_stride[b]
        for k in range(board_orbits[b, 0], board_orbits[b, 1]):
            low, high = np.int64(first[k]), np.int64(first[k + 1])
            member = np.int64(members[low])
            base, own = board_first[b] + member // LANES * stride, member % LANES
            for r in range(stride):
                space[r] = 0.0
            for m in range(low + 1, high):
                member = np.int64(members[m])
                at, lane = board_first[b] + member // LANES * stride, member % LANES
                for r in range(stride):
                    space[r] += np.float64(rows[at + r, lane]) - np.float64(rows[base + r, own])
            share = 1.0 / (high - low)
            for r in range(stride):
                space[r] = np.float64(rows[base + r, own]) + share * space[r]
            for m in range(low, high):
                member = np.int64(members[m])
                at, lane = board_first[b] + member // LANES * stride, member % LANES
                for r in range(stride):
                    rows[at + r, lane] = space[r]
