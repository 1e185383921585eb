"""Playing where any amount may be bet: what may be typed, both ranges, and what the agent tells of its thinking."""

import re
from contextlib import nullcontext

import numpy as np
import pytest

from agents.board_blueprint import make_blueprint
from agents.no_limit.agent import NoLimitAgent
from agents.play.amounts import common_sizes, typed_amount
from agents.play.range_grid import class_weights, range_grid
from agents.play.terminal import Terminal
from games.game import find_decision
from games.holdem.cards import hand_indices, parse_cards
from games.holdem.config import Holdem
from games.holdem.rules import HoldemGame
from search import Budget, variant
from tests.catalogue import game_of

SETTINGS = {
    "ranks": "TJQKA", "deals": [0, 1, 1], "blinds": [1, 2], "stack": 60, "min_bet": 2, "bets": "50%,100%", "raises": "100%", "raise_cap": 2,
}  # fmt: skip
GAME, MENU = Holdem(amounts="any", **SETTINGS).build(), Holdem(**SETTINGS).build()
DCFR = variant("default_holdem")
FULL = game_of("heads_up_no_limit")


@pytest.fixture(scope="module")
def agent(tmp_path_factory):
    return NoLimitAgent(GAME, make_blueprint(MENU, (), DCFR, 10, tmp_path_factory.mktemp("blueprint")), DCFR, "turn")


def session(agent, keys, hands=1, seed=1, budget=None, interrupted=False, saved=None):
    """Play with the keys given; return what was shown, and the hands that were saved."""
    shown, saved, left = [], [] if saved is None else saved, iter(keys)

    def ask(prompt):
        shown.append(prompt)
        try:
            return next(left)
        except StopIteration:
            raise (KeyboardInterrupt if interrupted else EOFError) from None

    Terminal(agent, None, budget or Budget(iterations=8), seed, ask, shown.append, saved.append).run(hands)
    return "\n".join(shown), saved


def hand_of(text):
    return int(hand_indices(GAME.hands)[parse_cards(text)])


def at(line):
    return find_decision(FULL, line, "line")


@pytest.mark.parametrize(
    ("line", "answer", "text"),
    [
        ("", "750", "raise 750"),
        ("", "raise 750", "raise 750"),
        ("", "raise to 750", "raise 750"),
        ("", "bet 750", "raise 750"),
        ("", "200", "raise 200"),
        ("", "20000", "all-in 20000"),
        ("", "50%", "raise 200"),
        ("", "60 %", "raise 220"),
        ("", "62.5%", "raise 225"),
        ("call / check / Td9d6h", "133", "bet 133"),
        ("call / check / Td9d6h", "75%", "bet 150"),
        ("call / check / Td9d6h / bet 150", "100%", "raise 650"),
        ("raise 12000", "20000", "all-in 20000"),
    ],
)
def test_an_amount_is_chips_on_the_street_or_a_share_of_the_pot_after_a_call(line, answer, text):
    assert typed_amount(FULL, at(line), answer).text == text


@pytest.mark.parametrize(
    ("line", "answer", "message"),
    [
        ("", "199", "a raise must come to at least 200 on this street, got '199'"),
        ("", "0", "a raise must come to at least 200 on this street, got '0'"),
        ("", "1%", "a raise must come to at least 200 on this street, got '1%', which is 102"),
        ("", "20001", "a raise must come to at most 20000 on this street, all that you have, got '20001'"),
        ("", "10000%", "a raise must come to at most 20000 on this street, all that you have, got '10000%', which is 20100"),
        ("", "9" * 50, "a raise must come to at most 20000 on this street, all that you have, got '" + "9" * 50 + "'"),
        ("", "750.5", "an amount must be whole chips in the digits 0 to 9, such as 200, got '750.5'"),
        ("", "-750", "an amount must be whole chips in the digits 0 to 9, such as 200, got '-750'"),
        ("", "1e3", "an amount must be whole chips in the digits 0 to 9, such as 200, got '1e3'"),
        ("", "1,000", "an amount must be whole chips in the digits 0 to 9, such as 200, got '1,000'"),
        ("", "٧٥٠", "an amount must be whole chips in the digits 0 to 9, such as 200, got '٧٥٠'"),
        ("", "raise 7x", "an amount must be whole chips in the digits 0 to 9, such as 200, got 'raise 7x'"),
        ("", "-5%", "a share of the pot must be a number with % behind it, such as 60%, got '-5%'"),
        ("", "1e3%", "a share of the pot must be a number with % behind it, such as 60%, got '1e3%'"),
        ("call / check / Td9d6h", "99", "a bet must come to at least 100 on this street, got '99'"),
        ("raise 12000", "15000", "you may only go all-in, 20000, got '15000'"),
        ("all-in", "750", "nobody may raise any more: fold or call, got '750'"),
    ],
)
def test_a_bad_amount_is_refused_with_its_own_rule(line, answer, message):
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        typed_amount(FULL, at(line), answer)


