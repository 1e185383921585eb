"""Match states of the ACPC protocol: the examples of its specification, hands of several games and back, and what is refused."""

from __future__ import annotations

import re

import numpy as np
import pytest

from games.game import line_of
from games.holdem.acpc import action_text, check_game, match_state, read_action, read_match_state
from games.holdem.config import Holdem, Spot
from games.public_tree import CHANCE, TERMINAL
from tests.playing import playout

NO_LIMIT = Holdem(name="no limit", blinds=[50, 100], stack=20_000, min_bet=100, amounts="any").build()
LIMIT = Holdem(name="limit", blinds=[5, 10], stack=1_000, limit=[10, 10, 20, 20], max_raises=[3, 4, 4, 4]).build()
SMALL = Holdem(name="small", ranks="TJQKA", deals=[0, 1, 1], blinds=[1, 2], stack=20, min_bet=2, raise_cap=1, bets="100%,a").build()

# Of the specification, version 2.0.0, October 2010, "Examples": a line, the hand so far in our words, and who acts there.
LONG = "call / check / 5c8c8d / bet 150 / call / 6s / bet 250 / call / 2d / bet 750"
SHORT = "raise 300 / raise 900 / call / 6d9cJc / bet 900 / raise 2700"
CAPPED = "raise 20 / raise 30 / call / 2c3h8c / bet 10 / call / 9c / check / bet 20 / call / Kh / check / bet 20 / call"
EXAMPLES = [
    (NO_LIMIT, "MATCHSTATE:0:30::9s8h|", "", 0),
    (NO_LIMIT, "MATCHSTATE:0:30:c:9s8h|", "call", 1),
    (NO_LIMIT, "MATCHSTATE:0:30:cc/:9s8h|/8c8d5c", "call / check / 5c8c8d", 1),
    (NO_LIMIT, "MATCHSTATE:0:30:cc/r250c/r500c/r1250:9s8h|/8c8d5c/6s/2d", LONG, 0),
    (NO_LIMIT, "MATCHSTATE:0:30:cc/r250c/r500c/r1250c:9s8h|9c6h/8c8d5c/6s/2d", f"{LONG} / call", TERMINAL),
    (NO_LIMIT, "MATCHSTATE:1:31::|JdTc", "", 0),
    (NO_LIMIT, "MATCHSTATE:1:31:r300r900c/r1800r3600:|JdTc/6dJc9c", SHORT, 1),
    (
        NO_LIMIT,
        "MATCHSTATE:1:31:r300r900c/r1800r3600r9000c/r20000c/:KsJs|JdTc/6dJc9c/Kh/Qc",
        f"{SHORT} / raise 8100 / call / Kh / all-in 11000 / call / Qc",
        TERMINAL,
    ),
    (LIMIT, "MATCHSTATE:0:0:rrc/r:TdAs|/2c8c3h", "raise 20 / raise 30 / call / 2c3h8c / bet 10", 0),
    (LIMIT, "MATCHSTATE:0:0:rrc/rc/crc/crc:TdAs|8hTc/2c8c3h/9c/Kh", CAPPED, TERMINAL),
    (
        LIMIT,
        "MATCHSTATE:1:1:rrc/rc/rf:|Qd7c/2h8h5c/Th",
        "raise 20 / raise 30 / call / 2h5c8h / bet 10 / call / Th / bet 20 / fold",
        TERMINAL,
    ),
]


@pytest.mark.parametrize(("game", "line", "play", "player"), EXAMPLES, ids=[line for _, line, *_ in EXAMPLES])
def test_the_examples_of_the_specification(game, line, play, player):
    view = read_match_state(game, line)
    assert " / ".join(line_of(game, view.state)) == play
    assert game.player(view.state) == player
    _, position, number, _, cards = line.split(":")
    assert (1 - view.seat, view.number) == (int(position), int(number))
    assert sorted(game.hand_text(0, view.hand)) == sorted(cards.split("/")[0].split("|")[int(position)])
    written = match_state(game, view.state, view.seat, view.number, view.hands)
    assert written.split(":")[:4] == line.split(":")[:4]
    assert [sorted(part) for part in written.split(":")[4].split("/")] == [sorted(part) for part in cards.split("/")]


@pytest.mark.parametrize("game", [NO_LIMIT, LIMIT, SMALL], ids=["no limit", "limit", "small"])
def test_every_state_of_a_hand_is_read_back(game):
    rng = np.random.default_rng(1)
    for number in range(40):
        hands, states = playout(game, rng)
        for state in states:
            if game.player(state) == CHANCE:
                continue
            for seat in (0, 1):
                shown = hands if game.player(state) == TERMINAL else (hands[0], None) if seat == 0 else (None, hands[1])
                view = read_match_state(game, match_state(game, state, seat, number, shown))
                assert (view.number, view.seat, view.state, view.hands) == (number, seat, state, shown)
            for action in game.actions(state):
                assert read_action(game, state, action_text(game, state, action)) == action


def test_rounds_without_actions_may_be_left_out():
    whole = read_match_state(NO_LIMIT, "MATCHSTATE:0:1:r20000c///:AsAd|KsKd/2c3c4c/5d/6h")
    assert read_match_state(NO_LIMIT, "MATCHSTATE:0:1:r20000c:AsAd|KsKd/2c3c4c/5d/6h") == whole
    assert NO_LIMIT.player(whole.state) == TERMINAL
    assert whole.state.betting.before == 20_000


