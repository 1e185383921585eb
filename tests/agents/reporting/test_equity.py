"""Equity, EQR and the worth of ranges at decisions of a solve."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from agents.reporting.equity import LEAST_EQUITY, players_table, position_text, ranges_worth, realized, worth_rows
from agents.reporting.hand_grid import decision, decision_table, write_decision
from games.game import find_decision
from games.holdem.cards import FULL_DECK, hand_text
from games.holdem.config import Holdem, Spot
from games.holdem.menus import Menu
from search import BoardSolver, variant
from search.boards.showdown_equity import showdown_equity

SIZES = {"pot": 200, "stack": 900, "bets": "50%,a", "raises": "75%"}
RANGES = ["QQ,AKs,76s,JTo", "KK-JJ,ATs,A9o"]
RIVER = Spot(board="Td9d6hQc4s", ranges=RANGES, **SIZES).build()
TURN = Spot(board="Td9d6hQc", ranges=RANGES, **SIZES).build()


@pytest.fixture(scope="module")
def solvers():
    made = {}
    for game in (RIVER, TURN):
        made[game] = BoardSolver(game, variant("default_holdem"))
        made[game].run(60)
    return made


@pytest.mark.parametrize("game", [RIVER, TURN])
def test_where_nobody_bets_every_hand_wins_its_equity(game):
    none = Menu((), ())
    still = replace(game, betting=replace(game.betting, menus=((none, none),) * len(game.rounds), add_allin=0.0))
    solver = BoardSolver(still, variant("default_holdem"))
    solver.run(1)
    row = decision(solver)
    assert {tuple(row["actions"])} == {("check",)}
    for hand in row["hands"].values():
        assert hand["ev"] == pytest.approx(hand["equity"] * game.pot, abs=1e-3)
        assert hand["eqr"] == pytest.approx(1.0, abs=1e-3) if hand["equity"] >= LEAST_EQUITY else hand["eqr"] is None
    assert [one["eqr"] for one in row["players"]] == pytest.approx([1.0, 1.0], abs=1e-4)
    assert sum(one["equity"] for one in row["players"]) == pytest.approx(1.0, abs=1e-9)


@pytest.mark.parametrize(
    ("game", "line"),
    [
        (RIVER, ""),
        (RIVER, "check / bet 100"),
        (TURN, "check / bet 100"),
        (TURN, "bet 100 / call / Kh / check"),
    ],
)
def test_both_ranges_share_the_pot_and_hands_add_up_to_their_range(solvers, game, line):
    solver = solvers[game]
    state = find_decision(game, line, "line")
    place = game.locate(state)
    row, reach = decision(solver, *place), solver.answer().reach(*place)
    players, actor = row["players"], row["player"]
    assert row["pot"] == sum(game.chips(state).paid)
    assert sum(one["equity"] for one in players) == pytest.approx(1.0, abs=1e-6)
    assert sum(one["ev"] for one in players) == pytest.approx(row["pot"], rel=1e-4)
    for one in players:
        assert one["eqr"] == pytest.approx(one["ev"] / (one["equity"] * row["pot"]))
    # hands of the one who acts, weighted by what they meet, have its range's mean
    met = game.cf_reach(state, actor, reach[1 - actor] / game.ranges[1 - actor].max())
    equity = showdown_equity(game, state.cards, reach)[actor]
    names = {hand_text(*hand): h for h, hand in enumerate(game.hands.tolist())}
    known = {names[name]: hand for name, hand in row["hands"].items() if hand["ev"] is not None}
    weights = [hand["weight"] * met[h] for h, hand in known.items()]
    for key, pot in (("equity", 1.0), ("ev", row["pot"])):
        mean = np.average([hand[key] for hand in known.values()], weights=weights)
        assert mean == pytest.approx(players[actor][key], abs=1e-3 * pot)
    for h, hand in known.items():
        assert hand["equity"] == equity[h]
        assert hand["made"]


def test_a_hand_that_the_opponent_hardly_meets_has_no_equity(solvers):
    solver = solvers[RIVER]
    row = decision(solver, *RIVER.locate(find_decision(RIVER, "check / all-in 900", "line")))
    for hand in row["hands"].values():
        assert (hand["ev"] is None) == (hand["equity"] is None)
        assert hand["eqr"] is None or hand["ev"] is not None


def test_equities_are_left_out_where_more_run_outs_are_to_come_than_asked(solvers):
    row = decision(solvers[TURN], most_run_outs=1)
    assert [one["equity"] for one in row["players"]] == [None, None]
    assert {hand["equity"] for hand in row["hands"].values()} == {None}
    assert sum(one["ev"] for one in row["players"]) == pytest.approx(200, rel=1e-4)
    assert worth_rows(row) == []
    assert "equity" not in players_table(row)


def test_eqr_is_what_is_won_by_what_the_equity_is_worth():
    assert realized(60.0, 0.25, 200.0) == pytest.approx(1.2)
    assert realized(60.0, LEAST_EQUITY / 2, 200.0) is None
    assert realized(None, 0.25, 200.0) is None
    weights, equity = (np.array([1.0, 3.0]), np.array([2.0, 2.0])), (np.array([1.0, np.nan]), np.array([0.5, 1.0]))
    first, second = ranges_worth(weights, (10.0, -10.0), equity, [50.0, 70.0], False)
    assert (first["equity"], first["ev"], first["eqr"]) == (1.0, 60.0, 0.5)
    assert (second["equity"], second["ev"]) == (0.75, 60.0)
    assert ranges_worth(weights, (10.0, -10.0), equity, [50.0, 70.0], True)[1]["ev"] == -10.0
    assert ranges_worth(weights, (None, None), None, [50.0, 70.0], False) == [{"equity": None, "ev": None, "eqr": None}] * 2
    first, second = ranges_worth(weights, (10.0, None), equity, [50.0, 70.0], False)
    assert (first["ev"], second) == (60.0, {"equity": 0.75, "ev": None, "eqr": None})


def test_tables_name_who_acts_and_files_have_equities(solvers, tmp_path):
    row = decision(solvers[RIVER])
    assert decision_table(row).startswith("out of position ")
    assert players_table(row).splitlines()[0].split("  ")[-1] == "in position"
    write_decision(row, FULL_DECK, "a river", tmp_path, "root")
    head, first, *_ = (tmp_path / "root.csv").read_text().splitlines()
    assert head.startswith("hand,made,weight,ev,equity,eqr,check")
    assert len(first.split(",")) == len(head.split(","))


def test_seats_are_places_behind_the_flop_with_their_blinds():
    assert [position_text(RIVER, p) for p in (0, 1)] == ["out of position", "in position"]
    limit = {"ranks": "QKA", "suits": "cdh", "blinds": [3, 7], "stack": 41}
    blinds = Holdem(deals=[0, 1], limit=[7, 11], max_raises=[2, 1], **limit).build()
    assert [position_text(blinds, p) for p in (0, 1)] == ["in position (small blind)", "out of position (big blind)"]


def test_evs_are_net_chips_where_there_are_blinds():
    game = Holdem(ranks="QKA", suits="cdh", deals=[0, 1], blinds=[3, 7], stack=41, limit=[7, 11], max_raises=[2, 1]).build()
    solver = BoardSolver(game, variant("default_holdem"))
    solver.run(20)
    first, second = decision(solver)["players"]
    assert first["ev"] == pytest.approx(-second["ev"], abs=1e-3)
    assert first["ev"] == pytest.approx(solver.values()[0], abs=1e-3)
    assert 0.4 < first["equity"] < 0.6
    assert first["eqr"] == pytest.approx((first["ev"] + 3) / (first["equity"] * 10))
