"""Re-solve every subgame at the start of a round, and write the answers into one table.

Boards are independent work. A journal keeps those that are done, so that a sweep that was stopped goes on where it was.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from queue import SimpleQueue
from typing import Protocol

import numpy as np

from games.holdem.board_tree import BoardTree
from games.holdem.rules import HoldemGame, HoldemState
from games.holdem.subtree import Lines, entering, street_lines
from games.kernels.boards import CHILD, CHILD_END, STREET
from search.beliefs import Beliefs, Float
from search.boards.limited_subgames import LimitedBoardSubgames, Visits
from search.boards.path import Paths
from search.boards.promises import Promises
from search.boards.strategy import BoardStrategy
from search.boards.subgames import Answer, BoardSubgames
from search.boards.trunk import StoredStrategies, Strategies, Trunk, board_weights
from search.budget import SPARE, Budget, Deadline, Pace, Spent
from search.frontier import LeafEvaluator
from search.resolving import ResolveConfig, Resolved, SearchReport, SubgameSolver, resolve
from search.variants import Variant

SAME_SUITS = np.arange(4, dtype=np.uint8)


class Journal(Protocol):
    """Where the boards of a street that are done are kept."""

    def restore(self, out: Strategies) -> Mapping[int, SearchReport]:
        """Put the answers of kept boards into ``out``, in place; return their reports by board."""
        ...

    def add(self, board: int, report: SearchReport, out: Strategies) -> None:
        """Keep a board whose answers are in ``out``."""
        ...


def resolve_round(
    game: HoldemGame,
    tree: BoardTree,
    strategies: Strategies,
    street: int,
    seat: int,
    config: ResolveConfig,
    budget: Budget,
    variant: Variant,
    worth: int | None = None,
    workers: int = 1,
    threads: int = 1,
    progress: Callable[[int, int], None] | None = None,
    known: Sequence[StoredStrategies] | None = None,
    journal: Journal | None = None,
    until: int = 0,
    searched: Collection[int] = (),
    leaves: LeafEvaluator[HoldemState] | None = None,
    promises: Promises | None = None,
    visits: dict[int, list[Visits]] | None = None,
) -> tuple[Strategies, SearchReport]:
    """Search every subgame that begins with a street, for one seat.

    With a budget in seconds, or a price, each line is solved by itself, and its clock runs from the request to the policy as it does at the
    table. What an agent computes once for a game (gifts of a blueprint, the speed of the machine), or is left with by a search above, is
    outside of it: ``SearchReport.loading``.

    Args:
        game: whole.
        tree: its board tree.
        strategies: so far.
        street: where subgames begin.
        seat: who searches.
        config: how.
        budget: of each solve.
        variant: of CFR.
        worth: iterations that the strategies count for in a warm start; None finds it out.
        workers: boards that are searched at the same time.
        threads: kernel threads of each.
        progress: called with boards done and boards in all.
        known: see ``Trunk``.
        journal: of the same search; none keeps nothing.
        searched: streets above that were searched before; see ``Trunk``.
        until: the last street that will be searched: decisions by the clock leave values for it, see ``BoardSubgames``.
        leaves: says what the leaves are worth where subgames end before the next card; none lets them go on to the end of the game.
        promises: says what the opponent's hands are promised where subgames begin, see ``search.resolving.resolve``; none leaves that to
            the strategies so far.
        visits: gets those of searches that end at leaves, by board.

    Returns:
        The strategies so far from here on, the street's searched; and what the search came to.
    """
    begun, apart = time.perf_counter(), budget.seconds is not None or budget.price is not None
    nodes = entering(game, street)
    streets = None if leaves is None else 1
    lines = [street_lines(game, own, tree.weight.dtype, streets) for own in ([[node] for node in nodes] if apart else [nodes])]
    weights, paths, reading = board_weights(tree), Paths(game, tree), Pace()
    pool: SimpleQueue[list[BoardSubgames | LimitedBoardSubgames]] = SimpleQueue()

    def searcher_of(own: Lines) -> BoardSubgames | LimitedBoardSubgames:
        if leaves is not None:
            return LimitedBoardSubgames(game, tree, own, variant, leaves)
        return BoardSubgames(game, tree, own, variant, threads, until=until if apart and config.with_gifts else 0)

    for _ in range(workers):
        pool.put([searcher_of(own) for own in lines])
    out = (np.array(strategies[0]), np.array(strategies[1]))
    kept = {} if journal is None else journal.restore(out)
    total = SearchReport()
    boards = int((tree.boards[:, STREET] == street).sum())

    def solve(task: tuple[int, Beliefs]) -> tuple[int, SearchReport]:
        (board, arrival), searchers, found = task, pool.get(), SearchReport()
        try:
            for line, searcher in enumerate(searchers):
                if apart:
                    report = decide(board, arrival, line, searcher)
                else:
                    clock = Deadline(budget.seconds)
                    promised = None if promises is None else promises.at(nodes, *task, 1 - seat)
                    report = solved(searcher, *task, clock, promised)
                found.add(report, float(weights[board]) / game.deal_mass)
        finally:
            pool.put(searchers)
        return board, found

    def solved(
        searcher: SubgameSolver[StoredStrategies, Answer], board: int, beliefs: Beliefs, clock: Deadline, promised: Float | None
    ) -> SearchReport:
        """Solve what is asked for within the clock, and put the answer among the others."""
        return resolve(searcher, board, beliefs, strategies, seat, config, budget, clock, worth=warm, promised=promised, deliver=put).report

    def decide(board: int, arrival: Beliefs, line: int, searcher: SubgameSolver[StoredStrategies, Answer]) -> SearchReport:
        """Solve one line by the clock, which runs from the request to the policy as at the table; only gifts are there already."""
        clock = Deadline(budget.seconds)
        own = paths.follow(paths.start(), nodes[line], board, strategies)
        own = own._replace(gifts=None if arrival.gifts is None else arrival.gifts[:, [line]])
        limit = clock.sooner(SPARE * reading.expected)
        promised = None if promises is None else promises.at([nodes[line]], board, own, 1 - seat)
        report = solved(searcher, board, own, limit, promised)
        searching, whole = clock.spent(), BoardStrategy(game, tree, out)
        first = next((n for n in range(nodes[line], int(game.bets.end[nodes[line]])) if game.bets.player[n] == seat), None)
        if first is not None:
            whole.at_board(first, board, SAME_SUITS)
        seconds = clock.spent()
        reading.learn(seconds - searching)
        report.seconds = [seconds] * len(report.seconds)
        if report.solves:
            report.spent += Spent(judging=seconds - searching)
        return report

    def put(found: Resolved[Answer]) -> None:
        answer = found.answer
        assert answer is not None
        for p in (0, 1):
            answer.part.put(p, answer.average[p], out[p])
        if visits is not None and leaves is not None:
            visits.setdefault(answer.part.boards[0].start, []).append(found.left)

    def tasks() -> Iterator[tuple[int, Beliefs]]:
        giver = 1 - seat if config.with_gifts else None
        for arrival in Trunk(game, tree, strategies, street, giver, config.bounds == "safe", known, searched).arrivals():
            children = (0, 1) if arrival.place < 0 else tree.boards[arrival.place, CHILD : CHILD_END + 1].tolist()
            yield from ((board, arrival) for board in range(*children))

    missing = [task for task in tasks() if task[0] not in kept] if len(kept) < boards else []
    warm = worth or 0
    if missing and worth is None and config.warm_start != "never":
        every = BoardSubgames(game, tree, street_lines(game, nodes, tree.weight.dtype), variant)
        warm = every.worth(*next(tasks()), strategies)
    if missing and apart:  # load the kernels and learn the machine's speed
        for _ in range(workers):
            searchers = pool.get()
            for searcher in searchers:
                searcher.warm_up(strategies, config, warm, None)
            pool.put(searchers)
    for report in kept.values():
        total.add(report)
    total.loading = time.perf_counter() - begun
    with ThreadPoolExecutor(workers) as running:
        for done, (board, report) in enumerate(running.map(solve, missing), len(kept) + 1):
            total.add(report)
            if journal is not None:
                journal.add(board, report, out)
            if progress is not None:
                progress(done, boards)
    return out, total
