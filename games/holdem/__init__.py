"""Hold'em: cards, ranges, betting, boards."""

from games.holdem.rules import HoldemGame

__all__ = ["HoldemGame"]
