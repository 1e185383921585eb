"""The opponent's choice above a subgame's root: which hands enter it, and with what weight.

Everything is ``[H, L]``: the opponent's hands by *lines*, the subgames that share a public board and are solved side by side; a lone
subgame is one line. Sources: CFR-D (Burch, Johanson & Bowling 2014, arXiv 1303.4441), maxmargin (Moravcik et al. 2016), reach-maxmargin
(Brown & Sandholm 2017, arXiv 1705.02955), refinement (Kubicek, Lisy & Sandholm 2026, arXiv 2601.17131), the combined gadget after Eric
Jackson's Slumbot.
"""

from __future__ import annotations

from math import erf, sqrt
from typing import Any, NamedTuple

from games.kernels import inlined_kernel, kernel

UNSAFE, RESOLVE, MAXMARGIN, COMBINED, REFINED = range(5)  # reach-maxmargin is maxmargin with other bounds
MOST_ADDED = 0.2  # of all that the model brings: what the combined gadget may add to it
FORCED = 0.5  # of the refined gadget: probability with which the model's likeliest hand enters without being asked, others in proportion
SPREAD = 0.1  # of all that the combined gadget brings: dealt to all hands alike


class GadgetArrays(NamedTuple):
    """What a gadget reads and what it learns; all [H, L] of the opponent's hands. Hands with ``cf_reach`` 0 do not exist."""

    bound: Any  # cfv of not entering
    cf_reach: Any  # our reach that the hand can meet, deals included: what makes a cfv a value
    model: Any  # the opponent's reach in our model, for COMBINED and REFINED
    spread: Any  # 0, or what the bound is uncertain by: the standard deviation of a normal distribution
    follow: Any  # regret of entering; for MAXMARGIN of picking the hand
    stop: Any  # regret of not entering
    chosen: Any  # sum of the choice so far, weighted like the average strategy
    choice: Any  # probability of entering; for MAXMARGIN of picking the hand, one distribution over hands per line


@inlined_kernel
def gadget_arrays(plain: Any) -> GadgetArrays:
    """Return the arrays with their names again."""
    return GadgetArrays(plain[0], plain[1], plain[2], plain[3], plain[4], plain[5], plain[6], plain[7])


@inlined_kernel
def open_gadget(kind: int, arrays: GadgetArrays, reach: Any) -> None:
    """Begin a solve: nothing learnt, a choice between equals, and the root's reach that follows from it, in place.

    Args:
        kind: the gadget's tag; UNSAFE changes nothing.
        arrays: the gadget's; ``bound``, ``cf_reach``, ``model`` and ``spread`` are read, the others set.
        reach: [H, L] in place.
    """
    if kind == UNSAFE:
        return
    hands, lines = reach.shape
    for j in range(lines):
        alive = 0
        for h in range(hands):
            alive += arrays.cf_reach[h, j] > 0
        for h in range(hands):
            arrays.follow[h, j] = arrays.stop[h, j] = arrays.chosen[h, j] = 0
            arrays.choice[h, j] = 1 / max(alive, 1) if kind == MAXMARGIN else 0.5
    enter_root(kind, arrays, arrays.choice, reach)


@inlined_kernel
def enter_root(kind: int, arrays: GadgetArrays, choice: Any, reach: Any) -> None:
    """Set the root's reach to what follows from a choice, in place. See ``update_gadget``.

    Args:
        kind: the gadget's tag, not UNSAFE.
        arrays: the gadget's; ``cf_reach`` and ``model`` are read.
        choice: [H, L], the gadget's own or another.
        reach: [H, L] in place.
    """
    hands, lines = reach.shape
    for j in range(lines):
        if kind == MAXMARGIN:
            spread_choice(arrays.cf_reach, choice, reach, j)
            continue
        for h in range(hands):
            reach[h, j] = choice[h, j] if arrays.cf_reach[h, j] > 0 else 0
        if kind == COMBINED:
            mix_with_model(arrays, reach, j)
        if kind == REFINED:
            force_model(arrays, reach, j)


@inlined_kernel
def update_gadget(
    kind: int, arrays: GadgetArrays, cfv: Any, reach: Any, positive: float, negative: float, decay: float, predictive: float
) -> None:
    """Regret-match the opponent's choice and set the root's reach for the next sweep, in place.

    * RESOLVE: each hand enters for ``cfv`` or stops for ``bound``; reach = probability of entering. With a ``spread`` the bound is a normal
      distribution, and a hand enters as often as its mean cfv so far is above a draw of it: the best response of a hand that knows its
      draw, so it needs no regrets (``follow`` sums cfvs and ``stop`` their weights).
    * REFINED: the same choice, but a hand enters unasked with FORCED times its share of the model's likeliest.
    * COMBINED: the same choice; reach = model + (1 - model) * probability of entering, what is added at most MOST_ADDED of the
      model's, and SPREAD of it all dealt to every hand alike.
    * MAXMARGIN: the opponent picks one hand of all to enter with, for (cfv - bound) / cf_reach; reach = probability / cf_reach, times
      the mean cf_reach so that regrets keep their scale.

    Args:
        kind: the gadget's tag; UNSAFE changes nothing.
        arrays: the gadget's.
        cfv: [H, L] the opponent's cfvs at the root.
        reach: [H, L] in place.
        positive: discount of positive regrets.
        negative: discount of negative regrets.
        decay: of ``chosen``.
        predictive: weight of the last regret as a prediction.
    """
    if kind == UNSAFE:
        return
    hands, lines = cfv.shape
    if kind == MAXMARGIN:
        for j in range(lines):
            match_margins(arrays, cfv, reach, j, positive, negative, decay, predictive)
        return
    for h in range(hands):
        for j in range(lines):
            match_entry(arrays, cfv, reach, h, j, positive, negative, decay, predictive)
    for j in range(lines):
        if kind == COMBINED:
            mix_with_model(arrays, reach, j)
        if kind == REFINED:
            force_model(arrays, reach, j)


