"""A subgame to solve: a public belief state and what stands above it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from games import PublicTree
from search.tree.gadgets import Gadget, cf_reach_at
from search.tree.strategy import full_ranges

Float = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Subgame:
    """Everything at and below one public node, with both players' ranges there.

    Attributes:
        tree: the public tree of the game.
        node: the subgame's root.
        ranges: per player [H], the player's own reach at the root. With a gadget the opponent's is not used, but by ``refined``
            and ``combined``.
        gadget: None for unsafe solving (and for the whole game).
    """

    tree: PublicTree
    node: int
    ranges: tuple[Float, Float]
    gadget: Gadget | None = None

    def __post_init__(self) -> None:
        self.tree.subgame(self.node)  # refuses a node that does not exist
        for p, range_ in enumerate(self.ranges):
            if range_.shape != (self.tree.num_hands(p),):
                raise ValueError(f"range of player {p} must have {self.tree.num_hands(p)} hands, got shape {range_.shape}")
            least, most = range_.min(), range_.max()
            if not (least >= 0 and most < np.inf):
                raise ValueError(f"range of player {p} must be finite and at least 0, got {range_.tolist()}")
            if self.gadget is not None and self.gadget.kind == "combined" and self.gadget.opponent == p and most > 1:
                raise ValueError(f"range of player {p} must be at most 1 for the combined gadget, got {range_.tolist()}")
            if (self.gadget is None or self.gadget.opponent != p or self.gadget.kind == "combined") and not most > 0:
                raise ValueError(f"range of player {p} must not be empty at public node {self.tree.text(self.node)!r}")
        if self.gadget is not None and self.gadget.bounds.shape != (self.tree.num_hands(self.gadget.opponent),):
            raise ValueError(f"bounds must have {self.tree.num_hands(self.gadget.opponent)} hands, got shape {self.gadget.bounds.shape}")

    def cf_reach(self) -> Float:
        """Return [H], what each hand of the gadget's opponent meets at the root: our reach, weighted by deals and chance.

        Raises:
            ValueError: there is no gadget.
        """
        if self.gadget is None:
            raise ValueError("gadget must be given for its cf_reach, got none")
        return cf_reach_at(self.tree, self.node, self.gadget.opponent, self.ranges[1 - self.gadget.opponent])

    def deals(self) -> float:
        """Return the reach of all deals that can come to the root: what exploitability is divided by to be chips a deal there."""
        opponent = 1 if self.gadget is None else self.gadget.opponent
        cf_reach = cf_reach_at(self.tree, self.node, opponent, self.ranges[1 - opponent])
        asked = self.gadget is not None and self.gadget.kind != "combined"
        return float(cf_reach.sum() if asked else (cf_reach * self.ranges[opponent]).sum())


def whole_game(tree: PublicTree) -> Subgame:
    """Return the game itself as a subgame."""
    return Subgame(tree, 0, full_ranges(tree))
