"""Policy networks and their checkpoints."""

from agents.networks.checkpoint import CheckpointError, load_policy, load_tensors, policy_metadata, save_policy, save_tensors
from agents.networks.features import Encoding, encode
from agents.networks.policy import NetworkPolicy, PolicyNetwork, PolicyNetworkConfig, make_network

__all__ = [
    "CheckpointError",
    "Encoding",
    "NetworkPolicy",
    "PolicyNetwork",
    "PolicyNetworkConfig",
    "encode",
    "load_policy",
    "load_tensors",
    "make_network",
    "policy_metadata",
    "save_policy",
    "save_tensors",
]
