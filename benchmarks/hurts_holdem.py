"""20-card hold'em with a one-card flop and turn, searched with one thing wrong, and without: for ``hurts.py``."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from hurts_leduc import CFR, GADGET, LEAVES, MEMORY, OPPONENT, REFINED, RESOLVE, SIZES, TOO_FEW, UNSAFE, Measured
from never_hurts import HOLDEM

from agents import SearchAgent, exploitability, tabulate
from agents.board_blueprint import BoardBlueprint, make_blueprint, make_policy_blueprint
from agents.off_tree_agent import OffTreeAgent
from games.holdem.menus import Size
from search import Budget, represent, variant
from search.boards.continuations import board_continuation_limit
from search.boards.strategy import BoardStrategy
from search.resolving import ResolveConfig
from search.tree.evaluator import exploitability_of

MS2 = "ms2f1t1h5"
HALVES = {
    "the turn, unsafe, 50 iterations": "the blueprint",
    "the turn, unsafe, 800 iterations": "the blueprint",
    "the turn, unsafe, range of a wrong model": "the blueprint",
    "the flop, refined, own leaf values, good blueprint": "the blueprint",
    "the turn, refined, 450 iterations, bets translated": "the blueprint, bets translated",
}  # what repairs less than one might think, and what it stands beside


@dataclass(frozen=True)
class Mixed:
    """A policy of hold'em made of two blueprints: one seat's strategy from each. See ``agents.policy.Policy``."""

    name: str
    seats: tuple[BoardBlueprint, BoardBlueprint]

    def strategy(self) -> BoardStrategy:
        """Return it."""
        first, second = self.seats
        return BoardStrategy(first.game, first.tree, (first.strategies()[0], second.strategies()[1]))


@dataclass(frozen=True)
class Tables:
    """A policy of hold'em that is known as tables. See ``agents.policy.Policy``."""

    name: str
    blueprint: BoardBlueprint
    tables: Any

    def strategy(self) -> BoardStrategy:
        """Return it."""
        return BoardStrategy(self.blueprint.game, self.blueprint.tree, self.tables)


class Holdem:
    """Measurements on ``ms2f1t1h5``.

    Args:
        directory: of blueprints.
        quality: iterations of the good blueprint.
    """

    def __init__(self, directory: Path, quality: int = 200) -> None:
        self.directory, self.quality, self.game = directory, quality, HOLDEM[MS2][0].build()

    @cached_property
    def blueprint(self) -> BoardBlueprint:
        """The good one."""
        return self.solved(self.quality)

    def solved(self, iterations: int) -> BoardBlueprint:
        """Return a lossless blueprint of so many iterations."""
        return make_blueprint(self.game, [], CFR, iterations, self.directory / f"{iterations}")

    def tables(self, agent: Any, iterations: int) -> list[Any]:
        """Return both seats' own tables."""
        return [np.array(agent.tabulate(seat, Budget(iterations=iterations)).table) for seat in (0, 1)]

    def worth(self, tables: Sequence[Any]) -> float:
        """Return the exploitability of tables, mbb/g."""
        games = represent(self.game)
        return mbb(exploitability_of(games.best_response_value(tables[0], 1), games.best_response_value(tables[1], 0)))

    def searched(self, solve_from: str, config: ResolveConfig, iterations: int, blueprint: Any = None, model: Any = None) -> float:
        """Return the exploitability of a search; with a model, of one whose leaves are worth what that makes of them."""
        limit = None if model is None else board_continuation_limit(model.strategy(), 4)
        agent = SearchAgent(blueprint or self.blueprint, CFR, solve_from, config, limit=limit)
        return self.worth(self.tables(agent, iterations))

    def believing(self, iterations: int, config: ResolveConfig, budget: int) -> float:
        """Return the exploitability of searches of the turn that take the opponent for another blueprint."""
        own, model, tables = self.blueprint, self.solved(iterations), []
        for seat, pair in enumerate(((own, model), (model, own))):
            mixed = make_policy_blueprint(self.game, Mixed("mixed", pair), self.directory / f"{iterations} against {seat}")
            agent = SearchAgent(mixed, CFR, "turn", replace(config, warm_start="never"))
            tables.append(np.array(agent.tabulate(seat, Budget(iterations=budget)).table))
        return self.worth(tables)

    def forgetful(self, config: ResolveConfig, iterations: int) -> float:
        """Return the exploitability of an agent whose searches of the turn know nothing of those of the flop."""
        flop, turn = (self.tables(SearchAgent(self.blueprint, CFR, street, config), iterations) for street in ("flop", "turn"))
        tree, last = self.blueprint.tree, len(self.game.deals) - 1
        for seat in (0, 1):
            tree.tiled_street(seat, last, flop[seat])[:] = tree.tiled_street(seat, last, turn[seat])
        return self.worth(flop)

    def rows(self) -> Iterator[tuple[str, Measured]]:
        """Yield each cause with its exploitabilities."""
        good, poor = mbb(self.blueprint.exploitability), self.solved(10)
        yield GADGET, Measured(good, *(self.searched("turn", config, 800) for config in (UNSAFE, RESOLVE)))
        yield OPPONENT, Measured(good, *(self.believing(3, config, 800) for config in (REFINED, RESOLVE)))
        yield MEMORY, Measured(good, self.forgetful(REFINED, 800), self.searched("flop+turn", REFINED, 800))
        wrong, right = (self.searched("flop+turn", REFINED, 400, poor, model) for model in (self.solved(3), poor))
        yield LEAVES, Measured(mbb(poor.exploitability), wrong, right)
        yield TOO_FEW, Measured(good, *(self.searched("turn", replace(RESOLVE, judge=judge), 50) for judge in (False, True)))
        yield SIZES, Measured(self.outside.alone, *(self.outside.inserting(config) for config in (UNSAFE, RESOLVE)))

    @cached_property
    def outside(self) -> OutsideBets:
        """What meets bets that the menu lacks."""
        return OutsideBets(self.directory / "outside")

    def halves(self) -> Iterator[tuple[str, float, float]]:
        """Yield what repairs less than one might think: mbb/g without the search and with it."""
        good, names = mbb(self.blueprint.exploitability), iter(HALVES)
        for iterations in (50, 800):
            yield next(names), good, self.searched("turn", UNSAFE, iterations)
        yield next(names), good, self.believing(3, UNSAFE, 800)
        yield next(names), good, self.searched("flop+turn", REFINED, 400, None, self.blueprint)
        yield next(names), self.outside.alone, self.outside.translating(REFINED, 450)


