"""A blueprint whose turns and rivers networks play: its ranges, and where the sampled blueprint goes on."""

import pickle
from functools import cache

import numpy as np
import pytest

from agents.apps.build import blueprint_directory
from agents.bucket_blueprint import load_blueprint
from agents.networks import CheckpointError
from agents.networks.checkpoint import network_arrays, save_tensors
from agents.networks.start_values import StartNetworkConfig
from agents.networks.street_policy import STREET_POLICY, load_street_policy, make_street_policy, save_street_policy
from agents.no_limit.agent import NoLimitAgent
from agents.street_blueprint import load_street_blueprint, street_blueprint
from games.game import find_decision, path
from games.public_tree import CHANCE
from search import Budget, variant
from tests.compiling import compiled
from tests.spots import GAME

pytestmark = compiled
SIZE = StartNetworkConfig(hidden=8, layers=2, buckets=16)
FLOP = "raise 300 / call / Ks8h3d"
RIVER = f"{FLOP} / check / check / 2c / bet 600 / call / 9c / check"


@cache
def table():
    return load_blueprint(GAME, blueprint_directory("small"))


def networks():
    import torch

    made = {street: make_street_policy(SIZE, seed) for seed, street in enumerate(("turn", "river"))}
    with torch.no_grad():
        for network in made.values():
            torch.manual_seed(1)
            network.last.weight.normal_(0, 0.1)
    return made


@cache
def blueprint():
    return street_blueprint(table(), networks(), {"name": "random", "digest": "0" * 64})


def at(line):
    return find_decision(table().game, line, "line")


def test_ranges_follow_what_is_played_by_bayes_rule():
    state = at(RIVER)
    weights = [own.copy() for own in table().game.ranges]
    for above, child in zip(path(table().game, state), path(table().game, state)[1:], strict=False):
        player = table().game.player(above)
        if player == CHANCE:
            continue
        row = [action.text for action in table().game.actions(above)].index(child.label)
        weights[player] *= blueprint().at(above)[row]
    dead = np.isin(table().game.hands, state.cards).any(axis=1)
    for own, wanted in zip(blueprint().ranges(state), weights, strict=True):
        wanted[dead] = 0
        np.testing.assert_allclose(own, wanted / wanted.max(), rtol=1e-9)


def test_networks_play_turns_and_rivers_and_the_table_the_rest():
    for line in ("", FLOP, f"{FLOP} / check"):
        np.testing.assert_array_equal(blueprint().at(at(line)), table().at(at(line)))
    far = f"{FLOP} / check / check / 2c / all-in 19700"
    assert not blueprint().plays(at(far))
    np.testing.assert_array_equal(blueprint().at(at(far)), table().at(at(far)))
    for line in (f"{FLOP} / check / check / 2c", RIVER, f"{FLOP} / check / check / 2c / bet 600"):
        policy = blueprint().at(at(line))
        assert blueprint().plays(at(line))
        np.testing.assert_allclose(policy.sum(axis=0), 1)
        assert np.abs(policy - table().at(at(line))).max() > 0.1
        assert policy[-1].max() == 0  # all-in of many pots is none of the networks' sizes
        assert policy.min() >= 0


def test_near_all_ins_are_played():
    line = "raise 300 / raise 900 / call / Ks8h3d / bet 1800 / call / 2c / bet 5400 / call / 9c"
    policy = blueprint().at(at(line))
    assert [action.text for action in table().game.actions(at(line))][-1].startswith("all-in")
    assert policy[-1].max() > 0


def test_it_goes_to_other_processes_and_plays_the_same():
    blueprint().at(at(RIVER))
    again = pickle.loads(pickle.dumps(blueprint()))
    np.testing.assert_array_equal(again.at(at(RIVER)), blueprint().at(at(RIVER)))
    assert again.fingerprint() == blueprint().fingerprint() != table().fingerprint()


def test_an_agent_has_it_as_its_blueprint():
    agent = NoLimitAgent(GAME, blueprint(), variant("default_holdem"), None)
    state = find_decision(GAME, RIVER, "line")
    decision = agent.decide(GAME.player(state), state, None, Budget(iterations=1))
    offers = [action.text for action in GAME.actions(state)]  # half a pot, too, which the blueprint never bets
    rows = [offers.index(action.text) for action in table().game.actions(at(RIVER))]
    np.testing.assert_allclose(decision.policy[rows], blueprint().at(at(RIVER)), atol=1e-12)


def test_files_of_others_are_refused(tmp_path):
    path = tmp_path / "policy.safetensors"
    about = {"name": "x", "game": table().game.key, "table": table().digest}
    save_street_policy(path, networks(), about)
    found = load_street_blueprint(table(), path)
    np.testing.assert_allclose(found.at(at(RIVER)), blueprint().at(at(RIVER)), rtol=1e-6)
    assert set(load_street_policy(path)[0]) == {"turn", "river"}
    for key, said in (("game", "its own game"), ("table", "beside")):
        save_street_policy(path, networks(), about | {key: "another"})
        with pytest.raises(ValueError, match=f"blueprint must have networks .*{said}.*, got another in"):
            load_street_blueprint(table(), path)
    size = {"hidden": 8, "layers": 2, "buckets": 16}
    for wrong in (
        {"streets": ["flop"]},
        {"streets": []},
        {"encoding": 2},
        {"network": size | {"hidden": 9}},
        {"network": size | {"layers": 3}},
    ):
        header = about | {"encoding": 1, "network": size, "streets": ["turn", "river"]} | wrong
        save_tensors(path, network_arrays(networks()), header, STREET_POLICY)
        with pytest.raises(CheckpointError, match="checkpoint must"):
            load_street_policy(path)
