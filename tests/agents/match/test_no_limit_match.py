"""Matches with any amount: AIVAT's estimates, the same deals for every budget, what streets took."""

from __future__ import annotations

import numpy as np
import pytest

from agents.board_blueprint import make_blueprint
from agents.match.deal import Competitor, Table, check_record
from agents.match.match import Match
from agents.match.report import plan_table, street_table
from agents.match.statistics import decision_streets, match_row, more_hands
from agents.no_limit.agent import NoLimitAgent
from agents.no_limit.plan import RIVER
from games.holdem.config import Holdem
from search import Budget, variant
from search.boards.menu_values import UniformMenu
from tests.compiling import compiled
from tests.matching import LEDUC, STILL, played, searcher, tallied, uniform, without_times

SETTINGS = {"ranks": "JQKA", "suits": "cdh", "deals": [0, 1, 1], "blinds": [1, 2], "stack": 20, "min_bet": 2, "raise_cap": 2}
GAME = Holdem(amounts="any", **SETTINGS).build()
DCFR = variant("default_holdem")


@pytest.fixture(scope="module")
def blueprint(tmp_path_factory):
    menu = Holdem(**SETTINGS | {"bets": "75%", "raises": "100%"}).build()
    return make_blueprint(menu, (), DCFR, 20, tmp_path_factory.mktemp("blueprint"))


def match_of(blueprint, iterations, **settings):
    thinking = Competitor("a", NoLimitAgent(GAME, blueprint, DCFR, "turn"), Budget(iterations=iterations))
    return Match((thinking, Competitor("b", NoLimitAgent(GAME, blueprint, DCFR, None), STILL)), **settings)


@compiled
@pytest.mark.long
def test_aivat_agrees_with_what_was_won_and_spreads_less(blueprint):
    tally = tallied(match_of(blueprint, 8, seed=3), 600)
    estimates = tally.estimates()
    aivat, raw = estimates["aivat"], estimates["raw"]
    assert list(estimates) == ["aivat", "duplicate", "raw"]
    assert aivat.standard_error < 0.5 * estimates["duplicate"].standard_error < 0.5 * raw.standard_error
    assert abs(aivat.mean - raw.mean) < 4 * raw.standard_error
    for seat in tally.seats():
        assert abs(seat["aivat"]["mean"] - seat["chips"]["mean"]) < 4 * seat["chips"]["standard_error"]


def test_hands_are_the_same_when_they_are_played_again_and_pass_their_check(blueprint):
    match = match_of(blueprint, 2)
    first, again = (played(match, 8) for _ in range(2))
    assert without_times([(0, first, True)]) == without_times([(0, again, True)])
    table = match.table(load=False)
    for record in first:
        check_record(table, record, record["deal"], record["seats"][0] == "b")
        assert np.isfinite(record["aivat"])


def cards_of(records):
    """Return the hands and the public cards by deal, as far as any of its hands came; they must agree."""
    found = {}
    for record in records:
        cards = [text for text in record["play"] if not text[0].islower()]
        hands, longest = found.setdefault(record["deal"], (record["hands"], []))
        assert hands == record["hands"]
        assert cards[: len(longest)] == longest[: len(cards)]
        found[record["deal"]] = hands, max(cards, longest, key=len)
    return found


def alike(few, many):
    """Say in how many deals of two matches all cards agree as far as both came, and in how many of their hands the play differs."""
    first, second = cards_of(few), cards_of(many)
    assert first.keys() == second.keys()
    for deal, (hands, cards) in first.items():
        other_hands, other_cards = second[deal]
        assert hands == other_hands
        assert cards[: len(other_cards)] == other_cards[: len(cards)]
    return sum(one["play"] != other["play"] for one, other in zip(few, many, strict=True))


def test_the_deals_are_the_same_for_every_budget(blueprint):
    few, many = (played(match_of(blueprint, iterations, seed=1), 60) for iterations in (1, 40))
    assert alike(few, many) > 0


def test_the_deals_of_small_games_are_the_same_for_every_budget():
    few, many = (played(Match((searcher("a", LEDUC, n), uniform("b", LEDUC)), seed=1), 60) for n in (1, 40))
    hands = [{record["deal"]: record["hands"] for record in records} for records in (few, many)]
    assert hands[0] == hands[1]
    assert [record["play"] for record in few] != [record["play"] for record in many]


