"""Networks of a street's start that AIVAT values full no-limit hold'em by: ``values_river`` and ``values_turn`` of ``timebank match``."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from agents.apps.build import Kind, of_file
from agents.apps.config import MatchConfig
from games.holdem.cards import CARDS
from games.holdem.rules import HoldemGame

if TYPE_CHECKING:
    from agents.networks.start_values import StartFile

DEALS = (0, 3, 1, 1)  # public cards before each street of full hold'em


def value_files(config: MatchConfig, kind: Kind, values: str) -> tuple[StartFile, ...]:
    """Return the networks that a match is to be valued by.

    Args:
        config: names their files.
        kind: what is played.
        values: AIVAT's value function.

    Raises:
        ValueError: no such file, something else in it, or a match that has no use for it.
    """
    named = {"turn": config.values_turn, "river": config.values_river}
    given = {street: file for street, file in named.items() if file is not None}
    for street, file in given.items():
        if not _any_amount(kind):
            rule = "must be left out but in full no-limit hold'em of any amount (heads_up_no_limit, agents with a sampled blueprint)"
            raise ValueError(f"values_{street} {rule}, got {file} in {kind.game.name}")
        if values != "blueprint":
            raise ValueError(f"values_{street} must be left out but for values=blueprint, of which it is a part, got {file} for {values}")
    if not given:
        return ()
    from agents.networks.start_values import start_file

    return tuple(of_file(f"values_{street}", partial(start_file, Path(file), street)) for street, file in given.items())


def _any_amount(kind: Kind) -> bool:
    game = kind.game
    if not isinstance(game, HoldemGame) or not game.any_amount or not game.betting.blinds:
        return False
    return len(game.deck.cards()) == CARDS and game.deals == DEALS
