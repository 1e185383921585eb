"""Hold'em played decision by decision: the subgame that a street begins is solved for the one line that was taken, and played from.

A decision's clock runs from the request to the policy. Ranges are followed along the line by Bayes; gifts of the blueprint were computed
once, when the agent was loaded, and those of a search are left by the pass that judges its answer.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache
from typing import cast

import numpy as np

from agents.agent import Decision
from agents.board_blueprint import BoardBlueprint
from games.game import line_of
from games.holdem.rules import HoldemState
from games.holdem.subtree import entering, street_lines
from games.kernels.boards import STREET
from search import Budget, Variant
from search.boards.overlay import overlay
from search.boards.path import Paths, Root
from search.boards.search import SPARE, Answer, BoardSearch, SearchReport, StreetSearch
from search.boards.strategy import BoardStrategy
from search.boards.trunk import Float, SoFar, Strategies, Trunk, root_reach
from search.budget import Deadline, Pace
from search.gadgets import WITH_GIFTS

PAGE = 128  # rows of 32 bytes, at least one of every page of a mapped file


@dataclass(frozen=True)
class Thought:
    """What a seat knows in the middle of a hand.

    Attributes:
        street: the last one whose search is over; -1 before any.
        strategies: so far.
        root: of the last search whose bounds are known, or of the game.
    """

    street: int
    strategies: SoFar
    root: Root


@lru_cache(maxsize=16)
def worth_of(blueprint: BoardBlueprint, variant: Variant, street: int) -> int:
    """Return what a blueprint counts for in warm starts on a street; see ``BoardSearch.worth``."""
    game, tree, strategies = blueprint.game, blueprint.tree, blueprint.strategies()
    first = int(np.flatnonzero(tree.boards[:, STREET] == street)[0])
    every = BoardSearch(game, tree, street_lines(game, entering(game, street), tree.weight.dtype), variant)
    return every.worth(first, next(Trunk(game, tree, strategies, street).arrivals()), strategies)


class StreetPlay:
    """A blueprint and what searches from it, ready to play. It keeps nothing of a hand: that is in thoughts.

    Args:
        blueprint: of the whole game.
        variant: of CFR.
        searches: of each street where subgames begin, in order; their budgets do not count.
        threads: kernel threads of a decision.
    """

    def __init__(self, blueprint: BoardBlueprint, variant: Variant, searches: tuple[StreetSearch, ...], threads: int) -> None:
        self.game, self.tree, self.variant, self.threads = blueprint.game, blueprint.tree, variant, threads
        self.searches, self.last = searches, searches[-1].street if searches else 0
        strategies = blueprint.strategies()
        self.blueprint: SoFar = strategies
        self.find = lru_cache(maxsize=4096)(self._strategy(self.blueprint).find)
        self.paths, self._answering = Paths(self.game, self.tree), Pace()
        self._counts = (len(self.tree.cards[0]) + np.cumsum([0, *self.game.deals[1:]])).tolist()
        self._start = Thought(-1, self.blueprint, self.paths.start())
        self._searchers: dict[int, BoardSearch] = {}
        self._gifts: dict[tuple[int, int], Float] = {}  # by seat and board: of the blueprint, as the opponent leaves the board
        for rows in strategies if searches else ():
            rows[::PAGE, 0].max()  # what is not in memory is read now, not in a decision
        for search in searches:
            for node in entering(self.game, search.street):
                searcher = BoardSearch(self.game, self.tree, street_lines(self.game, [node], self.tree.weight.dtype), variant, threads)
                searcher.warm_up(self.blueprint, 0, search, self._copied, self.last)
                self._searchers[node] = searcher
        if searches and searches[0].gadget in WITH_GIFTS:
            for seat in (0, 1):
                self._keep_gifts(seat, {search.street for search in searches}, searches[0].bounds == "safe")

    def _keep_gifts(self, seat: int, wanted: set[int], best: bool) -> None:
        """Compute the gifts of a seat's opponent on the way to some streets, evaluated as sweeps over these streets do."""
        known = [self.blueprint]
        for street in range(1, self.last):
            known.append((self.blueprint[0], self.blueprint[1]) if street in wanted else known[-1])
        self._gifts[seat, -1] = np.zeros((len(root_reach(self.game, 1 - seat)), 1))
        for arrival in Trunk(self.game, self.tree, self.blueprint, self.last, 1 - seat, best, known).departures():
            if arrival.gifts is not None and arrival.board >= 0 and int(self.tree.boards[arrival.board, STREET]) + 1 in wanted:
                self._gifts[seat, arrival.board] = arrival.gifts

    def decide(self, seat: int, state: HoldemState, thought: Thought | None, budget: Budget) -> Decision:
        """See ``agents.agent.Agent``."""
        clock, place = Deadline(budget.seconds), self.game.locate(state)
        if place is None:
            raise ValueError(f"bets must be of the game's menus, got {' / '.join(line_of(self.game, state))}")
        node, cards = place
        found, total, root = thought or self._start, SearchReport(), None
        for search in self.searches:
            if found.street < search.street <= int(self.game.bets.round[node]):
                entry = self._entry(node, search.street)
                board, _ = self.find(cards[: self._counts[search.street]])
                found, report = self._searched(
                    seat, entry, board, found, replace(search, budget=budget), clock.sooner(SPARE * self._answering.expected)
                )
                total.add(report)
                root = entry if report.solves else root
        searched = clock.spent()
        policy = self._strategy(found.strategies).at_board(node, *self.find(cards))
        seconds = clock.spent()
        self._answering.learn(seconds - searched)
        return Decision(policy, found, seconds, sum(total.iterations), root, total.kept > 0, spent=total.spent)

    def _searched(
        self, seat: int, entry: int, board: int, before: Thought, search: StreetSearch, clock: Deadline
    ) -> tuple[Thought, SearchReport]:
        """Solve the subgame at a board for one line."""
        giver = 1 - seat if search.gadget in WITH_GIFTS else None
        arrival = self.paths.follow(before.root, entry, board, before.strategies, giver, search.bounds == "safe")
        if giver is not None and before.root.left is None:
            arrival = arrival._replace(gifts=self._gifts[seat, arrival.board][:, [entering(self.game, search.street).index(entry)]])
        played: list[Thought] = []

        def deliver(answer: Answer) -> None:
            played.append(Thought(search.street, overlay(before.strategies, answer), Root(entry, board, arrival, answer.left)))

        report, answer = self._searchers[entry].solve(board, arrival, before.strategies, seat, search, deliver, clock, self.last)
        if played:
            return played[0], report
        left = None if answer is None else answer.left
        return Thought(search.street, before.strategies, before.root if left is None else Root(entry, board, arrival, left)), report

    def _copied(self, answer: Answer) -> None:
        overlay(self.blueprint, answer)

    def _strategy(self, rows: SoFar) -> BoardStrategy:
        return BoardStrategy(self.game, self.tree, cast("Strategies", rows))  # it reads slices, which an overlay has

    def _entry(self, node: int, street: int) -> int:
        """Return the node on the way to a node that enters a street."""
        bets = self.game.bets
        while node > 0 and bets.round[bets.parent[node]] >= street:
            node = int(bets.parent[node])
        return node
