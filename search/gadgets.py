"""What stands above a subgame's root so that solving it alone does not hurt.

Below the root we play anew; above it the opponent has already chosen. A gadget holds the new strategy to what the opponent's hands could
get against the strategy so far, their *bounds*:

* ``unsafe``: nothing. The opponent arrives with the range that the model says, however the subgame is played (no gadget at all).
* ``resolve``: each hand may stop above the root for its bound (CFR-D; Burch, Johanson & Bowling 2014, arXiv 1303.4441).
* ``maxmargin``: the opponent picks the hand to enter with, so the least margin = (bound - cfv) / mass over hands is made as large as
  can be (Moravcik et al. 2016).
* ``reach_maxmargin``: maxmargin on bounds raised by the *gifts* that the opponent made on the way (Brown & Sandholm 2017, arXiv
  1705.02955, section "Reach").
* ``refined``: resolve on bounds raised by gifts, in which every hand of the model's range comes in unasked half of the time (the likeliest
  one; others in proportion). The resolve game alone is content with any strategy that keeps the bounds, and has endlessly many; this one
  takes one of those that are best against the model's hands (a perturbation in the spirit of the gadget game sequential equilibria of
  Kubicek, Lisy & Sandholm 2026, arXiv 2601.17131). Hands may gain above their bounds, in all at most half of what the model's range
  loses below them: with w(h) the probability of coming in unasked, in the solved game sum max(0, cfv - bound) <= sum w max(0, bound - cfv).
* ``combined``: the model's range, and a fifth more of it dealt to hands that would enter (Eric Jackson's Slumbot; here for
  more than their bounds raised by gifts). Not safe.

Bounds are *safe* only if they are counterfactual best-response values (CBVs) against the strategy so far; its own cfvs are *estimates*. In
the *distributional* form (1705.02955, "Distributional Alternative Payoffs") a bound is not a number but a normal distribution around the
estimate: a hand that is slightly better off inside does not come in at once, one that is slightly worse off does not stay away.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from games import PublicTree
from search.kernels import COMBINED, MAXMARGIN, REFINED, RESOLVE
from search.tree.evaluator import Evaluator
from search.tree.strategy import Strategy

Float = npt.NDArray[np.float64]
UNSAFE = "unsafe"
TAGS = {"resolve": RESOLVE, "maxmargin": MAXMARGIN, "reach_maxmargin": MAXMARGIN, "refined": REFINED, "combined": COMBINED}
GADGETS = (UNSAFE, *TAGS)
WITH_GIFTS = ("reach_maxmargin", "refined", "combined")
NEED_RANGE = (UNSAFE, "combined")  # those that rely on the model of the opponent's range
BOUNDS = ("safe", "estimate", "distributional")
WARM_START = ("never", "short", "always")  # whether solves start from the strategy so far; "short": those that expect few iterations
NO_SPREAD = ("maxmargin", "reach_maxmargin")  # their one choice among all hands has no distributional form here


def check_search(warm_start: str, gift_scale: float) -> None:
    """Refuse what no search knows."""
    if warm_start not in WARM_START:
        raise ValueError(f"warm_start must be one of {', '.join(WARM_START)}, got {warm_start!r}")
    if not 0 <= gift_scale <= 1:
        raise ValueError(f"gift_scale must be from 0 to 1, got {gift_scale}")


@dataclass(frozen=True)
class Gadget:
    """The opponent's choice above a subgame's root. What else it takes (our range, the model's) is the subgame's.

    Attributes:
        kind: ``resolve``, ``maxmargin``, ``reach_maxmargin`` (which is maxmargin with other bounds), ``refined`` or ``combined``.
        opponent: the player who is given the choice.
        bounds: [H] what each hand gets elsewhere: cfvs, weighted by our reach and chance. Those of hands without mass are not used.
        spread: chips, the standard deviation of every bound per mass of the hand; 0 for bounds that are numbers.
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


def form_of(gadget: str, bounds: str, spread: float) -> str:
    """Return what reports call a gadget with its bounds; refuse those that there are not."""
    for name, value, allowed in (("gadget", gadget, GADGETS), ("bounds", bounds, BOUNDS)):
        if value not in allowed:
            raise ValueError(f"{name} must be one of {', '.join(allowed)}, got {value!r}")
    if not 0 < spread < math.inf:
        raise ValueError(f"spread must be finite and above 0, got {spread}")
    if bounds == "distributional" and gadget in NO_SPREAD:
        raise ValueError(f"bounds must be safe or estimate for {gadget}, got distributional")
    if bounds == "safe" or gadget == UNSAFE:
        return gadget
    return f"{gadget}-{bounds}" + (f"-{spread:g}" if bounds == "distributional" else "")


def mass_at(tree: PublicTree, node: int, player: int, other_range: Float) -> Float:
    """Return [H], what each hand of ``player`` meets at a public node: the other's reach there, weighted by deals and chance so far.

    A cfv divided by it is a value in chips.
    """
    weights: Float = tree.chance_weights[tree.chance_of[node]]
    return other_range @ weights if player == 1 else weights @ other_range


def safe_bounds(evaluator: Evaluator, strategy: Strategy, opponent: int, own_range: Float) -> Float:
    """Return [H], the opponent's counterfactual best-response values at the root of ``strategy`` against our part of it.

    Args:
        evaluator: of the same tree.
        strategy: our strategy so far at and below the subgame's root (from the blueprint or from the last search).
        opponent: the player whose values are wanted.
        own_range: [H_own] our reach at the root.
    """
    return evaluator.best_response_cfvs(strategy, opponent, own_range)


def estimated_bounds(evaluator: Evaluator, strategy: Strategy, opponent: int, own_range: Float) -> Float:
    """Return [H], the opponent's cfvs at the root when both play ``strategy``: estimates, without a guarantee. See ``safe_bounds``."""
    return evaluator.cfvs(strategy, opponent, own_range)


def gifts(evaluator: Evaluator, strategy: Strategy, opponent: int, own_range: Float, node: int, best: bool = True) -> Float:
    """Return [H], what each of the opponent's hands has given away on the way from the root of ``strategy`` to ``node``, in chips.

    With I' the hand's information set at an earlier decision and a' the action taken there, both values per mass of the hand:

        gift = sum over I', a' of max(0, CBV(I') - CBV(I', a'))

    (Brown & Sandholm 2017, arXiv 1705.02955.) A hand that could have had more elsewhere may be given as much more here and still not
    gain by coming. Subgames share a gift through the mass: all that can follow a' have no more mass together than I' has.

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
        mass = mass_at(tree, above, opponent, own)
        total += np.maximum(value - taken, 0.0) / np.where(mass > 0, mass, np.inf)
    return total


def _both(tree: PublicTree, opponent: int, own_range: Float) -> tuple[Float, Float]:
    other = np.ones(tree.num_hands(opponent))
    return (own_range, other) if opponent == 1 else (other, own_range)


def build_gadget(
    kind: str,
    evaluator: Evaluator,
    strategy: Strategy,
    opponent: int,
    own_range: Float,
    bounds: str = "safe",
    gift: Float | None = None,
    spread: float = 1.0,
) -> Gadget | None:
    """Return the gadget above the root of ``strategy``, None for ``unsafe``.

    Args:
        kind: one of ``GADGETS``.
        evaluator: of the same tree.
        strategy: our strategy so far at and below the root.
        opponent: who is given the choice.
        own_range: [H_own] our reach at the root.
        bounds: one of ``BOUNDS``.
        gift: [H] chips, for those of ``WITH_GIFTS``: what to raise the bounds by. Kept safe by any share of ``gifts``.
        spread: chips, for distributional bounds.
    """
    if kind == UNSAFE:
        return None
    found = (safe_bounds if bounds == "safe" else estimated_bounds)(evaluator, strategy, opponent, own_range)
    if kind in WITH_GIFTS and gift is not None:
        found = found + gift * mass_at(strategy.tree, strategy.span.node, opponent, own_range)
    return Gadget(kind, opponent, found, spread if bounds == "distributional" else 0.0)


def left_to_gain(kind: int, theirs: Float, ours: Float, reach: Float, unasked: Float, bounds: Float, mass: Float) -> Float:
    """Return [L], NashConv / 2 of an answer in the gadget's games, in chips weighted by reach.

    * resolve: the opponent is dealt every hand, with our reach; entering pays the subgame's cfv, stopping the bound.
    * refined: the same, and with some probability the hand enters without being asked.
    * maxmargin: the opponent picks a hand; entering pays the subgame's cfv less the bound, per mass of the hand. Its value to us is the
      least margin. Payoffs are multiplied by the mass of all hands, so that the figure bounds the harm as resolve's does.
    * combined: the subgame in which the opponent's range is fixed at the reach that follows from the average choice (no gadget's
      game: there is none whose equilibrium it is).

    Args:
        kind: the gadget's tag.
        theirs: [H, L] the opponent's best-response cfvs against our answer.
        ours: [L] our best-response value against its answer and ``reach``.
        reach: [H, L] the opponent's at the root, from its average choice.
        unasked: [H, L] probability of entering without being asked.
        bounds: [H, L] cfvs of not entering.
        mass: [H, L] our reach that each hand can meet; hands with 0 do not exist.
    """
    alive = mass > 0
    bounds = np.where(alive, bounds, 0.0)
    if kind == MAXMARGIN:
        count = alive.sum(axis=0)  # what the kernel multiplies by the mean mass is meant to be multiplied by the sum
        reach, ours = reach * count, ours * count
        margins = np.where(alive, theirs - bounds, -np.inf) / np.where(alive, mass, 1.0)
        best = mass.sum(axis=0) * np.where(count > 0, margins.max(axis=0), 0.0)
        elsewhere = -(reach * bounds).sum(axis=0)
    elif kind == COMBINED:
        best, elsewhere = (reach * theirs).sum(axis=0), 0.0
    else:
        best = (unasked * theirs + (1.0 - unasked) * np.maximum(theirs, bounds)).sum(axis=0)
        elsewhere = ((1.0 - reach) * bounds).sum(axis=0)
    gap: Float = np.maximum((best + ours - elsewhere) / 2, 0.0)  # never below but by rounding
    return gap
