"""Lines of play as text: where they lead, and what is said of those that lead nowhere."""

from __future__ import annotations

import numpy as np
import pytest
from games.holdem.lines import find_decision

from games.holdem.cards import cards_text
from games.holdem.config import Holdem, Spot

TURN = Spot(board="Td9d6hQc", ranges=["66+,AhAd", "QQ-22"], pot=200, stack=900, bets="33%,60%,a", raises="75%,a").build()
FLOP = Holdem(deals=[0, 3], blinds=[1, 2], stack=20, bets="100%", raises="100%", min_bet=2).build()


def text_of(game, node):
    labels = []
    while node > 0:
        labels.append(game.bets.labels[node])
        node = int(game.bets.parent[node])
    return labels[::-1]


@pytest.mark.parametrize("game", [TURN, FLOP], ids=["turn", "flop"])
def test_every_decision_is_found_by_the_labels_on_its_way(game):
    cards = {TURN: ["2c"], FLOP: ["AhKd7c"]}[game]
    start = cards_text([card for street in game.board for card in street])
    for node in np.flatnonzero(game.bets.player >= 0).tolist():
        line = [cards[0] if label == "deal" else label for label in text_of(game, node)]
        found = find_decision(game, " / ".join(line), "show")
        assert found.node == node
        assert cards_text(found.cards) == start + "".join(cards if "deal" in text_of(game, node) else [])


def test_spaces_do_not_matter_and_a_word_will_do_where_it_is_the_only_one():
    long = find_decision(TURN, "check / bet 120 / call / 2c / all-in 780", "show")
    assert find_decision(TURN, "check/ bet  120/call /2c/all-in", "show") == long
    assert find_decision(TURN, "", "show") == (0, find_decision(TURN, "check", "show").cards)


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


@pytest.mark.parametrize("line", BAD)
def test_a_line_that_leads_nowhere_is_refused_with_what_there_is(line):
    with pytest.raises(ValueError, match=r"^show must ") as error:
        find_decision(TURN, line, "show")
    assert str(error.value) == BAD[line]


def test_cards_that_leave_a_player_no_hand_are_refused():
    game = Spot(board="Td9d6hQc", ranges=["AhAd", "KK"], pot=20, stack=90).build()
    find_decision(game, "check / check / Kc", "show")
    with pytest.raises(ValueError, match="with cards that leave two hands that share no card, got 'Ah'"):
        find_decision(game, "check / check / Ah", "show")
    with pytest.raises(ValueError, match="with 3 cards, got 'AhKd'"):
        find_decision(FLOP, "call / check / AhKd", "show[2]")
