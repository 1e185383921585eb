"""What tests train on: games of both families as infostates, and short runs on them."""

from __future__ import annotations

from functools import lru_cache

from agents.networks import NetworkConfig, NetworkPolicy, make_network
from agents.training import DeepCFR, DeepCFRConfig, FitConfig
from games.holdem.board_tree import board_tree
from search.boards.infostates import BoardInfostates
from search.tree.infostates import TreeInfostates
from tests.catalogue import DICE, KUHN, LEDUC, UNEVEN, case_of, small

HOLDEM = "hold'em"
EVERY = [KUHN, LEDUC, DICE, HOLDEM]
BOTH = [KUHN, HOLDEM]
FITS = {
    "advantage": FitConfig(steps=10, learning_rate=0.01, final_rate=0.1),
    "policy": FitConfig(steps=20, learning_rate=0.01, final_rate=0.1),
}


@lru_cache(maxsize=8)
def infostates_of(name):
    if name == HOLDEM:
        game = small([0, 1, 1], ranges=UNEVEN)
        return BoardInfostates(game, board_tree(game))
    return TreeInfostates(case_of(name).tree)


def tiny(**changes):
    size = NetworkConfig(hidden=16, layers=2, embedding=4)
    return DeepCFRConfig(**{"iterations": 8, "network": size, "evaluate_from": 1, **FITS, **changes})


def make_run(name, **changes):
    return DeepCFR(infostates_of(name), tiny(**changes))


def stepped(name, steps, **changes):
    run = make_run(name, **changes)
    for _ in range(steps):
        run.step()
    return run


def make_policy(name, seed=0, **sizes):
    infostates, config = infostates_of(name), NetworkConfig(**{"hidden": 24, "layers": 3, "embedding": 5, **sizes})
    networks = [make_network(config, infostates, p, seed + p) for p in (0, 1)]
    return NetworkPolicy(infostates, (networks[0], networks[1]))


def weights(networks):
    return [parameter.detach().numpy().copy() for network in networks for parameter in network.parameters()]


def same(first, second):
    return all((x == y).all() for x, y in zip(weights(first), weights(second), strict=True))


def assert_same(run, other):
    """Two runs are at the same point: iterations, networks and policies."""
    assert run.iteration == other.iteration
    assert same(run.advantages, other.advantages)
    assert same(run.policy().networks, other.policy().networks)
