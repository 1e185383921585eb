"""What translation plays and what a bet could have won without it, the long way: line by line, draw by draw, board by board."""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from games.game import Kind, path
from games.public_tree import CHANCE


def shares(size, menu):
    """Return the probabilities with which a bet is taken for each of some sizes (Ganzfried & Sandholm 2013, section 5)."""
    found = [0.0] * len(menu)
    if size <= menu[0] or size >= menu[-1]:
        found[0 if size <= menu[0] else -1] = 1.0
        return found
    k = max(i for i, low in enumerate(menu) if low <= size)
    low, high = menu[k], menu[k + 1]
    found[k] = (high - size) * (1 + low) / ((high - low) * (1 + size))
    found[k + 1] = 1 - found[k]
    return found


def fraction(game, state, action):
    """Return a first bet as a share of the pot."""
    return action.chips / sum(game.chips(state).paid)


def translated_policy(game, menu, policy_at, seat, state):
    """Return [A, H], what a seat plays that takes each extra bet at random for one of its menu and goes on as if that had been bet.

    Args:
        game: with extra bets of the opponent's.
        menu: the game of the seat's menu.
        policy_at: [A, H] of a state of ``menu``.
        seat: who plays.
        state: a decision of the seat in ``game``.
    """
    taken = [(menu.root, np.ones(game.num_hands[seat]))]  # what the line is taken for, with the seat's reach of it and of the draws
    way = path(game, state)
    for above, child in pairwise(way):
        after = []
        for there, reach in taken:
            if game.player(above) == CHANCE:
                after.append((menu.revealed(there, child.label), reach))
                continue
            offers, actions = menu.actions(there), game.actions(above)
            own = game.player(above) == seat
            label = child.label
            if own or len(offers) == len(actions):
                k = [a.text for a in actions].index(label)
                after.append((menu.child(there, offers[k]), reach * policy_at(there)[k] if own else reach))
                continue
            bets = [offer for offer in offers if offer.kind == Kind.BET]
            if label in [offer.text for offer in offers]:
                after.append((menu.child(there, menu.action(there, label)), reach))
            elif game.action(above, label).kind == Kind.BET:
                drawn = shares(fraction(game, above, game.action(above, label)), [fraction(menu, there, bet) for bet in bets])
                after += [(menu.child(there, bet), reach * share) for bet, share in zip(bets, drawn, strict=True) if share > 0]
        taken = after
    mixed = sum(reach * policy_at(there) for there, reach in taken)
    total = mixed.sum(axis=0)
    return np.where(total > 0, mixed / np.where(total > 0, total, 1), 1 / len(mixed))


def promised(twin, node, cards, opponent):
    """Return [H] chips, the opponent's best-response value at a decision of its own against ``twin.average``, per hands that it can meet.

    Args:
        twin: ``tests.naive.holdem.Twin`` with the seat's strategy in ``average``.
        node: of the bets.
        cards: on the board there.
        opponent: who acts there.
    """
    twin.now = twin.average
    reach = twin.game.ranges[1 - opponent] * twin.alive(cards)
    bets, above = twin.bets, node
    shown = np.cumsum([len(twin.start), *twin.game.deals[1:]])
    while above > 0:
        child, above = above, int(bets.parent[above])
        if bets.player[above] == 1 - opponent:
            policy = twin.strategy(above, cards[: shown[bets.round[above]]], twin.average)
            reach = reach * policy[list(twin.children(above)).index(child)]
    values = twin.walk(node, cards, opponent, reach, np.ones(len(reach)), lambda n, c, below, own: below.max(axis=0))
    met = twin.alive(cards) * (twin.meet @ reach)
    return np.where(met > 0, values / np.where(met > 0, met, 1), 0.0), reach, met
