"""Where hands stand among all hands of each river behind the turns of a flop, summed turn by turn."""

from __future__ import annotations

from typing import Any

from games.kernels import kernel
from games.kernels.evaluator import strengths
from search.kernels.equity import sort_hands

_NUMBER, _MASK = 11, (1 << 11) - 1  # bits of a key of ``sort_hands`` that are a hand's number


@kernel
def turn_places(boards: Any, turns: Any, hands: Any, space: Any, sums: Any, squares: Any) -> None:
    """Add up the places of hands on whole boards, and their squares, for two turns a board, in place.

    A hand's place is from 0 to 1 among the hands that the board leaves, by strength; equal ones are in the middle of where they would be.

    Args:
        boards: [n, 5] u1.
        turns: [n, 2], the rows of ``sums`` that a board belongs to: each of its last two cards may be the turn.
        hands: [H, 2] u1, all of the deck.
        space: ``search.kernels.equity.EquitySpace``, room to work in.
        sums: [T, H] f8.
        squares: [T, H] f8.
    """
    for b in range(len(boards)):
        strengths(boards[b], hands, space.power)
        live = sort_hands(space.power, space.keys, space.digits)
        start = 0
        while start < live:
            strength, stop = space.keys[1, start] >> _NUMBER, start
            while stop < live and space.keys[1, stop] >> _NUMBER == strength:
                stop += 1
            place = 0.5 * (start + stop - 1) / (live - 1)
            for i in range(start, stop):
                h = space.keys[1, i] & _MASK
                for side in range(2):
                    sums[turns[b, side], h] += place
                    squares[turns[b, side], h] += place * place
            start = stop
