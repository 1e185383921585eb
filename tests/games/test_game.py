"""Lines of play as text: how they may be written, and what is said of those that lead nowhere."""

from __future__ import annotations

import numpy as np
import pytest

from games import public_tree
from games.derived import derived_game
from games.game import drawn, find_decision
from games.holdem.config import Holdem, Spot

TURN = Spot(board="Td9d6hQc", ranges=["66+,AhAd", "QQ-22"], pot=200, stack=900, bets="33%,60%,a", raises="75%,a").build()
FLOP = Holdem(deals=[0, 3], blinds=[1, 2], stack=20, bets="100%", raises="100%", min_bet=2).build()
LEDUC = derived_game(public_tree("leduc_poker"))


def test_spaces_do_not_matter_and_a_word_will_do_where_it_is_the_only_one():
    long = find_decision(TURN, "check / bet 120 / call / 2c / all-in 780", "show")
    assert find_decision(TURN, "check/ bet  120/call /2c/all-in", "show") == long
    assert find_decision(TURN, "", "show") == TURN.root


def test_cards_of_derived_games_are_told_as_people_or_as_openspiel_do():
    found = {find_decision(LEDUC, f"call / call / {card}", "show") for card in ("Q♥", "Chance outcome:3")}
    assert len(found) == 1
    assert LEDUC.board_name(found.pop()) == "Q♥"


BAD = {
    "bet 60%": "show must begin with check, bet 66, bet 120 or all-in 900, got 'bet 60%'",
    "bet": "show must begin with check, bet 66, bet 120 or all-in 900, got 'bet'",
    "check / bet 120 / check": "show must go on after 'check / bet 120' with fold, call, raise 450 or all-in 900, got 'check'",
    "check / check": "show must go on after 'check / check' with 1 card that is not on the board Td9d6hQc, got nothing",
    "check / check / Qc": "show must go on after 'check / check' with 1 card that is not on the board Td9d6hQc, got 'Qc'",
    "check / check / 2c3c": "show must go on after 'check / check' with 1 card that is not on the board Td9d6hQc, got '2c3c'",
    "check / check / bet 66": "show must go on after 'check / check' with 1 card that is not on the board Td9d6hQc, got 'bet 66'",
    "check / fold": "show must go on after 'check' with check, bet 66, bet 120 or all-in 900, got 'fold'",
    "bet 120 / fold": "show must end at a decision, got 'bet 120 / fold', where nobody acts after 'bet 120 / fold'",
    "all-in / call / 2c": "show must end at a decision, got 'all-in / call / 2c', where nobody acts after 'all-in / call'",
    "check / ": "show must go on after 'check' with check, bet 66, bet 120 or all-in 900, got ''",
}
BAD_LEDUC = {
    "fold": "show must begin with Call or Raise, got 'fold'",
    "call / call / 2c": "show must go on after 'call / call' with J♠, J♥, Q♠, Q♥, K♠ or K♥, got '2c'",
    "raise / fold": "show must end at a decision, got 'raise / fold', where nobody acts after 'raise / fold'",
}


@pytest.mark.parametrize(
    ("game", "line", "message"), [*((TURN, *bad) for bad in BAD.items()), *((LEDUC, *bad) for bad in BAD_LEDUC.items())]
)
def test_a_line_that_leads_nowhere_is_refused_with_what_there_is(game, line, message):
    with pytest.raises(ValueError, match=r"^show must ") as error:
        find_decision(game, line, "show")
    assert str(error.value) == message


def test_errors_do_not_repeat_endless_lines():
    for line in ("x" * 10**6, "check / " * 10**5, "all-in / call / " + "x" * 10**6, "bet 120 / fold" + 10**5 * " "):
        with pytest.raises(ValueError, match=r"^show must ") as error:
            find_decision(TURN, line, "show")
        assert len(str(error.value)) < 300


def test_cards_that_leave_a_player_no_hand_are_refused():
    game = Spot(board="Td9d6hQc", ranges=["AhAd", "KK"], pot=20, stack=90).build()
    find_decision(game, "check / check / Kc", "show")
    with pytest.raises(ValueError, match="with cards that leave two hands that share no card, got 'Ah'"):
        find_decision(game, "check / check / Ah", "show")
    with pytest.raises(ValueError, match="with 3 cards, got 'AhKd'"):
        find_decision(FLOP, "call / check / AhKd", "show[2]")


def test_a_number_stands_for_an_index_by_the_weights():
    weights = [0.0, 1.0, 0.0, 3.0, 0.0]
    assert [drawn(weights, u) for u in (0.0, 0.2499, 0.25, 0.9999)] == [1, 1, 3, 3]
    counts = np.bincount([drawn(weights, u) for u in np.random.default_rng(0).random(4000)], minlength=5)
    assert counts[[0, 2, 4]].sum() == 0
    assert abs(counts[1] - 1000) < 4 * (4000 * 3 / 16) ** 0.5
