"""What every agent must do in every game: it plays what it is measured as, the same each time, and is sent as it is."""

from __future__ import annotations

import pickle
from functools import cache

import numpy as np
import pytest

from agents import BlueprintAgent, SearchAgent, UniformPolicy, exploitability, solved_policy, tabulate
from agents.board_blueprint import make_blueprint, make_uniform_blueprint
from games import public_tree
from search import Budget, represent, variant
from search.outcome import Outcome
from search.representation import exploitability as represented_exploitability
from search.resolving import ResolveConfig
from tests.catalogue import DICE, KUHN, LEDUC, TINY
from tests.learners import make_policy
from tests.playing import decisions

DERIVED, FLOP, FLOP_AND_TURN = (KUHN, LEDUC, DICE), "one-card flop", "one-card flop and turn"
TWENTY, NOTHING_TO_SPEND = Budget(iterations=20), Budget(seconds=0)
SEARCHES = (  # solve_from, gadget, bounds
    *((game, "decision", gadget, "safe") for game in (*DERIVED, FLOP) for gadget in ("resolve", "unsafe")),
    *((game, "root", "unsafe", "safe") for game in (LEDUC, FLOP_AND_TURN)),
    (LEDUC, "round", "refined", "safe"),
    (LEDUC, "round", "reach_maxmargin", "estimate"),
    (DICE, "decision", "combined", "estimate"),
    (FLOP_AND_TURN, "flop", "resolve", "safe"),
    (FLOP_AND_TURN, "turn", "unsafe", "safe"),
    (FLOP_AND_TURN, "flop+turn", "refined", "safe"),
    (FLOP_AND_TURN, "flop+turn", "maxmargin", "safe"),
    (FLOP_AND_TURN, "preflop+turn", "combined", "estimate"),
    (FLOP_AND_TURN, "preflop+turn", "refined", "safe"),
    (FLOP_AND_TURN, "round", "reach_maxmargin", "estimate"),
)
STILL = (
    *((game, kind) for game in (*DERIVED, FLOP_AND_TURN) for kind in ("uniform", "solved")),
    (FLOP_AND_TURN, "buckets"),
    (LEDUC, "network"),
)
AGENTS = (*STILL, *SEARCHES)


@pytest.fixture(scope="module")
def agent_of(tmp_path_factory):
    """Return a function that makes an agent by its game and what it does there."""

    @cache
    def blueprint(game, kind):
        if game in DERIVED:
            if kind == "network":
                return make_policy(game)
            return UniformPolicy(public_tree(game)) if kind == "uniform" else solved_policy(public_tree(game), variant("cfr"), 5)
        directory = tmp_path_factory.mktemp("blueprint")
        if kind == "uniform":
            return make_uniform_blueprint(TINY[game], directory)
        return make_blueprint(TINY[game], (0, 2, 3) if kind == "buckets" else (), variant("dcfr"), 4, directory)

    @cache
    def agent(game, kind, gadget=None, bounds=None):
        if gadget is not None:
            of = blueprint(game, "buckets" if game == FLOP_AND_TURN else "solved")
            return SearchAgent(of, variant("dcfr"), kind, ResolveConfig(gadget, bounds))
        own = blueprint(game, kind)
        return BlueprintAgent(own)

    return agent


def of_blueprint(agent, state):
    """Return [A, H], what an agent's blueprint plays at a state."""
    return represent(agent.game).at(agent.blueprint.strategy().tables, state)


@pytest.mark.parametrize("chosen", AGENTS, ids=" ".join)
def test_what_is_played_is_what_is_measured(agent_of, chosen):
    """Decision by decision; a decision asked for again is the same, so its memory has not changed, nor has the blueprint."""
    agent = agent_of(*chosen)
    agent.load()
    game, before = represent(agent.game), [table.copy() for table in agent.blueprint.strategy().tables]
    reports = [tabulate(agent, seat, TWENTY) for seat in (0, 1)]
    tables, moved = tuple(report.table for report in reports), 0.0
    for seat, report in enumerate(reports):
        assert report.decisions > 0 or not agent.thinks
        for state, memory, decision in decisions(agent, seat, TWENTY):
            policy = decision.policy
            assert policy.shape == (len(agent.game.actions(state)), agent.game.num_hands[seat])
            assert policy.min() >= 0
            np.testing.assert_allclose(policy.sum(axis=0), 1, atol=1e-6)
            np.testing.assert_allclose(policy, game.at(tables, state), atol=1e-6)
            np.testing.assert_array_equal(agent.decide(seat, state, memory, TWENTY).policy, policy)
            assert decision.iterations in (0, 20)
            moved = max(moved, float(np.abs(policy - of_blueprint(agent, state)).max()))
    assert (moved > 0.05) == agent.thinks
    for table, copy in zip(agent.blueprint.strategy().tables, before, strict=True):
        np.testing.assert_array_equal(table, copy)
    if not agent.thinks:
        assert exploitability(reports) == pytest.approx(represented_exploitability(game, before), rel=1e-5, abs=1e-9)
        assert sum(report.against_blueprint for report in reports) == pytest.approx(0, abs=1e-5)


@pytest.mark.parametrize("chosen", AGENTS, ids=" ".join)
def test_without_time_the_blueprint_is_played_and_said_to_be(agent_of, chosen):
    agent = agent_of(*chosen)
    agent.load()
    for seat in (0, 1):
        for state, _, decision in decisions(agent, seat, NOTHING_TO_SPEND):
            np.testing.assert_allclose(decision.policy, of_blueprint(agent, state), atol=1e-6)
            assert not decision.solved
            assert decision.outcome in ((Outcome.NO_TIME, Outcome.NOT_DUE) if agent.thinks else (Outcome.SEARCHED, Outcome.NOT_DUE))


@pytest.mark.parametrize("chosen", AGENTS, ids=" ".join)
def test_an_agent_is_sent_without_what_it_has_loaded(agent_of, chosen):
    agent = agent_of(*chosen)
    sent = pickle.dumps(agent)
    agent.load()
    assert len(pickle.dumps(agent)) < 2 * len(sent)
    again = pickle.loads(sent)
    assert (again.name, again.fingerprint(), again.game.key) == (agent.name, agent.fingerprint(), agent.game.key)
