"""Card abstraction: hands that are about as strong, and about as likely to change, share a bucket.

Strengths are those of ``search.boards.strengths``. k-means on them is SciPy's.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence

import numpy as np

from games.arrays import Float, Int
from games.holdem.board_tree import BoardTree
from games.holdem.rules import HoldemGame
from search.boards.bucket_solver import Buckets, in_tiles, lossless_buckets
from search.boards.strengths import hand_features

SAMPLE = 20_000  # points that k-means looks at; the rest go to the nearest centre
ROUNDS = 10  # of k-means


def make_buckets(game: HoldemGame, tree: BoardTree, sizes: Sequence[int], seed: int = 0) -> tuple[list[Buckets], list[Buckets]]:
    """Return per player and round [tiles, 8], the bucket of each hand, of so many buckets a round; 0 keeps every hand of every board apart.

    Raises:
        ValueError: ``sizes`` has not a number for each round, or a negative one.
    """
    streets = len(game.deals)
    if len(sizes) != streets or min(sizes) < 0:
        raise ValueError(f"buckets must be a number of at least 0 for each of {streets} streets, got {list(sizes)}")
    buckets: list[list[Buckets]] = [[], []]
    for p in (0, 1):
        features = hand_features(game, tree, p) if any(sizes) else []
        for s, size in enumerate(sizes):
            if not size:
                buckets[p].append(lossless_buckets(tree, p, s))
                continue
            labels = _cluster(np.concatenate(features[s]), size, seed)
            ends = np.cumsum([len(board) for board in features[s]])
            buckets[p].append(in_tiles(np.split(labels, ends[:-1])))
    return buckets[0], buckets[1]


def _cluster(points: Float, size: int, seed: int) -> Int:
    """Return [points], the cluster of each; as many as asked for, or fewer where fewer points differ."""
    from scipy.cluster.vq import kmeans2  # slow to import, and needed only here
    from scipy.spatial import cKDTree

    distinct, inverse = np.unique(points.round(9), axis=0, return_inverse=True)
    if len(distinct) <= size:
        return inverse.reshape(-1)
    rng = np.random.default_rng(seed)
    sample = distinct if len(distinct) <= SAMPLE else distinct[rng.choice(len(distinct), SAMPLE, replace=False)]
    start = sample[np.sort(rng.choice(len(sample), size, replace=False))]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # a cluster that has become empty: there are fewer buckets then
        centres, _ = kmeans2(sample, start, iter=ROUNDS, minit="matrix")
    nearest = cKDTree(centres).query(distinct)[1]
    labels = np.unique(nearest, return_inverse=True)[1]
    return labels.reshape(-1)[inverse.reshape(-1)]
