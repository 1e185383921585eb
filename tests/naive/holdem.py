"""Hold'em solved the long way: recursion over bets and dealt cards, every board by itself, every pair of hands by itself, float64."""

from __future__ import annotations

from functools import lru_cache
from itertools import combinations
from math import comb

import numpy as np

from games.kernels.boards import CHILD, CHILD_END, DECISIONS, FIRST_ROW, HANDS, LINES, ROWS, STORE, STREET
from games.public_tree import CHANCE, TERMINAL
from tests.naive.evaluator import strength


class Twin:
    def __init__(self, game, variant):
        self.game, self.variant, self.bets = game, variant, game.bets
        self.hands = tuple(tuple(hand) for hand in game.hands.tolist())
        self.start = tuple(card for street in game.board for card in street)
        self.meet = meeting(self.hands)
        self.regret, self.average, self.matching = {}, {}, {}
        self.t = 0

    def alive(self, cards):
        return living(self.hands, cards)

    def children(self, node):
        child = node + 1
        while child < self.bets.end[node]:
            yield child
            child = int(self.bets.end[child])

    def strategy(self, node, cards, source):
        count = len(list(self.children(node)))
        sums = source.get((node, cards))
        if sums is None:
            return np.full((count, len(self.hands)), 1 / count)
        positive = np.maximum(sums, 0)
        total = positive.sum(axis=0)
        return np.where(total > 0, positive / np.where(total > 0, total, 1), 1 / count)

    def terminal(self, node, cards, player, reach):
        reach = reach * self.alive(cards)
        folded, taken = int(self.bets.folded[node]), self.rake(node)
        if folded >= 0:
            stake = float(self.bets.contribution[node, folded])
            values = (-stake if folded == player else stake - taken) * (self.meet @ reach)
        else:
            stake, wins = float(self.bets.contribution[node, player]), winning(self.hands, cards)
            won = np.where(wins > 0, stake - taken, np.where(wins < 0, -stake, -taken / 2))
            values = (won * self.meet * self.alive(cards)) @ reach
        return values * self.alive(cards)

    def rake(self, node):
        """Return what the house takes of the pot that both have matched; nothing of a fold before the flop."""
        rules = self.game.betting
        if rules.rake is None or (self.bets.folded[node] >= 0 and len(self.game.board) == 0 and self.bets.round[node] == 0):
            return 0.0
        taken = rules.rake.share * 2 * float(self.bets.contribution[node].min())
        return min(taken, rules.rake.cap) if rules.rake.cap > 0 else taken

    def mean_rake(self):
        """Return the chips a deal that the house takes when both play their average strategies: over all pairs of hands, one by one."""

        def below(node, cards, first, second):
            acting = int(self.bets.player[node])
            if acting == TERMINAL:
                return self.rake(node) * float((first * self.alive(cards)) @ self.meet @ (second * self.alive(cards)))
            if acting == CHANCE:
                deals = self.coming(cards, self.game.deals[int(self.bets.round[node]) + 1])
                return sum(weight * below(node + 1, cards + new, first, second) for new, weight in deals)
            shares, total = self.strategy(node, cards, self.average), 0.0
            for child, share in zip(self.children(node), shares, strict=True):
                total += below(child, cards, *((first * share, second) if acting == 0 else (first, second * share)))
            return total

        return below(0, self.start, *self.game.ranges) / self.game.deal_mass

    def coming(self, cards, count):
        """Return the cards that may come next, each with its weight: the probability for two hands that hold none of them."""
        left = [c for c in self.game.deck.cards().tolist() if c not in cards]
        return [(new, 1 / comb(len(left) - 4, count)) for new in combinations(left, count)]

    def walk(self, node, cards, player, reach, own, visit):
        """Return the player's cfvs; ``visit(node, cards, values [A, H], own reach)`` says what a decision of the player is worth."""
        acting = int(self.bets.player[node])
        if acting == TERMINAL:
            return self.terminal(node, cards, player, reach)
        if acting == CHANCE:
            total = np.zeros(len(self.hands))
            for new, weight in self.coming(cards, self.game.deals[int(self.bets.round[node]) + 1]):
                live = self.alive(new)
                total += weight * live * self.walk(node + 1, cards + new, player, reach * live, own * live, visit)
            return total
        if acting == player:
            shares = self.strategy(node, cards, self.now)
            below = [self.walk(c, cards, player, reach, own * s, visit) for c, s in zip(self.children(node), shares, strict=True)]
            return visit(node, cards, np.array(below), own)
        shares = self.strategy(node, cards, self.now)
        return sum(self.walk(c, cards, player, reach * s, own, visit) for c, s in zip(self.children(node), shares, strict=True))

    def iterate(self):
        self.t += 1
        t, v = self.t, self.variant
        at = t - 1 if v.discount == "after" else t

        def factor(exponent):
            return (0.0 if exponent < 0 else 1.0) if np.isinf(exponent) else at**exponent / (at**exponent + 1) if at else 0.0

        def learn(node, cards, values, own):
            key = node, cards
            shares = self.strategy(node, cards, self.now)
            value = (shares * values).sum(axis=0)
            now = values - value
            old = self.regret.get(key, np.zeros_like(now))
            self.regret[key] = old * np.where(old > 0, factor(v.alpha), factor(v.beta)) + now
            self.average[key] = self.average.get(key, 0.0) * ((t - 1) / t) ** v.gamma + own * shares
            new[key] = np.maximum(self.regret[key], 0) + v.predictive * now if v.predictive else self.regret[key]
            return value

        for player in (0, 1):
            self.now, new = self.matching, {}
            self.walk(0, self.start, player, self.game.ranges[1 - player], self.game.ranges[player], learn)
            self.matching = self.matching | new

    def worth(self, player, best):
        """Return the player's expected chips a deal against the opponent's average strategy."""
        self.now = self.average

        def value(node, cards, values, own):
            return values.max(axis=0) if best else (self.strategy(node, cards, self.average) * values).sum(axis=0)

        cfvs = self.walk(0, self.start, player, self.game.ranges[1 - player], self.game.ranges[player], value)
        return float(cfvs @ self.game.ranges[player]) / self.game.deal_mass

    def walk_uniform(self, player):
        """Return the player's cfvs at the root when both play uniformly."""
        self.now = {}
        return self.walk(
            0, self.start, player, self.game.ranges[1 - player], self.game.ranges[player], lambda n, c, values, own: values.mean(axis=0)
        )

    def exploitability(self):
        return sum(self.worth(player, True) - self.worth(player, False) for player in (0, 1)) / 2


