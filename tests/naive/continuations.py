"""Choices among continuations as a game: at each leaf choosers have a decision more, and what follows is a number for each pair of them."""

from __future__ import annotations

from tests.naive.histories import CHANCE, TERMINAL, History, at_public_node, expected_value

FOLD, CALL, RAISE = range(3)  # Leduc's actions as OpenSpiel numbers them


def biased_policy(root, policy, action, factor):
    """Return Leduc's policy with the probability of an action times a factor, then normalised."""
    found, stack = {}, [root]
    while stack:
        node = stack.pop()
        stack.extend(node.children)
        if node.player >= 0 and node.infostate not in found:
            shares = [p * (factor if a == action else 1.0) for a, p in zip(node.actions, policy[node.infostate], strict=True)]
            found[node.infostate] = [p / sum(shares) for p in shares]
    return found


def chosen_infostate(player, leaf, hand):
    """Return what a chooser knows at a leaf: what everybody knows, and its hand."""
    return f"player {player} holds {hand} at {leaf} and chooses"


def with_choices(root, strings, tree, leaves, continuations, choosers):
    """Return a game that ends at leaves, where choosers say without knowing of each other's choice how they go on.

    Args:
        root: the whole game.
        strings: information states, see ``games.information_states``.
        tree: its public tree.
        leaves: public nodes.
        continuations: policies of the whole game; those who do not choose go on with the first.
        choosers: players.
    """
    hands = {id(node): (leaf, both) for leaf in leaves for node, _, both in at_public_node(root, strings, tree, leaf)}
    counts = [len(continuations) if p in choosers else 1 for p in (0, 1)]
    merged = {}
    for i in range(counts[0]):
        for j in range(counts[1]):
            first, second = ({s for at in strings[p] for s in at if s} for p in (0, 1))
            merged[i, j] = {s: continuations[i][s] for s in first} | {s: continuations[j][s] for s in second}

    def chosen(node, leaf, both, picked):
        player = len(picked)
        if player == 2:
            return History(TERMINAL, value=expected_value(node, merged[picked]))
        children = [chosen(node, leaf, both, (*picked, i)) for i in range(counts[player])]
        if player not in choosers:
            return children[0]
        return History(player, chosen_infostate(player, leaf, both[player]), list(range(counts[player])), children)

    def copied(node):
        if id(node) in hands:
            return chosen(node, *hands[id(node)], ())
        if node.player == TERMINAL:
            return node
        children = [copied(child) for child in node.children]
        if node.player == CHANCE:
            return History(CHANCE, actions=node.actions, children=children, weights=node.weights)
        return History(node.player, node.infostate, node.actions, children)

    return copied(root)