def test_values_of_a_blueprint_are_not_the_value_of_the_match(blueprint):
    still = NoLimitAgent(GAME, blueprint, DCFR, None)
    other = NoLimitAgent(GAME, blueprint, DCFR, None)
    uniform_play = NoLimitAgent(GAME, Evenly(blueprint), DCFR, None)
    tallies = [tallied(Match((Competitor("a", still, STILL), Competitor("b", agent, STILL))), 40) for agent in (other, uniform_play)]
    assert more_hands(tallies[0], 0.01) is None  # all alike: no amount was bet that the menu has not got
    assert more_hands(tallies[1], 0.01) > 40


class Evenly:
    """Uniform play on the menu of a blueprint."""

    name = "even"

    def __init__(self, blueprint):
        self.game, self.at = blueprint.game, UniformMenu(blueprint.game).at

    def fingerprint(self):
        return b"even"


def test_decisions_are_counted_by_street(blueprint):
    match = match_of(blueprint, 2)
    tally = tallied(match, 20)
    row = match_row(tally, None, None)
    for who, name in enumerate("ab"):
        streets = [street for street in row["streets"] if street["agent"] == name]
        assert [street["street"] for street in streets] == ["preflop", "flop", "turn"]
        assert sum(street["decisions"] for street in streets) == tally.asked(who)
        assert sum(street["seconds"] for street in streets) == pytest.approx(tally.decisions(who)[:, 0].sum(), rel=1e-5)
        assert (streets[2]["iterations"] > 0) == (name == "a")
        assert streets[0]["iterations"] == 0
    assert street_table(row).splitlines()[0].split() == ["agent", "street", "decisions", "mean", "in", "all", "iterations"]
    assert decision_streets(["call", "check", "Kc", "bet 2", "all-in 18", "Ts", "9h"]) == [0, 0, 1, 1, 3]


FULL = {"blinds": [50, 100], "stack": 20000, "min_bet": 100}


class Ranked:
    """A blueprint of the full game: the higher a hand's cards, the likelier its last action; without tilt it plays uniformly."""

    def __init__(self, name, tilt):
        self.name, self.tilt = name, tilt
        self.game = Holdem(bets="100%", raises="a", **FULL).build()

    def fingerprint(self):
        return self.name.encode()

    def at(self, state):
        height = (self.game.hands // 4).sum(axis=1) / 24
        weights = np.exp(self.tilt * np.arange(len(self.game.actions(state)))[:, None] * (height - 0.5))
        return weights / weights.sum(axis=0)


@compiled
@pytest.mark.long
def test_full_no_limit_holdem_is_estimated_with_a_third_of_the_error_of_duplicates():
    game, players = Holdem(amounts="any", **FULL).build(), (Ranked("a", 0.0), Ranked("b", 4.0))
    a, b = (Competitor(player.name, NoLimitAgent(game, player, DCFR, None), STILL) for player in players)
    estimates = tallied(Match((a, b), seed=5), 100).estimates()
    aivat, duplicate, raw = (estimates[kind] for kind in ("aivat", "duplicate", "raw"))
    assert aivat.standard_error < duplicate.standard_error / 3
    assert abs(aivat.mean - duplicate.mean) < 4 * duplicate.standard_error
    assert abs(aivat.mean - raw.mean) < 4 * raw.standard_error


def test_what_was_solved_is_told_for_each_decision_and_counted(blueprint):
    match = match_of(blueprint, 2)
    records, tally = played(match, 20), tallied(match, 20)
    row, name = match_row(tally, None, None), RIVER.rungs[RIVER.usual].name
    solved = sum(decision[2] > 0 for record in records for decision in record["decisions"])
    assert row["plans"] == [{"agent": "a", "street": "turn", "plan": name, "decisions": solved}]
    assert name in plan_table([row])
    for record in records:
        plans = record.get("plans", [""] * len(record["decisions"]))
        assert [plan != "" for plan in plans] == [decision[2] > 0 for decision in record["decisions"]]
    planned = next(record for record in records if "plans" in record)
    table, deal = Table(match.competitors, match.draws, match.values), planned["deal"]
    check_record(table, planned, deal, planned["seats"][0] != "a")
    for wrong in ([], [1] * len(planned["plans"]), ["x" * 300] * len(planned["plans"]), "?"):
        with pytest.raises(ValueError, match="a hand's plans must be a text for each decision"):
            check_record(table, planned | {"plans": wrong}, deal, planned["seats"][0] != "a")
