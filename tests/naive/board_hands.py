"""The hands that boards leave, board by board and hand by hand, ordered by the naive evaluator."""

from __future__ import annotations

from itertools import groupby

from games.holdem.isomorphism import permute_card
from tests.naive.evaluator import strength


def hands_of_board(hands, live, parent, cards, ranked):
    """Return both players' hands of a board and where each player's hands of every strength end.

    Args:
        hands: [H, 2] of the deck.
        live: [H] bool each, both players' hands before the first board.
        parent: both players' hands of the board above, as lists of indices in its order.
        cards: of the board.
        ranked: whether hands stand by strength.

    Returns:
        per player (index, place on the board above, place among the opponent's or None), and per player the ends.
    """
    left = [[h for h in own if live[p][h] and not set(hands[h].tolist()) & set(cards)] for p, own in enumerate(parent)]
    ends = [[], []]
    if ranked:
        power = {h: strength([*cards, *hands[h].tolist()]) for own in left for h in own}
        left = [sorted(own, key=lambda h: power[h]) for own in left]
        steps = [value for value, _ in groupby(sorted(power.values()))]
        ends = [[sum(power[h] <= step for h in own) for step in steps] for own in left]
    found = []
    for p in (0, 1):
        other = {h: place for place, h in enumerate(left[1 - p])}
        above = {h: place for place, h in enumerate(parent[p])}
        found.append([(h, above[h], other.get(h)) for h in left[p]])
    return found, ends


def alike_hands_of_board(game, group, cards, hands):
    """Return the orbits of more than one hand on a board, each in the board's order, by their first hands.

    Args:
        game: whose board.
        group: suit permutations that leave the root's board and both ranges as they are.
        cards: of the board.
        hands: a player's on it, in its order.
    """
    cuts = [len(street) for street in game.board if street]
    cuts += game.deals[1:]
    streets, shown = [], 0
    for count in cuts:
        streets.append(set(cards[shown : shown + count]))
        shown += count
    here = [g for g in group if all({permute_card(g, card) for card in street} == street for street in streets)]
    place = {frozenset(game.hands[h].tolist()): k for k, h in enumerate(hands)}
    orbits = {tuple(sorted({place[frozenset(permute_card(g, card) for card in game.hands[h].tolist())] for g in here})) for h in hands}
    return [[int(hands[k]) for k in orbit] for orbit in sorted(orbits) if len(orbit) > 1]
