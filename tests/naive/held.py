"""A hold'em game in which some decisions are held, as what it is: those decisions ask nobody."""

from __future__ import annotations

import numpy as np

from tests.naive.holdem import Twin


class HeldTwin(Twin):
    """``held(node, cards)`` returns None where a decision is free, else its policy [A, H] and which hands are held [H]."""

    def __init__(self, game, variant, held):
        super().__init__(game, variant)
        self.held = held

    def strategy(self, node, cards, source):
        shares, held = super().strategy(node, cards, source), self.held(node, cards)
        return shares if held is None else np.where(held[1], held[0], shares)

    def worth(self, player, best):
        self.now = self.average

        def value(node, cards, values, own):
            mixed, held = (self.strategy(node, cards, self.average) * values).sum(axis=0), self.held(node, cards)
            if not best:
                return mixed
            return values.max(axis=0) if held is None else np.where(held[1], mixed, values.max(axis=0))

        cfvs = self.walk(0, self.start, player, self.game.ranges[1 - player], self.game.ranges[player], value)
        return float(cfvs @ self.game.ranges[player]) / self.game.deal_mass
