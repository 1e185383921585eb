"""The plan of a decision: which tree is solved in its time."""

from __future__ import annotations

import math
import time
from dataclasses import replace

import numpy as np
import pytest

from agents.board_blueprint import make_blueprint
from agents.no_limit.agent import NoLimitAgent
from agents.no_limit.plan import RIVER, TURN, TURN_RIVERS, Ladder, Rung, flop_ladder, ladder_of, menu_of, menus_of, planned
from games.game import find_decision
from games.holdem.board_tree import game_size
from games.holdem.subgame import subgame_of
from search import BoardSolver, Budget
from search.boards.river_draws import dealt_rows
from search.outcome import Outcome
from tests.agents.test_no_limit_agent import DCFR, GAME, MENU, asked

STEPS = Ladder(
    (
        Rung("one", (menu_of("75%"),)), Rung("two", (menu_of("75%", "100%"),), from_iterations=100),
        Rung("three", (menu_of("50%,100%", "100%"),), from_iterations=200), Rung("four", None, from_iterations=400),
    ),
    usual=2,
)  # fmt: skip
LINE = "call / check / Kc / check / check / Tc"
ROW = 1e-6


@pytest.fixture(scope="module")
def blueprint(tmp_path_factory):
    return make_blueprint(MENU, (), DCFR, 10, tmp_path_factory.mktemp("blueprint"))


def subgame(rung):
    return subgame_of(GAME, find_decision(GAME, LINE, "line"), GAME.ranges, rung.menus)


def rows(rung):
    size = game_size(subgame(rung))
    return dealt_rows(size.street_rows, size.street_boards, TURN_RIVERS)


def test_more_time_never_plans_a_poorer_tree_and_each_tree_has_the_iterations_that_it_is_worth():
    taken = []
    for seconds in np.geomspace(1e-6, 10, 60):
        plan = planned(STEPS, subgame, seconds, lambda rung: ROW)
        assert plan.rows == rows(plan.rung)
        assert plan.expected == pytest.approx(seconds / (ROW * plan.rows))
        assert plan.rung is STEPS.rungs[0] or plan.expected >= plan.rung.from_iterations
        taken.append(STEPS.rungs.index(plan.rung))
    assert taken == sorted(taken)
    assert set(taken) == set(range(4))


def test_a_slower_machine_plans_what_less_time_does():
    for seconds in (1e-3, 1e-2, 0.1, 1.0):
        slow = planned(STEPS, subgame, seconds, lambda rung: 5 * ROW)
        assert slow.rung == planned(STEPS, subgame, seconds / 5, lambda rung: ROW).rung


@pytest.mark.parametrize(("seconds", "row_seconds"), [(math.inf, ROW), (1.0, 0.0)], ids=["no clock", "an unknown machine"])
def test_without_a_clock_or_a_measured_machine_the_usual_tree_is_solved(seconds, row_seconds):
    plan = planned(STEPS, subgame, seconds, lambda rung: row_seconds)
    assert plan.rung.name == "three"
    assert plan.expected == math.inf


def test_a_tree_whose_speed_is_not_known_is_not_taken():
    for unknown in range(1, 4):
        plan = planned(STEPS, subgame, 10.0, lambda rung, name=STEPS.rungs[unknown].name: 0.0 if rung.name == name else ROW)
        assert plan.rung is STEPS.rungs[unknown - 1]


def test_ladders_go_from_poor_to_rich():
    for ladder in (RIVER, TURN, flop_ladder("plan", 3)):
        least = [rung.from_iterations for rung in ladder.rungs]
        assert least[0] == 0
        assert least == sorted(least)
        assert 0 <= ladder.usual < len(ladder.rungs)
    state = find_decision(GAME, LINE, "line")
    own = GAME.betting.menus[-1:]
    games = [replace(GAME, betting=replace(GAME.betting, add_allin=rung.near or 0.0)) for rung in RIVER.rungs]
    sizes = [
        sum(game_size(subgame_of(game, state, GAME.ranges, menus_of(rung, own))).rows)
        for game, rung in zip(games, RIVER.rungs, strict=True)
    ]
    assert sizes == sorted(sizes)
    assert all(len(ladder_of(streets).rungs[0].menus) == streets for streets in (2, 3))


