"""An agent of a small hold'em game measured against opponents who bet sizes that its menu lacks, all of it in tables.

The agent has a blueprint of its own menu. It meets an extra first bet, on any street after the first, in one of two ways:

* ``translate``: as if one of the sizes around it had been bet, drawn with the pseudo-harmonic probabilities, until the hand is over.
* ``insert``: with the rest of the game solved anew after each such bet, see ``search.boards.inserted``.

Streets are done one after the other: a table of the game with extra bets on the streets so far is translated to one with extra bets on
the next street, where insertion then puts its answers. So an insertion on the turn goes on from one on the flop, with its ranges and with
promises against it. The agent's own menu stays as it is, and so does that of the games it solves.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import lru_cache
from itertools import pairwise
from pathlib import Path

import numpy as np

from agents.agent import SeatReport
from agents.board_blueprint import BoardBlueprint
from games.holdem.board_tree import board_tree
from games.holdem.extra_bets import with_extra_bets
from games.holdem.menus import Size
from games.holdem.rules import HoldemGame
from search import Budget, Variant
from search.boards.inserted import insert_bets
from search.boards.translated import Whole, correspondence, plan, translated
from search.resolving import RULES, ResolveConfig

INSERT, TRANSLATE = "insert", "translate"
INSERTING = ("unsafe", "resolve", "maxmargin", "refined")  # gadgets; the others would need gifts of hands that bet what no menu has


class OffTreeAgent:
    """See the module.

    Args:
        blueprint: of the agent's menu.
        sizes: extra first bets.
        variant: of CFR.
        config: how rests are solved: the gadget alone counts; bounds are safe, and every answer is played. None translates.

    Attributes:
        game: the blueprint's, with the extra bets for both players. The agent never makes one.

    Raises:
        ValueError: a gadget that needs gifts, or sizes that cannot be taken for others.
    """

    blueprint = None  # of another game than is measured

    def __init__(self, blueprint: BoardBlueprint, sizes: tuple[Size, ...], variant: Variant, config: ResolveConfig | None) -> None:
        if config is not None and config.gadget not in INSERTING:
            raise ValueError(f"gadget must be {', '.join(INSERTING)} where bets are inserted, got {config.gadget!r}")
        if config is not None and config.bounds != "safe":
            raise ValueError(f"bounds must be safe where bets are inserted, got {config.bounds!r}")
        self.plays, self.sizes, self.variant, self.thinks = blueprint, sizes, variant, config is not None
        self.config = None if config is None else replace(config, judge=False)
        self.game = with_extra_bets(blueprint.game, sizes, (0, 1), range(1, len(blueprint.game.deals)))
        for opponent in (0, 1):
            for small, large in self._games(opponent):
                correspondence(small, large)
        self.name = f"{blueprint.name}+{TRANSLATE if config is None else f'{INSERT}:{config.name}:{variant.label}'}"

    def fingerprint(self) -> bytes:
        """See ``agents.agent.Agent``."""
        settings = RULES, self.sizes, self.variant, self.config
        return repr((self.game.key, self.name, *settings)).encode() + self.plays.fingerprint()

    def load(self) -> None:
        """See ``agents.agent.Agent``."""
        plans(self.plays)

    def tabulate(
        self, seat: int, budget: Budget, progress: Callable[[float], None] | None = None, folder: Path | None = None
    ) -> SeatReport:
        """See ``agents.agent.Agent``."""
        now, report, opponent = plans(self.plays), SeatReport(seat=seat, table=np.zeros((0, 8), np.float32), bound_violation=0.0), 1 - seat
        streets = len(self.game.deals) - 1
        for street, (small, large) in enumerate(self._games(opponent)):
            lines, tree = correspondence(small, large), board_tree(large)
            first, second = (translated(now, large, tree, p, lines) for p in (0, 1))
            after = Whole(large, tree, (first, second))
            if self.config is not None and lines.extras:

                def tell(done: float, streets_done: int = street) -> None:
                    if progress is not None:
                        progress((streets_done + done) / streets)

                report.add(insert_bets(now, after, lines.extras, seat, self.config, budget, self.variant, tell))
            now = after
        lines = correspondence(now.game, self.game, translating=False)
        report.table = translated(now, self.game, board_tree(self.game), seat, lines)
        report.decisions = report.solves + report.fallbacks.total()
        return report

    def _games(self, opponent: int) -> list[tuple[HoldemGame, HoldemGame]]:
        """Return, street by street, the game without and with the opponent's extra bets there; both have those of the streets above."""
        games = [self.plays.game]
        games += [with_extra_bets(games[0], self.sizes, (opponent,), range(1, street + 1)) for street in range(1, len(games[0].deals))]
        return list(pairwise(games))


@lru_cache(maxsize=1)
def plans(blueprint: BoardBlueprint) -> Whole:
    """Return a blueprint's game with its strategies as plans; the last blueprint's are kept."""
    game, tree, (first, second) = blueprint.game, board_tree(blueprint.game), blueprint.strategies()
    return Whole(game, tree, (plan(game, tree, 0, first), plan(game, tree, 1, second)))
