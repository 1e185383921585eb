"""Locks of every card: ``*`` in a line, against the same locks written card by card."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from agents.evaluation.lock_lines import decisions_of
from agents.evaluation.locks import digest_of, held_decisions, is_locked, lock_rows, lock_words, locks_of, mark_locked
from games.derived import derived_game
from games.game import find_decision
from games.holdem.cards import FULL_DECK, card_text
from games.holdem.config import Spot
from search import BoardSolver, variant
from tests.catalogue import LEDUC, case_of

SPOT = Spot(board="Td9d6h4s", ranges=["AA,KQs,77", "TT-88,A5s,KQo"], pot=20, stack=60, bets="50%,a", raises="100%,a")
TURN = SPOT.build()
ALIKE = replace(SPOT, board="Td9d6h4h").build()  # clubs and spades are equal
FLOP = replace(SPOT, board="Td9d6h", stack=15, bets="50%", raises="").build()
MIX = "check 25%, bet 10 75%"


def cards_left(game):
    return [card_text(card) for card in FULL_DECK.cards().tolist() if card not in game.root.cards]


def on_the_board_that_stands_for_it(lock):
    policy, hands = np.zeros_like(lock.policy), np.zeros_like(lock.hands)
    policy[:, lock.image], hands[lock.image] = lock.policy, lock.hands
    return policy, hands


@pytest.mark.parametrize("text", [MIX, "AA: check 100%; rest: bet 10 100%", "KQs,77: bet 10 100%"])
def test_a_star_is_every_card(text):
    locks, by_card = locks_of(ALIKE, {"check / check / *": text}), {}
    for card in cards_left(ALIKE):
        (by_card[card],) = locks_of(ALIKE, {f"check / check / {card}": text})
    assert {lock.place for lock in locks} == {lock.place for lock in by_card.values()}
    assert len(locks) == len({lock.place for lock in locks}) < 48
    for lock in by_card.values():
        (same,) = (one for one in locks if one.place == lock.place)
        for one, two in zip(on_the_board_that_stands_for_it(lock), on_the_board_that_stands_for_it(same), strict=True):
            np.testing.assert_array_equal(one, two)
        assert mark_locked(ALIKE, locks, lock.state, {})["locked"]


def test_a_star_is_solved_as_all_cards_are():
    answers = []
    one_by_one = {}
    for state in decisions_of(FLOP, "check / check / *"):
        one_by_one[f"check / check / {FLOP.label(state)}"] = MIX
    assert len(one_by_one) > 20
    for asked in ({"check / check / *": MIX}, one_by_one):
        locks = locks_of(FLOP, asked)
        solver = BoardSolver(FLOP, variant("dcfr"))
        solver.hold(held_decisions(FLOP, locks))
        solver.run(3)
        answers.append(solver.answer().average)
    for one, two in zip(*answers, strict=True):
        np.testing.assert_array_equal(one, two)
    assert digest_of(locks_of(FLOP, {"check / check / *": MIX})) == digest_of(locks_of(FLOP, one_by_one))


def test_two_stars_are_every_turn_and_river():
    pattern = "check / check / * / check / check / *"
    places = {lock.place for lock in locks_of(FLOP, {pattern: MIX})}
    line = "check / check / {} / check / check / {}"
    for turn, river in (("2c", "3c"), ("2s", "3c"), ("Kd", "5d"), ("Th", "2c")):
        (lock,) = locks_of(FLOP, {line.format(turn, river): MIX})
        assert lock.place in places
    # a card that stands after the star is that card: 2c on a turn of 3s is not the river 2s there
    fixed = {lock.place for lock in locks_of(FLOP, {line.format("*", "2c"): MIX})}
    assert locks_of(FLOP, {line.format("3c", "2c"): MIX})[0].place in fixed
    assert locks_of(FLOP, {line.format("3s", "2c"): MIX})[0].place in fixed
    assert locks_of(FLOP, {line.format("3s", "5s"): MIX})[0].place not in fixed
    assert fixed < places


def test_what_is_told_of_a_star_is_one_line():
    locks = locks_of(TURN, {"check / check / *": "AA: check 100%"})
    (row,) = lock_rows(locks)
    told = {"line": "check / check / *", "strategy": "AA: check 100%", "player": 0, "hands": 6, "whole": False}
    assert row == told | {"decisions": len(locks)}
    assert lock_words(TURN, row) == "locked: check / check / *: out of position, at most 6 hands on each card: AA: check 100%"
    assert is_locked(TURN, [row], find_decision(TURN, "check / check / 2c", "line"))
    assert not is_locked(TURN, [row], find_decision(TURN, "bet 10 / call / 2c", "line"))
    assert not is_locked(TURN, [row], TURN.root)


def test_hands_that_a_card_leaves_nobody_are_passed_by():
    locks = locks_of(TURN, {"check / check / *": "AhAc: check 100%"})
    assert all(lock.hands.sum() == 1 for lock in locks)
    held = [lock.state.cards[-1] for lock in locks]
    assert not {card_text(card) for card in held} & {"Ah", "Ac"}
    with pytest.raises(ValueError, match=r"must treat hands alike"):
        locks_of(FLOP, {"check / check / *": "AcKc,KcQc: check 100%"})  # clubs and spades are equal where neither comes


def test_small_games_have_it_too():
    game = derived_game(case_of(LEDUC).tree)
    locks = locks_of(game, {"Call / Call / *": "Call 100%"})
    assert {game.label(lock.state) for lock in locks} == {game.label(child) for child in game.tree.children(game.parent(locks[0].state))}


@pytest.mark.parametrize(
    ("asked", "error"),
    [
        ({"*": MIX}, "lock must lead where a card comes, got '', where a player acts"),
        ({"check / *": MIX}, "lock must lead where a card comes, got 'check', where a player acts"),
        ({"jump / *": MIX}, "lock must begin with check, bet 10 or all-in 60, got 'jump'"),
        ({"check / check / * / jump": MIX}, "lock must go on after 'check / check / 2c' with check, bet 10 or all-in 60, got 'jump'"),
        (
            {"check / check / *": "root.csv"},
            "must say what is played where * stands for every card, got the file 'root.csv'",
        ),
        ({"check / check / *": "KK: check 100%"}, "must name hands that out of position can hold there, got 'KK: check 100%'"),
        ({"check / check / *": MIX, "check / check / 2c": MIX}, "lock must name each decision once, got 'check / check / 2c' again"),
        ({"check / check / 2c": MIX, "check / check / *": MIX}, "lock must name each decision once, got 'check / check / *' again"),
        ({"check / check / *": "check 50%"}, "must have shares that add up to 100 %, got 50 %"),
        ({"all-in / call / *": "check 50%"}, "lock must end at a decision, got 'all-in / call ', where nobody acts"),
    ],
)
def test_what_no_star_can_be_is_refused_in_one_line(asked, error):
    with pytest.raises(ValueError) as found:  # noqa: PT011 the whole text is compared
        locks_of(TURN, asked)
    assert error in str(found.value)
    assert "\n" not in str(found.value)
