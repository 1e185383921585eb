"""What training sees of a game: its infostates in blocks, what a network may know of them, and exact regrets.

A *block* holds those infostates of one player that share their decisions: C private sides (hands; in hold'em classes of hands that suits
make equal) at K decisions of the betting. Neither side depends on the other, so a network can look at C private sides and R rows, one for
each action of each decision, instead of at C x R pairs. A game derived from OpenSpiel has one block a player, hold'em one a round.
A *table* over a block is [C, R]: at column r what belongs to row r's action. Decision k's rows are first_row[k] : first_row[k + 1].
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple, Protocol

import numpy as np
import numpy.typing as npt

from games.game import PublicGame
from search.kernels.classes import match_highest as match_highest
from search.kernels.classes import softmax as softmax

Float = npt.NDArray[np.float64]
Float32 = npt.NDArray[np.float32]
Int = npt.NDArray[np.int64]
Table = npt.NDArray[Any]  # [C, R]
Tables = Sequence[Table]  # one a block
Ask = Callable[[int, int, int, int], Table]  # player, block, first decision, last decision + 1: [rows, C or more] probabilities

PUBLIC, PRIVATE = "public", "private"


@dataclass(frozen=True, eq=False)
class Block:
    """One block's inputs: C private sides, K decisions, R rows.

    Attributes:
        private: [C, D_private] what the player alone sees.
        public: [K, D_public] what everybody sees.
        action: [R, D_action] each row's action. Where the game's actions are few and the same everywhere, an indicator for each.
        first_row: [K + 1].
        width: length of a row where tables are stored by row, at least C.
    """

    private: Float32
    public: Float32
    action: Float32
    first_row: Int
    width: int

    @cached_property
    def decision(self) -> Int:
        """[R], the decision of each row."""
        found: Int = np.repeat(np.arange(len(self.public)), np.diff(self.first_row))
        return found

    @cached_property
    def rows(self) -> Float32:
        """[R, D_public + D_action], all that everybody sees of a row."""
        return np.concatenate([self.public[self.decision], self.action], axis=1)

    @cached_property
    def column(self) -> Int:
        """[R], the number of each row's action, where actions have indicators."""
        found: Int = self.action.argmax(axis=1)
        return found

    @cached_property
    def legal(self) -> Float32:
        """[K, A], 1 where a decision has an action, else 0."""
        found = np.zeros((len(self.public), self.action.shape[1]), np.float32)
        found[self.decision, self.column] = 1
        return found

    def dense(self, table: Table) -> Float:
        """Return [K, A, C] of a table; 0 where an action is not legal."""
        found = np.zeros((*self.legal.shape, len(self.private)))
        found[self.decision, self.column] = table.T
        return found

    def table(self, dense: Table) -> Table:
        """Return the table of [K, A, C]."""
        found: Table = dense[self.decision, self.column].T
        return found


class Sweep(NamedTuple):
    """One player's exact regrets, and how likely its infostates are; a list over the player's blocks.

    With cfv(I, a) the counterfactual value of action a at infostate I when both play the strategy σ:

        regret(I, a) = cfv(I, a) - Σ_b σ(I, b) cfv(I, b)                    (Zinkevich et al. 2007, eq. 7)

    and regret(I, a) / cf_reach(I) is the advantage that Deep CFR regresses on (Brown et al. 2019, arXiv 1811.00164, section 4).
    """

    regret: list[Table]  # [C, R] instantaneous regrets; a private side's are those of all its hands together
    cf_reach: list[Table]  # [C, K] opponent's and chance's probability of coming there, deals included
    reach: list[Table]  # [C, K] the player's own probability of coming there, times that of the private side's deals in hold'em
    row_reach: list[Table]  # [C, R] the same, the row's action included


class Infostates(Protocol):
    """A game as training sees it; nothing above knows which arrays the game is made of."""

    @property
    def game(self) -> PublicGame[Any]:
        """The rules."""
        ...

    @property
    def tree(self) -> Any:
        """The arrays that the game is made of."""
        ...

    @property
    def blocks(self) -> tuple[tuple[Block, ...], tuple[Block, ...]]:
        """Each player's blocks."""
        ...

    @property
    def deep(self) -> str:
        """The side with more to it, PUBLIC or PRIVATE: where a network's deep trunk pays, and after which training's defaults go."""
        ...

    @property
    def dtype(self) -> Any:
        """Of tables of strategies."""
        ...

    @property
    def sampler(self) -> Any:
        """What draws boards: a ``search.board_sampling.BoardSampler``."""
        ...

    def sweep(self, strategies: tuple[Tables, Tables], player: int, ratio: Float | None = None) -> Sweep:
        """Return a player's regrets when both play ``strategies``.

        Args:
            strategies: by player.
            player: whose regrets.
            ratio: of boards that ``sampler`` drew, how often each counts; none for the whole game. Regrets, ``cf_reach``, ``reach`` and
                ``row_reach`` then are 0 on other boards, and their means over the draws are those of the whole game.
        """
        ...

    def deals(self, player: int) -> list[Table]:
        """Return per block [C, K], the probability of each private side's deals at each decision, public cards included."""
        ...

    def exploitability(self, strategies: tuple[Tables, Tables]) -> float:
        """Return NashConv / 2 of strategies in chips a deal, exact."""
        ...

    def at(self, state: Any) -> tuple[int, int, int, Int | None]:
        """Return a public state's player, block and decision, and [H] the private side of each hand, -1 where a hand cannot be.

        None instead of [H] says that the private sides are the hands.

        Raises:
            ValueError: nobody acts there.
        """
        ...

    def text(self, player: int, block: int, decision: int) -> str:
        """Return a decision's public history in words."""
        ...

    def strategy(self, ask: Ask, state: Any = None) -> Any:
        """Return what ``ask`` plays at and below a public state (none: in the whole game) as a strategy that searches take."""
        ...

    def stored(self, player: int, tables: Tables) -> Table:
        """Return a player's action probabilities as the game's representation keeps them (see ``search.representation``)."""
        ...

    def tables(self, player: int, stored: Table) -> list[Table]:
        """Return what ``stored`` was made of; of numbers in proportion to probabilities, the probabilities."""
        ...


def uniform_tables(infostates: Infostates, player: int) -> list[Table]:
    """Return what plays every action of a decision with the same probability."""
    counts = [(np.diff(block.first_row), block) for block in infostates.blocks[player]]
    return [np.tile(np.repeat(1 / n, n).astype(infostates.dtype), (len(block.private), 1)) for n, block in counts]
