"""Networks that say how hands act at a decision of a turn or river: see ``search.boards.decision_features`` for what they see and say."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch

from agents.networks.checkpoint import CheckpointError, fill_networks, load_tensors, network_arrays, save_tensors
from agents.networks.residual import ResidualNetwork
from agents.networks.sizes import MOST_WIDTH
from agents.networks.start_values import StartNetworkConfig
from agents.runtime.storage import whole_in
from search.boards.decision_features import SEEN, SLOTS

STREET_POLICY = "street policy"  # kind of the files that hold some
DECISION_ENCODING = 1  # of what networks see and say


class StreetPolicyNetwork(ResidualNetwork):
    """[B, SEEN + 2 buckets] in, [B, SLOTS buckets] out, before a softmax over legal slots; a new network plays them all alike."""

    def __init__(self, config: StartNetworkConfig) -> None:
        super().__init__(SEEN + 2 * config.buckets, config.hidden, config.layers, SLOTS * config.buckets)
        self.config = config


def make_street_policy(config: StartNetworkConfig, seed: int) -> StreetPolicyNetwork:
    """Return a network with weights drawn from ``seed``; torch's global generator is left as it was."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return StreetPolicyNetwork(config)


def save_street_policy(path: Path | str, networks: Mapping[str, StreetPolicyNetwork], about: Mapping[str, Any]) -> None:
    """Write networks of one size, by street; ``about`` says what they were trained on, the ``game``'s key first of all."""
    sizes = asdict(next(iter(networks.values())).config)
    save_tensors(
        path,
        network_arrays(networks),
        {**about, "encoding": DECISION_ENCODING, "network": sizes, "streets": list(networks)},
        STREET_POLICY,
    )


def load_street_policy(path: Path | str) -> tuple[dict[str, StreetPolicyNetwork], dict[str, Any]]:
    """Return the networks of a file by street, and what the file says about them.

    Raises:
        CheckpointError: no checkpoint of street policies, or one of another encoding.
    """
    tensors, about = load_tensors(path, STREET_POLICY)
    if about.get("encoding") != DECISION_ENCODING:
        raise CheckpointError(f"checkpoint must have encoding {DECISION_ENCODING}, got {about.get('encoding')!r} in {path}")
    sizes, streets, names = about.get("network"), about.get("streets"), ("hidden", "layers", "buckets")
    if not (isinstance(sizes, dict) and sorted(sizes) == sorted(names) and all(whole_in(sizes[name], 1, MOST_WIDTH) for name in names)):
        raise CheckpointError(f"checkpoint must name the size of its networks, got {sizes!r} in {path}")
    if not (isinstance(streets, list) and streets and set(map(str, streets)) <= {"turn", "river"} and len(set(streets)) == len(streets)):
        raise CheckpointError(f"checkpoint must name its streets, turn or river, got {streets!r} in {path}")
    if len(tensors) != 2 * len(streets) * (sizes["layers"] + 1):  # sizes are claims, tensors take their room
        raise CheckpointError(f"checkpoint must have two tensors a layer, got {len(tensors)} in {path}")
    try:
        config = StartNetworkConfig(**sizes)
        with torch.device("meta"):
            claimed = StreetPolicyNetwork(config)
    except (ValueError, RuntimeError) as error:
        raise CheckpointError(f"checkpoint must name the size of its networks, got {sizes!r} in {path}: {error}") from None
    shapes = {f"{street}.{name}": tuple(parameter.shape) for street in streets for name, parameter in claimed.named_parameters()}
    if {name: array.shape for name, array in tensors.items()} != shapes:
        raise CheckpointError(f"checkpoint must have the tensors of its networks, got others in {path}")
    networks = {street: make_street_policy(config, 0) for street in streets}
    fill_networks(networks, tensors, path)
    return networks, about