@lru_cache(maxsize=4)
def meeting(hands):
    """Return [H, H], 1 for two hands that share no card; kept, as every pair of hands is looked at."""
    meet = np.array([[float(not set(a) & set(b)) for b in hands] for a in hands])
    meet.flags.writeable = False
    return meet


@lru_cache(maxsize=1024)
def living(hands, cards):
    """Return [H], 1 for hands that hold none of some cards."""
    there = np.array([float(not set(hand) & set(cards)) for hand in hands])
    there.flags.writeable = False
    return there


@lru_cache(maxsize=1024)
def winning(hands, cards):
    """Return [H, H], 1 where the first of two hands that share no card beats the second on a board, -1 where it loses."""
    known = {h: _comparable(strength([*cards, *hand])) for h, hand in enumerate(hands) if not set(hand) & set(cards)}
    order = {value: place for place, value in enumerate(sorted(set(known.values())))}
    place = np.array([order[known[h]] if h in known else -1 for h in range(len(hands))])
    there = (place >= 0).astype(float)
    wins = np.sign(place[:, None] - place[None, :]) * there[:, None] * there[None, :] * meeting(hands)
    wins.flags.writeable = False
    return wins


def _comparable(value):
    return tuple(map(_comparable, value)) if isinstance(value, list | tuple) else value


