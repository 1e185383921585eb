"""How many hands a precision takes, told before they are played."""

from __future__ import annotations

from dataclasses import replace

import pytest

from agents import BlueprintAgent, UniformPolicy
from agents.match import planning
from agents.match.deal import Competitor
from agents.match.match import Match
from agents.match.planning import aim_text, plan_lines
from games.holdem.config import Holdem
from search import Budget
from tests.matching import KUHN, STILL, searcher, uniform

ANY = Holdem(blinds=[50, 100], stack=20000, min_bet=100, amounts="any").build()


class Thinker:
    thinks, blueprint, name = True, None, "thinker"

    def __init__(self, game):
        self.game = game

    def fingerprint(self):
        return b"thinker"


def match_of(game, seconds=0.5, **settings):
    return Match((Competitor("a", Thinker(game), Budget(seconds=seconds)), Competitor("b", Thinker(game), STILL)), **settings)


def row(match, **more):
    best = {"mean": 1.0, "low": -19.0, "high": 21.0}
    return {"agents": ["a", "b"], "digest": match.fingerprint(), "hands": 400, "best": "aivat", "estimates": {"aivat": best}} | more


def test_of_no_limit_holdem_it_is_told_from_what_such_hands_spread(monkeypatch):
    monkeypatch.setattr(planning, "SPREAD", {"aivat": 2.0, "duplicate": 5.0, "raw": 10.0})
    line = plan_lines([match_of(ANY)], 10.0, None, 2)
    # (1.96 * 2 big blinds / 0.1 big blinds)^2 are 1,537 deals
    assert line.startswith("a - b: ± 10 chips (100 mbb/g) takes about 3,100 hands, some ")
    assert line.endswith("of thinking (aivat, if the standard deviation of a deal is 2 big blinds)")
    assert "takes about 19,000 hands" in plan_lines([match_of(ANY, values="none")], 10.0, None, 2)  # duplicate
    assert "takes about 38,000 hands" in plan_lines([match_of(ANY, values="none", duplicate=False)], 10.0, None, 2)


def test_time_is_that_of_the_clocks_and_workers():
    matches = [(match_of(ANY, seconds), workers) for seconds, workers in ((0.5, 1), (0.5, 2), (1.0, 2), (0, 1))]
    lines = [plan_lines([match], 10.0, [row(match)], workers) for match, workers in matches]
    assert [line.partition("some ")[2].partition(" of")[0] for line in lines] == ["800 s", "400 s", "800 s", ""]


def test_a_match_that_goes_on_tells_from_its_own_hands():
    match = match_of(ANY, 0)
    line = plan_lines([match], 10.0, [row(match, agents=["a", "c"], hands=4), row(match)], 1)
    assert line == "a - b: ± 10 chips (100 mbb/g) takes about 1,600 hands (aivat, as 400 hands spread so far)"


def test_rows_of_another_match_between_agents_of_the_same_names_tell_nothing():
    match = match_of(ANY, 0)
    bare = {key: value for key, value in row(match).items() if key != "digest"}  # as an earlier version wrote it
    for other in (row(match_of(ANY, 0, seed=1)), row(match_of(ANY, 0.5)), row(match, digest=None), bare):
        assert plan_lines([match], 10.0, [other], 1) == plan_lines([match], 10.0, None, 1)


DAMAGED = [{"best": None}, {"estimates": {"aivat": {"low": 1.0, "high": 1.0}}}, {"hands": "9"}, {"estimates": 3}]


@pytest.mark.parametrize("rows", [None, 3, "x", [], [3], [{}], *([wrong] for wrong in DAMAGED)])
def test_what_is_no_result_is_as_good_as_nothing(rows):
    match = Match((searcher("a"), uniform("b")))
    rows = [row(match, **rows[0])] if isinstance(rows, list) and rows and rows[0] in DAMAGED else rows
    line = plan_lines([match], 0.01, rows, 1)
    assert line == "a - b: how many hands ± 0.01 chips takes depends on how they spread, which is told while they are played"


def test_a_limit_game_and_a_menu_are_not_taken_for_any_amount():
    menu = replace(ANY, any_amount=False)
    assert "depends on how they spread" in plan_lines([match_of(menu)], 10.0, None, 1)
    still = Competitor("a", BlueprintAgent(UniformPolicy(KUHN)), STILL)
    assert "depends on how they spread" in plan_lines([Match((still, uniform("b")))], 0.1, None, 1)


def test_an_aim_is_told_in_blinds_where_there_are_any():
    assert (aim_text(10, 100.0), aim_text(0.5, None)) == ("± 10 chips (100 mbb/g)", "± 0.5 chips")
