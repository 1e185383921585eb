"""Networks for what hands of hold'em are worth at one point of a street: see ``search.boards.street_values``."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from agents.networks.checkpoint import Tensors, fill_networks, load_weights, network_arrays, require_game, save_tensors
from agents.networks.value import ValueConfig, config_of, layers_of
from games.holdem.board_tree import BoardTree
from games.holdem.rules import HoldemGame
from search.boards.street_values import StreetEncoding, StreetLeaves
from search.frontier import DepthLimit


class StreetNetwork(nn.Module):
    """Hidden ReLU layers, and one value for each hand of both players beside what checking down wins."""

    def __init__(self, config: ValueConfig, inputs: int, outputs: int) -> None:
        super().__init__()
        widths = [inputs, *[config.hidden] * config.layers, outputs]
        self.config = config
        self.layers = nn.ModuleList(nn.Linear(a, b) for a, b in pairwise(widths))

    def forward(self, features: Tensor) -> Tensor:
        """Return [B, 2 H] values for features [B, D]."""
        z = features
        for layer in self.layers[:-1]:
            z = torch.relu(layer(z))
        values: Tensor = self.layers[-1](z)
        return values


def make_street_network(config: ValueConfig, encoding: StreetEncoding, seed: int) -> StreetNetwork:
    """Return a network with weights drawn from ``seed``, which says that hands are worth what checking down wins."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        network = StreetNetwork(config, encoding.length, 2 * encoding.hands)
    last: Any = network.layers[-1]
    with torch.no_grad():
        last.weight.zero_()
        last.bias.zero_()
    return network


END, START = "end", "start"  # of a street before the card; of the next one behind it
STREET_VALUES = "street values"  # kind of the files that hold both


def save_street_values(
    path: Path | str, networks: Mapping[str, StreetNetwork], game: HoldemGame, name: str, metadata: dict[str, Any]
) -> None:
    """Write the networks of a street's end and of the next one's start."""
    header = {"game": game.key, "game_name": game.name, "name": name, "network": vars(networks[END].config)}
    save_tensors(path, network_arrays(networks), {**metadata, **header}, STREET_VALUES)


def new_street_values(game: HoldemGame, tree: BoardTree, street: int = 1) -> DepthLimit[Any]:
    """Return a depth limit at the end of a street with new networks, which say that hands are worth what checking down wins."""
    return _limit(game, tree, street, ValueConfig(), None, "new")


def load_street_values(path: Path | str, game: HoldemGame, tree: BoardTree, street: int = 1) -> DepthLimit[Any]:
    """Return a depth limit at the end of a street with the values of a file.

    Raises:
        CheckpointError: no checkpoint of street values of this game.
    """
    tensors, metadata = load_weights(path, STREET_VALUES)
    require_game(metadata, game.key, path)
    config = config_of(metadata, tensors, path)
    return _limit(game, tree, street, config, (tensors, path), str(metadata.get("name", STREET_VALUES)))


def _limit(
    game: HoldemGame, tree: BoardTree, street: int, config: ValueConfig, file: tuple[Tensors, Path | str] | None, name: str
) -> DepthLimit[Any]:
    """Return a depth limit with networks of a file, or new ones."""
    encodings = {END: StreetEncoding(game, tree, street, config.tremble), START: StreetEncoding(game, tree, street + 1, config.tremble)}
    networks = {kind: make_street_network(config, encoding, 0) for kind, encoding in encodings.items()}
    if file is not None:
        fill_networks(networks, *file)
    leaves = {kind: StreetLeaves(encodings[kind], layers_of(network), f"{name} {kind}") for kind, network in networks.items()}
    return DepthLimit(leaves[END], None, leaves[START])
