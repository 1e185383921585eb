"""The agent that thinks: a blueprint, and a subgame solver within a budget per decision.

``solve_from`` says where subgames begin: at every ``decision``, with every ``round`` but the first, at the ``root``, or
with rounds by name, ``turn`` or ``flop+turn``. See ``search.tree.resolver`` and ``search.boards.resolver``.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from agents.agent import Decision, SeatReport, ask_everywhere
from agents.policy import Policy
from agents.runtime.sweep_journal import SweepJournal
from games.game import PublicGame
from search import Budget, Deadline, Spent, Variant, represent
from search.frontier import DepthLimit
from search.representation import Tables
from search.resolver import Resolver, rounds_of
from search.resolving import RULES, ResolveConfig, SearchReport


class SearchAgent:
    """A blueprint paired with a real-time subgame solver. Without one it is an ``agents.blueprint.BlueprintAgent``.

    Args:
        blueprint: plays where nothing is searched; the source of warm starts and of the first bounds.
        variant: of CFR.
        solve_from: where subgames begin.
        config: how they are re-solved.
        threads: kernel threads of a decision, in hold'em.
        limit: where subgames end; None for the end of the game.
        measure_error: also compute each solve's exploitability, outside the decision's clock, in derived games.
    """

    thinks = True

    def __init__(
        self,
        blueprint: Policy[Any],
        variant: Variant,
        solve_from: str = "decision",
        config: ResolveConfig | None = None,
        *,
        threads: int = 1,
        limit: DepthLimit[Any] | None = None,
        measure_error: bool = False,
    ) -> None:
        self.limit = limit
        self.blueprint, self.variant, self.solve_from = blueprint, variant, solve_from
        self.config, self.threads, self.measure_error = config or ResolveConfig(), threads, measure_error
        self.load_seconds = 0.0  # what ``load`` took
        self._resolver = self._made()
        self.name = self._named()

    @property
    def game(self) -> PublicGame[Any]:
        return self.blueprint.game

    @property
    def rounds(self) -> tuple[int, ...] | None:
        """With which rounds subgames begin, by number; None where one begins at every decision."""
        return rounds_of(self.solve_from, self.game.rounds)

    def _made(self) -> Resolver[Any]:
        return represent(self.game).resolver(self.blueprint, self.variant, self.rounds, self.config, self.threads, self.limit)

    def _named(self) -> str:
        blueprint, config = self.blueprint.name, self.config
        warm = "" if config.warm_start == "short" else f"-{config.warm_start}-warm"
        variant = "" if blueprint.split(":")[0] == self.variant.label else f":{self.variant.label}"
        limit = ""
        if self.limit is not None:
            limit = f":{self.limit.leaves.name} after {'the round' if self.limit.actions is None else self.limit.actions}"
        return f"{blueprint}+{self.solve_from}:{config.name}{warm}{variant}{limit}"

    def fingerprint(self) -> bytes:
        settings = RULES, self.variant, self.rounds, self.config, self.threads, self.measure_error
        leaves = b"" if self.limit is None else self.limit.fingerprint()
        return repr((self.game.key, self.name, *settings)).encode() + leaves + self.blueprint.fingerprint()

    def __getstate__(self) -> dict[str, Any]:
        """Leave out what ``load`` makes: each process makes its own."""
        return {key: value for key, value in vars(self).items() if key != "_resolver"} | {"load_seconds": 0.0}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self._resolver = self._made()

    def load(self) -> None:
        begun = time.perf_counter()
        self._resolver.load()
        self.load_seconds = self.load_seconds or time.perf_counter() - begun

    def decide(self, seat: int, state: Any, memory: Any, budget: Budget) -> Decision:
        clock = Deadline(budget.seconds)
        resolved = self._resolver.think(seat, state, memory, budget, clock)
        thinking = clock.spent()
        policy = self._resolver.at(resolved.memory, state)
        seconds = clock.spent()
        spent = resolved.spent + Spent(judging=seconds - thinking) if resolved.iterations else resolved.spent
        error = self._resolver.solver_error(seat) if self.measure_error and resolved.root is not None else None
        return Decision(
            policy, resolved.memory, seconds, resolved.iterations, resolved.root, resolved.outcome, error, resolved.bound_violation, spent,
            stopped=resolved.stopped, work=resolved.work,
        )  # fmt: skip

    def strategies(
        self, seat: int, budget: Budget, progress: Callable[[float], None] | None = None, folder: Path | None = None
    ) -> tuple[Tables, SearchReport] | None:
        """Search every subgame that the seat comes to, side by side; arguments as of ``agents.agent.Agent.tabulate``.

        Returns:
            Both players' tables, the seat's own strategy and its last model of the opponent, and what searching came to. None where
            decisions are to be asked one by one: in derived games, and in hold'em if subgames begin at every decision.
        """

        def journal(street: int) -> SweepJournal | None:
            blueprint: Any = self.blueprint  # of hold'em, whose resolver alone asks
            return None if folder is None else SweepJournal(blueprint.game, blueprint.tree, street, folder / self.game.rounds[street])

        return self._resolver.sweep(seat, budget, progress, journal)

    def tabulate(
        self, seat: int, budget: Budget, progress: Callable[[float], None] | None = None, folder: Path | None = None
    ) -> SeatReport:
        """See ``agents.agent.Agent`` and ``strategies``."""
        searched = self.strategies(seat, budget, progress, folder)
        if searched is None:
            return ask_everywhere(self, seat, budget)
        tables, report = searched
        return SeatReport(seat=seat, table=tables[seat], decisions=report.solves + report.fallbacks.total(), **vars(report))
