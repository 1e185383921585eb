"""What a small network says of a few leaves, as cfvs of all hands: one call for each half of an iteration.

BLAS spends more on starting its threads than such products take, and each operation of numpy costs as much as its sums.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from games.kernels import inner_kernel, kernel
from games.kernels.boards import Int


class Deck(NamedTuple):
    """Who can meet whom.

    Attributes:
        low: [H] u1, the lower card of each hand.
        high: [H] u1.
        cards: [1] i8, one more than the highest card.
    """

    low: Any
    high: Any
    cards: Int


@inner_kernel
def dense(rows: Any, weight: Any, bias: Any, rectified: bool, out: Any) -> None:
    """Set ``out`` [B, N] to rows [B, M] @ weight [M, N] + bias [N], negative ones to 0 if ``rectified``, in place.

    Numbers of rows are often 0, after a rectified layer above all: these cost nothing.
    """
    for b in range(len(rows)):
        for n in range(len(bias)):
            out[b, n] = bias[n]
        for m in range(len(weight)):
            x = rows[b, m]
            if x != 0:
                for n in range(len(bias)):
                    out[b, n] += x * weight[m, n]
        if rectified:
            for n in range(len(bias)):
                out[b, n] = max(out[b, n], out.dtype.type(0))


@inner_kernel
def spread(reach: Any, live: Any, tremble: float, rows: Any, first: int) -> None:
    """Write ranges [B, H] as shares into ``rows`` [B, D] from column ``first`` on, some of every live hand with them, in place."""
    hands = live.sum()
    for b in range(len(reach)):
        total = 0.0
        for h in range(len(live)):
            total += reach[b, h] * live[h]
        for h in range(len(live)):
            share = reach[b, h] * live[h] / total if total > 0 else live[h] / hands
            rows[b, first + h] = (1.0 - tremble) * share + tremble * live[h] / hands


@inner_kernel
def meet(reach: Any, live: Any, deck: Deck, by_card: Any, out: Any) -> None:
    """Set ``out`` [B, H] to the reach of another player [B, H] that each live hand can meet, in place."""
    for b in range(len(reach)):
        total = 0.0
        for card in range(len(by_card)):
            by_card[card] = 0.0
        for h in range(len(live)):
            x = reach[b, h] * live[h]
            total += x
            by_card[deck.low[h]] += x
            by_card[deck.high[h]] += x
        for h in range(len(live)):
            met = total - by_card[deck.low[h]] - by_card[deck.high[h]] + reach[b, h] * live[h]
            out[b, h] = met * live[h] if met > 1e-12 * total else 0.0


@inner_kernel
def equity_against(shares: Any, live: Any, deck: Deck, equity: Any, by_card: Any, met: Any, out: Any) -> None:
    """Set ``out`` [B, H] to each hand's mean equity against what it can meet of shares [B, H], and ``met`` [B, H] to that, in place."""
    meet(shares, live, deck, by_card, met)
    for b in range(len(shares)):
        for h in range(len(live)):
            out[b, h] = 0
        for m in range(len(live)):
            x = shares[b, m]
            if x != 0:
                for h in range(len(live)):
                    out[b, h] += x * equity[m, h]
        for h in range(len(live)):
            out[b, h] = out[b, h] / met[b, h] if met[b, h] > 0 else 0


@kernel
def hand_cfvs(
    player: int, first: Any, second: Any, live: Any, deck: Any, equity: Any, paid: Any, tremble: float, rows: Any, layers: Any, outs: Any,
    work: Any, cfvs: Any,
) -> None:  # fmt: skip
    """Set ``cfvs`` [B, H] to a player's chips at some leaves on one board, in place.

    A hand's value is what checking down wins, and what the network says beside it. The network's part of both players' values is made to
    add up to nothing.

    Args:
        player: whose cfvs.
        first: [B, H] f8, player 0's reach at the leaves.
        second: [B, H] f8, player 1's.
        live: [H] f8, 1 for hands that hold no public card.
        deck: see ``Deck``, as a plain tuple.
        equity: [H, H] f4, the equity of the second hand against the first; 0 if they cannot meet.
        paid: [B] chips that each player has put in.
        tremble: see ``spread``.
        rows: [B, D] f4 what the network sees; the last 4 H columns are ranges and equities against them, the rest is there.
        layers: a weight [M, N] f4 and a bias [N] f4 each.
        outs: [B, N] f4 for each layer.
        work: [2, B, H] f8, both players' cf_reach afterwards.
        cfvs: see above.
    """
    hands, b_all = len(live), len(first)
    who = Deck(deck[0], deck[1], deck[2])
    at = rows.shape[1] - 4 * hands
    spread(first, live, tremble, rows, at)
    spread(second, live, tremble, rows, at + hands)
    by_card = np.empty(who.cards[0])
    for p in range(2):
        others, equities = at + (1 - p) * hands, at + (2 + p) * hands
        equity_against(rows[:, others : others + hands], live, who, equity, by_card, work[p], cfvs)
        for b in range(b_all):
            for h in range(hands):
                rows[b, equities + h] = cfvs[b, h]
    source = rows
    for i in range(len(layers)):
        dense(source, layers[i][0], layers[i][1], i + 1 < len(layers), outs[i])
        source = outs[i]
    meet(second, live, who, by_card, work[0])
    meet(first, live, who, by_card, work[1])
    other = second if player == 0 else first
    column = player * hands
    for b in range(b_all):
        total = mass = 0.0
        for h in range(hands):
            total += source[b, h] * work[0, b, h] * first[b, h] + source[b, hands + h] * work[1, b, h] * second[b, h]
            mass += work[0, b, h] * first[b, h]
        shift = total / (2.0 * mass) if mass > 0 else 0.0
        for h in range(hands):
            cfvs[b, h] = (source[b, column + h] - shift) * work[player, b, h]
        for m in range(hands):
            x = other[b, m] * live[m]
            if x != 0:
                for h in range(hands):
                    cfvs[b, h] += x * equity[m, h]
        for h in range(hands):
            cfvs[b, h] *= paid[b]
