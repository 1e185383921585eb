"""Exact values and best responses on a public tree: the measuring stick of everything else.

NashConv = sum_i (BR_i - v_i), exploitability = NashConv / 2, as in OpenSpiel. In a zero-sum game NashConv = BR_0 + BR_1.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import numpy.typing as npt

from games import PublicTree
from games.kernels import aligned_zeros
from games.public_tree import Slice
from search.kernels import Span, evaluate, plain, propagate_reach
from search.tree.strategy import Strategy, full_ranges

Float = npt.NDArray[np.float64]


def exploitability_of(first: float, second: float) -> float:
    """Return NashConv / 2 of both players' best-response values.

    It is never below 0 in exact arithmetic. Where sums leave a rounding error below 0 (a game with nothing to decide), it is 0.
    """
    found = (first + second) / 2
    return 0.0 if found < 0 else found  # NaN stays


@lru_cache(maxsize=1024)
def span_of(part: Slice, player: int) -> tuple[int, ...]:
    """Return one player's part of a subgame as the kernels take it: a plain ``Span``."""
    return plain(Span(*part.decisions[player], *part.rows[player], part.root_row[player], *part.terminals))  # type: ignore[no-any-return]


class Evaluator:
    """Exact evaluation of strategies on one tree; scratch arrays are allocated once and reused. Not for two threads at a time."""

    def __init__(self, tree: PublicTree) -> None:
        self.tree = tree
        self._reach, self._policy, self._cfv = ([aligned_zeros(tree.num_rows(p), tree.num_hands(p)) for p in (0, 1)] for _ in range(3))
        self._terminals = [plain(view) for view in tree.terminals]

    def memory_bytes(self) -> int:
        """Return the size of the scratch arrays in bytes."""
        return sum(a.nbytes for arrays in (self._reach, self._policy, self._cfv) for a in arrays)

    def _fill(self, strategy: Strategy, player: int, range_: Float) -> None:
        """Load a player's strategy and compute the reach of every row of the span."""
        part, hands = strategy.span, self.tree.num_hands(player)
        lo, hi = part.rows[player]
        self._policy[player][lo:hi] = strategy.tables[player]
        root = self._reach[player][part.root_row[player]]
        root[:] = 0.0
        root[:hands] = range_
        sequences = self.tree.sequences[player]
        span = span_of(part, player)
        propagate_reach(sequences.first_row, sequences.parent_row, span, self._policy[player], self._reach[player])

    def _evaluate(self, part: Slice, player: int, best: bool) -> Float:
        sequences = self.tree.sequences[player]
        other = self._reach[1 - player]
        evaluate(
            sequences.first_row,
            sequences.parent_row,
            self._terminals[player],
            span_of(part, player),
            other,
            self._policy[player],
            best,
            self._cfv[player],
        )
        found: Float = self._cfv[player][part.root_row[player], : self.tree.num_hands(player)].copy()
        return found

    def best_response_cfvs(self, strategy: Strategy, player: int, other_range: Float) -> Float:
        """Return [H], ``player``'s counterfactual best-response values at the root of the span.

        Args:
            strategy: the opponent's part of it is responded to.
            player: who responds.
            other_range: [H_other] the opponent's reach at the root of the span.
        """
        self._fill(strategy, 1 - player, other_range)
        return self._evaluate(strategy.span, player, best=True)

    def cfvs(self, strategy: Strategy, player: int, other_range: Float) -> Float:
        """Return [H], ``player``'s counterfactual values at the root of the span when both play ``strategy``."""
        self._fill(strategy, 1 - player, other_range)
        lo, hi = strategy.span.rows[player]
        self._policy[player][lo:hi] = strategy.tables[player]
        return self._evaluate(strategy.span, player, best=False)

    def sequence_cfvs(self, strategy: Strategy, player: int, other_range: Float, best: bool = True) -> Float:
        """Return [rows of the span, H], ``player``'s counterfactual values of each of its sequences (a copy).

        Args:
            strategy: what the opponent plays, and ``player`` too unless ``best``.
            player: whose values.
            other_range: [H_other] the opponent's reach at the root of the span.
            best: ``player`` best responds after each sequence.
        """
        (self.best_response_cfvs if best else self.cfvs)(strategy, player, other_range)
        found: Float = self._cfv[player][slice(*strategy.span.rows[player]), : self.tree.num_hands(player)].copy()
        return found

    def last_cfvs(self, player: int) -> Float:
        """Return [R, padded H], what the last call worked out of each of the player's sequences: the array itself, free until the next."""
        return self._cfv[player]

    def values(self, strategy: Strategy) -> tuple[float, float]:
        """Return both players' expected values in chips at the root of the game (zero-sum)."""
        value = float(self.cfvs(strategy, 0, full_ranges(self.tree)[1]).sum())
        return value, -value

    def best_response_value(self, strategy: Strategy, player: int) -> float:
        """Return what ``player`` wins in chips by best responding to a strategy of the whole game."""
        return float(self.best_response_cfvs(strategy, player, full_ranges(self.tree)[1 - player]).sum())

    def nash_conv(self, strategy: Strategy) -> float:
        """Return BR_0 + BR_1 in chips."""
        return 2 * self.exploitability(strategy)

    def exploitability(self, strategy: Strategy) -> float:
        """Return NashConv / 2 in chips."""
        return exploitability_of(self.best_response_value(strategy, 0), self.best_response_value(strategy, 1))
