"""Two strategies of buckets against each other in their abstract game: what one is worth beside the other.

The same deals are played from both seats, and every action counts by its probability, so only the deals are drawn.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from games.arrays import Float
from search.boards.flat_bets import FlatBets
from search.kernels.mccfr import Cards, Deals, draw_deals

DEALS = 20_000
Ask = Callable[[int], Float]  # a decision's strategy, [A, K]


class BucketMatch:
    """A fixed set of deals of one abstract game.

    Args:
        bets: its decisions.
        cards: what deals are made of.
        seed: of the deals; none of ``search.boards.mccfr.MCCFR``'s has this seed and iteration 0.
        deals: how many.
    """

    def __init__(self, bets: FlatBets, cards: Cards, seed: int, deals: int = DEALS) -> None:
        self.bets = bets.bets
        self.deals = Deals(np.zeros((deals, 2, len(bets.sizes)), np.uint32), np.zeros(deals, np.int8))
        with np.errstate(over="ignore"):  # random numbers wrap around
            draw_deals(cards, np.uint64(seed), 0, 0, self.deals)

    def gain(self, first: Ask, second: Ask) -> tuple[float, float]:
        """Return what the first strategy wins from the second, in chips a deal, mean of both seats, and the standard error."""
        won = (self.values(first, second) - self.values(second, first)) / 2
        return float(won.mean()), float(won.std() / len(won) ** 0.5)

    def values(self, first: Ask, second: Ask) -> npt.NDArray[np.float64]:
        """Return [deals], player 0's expected chips if the first strategy is player 0 and the second one player 1."""
        bets, deals, expected = self.bets, self.deals, np.zeros(len(self.deals.sign))
        reach = {0: np.ones(len(deals.sign))}  # of both players, at decisions whose turn has not come
        for d in range(len(bets.player)):  # decisions follow those that lead to them
            here, player, street = reach.pop(d), int(bets.player[d]), int(bets.street[d])
            shares = (first, second)[player](d)[:, deals.bucket[:, player, street]]
            for child, share in zip(bets.child[int(bets.slot[d]) : int(bets.slot[d + 1])].tolist(), shares, strict=True):
                if child < 0:
                    folded, shown = bets.payoff[-1 - child]
                    expected += here * share * (folded + shown * deals.sign)
                else:
                    reach[child] = here * share
        return expected
