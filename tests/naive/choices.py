"""A chooser's decision at a leaf, hand by hand in plain numbers: regret matching+ over what each continuation brings."""

from __future__ import annotations


class NaiveChoices:
    """Choices of both players at one leaf.

    Args:
        chips: [i][j] a matrix of what player 0 wins with its i-th continuation from player 1's j-th, by hands.
    """

    def __init__(self, chips):
        self.chips = chips
        self.counts = len(chips), len(chips[0])
        self.hands = len(chips[0][0]), len(chips[0][0][0])
        self.regrets = [[[0.0] * self.counts[p] for _ in range(self.hands[p])] for p in (0, 1)]

    def choice(self, player, hand):
        """Return the probability of each continuation."""
        regrets = self.regrets[player][hand]
        total = sum(regrets)
        return [r / total if total > 0 else 1 / len(regrets) for r in regrets]

    def worth(self, player, continuation, hand, other):
        """Return a hand's cfv with a continuation against the other player's range."""
        total = 0.0
        for against, reach in enumerate(other):
            for k, share in enumerate(self.choice(1 - player, against)):
                i, j = (continuation, k) if player == 0 else (k, continuation)
                h0, h1 = (hand, against) if player == 0 else (against, hand)
                total += (1 if player == 0 else -1) * reach * share * self.chips[i][j][h0][h1]
        return total

    def best(self, player, hand, other):
        """Return the most that a hand can get by its own choice."""
        return max(self.worth(player, c, hand, other) for c in range(self.counts[player]))

    def cfvs(self, player, other):
        """Return each hand's cfv, then let the player's choices improve."""
        found, regrets = [], []
        for hand in range(self.hands[player]):
            values = [self.worth(player, c, hand, other) for c in range(self.counts[player])]
            value = sum(share * own for share, own in zip(self.choice(player, hand), values, strict=True))
            found.append(value)
            regrets.append([max(r + own - value, 0.0) for r, own in zip(self.regrets[player][hand], values, strict=True)])
        self.regrets[player] = regrets
        return found
