"""How large a network is: widths, or one number for all of them."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from games.settings import bounded, check_bounds, filled
from search.infostates import PRIVATE, PUBLIC

MOST_WIDTH, MOST_LAYERS = 16_384, 256  # of any network: beyond use here, and a layer of that width still fits into memory
LEAST, MOST = 100, 10**9  # parameters that may be asked for


@dataclass(kw_only=True)
class NetworkConfig:
    """Size of a network; None is as ``SIZES`` has it.

    Attributes:
        parameters: of the policy, both players' networks together, at most: one number in place of all widths, which then are in the
            proportion that ``SIZES`` has.
        deep: the side of an infostate that has the trunk; null (None) for the game's own (see ``search.infostates``).
        hidden: width of the trunk.
        layers: hidden layers of the trunk; all but the first are residual.
        embedding: length of what both sides are multiplied as.
        bets: with a private trunk, width of the public side's one hidden layer.
        by_round: with a private trunk, whether each betting round has a network of its own; null (None) for one network for all.
    """

    parameters: int | None = bounded(None, least=LEAST, most=MOST)
    deep: str | None = bounded(None, among=(PUBLIC, PRIVATE))
    hidden: int | None = bounded(None, least=1, most=MOST_WIDTH)
    layers: int | None = bounded(None, least=1, most=MOST_LAYERS)
    embedding: int | None = bounded(None, least=1, most=MOST_WIDTH)
    bets: int | None = bounded(None, least=1, most=MOST_WIDTH)
    by_round: bool | None = None

    def __post_init__(self) -> None:
        check_bounds(self, "network")

    def filled(self, deep: str) -> NetworkConfig:
        """Return the size with nothing left open for a game with that ``deep`` side; raises ValueError if there is no such network."""
        if self.deep == PUBLIC != deep:
            raise ValueError(f"network.deep must be private where bets differ in size, as in hold'em, got {self.deep}")
        trunk = self.deep or deep
        for key in ("bets", "by_round"):
            if trunk == PUBLIC and getattr(self, key) is not None:
                raise ValueError(f"network.{key} must be left out where the public side has the trunk, got {getattr(self, key)}")
        if self.parameters is not None:
            for key in WIDTHS:
                if getattr(self, key) is not None:
                    raise ValueError(f"network.{key} must be left out beside network.parameters, got {getattr(self, key)}")
            return replace(self, deep=trunk, layers=self.layers or SIZES[trunk].layers)
        config: NetworkConfig = filled(self, SIZES[trunk])
        return config

    def of_width(self, hidden: int) -> NetworkConfig:
        """Return the size with this width of the trunk and the others in the proportion that ``SIZES`` has; ``parameters`` is left open."""
        like = SIZES[str(self.deep)]
        shares = {key: getattr(like, key) for key in WIDTHS if getattr(like, key) is not None}
        widths = {key: max(1, hidden * share // shares["hidden"]) for key, share in shares.items()}
        return replace(self, parameters=None, **widths)


SIZES = {
    PUBLIC: NetworkConfig(deep=PUBLIC, hidden=128, layers=2, embedding=16),
    PRIVATE: NetworkConfig(deep=PRIVATE, hidden=128, layers=3, embedding=64, bets=128),
}
WIDTHS = ("hidden", "embedding", "bets")


def widest(count: Callable[[int], int], parameters: int) -> int:
    """Return the largest width up to ``MOST_WIDTH`` with ``count(width)`` <= ``parameters``, ``count`` growing with the width.

    Raises:
        ValueError: not even width 1 has so few.
    """
    if (least := count(1)) > parameters:
        raise ValueError(f"network.parameters must be at least the {least:,} of width 1 in this game, got {parameters:,}")
    return bisect_right(range(1, MOST_WIDTH + 1), parameters, key=count)


def count_parameters(*networks: Any) -> int:
    """Return how many numbers networks have."""
    return sum(parameter.numel() for network in networks for parameter in network.parameters())
