"""Public belief states: who comes to the root of a subgame with which hands.

Several subgames that begin on the same cards are solved side by side. Each is a *line* of play, a column of the arrays here.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

Float = npt.NDArray[np.float64]


class Beliefs(NamedTuple):
    """How both players come to the roots of L subgames on the same cards.

    Attributes:
        place: the public node of a tree; in hold'em the board above the subgames' first board, -1 above the first round.
        reach: per player [H, L], the product of the player's own action probabilities; in hold'em by its hands at ``place``.
        gifts: [H of the opponent, L] chips that each hand gave away on the way; None if nobody asked.
    """

    place: int
    reach: tuple[Float, Float]
    gifts: Float | None


class Entrance:
    """Beliefs at the roots of L subgames as the searching player uses them, over the H hands that the cards there leave.

    Attributes:
        own: [H, L] the searcher's reach, the largest of every line 1: only ratios matter, and products of small ones would underflow.
        scale: [L] what it was divided by.
        model: [H of the opponent, L] the opponent's reach, likewise.
        model_scale: [L] what it was divided by.
        cf_reach: [H of the opponent, L] the searcher's reach that each of the opponent's hands can meet, by deals and chance.
        gifts: [H of the opponent, L] chips; None if nobody asked.
    """

    def __init__(self, own: Float, model: Float, cf_reach: Float, scale: Float, gifts: Float | None) -> None:
        self.own, self.cf_reach, self.scale, self.gifts = own, cf_reach, scale, gifts
        self.model, self.model_scale = scaled(model), model.max(axis=0)
        self.reached: npt.NDArray[np.bool_] = own.max(axis=0) > 0

    def solvable(self, needs_range: bool) -> npt.NDArray[np.bool_]:
        """Return [L], the lines where the searcher comes and meets somebody; in the model's range if the gadget needs that."""
        met = self.model * self.cf_reach if needs_range else self.cf_reach
        found: npt.NDArray[np.bool_] = self.reached & (met.max(axis=0) > 0)
        return found

    def chance(self) -> Float:
        """Return [L], the reach of all deals that come to each line: both players' reach, weighted by deals and chance."""
        found: Float = (self.model * self.cf_reach).sum(axis=0) * self.model_scale * self.scale
        return found

    def judge(self, change: Float, whole: bool = False) -> tuple[Float, Float]:
        """Return [L] each, the bound violation and the expected margin of an answer.

        Args:
            change: [H of the opponent, L] best-response cfvs against the answer less the bounds.
            whole: it is the whole game, where the model's range is the deal's: what rises is weighted by it as well.
        """
        change = np.where(self.cf_reach > 0, change, 0.0)
        model = self.model * self.model_scale
        violation: Float = (np.maximum(change, 0.0) * (model if whole else 1.0)).sum(axis=0)
        return violation, (np.maximum(-change, 0.0) * model).sum(axis=0)


def scaled(reach: Float) -> Float:
    """Return [H, L] reach with the largest of every line 1; an empty range stays empty."""
    largest = reach.max(axis=0)
    found: Float = reach / np.where(largest > 0, largest, 1.0)
    return found
