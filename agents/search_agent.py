"""The agent that thinks: a blueprint, and a subgame solver within a budget per decision.

``solve_from`` says where subgames begin: at every ``decision``, with every ``round`` but the first, at the ``root``, or
with rounds by name, ``turn`` or ``flop+turn``. See ``search.tree.resolver`` and ``search.boards.resolver``.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from agents.agent import Decision, SeatReport, ask_everywhere
from agents.board_blueprint import BoardBlueprint
from agents.runtime.sweep_journal import SweepJournal
from games.derived import derived_game
from games.game import PublicGame
from search import Budget, Deadline, Spent, Variant
from search.boards.resolver import BoardResolver
from search.boards.trunk import Strategies
from search.resolving import RULES, ResolveConfig, SearchReport, rounds_of
from search.tree.resolver import TreeResolver

NOTHING = "nothing"  # of ``solve_from``: the blueprint plays


class SearchAgent:
    """A blueprint paired with a real-time subgame solver.

    Args:
        blueprint: plays where nothing is searched; the source of warm starts and of the first bounds.
        variant: of CFR.
        solve_from: where subgames begin; ``nothing`` in hold'em to play the blueprint as it stands.
        config: how they are re-solved.
        threads: kernel threads of a decision, in hold'em.
        measure_error: also compute each solve's exploitability, outside the decision's clock, in derived games.
    """

    def __init__(
        self,
        blueprint: Any,
        variant: Variant,
        solve_from: str = "decision",
        config: ResolveConfig | None = None,
        *,
        threads: int = 1,
        measure_error: bool = False,
    ) -> None:
        self.blueprint, self.variant, self.solve_from = blueprint, variant, solve_from
        self.config, self.threads, self.measure_error = config or ResolveConfig(), threads, measure_error
        self.load_seconds = 0.0  # what ``load`` took
        self._resolver = self._made()
        self.name = self._named()

    @property
    def thinks(self) -> bool:
        return self.solve_from != NOTHING

    @property
    def game(self) -> PublicGame[Any]:
        return self.blueprint.game if isinstance(self.blueprint, BoardBlueprint) else derived_game(self.blueprint.tree)

    @property
    def rounds(self) -> tuple[int, ...] | None:
        """With which rounds subgames begin, by number; none where it never searches, None where one begins at every decision."""
        return rounds_of(self.solve_from, self.game.rounds) if self.thinks else ()

    def _made(self) -> TreeResolver | BoardResolver:
        blueprint = self.blueprint
        if isinstance(blueprint, BoardBlueprint):
            strategies, tree = blueprint.strategies, lambda: blueprint.tree
            return BoardResolver(blueprint.game, tree, strategies, self.variant, self.rounds, self.config, self.threads)
        return TreeResolver(blueprint, self.variant, self.rounds, self.config)

    def _named(self) -> str:
        form, blueprint = self.config.name, self.blueprint.name
        if not isinstance(self.blueprint, BoardBlueprint):
            return f"{blueprint}+{self.solve_from}:{form}:{self.variant.label}"
        form += "" if self.config.warm_start == "short" else f"-{self.config.warm_start}-warm"
        solved_alike = blueprint.split(":")[0] == self.variant.label
        return f"{blueprint}+{self.solve_from}:{form}" + ("" if solved_alike else f":{self.variant.label}") if self.thinks else blueprint

    def fingerprint(self) -> bytes:
        """See ``agents.agent.Agent``; in hold'em an exact strength stands for a blueprint's numbers."""
        config, blueprint = self.config, self.blueprint
        if isinstance(blueprint, BoardBlueprint):
            settings: tuple[Any, ...] = (RULES, self.variant, self.rounds, config.gadget, config.bounds, config.bound_std)
            settings += (self.threads, config.warm_start, config.gift_scale)
            return " ".join(map(repr, (self.game.key, *settings, blueprint.name, blueprint.exploitability))).encode()
        texts = [repr(value) for value in (RULES, self.variant, config.warm_start, self.measure_error)]
        tables = [np.round(table, 6).tobytes() for table in blueprint.strategy().tables]
        return b"".join([json.dumps([self.name, self.game.name, *texts]).encode(), *tables])

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
        return Decision(policy, resolved.memory, seconds, resolved.iterations, resolved.root, resolved.outcome, error, spent)

    def strategies(
        self, seat: int, budget: Budget, progress: Callable[[float], None] | None = None, folder: Path | None = None
    ) -> tuple[Strategies, SearchReport]:
        """Search every subgame of hold'em that the seat comes to; arguments as of ``agents.agent.Agent.tabulate``.

        Returns:
            Per player [stored rows, 8], the seat's own strategies and its last models of the opponent, and what searching came to.
        """
        resolver, blueprint = self._resolver, self.blueprint
        assert isinstance(resolver, BoardResolver)

        def journal(street: int) -> SweepJournal | None:
            return None if folder is None else SweepJournal(blueprint.game, blueprint.tree, street, folder / self.game.rounds[street])

        return resolver.sweep(seat, budget, progress, journal)

    def tabulate(
        self, seat: int, budget: Budget, progress: Callable[[float], None] | None = None, folder: Path | None = None
    ) -> SeatReport:
        """See ``agents.agent.Agent``; in hold'em a sweep over all boards where rounds are searched, see ``strategies``."""
        if not isinstance(self._resolver, BoardResolver) or self._resolver.everywhere:
            return ask_everywhere(self, seat, budget)
        strategies, report = self.strategies(seat, budget, progress, folder)
        return SeatReport(seat=seat, table=strategies[seat], decisions=report.solves + report.fallbacks.total(), **vars(report))
