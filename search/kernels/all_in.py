"""What a hand wins where nobody bets any more: wins less losses over all cards to come, against every hand at once."""

from __future__ import annotations

from typing import Any

import numpy as np

from games.kernels import kernel
from games.kernels.evaluator import masks_strength, no_cards, strengths, with_card


@kernel
def hand_wins(board: Any, rest: Any, missing: int, hand: int, hands: Any, drawn: Any, out: Any) -> None:
    """Write how many run-outs a hand wins less how many it loses, against each hand that shares no card with it.

    Args:
        board: [b] u1, public cards so far, none of them the hand's.
        rest: [n] u1, the deck's cards that are neither on the board nor the hand's.
        missing: public cards that are still to come, at most n; board and missing together 1 to 5.
        hand: index of the hand.
        hands: [H, 2] u1, all of the deck.
        drawn: [5] i8, room to work in.
        out: [H] i4, in place; 0 for hands that cannot be there. Run-outs that share a card with the other hand do not count: each
            hand that can be there has (n - 2 choose missing) of them.
    """
    one, own_low, own_high = np.int64(1), np.int64(hands[hand, 0]), np.int64(hands[hand, 1])
    shown = no_cards()
    dead = (one << own_low) | (one << own_high)
    for i in range(len(board)):
        shown = with_card(shown, board[i])
        dead |= one << np.int64(board[i])
    cards = len(board) + missing + 2
    for h in range(len(hands)):
        out[h] = 0
    for i in range(missing):
        drawn[i] = i
    while True:
        masks, taken = shown, dead
        for i in range(missing):
            card = rest[drawn[i]]
            masks = with_card(masks, card)
            taken |= one << np.int64(card)
        own = masks_strength(with_card(with_card(masks, own_low), own_high), cards)
        for h in range(len(hands)):
            low, high = np.int64(hands[h, 0]), np.int64(hands[h, 1])
            if not ((taken >> low) | (taken >> high)) & 1:
                other = masks_strength(with_card(with_card(masks, low), high), cards)
                out[h] += np.int32(own > other) - np.int32(own < other)
        i = missing - 1  # the next set of cards
        while i >= 0 and drawn[i] == len(rest) - missing + i:
            i -= 1
        if i < 0:
            break
        drawn[i] += 1
        for j in range(i + 1, missing):
            drawn[j] = drawn[j - 1] + 1


@kernel
def add_pair_wins(boards: Any, weights: Any, hands: Any, power: Any, out: Any) -> None:
    """Add up which of each two hands wins on some whole boards.

    Args:
        boards: [n, b] u1.
        weights: [n] i4, how often each board counts.
        hands: [H, 2] u1.
        power: [H] i4, room to work in.
        out: [H, H] i4, in place: the first hand's wins less its losses, for first hands before second ones alone. Of hands that share a
            card the numbers mean nothing.
    """
    zero = np.int32(0)
    for b in range(len(boards)):
        strengths(boards[b], hands, power)
        weight = np.int32(weights[b])
        for h in range(len(hands)):
            own = power[h]
            if own >= 0:
                row = out[h]
                for k in range(h + 1, len(hands)):
                    other = power[k]
                    win, loss = weight if own > other else zero, weight if own < other else zero
                    row[k] += win - loss if other >= 0 else zero
