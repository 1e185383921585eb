"""Every subgame that begins with a street, searched: what a street of an agent's play is, tabulated.

Boards are independent work. A journal keeps those that are done, so that a sweep that was stopped goes on where it was.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from queue import SimpleQueue
from typing import Protocol

import numpy as np

from games.board_subtree import entering, street_lines
from games.board_tree import BoardTree
from games.holdem import HoldemGame
from games.kernels.boards import CHILD, CHILD_END, STREET
from search.board_search import Answer, BoardSearch, SearchReport, StreetSearch
from search.board_trunk import Arrival, SoFar, Strategies, Trunk, board_weights
from search.gadgets import WITH_GIFTS
from search.variants import Variant


class Journal(Protocol):
    """Where the boards of a street that are done are kept."""

    def restore(self, out: Strategies) -> Mapping[int, SearchReport]:
        """Put the answers of kept boards into ``out``, in place; return their reports by board."""
        ...

    def add(self, board: int, report: SearchReport, out: Strategies) -> None:
        """Keep a board whose answers are in ``out``."""
        ...


def search_street(
    game: HoldemGame,
    tree: BoardTree,
    strategies: Strategies,
    seat: int,
    search: StreetSearch,
    variant: Variant,
    workers: int = 1,
    threads: int = 1,
    progress: Callable[[int, int], None] | None = None,
    known: Sequence[SoFar] | None = None,
    journal: Journal | None = None,
) -> tuple[Strategies, SearchReport]:
    """Search every subgame that begins with a street, for one seat.

    Args:
        game: whole.
        tree: its board tree.
        strategies: so far.
        seat: who searches.
        search: how.
        variant: of CFR.
        workers: boards that are searched at the same time.
        threads: kernel threads of each.
        progress: called with boards done and boards in all.
        known: see ``Trunk``.
        journal: of the same search; none keeps nothing.

    Returns:
        The strategies so far from here on, the street's searched; and what the search came to.
    """
    nodes = entering(game, search.street)
    apart = [[node] for node in nodes] if search.budget.seconds is not None else [nodes]
    lines = [street_lines(game, own, tree.weight.dtype) for own in apart]
    weights = board_weights(tree)
    pool: SimpleQueue[list[BoardSearch]] = SimpleQueue()
    for _ in range(workers):
        pool.put([BoardSearch(game, tree, own, variant, threads) for own in lines])
    out = (np.array(strategies[0]), np.array(strategies[1]))
    kept = {} if journal is None else journal.restore(out)
    total = SearchReport()
    boards = int((tree.boards[:, STREET] == search.street).sum())

    def solve(task: tuple[int, Arrival]) -> tuple[int, SearchReport]:
        board, searchers, found = task[0], pool.get(), SearchReport()
        try:
            for searcher in searchers:
                report, answer = searcher.solve(*task, strategies, seat, search)
                put(answer)
                found.add(report, float(weights[board]) / game.deal_mass)
        finally:
            pool.put(searchers)
        return board, found

    def put(answer: Answer | None) -> None:
        if answer is not None:
            for p in (0, 1):
                answer.part.put(p, answer.average[p], out[p])

    def tasks() -> Iterator[tuple[int, Arrival]]:
        giver = 1 - seat if search.gadget in WITH_GIFTS else None
        for arrival in Trunk(game, tree, strategies, search.street, giver, search.bounds == "safe", known).arrivals():
            children = (0, 1) if arrival.board < 0 else tree.boards[arrival.board, CHILD : CHILD_END + 1].tolist()
            yield from ((board, arrival) for board in range(*children))

    missing = [task for task in tasks() if task[0] not in kept] if len(kept) < boards else []  # the way there is outside all clocks
    if missing and search.warm_start != "never" and not search.worth:
        every = BoardSearch(game, tree, street_lines(game, nodes, tree.weight.dtype), variant)
        search = replace(search, worth=every.worth(*next(tasks()), strategies))
    if missing and search.budget.seconds is not None:  # load the kernels and learn the machine's speed outside every clock
        for _ in range(workers):
            searchers = pool.get()
            for searcher in searchers:
                searcher.warm_up(*missing[0], strategies, seat, search)
            pool.put(searchers)
    for report in kept.values():
        total.add(report)
    with ThreadPoolExecutor(workers) as running:
        for done, (board, report) in enumerate(running.map(solve, missing), len(kept) + 1):
            total.add(report)
            if journal is not None:
                journal.add(board, report, out)
            if progress is not None:
                progress(done, boards)
    return out, total
