"""External-sampling MCCFR in hold'em: solves what no sweep can reach, on a card abstraction and a menu of bets.

An *iteration* draws a batch of deals. It traverses all of them for player 0, adds the regrets, then traverses the same deals for player 1.
Within a traversal of the batch the strategy stays as it is, so its traversals may run on any number of threads: what they add is added in
their order. Deals and sampled actions depend on the seed, the iteration and the number of the deal alone. So neither the number of threads
nor an interruption changes a bit of the tables.

Weights are those of Linear CFR (Brown & Sandholm 2019, "Solving imperfect-information games via discounted regret minimization"): what
iteration t adds counts t times, in regrets and averages. Nothing is ever discounted, sums grow instead. Actions with a very low regret are
left out of most traversals, and no regret falls far below the threshold for that, so that they can come back (Brown & Sandholm 2019,
"Superhuman AI for multiplayer poker").
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import accumulate, pairwise
from math import comb, inf
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from games.arrays import Float, Float32
from games.holdem.board_tree import count_boards
from games.holdem.rules import HoldemGame
from games.settings import bounded, check_bounds
from search.boards.flat_bets import FlatBets, Most, flat_bets, most_visited
from search.boards.strategy import shares_of
from search.kernels.mccfr import Cards, Deals, Log, Space, add_log, draw_deals, traverse

LOG_ENTRIES = 1 << 18  # of one piece of a log, at least
FLOOR = 1.05  # times the threshold: no regret falls lower


@dataclass(kw_only=True)
class Sampling:
    """How deals are sampled.

    Attributes:
        deals: of an iteration, each traversed once for each player.
        seed: of all sampling.
        pruned: share of traversals that leave out actions with a very low regret.
        prune_below: the regret that is very low, in stacks lost at the weight of the current iteration.
    """

    deals: int = bounded(4096, least=1, most=1 << 24)
    seed: int = bounded(0, most=2**63 - 1)
    pruned: float = bounded(0.95, below=1.0)
    prune_below: float = bounded(1000.0, above=0)

    def __post_init__(self) -> None:
        check_bounds(self, "trainer.sampling")


class _Worker:
    """One thread's share of a batch: its deals, its room and its logs."""

    def __init__(self, bets: FlatBets, cards: Cards, most: tuple[Most, Most], first: int, deals: int) -> None:
        self.bets, self.cards, self.most, self.first = bets.bets, cards, most, first
        streets = len(bets.sizes)
        self.deals = Deals(np.zeros((deals, 2, streets), np.uint32), np.zeros(deals, np.int8))
        decisions, acting, values = (max(pair) for pair in zip(*((m.decisions, m.acting, m.regrets) for m in most), strict=True))
        self.space = Space(
            decision=np.zeros(decisions, np.int32),
            up=np.zeros(decisions, np.int32),
            acting=np.zeros((acting, 3), np.int64),
            actions=np.zeros(acting, np.int32),
            strategy=np.zeros(values + 1, np.float32),
            value=np.zeros(values + 1),
        )
        self.pieces: list[tuple[Log, Log]] = []
        self.entries: list[tuple[int, int]] = []  # that each piece has now
        self.visited = 0

    def draw(self, seed: int, iteration: int) -> None:
        """Draw the deals of an iteration."""
        with np.errstate(over="ignore"):  # random numbers wrap around, which NumPy tells where kernels are not compiled
            draw_deals(self.cards, np.uint64(seed), iteration, self.first, self.deals)

    def traverse(self, regret: Float32, seed: int, iteration: int, player: int, pruning: tuple[np.float32, np.float32]) -> None:
        """Traverse the deals for one player into the logs."""
        most, used = self.most[player], np.zeros(4, np.int64)
        bounds, numbers = np.array([most.regrets, most.averages]), (np.uint64(seed), iteration, self.first)
        self.entries = []
        while used[0] < len(self.deals.sign):
            if len(self.entries) == len(self.pieces):
                self.pieces.append((_log(most.regrets), _log(most.averages)))
            logs = self.pieces[len(self.entries)]
            if len(logs[0].row) < most.regrets or len(logs[1].row) < most.averages:
                logs = self.pieces[len(self.entries)] = (_log(most.regrets), _log(most.averages))
            with np.errstate(over="ignore"):
                traverse(self.bets, regret, self.deals, numbers, player, float(iteration), pruning, self.space, *logs, bounds, used)
            self.entries.append((int(used[1]), int(used[2])))
        self.visited += int(used[3])


def _log(least: int) -> Log:
    entries = max(least, LOG_ENTRIES)
    return Log(np.zeros(entries, np.uint32), np.zeros(entries, np.float32))


