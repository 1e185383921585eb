"""Networks for what hands of hold'em are worth at one point of a street: see ``search.boards.street_values``."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import nn

from agents.networks.value import ValueConfig, ValueNetwork
from search.boards.street_values import Layers, StreetEncoding


def layers_of(network: ValueNetwork) -> Layers:
    """Return a network's weights as searches read them, copied."""
    layers = [layer for layer in network.layers if isinstance(layer, nn.Linear)]
    return tuple((np.ascontiguousarray(layer.weight.detach().numpy().T), layer.bias.detach().numpy().copy()) for layer in layers)


def make_street_network(config: ValueConfig, encoding: StreetEncoding, seed: int) -> ValueNetwork:
    """Return a network with weights drawn from ``seed``, which says that hands are worth what checking down wins."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        network = ValueNetwork(config, encoding.length, 2 * encoding.hands)
    last: Any = network.layers[-1]
    with torch.no_grad():
        last.weight.zero_()
        last.bias.zero_()
    return network
