"""A value network for the leaves of depth-limited searches: both players' ranges in, what each of their hands is worth out.

A *public belief state* is a public state with both players' ranges (Brown et al. 2020, arXiv 2007.13544). The network sees the ranges as
shares that add up to one, beside what is public. It gives each hand's value in units of the most that can still be won or lost there,
against the hands that the other player may hold. It knows one game.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from agents.networks.checkpoint import CheckpointError, Tensors, fill_networks, load_tensors, network_arrays, require_game, save_tensors
from agents.networks.sizes import MOST_LAYERS, MOST_WIDTH
from agents.runtime.storage import whole_in
from games import PublicTree
from games.arrays import Float, Float32
from games.public_tree import TERMINAL
from games.settings import bounded, check_bounds
from search.frontier import NoValuesError
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
    layers: int = bounded(2, least=1, most=MOST_LAYERS)
    tremble: float = bounded(0.02, most=0.5)

    def __post_init__(self) -> None:
        check_bounds(self, "network")


class BeliefEncoding:
    """How a network sees the public belief states of a tree.

    Args:
        tree: the game.
        public: per player [K, D] features of each of its decisions, as everybody sees them.
        tremble: see ``ValueConfig``.
    """

    def __init__(self, tree: PublicTree, public: tuple[Float32, Float32], tremble: float) -> None:
        self.tree, self.tremble = tree, tremble
        self._public = tuple(last_only(tree, features) for features in public)

    @property
    def hands(self) -> tuple[int, int]:
        """How many hands each player may hold."""
        return self.tree.num_hands(0), self.tree.num_hands(1)

    @cached_property
    def length(self) -> int:
        """Numbers that the network sees."""
        return 1 + int(self._public[0].shape[1]) + sum(self.hands)

    @cached_property
    def stakes(self) -> Float:
        """[N], the most chips that can be won or lost at or below each node."""
        tree, view = self.tree, self.tree.terminals[0]
        most = np.abs(view.payoff).reshape(-1, view.other_hands, view.payoff.shape[1])
        weights = tree.chance_weights.transpose(0, 2, 1)
        stakes = np.zeros(tree.num_nodes)
        ends = np.flatnonzero(tree.player == TERMINAL)
        for i, node in enumerate(ends.tolist()):
            weight = weights[tree.chance_of[node]]
            chips = most[view.matrix[i]][:, : weight.shape[1]]
            stakes[node] = abs(view.scale[i]) * float(np.divide(chips, weight, out=np.zeros_like(weight), where=weight > 0).max())
        for node in range(tree.num_nodes - 1, 0, -1):
            stakes[tree.parent[node]] = max(stakes[tree.parent[node]], stakes[node])
        return stakes

    def public(self, node: int) -> Float32:
        """Return [1 + D], what everybody sees at a decision: who acts, and the player's public features."""
        player = int(self.tree.player[node])
        if player < 0:
            raise ValueError(f"node must be a decision, got {node}")
        return np.append(np.float32(player), self._public[player][self.tree.decision[node]])

    def weights(self, nodes: Sequence[int]) -> Float:
        """Return [B, H0, H1], chance's weights at some nodes."""
        return self.tree.chance_weights[self.tree.chance_of[list(nodes)]]

    def trembled(self, reach: Float, live: Float) -> Float:
        """Return [B, H], ranges that add up to one with some of every hand that can be there, ``live`` [B, H] being 1 for those."""
        total = (reach * live).sum(axis=1, keepdims=True)
        even = live / live.sum(axis=1, keepdims=True)
        share = np.divide(reach * live, total, out=even.copy(), where=total > 0)
        trembled: Float = (1.0 - self.tremble) * share + self.tremble * even
        return trembled


def last_only(tree: PublicTree, public: Float32) -> Float32:
    """Return features of decisions without what can no longer matter: in Liar's Dice only the last bid counts, of all that were made."""
    if not tree.game.startswith("liars_dice"):
        return public
    last = np.zeros_like(public)
    bids = public > 0
    rows = np.flatnonzero(bids.any(axis=1))
    columns = public.shape[1] - 1 - bids[rows, ::-1].argmax(axis=1)
    last[rows, columns] = 1
    return last