@pytest.mark.parametrize("answer", ["", "raise", "bet", "pot", "call", "all-in", "%", "x", "²", "one thousand", "750 750"])
def test_what_names_no_amount_is_none(answer):
    assert typed_amount(FULL, at(""), answer) is None
    assert typed_amount(MENU, MENU.root, "750") is None  # where the sizes on offer are all there is


def test_keys_stand_for_the_least_half_a_pot_a_pot_and_all_in_where_they_are_legal():
    def chips(line):
        return {key: action.chips for key, action in common_sizes(FULL, at(line)).items()}

    assert chips("") == {"a": 20000, "m": 200, "h": 200, "p": 300}
    assert chips("call / check / Td9d6h") == {"a": 20000 - 100, "m": 100, "h": 100, "p": 200}
    assert chips("raise 900 / call / Td9d6h / bet 900") == {"a": 19100, "m": 1800, "h": 900 + 1800, "p": 900 + 3600}
    assert chips("raise 12000") == {"a": 20000, "m": 20000}
    assert chips("all-in") == {}
    assert common_sizes(MENU, MENU.root) == {}


def test_bad_input_is_told_and_the_hand_goes_on(agent):
    bad = ["1", "-3", "61", "2.5", "1e3", "٧", "x", "", "9000%", "0%", "raise", "9" * 400]
    shown, saved = session(agent, [*bad, "m", *["c"] * 8])
    _, straight = session(agent, ["m", *["c"] * 8])
    for answer in bad:
        assert (f"got {answer!r}" if len(answer) < 100 else "(402 characters)") in shown
    assert [record["play"] for record in saved] == [record["play"] for record in straight]
    assert saved[0]["play"][0] == "raise 4"
    assert "m raise to 4 (2 bb) [the least], p raise to 6 (3 bb) [pot], a all-in 60 (30 bb), or any amount, as 750 or 60%" in shown


def test_every_key_is_shown_once_and_taken_and_any_amount_can_be_played(agent):
    for key, label in (("m", "raise 4"), ("p", "raise 6"), ("a", "all-in 60"), ("7", "raise 7"), ("150%", "raise 8")):
        _, saved = session(agent, [key, *["c"] * 8])
        assert saved[0]["play"][0] == label


@pytest.mark.parametrize("interrupted", [True, False])
def test_hands_that_are_over_are_kept_when_the_player_leaves_in_the_middle_of_one(agent, interrupted):
    kept = []
    with pytest.raises(KeyboardInterrupt) if interrupted else nullcontext():
        session(agent, ["f", "m"], hands=None, interrupted=interrupted, saved=kept)
    assert [record["hand"] for record in kept] == list(range(len(kept)))
    assert kept


def test_what_is_told_does_not_depend_on_the_hand_that_the_agent_holds(agent, monkeypatch):
    monkeypatch.setattr("agents.play.hand.drawn", lambda weights, u: 1)  # every hand acts alike: calls, or bets the least
    monkeypatch.setattr(HoldemGame, "chance", lambda game, state, hands, u: game.revealed(state, "AsKs"[2 * game.round(state) :][:2]))
    told, tens = set(), [h for h in range(len(GAME.hands)) if GAME.hand_class(0, h) in ("TT", "JJ", "JTo", "QTs")][::3]
    for other in tens:
        monkeypatch.setattr(HoldemGame, "deal", lambda game, u, other=other: (hand_of("AhKd"), other))
        shown, saved = session(agent, ["c", "g", "c", "g", "?", "c", "g", "?", "q"])
        told.add(re.sub(r"thought for \S+ \S+,", "", shown))
        assert not saved
    assert len(told) == 1
    assert len(tens) > 3
    assert told.pop().count("what you may hold") == 3


