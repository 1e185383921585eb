"""Networks for what hands are worth where a street begins: see ``search.boards.start_values`` for what they see and say."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from agents.networks.checkpoint import CheckpointError, fill_networks, load_weights, network_arrays, purpose, save_tensors
from agents.networks.sizes import MOST_LAYERS, MOST_WIDTH
from agents.runtime.storage import number_in, whole_in
from games.arrays import Float32
from games.holdem.cards import hole_hands
from games.holdem.rules import HoldemGame
from games.holdem.subgame import Menus
from games.settings import bounded, check_bounds
from search.boards.start_values import PUBLIC

START_VALUES = "start values"  # kind of the files that hold one
ENCODING = 1  # of what networks see and say
MOST_BUCKETS = 1024


@dataclass(kw_only=True)
class StartNetworkConfig:
    """Size of a network.

    Attributes:
        hidden: width.
        layers: hidden layers; all but the first are residual.
        buckets: that each range is seen by.
    """

    hidden: int = bounded(512, least=1, most=MOST_WIDTH)
    layers: int = bounded(4, least=1, most=MOST_LAYERS)
    buckets: int = bounded(128, least=2, most=MOST_BUCKETS)

    def __post_init__(self) -> None:
        check_bounds(self, "network")


class StartNetwork(nn.Module):
    """Hidden ReLU layers; a new network says that bets are worth nothing."""

    def __init__(self, config: StartNetworkConfig) -> None:
        super().__init__()
        inputs = PUBLIC + 2 * config.buckets
        self.config = config
        self.first = nn.Linear(inputs, config.hidden)
        self.hidden = nn.ModuleList(nn.Linear(config.hidden, config.hidden) for _ in range(config.layers - 1))
        self.last = nn.Linear(config.hidden, 2 * config.buckets)
        nn.init.zeros_(self.last.weight)
        nn.init.zeros_(self.last.bias)

    def forward(self, features: Tensor) -> Tensor:
        """Return [B, 2 buckets] for features [B, D]."""
        z = torch.relu(self.first(features))
        for layer in self.hidden:
            z = z + torch.relu(layer(z))
        values: Tensor = self.last(z)
        return values


def make_start_network(config: StartNetworkConfig, seed: int) -> StartNetwork:
    """Return a network with weights drawn from ``seed``; torch's global generator is left as it was."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return StartNetwork(config)


@dataclass(frozen=True)
class StartLayers:
    """The weights of a network as searches read them: a weight [inputs, outputs] and a bias of each layer, the first one's first."""

    layers: tuple[tuple[Float32, Float32], ...]

    def __call__(self, features: Float32, /) -> Float32:
        """Return [B, 2 buckets] for features [B, D]."""
        (weight, bias), *hidden, (last, shift) = self.layers
        z = np.maximum(features @ weight + bias, 0)
        for weight, bias in hidden:
            z += np.maximum(z @ weight + bias, 0)
        said: Float32 = z @ last + shift
        return said


def layers_of(network: StartNetwork) -> StartLayers:
    """Return copies of a network's weights."""
    every = (network.first, *network.hidden, network.last)
    return StartLayers(
        tuple((np.ascontiguousarray(layer.weight.detach().numpy().T), layer.bias.detach().numpy().copy()) for layer in every)
    )


def save_start_values(path: Path | str, network: StartNetwork, about: Mapping[str, Any]) -> None:
    """Write a network; ``about`` says what it was trained on, ``street`` and sizes of bets (``menu``) first of all."""
    header = {"encoding": ENCODING, "network": asdict(network.config)}
    save_tensors(path, network_arrays({"values": network}), {**about, **header}, START_VALUES)


def load_start_values(path: Path | str) -> tuple[StartNetwork, dict[str, Any]]:
    """Return a network of a file, or of one that comes with the package by its name, and what the file says about it.

    Raises:
        CheckpointError: no checkpoint of values of a street's start, or one of another encoding.
    """
    tensors, about = load_weights(path, START_VALUES, ENCODING)
    sizes = about.get("network")
    names = ("hidden", "layers", "buckets")
    if not (isinstance(sizes, dict) and sorted(sizes) == sorted(names) and all(whole_in(sizes[name], 1, MOST_WIDTH) for name in names)):
        raise CheckpointError(f"checkpoint must name the size of its network, got {sizes!r} in {path}")
    if sizes["layers"] + 1 != len(tensors) // 2:  # sizes are claims, tensors take their room
        raise CheckpointError(f"checkpoint must have two tensors a layer, got {len(tensors)} of {sizes['layers'] + 1} layers in {path}")
    try:
        config = StartNetworkConfig(**sizes)
        with torch.device("meta"):
            claimed = StartNetwork(config)
    except (ValueError, RuntimeError) as error:
        raise CheckpointError(f"checkpoint must name the size of its network, got {sizes!r} in {path}: {error}") from None
    shapes = {f"values.{name}": tuple(parameter.shape) for name, parameter in claimed.named_parameters()}
    if {name: array.shape for name, array in tensors.items()} != shapes:
        raise CheckpointError(f"checkpoint must have the tensors of its network, got others in {path}")
    network = make_start_network(config, 0)
    fill_networks({"values": network}, tensors, path)
    return network, about


def menus_digest(menus: Menus, add_allin: float) -> str:
    """Return what tells the sizes of bets apart that values depend on, of a street and those behind it.

    Args:
        menus: of both players, street by street.
        add_allin: up to how many pots an all-in stands beside them.
    """
    sizes = [[(menu.bets, menu.raises, menu.donks, menu.reraises) for menu in pair] for pair in menus]
    return hashlib.sha256(repr((sizes, add_allin)).encode()).hexdigest()[:16]


def require_start(about: Mapping[str, Any], street: str, game: HoldemGame, path: Path | str) -> None:
    """Refuse a network for a game that it was not trained for; what a file does not say (older ones) is not looked at.

    Args:
        about: what the file says.
        street: whose start the game asks about: turn or river.
        game: a spot of full no-limit hold'em.
        path: for the error.

    Raises:
        CheckpointError: names what differs, and what the file is for.
    """
    streets = {"turn": 2, "river": 1}[street]
    sizes, behind = about.get("menus"), about.get("most_behind")
    depth, digest = game.stack / game.pot, menus_digest((game.betting.menus or ())[-streets:], game.betting.add_allin)
    known = number_in(behind, 0, float("inf"))
    rules: list[tuple[bool, str, object]] = [
        (about.get("street") == street, f"be for {street}s", f"one for {about.get('street')}s"),
        (game.betting.limit is None and len(game.hands) == len(hole_hands()), "be for this game", "one for full no-limit hold'em"),
        (sizes in (None, digest), f"be for the sizes {digest}", f"one for the sizes {sizes}"),
        (not known or depth <= float(behind or 0.0), f"be for {depth:.3g} pots behind", f"one for up to {behind}"),
    ]
    for fits, rule, got in rules:
        if not fits:
            raise CheckpointError(f"checkpoint must {rule}, got {got} in {path}{purpose(about)}")
