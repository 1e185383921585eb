"""The table of next cards: every row is what the decision on its board says."""

from __future__ import annotations

import numpy as np
import pytest

from agents.reporting.equity import players_table
from agents.reporting.hand_grid import decision
from agents.reporting.next_cards import cards_row, cards_table, find_cards
from games.game import find_decision
from games.holdem.cards import FULL_DECK, card_text
from games.holdem.config import Holdem, Spot
from search import BoardSolver, variant
from search.boards.next_cards import next_cards

SIZES = {"pot": 200, "stack": 900, "bets": "50%,a", "raises": "75%"}
RANGES = ["QQ,AKs,76s,JTo", "KK-JJ,ATs,A9o"]
TURN = Spot(board="Td9d6hQc", ranges=RANGES, **SIZES).build()
ALIKE = Spot(board="Td9d6d", ranges=["QQ,AKs", "KK,ATs"], pot=200, stack=150, bets="50%", raises="a").build()


def solved(game, iterations=40):
    solver = BoardSolver(game, variant("default_holdem"))
    solver.run(iterations)
    return solver


@pytest.fixture(scope="module")
def solvers():
    return {"turn": solved(TURN), "flop": solved(ALIKE, 20)}


@pytest.mark.parametrize(("name", "line"), [("turn", "check / check"), ("turn", "check / bet 100 / call"), ("flop", "bet 100 / call"),
                                            ("flop", "check / check / 2h / check / check")])  # fmt: skip
def test_each_card_is_worth_what_its_decision_says(solvers, name, line):
    solver = solvers[name]
    game = solver.game
    row = cards_row(solver, find_cards(game, line))
    cards = [card for one in row["cards"] for card in one["cards"]]
    on_board = {card_text(card) for card in find_cards(game, line).cards}
    assert sorted(cards) == sorted({card_text(card) for card in FULL_DECK.cards().tolist()} - on_board)
    assert sum(one["share"] for one in row["cards"]) == pytest.approx(1.0)
    assert name == "turn" or any(len(one["cards"]) > 1 for one in row["cards"])
    for one in row["cards"][::5]:
        for card in {one["cards"][0], one["cards"][-1]}:  # suits make them equal
            found = decision(solver, *game.locate(find_decision(game, f"{line} / {card}", "line")))
            assert (found["player"], found["pot"], found["actions"]) == (row["player"], row["pot"], row["actions"])
            assert [player["ev"] for player in found["players"]] == pytest.approx(one["ev"], abs=2e-3 * row["pot"])
            assert [player["equity"] for player in found["players"]] == pytest.approx(one["equity"], abs=1e-3)
            assert found["frequencies"] == pytest.approx(one["frequencies"], abs=1e-3)
    assert all(sum(one["ev"]) == pytest.approx(row["pot"], rel=1e-4) for one in row["cards"])


def test_the_mean_of_all_cards_is_what_the_street_before_says(solvers):
    solver = solvers["turn"]
    before = decision(solver, *TURN.locate(find_decision(TURN, "check", "line")))
    row = cards_row(solver, find_cards(TURN, "check / check"))
    mean = np.average([one["ev"][1] for one in row["cards"]], weights=[one["share"] for one in row["cards"]])
    # the one in position checks with a part of its range: what that is worth, by the hands that check
    hands = [hand for hand in before["hands"].values() if hand["ev"] is not None]
    weights = []
    reach = solver.answer().reach(*TURN.locate(find_decision(TURN, "check", "line")))
    state = find_decision(TURN, "check", "line")
    met = TURN.cf_reach(state, 1, reach[0])
    names = {name: index for index, name in enumerate(TURN.hand_text(1, hand) for hand in range(len(TURN.hands)))}
    for name, hand in before["hands"].items():
        if hand["ev"] is not None:
            weights.append(hand["weight"] * met[names[name]] * hand["strategy"][0])
    assert np.average([hand["action_evs"][0] for hand in hands], weights=weights) == pytest.approx(mean, abs=0.3)


def test_the_table_has_a_row_for_each_card(solvers):
    text = cards_table(cards_row(solvers["turn"], find_cards(TURN, "check / check")))
    lines = text.splitlines()
    assert lines[0].split("  ")[0] == "card"
    assert len(lines) == 2 + 48 + 1
    assert lines[-1] == "actions: out of position; EVs in chips of the pot 200"


def test_with_blinds_evs_are_net_chips_and_the_table_says_so():
    game = Holdem(ranks="QKA", deals=[0, 1, 1], blinds=[1, 2], stack=20, bets="100%", raises="100%", raise_cap=1, min_bet=2).build()
    row = cards_row(solved(game, 20), find_cards(game, "call / check"))
    assert row["net"]
    assert all(sum(one["ev"]) == pytest.approx(0, abs=1e-4) for one in row["cards"])
    assert cards_table(row).splitlines()[-1] == "actions: out of position (big blind); net EVs of a deal in chips, the pot is 4"


@pytest.mark.parametrize(
    ("line", "error"),
    [
        ("", "^line must go on with check, bet 100 or all-in 900, got ''$"),
        ("check", "^line must end where one card comes and somebody acts behind it, got 'check'$"),
        ("check / jump", "^line must go on with check, bet 100 or all-in 900, got 'jump'$"),
        ("all-in / call", "^line must end where one card comes and somebody acts behind it, got 'all-in / call'$"),
        ("check / check / 2c / check / check", "^line must end where one card comes"),
        ("jump / check", "^line must begin with check, bet 100 or all-in 900, got 'jump'$"),
    ],
)
def test_lines_that_lead_to_no_card_are_refused(line, error):
    with pytest.raises(ValueError, match=error):
        find_cards(TURN, line)


def test_nodes_where_no_card_comes_are_refused(solvers):
    with pytest.raises(ValueError, match=r"^node must be one where a single card comes and somebody acts behind it, got 0 on Td9d6hQc$"):
        next_cards(solvers["turn"], 0, TURN.root.cards)


def test_no_ev_is_minus_nothing(solvers):
    row = cards_row(solvers["turn"], find_cards(TURN, "check / check"))
    row["cards"][0] |= {"ev": [-0.001, 200.001]}
    text = cards_table(row) + players_table({"seats": row["seats"], "players": [{"ev": -0.001, "equity": 0.5, "eqr": -0.0001}] * 2})
    assert " 0.00" in text
    assert "0.0%" in text
    assert "-0.0" not in text
