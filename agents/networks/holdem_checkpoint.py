"""Checkpoints of hold'em policies: the format of ``agents.networks.checkpoint``; the game is its whole description."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from agents.networks.checkpoint import load_networks, load_tensors, name_of, network_arrays, require_game, save_tensors
from agents.networks.holdem_features import HoldemEncoding
from agents.networks.holdem_policy import HoldemNetwork, HoldemNetworkConfig, HoldemPolicy, make_holdem_network
from games.holdem.rules import HoldemGame

_KIND = "holdem_policy"


def save_holdem_policy(path: Path | str, policy: HoldemPolicy, metadata: Mapping[str, Any] | None = None) -> None:
    """Write a policy's networks.

    Args:
        path: where to.
        policy: whose networks.
        metadata: trainer configuration, training compute and the like, kept beside game and network configuration.
    """
    game = policy.encoding.game
    header = {
        **(metadata or {}),
        "game": game.key,
        "game_name": game.name,
        "name": policy.name,
        "network": vars(policy.networks[0].config),
    }
    save_tensors(path, network_arrays({f"policy.{p}": network for p, network in enumerate(policy.networks)}), header, _KIND)


def load_holdem_policy(path: Path | str, encoding: HoldemEncoding) -> HoldemPolicy:
    """Return the policy saved at ``path``.

    Raises:
        CheckpointError: as for ``load_tensors``, or the checkpoint is of another game, of another shape, or has NaN in its weights.
    """
    tensors, metadata = load_tensors(path, _KIND)
    require_game(metadata, encoding.game.key, path)

    def make(sizes: Mapping[str, int], player: int) -> HoldemNetwork:
        return make_holdem_network(HoldemNetworkConfig(**sizes), encoding, 0)

    return HoldemPolicy(encoding, load_networks(metadata, tensors, make, path), name_of(metadata))


def holdem_policy_metadata(path: Path | str, game: HoldemGame) -> dict[str, Any]:
    """Return what a policy checkpoint says about itself: network, trainer, compute, history, version, digest.

    Raises:
        CheckpointError: as for ``load_tensors``, or it is of another game.
    """
    metadata = load_tensors(path, _KIND)[1]
    require_game(metadata, game.key, path)
    return metadata
