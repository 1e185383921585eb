"""Agents whose searches of the flop end before the turn, at the table and measured; and what commands refuse of them."""

import pickle
from dataclasses import replace

import numpy as np
import pytest

from agents import Serial, ablate
from agents.board_blueprint import make_blueprint
from agents.networks.street_values import new_street_values
from agents.search_agent import SearchAgent
from agents.training import train
from agents.training.street_values import StreetValuesRun
from games.game import children
from games.holdem.cards import holding
from games.public_tree import CHANCE
from search import Budget, represent, variant
from search.boards.continuations import board_continuation_limit
from search.frontier import DepthLimit
from search.resolving import ResolveConfig
from tests.agents.training.test_street_values import GAME, SHORT
from tests.compiling import compiled
from tests.running import refused

pytestmark = compiled
ROW = variant("default_holdem")
REFINED = ResolveConfig("refined", "estimate")


@pytest.fixture(scope="module")
def blueprint(tmp_path_factory):
    return make_blueprint(GAME, [0, 2, 3], ROW, 4, tmp_path_factory.mktemp("blueprint"))


@pytest.fixture(scope="module")
def limit():
    run = StreetValuesRun(GAME, SHORT)
    run.step()
    return run.limit


@pytest.mark.parametrize(("iterations", "warm"), [(3, True), (12, False)])
def test_what_is_measured_is_what_is_played_at_the_table(blueprint, limit, iterations, warm):
    """Also where searches are so short that they start from the blueprint."""
    agent, budget = SearchAgent(blueprint, ROW, "flop+turn", REFINED, limit=limit), Budget(iterations=iterations)
    swept, _ = agent.strategies(0, budget)
    cold = SearchAgent(blueprint, ROW, "flop+turn", replace(REFINED, warm_start="never"), limit=limit)
    assert np.array_equal(swept[0], cold.strategies(0, budget)[0][0]) is not warm
    whole, rng, asked = represent(GAME), np.random.default_rng(1), 0
    for _ in range(6):
        state, memory = GAME.root, None
        while True:
            player = GAME.player(state)
            if player < 0 and player != CHANCE:
                break
            if player == CHANCE:
                below = whole.below(state)
                state = below[rng.integers(len(below))]
                continue
            if player == 0:
                decision = agent.decide(0, state, memory, budget)
                memory, asked = decision.memory, asked + 1
                live = (GAME.ranges[0] > 0) & ~holding(GAME.deck, state.cards)
                np.testing.assert_allclose(decision.policy[:, live], whole.at(swept, state)[:, live], atol=2e-3)
            below = children(GAME, state)
            state = below[rng.integers(len(below))]
    assert asked > 6


def test_searches_that_end_before_the_card_make_a_weak_blueprint_stronger(blueprint, tmp_path):
    run = StreetValuesRun(GAME, replace(SHORT, iterations=12, steps=8, label_iterations=30, solve_iterations=16))
    train(run, tmp_path)
    agents = {
        "values": SearchAgent(blueprint, ROW, "flop+turn", REFINED, limit=run.limit),
        "unsafe behind the card": SearchAgent(blueprint, ROW, "flop+turn", REFINED, limit=DepthLimit(run.limit.leaves)),
    }
    found = ablate({name: (agent, [Budget(iterations=60)]) for name, agent in agents.items()}, executor=Serial())
    strength = {row["line"]: row["exploitability"]["value"] for row in found}
    assert strength["values"] < 0.7 * blueprint.exploitability
    assert strength["values"] < strength["unsafe behind the card"]


def test_an_agent_keeps_its_networks_in_another_process_and_tells_them_apart(blueprint, limit):
    agent = SearchAgent(blueprint, ROW, "flop+turn", REFINED, limit=limit)
    state = next(s for s in children(GAME, GAME.root) if GAME.player(s) >= 0)
    seat = GAME.player(state)
    copy = pickle.loads(pickle.dumps(agent))
    one, other = (who.decide(seat, state, None, Budget(iterations=5)) for who in (agent, copy))
    np.testing.assert_array_equal(one.policy, other.policy)
    others = new_street_values(GAME, represent(GAME).tree)
    assert SearchAgent(blueprint, ROW, "flop+turn", REFINED, limit=others).fingerprint() != agent.fingerprint()
    starts = DepthLimit(limit.leaves, None, others.starts)
    assert SearchAgent(blueprint, ROW, "flop+turn", REFINED, limit=starts).fingerprint() != agent.fingerprint()


@pytest.mark.parametrize(
    ("overrides", "message"),
    [
        (["agent.solve_from=flop"], "agent.solve_from must be flop+turn where agent.values ends searches, got 'flop'"),
        (["agent.depth=1"], "agent.depth must be left out in hold'em, where depth limits are a street's end, got 1"),
        (["agent.bounds=distributional"], "agent.bounds must be safe or estimate where agent.values ends searches, got distributional"),
        (["agent.values=none.safetensors"], "agent.values must be continuations or a file that timebank train trainer=street_values wrote"),
        (["trainer=rebel"], "trainer must be street_values to train values in hold'em, got rebel"),
    ],
)
def test_what_does_not_go_with_values_is_refused_before_any_work(monkeypatch, tmp_path, capsys, overrides, message):
    monkeypatch.chdir(tmp_path)
    given = ["ablate", "game=ms3f1t1r1h5", "game.ranks=QKA", "agent=street", "trainer=street_values", "agent.values=trained"]
    assert message in refused(monkeypatch, capsys, *given, "agent.solve_from=flop+turn", *overrides)


@pytest.mark.parametrize(
    ("count", "chooser", "name"), [(1, "opponent", "1 continuation"), (4, "opponent", "4 continuations"), (4, "both", "4")]
)
def test_continuations_of_the_blueprint_end_searches_of_the_flop(blueprint, count, chooser, name):
    limit = board_continuation_limit(blueprint.strategy(), count, chooser)
    agent = SearchAgent(blueprint, ROW, "flop+turn", REFINED, limit=limit)
    assert name in agent.name
    (row,) = ablate({name: (agent, [Budget(iterations=60)])}, executor=Serial())
    assert row["exploitability"]["value"] < 0.8 * blueprint.exploitability
    assert row["decisions"] > 0
