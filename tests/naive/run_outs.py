"""Ranges against ranges at showdown, pair by pair."""

from __future__ import annotations

import numpy as np

from tests.naive.evaluator import strength


def showdown_sums(boards, hands, first, second):
    """Return wins less losses and what can meet, [boards, lanes] each; see ``search.kernels.run_outs.showdown_sums``."""
    wins, met = (np.zeros((len(boards), first.shape[1])) for _ in range(2))
    for b, board in enumerate(boards.tolist()):
        power = [None if set(hand) & set(board) else strength([*board, *hand]) for hand in hands.tolist()]
        for i, one in enumerate(hands.tolist()):
            for j, other in enumerate(hands.tolist()):
                if power[i] is not None and power[j] is not None and not set(one) & set(other):
                    wins[b] += ((power[i] > power[j]) * 1 - (power[i] < power[j]) * 1) * first[i] * second[j]
                    met[b] += first[i] * second[j]
    return wins, met


def showdown_matrix(boards, hands):
    """Return [H, H], wins less losses of each hand against each other one; see ``search.kernels.run_outs.showdown_matrix``."""
    wins = np.zeros((len(hands), len(hands)), int)
    for board in boards.tolist():
        power = [None if set(hand) & set(board) else strength([*board, *hand]) for hand in hands.tolist()]
        for i in range(len(hands)):
            for j in range(len(hands)):
                if power[i] is not None and power[j] is not None:
                    wins[i, j] += (power[i] > power[j]) - (power[i] < power[j])
    return wins


def showdown_by_hand(boards, hands, reach):
    """Return twice what each hand beats, ties once, and what it can meet, [H, lanes] each; see ``search.kernels.hand_equity``."""
    wins, met = np.zeros_like(reach), np.zeros_like(reach)
    for board in boards.tolist():
        power = [None if set(hand) & set(board) else strength([*board, *hand]) for hand in hands.tolist()]
        for i, one in enumerate(hands.tolist()):
            for j, other in enumerate(hands.tolist()):
                if power[i] is not None and power[j] is not None and not set(one) & set(other):
                    wins[i] += (2 * (power[i] > power[j]) + (power[i] == power[j])) * reach[j]
                    met[i] += reach[j]
    return wins, met
