"""Games in memory: what is exact about strategies, whichever arrays a game is kept in.

There are two families of arrays: public trees (``search.tree``), and boards times a tree of bets (``search.boards``). ``represent`` is the
only switch between them. A *table* is one player's strategy of the whole game, an array whose layout only its representation knows;
*tables* are one for each player.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from typing import Any, Protocol, TypeVar

import numpy as np
import numpy.typing as npt

from games.derived import DerivedGame
from games.game import PublicGame
from games.holdem.rules import HoldemGame
from search.boards.representation import represent_boards
from search.dealing import Dealer
from search.frontier import DepthLimit
from search.infostates import Infostates
from search.resolver import Resolver
from search.resolving import ResolveConfig
from search.tree.evaluator import exploitability_of
from search.tree.representation import represent_tree
from search.variants import Variant

Float = npt.NDArray[np.float64]
Table = npt.NDArray[Any]
Tables = tuple[Table, Table]
State = TypeVar("State", bound=Hashable)
Asked = TypeVar("Asked", bound=Hashable, contravariant=True)  # a public state that is only asked about


class Strategy(Protocol[Asked]):
    """Both players' strategy of a whole game, whichever arrays hold it."""

    @property
    def tables(self) -> Tables:
        """Both players' tables."""
        ...

    def at(self, state: Asked, /) -> Float:
        """Return [A, H], what the acting player does at a decision."""
        ...


class ValueFunction(Protocol):
    """What histories are worth if both players play some tables from there on, and the steps of AIVAT that it takes.

    A *belief* says which hands the players may still hold with which weights; only the value function knows its form. A step returns the
    belief after it and terms that add up to a correction, in chips of player 0: what was expected before something was drawn less what is
    expected after it.
    """

    def dealt(self, held: tuple[int | None, int | None]) -> tuple[Any, Sequence[float]]:
        """Return the belief after the deal; the deal of ``held`` hands is corrected for, None leaves all that a player may hold."""
        ...

    def revealed(self, belief: Any, state: Any, child: Any, random: np.random.Generator) -> tuple[Any, Sequence[float]]:
        """Take a step of public chance. ``random`` is for a mean over more draws than can be summed: fresh ones stand for them."""
        ...

    def acted(self, belief: Any, state: Any, child: Any, policy: Float) -> tuple[Any, Sequence[float]]:
        """Take an action that was drawn from ``policy`` [A, H]."""
        ...

    def payoff(self, belief: Any, state: Any) -> float:
        """Return player 0's mean chips at a terminal."""
        ...


class ActionValues(ValueFunction, Protocol):
    """A value function that also says what a player's actions are worth."""

    def action_values(self, state: Any, range_: Float) -> Float:
        """Return [A, H], the cfvs of a decision's actions against the opponent's ``range_`` [H'] there.

        Hands that suits make equal must have equal weights; divided by the game's ``cf_reach`` cfvs are expected chips.
        """
        ...


class Representation(Protocol[State]):
    """A whole game in memory. Arrays are made when they are first needed and reused: not for two threads at a time."""

    @property
    def game(self) -> PublicGame[State]:
        """The rules."""
        ...

    @property
    def dtype(self) -> Any:
        """Of tables."""
        ...

    @property
    def table_bytes(self) -> int:
        """The size of both players' tables, told without making any array."""
        ...

    def shape(self, player: int) -> tuple[int, ...]:
        """Return the shape of a player's table."""
        ...

    def uniform(self) -> Tables:
        """Return tables that take every action of a decision with the same probability, new arrays."""
        ...

    def check(self, table: Table, player: int) -> None:
        """Refuse a table that holds no strategy.

        Raises:
            ValueError: numbers that are not finite or below 0, or that do not add up.
        """
        ...

    def at(self, tables: Tables, state: State) -> Float:
        """Return [A, H], what is played at a decision."""
        ...

    def put(self, table: Table, state: State, policy: Float) -> None:
        """Write [A, H] into the acting player's table at a decision, in place."""
        ...

    def chance(self, state: State, reach: tuple[Float, Float]) -> float:
        """Return the probability of a state, and of those that suits make equal with it, from both players' reach [H] there."""
        ...

    def below(self, state: State) -> Sequence[State]:
        """Return the states that follow; of public cards that suits make equal one stands for all."""
        ...

    def value(self, tables: Tables, player: int) -> float:
        """Return a player's expected chips a deal."""
        ...

    def best_response_value(self, opponent: Table, player: int) -> float:
        """Return what a player wins in chips a deal by best responding to the opponent's table."""
        ...

    def value_function(self, tables: Tables) -> ActionValues:
        """Return what histories are worth if both play ``tables``."""
        ...

    def look_ahead(self, opponent: Table, player: int, bets: Callable[[int], bool]) -> Table:
        """Return a player's table that looks one action ahead, as ``agents.evaluation.lbr`` says.

        Args:
            opponent: the other player's table.
            player: who looks.
            bets: says of a round whether it may bet and raise.
        """
        ...

    @property
    def infostates(self) -> Infostates:
        """What training sees of the game."""
        ...

    def dealer(self, opponent: Table, player: int) -> Dealer:
        """Return what plays many deals at once, ``player`` learning against the opponent's table."""
        ...

    def resolver(
        self, blueprint: Any, variant: Variant, rounds: tuple[int, ...] | None, config: ResolveConfig, threads: int,
        limit: DepthLimit[State] | None = None,
    ) -> Resolver[State]:  # fmt: skip
        """Return what re-solves subgames at the table.

        Args:
            blueprint: a policy of the game.
            variant: of CFR.
            rounds: with which subgames begin, see ``search.resolver.rounds_of``; None for one at every decision.
            config: how they are re-solved.
            threads: kernel threads of a decision; trees use one.
            limit: where subgames end; None for the end of the game.

        Raises:
            ValueError: a depth limit where there can be none.
        """
        ...


def exploitability(representation: Representation[Any], tables: Tables) -> float:
    """Return NashConv / 2 of tables in chips a deal."""
    return exploitability_of(*(representation.best_response_value(tables[1 - player], player) for player in (0, 1)))


def represent(game: PublicGame[Any]) -> Representation[Any]:
    """Return a game's representation, made once in a process; of hold'em the last game's is kept.

    Raises:
        TypeError: a game of neither family.
    """
    if isinstance(game, DerivedGame):
        return represent_tree(game)
    if isinstance(game, HoldemGame):
        return represent_boards(game)
    raise TypeError(f"game must be derived from OpenSpiel or hold'em, got {type(game).__name__}")
