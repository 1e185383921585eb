"""Networks for what hands are worth where a street begins: see ``search.boards.start_values`` for what they see and say."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, TypeVar

import torch

from agents.networks.checkpoint import CheckpointError, Tensors, fill_networks, load_weights, network_arrays, purpose, save_tensors
from agents.networks.residual import ResidualNetwork, residual_layers
from agents.networks.sizes import MOST_LAYERS, MOST_WIDTH
from agents.runtime.storage import brief, number_in, whole_in
from games.holdem.cards import hole_hands
from games.holdem.rules import HoldemGame
from games.holdem.subgame import Menus
from games.settings import bounded, check_bounds
from search.boards.range_buckets import check_count
from search.boards.start_values import PUBLIC, START_CARDS
from search.boards.street_starts import NetworkStarts

Sized = TypeVar("Sized", bound=ResidualNetwork)
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


class StartNetwork(ResidualNetwork):
    """[B, PUBLIC + 2 buckets] in, [B, 2 buckets] out; a new network says that bets are worth nothing."""

    def __init__(self, config: StartNetworkConfig) -> None:
        super().__init__(PUBLIC + 2 * config.buckets, config.hidden, config.layers, 2 * config.buckets)
        self.config = config


def make_start_network(config: StartNetworkConfig, seed: int) -> StartNetwork:
    """Return a network with weights drawn from ``seed``; torch's global generator is left as it was."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return StartNetwork(config)


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
    return filled_networks(StartNetwork, ["values"], tensors, about, path)["values"], about


def filled_networks(
    kind: Callable[[StartNetworkConfig], Sized], names: Sequence[str], tensors: Tensors, about: Mapping[str, Any], path: Path | str
) -> dict[str, Sized]:
    """Return the networks of a file, all of the size that it says.

    Args:
        kind: makes a network of a size.
        names: of the networks, as the names of their tensors begin.
        tensors: of the file.
        about: what the file says.
        path: for the error.

    Raises:
        CheckpointError: no such size, or other tensors than those of its networks.
    """
    sizes, keys = about.get("network"), ("hidden", "layers", "buckets")
    if not (isinstance(sizes, dict) and sorted(sizes) == sorted(keys) and all(whole_in(sizes[key], 1, MOST_WIDTH) for key in keys)):
        raise CheckpointError(f"checkpoint must name the size of its networks, got {sizes!r} in {path}")
    if len(tensors) != 2 * len(names) * (sizes["layers"] + 1):  # sizes are claims, tensors take their room
        raise CheckpointError(f"checkpoint must have two tensors a layer, got {len(tensors)} of {sizes['layers'] + 1} layers in {path}")
    try:
        config = StartNetworkConfig(**sizes)
        with torch.device("meta"):
            claimed = kind(config)
    except (ValueError, RuntimeError) as error:
        raise CheckpointError(f"checkpoint must name the size of its networks, got {sizes!r} in {path}: {error}") from None
    shapes = {f"{name}.{key}": tuple(parameter.shape) for name in names for key, parameter in claimed.named_parameters()}
    if {name: array.shape for name, array in tensors.items()} != shapes:
        raise CheckpointError(f"checkpoint must have the tensors of its networks, got others in {path}")
    with torch.random.fork_rng(devices=[]):
        networks = {name: kind(config) for name in names}
    fill_networks(networks, tensors, path)
    return networks


@dataclass(frozen=True)
class StartFile:
    """A file of a network of a street's start, as it was when somebody looked at it.

    Attributes:
        path: where it is.
        street: turn or river.
        digest: of the network.
    """

    path: str
    street: str
    digest: str

    @property
    def cards(self) -> int:
        """Public cards where the street begins."""
        return START_CARDS[self.street]

    def load(self, game: HoldemGame) -> NetworkStarts:
        """Return what bets are worth by the network.

        Raises:
            CheckpointError: the file is damaged, or holds another network by now.
        """
        network, about = load_start_values(self.path)
        if about["digest"] != self.digest:
            raise CheckpointError(f"checkpoint must have digest {self.digest} as before, got {about['digest']} in {self.path}")
        return NetworkStarts(game, residual_layers(network), network.config.buckets)


def start_file(path: Path | str, street: str) -> StartFile:
    """Return what a file is, which must be a network of a street.

    Raises:
        CheckpointError: it is none, or of another street.
        ValueError: its number of buckets is none for the street.
    """
    network, about = load_start_values(path)
    if about.get("street") != street:
        raise CheckpointError(f"checkpoint must be of values of the {street}, got {brief(about.get('street'))} in {path}")
    check_count(network.config.buckets, START_CARDS[street])
    return StartFile(str(path), street, about["digest"])


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
