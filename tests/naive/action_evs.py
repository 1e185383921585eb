"""What an action wins for one hand when both play given strategies: pair of hands by pair of hands, card by card."""

from __future__ import annotations

from itertools import combinations

from games.holdem.cards import cards_text
from games.public_tree import CHANCE, TERMINAL


def value(game, state, hands, strategy):
    """Return player 0's mean chips below a state when both hold some hands.

    Args:
        game: hold'em.
        state: public.
        hands: numbers of both players' hands.
        strategy: returns [A, H], what a player plays at a decision.
    """
    player = game.player(state)
    if player == TERMINAL:
        return game.payoff(state, hands)
    if player == CHANCE:
        dead = {*state.cards, *game.hands[list(hands)].ravel().tolist()}
        left = [card for card in game.deck.cards().tolist() if card not in dead]
        new = list(combinations(left, game.deals[game.round(state) + 1]))
        return sum(value(game, game.revealed(state, cards_text(cards)), hands, strategy) for cards in new) / len(new)
    shares = strategy(state)[:, hands[player]]
    after = [game.child(state, action) for action in game.actions(state)]
    return sum(share * value(game, child, hands, strategy) for share, child in zip(shares, after, strict=True) if share > 0)


def reach(game, state, player, hand, strategy):
    """Return a hand's weight times how often its player takes its actions on the way to a state."""
    weight, above = game.ranges[player][hand], game.parent(state)
    if set(game.hands[hand].tolist()) & set(state.cards):
        return 0.0
    while above is not None:
        if game.player(above) == player:
            labels = [action.text for action in game.actions(above)]
            weight *= strategy(above)[labels.index(game.label(state)), hand]
        state, above = above, game.parent(above)
    return float(weight)


def action_evs(game, state, hand, strategy):
    """Return for each action of a decision what the hand wins of the pot from there on; None where it meets no hand of the opponent's."""
    player, paid = game.player(state), game.chips(state).paid[game.player(state)]
    total, evs = 0.0, [0.0] * len(game.actions(state))
    for other in range(len(game.hands)):
        if set(game.hands[hand].tolist()) & set(game.hands[other].tolist()):
            continue
        weight = reach(game, state, 1 - player, other, strategy)
        if weight == 0:
            continue
        # all boards that may still come are alike for every pair of hands: each pair leaves as many
        total += weight
        for number, action in enumerate(game.actions(state)):
            hands = (hand, other) if player == 0 else (other, hand)
            net = value(game, game.child(state, action), hands, strategy)
            evs[number] += weight * ((net if player == 0 else -net) + paid)
    return [ev / total for ev in evs] if total > 0 else None
