"""Random public games, both ways: as the arrays of a public tree and as a tree of histories."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from games import CHANCE, TERMINAL, PublicTree, Sequences
from games.kernels import DenseTerminals
from tests.naive.histories import History

LANES = 8


class Synthetic(NamedTuple):
    tree: PublicTree
    root: History
    strings: tuple[list[list[str]], list[list[str]]]  # as games.information_states


def random_game(seed, hands=(3, 4), max_nodes=40, ties=True):
    """Return a random game: random shape, chance, card removal, terminals that share matrices at other stakes.

    With ``ties`` false no two terminals share anything: no action is exactly as good as another, where regret matching is discontinuous
    and the last bit decides.
    """
    rng = np.random.default_rng(seed)
    shape = _random_shape(rng, max_nodes)
    weights = rng.random(hands) * (rng.random(hands) > 0.2)  # some deals are impossible
    weights[rng.integers(hands[0]), :] += 0.1
    weights /= weights.sum()
    count = max(1, len(shape) // 4) if ties else sum(player == TERMINAL for _, player in shape)
    matrices = rng.normal(size=(count, *hands)) * (weights > 0)
    stakes = [(int(rng.integers(count)), float(rng.choice([1.0, -2.0, 0.5, 3.0, 0.0]))) for _ in shape]
    counts = {i: sum(parent == i for parent, _ in shape) for i, (_, player) in enumerate(shape) if player == CHANCE}
    chance = {i: rng.dirichlet(np.ones(n)) for i, n in counts.items()}
    return build_game(shape, weights, matrices, stakes if ties else [(m, 2.0) for m in range(count)], chance)


def _random_shape(rng, max_nodes):
    """Return nodes in preorder as (parent, player)."""
    nodes = [(-1, int(rng.integers(0, 2)))]
    children = {0: []}
    open_nodes = [0]
    while open_nodes:  # breadth-first growth, renumbered below
        node = open_nodes.pop(0)
        for _ in range(int(rng.integers(1, 4))):
            full = len(nodes) + len(open_nodes) * 3 >= max_nodes
            player = TERMINAL if full or rng.random() < 0.25 else int(rng.choice([0, 1, 0, 1, CHANCE]))
            nodes.append((node, player))
            children[len(nodes) - 1] = []
            children[node].append(len(nodes) - 1)
            if player != TERMINAL:
                open_nodes.append(len(nodes) - 1)
    shape, number = [], {}

    def visit(node):
        number[node] = len(shape)
        shape.append((number.get(nodes[node][0], -1), nodes[node][1]))
        for child in children[node]:
            visit(child)

    visit(0)
    return shape


def build_game(shape, weights, matrices, stakes, chance):
    """Return the game of a shape.

    Args:
        shape: nodes in preorder as (parent, player).
        weights: [H0, H1] of deals.
        matrices: [M, H0, H1] payoffs of player 0, weighted by deals and by chance so far.
        stakes: for each terminal in order (matrix, factor).
        chance: by chance node, the probabilities of its children.
    """
    n, hands = len(shape), weights.shape
    children = [[j for j in range(n) if shape[j][0] == i] for i in range(n)]
    end = [0] * n
    for i in reversed(range(n)):
        end[i] = max([i + 1] + [end[c] for c in children[i]])
    row, decision, action, round_ = [[0] * n, [0] * n], [-1] * n, [-1] * n, [0] * n
    node, first, above, labels = ([], []), ([1], [1]), ([], []), ([-1], [-1])
    leaves = []  # (row of player 0, row of player 1, matrix, scale)
    for i, (_, who) in enumerate(shape):
        for a, c in enumerate(children[i]):
            action[c], round_[c] = a, round_[i] + (who == CHANCE)
            for p in (0, 1):
                row[p][c] = first[p][-1] + a if p == who else row[p][i]
        if who >= 0:
            decision[i] = len(node[who])
            node[who].append(i)
            above[who].append(row[who][i])
            first[who].append(first[who][-1] + len(children[i]))
            labels[who].extend(range(len(children[i])))
        if who == TERMINAL:
            leaves.append((row[0][i], row[1][i], *stakes[len(leaves)]))
    player = np.array([who for _, who in shape], np.int8)
    public = [1.0] * n  # probability of the public chance outcomes up to each node
    for i in range(n):
        for c, q in zip(children[i], chance.get(i, [1.0] * len(children[i])), strict=True):
            public[c] = public[i] * q

    def view(p):
        own, other = hands[p], hands[1 - p]
        payoff = np.zeros((len(matrices), other, -(-own // LANES) * LANES))
        payoff[:, :, :own] = matrices.transpose(0, 2, 1) if p == 0 else -matrices
        columns = list(zip(*leaves, strict=True))
        rows = [np.array(columns[q], np.uint32) for q in (p, 1 - p)]
        shared = (np.array(columns[2], np.uint32), np.array(columns[3]))
        return DenseTerminals(*rows, *shared, payoff.reshape(len(matrices) * other, -1), other)

    tree = PublicTree(
        game="synthetic",
        hands=(tuple(map(str, range(hands[0]))), tuple(map(str, range(hands[1])))),
        chance_weights=weights * np.array(public)[:, None, None],
        chance_of=np.arange(n, dtype=np.uint32),
        player=player,
        parent=np.array([parent for parent, _ in shape], np.int32),
        action=np.array(action, np.int32),
        end=np.array(end, np.int32),
        round=np.array(round_, np.int32),
        labels=tuple(str(a) for a in action),
        row=np.array(row, np.uint32),
        decision=np.array(decision, np.int32),
        sequences=tuple(
            Sequences(*(np.array(x[p], np.uint32) for x in (node, first, above)), np.array(labels[p], np.int32)) for p in (0, 1)
        ),
        terminals=(view(0), view(1)),
    )
    strings = tuple([[f"player {p}, node {i}, hand {h}" for h in range(hands[p])] for i in node[p]] for p in (0, 1))
    leaf_of = dict(zip(np.flatnonzero(player == TERMINAL), leaves, strict=True))

    def history(i, h0, h1, weight):
        who = shape[i][1]
        if who == TERMINAL:
            _, _, m, scale = leaf_of[i]
            return History(TERMINAL, value=scale * matrices[m, h0, h1] / weight)
        probabilities = chance[i] if who == CHANCE else np.ones(len(children[i]))
        below = [history(c, h0, h1, weight * q) for c, q in zip(children[i], probabilities, strict=True)]
        text = strings[who][decision[i]][(h0, h1)[who]] if who >= 0 else ""
        return History(who, text, list(range(len(below))), below, list(probabilities) if who == CHANCE else [])

    pairs = [(int(a), int(b)) for a, b in np.argwhere(weights > 0)]
    dealt = [history(0, *pair, weights[pair]) for pair in pairs]
    for node_, pair in zip(dealt, pairs, strict=True):
        node_.hands = pair
    root = History(CHANCE, "", list(range(len(pairs))), dealt, [float(weights[pair]) for pair in pairs])
    return Synthetic(tree, root, strings)
