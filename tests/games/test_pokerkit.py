"""The betting tree of a no-limit hold'em, walked side by side with pokerkit, an independent implementation of the rules of poker.

Heads-up, pokerkit's seat 0 is the big blind and its seat 1 the button, which posts the small blind and is our player 0: seat 1 - player.
Its tournament mode refuses a fold where there is nothing to call, and our trees offer none. Its cash games only warn.
"""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest

from games.holdem.betting_tree import betting_tree
from games.holdem.cards import cards_text
from games.kernels.evaluator import board_strengths
from games.public_tree import CHANCE, TERMINAL
from tests.games.test_betting import children, full_game

pokerkit = pytest.importorskip("pokerkit")

BLINDS, STACK = (50, 100), 1_050
BETS, RAISES = "1%,50%,100%,a", "1%,100%,a"  # 1% is below every minimum, so the smallest size is one that was lifted (or all-in)
STREETS = ((0, 3), (3, 4), (4, 5))  # where each one's cards are on the board


def new_hand(hands, blinds=BLINDS, stack=STACK):
    """Return pokerkit's hand before its first action. It posts blinds and moves chips by itself; we deal."""
    dealing = (pokerkit.Automation.CARD_BURNING, pokerkit.Automation.HOLE_DEALING, pokerkit.Automation.BOARD_DEALING)
    automations = tuple(automation for automation in pokerkit.Automation if automation not in dealing)
    state = pokerkit.NoLimitTexasHoldem.create_state(automations, True, 0, blinds, blinds[1], stack, 2)
    for player in (1, 0):
        state.deal_hole(cards_text(hands[player]), 1 - player)
    return state


def deal_street(state, street, board):
    """Deal the cards after a street to pokerkit, behind a burnt card that nobody sees; it knows how many are due."""
    first, last = STREETS[street]
    assert state.actor_index is None
    state.burn_card("??")
    assert state.board_dealing_count == last - first
    state.deal_board(cards_text(board[first:last]))


def check_actions(state, labels, player, to_call):
    """Check that what the tree offers a player is legal in pokerkit, and all of it but for the amounts in between."""
    assert state.actor_index == 1 - player
    assert state.checking_or_calling_amount == to_call
    assert state.can_fold() == (to_call > 0)
    assert labels[: 1 + (to_call > 0)] == (["fold", "call"] if to_call else ["check"])
    amounts = [int(label.split()[1]) for label in labels[1 + (to_call > 0) :]]
    least, most = state.min_completion_betting_or_raising_to_amount, state.max_completion_betting_or_raising_to_amount
    assert (min(amounts, default=None), max(amounts, default=None)) == (least, most)
    assert all(state.can_complete_bet_or_raise_to(amount) for amount in amounts)


def act(state, label):
    verb, *amount = label.split()
    if verb == "fold":
        state.fold()
    elif verb in ("check", "call"):
        state.check_or_call()
    else:
        state.complete_bet_or_raise_to(int(amount[0]))


def play(tree, state, rng, board):
    """Walk the tree and pokerkit's hand to the end together; return the last node."""
    node = 0
    while (player := int(tree.player[node])) != TERMINAL:
        put, below = tree.contribution[node], children(tree, node)
        assert state.total_pot_amount == put.sum()
        assert state.stacks == (STACK - put[::-1]).tolist()
        if player == CHANCE:
            deal_street(state, tree.round[node], board)
            node = below[0]
        else:
            to_call = int(put[1 - player] - put[player])
            check_actions(state, [tree.labels[child] for child in below], player, to_call)
            node = below[to_call > 0] if rng.random() < 0.5 else int(rng.choice(below))  # half are checks and calls, to see rivers
            act(state, tree.labels[node])
    assert not state.status
    return node


def walk(count):
    """Check random hands from the deal to the winnings; every way to end must have come up."""
    tree, rng, ends = betting_tree(full_game(BLINDS, STACK, BETS, RAISES)), np.random.default_rng(7), Counter()
    for _ in range(count):
        cards = rng.permutation(52)[:9].astype(np.uint8)
        hands, board = cards[:4].reshape(2, 2), cards[4:]
        state = new_hand(hands)
        node = play(tree, state, rng, board)
        loser = int(tree.folded[node])
        won = np.sign(np.subtract(*board_strengths(board, hands))) if loser < 0 else 2 * loser - 1  # by player 0
        won *= tree.contribution[node].min()
        assert state.payoffs == [-won, won]
        ends["fold" if loser >= 0 else "win" if won else "tie"] += 1
    assert set(ends) == {"fold", "win", "tie"}


def test_no_limit_play_and_winnings_agree_with_pokerkit():
    walk(500)


@pytest.mark.slow
def test_long_no_limit_play_and_winnings_agree_with_pokerkit():
    walk(20_000)