class MCCFR:
    """A solve of one game by sampling.

    Args:
        game: whole, with a menu of bets; all hands are equally likely.
        cards: what deals are made of, see ``search.boards.card_buckets``.
        sizes: buckets of each street.
        sampling: settings.
        threads: of the traversals.

    Attributes:
        iterations: done so far.
        regret: [rows] f4, weighted sums; see ``FlatBets.rows_at``.
        average: [rows] f4, weighted sums of strategies.

    Raises:
        ValueError: a game with cards on the board before the first street, or ranges that do not hold all hands alike; a bucket that is not
            below its street's size.
    """

    def __init__(self, game: HoldemGame, cards: Cards, sizes: Sequence[int], sampling: Sampling, threads: int = 1) -> None:
        check_game(game)
        if threads < 1:
            raise ValueError(f"threads must be at least 1, got {threads}")
        _check_buckets(cards, sizes)
        self.game, self.sampling, self.threads = game, sampling, threads
        self.bets = flat_bets(game, sizes)
        self.regret = np.zeros(self.bets.rows, np.float32)
        self.average = np.zeros(self.bets.rows, np.float32)
        self.iterations = 0
        most = most_visited(self.bets.bets, 0), most_visited(self.bets.bets, 1)
        ends = np.linspace(0, sampling.deals, threads + 1).astype(int).tolist()
        self._workers = [_Worker(self.bets, cards, most, first, last - first) for first, last in pairwise(ends)]
        self._pool = ThreadPoolExecutor(threads) if threads > 1 else None
        self._compile(_Worker(self.bets, cards, most, 0, 1))

    @property
    def traversals(self) -> int:
        """Done so far, of both players."""
        return 2 * self.sampling.deals * self.iterations

    @property
    def visited(self) -> int:
        """Decisions that traversals of this object came to."""
        return sum(worker.visited for worker in self._workers)

    def run(self, iterations: int) -> None:
        """Do that many iterations."""
        for _ in range(iterations):
            t = self.iterations + 1
            self.draw(t)
            for player in (0, 1):
                self.update(player, t)
            self.iterations = t

    def draw(self, iteration: int) -> None:
        """Draw an iteration's deals."""
        self._each(lambda worker: worker.draw(self.sampling.seed, iteration), self._workers)

    def update(self, player: int, iteration: int) -> None:
        """Traverse the deals that were drawn for one player, and add what comes of it to the tables."""
        sampling = self.sampling
        threshold = -sampling.prune_below * self.game.stack * iteration if sampling.pruned else -inf
        pruning = np.float32(sampling.pruned), np.float32(threshold)
        self._each(lambda worker: worker.traverse(self.regret, sampling.seed, iteration, player, pruning), self._workers)
        self._each(lambda table: self._add(*table), [(0, self.regret, FLOOR * threshold), (1, self.average, -inf)])

    def _compile(self, idle: _Worker) -> None:
        """Compile all kernels, by a deal whose log is not added to the tables."""
        idle.draw(0, 1)
        idle.traverse(self.regret, 0, 1, 0, (np.float32(0.0), np.float32(-inf)))
        add_log(_log(1), 0, -inf, self.regret)

    def _add(self, which: int, table: Float32, floor: float) -> None:
        """Add all logs of one kind to a table, in the order of traversals."""
        for worker in self._workers:
            for piece, entries in zip(worker.pieces, worker.entries, strict=False):
                add_log(piece[which], entries[which], floor, table)

    def _each(self, work: Callable[[Any], None], arguments: Sequence[Any]) -> None:
        list(map(work, arguments) if self._pool is None else self._pool.map(work, arguments))

    def state(self) -> dict[str, npt.NDArray[Any]]:
        """Return the arrays that solving on needs, by name; not copies."""
        return {"regret": self.regret, "average": self.average}

    def restore(self, arrays: Mapping[str, npt.NDArray[Any]], iterations: int) -> None:
        """Go on from another solver's ``state`` of the same game, buckets and sampling."""
        for name, table in self.state().items():
            table[:] = arrays[name]
        self.iterations = iterations

    def strategy_at(self, decision: int) -> Float:
        """Return [A, K], the average strategy of each bucket at a decision; uniform where no traversal came."""
        return shares_of(self.average[self.bets.rows_at(decision)].T.astype(np.float64))


def check_game(game: HoldemGame) -> None:
    """Refuse a game that cannot be sampled; see ``MCCFR``."""
    if game.board:
        raise ValueError(f"game must begin without public cards to be sampled, got {len(game.root.cards)} of them")
    if any((weights != weights[0]).any() for weights in game.ranges):
        raise ValueError("game.ranges must be full to be sampled, got others")


def _check_buckets(cards: Cards, sizes: Sequence[int]) -> None:
    """Refuse buckets that a table has no rows for: kernels would write elsewhere."""
    streets = np.split(cards.bucket, cards.bucket_start[1:])
    for street, (buckets, size) in enumerate(zip(streets, sizes, strict=True)):
        if (largest := int(buckets.max())) >= size:
            raise ValueError(f"buckets of street {street} must be below {size:,}, got {largest:,}")


class Sizes(NamedTuple):
    """What a solve takes, in numbers."""

    rows: int  # of each of its tables
    buckets: int  # of hands on all boards up to suits
    boards: int  # that are numbered


def mccfr_sizes(game: HoldemGame, sizes: Sequence[int]) -> Sizes:
    """Return what a solve with so many buckets on each street takes; nothing is made but the tree of bets."""
    counts, cards = [*accumulate(game.deals)], len(game.deck.cards())
    buckets = sum(count_boards(game.deck, count) for count in counts) * len(game.hands)
    return Sizes(flat_bets(game, sizes).rows, buckets, sum(comb(cards, count) for count in counts))
