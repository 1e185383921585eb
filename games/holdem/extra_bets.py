"""Games in which some players may open with more sizes than their menus have."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

from games.holdem.menus import Menu, Size
from games.holdem.rules import HoldemGame


def with_extra_bets(game: HoldemGame, sizes: tuple[Size, ...], players: Collection[int], streets: Collection[int]) -> HoldemGame:
    """Return a game whose menus have more first bets; raises stay as they are.

    Args:
        game: of menus.
        sizes: that are added.
        players: who may bet them.
        streets: by number, on which.

    Raises:
        ValueError: a game without menus.
    """
    if game.betting.menus is None:
        raise ValueError(f"game must have menus of bets, got the limit game {game.name}")
    menus = [list(street) for street in game.betting.menus]
    for street in streets:
        for player in players:
            menus[street][player] = _with_bets(menus[street][player], sizes)
    return replace(game, betting=replace(game.betting, menus=tuple((first, second) for first, second in menus)))


def _with_bets(menu: Menu, sizes: tuple[Size, ...]) -> Menu:
    return replace(menu, bets=(*menu.bets, *sizes), donks=None if menu.donks is None else (*menu.donks, *sizes))
