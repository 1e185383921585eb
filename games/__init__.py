"""What is played: rules, hands, public trees, terminal values. Knows no strategy."""

from games.derivation import public_tree
from games.observations import features, information_states
from games.openspiel import UnknownGameError, UnsuitableGameError, load_game
from games.private_deals import Deal, deals
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
