"""No-limit hold'em with any legal amount, beside two independent implementations of its rules.

Players bet from the least to the largest legal amount, all orders of magnitude alike, and both ends more often: minimum raises, all-ins of
less than a raise and chips that no menu has.
"""

from __future__ import annotations

from collections import Counter
from functools import cache

import numpy as np
import pyspiel
import pytest

from games import CHANCE, TERMINAL
from games.game import Kind
from games.holdem.config import Holdem
from tests.games.test_betting import NO_LIMIT
from tests.games.test_pokerkit import act, deal_street, new_hand

STAKES = {  # blinds and stack
    "200 big blinds": ((50, 100), 20_000),
    "100 big blinds": ((50, 100), 10_000),
    "13 big blinds": ((50, 100), 1_333),
    "odd chips": ((3, 7), 101),
}
SHARES = {"200 big blinds": 0.4, "100 big blinds": 0.2, "13 big blinds": 0.2, "odd chips": 0.2}  # of the hands


@cache
def game_at(stakes):
    blinds, stack = STAKES[stakes]
    return Holdem(blinds=list(blinds), stack=stack, min_bet=blinds[1], amounts="any").build()


def legal_action(game, state, rng):
    """Return a random legal action; half of the time nobody folds or bets, so that hands are long."""
    offered, amounts = game.actions(state), game.amounts(state)
    passing = next(action for action in offered if action.kind == Kind.PASS)
    if rng.random() < 0.5:
        return passing
    if amounts is None or rng.random() < 0.1:
        return offered[0]
    least, most = amounts
    drawn = least * (most / least) ** rng.random()
    amount = rng.choice([least, min(least + 1, most), int(drawn), int(drawn), int(drawn), max(most - 1, least), most])
    return game.action(state, f"bet {amount}")


def note(game, state, action, seen):
    """Count bets, those as small as a raise may be, and all-ins of less than that."""
    if action.kind == Kind.BET:
        player, chips, amounts = game.player(state), game.chips(state), game.amounts(state)
        legal = chips.paid[1 - player] - chips.opened[player] + state.betting.last_raise
        seen["bet"] += 1
        seen["minimum"] += action.chips == legal
        seen["short all-in"] += action.chips < legal
        assert action.chips >= legal or action.chips == amounts[1]


def beside_pokerkit(stakes, count):
    """Play random hands to the end in both; return how they ended, and what their bets were."""
    game, (blinds, stack), rng, seen = game_at(stakes), STAKES[stakes], np.random.default_rng(7), Counter()
    for _ in range(count):
        hands, state = game.deal(rng.random()), game.root
        cards = [game.hands[hand] for hand in hands]
        theirs, dealt = new_hand(cards, blinds, stack), 0
        while (player := game.player(state)) != TERMINAL:
            chips = game.chips(state)
            assert theirs.total_pot_amount == sum(chips.paid)
            assert theirs.stacks == list(chips.behind[::-1])
            if player == CHANCE:
                state = game.chance(state, hands, rng.random())
                deal_street(theirs, dealt, np.array(state.cards, np.uint8))
                dealt += 1
                continue
            to_call = chips.paid[1 - player] - chips.paid[player]
            assert theirs.actor_index == 1 - player
            assert theirs.checking_or_calling_amount == to_call
            assert theirs.can_fold() == (to_call > 0) == (Kind.FOLD in [action.kind for action in game.actions(state)])
            legal = theirs.min_completion_betting_or_raising_to_amount, theirs.max_completion_betting_or_raising_to_amount
            assert game.amounts(state) == (None if legal == (None, None) else legal)
            action = legal_action(game, state, rng)
            note(game, state, action, seen)
            state = game.child(state, action)
            act(theirs, state.label)
        assert not theirs.status
        won = game.payoff(state, hands)
        assert theirs.payoffs == [-won, won]  # what nobody called came back
        seen["fold" if state.betting.folded >= 0 else "win" if won else "tie"] += 1
    return seen


@pytest.mark.parametrize("stakes", STAKES)
def test_hands_are_those_of_pokerkit(stakes):
    seen = beside_pokerkit(stakes, round(50 * SHARES[stakes]))
    assert seen["bet"] > 10


@pytest.mark.slow
@pytest.mark.parametrize("stakes", STAKES)
def test_many_hands_are_those_of_pokerkit(stakes):
    seen = beside_pokerkit(stakes, round(2_000 * SHARES[stakes]))
    assert min(seen[kind] for kind in ("fold", "win", "tie", "minimum", "short all-in")) > 0


def beside_universal_poker(stakes, count):
    """Play random hands to the end in both: universal_poker numbers a bet by all that the player has put in after it."""
    game, (blinds, stack), rng, seen = game_at(stakes), STAKES[stakes], np.random.default_rng(8), Counter()
    string = NO_LIMIT.format(stack, "fullgame").replace("blind=50 100", "blind={} {}".format(*blinds))
    spiel = pyspiel.load_game(f"universal_poker({string},numPlayers=2,numSuits=4,numRanks=13,numHoleCards=2)")
    for _ in range(count):
        hands, state, theirs = game.deal(rng.random()), game.root, spiel.new_initial_state()
        for card in np.concatenate([game.hands[hand] for hand in hands]).tolist():
            theirs.apply_action(card)
        while (player := game.player(state)) != TERMINAL:
            paid = game.chips(state).paid
            if player == CHANCE:
                child = game.chance(state, hands, rng.random())
                for card in child.cards[len(state.cards) :]:
                    theirs.apply_action(card)
                state = child
                continue
            assert theirs.current_player() == player
            legal, amounts = theirs.legal_actions(), game.amounts(state)
            opened, fold = int(game.chips(state).opened[player]), [0] if paid[player] < paid[1 - player] else []
            ends = [] if amounts is None else [opened + amounts[0], opened + amounts[1]]
            passing, betting = [a for a in legal[:2] if a <= 1], legal[len(fold) + 1 :]
            assert passing == [*fold, 1]
            assert len(betting) == (0 if amounts is None else amounts[1] - amounts[0] + 1)  # in order, so these are all between
            assert [*betting[:1], *betting[-1:]] == ends
            action = legal_action(game, state, rng)
            note(game, state, action, seen)
            state = game.child(state, action)
            theirs.apply_action({Kind.FOLD: 0, Kind.PASS: 1}.get(action.kind, opened + int(action.chips)))
        assert theirs.is_terminal()
        won = game.payoff(state, hands)
        assert theirs.returns() == [won, -won]
        seen["fold" if state.betting.folded >= 0 else "win" if won else "tie"] += 1
    assert min(seen[kind] for kind in ("fold", "win", "minimum", "short all-in")) > 0
    assert seen["bet"] > count / 2


@pytest.mark.parametrize("stakes", STAKES)
def test_hands_are_those_of_universal_poker(stakes):
    """OpenSpiel's universal_poker, the rules of the Annual Computer Poker Competition."""
    beside_universal_poker(stakes, round(1_000 * SHARES[stakes]))


@pytest.mark.slow
@pytest.mark.parametrize("stakes", STAKES)
def test_many_hands_are_those_of_universal_poker(stakes):
    beside_universal_poker(stakes, round(100_000 * SHARES[stakes]))
