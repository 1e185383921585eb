"""The agent that thinks in hold'em: a blueprint, and from some streets on the subgame that begins with the street.

At the first decision of such a street the subgame that began with it is solved to the end of the game, and played from until the next such
street, where it is solved anew with the last solve's ranges and bounds. Before the first such street the blueprint plays.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from agents.agent import Decision
from agents.board_blueprint import BoardBlueprint
from agents.evaluation.strength import SeatReport
from agents.evaluation.sweep_journal import SweepJournal
from agents.street_play import StreetPlay, worth_of
from games.holdem.rules import HoldemGame, HoldemState
from search import Budget, Variant
from search.boards.search import StreetSearch, value_against
from search.boards.street_sweep import search_street
from search.boards.sweeps import BoardSweeps
from search.boards.trunk import SoFar, Strategies
from search.gadgets import WITH_GIFTS, check_search, form_of


class StreetAgent:
    """A blueprint of hold'em, paired with a subgame solver.

    Args:
        blueprint: of the whole game.
        variant: of CFR.
        streets: where subgames begin, in order; 0 is the first. None at all plays the blueprint as it stands.
        gadget: see search.gadgets.
        bounds: ``safe``, ``estimate`` or ``distributional``; see there.
        spread: chips, the standard deviation of distributional bounds.
        threads: kernel threads of a decision.
        warm_start: see search.boards.search.StreetSearch.
        gift_scale: likewise.
    """

    def __init__(
        self,
        blueprint: BoardBlueprint,
        variant: Variant,
        streets: Sequence[int] = (),
        gadget: str = "resolve",
        bounds: str = "safe",
        spread: float = 1.0,
        threads: int = 1,
        warm_start: str = "short",
        gift_scale: float = 1.0,
    ) -> None:
        form = form_of(gadget, bounds, spread)
        last = len(blueprint.game.deals) - 1
        if list(streets) != sorted(set(streets)) or any(not 0 <= s <= last for s in streets):
            raise ValueError(f"streets must be increasing numbers from 0 to {last}, got {list(streets)}")
        check_search(warm_start, gift_scale)
        self.blueprint, self.variant, self.streets, self.gadget, self.bounds = blueprint, variant, tuple(streets), gadget, bounds
        self.spread, self.threads, self.warm_start, self.gift_scale = spread, threads, warm_start, gift_scale
        form += f"-gifts{gift_scale:g}" if gadget in WITH_GIFTS and gift_scale != 1 else ""
        form += "" if warm_start == "short" else f"-{warm_start}-warm"
        self._play: StreetPlay | None = None
        self.load_seconds = 0.0  # what ``load`` took
        solved_alike = blueprint.name.split(":")[0] == variant.label
        search = f"+{'+'.join(self.game.rounds[s] for s in streets)}:{form}" + ("" if solved_alike else f":{variant.label}")
        self.name = f"{blueprint.name}{search if streets else ''}"

    @property
    def thinks(self) -> bool:
        """Whether it searches from any street."""
        return bool(self.streets)

    @property
    def game(self) -> HoldemGame:
        """What it plays."""
        return self.blueprint.game

    @property
    def fingerprint(self) -> str:
        """What measurements of this agent must agree with; the blueprint's exact strength stands for its numbers."""
        own = (self.variant, self.streets, self.gadget, self.bounds, self.spread, self.threads, self.warm_start, self.gift_scale)
        return " ".join(map(repr, (self.blueprint.game.key, *own, self.blueprint.name, self.blueprint.exploitability)))

    def search(self, street: int, budget: Budget) -> StreetSearch:
        """Return how the subgames of a street are searched; a warm start counts for what the blueprint is worth there."""
        search = StreetSearch(
            street, self.gadget, self.bounds, budget, spread=self.spread, warm_start=self.warm_start, gift_scale=self.gift_scale
        )
        return search if self.warm_start == "never" else replace(search, worth=worth_of(self.blueprint, self.variant, street))

    def load(self) -> None:
        """Make the tree and all that decisions need; load the kernels and learn the machine's speed."""
        if self._play is None:
            begun = time.perf_counter()
            searches = tuple(self.search(street, Budget(iterations=1)) for street in self.streets)
            self._play = StreetPlay(self.blueprint, self.variant, searches, self.threads)
            self.load_seconds = time.perf_counter() - begun

    def __getstate__(self) -> dict[str, Any]:
        """Leave out what ``load`` makes."""
        return vars(self) | {"_play": None, "load_seconds": 0.0}

    def decide(self, seat: int, state: HoldemState, thought: Any, budget: Budget) -> Decision:
        """See ``agents.agent.Agent``: at its first decision of a street to search from it solves the line that was taken."""
        self.load()
        assert self._play is not None
        return self._play.decide(seat, state, thought, budget)

    def strategies(
        self, seat: int, budget: Budget, progress: Callable[[float], None] | None = None, folder: Path | None = None
    ) -> tuple[Strategies, SeatReport]:
        """Search every subgame that the seat comes to.

        Args:
            seat: the agent's player number.
            budget: of each solve.
            progress: called with the share of the subgames that were searched.
            folder: where searched boards are kept, and found by the same search later; None keeps nothing.

        Returns:
            Per player [stored rows, 8], the seat's own strategies and its last models of the opponent, and what searching came to.
        """
        game, tree, strategies = self.blueprint.game, self.blueprint.tree, self.blueprint.strategies()
        report, known = SeatReport(seat, np.zeros((0, 0))), list[SoFar]()
        for i, street in enumerate(self.streets):
            known += [strategies] * (street - len(known))
            begun = time.perf_counter()
            search = self.search(street, budget)
            report.loading += time.perf_counter() - begun
            journal = None if folder is None else SweepJournal(game, tree, street, folder / game.rounds[street])

            def tell(done: int, boards: int, before: int = i) -> None:
                if progress is not None:
                    progress((before + done / boards) / len(self.streets))

            strategies, found = search_street(
                game, tree, strategies, seat, search, self.variant, threads=self.threads, progress=tell, known=known, journal=journal,
                until=self.streets[-1],
            )  # fmt: skip
            report.solves += found.solves
            report.kept += found.kept
            report.skipped += found.skipped
            report.loading += found.loading
            report.decisions += found.solves + found.kept
            report.solver_error += found.harm
            report.seconds += found.seconds
            report.iterations += found.iterations
            report.spent += found.spent
        return strategies, report

    def tabulate(
        self, seat: int, budget: Budget, progress: Callable[[float], None] | None = None, folder: Path | None = None
    ) -> SeatReport:
        """Search every subgame that the seat comes to, and measure the whole exactly by a best response in the real game.

        Args:
            seat: the agent's player number.
            budget: of each solve.
            progress: see ``strategies``.
            folder: likewise.
        """
        game, tree = self.blueprint.game, self.blueprint.tree
        strategies, report = self.strategies(seat, budget, progress, folder)
        own = tuple(rows if type(rows) is np.ndarray else np.array(rows) for rows in strategies)  # a mapped file's rows are copied
        sweeps = BoardSweeps(tree, 1, tree.weight.dtype)
        report.opponent_best_response = value_against(game, sweeps, (own[0], own[1]), 1 - seat)
        blueprint = self.blueprint.strategies()[1 - seat]
        both = (own[0], np.array(blueprint)) if seat == 0 else (np.array(blueprint), own[1])
        report.against_blueprint = value_against(game, sweeps, both, seat, best=False)
        return report
