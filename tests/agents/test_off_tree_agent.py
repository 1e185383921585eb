"""Agents that are measured against bets that their menu lacks."""

from __future__ import annotations

import pickle

import numpy as np
import pytest

from agents.board_blueprint import make_blueprint
from agents.evaluation.ablation import ablate
from agents.evaluation.off_tree import excess_of, excess_table, ratios
from agents.evaluation.strength import tabulate
from agents.off_tree_agent import OffTreeAgent, plans
from games.holdem.board_tree import board_tree
from games.holdem.extra_bets import with_extra_bets
from games.holdem.menus import Size
from search import BoardSolver, Budget, variant
from search.boards.sweeps import BoardSweeps
from search.boards.translated import correspondence, translated
from search.boards.trunk import value_against
from search.resolving import ResolveConfig
from tests.catalogue import small

DCFR = variant("default_holdem")
GAME = small([0, 1], blinds=[1, 2], stack=200, bets="50%,100%", raises="50%,100%", min_bet=2)
EXTRA = (Size("%", 75.0),)
STILL = Budget(seconds=0)


@pytest.fixture(scope="module")
def blueprint(tmp_path_factory):
    return make_blueprint(GAME, (), DCFR, 300, tmp_path_factory.mktemp("blueprint"))


def exploitability(agent, budget):
    return sum(tabulate(agent, seat, budget).opponent_best_response for seat in (0, 1)) / 2


@pytest.mark.parametrize("config", [None, ResolveConfig("resolve")])
def test_without_an_extra_size_there_is_no_excess(blueprint, config):
    agent = OffTreeAgent(blueprint, (Size("%", 50.0),), DCFR, config)
    assert exploitability(agent, Budget(iterations=3)) == pytest.approx(blueprint.exploitability, abs=1e-6)


def test_inserting_costs_less_than_translating_and_no_less_than_the_bets_are_worth(blueprint):
    """Nobody can lose less to the bets than the games' values differ by, up to the blueprint's error."""
    translating, inserting = (OffTreeAgent(blueprint, EXTRA, DCFR, config) for config in (None, ResolveConfig("resolve")))
    lost = exploitability(translating, STILL) - blueprint.exploitability
    left = [exploitability(inserting, Budget(iterations=n)) - blueprint.exploitability for n in (10, 100, 1000)]
    assert left[2] <= left[1] <= left[0]
    assert 0 < left[2] < 0.7 * lost
    values = []
    for opponent in (0, 1):
        solver = BoardSolver(with_extra_bets(GAME, EXTRA, (opponent,), (1,)), DCFR)
        solver.run(2000)
        values.append(solver.values()[opponent])
        error = solver.exploitability()
    worth = sum(values) / 2  # the game's own values add up to zero
    assert worth - error - 2 * blueprint.exploitability < left[2] < worth + 0.5 * lost


def test_rows_are_kept_and_compared(blueprint, tmp_path):
    lines = {
        "translate": (OffTreeAgent(blueprint, EXTRA, DCFR, None), [STILL]),
        "insert": (OffTreeAgent(blueprint, EXTRA, DCFR, ResolveConfig("resolve")), [Budget(iterations=20)]),
    }
    rows = list(ablate(lines, directory=tmp_path))
    again = list(ablate(lines, directory=tmp_path))
    assert rows == again
    for row in rows:
        row["excess"] = excess_of(row["exploitability"], blueprint.exploitability)
        assert row["excess"]["mbb_per_game"] == pytest.approx(500 * row["excess"]["value"])
    (share,) = ratios(rows)
    assert share == {"line": "insert", "iterations": 20, "of_translate": rows[1]["excess"]["value"] / rows[0]["excess"]["value"]}
    text = excess_table(rows, {"value": blueprint.exploitability, "unit": "chips", "mbb_per_game": 500 * blueprint.exploitability})
    assert f"{share['of_translate']:.3f}" in text
    assert f"{500 * blueprint.exploitability:.4g} mbb/g, which is the error of the blueprint's solve" in text


def test_agents_differ_by_all_that_they_are_made_of(blueprint):
    resolve = ResolveConfig("resolve")
    made = [
        OffTreeAgent(blueprint, EXTRA, DCFR, None), OffTreeAgent(blueprint, EXTRA, DCFR, resolve),
        OffTreeAgent(blueprint, EXTRA, DCFR, ResolveConfig("unsafe")), OffTreeAgent(blueprint, EXTRA, variant("cfr_plus"), resolve),
        OffTreeAgent(blueprint, (Size("%", 70.0),), DCFR, resolve),
    ]  # fmt: skip
    assert len({agent.fingerprint() for agent in made}) == len(made)
    assert pickle.loads(pickle.dumps(made[1])).fingerprint() == made[1].fingerprint()


@pytest.mark.parametrize(
    ("config", "error"),
    [
        (
            ResolveConfig("reach_maxmargin"),
            "gadget must be unsafe, resolve, maxmargin, refined where bets are inserted, got 'reach_maxmargin'",
        ),
        (ResolveConfig("resolve", "estimate"), "bounds must be safe where bets are inserted, got 'estimate'"),
    ],
)
def test_what_insertion_has_no_use_for_is_refused(blueprint, config, error):
    with pytest.raises(ValueError, match=error):
        OffTreeAgent(blueprint, EXTRA, DCFR, config)


@pytest.mark.parametrize("seat", [0, 1])
def test_its_table_is_that_of_the_game_in_which_the_opponent_alone_has_the_bets(blueprint, seat):
    small_game = plans(blueprint)
    game = with_extra_bets(GAME, EXTRA, (1 - seat,), (1,))
    tree, found = board_tree(game), correspondence(GAME, game)
    tables = tuple(translated(small_game, game, tree, p, found) for p in (0, 1))
    expected = value_against(game, BoardSweeps(tree, 1, np.float32), tables, 1 - seat)
    report = tabulate(OffTreeAgent(blueprint, EXTRA, DCFR, None), seat, STILL)
    assert report.opponent_best_response == pytest.approx(expected, abs=1e-6)
    assert (report.solves, report.decisions, report.fallbacks) == (0, 0, {})
