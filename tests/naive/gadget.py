"""Gadget games as explicit extensive-form games, and what their bounds are made of, history by history."""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from tests.naive.best_response import best_response_value
from tests.naive.histories import CHANCE, TERMINAL, History, at_public_node, expected_value

FOLLOW, TERMINATE = 0, 1


def gadget_game(root, strings, tree, node, own_range, opponent, bounds, unasked=None):
    """Return the root of CFR-D's re-solving game (Burch, Johanson & Bowling 2014, section 4).

    Chance deals each pair of hands by its weight and by *our* reach. The opponent, who sees the own hand only, follows into the
    subgame or terminates; terminating with hand h is worth ``bounds[h]`` in all, so ``bounds[h] / cf_reach(h)`` in each of its histories.
    With probability ``unasked[h]`` chance sends the hand into the subgame without asking.
    """
    found = at_public_node(root, strings, tree, node)
    weights = np.array([w * own_range[hands[1 - opponent]] for _, w, hands in found])
    cf_reach = np.zeros(len(bounds))
    for weight, (_, _, hands) in zip(weights, found, strict=True):
        cf_reach[hands[opponent]] += weight
    children, dealt = [], []
    for weight, (history, _, hands) in zip(weights, found, strict=True):
        h = hands[opponent]
        worth = bounds[h] / cf_reach[h] if cf_reach[h] > 0 else 0.0
        stop = History(TERMINAL, value=worth if opponent == 0 else -worth)
        children += [History(opponent, gadget_infostate(h), [FOLLOW, TERMINATE], [history, stop]), history]
        share = 0.0 if unasked is None else unasked[h]
        dealt += [weight * (1 - share), weight * share]
    if unasked is None:
        children, dealt = children[::2], dealt[::2]
    return History(CHANCE, actions=list(range(len(dealt))), children=children, weights=dealt)


def gadget_infostate(hand):
    return f"gadget, hand {hand}"


def margin_game(root, strings, tree, node, own_range, opponent, bounds):
    """Return the root of maxmargin's game (Moravcik et al. 2016, section "Max-margin subgame refinement").

    The opponent picks one of the hands that we may meet; chance then deals our hand given it, by weight and *our* reach; what follows is
    the subgame, with the value of the hand's bound, ``bounds[h] / cf_reach(h)``, taken from the opponent at every end. All of it
    happens with the subgame's cf_reach (sum of weights), so that values are weighted by reach.
    """
    found = at_public_node(root, strings, tree, node)
    by_hand = {}
    for history, weight, hands in found:
        by_hand.setdefault(hands[opponent], []).append((history, weight * own_range[hands[1 - opponent]]))
    cf_reaches = {h: sum(w for _, w in group) for h, group in by_hand.items()}
    picks, dealt = [h for h in sorted(by_hand) if cf_reaches[h] > 0], []
    for h in picks:
        worth = bounds[h] / cf_reaches[h]
        histories = [shifted(history, -worth if opponent == 0 else worth) for history, _ in by_hand[h]]
        weights = [w / cf_reaches[h] for _, w in by_hand[h]]
        dealt.append(History(CHANCE, actions=list(range(len(histories))), children=histories, weights=weights))
    choice = History(opponent, PICK, picks, dealt)
    return History(CHANCE, actions=[0], children=[choice], weights=[sum(cf_reaches.values())])


PICK = "gadget, which hand"


def shifted(node, value):
    """Return the same game with ``value`` added to player 0's winnings at every end."""
    if node.player == TERMINAL:
        return History(TERMINAL, value=node.value + value)
    children = [shifted(child, value) for child in node.children]
    return History(node.player, node.infostate, node.actions, children, node.weights)


def gifts(root, strings, tree, above, node, own_range, opponent, policy, best):
    """Return [H], what each of the opponent's hands gave away between ``above`` and ``node``; see search.tree.gadgets.gifts.

    Every decision of the opponent on the way is looked at by itself: what the hand can get there, and what it can get after the action
    taken, in the game that chance deals by weight and by our reach there.
    """
    total = np.zeros(len(tree.hands[opponent]))
    path = tree.path(node, above)
    for here, taken in pairwise(path):
        if tree.player[here] != opponent:
            continue
        for h in range(len(total)):
            group = []
            for history, weight, hands in at_public_node(root, strings, tree, here):
                if hands[opponent] == h:
                    own = own_range[hands[1 - opponent]] * reach_on(root, strings, tree, path, here, hands, 1 - opponent, policy)
                    group.append((history, weight * own))
            cf_reach = sum(w for _, w in group)
            if cf_reach > 0:
                worth = [worth_of([(n.children[a], w) for n, w in group], policy, opponent, best) for a in range(len(group[0][0].children))]
                a = group[0][0].actions.index(int(tree.action[taken]))
                value = max(worth) if best else float(policy[group[0][0].infostate] @ np.array(worth))
                total[h] += max(0.0, value - worth[a]) / cf_reach
    return total


def reach_on(root, strings, tree, path, end, hands, player, policy):
    """Return the product of the player's probabilities on the way from ``path[0]`` to ``end`` with those hands."""
    reach = 1.0
    for here, there in pairwise(path[: path.index(end) + 1]):
        if tree.player[here] == player:
            history = next(n for n, _, at in at_public_node(root, strings, tree, here) if at == hands)
            reach *= policy[history.infostate][history.actions.index(int(tree.action[there]))]
    return reach


def worth_of(group, policy, player, best):
    """Return what the player gets in the game that begins with one of these histories, by weight."""
    game = History(CHANCE, actions=list(range(len(group))), children=[n for n, _ in group], weights=[w for _, w in group])
    if best:
        return best_response_value(game, policy, player)
    return expected_value(game, policy) * (1 if player == 0 else -1)
