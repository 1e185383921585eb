"""Networks that say how hands act at a decision of a turn or river: see ``search.boards.decision_features`` for what they see and say."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch

from agents.networks.checkpoint import CheckpointError, load_weights, network_arrays, save_tensors
from agents.networks.residual import ResidualNetwork
from agents.networks.start_values import StartNetworkConfig, filled_networks
from search.boards.decision_features import SEEN, SLOTS
from search.boards.start_values import START_CARDS

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
    tensors, about = load_weights(path, STREET_POLICY, DECISION_ENCODING)
    streets = about.get("streets")
    if not (isinstance(streets, list) and streets and set(map(str, streets)) <= set(START_CARDS) and len(set(streets)) == len(streets)):
        raise CheckpointError(f"checkpoint must name its streets, {' or '.join(START_CARDS)}, got {streets!r} in {path}")
    return filled_networks(StreetPolicyNetwork, streets, tensors, about, path), about