def test_few_all_ins_are_the_games_sizes_without_far_all_ins_and_raises_of_raises():
    own = (menu_of("50%,100%,a", "100%,a", "100%,a"),)
    few, usual, many = (menus_of(rung, own) for rung in RIVER.rungs)
    assert few == (menu_of("50%,100%", "100%"),)
    assert usual == own
    assert many != own
    assert menus_of(RIVER.rungs[0], (menu_of("a"),)) == (menu_of(""),)


def test_the_agent_says_what_it_solved_and_solves_the_usual_tree_where_iterations_are_the_budget(blueprint):
    agent = NoLimitAgent(GAME, blueprint, DCFR, "turn")
    decision = asked(agent, LINE, Budget(iterations=40))[1][-1]
    assert decision.plan == RIVER.rungs[RIVER.usual].name
    assert asked(agent, "call / check / Kc", Budget(iterations=40))[1][-1].plan == ""
    given = NoLimitAgent(GAME, blueprint, DCFR, "turn", menus=GAME.betting.menus)
    assert asked(given, LINE, Budget(iterations=40))[1][-1].plan == "sizes that were given"


def test_the_agent_takes_poor_trees_for_little_time_and_rich_ones_for_much(blueprint, monkeypatch):
    monkeypatch.setattr("agents.no_limit.street_search.ladder_of", lambda streets: STEPS)
    agent = NoLimitAgent(GAME, blueprint, DCFR, "turn")
    agent.load()
    plans = []
    for seconds in (0.01, 0.05, 0.2, 1.0):
        for rung in STEPS.rungs:  # as on a machine that takes a microsecond a row
            agent.search._iterating[2, rung.name].expected = agent.search._iterating[2, rung.name].fastest = ROW
        decision = asked(agent, LINE, Budget(seconds=seconds))[1][-1]
        assert decision.outcome == Outcome.SEARCHED
        plans.append([rung.name for rung in STEPS.rungs].index(decision.plan))
    assert plans == sorted(plans)
    assert plans[-1] == 3


def test_a_tree_that_a_busy_moment_ruled_out_is_taken_again(blueprint, monkeypatch):
    monkeypatch.setattr("agents.no_limit.street_search.ladder_of", lambda streets: STEPS)
    agent = NoLimitAgent(GAME, blueprint, DCFR, "turn")
    agent.load()
    pace = agent.search._iterating[2, "four"]
    quick, pace.expected = pace.expected, 1e6 * pace.expected
    plans = [asked(agent, LINE, Budget(seconds=0.5))[1][-1].plan for _ in range(40)]
    assert plans[0] != "four"
    assert plans[-1] == "four"
    assert pace.expected < 1e3 * quick


def test_an_answer_that_nobody_can_exploit_is_played_however_soon_it_comes(blueprint, monkeypatch):
    monkeypatch.setattr("search.BoardSolver.exploitability", lambda self, strategy=None: 0.0)
    decision = asked(NoLimitAgent(GAME, blueprint, DCFR, "turn"), LINE, Budget(exploitability=0.5))[1][-1]
    assert (decision.outcome, decision.iterations) == (Outcome.SEARCHED, 1)


def test_what_a_solver_takes_to_hand_its_answer_over_is_left_for_it(blueprint, monkeypatch):
    agent, answer = NoLimitAgent(GAME, blueprint, DCFR, "turn"), BoardSolver.answer

    def slow(self):
        time.sleep(0.02)
        return answer(self)

    monkeypatch.setattr(BoardSolver, "answer", slow)
    asked(agent, LINE, Budget(iterations=40))
    assert agent.search._answering[2].expected > 0.02
