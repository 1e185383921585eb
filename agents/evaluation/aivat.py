"""AIVAT: a low-variance, unbiased estimate of what a deal was worth.

Burch, Schmid, Moravcik, Morrill, Bowling (2018), "AIVAT: A New Variance Reduction Technique for Agent Evaluation in Imperfect Information
Games", arXiv 1612.06915. Two ideas:

* *Corrections.* Wherever something was drawn with known probabilities, a public card or an action of an agent whose policy is known,
  the estimate adds what was expected before the draw less what is expected after it, by a value function. Each correction is zero on
  average whatever the value function is, so a bad one costs variance and never bias.
* *All hands at once.* Values are averaged over every private hand that an agent of known policy could have held with the same public
  history, weighted by the deal and by its own action probabilities: its hand is never "drawn" at all. The hand of a bot, whose policy
  is not known, stays the one that was held; its deal is corrected for, its actions are not.

With both policies known the estimate depends on the public history alone. If the value function is the very match's, it is constant.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np

from games.arrays import Float
from games.game import PublicGame, line_of
from games.holdem.rules import HoldemGame
from games.public_tree import CHANCE
from search.boards.menu_values import MenuValues, UniformMenu
from search.boards.street_starts import StreetStarts
from search.off_tree import MenuPolicy
from search.representation import ActionValues, ValueFunction, represent


class Step(NamedTuple):
    """One step of a deal: the public state left, the one come to, and the policy [A, H] that drew it if it is known."""

    state: Any
    child: Any
    policy: Float | None = None


class Aivat:
    """The estimates of a game that values of its histories make."""

    def __init__(self, game: PublicGame[Any], values: ValueFunction) -> None:
        self.game, self.values = game, values

    def estimate(
        self,
        steps: Sequence[Step],
        held: tuple[int | None, int | None] = (None, None),
        end: float | None = None,
        random: np.random.Generator | None = None,
    ) -> float:
        """Return player 0's AIVAT estimate of a deal in chips.

        Args:
            steps: from the root on, to a terminal unless ``end`` is given; every decision of a player whose policy is known has it.
            held: by player, the hand of one whose policy is not known: its deal is corrected for, its actions are not.
            end: player 0's chips where the deal ended before a terminal.
            random: of draws that a value function may make, independent of the deal's; new ones if not given.

        Raises:
            ValueError: a policy is missing.
        """
        random = np.random.default_rng() if random is None else random
        belief, dealt = self.values.dealt(held)
        every = [*dealt]
        for state, child, policy in steps:
            player = self.game.player(state)
            corrections: Sequence[float] = []
            if player == CHANCE:
                belief, corrections = self.values.revealed(belief, state, child, random)
            elif policy is not None:
                belief, corrections = self.values.acted(belief, state, child, policy)
            elif held[player] is None:
                line = " / ".join(line_of(self.game, state)) or "the start"
                raise ValueError(f"steps must carry the policy of player {player}, which is known, got none at {line}")
            every += corrections
        estimate = 0.0
        for correction in every:  # one after the other: sum() would round otherwise
            estimate += correction
        return estimate + (self.values.payoff(belief, steps[-1].child if steps else self.game.root) if end is None else end)


def value_function(game: PublicGame[Any], blueprints: tuple[Any, Any]) -> ActionValues:
    """Return what histories are worth when the players play blueprints on, seat by seat; None stands for uniform play."""
    representation = represent(game)
    tables = [representation.uniform() if blueprint is None else blueprint.strategy().tables for blueprint in blueprints]
    return representation.value_function((tables[0][0], tables[1][1]))


def match_values(game: PublicGame[Any], blueprints: tuple[Any, Any], starts: Mapping[int, StreetStarts] | None = None) -> ValueFunction:
    """Return ``value_function``, or what stands for it in a game of any amount, whose tree no memory holds.

    There a blueprint is one of a menu. Where the players' menus differ, or only one has a blueprint, that of the first who has one is taken
    for both; where nobody has one both play uniformly on the game's own menu. There ``starts`` say what bets are worth where streets begin,
    see ``MenuValues``.
    """
    if not (isinstance(game, HoldemGame) and game.any_amount):
        return value_function(game, blueprints)
    first, second = blueprints
    known: MenuPolicy = next((b for b in blueprints if b is not None), None) or UniformMenu(replace(game, any_amount=False))
    alike = first is not None and second is not None and first.game.key == second.game.key
    return MenuValues(game, (first, second) if alike else (known, known), starts)
