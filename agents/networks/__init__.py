"""Policy networks and their checkpoints."""

from agents.networks.checkpoint import CheckpointError, load_policy, load_tensors, policy_metadata, save_policy, save_tensors
from agents.networks.policy import NetworkConfig, NetworkPolicy, make_network

__all__ = [
    "CheckpointError",
    "NetworkConfig",
    "NetworkPolicy",
    "load_policy",
    "load_tensors",
    "make_network",
    "policy_metadata",
    "save_policy",
    "save_tensors",
]
