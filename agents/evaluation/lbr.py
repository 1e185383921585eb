"""Local best response: a lower bound of exploitability by looking one action ahead.

Lisy and Bowling (2017), "Eqilibrium Approximation Quality of Current No-Limit Poker Bots", arXiv 1612.07547. LBR knows the opponent's
policy and hence its range at every public state. At each of its decisions it takes the action that would be worth most if from then on
nothing but checks and calls were to come: a fold is worth what it pays; a check or call the showdown (or the draw to it) against the range;
a bet wins what the part of the range that folds leaves, and goes to a showdown against the rest. Its action set may be narrower than the
game's, and it may be told to check and call until a given round.

Here LBR's own strategy is written down and evaluated exactly, the opponent's hands, chance and all; the paper samples. What comes out is a
true lower bound of what a best response wins.

What it cannot see: bets on later rounds, its own and the opponent's, and anything that takes two steps to exploit. Agents that search leave
little to one step: LBR lost to DeepStack (Moravcik et al. 2017, arXiv 1701.01724), which bounds nothing. A low value says nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from search.representation import Representation, Table, Tables

WEAKNESS = (
    "LBR looks one action ahead and takes checks and calls for granted after it: a lower bound that can be far below exploitability, and "
    "below 0, most of all against agents that search. A low value is no evidence of strength."
)


@dataclass(frozen=True)
class ActionSet:
    """What LBR may do: fold and call always; bet and raise from round ``bets_from`` on (0 is the first), never where it is None."""

    bets_from: int | None = 0

    @property
    def name(self) -> str:
        """Fold, call, and from where it raises."""
        if self.bets_from is None:
            return "fold, call"
        return "fold, call, raise" + (f" from round {self.bets_from + 1}" if self.bets_from else "")

    def bets(self, number: int) -> bool:
        """Say whether it may bet and raise in a round."""
        return self.bets_from is not None and number >= self.bets_from


ACTION_SETS = (ActionSet(None), ActionSet(0), ActionSet(1))


def local_best_response(representation: Representation[Any], seat: int, opponent: Table, actions: ActionSet) -> tuple[Table, float]:
    """Return LBR's table in a seat, and what it wins exactly, in chips a deal.

    ``opponent`` is the other player's table, searches included; see ``agents.evaluation.strength.tabulate``.

    Raises:
        ValueError: the game has no checks and calls.
    """
    response = representation.look_ahead(opponent, seat, actions.bets)
    return response, response_value(representation, seat, response, opponent)


def response_value(representation: Representation[Any], seat: int, response: Table, opponent: Table) -> float:
    """Return what a response in a seat wins from the opponent's table, in chips a deal."""
    return representation.value((response, opponent) if seat == 0 else (opponent, response), seat)


def lbr_exploitability(representation: Representation[Any], tables: Tables, actions: ActionSet) -> float:
    """Return (LBR against seat 0 + LBR against seat 1) / 2 in chips a deal, of an agent's tables by seat: at most NashConv / 2."""
    return sum(local_best_response(representation, 1 - seat, tables[seat], actions)[1] for seat in (0, 1)) / 2
