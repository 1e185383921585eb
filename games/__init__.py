"""What is played: rules, hands, public trees, terminal values. Knows no strategy."""

from games.openspiel import Deal, UnknownGameError, UnsuitableGameError, deals, features, information_states, load_game, public_tree
from games.public_tree import CHANCE, TERMINAL, PublicTree, Sequences, Slice

__all__ = [
    "CHANCE",
    "TERMINAL",
    "Deal",
    "PublicTree",
    "Sequences",
    "Slice",
    "UnknownGameError",
    "UnsuitableGameError",
    "deals",
    "features",
    "information_states",
    "load_game",
    "public_tree",
]