def test_both_ranges_are_what_was_played_and_what_the_agent_follows(agent):
    line = "raise 6 / call / Kc / check"
    state = find_decision(GAME, line, "line")
    first = agent.decide(1, find_decision(GAME, "raise 6", "line"), None, Budget(iterations=3))
    second = agent.decide(1, find_decision(GAME, "raise 6 / call / Kc", "line"), first.memory, Budget(iterations=3))
    ranges = agent.beliefs(state, second.memory)
    again = agent.decide(0, state, agent.decide(0, GAME.root, None, Budget(iterations=3)).memory, Budget(iterations=3)).memory.ranges
    for mine, other in zip(ranges, again, strict=True):
        np.testing.assert_allclose(mine / mine.max(), other / other.max(), atol=1e-6)
    np.testing.assert_allclose(agent.beliefs(GAME.root, None)[0], GAME.ranges[0])


def test_a_grid_has_a_square_for_each_class():
    state = at("call / check / AhAdKh")
    range_ = np.where([set(h) & set(state.cards) != set() for h in FULL.hands.tolist()], 0.0, 1.0)
    aces = [FULL.hand_class(0, h) == "AA" for h in range(1326)]
    weights = class_weights(FULL, state, 0, np.where(aces, range_, 0.5 * range_))
    assert len(weights) == 169
    assert (weights["AA"], weights["AKs"], weights["72o"]) == (1.0, 0.5, 0.5)
    lines = range_grid(weights).split("\n")
    assert lines[0].split() == list("AKQJT98765432")
    assert [line.split()[0] for line in lines[1:]] == list("AKQJT98765432")
    assert all(len(line.split()) == 14 for line in lines[1:])
    assert lines[1].split()[1:3] == ["100", "50"]
    weights["AKs"], weights["AKo"] = 0.002, 0.25
    lines = range_grid(weights).split("\n")
    assert (lines[1].split()[2], lines[2].split()[1]) == (".", "25")  # suited hands above the diagonal
    assert range_grid({"Q": 1.0, "K": 0.3}) is None


def test_a_question_tells_street_subgame_iterations_and_time(agent):
    shown, _ = session(agent, ["c", "?", "c", "?", "c", "?", "c", "q"])
    assert "by its blueprint" in shown
    assert "subgame from the turn, the game's sizes: thought for " in shown
    assert "8 iterations" in shown
    shown, _ = session(agent, ["c", "c", "c", "?", "q"], budget=Budget(seconds=0.0001))
    assert "its time is too short for an iteration: it plays on without" in shown


def test_a_surprise_is_told(agent, monkeypatch):
    monkeypatch.setattr("agents.play.hand.drawn", lambda weights, u: 1)  # no fold
    monkeypatch.setattr("agents.no_limit.hand.LEAST_SHARE", 2.0)  # no action is believed
    shown, _ = session(agent, ["m", "c", "?", "q"])
    assert "that its model gives to no hand left the range as it was" in shown


def test_the_last_hands_ranges_can_be_seen_in_the_next(agent):
    shown, _ = session(agent, ["last", *["c"] * 3, "c", "c", "c", "last", "q"], hands=None)
    assert "no hand is over yet" in shown
    assert shown.count("what you may hold, in its eyes:") >= 1


def test_the_first_cards_are_shown_before_the_agent_is_loaded_and_it_is_loaded_once(agent):
    shown = []

    def ask(prompt):
        shown.append(prompt)
        return "f"

    Terminal(agent, None, Budget(iterations=8), 1, ask, shown.append, lambda record: None, load=lambda: shown.append("loaded")).run(4)
    assert shown.count("loaded") == 1
    assert shown[shown.index("loaded") - 1].startswith("\nHand 1: you are the small blind, on the button, your hand is ")
    assert shown.index("loaded") < shown.index("  > ")