REFUSED = [
    (NO_LIMIT, "MATCHSTATE:0:1:c", "a match state must be MATCHSTATE:position:hand:betting:cards, got 'MATCHSTATE:0:1:c'"),
    (NO_LIMIT, "STATE:0:1::AsAd|", "a match state must be MATCHSTATE:"),
    (NO_LIMIT, "MATCHSTATE:2:1::AsAd|", "position must be 0 or 1, of two players, got '2'"),
    (NO_LIMIT, "MATCHSTATE:0:-1::AsAd|", "hand must be a number from 0 to 4294967295, got '-1'"),
    (NO_LIMIT, "MATCHSTATE:0:1::AsAd||", "the cards of two players with | between, got 'AsAd||'"),
    (NO_LIMIT, "MATCHSTATE:0:1::AsAs|", "cards must be distinct cards, got 'As' twice"),
    (NO_LIMIT, "MATCHSTATE:0:1:cc/:AsAd|/2c3cAs", "cards must be distinct cards, got 'As' twice"),
    (NO_LIMIT, "MATCHSTATE:0:1::AsXd|", "cards must be cards such as Td9d6h, got 'Xd'"),
    (SMALL, "MATCHSTATE:0:1::As2d|", "cards must be cards such as Td9d6h of ranks TJQKA and suits"),
    (NO_LIMIT, "MATCHSTATE:0:1::AsAdAc|", "must have two cards a player, or none, got 'AsAdAc'"),
    (NO_LIMIT, "MATCHSTATE:0:1::|AsAd", "must have the cards of position 0, to which it is sent, got '|AsAd'"),
    (
        NO_LIMIT,
        "MATCHSTATE:0:1:r:AsAd|",
        "an action must be f, c, or r with the chips that the player has then put in in this hand, got 'r'",
    ),
    (LIMIT, "MATCHSTATE:0:1:r300:AsAd|", "in limit after '': an action must be f, c or r, got 'r300'"),
    (NO_LIMIT, "MATCHSTATE:0:1:r150:AsAd|", "after '': an action must be f, c or r200 to r20000, got 'r150'"),
    (NO_LIMIT, "MATCHSTATE:0:1:r300r400:AsAd|", "after 'r300': an action must be f, c or r500 to r20000, got 'r400'"),
    (NO_LIMIT, "MATCHSTATE:0:1:cf:AsAd|", "after 'c': an action must be c or r200 to r20000, got 'f'"),
    (NO_LIMIT, "MATCHSTATE:0:1:r20000r20000:AsAd|", "an action must be f or c, got 'r20000'"),
    (LIMIT, "MATCHSTATE:0:1:rrrr:AsAd|", "after 'rrr': an action must be f or c, got 'r'"),
    (SMALL, "MATCHSTATE:0:1:r5:AsAd|", "an action must be f, c, r"),
    (NO_LIMIT, "MATCHSTATE:0:1:rfc:AsAd|", "an action must be f, c, or r with"),
    (NO_LIMIT, "MATCHSTATE:0:1:fc:AsAd|", "must have no action after 'f', got 'fc'"),
    (NO_LIMIT, "MATCHSTATE:0:1:ccc:AsAd|", "must have no action after 'cc', got 'ccc'"),
    (NO_LIMIT, "MATCHSTATE:0:1:c/:AsAd|/2c3c4c", "must begin no new round after 'c', got 'c/'"),
    (SMALL, "MATCHSTATE:0:1:cc/cc/cc/:AsAd|/Kc/Kd/Kh", "a match state of small must have at most 3 rounds of betting, got 'cc/cc/cc/'"),
    (NO_LIMIT, "MATCHSTATE:0:1:cc/:AsAd|/2c", "must have 3 cards on the flop, got '2c'"),
    (NO_LIMIT, "MATCHSTATE:0:1:cc/:AsAd|", "must have 3 cards on the flop, got ''"),
    (NO_LIMIT, "MATCHSTATE:0:1:cc:AsAd|/2c3c4c", "board must have the cards of 1 rounds, got /'2c3c4c' besides"),
]


@pytest.mark.parametrize(("game", "line", "error"), REFUSED, ids=[line for _, line, _ in REFUSED])
def test_each_wrong_line_has_its_own_message(game, line, error):
    with pytest.raises(ValueError, match=re.escape(error)):
        read_match_state(game, line)


def test_a_spot_has_no_match_states():
    with pytest.raises(ValueError, match="game must be a whole hand with blinds where the ACPC protocol is spoken, got spot Td9d6hQc4s"):
        check_game(Spot(board="Td9d6hQc4s").build())
    check_game(NO_LIMIT)


def test_lines_with_something_changed_are_read_or_refused_and_nothing_else():
    rng, letters = np.random.default_rng(5), list("rcf/:|0123456789AKhs MATCHSTATE")
    read = 0
    for game, line, *_ in EXAMPLES * 60:
        changed = list(line)
        for _ in range(rng.integers(1, 4)):
            at = int(rng.integers(len(changed)))
            changed[at : at + int(rng.integers(2))] = [letters[rng.integers(len(letters))]] * int(rng.integers(3))
        try:
            view = read_match_state(game, "".join(changed))
        except ValueError:
            continue
        read += 1
        assert read_match_state(game, match_state(game, view.state, view.seat, view.number, view.hands)) == view
    assert 0 < read < 60 * len(EXAMPLES)
