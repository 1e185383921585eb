"""A value network for the leaves of depth-limited searches: both players' ranges in, what each of their hands is worth out.

A *public belief state* is a public state with both players' ranges (Brown et al. 2020, arXiv 2007.13544). The network sees the ranges as
shares that add up to one, beside what is public. It gives each hand's value in units of the most that can still be won or lost there,
against the hands that the other player may hold. It knows one game.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from agents.networks.beliefs import BeliefEncoding
from agents.networks.checkpoint import CheckpointError, Tensors, fill_networks, load_weights, network_arrays, require_game, save_tensors
from agents.networks.sizes import MOST_LAYERS, MOST_WIDTH
from agents.runtime.storage import whole_in
from games.arrays import Float, Float32
from games.settings import bounded, check_bounds
from search.frontier import Layers
from search.tree.infostates import TreeInfostates

VALUES = "values"  # kind of the files that hold one


@dataclass(kw_only=True)
class ValueConfig:
    """Size of a value network, and how it sees ranges.

    Attributes:
        hidden: width of the hidden layers.
        layers: hidden layers.
        tremble: share of every range that is spread over all hands before the network sees it. What a hand is worth against a range that
            holds it with probability 0 depends on which of many best replies the other player chose; a little of every hand decides that.
    """

    hidden: int = bounded(128, least=1, most=MOST_WIDTH)
    layers: int = bounded(3, least=1, most=MOST_LAYERS)
    tremble: float = bounded(0.02, most=0.5)

    def __post_init__(self) -> None:
        check_bounds(self, "network")


class ValueNetwork(nn.Module):
    """Hidden ReLU layers that correct the values under uniform play, one for each hand of both players."""

    def __init__(self, config: ValueConfig, inputs: int, outputs: int) -> None:
        super().__init__()
        widths = [inputs, *[config.hidden] * config.layers, outputs]
        self.config, self.outputs = config, outputs
        self.layers = nn.ModuleList(nn.Linear(a, b) for a, b in pairwise(widths))

    def forward(self, features: Tensor) -> Tensor:
        """Return [B, H0 + H1] values for features [B, D], whose last ones are the values under uniform play."""
        z = features
        for layer in self.layers[:-1]:
            z = torch.relu(layer(z))
        values: Tensor = self.layers[-1](z) + features[:, -self.outputs :]
        return values


def make_value_network(config: ValueConfig, encoding: BeliefEncoding, seed: int) -> ValueNetwork:
    """Return a network with weights drawn from ``seed``; torch's global generator is left as it was."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return ValueNetwork(config, encoding.length, sum(encoding.hands))


def layers_of(network: nn.Module) -> Layers:
    """Return the weights of a network of linear layers as searches read them, copied."""
    layers = [layer for layer in network.modules() if isinstance(layer, nn.Linear)]
    return tuple((np.ascontiguousarray(layer.weight.detach().numpy().T), layer.bias.detach().numpy().copy()) for layer in layers)


class NetworkLeaves:
    """See ``search.frontier.LeafEvaluator``: a value network in numpy, on copied weights. The values of both players are made zero-sum.

    At the size of these networks a call of a torch operation costs more than its arithmetic.
    """

    def __init__(self, network: ValueNetwork, encoding: BeliefEncoding, name: str = "values") -> None:
        self.encoding, self.name = encoding, name
        self.take(layers_of(network))

    def take(self, layers: Layers) -> None:
        """Take other weights."""
        self._layers = layers

    def fingerprint(self) -> bytes:
        """Return what tells networks apart."""
        digest = hashlib.sha256(repr(self.encoding.tremble).encode())
        for arrays in self._layers:
            for array in arrays:
                digest.update(array.tobytes())
        return digest.digest()

    def enter(self, leaves: Sequence[int]) -> None:
        """See ``LeafEvaluator``."""
        self.states = self.encoding.states(leaves)
        self._hidden = [np.zeros((len(leaves), weight.shape[1]), np.float32) for weight, _ in self._layers]

    def values(self, seen: Float32) -> Float32:
        """Return [B, H0 + H1], the values in stakes of what the network sees [B, D], valid until the next call."""
        z = seen
        for i, (weight, bias) in enumerate(self._layers):
            z = np.matmul(z, weight, out=self._hidden[i])
            z += bias
            if i + 1 < len(self._layers):
                np.maximum(z, 0.0, out=z)
        z += seen[:, -z.shape[1] :]
        return z

    def cfvs(self, player: int, reach: tuple[Float, Float]) -> Float:
        """See ``LeafEvaluator``."""
        return self.states.cfvs(player, self.values(self.states.seen(reach, self.encoding.tremble)), reach)


def save_values(path: Path | str, network: ValueNetwork, game: Any, name: str, metadata: dict[str, Any]) -> None:
    """Write a value network."""
    header = {"game": game.key, "game_name": game.name, "name": name, "network": vars(network.config)}
    save_tensors(path, network_arrays({"values": network}), {**metadata, **header}, VALUES)


def encoding_of(infostates: TreeInfostates, config: ValueConfig) -> BeliefEncoding:
    """Return how networks of a size see the public belief states of a game."""
    public = infostates.blocks[0][0].public, infostates.blocks[1][0].public
    return BeliefEncoding(infostates.tree, public, config.tremble)


def new_values(infostates: TreeInfostates) -> NetworkLeaves:
    """Return leaves that are worth what a new network says."""
    encoding = encoding_of(infostates, ValueConfig())
    return NetworkLeaves(make_value_network(ValueConfig(), encoding, 0), encoding)


def load_values(path: Path | str, infostates: TreeInfostates) -> NetworkLeaves:
    """Return what a value network says of leaves.

    Raises:
        CheckpointError: no checkpoint of a value network of this game.
    """
    tensors, metadata = load_weights(path, VALUES)
    require_game(metadata, infostates.game.key, path)
    config = config_of(metadata, tensors, path)
    encoding = encoding_of(infostates, config)
    network = make_value_network(config, encoding, 0)
    fill_networks({"values": network}, tensors, path)
    return NetworkLeaves(network, encoding, str(metadata.get("name", "values")))


def config_of(metadata: dict[str, Any], tensors: Tensors, path: Path | str) -> ValueConfig:
    """Return the size of the value networks in a checkpoint.

    Raises:
        CheckpointError: it names none that can be made.
    """
    named: Any = metadata.get("network")
    try:
        if isinstance(named, dict) and whole_in(named["layers"], 1, len(tensors)) and whole_in(named["hidden"], 1, MOST_WIDTH):
            return ValueConfig(**named)
    except (KeyError, TypeError, ValueError):
        pass
    raise CheckpointError(f"checkpoint must name a valid network, got {path}")
