"""A derived game in memory: see ``search.representation``. Tables are [R - 1, padded H] f8, the rows of all sequences but the empty one."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property, lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt

from games.derived import DerivedGame
from search.frontier import DepthLimit
from search.resolving import ResolveConfig
from search.tree.dealer import TreeDealer
from search.tree.evaluator import Evaluator
from search.tree.infostates import TreeInfostates
from search.tree.look_ahead import look_ahead
from search.tree.resolver import TreePolicy, TreeResolver
from search.tree.strategy import Strategy, check_strategy, uniform
from search.tree.values import TreeValues, history_values
from search.variants import Variant

Float = npt.NDArray[np.float64]
Tables = tuple[Float, Float]


@lru_cache(maxsize=8)
def represent_tree(game: DerivedGame) -> TreeRepresentation:
    """Return a game's representation; the same one for the same game."""
    return TreeRepresentation(game)


class TreeRepresentation:
    """See ``search.representation.Representation``."""

    dtype: Any = np.float64

    def __init__(self, game: DerivedGame) -> None:
        self.game, self.tree = game, game.tree

    @cached_property
    def evaluator(self) -> Evaluator:
        """What evaluates strategies on the tree."""
        return Evaluator(self.tree)

    @property
    def table_bytes(self) -> int:
        """See ``search.representation.Representation``."""
        return sum(8 * int(np.prod(self.shape(p))) for p in (0, 1))

    def shape(self, player: int) -> tuple[int, ...]:
        """See ``search.representation.Representation``."""
        return self.tree.num_rows(player) - 1, self.tree.padded_hands(player)

    def uniform(self) -> Tables:
        """See ``search.representation.Representation``."""
        return uniform(self.tree).tables

    def check(self, table: Float, player: int) -> None:
        """See ``search.representation.Representation``."""
        other = self.uniform()[1 - player]
        check_strategy(self.strategy((table, other) if player == 0 else (other, table)), "a table")

    def strategy(self, tables: Tables) -> Strategy:
        """Return tables as a strategy of the whole game."""
        return Strategy(self.tree, self.tree.subgame(), tables)

    def at(self, tables: Tables, state: int) -> Float:
        """See ``search.representation.Representation``."""
        return self.strategy(tables).at(state)

    def put(self, table: Float, state: int, policy: Float) -> None:
        """See ``search.representation.Representation``."""
        rows = self.tree.rows_at(state)
        table[rows.start - 1 : rows.stop - 1, : policy.shape[1]] = policy

    def chance(self, state: int, reach: tuple[Float, Float]) -> float:
        """See ``search.representation.Representation``."""
        return float(reach[0] @ self.game.cf_reach(state, 0, reach[1]))

    def below(self, state: int) -> list[int]:
        """See ``search.representation.Representation``."""
        return self.tree.children(state)

    def value(self, tables: Tables, player: int) -> float:
        """See ``search.representation.Representation``."""
        return self.evaluator.values(self.strategy(tables))[player]

    def best_response_value(self, opponent: Float, player: int) -> float:
        """See ``search.representation.Representation``."""
        return self.evaluator.best_response_value(self.strategy((opponent, opponent)), player)  # the own part is not looked at

    def value_function(self, tables: Tables) -> TreeValues:
        """See ``search.representation.Representation``."""
        return TreeValues(self.tree, history_values(self.strategy(tables)))

    def look_ahead(self, opponent: Float, player: int, bets: Callable[[int], bool]) -> Float:
        """See ``search.representation.Representation``."""
        return look_ahead(self.game, opponent, player, bets)

    @cached_property
    def infostates(self) -> TreeInfostates:
        """See ``search.representation.Representation``."""
        return TreeInfostates(self.tree)

    def dealer(self, opponent: Float, player: int) -> TreeDealer:
        """See ``search.representation.Representation``."""
        return TreeDealer(self.game, opponent, player)

    def resolver(
        self, blueprint: TreePolicy, variant: Variant, rounds: tuple[int, ...] | None, config: ResolveConfig, threads: int,
        limit: DepthLimit[int] | None = None,
    ) -> TreeResolver:  # fmt: skip
        """See ``search.representation.Representation``."""
        return TreeResolver(blueprint, variant, rounds, config, limit)
