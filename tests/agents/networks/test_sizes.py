"""One number for a network's size, and a network for each betting round."""

import numpy as np
import pytest

from agents.networks import NetworkConfig, load_policy, make_network, save_policy
from agents.networks.sizes import count_parameters, widest
from tests.catalogue import KUHN, LEDUC
from tests.learners import BOTH, HOLDEM, infostates_of, make_run, same, stepped


def made(name, **sizes):
    return [make_network(NetworkConfig(**sizes), infostates_of(name), player, 0) for player in (0, 1)]


@pytest.mark.parametrize("parameters", [1, 10, 99, 100, 10**6])
def test_the_widest_is_the_last_that_fits(parameters):
    def square(width):
        return width**2

    expected = max(width for width in range(1, 1001) if square(width) <= parameters)
    assert widest(square, parameters) == expected


@pytest.mark.parametrize("by_round", [None, True])
@pytest.mark.parametrize("parameters", [3_000, 100_000, 10_000_000])
@pytest.mark.parametrize("name", [LEDUC, HOLDEM])
def test_a_number_of_parameters_is_used_up_and_not_exceeded(name, parameters, by_round):
    if by_round and name == LEDUC:
        pytest.skip("one block")
    networks = made(name, parameters=parameters, by_round=by_round)
    config = networks[0].config
    assert count_parameters(*networks) <= parameters < count_parameters(*made(name, **wider(config)))
    assert config.parameters is None
    assert same(networks, made(name, **vars(config)))


def wider(config):
    """The widths of the next wider trunk."""
    return vars(config.of_width(config.hidden + 1))


def test_the_default_size_has_the_proportions_of_its_number():
    networks = made(HOLDEM)
    assert made(HOLDEM, parameters=count_parameters(*networks))[0].config == networks[0].config


@pytest.mark.parametrize(
    ("name", "sizes", "error"),
    [
        (HOLDEM, {"parameters": 200}, r"network.parameters must be at least the [0-9,]+ of width 1 in this game, got 200"),
        (KUHN, {"parameters": 99}, "network.parameters must be at least 100, got 99"),
        (KUHN, {"parameters": 1000, "hidden": 8}, "network.hidden must be left out beside network.parameters, got 8"),
        (HOLDEM, {"parameters": 9000, "bets": 8}, "network.bets must be left out beside network.parameters, got 8"),
        (KUHN, {"by_round": True}, "network.by_round must be left out where the public side has the trunk, got True"),
    ],
)
def test_sizes_that_do_not_fit_are_refused(name, sizes, error):
    with pytest.raises(ValueError, match=error):
        made(name, **sizes)


def test_a_trainer_names_its_key():
    with pytest.raises(ValueError, match=r"^trainer.network.parameters must be at least the [0-9,]+ of width 1 in this game, got 200"):
        make_run(HOLDEM, network=NetworkConfig(parameters=200))


def test_each_round_has_a_network_of_its_own():
    run, infostates = stepped(HOLDEM, 1, network=NetworkConfig(hidden=16, layers=2, embedding=4, by_round=True)), infostates_of(HOLDEM)
    policy = run.policy()
    before = [table.copy() for table in policy.tables(0)]
    for parameter in policy.networks[0].of(1).parameters():
        parameter.data.add_(0.5)
    after = policy.tables(0)
    assert [bool((x == y).all()) for x, y in zip(before, after, strict=True)] == [b != 1 for b in range(len(infostates.blocks[0]))]


def test_a_policy_by_round_is_saved_and_loaded(tmp_path):
    policy = stepped(HOLDEM, 1, network=NetworkConfig(parameters=3000, by_round=True)).policy()
    save_policy(tmp_path / "policy", policy)
    loaded = load_policy(tmp_path / "policy", infostates_of(HOLDEM))
    for p in (0, 1):
        for x, y in zip(policy.tables(p), loaded.tables(p), strict=True):
            np.testing.assert_array_equal(x, y)


@pytest.mark.parametrize("name", BOTH)
def test_a_trainer_takes_a_number_of_parameters(name):
    run = make_run(name, network=NetworkConfig(parameters=3000))
    run.step()
    assert 1500 < run.policy().size <= 3000
    assert run.config.network.parameters == 3000
    assert run.config.network.hidden is None
