"""What stands above a subgame's root so that solving it alone does not hurt.

Below the root we play anew; above it the opponent has already chosen. A gadget holds the new strategy to what the opponent's hands could
get against the strategy so far, their *bounds*:

* ``unsafe``: nothing. The opponent arrives with the range that the model says, however the subgame is played (no gadget at all).
* ``resolve``: each hand may stop above the root for its bound (CFR-D; Burch, Johanson & Bowling 2014, arXiv 1303.4441).
* ``maxmargin``: the opponent picks the hand to enter with, so the least margin = (bound - cfv) / cf_reach over hands is made as large as
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

import numpy as np
import numpy.typing as npt

from search.kernels.gadget import COMBINED, MAXMARGIN, REFINED, RESOLVE

Float = npt.NDArray[np.float64]
UNSAFE = "unsafe"
TAGS = {"resolve": RESOLVE, "maxmargin": MAXMARGIN, "reach_maxmargin": MAXMARGIN, "refined": REFINED, "combined": COMBINED}
GADGETS = (UNSAFE, *TAGS)
WITH_GIFTS = ("reach_maxmargin", "refined", "combined")
NEED_RANGE = (UNSAFE, "combined")  # those that rely on the model of the opponent's range
BOUNDS = ("safe", "estimate", "distributional")
WARM_START = ("never", "short", "always")  # whether solves start from the strategy so far; "short": those that expect few iterations
NO_SPREAD = ("maxmargin", "reach_maxmargin")  # their one choice among all hands has no distributional form here


def gadget_exploitability(kind: int, theirs: Float, ours: Float, reach: Float, unasked: Float, bounds: Float, cf_reach: Float) -> Float:
    """Return [L], NashConv / 2 of an answer in the gadget's games, in chips weighted by reach.

    * resolve: the opponent is dealt every hand, with our reach; entering pays the subgame's cfv, stopping the bound.
    * refined: the same, and with some probability the hand enters without being asked.
    * maxmargin: the opponent picks a hand; entering pays the subgame's cfv less the bound, per cf_reach of the hand. Its value to us is the
      least margin. Payoffs are multiplied by the cf_reach of all hands, so that the figure limits the bound violation as resolve's does.
    * combined: the subgame in which the opponent's range is fixed at the reach that follows from the average choice (no gadget's
      game: there is none whose equilibrium it is).

    Args:
        kind: the gadget's tag.
        theirs: [H, L] the opponent's best-response cfvs against our answer.
        ours: [L] our best-response value against its answer and ``reach``.
        reach: [H, L] the opponent's at the root, from its average choice.
        unasked: [H, L] probability of entering without being asked.
        bounds: [H, L] cfvs of not entering.
        cf_reach: [H, L] our reach that each hand can meet; hands with 0 do not exist.
    """
    alive = cf_reach > 0
    bounds = np.where(alive, bounds, 0.0)
    if kind == MAXMARGIN:
        count = alive.sum(axis=0)  # what the kernel multiplies by the mean cf_reach is meant to be multiplied by the sum
        reach, ours = reach * count, ours * count
        margins = np.where(alive, theirs - bounds, -np.inf) / np.where(alive, cf_reach, 1.0)
        best = cf_reach.sum(axis=0) * np.where(count > 0, margins.max(axis=0), 0.0)
        elsewhere = -(reach * bounds).sum(axis=0)
    elif kind == COMBINED:
        best, elsewhere = (reach * theirs).sum(axis=0), 0.0
    else:
        best = (unasked * theirs + (1.0 - unasked) * np.maximum(theirs, bounds)).sum(axis=0)
        elsewhere = ((1.0 - reach) * bounds).sum(axis=0)
    gap: Float = np.maximum((best + ours - elsewhere) / 2, 0.0)  # never below but by rounding
    return gap
