"""Networks regressed on a given strategy, e.g. a tabular solve: how well a network of this size can do at all. No self-play."""

from __future__ import annotations

import numpy as np

from agents.networks import NetworkPolicy, PolicyNetworkConfig, encode, make_network
from agents.policy import Policy
from agents.training.regression import FitConfig, cross_entropy, fit, inputs, make_optimiser, whole
from search.regrets import RegretSweep


def distil(policy: Policy, network: PolicyNetworkConfig, config: FitConfig, seed: int = 0) -> NetworkPolicy:
    """Return networks fitted by cross-entropy to a policy of the whole game, infostates weighted by the player's own reach.

    Args:
        policy: what to imitate.
        network: size of the networks.
        config: of the fit.
        seed: of the initial weights.
    """
    encoding, strategy = encode(policy.tree), policy.strategy(0)
    sweep, networks = RegretSweep(policy.tree), []
    for p, own_seed in enumerate(np.random.SeedSequence(seed).generate_state(2)):
        fitted = make_network(network, encoding, p, int(own_seed))
        batches = whole(encoding.dense(p, strategy.tables[p]), sweep.regrets(strategy, p).reach)
        fit(fitted, make_optimiser(fitted), inputs(encoding, p), batches, cross_entropy, config)
        networks.append(fitted)
    return NetworkPolicy(encoding, (networks[0], networks[1]), f"distil:{policy.name}")