class OutsideBets:
    """First bets of three quarters of the pot, against agents whose menu has half the pot and the pot: see ``experiment=off_tree``.

    Args:
        directory: of blueprints.
    """

    def __init__(self, directory: Path) -> None:
        game = replace(HOLDEM[MS2][0], stack=200, bets="50%,100%", raises="50%,100%").build()
        self.directory, self.variant, self.sizes = directory, variant("default_holdem"), (Size("%", 75.0),)
        self.blueprint = make_blueprint(game, [], self.variant, 1000, directory / "blueprint")
        self.alone = self.strength([self.blueprint, self.blueprint], None, 1)

    def strength(self, blueprints: Sequence[BoardBlueprint], config: ResolveConfig | None, iterations: int) -> float:
        """Return the exploitability, mbb/g, of an agent that plays a blueprint in each seat; without a config it translates."""
        agents = [OffTreeAgent(blueprint, self.sizes, self.variant, config) for blueprint in blueprints]
        first, second = (tabulate(agent, seat, Budget(iterations=iterations)) for seat, agent in enumerate(agents))
        return mbb(exploitability((first, second)))

    def inserting(self, config: ResolveConfig) -> float:
        """Return what is lost if the rest of the hand is solved anew with the bet, 450 iterations."""
        return self.strength([self.blueprint, self.blueprint], config, 450)

    def translating(self, config: ResolveConfig, iterations: int) -> float:
        """Return what is lost by searches of the turn whose tree lacks the bet, which they take for the sizes around it."""
        agent, played = SearchAgent(self.blueprint, self.variant, "turn", config), []
        for seat in (0, 1):
            searched = agent.strategies(seat, Budget(iterations=iterations))
            assert searched is not None
            tables = [np.array(table) for table in searched[0]]
            policy = Tables(f"seat {seat}", self.blueprint, tables)
            played.append(make_policy_blueprint(self.blueprint.game, policy, self.directory / policy.name))
        return self.strength(played, None, 1)


def mbb(chips: float) -> float:
    """Return chips a hand as thousandths of a big blind, which is 2 chips."""
    return 500 * chips
