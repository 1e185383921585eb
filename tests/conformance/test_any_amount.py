"""No-limit hold'em with any legal amount, beside two independent implementations of its rules."""

from __future__ import annotations

import numpy as np
import pyspiel
import pytest

from games import CHANCE, TERMINAL
from games.game import Kind
from tests.catalogue import game_of
from tests.games.test_betting import NO_LIMIT
from tests.games.test_pokerkit import act, deal_street, new_hand
from tests.playing import random_action

GAME = game_of("heads_up_no_limit")
BLINDS, STACK = (50, 100), 20_000


def beside_pokerkit(count):
    """Play random hands to the end in both; every way to end must have come up."""
    rng, ends = np.random.default_rng(7), set()
    for _ in range(count):
        hands, state = GAME.deal(rng.random()), GAME.root
        cards = [GAME.hands[hand] for hand in hands]
        theirs, dealt = new_hand(cards, BLINDS, STACK), 0
        while (player := GAME.player(state)) != TERMINAL:
            chips = GAME.chips(state)
            assert theirs.total_pot_amount == sum(chips.paid)
            assert theirs.stacks == list(chips.behind[::-1])
            if player == CHANCE:
                state = GAME.chance(state, hands, rng.random())
                deal_street(theirs, dealt, np.array(state.cards, np.uint8))
                dealt += 1
                continue
            to_call = chips.paid[1 - player] - chips.paid[player]
            assert theirs.actor_index == 1 - player
            assert theirs.checking_or_calling_amount == to_call
            assert theirs.can_fold() == (to_call > 0) == (Kind.FOLD in [action.kind for action in GAME.actions(state)])
            legal = theirs.min_completion_betting_or_raising_to_amount, theirs.max_completion_betting_or_raising_to_amount
            assert GAME.amounts(state) == (None if legal == (None, None) else legal)
            state = GAME.child(state, random_action(GAME, state, rng))
            act(theirs, state.label)
        assert not theirs.status
        won = GAME.payoff(state, hands)
        assert theirs.payoffs == [-won, won]
        ends.add("fold" if state.betting.folded >= 0 else "win" if won else "tie")
    return ends


def test_hands_are_those_of_pokerkit():
    assert {"fold", "win"} <= beside_pokerkit(50)


@pytest.mark.slow
def test_many_hands_are_those_of_pokerkit():
    assert beside_pokerkit(2_000) == {"fold", "win", "tie"}


def beside_universal_poker(count):
    """Play random hands to the end in both: universal_poker numbers a bet by all that the player has put in after it."""
    string = NO_LIMIT.format(STACK, "fullgame")
    spiel = pyspiel.load_game(f"universal_poker({string},numPlayers=2,numSuits=4,numRanks=13,numHoleCards=2)")
    rng, bets = np.random.default_rng(8), 0
    for _ in range(count):
        hands, state, theirs = GAME.deal(rng.random()), GAME.root, spiel.new_initial_state()
        for card in np.concatenate([GAME.hands[hand] for hand in hands]).tolist():
            theirs.apply_action(card)
        while (player := GAME.player(state)) != TERMINAL:
            paid = GAME.chips(state).paid
            if player == CHANCE:
                child = GAME.chance(state, hands, rng.random())
                for card in child.cards[len(state.cards) :]:
                    theirs.apply_action(card)
                state = child
                continue
            assert theirs.current_player() == player
            legal, amounts = theirs.legal_actions(), GAME.amounts(state)
            opened, fold = int(GAME.chips(state).opened[player]), [0] if paid[player] < paid[1 - player] else []
            ends = [] if amounts is None else [opened + amounts[0], opened + amounts[1]]
            passing, betting = [a for a in legal[:2] if a <= 1], legal[len(fold) + 1 :]
            assert passing == [*fold, 1]
            assert len(betting) == (0 if amounts is None else amounts[1] - amounts[0] + 1)  # in order, so these are all between
            assert [*betting[:1], *betting[-1:]] == ends
            action = random_action(GAME, state, rng)
            state = GAME.child(state, action)
            bets += action.kind == Kind.BET
            theirs.apply_action({Kind.FOLD: 0, Kind.PASS: 1}.get(action.kind, opened + int(action.chips)))
        assert theirs.is_terminal()
        assert theirs.returns() == [GAME.payoff(state, hands), -GAME.payoff(state, hands)]
    assert bets > count / 2


def test_hands_are_those_of_universal_poker():
    """OpenSpiel's universal_poker, the rules of the Annual Computer Poker Competition."""
    beside_universal_poker(1_000)


@pytest.mark.slow
def test_many_hands_are_those_of_universal_poker():
    beside_universal_poker(100_000)
