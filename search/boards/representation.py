"""A hold'em game in memory: see ``search.representation``. Tables are [stored rows, 8], in proportion to action probabilities."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property, lru_cache
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from games.game import children
from games.holdem.board_tree import BoardTree, board_tree, game_size
from games.holdem.cards import cards_text
from games.holdem.rules import HoldemGame, HoldemState
from games.kernels import LANES
from games.kernels.boards import CHILD, CHILD_END
from games.public_tree import CHANCE
from search.boards.dealer import BoardDealer
from search.boards.infostates import BoardInfostates
from search.boards.look_ahead import Showdowns, look_ahead
from search.boards.resolver import BoardResolver
from search.boards.strategy import BoardStrategy, find_board, place_of
from search.boards.sweeps import BoardSweeps, Rows
from search.boards.trunk import Strategies, board_weights, value_against
from search.boards.values import BoardValueFunction
from search.frontier import DepthLimit
from search.resolving import ResolveConfig
from search.variants import Variant

Float = npt.NDArray[np.float64]


class BoardPolicy(Protocol):
    """A blueprint of hold'em: what plays without thinking, all of it written out."""

    def strategies(self) -> Strategies:
        """Return both players' [stored rows, 8]."""
        ...


@lru_cache(maxsize=1)
def represent_boards(game: HoldemGame) -> BoardRepresentation:
    """Return a game's representation; the last game's is kept: every measurement of a process is of the same."""
    return BoardRepresentation(game)


class BoardRepresentation:
    """See ``search.representation.Representation``.

    Args:
        game: whole.
        dtype: of tables and of all arrays.

    Raises:
        ValueError: a raked game.
    """

    def __init__(self, game: HoldemGame, dtype: Any = np.float32) -> None:
        game.require_no_rake()
        self.game, self.dtype = game, dtype

    @cached_property
    def tree(self) -> BoardTree:
        """The game's board tree."""
        return board_tree(self.game, self.dtype)

    @cached_property
    def sweeps(self) -> BoardSweeps:
        """What evaluates strategies on the tree."""
        return BoardSweeps(self.tree, 1, self.dtype)

    @cached_property
    def showdowns(self) -> Showdowns:
        """What calling down is worth on each board."""
        return Showdowns(self.game, self.tree)

    @property
    def table_bytes(self) -> int:
        """See ``search.representation.Representation``; somewhat too many where not all hands are in the ranges."""
        return sum(game_size(self.game).rows) * LANES * int(np.dtype(self.dtype).itemsize)

    def shape(self, player: int) -> tuple[int, ...]:
        """See ``search.representation.Representation``."""
        return self.tree.stored_rows[player], LANES

    def uniform(self) -> Strategies:
        """See ``search.representation.Representation``; rows of zeros are uniform play."""
        return np.zeros(self.shape(0), self.dtype), np.zeros(self.shape(1), self.dtype)

    def check(self, table: Rows, player: int) -> None:
        """See ``search.representation.Representation``; any numbers stand for their shares."""
        if not (np.isfinite(table).all() and (table >= 0).all()):
            raise ValueError("a table must have finite numbers of at least 0")

    def at(self, tables: Strategies, state: HoldemState) -> Float:
        """See ``search.representation.Representation``."""
        return BoardStrategy(self.game, self.tree, tables).at(state)

    def put(self, table: Rows, state: HoldemState, policy: Float) -> None:
        """See ``search.representation.Representation``; hands that suits make equal must play alike."""
        BoardStrategy(self.game, self.tree, (table, table)).put(*place_of(self.game, state), policy)

    def chance(self, state: HoldemState, reach: tuple[Float, Float]) -> float:
        """See ``search.representation.Representation``."""
        first, second = (own * live for own, live in zip(reach, self.game.ranges, strict=True))
        weight = 1.0 if not state.cards else self._weights[find_board(self.game, self.tree, state.cards)[0]]
        return float(first @ self.game.cf_reach(state, 0, second)) * weight / self.game.deal_mass

    @cached_property
    def _weights(self) -> Float:
        return board_weights(self.tree)

    def below(self, state: HoldemState) -> list[HoldemState]:
        """See ``search.representation.Representation``; the cards at ``state`` must be those that stand for their like."""
        if self.game.player(state) != CHANCE:
            return children(self.game, state)
        board, _ = find_board(self.game, self.tree, state.cards)
        below, shown = range(*self.tree.boards[board, CHILD : CHILD_END + 1].tolist()), len(state.cards)
        return [self.game.revealed(state, cards_text(self.tree.cards[child][shown:])) for child in below]

    def value(self, tables: Strategies, player: int) -> float:
        """See ``search.representation.Representation``."""
        return value_against(self.game, self.sweeps, (self._rows(tables[0]), self._rows(tables[1])), player, best=False)

    def best_response_value(self, opponent: Rows, player: int) -> float:
        """See ``search.representation.Representation``."""
        own, other = np.zeros(self.shape(player), self.dtype), self._rows(opponent)
        return value_against(self.game, self.sweeps, (own, other) if player == 0 else (other, own), player)

    def value_function(self, tables: Strategies) -> BoardValueFunction:
        """See ``search.representation.Representation``."""
        return BoardValueFunction(self.game, self.tree, tables)

    def look_ahead(self, opponent: Rows, player: int, bets: Callable[[int], bool]) -> Rows:
        """See ``search.representation.Representation``."""
        return look_ahead(self.showdowns, opponent, player, bets)

    @cached_property
    def infostates(self) -> BoardInfostates:
        """See ``search.representation.Representation``."""
        return BoardInfostates(self.game, self.tree)

    def dealer(self, opponent: Rows, player: int) -> BoardDealer:
        """See ``search.representation.Representation``."""
        return BoardDealer(self.infostates, opponent, player)

    def _rows(self, table: Rows) -> Rows:
        """Return a table as kernels take it, a mapped file's copied: they are compiled for arrays of one type."""
        return table if type(table) is np.ndarray and table.dtype == self.dtype else np.array(table, self.dtype)

    def resolver(
        self, blueprint: BoardPolicy, variant: Variant, rounds: tuple[int, ...] | None, config: ResolveConfig, threads: int,
        limit: DepthLimit[HoldemState] | None = None,
    ) -> BoardResolver:  # fmt: skip
        """See ``search.representation.Representation``."""
        if limit is not None and (rounds is None or len(rounds) < 2 or limit.actions is not None):
            raise ValueError(
                "solve_from must name at least two rounds where depth is limited in hold'em, each of which ends one but the last"
            )
        return BoardResolver(self.game, lambda: self.tree, blueprint.strategies, variant, rounds, config, threads, limit)
