"""Hold'em played decision by decision: the subgame that a street begins is solved for the one line that was taken, and played from."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache
from typing import cast

import numpy as np

from agents.agent import Decision
from agents.board_blueprint import BoardBlueprint
from games.board_subtree import entering, street_lines
from games.kernels.boards import PARENT, STREET
from search import Budget, Variant
from search.board_overlay import overlay
from search.board_search import BoardSearch, SearchReport, StreetSearch
from search.board_strategy import BoardStrategy
from search.board_trunk import Arrival, SoFar, Strategies, Trunk
from search.budget import Deadline
from search.gadgets import WITH_GIFTS


@dataclass(frozen=True)
class Thought:
    """What a seat knows in the middle of a hand.

    Attributes:
        street: the last one that was searched; -1 before any.
        strategies: so far.
        known: the strategies so far of each street before it, as they were when it was played.
    """

    street: int
    strategies: SoFar
    known: tuple[SoFar, ...] = ()

    def until(self, street: int) -> tuple[SoFar, ...]:
        """Return what was known on each street before one that is still to be searched."""
        return (*self.known, *[self.strategies] * (street - len(self.known)))


@lru_cache(maxsize=16)
def worth_of(blueprint: BoardBlueprint, variant: Variant, street: int) -> int:
    """Return what a blueprint counts for in warm starts on a street; see ``BoardSearch.worth``."""
    game, tree, strategies = blueprint.game, blueprint.tree, blueprint.strategies()
    first = int(np.flatnonzero(tree.boards[:, STREET] == street)[0])
    every = BoardSearch(game, tree, street_lines(game, entering(game, street), tree.weight.dtype), variant)
    return every.worth(first, Trunk(game, tree, strategies, street).arrival(int(tree.boards[first, PARENT])), strategies)


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
        self.searches = searches
        self.blueprint: SoFar = blueprint.strategies()
        self.find = lru_cache(maxsize=4096)(self._strategy(self.blueprint).find)
        self._counts = (len(self.tree.cards[0]) + np.cumsum([0, *self.game.deals[1:]])).tolist()
        self._searchers: dict[int, BoardSearch] = {}
        # by seat and board above: on the way to the first search, where gifts take long
        self._arrivals: dict[tuple[int, int], Arrival] = {}
        for search in searches:
            first = int(np.flatnonzero(self.tree.boards[:, STREET] == search.street)[0])
            for node in entering(self.game, search.street):
                searcher = BoardSearch(self.game, self.tree, street_lines(self.game, [node], self.tree.weight.dtype), variant, threads)
                arrival = self._trunk(0, search, Thought(-1, self.blueprint)).arrival(int(self.tree.boards[first, PARENT]))
                searcher.warm_up(first, arrival, self.blueprint, 0, search)
                self._searchers[node] = searcher
        if searches and searches[0].gadget in WITH_GIFTS:
            for seat in (0, 1):
                for arrival in self._trunk(seat, searches[0], Thought(-1, self.blueprint)).arrivals():
                    self._arrivals[seat, arrival.board] = arrival

    def decide(self, seat: int, node: int, cards: tuple[int, ...], thought: Thought | None, budget: Budget) -> Decision:
        """See ``agents.holdem_agent.HoldemAgent``."""
        clock = Deadline(budget.seconds)
        found, total, root = thought or Thought(-1, self.blueprint), SearchReport(), None
        for search in self.searches:
            if found.street < search.street <= int(self.game.bets.round[node]):
                left = budget if budget.seconds is None else replace(budget, seconds=max(clock.remaining(), 0.0))
                entry = self._entry(node, search.street)
                board, _ = self.find(cards[: self._counts[search.street]])
                found, report = self._searched(seat, entry, board, found, replace(search, budget=left))
                total.add(report)
                root = entry if report.solves else root
        policy = self._strategy(found.strategies).at_board(node, *self.find(cards))
        return Decision(policy, found, clock.spent(), sum(total.iterations), root, total.kept > 0, spent=total.spent)

    def _searched(self, seat: int, entry: int, board: int, before: Thought, search: StreetSearch) -> tuple[Thought, SearchReport]:
        """Solve the subgame at a board for one line."""
        place = int(self.tree.boards[board, PARENT])
        arrival = self._arrivals.get((seat, place)) if search.street == self.searches[0].street else None
        if arrival is None:
            arrival = self._trunk(seat, search, before).arrival(place)
        report, answer = self._searchers[entry].solve(board, arrival, before.strategies, seat, search)
        after = before.strategies if answer is None or not report.solves else overlay(before.strategies, answer)
        return Thought(search.street, after, before.until(search.street)), report

    def _trunk(self, seat: int, search: StreetSearch, before: Thought) -> Trunk:
        giver = 1 - seat if search.gadget in WITH_GIFTS else None
        known = before.until(search.street)
        return Trunk(self.game, self.tree, before.strategies, search.street, giver, search.bounds == "safe", known)

    def _strategy(self, rows: SoFar) -> BoardStrategy:
        return BoardStrategy(self.game, self.tree, cast("Strategies", rows))  # it reads slices, which an overlay has

    def _entry(self, node: int, street: int) -> int:
        """Return the node on the way to a node that enters a street."""
        bets = self.game.bets
        while node > 0 and bets.round[bets.parent[node]] >= street:
            node = int(bets.parent[node])
        return node
