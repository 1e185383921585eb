"""Card abstraction: hands that are about as strong, and about as likely to change, share a bucket.

Strengths are those of ``search.boards.strengths``. k-means on them is SciPy's.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence

import numpy as np

from games.arrays import Bool, Float, Float32, Int
from games.holdem.board_tree import BoardTree
from games.holdem.cards import Cards
from games.holdem.rules import HoldemGame
from search.boards.bucket_solver import Buckets, in_tiles, lossless_buckets
from search.boards.card_buckets import CardAbstraction, features_of
from search.boards.strengths import hand_features

SAMPLE = 20_000  # points that k-means looks at; the rest go to the nearest centre
ROUNDS = 10  # of k-means
BOARDS = (500, 200, 50)  # that are drawn for the features of a street, by public cards that are still to come
STRONG = 0.2  # share of hands that are strong before the first public cards
MOST_BUCKETS = 1 << 16


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


def make_card_abstraction(game: HoldemGame, sizes: Sequence[int], seed: int = 0) -> CardAbstraction:
    """Return so many buckets on each street after the first, made from boards that are drawn; see ``search.boards.card_buckets``.

    Args:
        game: without public cards before the first street.
        sizes: buckets of every street but the first, whose hands share a bucket where suits make them equal.
        seed: of the boards and of k-means.

    Raises:
        ValueError: ``sizes`` has not a number from 1 to 65,536 for each street after the first.
    """
    streets = len(game.deals)
    if len(sizes) != streets - 1 or not all(1 <= size <= MOST_BUCKETS for size in sizes):
        raise ValueError(f"buckets must be a number in 1..{MOST_BUCKETS:,} for each of {streets - 1} streets, got {list(sizes)}")
    rng = np.random.default_rng(seed)
    groups = _opponent_groups(game, rng)
    centres = []
    for street, size in enumerate(sizes, 1):
        shown, missing = sum(game.deals[: street + 1]), sum(game.deals[street + 1 :])
        boards = _drawn_boards(game, shown, BOARDS[min(missing, len(BOARDS) - 1)], rng)
        features = features_of(game.deck, boards, missing, groups)
        points = features[_live(game, boards)].astype(np.float64)
        if len(points) > SAMPLE:
            points = points[rng.choice(len(points), SAMPLE, replace=False)]
        rows = _centres(np.unique(points.round(9), axis=0), size, seed).astype(np.float32)
        centres.append(np.ascontiguousarray(rows[np.lexsort(rows.T[::-1])]))
    return CardAbstraction(game.deck, game.deals, groups, tuple(centres))


def _drawn_boards(game: HoldemGame, shown: int, count: int, rng: np.random.Generator) -> Cards:
    """Return [count, shown] boards."""
    return np.array([rng.choice(game.deck.cards(), shown, replace=False) for _ in range(count)], np.uint8)


def _live(game: HoldemGame, boards: Cards) -> Bool:
    """Return [boards, H], which hands hold no card of the board."""
    live: Bool = ~(game.hands[None, :, :, None] == boards[:, None, None, :]).any(axis=(2, 3))
    return live


def _opponent_groups(game: HoldemGame, rng: np.random.Generator) -> Float32:
    """Return [G, H], groups of opponents' hands: all, and those that are strong before the first public cards.

    Strength is the mean over boards that are drawn; hands that suits make equal have the same.
    """
    every = np.ones((1, len(game.hands)), np.float32)
    boards = _drawn_boards(game, sum(game.deals), BOARDS[0], rng)
    shares, live = features_of(game.deck, boards, 0, every)[:, :, 0], _live(game, boards)
    classes = CardAbstraction(game.deck, game.deals, every, ()).classes
    sums, counts = np.bincount(classes, (shares * live).sum(axis=0)), np.bincount(classes, live.sum(axis=0))
    mean = (sums / counts)[classes]
    strong = mean >= np.quantile(mean, 1 - STRONG)
    return np.concatenate([every, strong[None].astype(np.float32)])


def _cluster(points: Float, size: int, seed: int) -> Int:
    """Return [points], the cluster of each; as many as asked for, or fewer where fewer points differ."""
    from scipy.spatial import cKDTree

    distinct, inverse = np.unique(points.round(9), axis=0, return_inverse=True)
    if len(distinct) <= size:
        return inverse.reshape(-1)
    nearest = cKDTree(_centres(distinct, size, seed)).query(distinct)[1]
    labels = np.unique(nearest, return_inverse=True)[1]
    return labels.reshape(-1)[inverse.reshape(-1)]


def _centres(distinct: Float, size: int, seed: int) -> Float:
    """Return the centres of clusters of points that differ; the points themselves where there are not more than ``size``."""
    from scipy.cluster.vq import kmeans2  # slow to import, and needed only here

    if len(distinct) <= size:
        return distinct
    rng = np.random.default_rng(seed)
    sample = distinct if len(distinct) <= SAMPLE else distinct[rng.choice(len(distinct), SAMPLE, replace=False)]
    start = sample[np.sort(rng.choice(len(sample), size, replace=False))]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # a cluster that has become empty: there are fewer buckets then
        centres: Float = kmeans2(sample, start, iter=ROUNDS, minit="matrix")[0]
    return centres
