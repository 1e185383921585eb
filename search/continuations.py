"""Multi-valued states: players choose at each leaf how they go on below it (Brown, Sandholm & Amos 2018, arXiv 1805.08195).

A *continuation* is a strategy for all that follows. The first one is the blueprint. The others are the blueprint biased towards folding,
calling or raising. A *chooser* picks one at each leaf for each of its hands, as one more decision of the game that is solved. A player who
does not choose goes on with the blueprint. In the paper the opponent of the searching player chooses. In Pluribus (Brown & Sandholm 2019)
both players do, and neither knows the other's choice.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from games.game import Kind

Float = npt.NDArray[np.float64]
CHOOSERS = OPPONENT, BOTH = "opponent", "both"  # of the player who searches
BIASED = Kind.FOLD, Kind.PASS, Kind.BET
FACTORS = {1: (), 4: (10.0,), 10: (2.0, 10.0, 100.0)}  # by the number of continuations; 10 is the paper's


class Bias(NamedTuple):
    """How a strategy is biased: the probability of each action of a kind is multiplied by a factor, then all are normalised."""

    kind: Kind
    factor: float


def biases(count: int) -> list[Bias]:
    """Return the biases of all continuations but the first one, which is the blueprint.

    Args:
        count: of continuations: 1 for the blueprint alone; 4 for the paper's, with the factor 10; 10 for three factors of each kind.

    Raises:
        ValueError: another number.
    """
    if count not in FACTORS:
        raise ValueError(f"continuations must be one of {', '.join(map(str, FACTORS))}, got {count}")
    return [Bias(kind, factor) for factor in FACTORS[count] for kind in BIASED]


def biased_shares(shares: Float, kinds: Sequence[Kind], bias: Bias) -> Float:
    """Return a decision's probabilities, biased.

    Args:
        shares: [A, ...] the first axis adding up to one.
        kinds: of the A actions.
        bias: how; nothing changes where no action is of its kind.
    """
    factors = np.array([bias.factor if kind == bias.kind else 1.0 for kind in kinds])
    weighed = factors.reshape(-1, *(1,) * (shares.ndim - 1)) * shares
    found: Float = weighed / weighed.sum(axis=0)
    return found


def check_choosers(choosers: Sequence[int]) -> None:
    """Refuse choosers that are not players.

    Raises:
        ValueError: such a chooser.
    """
    if not set(choosers) <= {0, 1}:
        raise ValueError(f"choosers must be players, 0 or 1, got {list(choosers)}")


class ContinuationChoice:
    """The choosers' decisions at B leaves, by regret matching+ (Tammelin 2014, arXiv 1407.5042), and what they make of the leaves.

    Each question for a chooser's cfvs is one iteration of that chooser's decisions; the answer is what the choices before it are worth.
    No average of choices is kept: a solver averages the values that they led to.

    Args:
        chips: [C0, C1, B, H0, H1], what player 0 wins with each of its C0 continuations from each of player 1's C1, times what reach
            lacks: the probability of the deal and of public chance.
    """

    def __init__(self, chips: npt.NDArray[Any]) -> None:
        self._chips = chips
        first, second, leaves, *hands = chips.shape
        self._regrets = [np.zeros((count, leaves, own)) for count, own in zip((first, second), hands, strict=True)]
        self.choices: list[Float] = [np.full(regrets.shape, 1.0 / len(regrets)) for regrets in self._regrets]

    def cfvs(self, player: int, reach: tuple[Float, Float]) -> Float:
        """Return [B, H], a player's cfvs at all leaves; if it chooses, improve its choices after that.

        Args:
            player: whose values.
            reach: per player [B, H].
        """
        other = (self.choices[1 - player] * reach[1 - player]).astype(self._chips.dtype)
        if player == 0:
            each = np.matmul(self._chips, other[:, :, :, None])[..., 0].sum(axis=1, dtype=np.float64)
        else:
            each = -np.matmul(other[:, None, :, None], self._chips)[..., 0, :].sum(axis=0, dtype=np.float64)
        choice, regrets = self.choices[player], self._regrets[player]
        value: Float = (choice * each).sum(axis=0)
        if len(each) > 1:
            np.maximum(regrets + each - value, 0.0, out=regrets)
            total = regrets.sum(axis=0)
            self.choices[player] = np.divide(regrets, total, out=np.full(regrets.shape, 1.0 / len(regrets)), where=total > 0)
        return value
