"""Policy networks and their checkpoints."""

from agents.networks.checkpoint import CheckpointError, load_policy, load_tensors, policy_metadata, save_policy, save_tensors
from agents.networks.policy import NetworkPolicy, make_network
from agents.networks.sizes import NetworkConfig

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
