"""Who wins where nobody bets any more, by dealing every board."""

from __future__ import annotations

from itertools import combinations

from tests.naive.evaluator import strength


def all_in(cards, board, total, hand, other):
    """Return what a hand wins of a chip against another one, over all boards of ``total`` cards; 0 if they cannot meet on the board."""
    if len({*board, *hand, *other}) < len(board) + 4:
        return 0.0
    left = [card for card in cards if card not in {*board, *hand, *other}]
    boards = [[*board, *new] for new in combinations(left, total - len(board))]
    shown = [(strength([*whole, *hand]), strength([*whole, *other])) for whole in boards]
    return sum((own > theirs) - (own < theirs) for own, theirs in shown) / len(boards)
