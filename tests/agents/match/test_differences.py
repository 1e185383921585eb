"""What two agents win from one opponent on the same deals, one less the other."""

from __future__ import annotations

import pytest

from agents.board_blueprint import make_blueprint
from agents.match.deal import Competitor
from agents.match.differences import difference, difference_table, differences
from agents.match.match import Match
from agents.match.statistics import Tally, estimate
from agents.no_limit.agent import NoLimitAgent
from games.holdem.config import Holdem
from search import Budget
from tests.agents.match.test_no_limit_match import DCFR, GAME, SETTINGS
from tests.matching import STILL, tallied


@pytest.fixture(scope="module")
def competitors(tmp_path_factory):
    menu = Holdem(**SETTINGS | {"bets": "75%", "raises": "100%"}).build()
    blueprint = make_blueprint(menu, (), DCFR, 20, tmp_path_factory.mktemp("blueprint"))
    still, thinking = (NoLimitAgent(GAME, blueprint, DCFR, solve_from) for solve_from in (None, "turn"))
    budgets = {"a": STILL, "short": Budget(iterations=4), "long": Budget(iterations=30)}
    return {name: Competitor(name, still if name == "a" else thinking, budget) for name, budget in budgets.items()} | {
        "b": Competitor("b", still, STILL)
    }


def tally_of(competitors, name, hands=60, rival="b", **settings):
    return tallied(Match((competitors[name], competitors[rival]), **settings), hands)


def test_a_difference_is_that_of_the_same_deals(competitors):
    for values, column, kind in (("blueprint", 3, "aivat"), ("none", 2, "duplicate")):
        short, long = (tally_of(competitors, name, values=values) for name in ("short", "long"))
        found, hands = difference(long, short)
        assert hands == 60
        scores = [tally.scores().reshape(-1, 2, 4).mean(axis=1)[:, column] for tally in (long, short)]
        assert found == estimate([scores[0] - scores[1]])
        apart = [tally.estimates()[kind] for tally in (long, short)]
        assert found.mean == pytest.approx(apart[0].mean - apart[1].mean)
    again, _ = difference(long, tally_of(competitors, "long", values="none"))
    assert (again.mean, again.standard_error) == (0, 0)  # who plays alike had the same luck
    assert apart[0].standard_error > 0


def test_only_deals_that_both_played_count(competitors):
    short, long = tally_of(competitors, "short", 20), tally_of(competitors, "long", 60)
    assert difference(long, short)[1] == 20
    assert difference(long, Tally(short.match)) is None


def test_other_opponents_and_other_deals_are_not_compared(competitors):
    long = tally_of(competitors, "long", 20)
    assert difference(long, tally_of(competitors, "short", 20, rival="a")) is None
    assert difference(long, tally_of(competitors, "short", 20, seed=1)) is None
    assert difference(long, tally_of(competitors, "short", 20, duplicate=False)) is None


def test_rows_go_from_match_to_match_and_become_a_table(competitors):
    rows = differences([tally_of(competitors, name, 20, values=values) for name in ("a", "short", "long") for values in ("blueprint",)])
    assert [row["agents"] for row in rows] == [["short", "a"], ["long", "short"]]
    assert rows[0]["mbb_per_game"]["mean"] == pytest.approx(500 * rows[0]["mean"])
    text = difference_table(rows)
    assert "short less a" in text
    assert "mbb/g" in text
    assert difference_table([]) == ""