class ValueNetwork(nn.Module):
    """Hidden ReLU layers, and one value for each hand of both players."""

    def __init__(self, config: ValueConfig, inputs: int, outputs: int) -> None:
        super().__init__()
        widths = [inputs, *[config.hidden] * config.layers, outputs]
        self.config = config
        self.layers = nn.ModuleList(nn.Linear(a, b) for a, b in pairwise(widths))

    def forward(self, features: Tensor) -> Tensor:
        """Return [B, H0 + H1] values for features [B, D]."""
        z = features
        for layer in self.layers[:-1]:
            z = torch.relu(layer(z))
        values: Tensor = self.layers[-1](z)
        return values


def make_value_network(config: ValueConfig, encoding: BeliefEncoding, seed: int) -> ValueNetwork:
    """Return a network with weights drawn from ``seed``; torch's global generator is left as it was."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return ValueNetwork(config, encoding.length, sum(encoding.hands))


class NetworkLeaves:
    """See ``search.frontier.LeafEvaluator``: a value network in numpy, on copied weights. The values of both players are made zero-sum.

    At the size of these networks a call of a torch operation costs more than its arithmetic.
    """

    def __init__(self, network: ValueNetwork, encoding: BeliefEncoding, name: str = "values") -> None:
        self.encoding, self.name = encoding, name
        self.take(network)

    def take(self, network: ValueNetwork) -> None:
        """Copy a network's weights."""
        layers = [layer for layer in network.layers if isinstance(layer, nn.Linear)]
        self._layers = [(np.ascontiguousarray(layer.weight.detach().numpy().T), layer.bias.detach().numpy().copy()) for layer in layers]

    def fingerprint(self) -> bytes:
        """Return what tells networks apart."""
        digest = hashlib.sha256(repr(self.encoding.tremble).encode())
        for arrays in self._layers:
            for array in arrays:
                digest.update(array.tobytes())
        return digest.digest()

    def enter(self, leaves: Sequence[int]) -> None:
        """See ``LeafEvaluator``."""
        encoding, (first, _) = self.encoding, self.encoding.hands
        self._weights = encoding.weights(leaves)
        first_live, second_live = ((self._weights.max(axis=axis, initial=0) > 0).astype(np.float64) for axis in (2, 1))
        self._live = first_live, second_live
        public = np.array([encoding.public(leaf) for leaf in leaves], np.float32).reshape(len(leaves), -1)
        self._features = np.zeros((len(leaves), encoding.length), np.float32)
        self._features[:, : public.shape[1]] = public
        at = public.shape[1]
        self._columns = slice(at, at + first), slice(at + first, None)
        self._stakes = encoding.stakes[list(leaves)][:, None]

    def cfvs(self, player: int, reach: tuple[Float, Float]) -> Float:
        """See ``LeafEvaluator``."""
        (first, _), weights = self.encoding.hands, self._weights
        for p in (0, 1):
            self._features[:, self._columns[p]] = self.encoding.trembled(reach[p], self._live[p])
        z = self._features
        for i, (weight, bias) in enumerate(self._layers):
            z = z @ weight
            z += bias
            if i + 1 < len(self._layers):
                np.maximum(z, 0.0, out=z)
        values = z.astype(np.float64) * self._stakes
        if not np.isfinite(values).all():
            raise NoValuesError("network must give finite values, got NaN or infinity")
        cf_reach = np.matmul(weights, reach[1][:, :, None])[:, :, 0], np.matmul(reach[0][:, None], weights)[:, 0]
        by_player = values[:, :first], values[:, first:]
        total = sum((cf_reach[p] * reach[p] * by_player[p]).sum(axis=1) for p in (0, 1))
        mass = (cf_reach[0] * reach[0]).sum(axis=1)
        shift = np.divide(total, 2.0 * mass, out=np.zeros_like(mass), where=mass > 0)[:, None]
        cfvs: Float = (by_player[player] - shift) * cf_reach[player]
        return cfvs


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
    tensors, metadata = load_tensors(path, VALUES)
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
