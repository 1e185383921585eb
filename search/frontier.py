"""Depth limits: a subgame is cut at its *leaves*, and somebody else says what they are worth.

A solver with a depth limit asks for the values of all leaves at once, in every iteration, from the ranges that both players bring there at
that moment. Values are counterfactual values (cfvs) as in the rest of ``search``: chips of a player, weighted by the other player's range,
by deals and by public chance so far, so that a cfv divided by the hand's ``cf_reach`` is a value in chips.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

import numpy as np
import numpy.typing as npt

Float = npt.NDArray[np.float64]
Float32 = npt.NDArray[np.float32]
# Of a network, for each layer a weight [inputs, outputs] and a bias [outputs]; all outputs but the last layer's are rectified.
Layers = tuple[tuple[Float32, Float32], ...]
State = TypeVar("State", bound=Hashable, contravariant=True)


class NoValuesError(ValueError):
    """Leaves' values are NaN or infinite."""


class LeafEvaluator(Protocol[State]):
    """What the leaves of a depth-limited subgame are worth. It serves one solve at a time.

    It may learn from the questions: while a solver iterates it asks for each player's cfvs once an iteration, player 0's first.
    """

    @property
    def name(self) -> str:
        """What reports call it."""
        ...

    def fingerprint(self) -> bytes:
        """Return what kept measurements of searches with it must agree with."""
        ...

    def enter(self, leaves: Sequence[State], /) -> None:
        """Turn to the leaves of a new solve: B public states."""
        ...

    def cfvs(self, player: int, reach: tuple[Float, Float], /) -> Float:
        """Return [B, H], a player's cfvs at all leaves.

        Hands that the public cards of a leaf exclude have value 0. The cfvs of both players are zero-sum: weighted by their own ranges they
        add up to 0.

        Args:
            player: whose values.
            reach: per player [B, H], the ranges at the leaves, those of the subgame's root included. They may be empty.

        Raises:
            NoValuesError: values are no numbers. The search ends with its answer so far.
        """
        ...


@dataclass(frozen=True)
class DepthLimit(Generic[State]):
    """Where subgames end.

    Attributes:
        leaves: says what the leaves are worth to searches of player 0, and to those of player 1 unless ``second`` does.
        actions: that the players take from the root to a leaf; None for the end of the round: in derived games behind the public card, in
            hold'em before it.
        starts: says what hands are worth where the next subgame begins, which they are promised there; in hold'em, where leaves are
            before the card and so promise nothing behind it. None promises nothing.
        second: says what they are worth where player 1 searches, if it matters who does; it differs in nothing else.
    """

    leaves: LeafEvaluator[State]
    actions: int | None = None
    starts: LeafEvaluator[State] | None = None
    second: LeafEvaluator[State] | None = None

    def __post_init__(self) -> None:
        if self.actions is not None and self.actions < 1:
            raise ValueError(f"actions must be at least 1, got {self.actions}")

    def fingerprint(self) -> bytes:
        """Return what kept measurements of searches with it must agree with, beside ``actions``."""
        asked = (self.leaves_of(0), self.leaves_of(1), self.starts)
        return b"".join(evaluator.fingerprint() for evaluator in asked if evaluator is not None)

    def leaves_of(self, seat: int) -> LeafEvaluator[State]:
        """Return what says what the leaves are worth where a player searches."""
        return self.leaves if seat == 0 or self.second is None else self.second


def mean_values(sums: Float) -> Float:
    """Return values in chips: weighted sums over iterations [2, ...] of cfvs and of cf_reach, divided; 0 for what meets nobody."""
    cfvs, cf_reach = sums
    found: Float = np.divide(cfvs, cf_reach, out=np.zeros_like(cfvs), where=cf_reach > 0)
    return found
