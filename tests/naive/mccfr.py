"""External-sampling MCCFR as Lanctot et al. (2009) write it: a recursion, on real cards, and a table by decision and bucket."""

from __future__ import annotations

from collections import defaultdict

import numpy as np

from games.public_tree import CHANCE, TERMINAL
from tests.naive.evaluator import strength

MASK = (1 << 64) - 1


def splitmix(key, k):
    """Return number k of a stream (Steele, Lea & Flood 2014)."""
    z = (key + (k + 1) * 0x9E3779B97F4A7C15) & MASK
    z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & MASK
    z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & MASK
    return z ^ (z >> 31)


def deal_key(seed, iteration, deal):
    return splitmix(splitmix(splitmix(seed, 0), iteration), deal)


def draw(game, key):
    """Return both hands and the board, as cards in the order in which they are drawn."""
    deck, drawn, k = game.deck.cards().tolist(), [], 0
    while len(drawn) < 4 + sum(game.deals):
        card = deck[((splitmix(key, k) >> 32) * len(deck)) >> 32]
        k += 1
        if card not in drawn:
            drawn.append(card)
    return (drawn[:2], drawn[2:4]), drawn[4:]


class NaiveMCCFR:
    """A solve of a hold'em game.

    Args:
        game: whole.
        bucket: of a board's cards and a hand's two cards.
        decision: [N] number of each decision of the tree of bets, for random numbers.
        sampling: settings.
    """

    def __init__(self, game, bucket, decision, sampling):
        self.game, self.bucket, self.decision, self.sampling = game, bucket, decision, sampling
        self.regret = defaultdict(lambda: 0.0)  # by node, bucket and action
        self.average = defaultdict(lambda: 0.0)
        self.iterations = 0

    def run(self):
        """Do one iteration."""
        self.iterations += 1
        t = self.iterations
        for player in (0, 1):
            regrets, averages = [], []
            for deal in range(self.sampling.deals):
                key = deal_key(self.sampling.seed, t, deal)
                hands, board = draw(self.game, splitmix(key, 0))
                stream = splitmix(key, 1 + player)
                prune = (splitmix(stream, int((self.decision >= 0).sum())) >> 40) * 2**-24 < np.float32(self.sampling.pruned)
                self._value(0, hands, board, player, (stream, prune), (regrets, averages))
            floor = -1.05 * self.threshold if self.sampling.pruned else -np.inf
            for place, amount in regrets:
                self.regret[place] = max(self.regret[place] + t * amount, floor)
            for place, amount in averages:
                self.average[place] += t * amount

    @property
    def threshold(self):
        return self.sampling.prune_below * self.game.betting.stack * self.iterations

    def strategy(self, node, bucket, actions):
        regrets = np.array([self.regret[node, bucket, a] for a in range(actions)])
        positive = np.maximum(regrets, 0)
        return positive / positive.sum() if positive.sum() > 0 else np.full(actions, 1 / actions)

    def _value(self, node, hands, board, player, draws, logs):
        """Return what a node is worth to the traverser, and log what is to be added below it."""
        tree = self.game.bets
        if tree.player[node] == TERMINAL:
            return self._payoff(node, hands, board, player)
        if tree.player[node] == CHANCE:
            return self._value(node + 1, hands, board, player, draws, logs)
        acting, street, children = int(tree.player[node]), int(tree.round[node]), tree.children(node)
        bucket = self.bucket(board[: self.game.cards_on(street)], hands[acting])
        strategy = self.strategy(node, bucket, len(children))
        stream, prune = draws
        if acting != player:
            logs[1].extend(((node, bucket, a), x) for a, x in enumerate(strategy))
            u = (splitmix(stream, int(self.decision[node])) >> 40) * 2**-24
            chosen = int(np.searchsorted(np.cumsum(strategy), u, side="right"))
            return self._value(children[min(chosen, len(children) - 1)], hands, board, player, draws, logs)
        values = {}
        some = any(self.regret[node, bucket, a] > 0 for a in range(len(children)))
        for a, child in enumerate(children):
            low = self.regret[node, bucket, a] < -self.threshold
            if not (prune and low and some and street < len(self.game.deals) - 1 and not self._ends(child)):
                values[a] = self._value(child, hands, board, player, draws, logs)
        value = sum(strategy[a] * values[a] for a in values)
        logs[0].extend(((node, bucket, a), values[a] - value) for a in values)
        return value

    def _ends(self, node):
        """Say whether no decision follows."""
        while self.game.bets.player[node] == CHANCE:
            node += 1
        return self.game.bets.player[node] == TERMINAL

    def _payoff(self, node, hands, board, player):
        tree = self.game.bets
        folded = int(tree.folded[node])
        if folded >= 0:
            return tree.contribution[node, folded] * (-1 if folded == player else 1)
        first, second = (strength([*board, *hand]) for hand in hands)
        won = tree.contribution[node, 0] * (int(first > second) - int(first < second))
        return won if player == 0 else -won