@inlined_kernel
def match_entry(
    arrays: GadgetArrays, cfv: Any, reach: Any, h: int, j: int, positive: float, negative: float, decay: float, predictive: float
) -> None:
    """Do one hand of one line of RESOLVE, REFINED or COMBINED, in place; ``reach`` is the probability of entering."""
    enter, cfv_, bound, spread = arrays.choice[h, j], cfv[h, j], arrays.bound[h, j], arrays.spread[h, j]
    arrays.chosen[h, j] = arrays.chosen[h, j] * decay + enter
    if spread > 0:
        arrays.follow[h, j] = arrays.follow[h, j] * decay + cfv_
        arrays.stop[h, j] = arrays.stop[h, j] * decay + 1
        enter = (1 + erf((arrays.follow[h, j] / arrays.stop[h, j] - bound) / (spread * sqrt(2.0)))) / 2
        arrays.choice[h, j] = enter
        reach[h, j] = enter if arrays.cf_reach[h, j] > 0 else 0
        return
    value = enter * cfv_ + (1 - enter) * bound
    a, b = cfv_ - value, bound - value
    x, y = arrays.follow[h, j], arrays.stop[h, j]
    x = x * (positive if x > 0 else negative) + a
    y = y * (positive if y > 0 else negative) + b
    arrays.follow[h, j], arrays.stop[h, j] = x, y
    x, y = max(x, 0), max(y, 0)
    if predictive > 0:
        x, y = max(x + predictive * a, 0), max(y + predictive * b, 0)
    enter = x / (x + y) if x + y > 0 else 0.5
    arrays.choice[h, j] = enter
    reach[h, j] = enter if arrays.cf_reach[h, j] > 0 else 0


@inlined_kernel
def match_margins(
    arrays: GadgetArrays, cfv: Any, reach: Any, j: int, positive: float, negative: float, decay: float, predictive: float
) -> None:
    """Do one line of MAXMARGIN, in place."""
    hands = cfv.shape[0]
    value = total = 0.0
    alive = 0
    for h in range(hands):
        if arrays.cf_reach[h, j] > 0:
            value += arrays.choice[h, j] * (cfv[h, j] - arrays.bound[h, j]) / arrays.cf_reach[h, j]
            alive += 1
    for h in range(hands):
        if arrays.cf_reach[h, j] > 0:
            arrays.chosen[h, j] = arrays.chosen[h, j] * decay + arrays.choice[h, j]
            a = (cfv[h, j] - arrays.bound[h, j]) / arrays.cf_reach[h, j] - value
            x = arrays.follow[h, j]
            x = x * (positive if x > 0 else negative) + a
            arrays.follow[h, j] = x
            x = max(x, 0)
            if predictive > 0:
                x = max(x + predictive * a, 0)
            arrays.choice[h, j] = x
            total += x
    for h in range(hands):
        if arrays.cf_reach[h, j] > 0:
            arrays.choice[h, j] = arrays.choice[h, j] / total if total > 0 else 1 / alive
    spread_choice(arrays.cf_reach, arrays.choice, reach, j)


@inlined_kernel
def spread_choice(cf_reach: Any, choice: Any, reach: Any, j: int) -> None:
    """Turn one line's distribution over hands into MAXMARGIN's reach, in place."""
    hands = reach.shape[0]
    mean = 0.0
    alive = 0
    for h in range(hands):
        if cf_reach[h, j] > 0:
            mean += cf_reach[h, j]
            alive += 1
    mean /= max(alive, 1)
    for h in range(hands):
        reach[h, j] = choice[h, j] * mean / cf_reach[h, j] if cf_reach[h, j] > 0 else 0


@inlined_kernel
def mix_with_model(arrays: GadgetArrays, reach: Any, j: int) -> None:
    """Turn one line's probabilities of entering into COMBINED's reach, in place."""
    hands = reach.shape[0]
    model = added = 0.0
    alive = 0
    for h in range(hands):
        if arrays.cf_reach[h, j] > 0:
            model += arrays.model[h, j]
            added += (1 - arrays.model[h, j]) * reach[h, j]
            alive += 1
    if alive == 0:
        return
    share = min(1.0, MOST_ADDED * model / added) if added > 0 else 0.0
    even = (model + share * added) / alive
    for h in range(hands):
        if arrays.cf_reach[h, j] > 0:
            mixed = arrays.model[h, j] + share * (1 - arrays.model[h, j]) * reach[h, j]
            reach[h, j] = (1 - SPREAD) * mixed + SPREAD * even


@inlined_kernel
def force_model(arrays: GadgetArrays, reach: Any, j: int) -> None:
    """Turn one line's probabilities of entering into REFINED's reach, in place."""
    hands = reach.shape[0]
    most = 0.0
    for h in range(hands):
        if arrays.cf_reach[h, j] > 0:
            most = max(most, arrays.model[h, j])
    if most == 0:
        return
    for h in range(hands):
        if arrays.cf_reach[h, j] > 0:
            reach[h, j] += (1 - reach[h, j]) * (FORCED * arrays.model[h, j] / most)


@kernel
def open_board(kind: int, arrays: Any, reach: Any) -> None:
    """``open_gadget`` for Python, on a plain tuple."""
    open_gadget(kind, gadget_arrays(arrays), reach)


@kernel
def enter_board(kind: int, arrays: Any, choice: Any, reach: Any) -> None:
    """``enter_root`` for Python, on a plain tuple."""
    enter_root(kind, gadget_arrays(arrays), choice, reach)