class SampledTwin(Twin):
    """A game with a sample of the cards to come, which is all that it takes from the board tree: of each board [(cards, weight)]."""

    def __init__(self, game, variant, tree):
        super().__init__(game, variant)
        self.deals, images = {}, [lambda cards, g=g: tuple(4 * (c // 4) + int(g[c % 4]) for c in cards) for g in tree.group]
        for row, cards in zip(tree.boards, tree.cards, strict=True):
            for image in images:
                found = self.deals.setdefault(image(cards), {})
                for child in range(int(row[CHILD]), int(row[CHILD_END])):
                    new, fixing = tree.cards[child][len(cards) :], [g for g in images if g(cards) == cards]
                    alike = {g(new) for g in fixing}
                    found |= {image(other): float(tree.weight[child]) / len(alike) for other in alike}

    def coming(self, cards, count):
        return list(self.deals[cards].items())


class SubgameTwin(Twin):
    """One subgame by itself: below a betting node, on a board, with both players' reach, and a gadget above it."""

    def __init__(self, game, variant, node, cards, ranges, gadget="unsafe", opponent=0, bounds=None, model=None):
        super().__init__(game, variant)
        self.root, self.cards, self.ranges, self.gadget, self.opponent = node, cards, list(ranges), gadget, opponent
        self.bounds, self.model = bounds, ranges[opponent] if model is None else model
        alive = self.alive(cards)
        self.cf_reach = alive * (self.meet @ (ranges[1 - opponent] * alive))
        there = self.cf_reach > 0
        self.enter = np.where(there, 1 / there.sum() if gadget == "maxmargin" else 0.5, 0.0)
        self.pulls = np.zeros((2, len(self.hands)))
        if gadget != "unsafe":
            self.ranges[opponent] = self.reach()

    def reach(self):
        there = self.cf_reach > 0
        if self.gadget == "maxmargin":
            return np.where(there, self.enter * self.cf_reach[there].mean() / np.where(there, self.cf_reach, 1), 0)
        if self.gadget == "resolve":
            return self.enter * there
        model, added = self.model * there, (1 - self.model) * self.enter * there
        mixed = model + added * min(1, 0.2 * model.sum() / max(added.sum(), 1e-300))
        return 0.9 * mixed + 0.1 * mixed.sum() / there.sum() * there

    def choose(self, cfvs, positive, negative):
        there = self.cf_reach > 0
        if self.gadget == "maxmargin":
            margins = np.where(there, (cfvs - self.bounds) / np.where(there, self.cf_reach, 1), 0)
            now = np.array([margins - (self.enter * margins).sum(), 0 * margins])
        else:
            value = self.enter * cfvs + (1 - self.enter) * self.bounds
            now = np.array([cfvs - value, self.bounds - value])
        self.pulls = self.pulls * np.where(self.pulls > 0, positive, negative) + now
        follow, stop = np.maximum(self.pulls, 0)
        if self.gadget == "maxmargin":
            follow = follow * there
            self.enter = follow / follow.sum() if follow.sum() > 0 else there / there.sum()
        else:
            self.enter = np.where(follow + stop > 0, follow / np.where(follow + stop > 0, follow + stop, 1), 0.5)
        self.ranges[self.opponent] = self.reach()

    def iterate(self):
        self.t += 1
        t, v = self.t, self.variant
        positive, negative = (0.0 if np.isinf(x) and x < 0 else 1.0 if np.isinf(x) else t**x / (t**x + 1) for x in (v.alpha, v.beta))

        def learn(node, cards, values, own):
            key = node, cards
            shares = self.strategy(node, cards, self.now)
            value = (shares * values).sum(axis=0)
            old = self.regret.get(key, np.zeros_like(values))
            self.regret[key] = old * np.where(old > 0, positive, negative) + values - value
            self.average[key] = self.average.get(key, 0.0) * ((t - 1) / t) ** v.gamma + own * shares
            return value

        for player in (0, 1):
            self.now = {key: sums.copy() for key, sums in self.regret.items()}
            cfvs = self.walk(self.root, self.cards, player, self.ranges[1 - player], self.ranges[player], learn)
            if player == self.opponent and self.gadget != "unsafe":
                self.choose(cfvs, positive, negative)


def seeded(tree, player, strategy, regret, average, regret_scale, average_scale):
    """Return what ``seed_rows`` makes of regrets and averages, decision by decision and hand by hand."""
    regret, average = regret.copy(), average_scale * average
    forest = tree.forests[player]
    for board in tree.boards:
        table = forest.table[board[STREET]]
        stride = int(table[ROWS] - table[LINES])
        for hand in range(-(-int(board[HANDS + player]) // 8) * 8):
            for k in range(int(table[DECISIONS])):
                first = int(table[FIRST_ROW]) + k
                rows = np.arange(int(forest.first_row[first]), int(forest.first_row[first + 1])) - int(table[LINES])
                at = int(board[STORE + player]) + hand // 8 * stride + rows, hand % 8
                weights = np.maximum(strategy[at], 0)
                spread = regret[at].max() - regret[at].min()
                regret[at] = regret_scale * spread * weights / weights.sum() if weights.sum() > 1e-30 else 0.0
    return regret, average
