"""Re-solving at the table in hold'em, and of every subgame that begins with a round: one rule, asked by line or swept over all boards.

* With rounds: at the first decision of a round to search from, the subgame that began with the round is solved to the end of the game, and
  played from until the next such round, where it is solved anew with the last solve's ranges and bounds. Before the first one the blueprint
  plays.
* At every decision: the whole game is solved at the first one, and each later decision from its own public state. Every node of the bets
  has a solver of its own, so this is for small games.

A decision's clock runs from the request to the policy. Ranges are followed along the line by Bayes; gifts of the blueprint were computed
once, when the agent was loaded, and those of a search are left by the pass that judges its answer.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from typing import cast

import numpy as np
import numpy.typing as npt

from games.holdem.board_tree import BoardTree
from games.holdem.rules import HoldemGame, HoldemState
from games.holdem.subtree import entering, street_lines
from games.kernels.boards import STREET
from search.boards.limited_subgames import LimitedBoardSubgames, Visits
from search.boards.path import Paths, Root
from search.boards.promises import Promises, WorthAgainstBlueprint, WorthOfStarts
from search.boards.replaced import replaced
from search.boards.resolve_round import Journal, resolve_round
from search.boards.strategy import BoardStrategy, place_of
from search.boards.subgames import Answer, BoardSubgames
from search.boards.sweeps import Rows
from search.boards.trunk import StoredStrategies, Strategies, Trunk, board_weights, root_reach
from search.budget import SPARE, Budget, Deadline, Pace
from search.frontier import DepthLimit, LeafEvaluator
from search.gadgets import UNSAFE
from search.resolver import Thinking, subgame_root
from search.resolving import ResolveConfig, Resolved, SearchReport, SubgameSolver, resolve
from search.variants import Variant

Float = npt.NDArray[np.float64]
PAGE = 128  # rows of 32 bytes, at least one of every page of a mapped file


@dataclass(frozen=True)
class Memory:
    """What a seat knows in the middle of a deal.

    Attributes:
        street: the last one whose search is over; -1 before any.
        strategies: so far.
        root: of the last search whose bounds are known, or of the game.
    """

    street: int
    strategies: StoredStrategies
    root: Root


class BoardResolver:
    """See ``search.resolver.Resolver``.

    Args:
        game: whole.
        tree: returns its board tree.
        strategies: returns the blueprint, per player [stored rows, 8].
        variant: of CFR.
        rounds: with which subgames begin, see ``search.resolver.rounds_of``; None for one at every decision.
        config: how. With a depth limit no answer is judged, and subgames are unsafe where nothing is promised; the first search's bounds
            are the blueprint's, and there are no gifts behind it.
        threads: kernel threads of a decision.
        limit: where subgames end that begin with a round but the last of ``rounds``; None for the end of the game.
    """

    def __init__(
        self,
        game: HoldemGame,
        tree: Callable[[], BoardTree],
        strategies: Callable[[], Strategies],
        variant: Variant,
        rounds: tuple[int, ...] | None,
        config: ResolveConfig,
        threads: int = 1,
        limit: DepthLimit[HoldemState] | None = None,
    ) -> None:
        if limit is not None:
            config = replace(config, judge=False)
        self.limit, self.everywhere = limit, rounds is None
        self.streets = tuple(range(len(game.deals))) if rounds is None else rounds
        self.game, self.variant, self.rounds, self.config, self.threads = game, variant, rounds, config, threads
        self._tree, self._strategies = tree, strategies
        self._worth: dict[int, int] = {}
        self._loaded = self._prepared = False

    @property
    def until(self) -> int:
        """The street below the boards whose values searches leave for those after them."""
        return len(self.game.deals) if self.everywhere else self.streets[-1]

    def load(self) -> None:
        """See ``search.resolver.Resolver``."""
        if self._loaded:
            return
        strategies = self._strategies()
        self.tree, self.blueprint = self._tree(), cast("StoredStrategies", strategies)
        self.find = lru_cache(maxsize=4096)(self._strategy(self.blueprint).find)
        self.paths, self._answering = Paths(self.game, self.tree), Pace()
        self._start = Memory(-1, self.blueprint, self.paths.start())
        self._weights = (board_weights(self.tree) / self.game.deal_mass).tolist()
        self._searchers: dict[int, BoardSubgames | LimitedBoardSubgames] = {}
        self._gifts: dict[tuple[int, int], Float] = {}  # by seat and board: of the blueprint, as the opponent leaves the board
        for rows in strategies:
            rows[::PAGE, 0].max()  # what is not in memory is read now, not in a decision
        space: dict[str, list[Rows]] = {}
        for street in self.streets:
            for node in self._roots(street):
                searcher: BoardSubgames | LimitedBoardSubgames
                if (leaves := self._leaves(street, 0)) is not None:
                    lines = street_lines(self.game, [node], self.tree.weight.dtype, streets=1)
                    searcher = LimitedBoardSubgames(self.game, self.tree, lines, self.variant, leaves)
                else:
                    lines = street_lines(self.game, [node], self.tree.weight.dtype)
                    until = self.until if self.config.with_gifts else 0
                    searcher = BoardSubgames(self.game, self.tree, lines, self.variant, self.threads, space, until)
                searcher.warm_up(self.blueprint, self.config, self.worth(street), self._copied)
                self._searchers[node] = searcher
        if self.config.with_gifts and not self.everywhere:
            for seat in (0, 1):
                self._keep_gifts(seat)
        self._prepare()
        self._loaded = True

    def _prepare(self) -> None:
        """Work out once what is promised on all boards, as far as it is the same in all decisions."""
        if self.limit is None or self._prepared:
            return
        self._first.work_out(self.streets[0])
        for street in self.streets[1:]:
            if self.limit.starts is not None:
                WorthOfStarts(self.game, self._tree(), self.limit.starts, {}).work_out(street)
        self._prepared = True

    def _roots(self, street: int) -> list[int]:
        """Return the nodes of the bets where a street's subgames begin."""
        bets = self.game.bets
        if not self.everywhere:
            return entering(self.game, street)
        return [0] * (street == 0) + [n for n in np.flatnonzero((bets.player >= 0) & (bets.round == street)).tolist() if n > 0]

    def _leaves(self, street: int, seat: int) -> LeafEvaluator[HoldemState] | None:
        """Return what says what the leaves are worth of a street's subgames that a player searches; None if these go on to the end."""
        return None if self.limit is None or street == self.streets[-1] else self.limit.leaves_of(seat)

    def _promises(self, street: int, visits: Mapping[int, Sequence[Visits]]) -> Promises | None:
        """Return what says what hands are promised where a street's subgames begin; None if that are the strategies so far, or nobody.

        Args:
            street: of the game.
            visits: of searches above, by their board.
        """
        if self.limit is None:
            return None
        if street == self.streets[0]:
            return self._first
        return None if self.limit.starts is None else WorthOfStarts(self.game, self._tree(), self.limit.starts, visits)

    @cached_property
    def _first(self) -> WorthAgainstBlueprint:
        return WorthAgainstBlueprint(self.game, self._tree(), self._strategies(), self.variant, self.config.bounds == "safe")

    def _config(self, street: int) -> ResolveConfig:
        """Return how a street's subgames are re-solved: unsafe with a depth limit where nothing is promised."""
        if self.limit is None:
            return self.config
        promising = street == self.streets[0] or self.limit.starts is not None
        gadget = self.config.gadget if promising else UNSAFE
        return replace(self.config, gadget=gadget, gift_scale=self.config.gift_scale if street == self.streets[0] else 0.0)

    def worth(self, street: int) -> int:
        """Return what the blueprint counts for in warm starts on a street; see ``BoardSubgames.worth``."""
        if self.config.warm_start == "never":
            return 0
        if street not in self._worth:
            tree, strategies = self._tree(), self._strategies()
            first = int(np.flatnonzero(tree.boards[:, STREET] == street)[0])
            lines = street_lines(self.game, entering(self.game, street), tree.weight.dtype)
            beliefs = next(Trunk(self.game, tree, strategies, street).arrivals())
            self._worth[street] = BoardSubgames(self.game, tree, lines, self.variant).worth(first, beliefs, strategies)
        return self._worth[street]

    def _keep_gifts(self, seat: int) -> None:
        """Compute the gifts of a seat's opponent on the way to the streets searched from, evaluated as sweeps over these do."""
        known, best = [self.blueprint], self.config.bounds == "safe"
        for street in range(1, self.until):
            known.append((self.blueprint[0], self.blueprint[1]) if street in self.streets else known[-1])
        self._gifts[seat, -1] = np.zeros((len(root_reach(self.game, 1 - seat)), 1))
        for beliefs in Trunk(self.game, self.tree, self.blueprint, self.until, 1 - seat, best, known).departures():
            if beliefs.gifts is not None and beliefs.place >= 0 and int(self.tree.boards[beliefs.place, STREET]) + 1 in self.streets:
                self._gifts[seat, beliefs.place] = beliefs.gifts

    def think(self, seat: int, state: HoldemState, memory: Memory | None, budget: Budget, clock: Deadline) -> Thinking:
        """See ``search.resolver.Resolver``."""
        self.load()
        found = memory or self._start
        root = subgame_root(self.game, self.rounds, seat, state, None if memory is None else memory.street)
        if root is None:
            return Thinking(found)
        place = place_of(self.game, root)
        if place.node not in self._searchers:
            return Thinking(found)  # within a round: subgames there have solvers where they begin at every decision
        board, _ = self.find(place.cards)
        whole = self.everywhere and place.node == 0
        found, report = self._searched(seat, place.node, board, found, budget, clock.sooner(SPARE * self._answering.expected), whole)
        solved, violation = (place.node, board) if report.solves else None, report.bound_violation * self._weights[board]
        return Thinking(found, sum(report.iterations), solved, report.outcome, violation, report.spent, report.stopped, sum(report.work))

    def at(self, memory: Memory | None, state: HoldemState) -> Float:
        """See ``search.resolver.Resolver``."""
        clock, place = Deadline(None), place_of(self.game, state)
        strategies = self.blueprint if memory is None else memory.strategies
        policy = self._strategy(strategies).at_board(place.node, *self.find(place.cards))
        self._answering.learn(clock.spent())
        return policy

    def solver_error(self, seat: int) -> float:
        """Return NaN: what searching may have cost is not measured in hold'em; ``SearchReport.bound_violation`` is."""
        return float("nan")

    def _searched(
        self, seat: int, entry: int, board: int, before: Memory, budget: Budget, clock: Deadline, whole: bool
    ) -> tuple[Memory, SearchReport]:
        """Solve the subgame at a board for one line."""
        street = int(self.game.bets.round[entry])
        config = self._config(street)
        giver = 1 - seat if config.with_gifts and config.gift_scale else None
        beliefs = self.paths.follow(before.root, entry, board, before.strategies, giver, self.config.bounds == "safe")
        if giver is not None and before.root.left is None and not self.everywhere:
            beliefs = beliefs._replace(gifts=self._gifts[seat, beliefs.place][:, [entering(self.game, street).index(entry)]])
        played: list[Memory] = []
        here = beliefs._replace(gifts=None if beliefs.gifts is None else np.zeros_like(beliefs.gifts))  # this solve has had them

        def deliver(found: Resolved[Answer]) -> None:
            assert found.answer is not None
            played.append(Memory(street, replaced(before.strategies, found.answer), Root(entry, board, here, found.left)))

        searcher = self._searchers[entry]
        if isinstance(searcher, LimitedBoardSubgames):
            searcher.leaves = self._leaves(street, seat) or searcher.leaves
        solver: SubgameSolver[StoredStrategies, Answer] = searcher
        above = before.root.left
        visits = {before.root.board: [above]} if isinstance(above, Visits) else {}
        strategies, promises = before.strategies, self._promises(street, visits)
        promised = None if promises is None else promises.at([entry], board, beliefs, 1 - seat)
        report, _, left = resolve(
            solver, board, beliefs, strategies, seat, config, budget, clock, worth=self.worth(street), whole=whole,
            promised=promised, deliver=deliver,
        )  # fmt: skip
        if played:
            return played[0], report
        return Memory(street, strategies, before.root if left is None else Root(entry, board, here, left)), report

    def sweep(
        self, seat: int, budget: Budget, progress: Callable[[float], None] | None, journal: Callable[[int], Journal | None]
    ) -> tuple[Strategies, SearchReport] | None:
        """See ``search.resolver.Resolver``."""
        if self.everywhere:
            return None
        begun = Deadline(None)
        self._prepare()
        strategies, total, known, visits = self._strategies(), SearchReport(), list[StoredStrategies](), dict[int, list[Visits]]()
        total.loading = begun.spent()
        for i, street in enumerate(self.streets):
            known += [strategies] * (street - len(known))
            clock = Deadline(None)
            worth = self.worth(street)
            total.loading += clock.spent()

            def tell(done: int, boards: int, before: int = i) -> None:
                if progress is not None:
                    progress((before + done / boards) / len(self.streets))

            kept = None if self.limit else journal(street)  # it does not hold what searches below ask for
            strategies, found = resolve_round(
                self.game, self._tree(), strategies, street, seat, self._config(street), budget, self.variant, worth=worth,
                threads=self.threads, progress=tell, known=known, journal=kept, until=self.until, searched=self.streets[:i],
                leaves=self._leaves(street, seat), promises=self._promises(street, visits), visits=visits,
            )  # fmt: skip
            total.add(found)
        return strategies, total

    def _copied(self, found: Resolved[Answer]) -> None:
        assert found.answer is not None
        replaced(self.blueprint, found.answer)

    def _strategy(self, rows: StoredStrategies) -> BoardStrategy:
        return BoardStrategy(self.game, self.tree, cast("Strategies", rows))  # it reads slices, which such a view has
