"""AIVAT's value function for any game: what both players' blueprints are worth."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from agents.board_blueprint import tree_of
from agents.evaluation.aivat import Aivat, TreeAivat
from agents.evaluation.holdem_aivat import HoldemAivat
from games.derived import DerivedGame
from games.kernels import LANES
from search import BoardStrategy, Strategy, uniform
from search.boards.values import values_against

Float = npt.NDArray[np.float64]
ActionValues = Callable[[Any, int, Float], Sequence[float]]


def value_function(game: Any, blueprints: tuple[Any, Any]) -> Aivat:
    """Return the AIVAT of a game whose players play blueprints, seat by seat; None stands for uniform play."""
    if isinstance(game, DerivedGame):
        strategies = [uniform(game.tree) if blueprint is None else blueprint.strategy() for blueprint in blueprints]
        return TreeAivat(Strategy(game.tree, game.tree.subgame(), (strategies[0].tables[0], strategies[1].tables[1])))
    return HoldemAivat(game, tree_of(game), value_rows(game, blueprints))


def value_rows(game: Any, blueprints: tuple[Any, Any]) -> tuple[Any, Any]:
    """Return per player [stored rows, 8] what blueprints play; rows of zeros are uniform play."""
    tree = tree_of(game)
    rows = [
        np.zeros((tree.stored_rows[seat], LANES), tree.weight.dtype) if blueprint is None else blueprint.strategies()[seat]
        for seat, blueprint in enumerate(blueprints)
    ]
    return rows[0], rows[1]


def action_values(game: Any, blueprint: Any) -> ActionValues:
    """Return a function of a decision, a hand and the opponent's range [H'] there: the chips of each action when both play a blueprint on.

    None stands for uniform play.
    """
    if isinstance(game, DerivedGame):
        values = TreeAivat(uniform(game.tree) if blueprint is None else blueprint.strategy()).values

        def by_node(node: int, hand: int, range_: Float) -> list[float]:
            sign = 1 if game.player(node) == 0 else -1
            below = [values[child][hand] if sign == 1 else values[child][:, hand] for child in game.tree.children(node)]
            return [sign * float(range_ @ v) / float(range_.sum()) for v in below]

        return by_node
    strategy = BoardStrategy(game, tree_of(game), value_rows(game, (blueprint, blueprint)))

    def by_board(state: Any, hand: int, range_: Float) -> list[float]:
        node, cards = game.locate(state)
        return [float(value) for value in values_against(strategy, node, cards, range_ / float(range_.sum()))[:, hand]]

    return by_board
