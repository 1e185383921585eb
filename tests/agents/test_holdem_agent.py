"""The agent that searches hold'em: clocks, and continual re-solving. What every agent must do is in tests/conformance."""

from __future__ import annotations

import itertools
import time

import numpy as np
import pytest

from agents import exploitability, tabulate
from agents.board_blueprint import make_blueprint
from agents.search_agent import SearchAgent
from search import Budget, variant
from search.boards.strategy import BoardStrategy, find_board
from search.resolving import ResolveConfig
from tests.catalogue import UNEVEN, small
from tests.playing import decisions
from tests.searching import set_clock

GAME = small([0, 1, 1], ranges=UNEVEN)
DCFR = variant("dcfr")
TWENTY = Budget(iterations=20)


@pytest.fixture(scope="module")
def blueprint(tmp_path_factory):
    return make_blueprint(GAME, (0, 2, 3), DCFR, 4, tmp_path_factory.mktemp("blueprint"))


def test_a_budget_too_short_for_an_iteration_keeps_the_blueprint(blueprint):
    agent = SearchAgent(blueprint, DCFR, "flop")
    state, _, decision = next(d for d in decisions(agent, 0, Budget(seconds=1e-9)) if GAME.round(d[0]) == 1)
    assert decision.outcome == "no_time"
    assert not decision.solved
    np.testing.assert_array_equal(decision.policy, BoardStrategy(GAME, blueprint.tree, blueprint.strategies()).at(state))


def test_lines_that_are_all_in_have_nothing_to_search(tmp_path):
    game = small([0, 1], ranges=UNEVEN, bets="a", raises="a")
    agent = SearchAgent(make_blueprint(game, [], DCFR, 2, tmp_path), DCFR, "flop")
    agent.load()
    node = next(n for n in np.flatnonzero(game.bets.player == 1).tolist() if game.bets.round[n] == 1)
    assert agent.decide(1, game.state_at(node, (int(game.deck.cards()[0]),)), None, TWENTY).iterations == 20
    assert agent.strategies(0, Budget(seconds=0.001))[1].seconds  # each line by itself


def flop_decision(cards=(0,)):
    """Return the first decision on the flop: seat and state."""
    node = next(n for n in range(len(GAME.bets.player)) if GAME.bets.round[n] == 1 and GAME.bets.player[n] >= 0)
    return int(GAME.bets.player[node]), GAME.state_at(node, (int(GAME.deck.cards()[cards[0]]),))


def test_a_busy_moment_keeps_nobody_from_searching_for_ever(blueprint, monkeypatch):
    agent = SearchAgent(blueprint, DCFR, "flop", ResolveConfig("refined"))
    agent.load()
    looks = itertools.count()
    set_clock(monkeypatch, lambda: 1e-3 * next(looks))  # 1 ms a look
    seat, state = flop_decision()
    board, _ = find_board(GAME, blueprint.tree, state.cards)
    for searcher in agent._resolver._searchers.values():
        searcher.paces.judging.expected = 0.06 / searcher.size(board)
    found = [agent.decide(seat, state, None, Budget(seconds=0.03, iterations=20)) for _ in range(8)]
    assert found[0].outcome == "no_time"
    assert found[0].iterations == 0
    assert all(decision.iterations > 0 for decision in found[-3:])


def test_no_decision_outlasts_its_budget_where_two_streets_are_searched(blueprint, monkeypatch):
    """By a clock of CPU time, since others share the machine; ranges and gifts included."""
    set_clock(monkeypatch, time.thread_time)
    agent, budget = SearchAgent(blueprint, DCFR, "flop+turn", ResolveConfig("refined")), Budget(seconds=0.02)
    agent.load()
    assert agent.load_seconds > 0
    asked = [d for _ in range(3) for _, _, d in decisions(agent, 0, budget) if d.outcome != "not_due"]
    assert np.median([decision.seconds for decision in asked]) < 1.02 * budget.seconds + 1e-3
    assert np.median([decision.iterations for decision in asked]) > 0


@pytest.mark.parametrize(("gadget", "iterations", "most"), [("resolve", 20, 0.15), ("resolve", 200, 0.003), ("refined", 200, 0.003)])
def test_searching_at_every_decision_comes_near_an_equilibrium(tmp_path, gadget, iterations, most):
    """Continual re-solving: the whole game, then each decision held to the last answer's values."""
    game = small([0, 1])
    weak = make_blueprint(game, [], DCFR, 4, tmp_path)
    agent = SearchAgent(weak, DCFR, "decision", ResolveConfig(gadget))
    reports = [tabulate(agent, seat, Budget(iterations=iterations)) for seat in (0, 1)]
    assert weak.exploitability > 2
    assert exploitability(reports) < most
    assert all(report.decisions == report.solves + report.fallbacks.total() for report in reports)


def test_searching_at_every_decision_without_a_gadget_shows_what_goes_wrong(tmp_path):
    weak = make_blueprint(small([0, 1]), [], DCFR, 4, tmp_path)
    reports = [tabulate(SearchAgent(weak, DCFR, "decision", ResolveConfig("unsafe")), seat, Budget(iterations=200)) for seat in (0, 1)]
    assert exploitability(reports) > 0.5
