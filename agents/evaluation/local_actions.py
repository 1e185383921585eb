"""What local best response may do at full size: the published sets of actions, of any legal amount.

The 56 bets of Lisy and Bowling (2017, arXiv 1612.07547) are 0.05 x 1.15^k of the pot, k = 0..54, and all-in: so they stand in the logs of
LBR's matches with DeepStack (Moravcik et al. 2017) as somebody else read them; we have seen neither the logs nor another source.
"""

from __future__ import annotations

from dataclasses import dataclass

from games.game import Action, Kind, bet_to
from games.holdem.rules import HoldemGame, HoldemState


@dataclass(frozen=True)
class LocalActions:
    """What LBR may do. It may check and call always.

    Attributes:
        name: for people.
        sizes: of its bets and raises, as fractions of the pot after a call, raised to the least legal amount and cut at all-in; None for
            what the game's menu offers.
        all_in: whether it may bet all that it has, beside ``sizes``.
        bets_from: the first round in which it bets and raises (0 is the first); None for never.
        first_round: the first round in which it looks ahead; before that it checks and calls.
    """

    name: str
    sizes: tuple[float, ...] | None = ()
    all_in: bool = False
    bets_from: int | None = 0
    first_round: int = 0

    def looks(self, number: int) -> bool:
        """Say whether it looks ahead in a round."""
        return number >= self.first_round

    def bets(self, game: HoldemGame, state: HoldemState) -> list[Action]:
        """Return the bets and raises that it considers at its decision, from small to large."""
        if self.bets_from is None or game.round(state) < self.bets_from:
            return []
        if self.sizes is None:
            return [action for action in game.actions(state) if action.kind == Kind.BET]
        amounts, chips, other = game.amounts(state), game.chips(state), 1 - game.player(state)
        if amounts is None:
            return []
        least, most = amounts
        faced, pot = chips.paid[other] - chips.opened[other], 2 * chips.paid[other]
        wanted = [round(faced + size * pot) for size in self.sizes] + [most] * self.all_in
        return [bet_to(game, state, amount) for amount in sorted({min(max(amount, least), most) for amount in wanted})]


FC = LocalActions("fc", bets_from=None)
FCPA = LocalActions("fcpa", (1.0,), all_in=True)
BETS_56 = LocalActions("56bets", tuple(0.05 * 1.15**k for k in range(55)), all_in=True)
PUBLISHED = {actions.name: actions for actions in (FC, FCPA, BETS_56)}
