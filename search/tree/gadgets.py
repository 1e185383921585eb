"""Gadgets, bounds and gifts on a public tree; see ``search.gadgets`` for what they are."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from games import PublicTree
from search.gadgets import TAGS
from search.tree.evaluator import Evaluator
from search.tree.strategy import Strategy

Float = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Gadget:
    """The opponent's choice above a subgame's root. What else it takes (our range, the model's) is the subgame's.

    Attributes:
        kind: ``resolve``, ``maxmargin``, ``reach_maxmargin`` (which is maxmargin with other bounds), ``refined`` or ``combined``.
        opponent: the player who is given the choice.
        bounds: [H] what each hand gets elsewhere: cfvs, weighted by our reach and chance. Those of hands without cf_reach are not used.
        spread: chips, the standard deviation of every bound per cf_reach of the hand; 0 for bounds that are numbers.
    """

    kind: str
    opponent: int
    bounds: Float
    spread: float = 0.0

    def __post_init__(self) -> None:
        if self.kind not in TAGS:
            raise ValueError(f"kind must be one of {', '.join(TAGS)}, got {self.kind!r}")
        if self.opponent not in (0, 1):
            raise ValueError(f"opponent must be 0 or 1, got {self.opponent}")
        if not np.isfinite(self.bounds).all():
            raise ValueError(f"bounds must be finite, got {self.bounds.tolist()}")


def cf_reach_at(tree: PublicTree, node: int, player: int, other_range: Float) -> Float:
    """Return [H], what each hand of ``player`` meets at a public node: the other's reach there, weighted by deals and chance so far.

    A cfv divided by it is a value in chips.
    """
    weights: Float = tree.chance_weights[tree.chance_of[node]]
    return other_range @ weights if player == 1 else weights @ other_range


def gifts(evaluator: Evaluator, strategy: Strategy, opponent: int, own_range: Float, node: int, best: bool = True) -> Float:
    """Return [H], what each of the opponent's hands has given away on the way from the root of ``strategy`` to ``node``, in chips.

    With I' the hand's information set at an earlier decision and a' the action taken there, both values per cf_reach of the hand:

        gift = sum over I', a' of max(0, CBV(I') - CBV(I', a'))

    (Brown & Sandholm 2017, arXiv 1705.02955.) A hand that could have had more elsewhere may be given as much more here and still not
    gain by coming. Subgames share a gift through the cf_reach: all that can follow a' have no more of it together than I' has.

    Args:
        evaluator: of the same tree.
        strategy: covers the whole of the way and everything beside it.
        opponent: the player whose gifts are wanted.
        own_range: [H_own] our reach at the root of ``strategy``.
        node: where the way ends.
        best: False for the estimate form, with the cfvs of ``strategy`` in the place of CBVs.
    """
    tree = strategy.tree
    total = np.zeros(tree.num_hands(opponent))
    path = tree.path(node, strategy.span.node)
    decisions = [(above, here) for above, here in pairwise(path) if tree.player[above] == opponent]
    if not decisions:
        return total
    cfvs = evaluator.sequence_cfvs(strategy, opponent, own_range, best)
    first = strategy.span.rows[opponent][0]
    for above, here in decisions:
        rows = tree.rows_at(above)
        worth = cfvs[rows.start - first : rows.stop - first]
        taken = worth[int(tree.row[opponent, here]) - rows.start]
        value = worth.max(axis=0) if best else (strategy.at(above) * worth).sum(axis=0)
        own = strategy.ranges(above, _both(tree, opponent, own_range))[1 - opponent]
        cf_reach = cf_reach_at(tree, above, opponent, own)
        total += np.maximum(value - taken, 0.0) / np.where(cf_reach > 0, cf_reach, np.inf)
    return total


def _both(tree: PublicTree, opponent: int, own_range: Float) -> tuple[Float, Float]:
    other = np.ones(tree.num_hands(opponent))
    return (own_range, other) if opponent == 1 else (other, own_range)
