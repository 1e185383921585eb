"""What a person reads at a table: actions, chips, and which bets are shown."""

from __future__ import annotations

from math import isclose

from agents.play.amounts import common_sizes
from games.game import Action, Kind, PublicGame, State


def chips_text(game: PublicGame[State], chips: float, sign: str = "") -> str:
    """Return chips, in big blinds too where the game has them."""
    blind = game.big_blind
    return f"{chips:{sign}.10g}" + (f" ({chips / blind:{sign}.3g} bb)" if blind and chips else "")


def action_text(game: PublicGame[State], state: State, action: Action) -> str:
    """Return an action as people say it: check, call 2, bet 4, raise to 12, all-in 162; in games without a pot as the game does."""
    chips, player = game.chips(state), game.player(state)
    if chips is None or action.kind == Kind.OTHER:
        return action.text
    to_call = chips.paid[1 - player] - chips.paid[player]
    if action.kind == Kind.PASS:
        return f"call {chips_text(game, to_call)}" if to_call else "check"
    if action.kind == Kind.FOLD:
        return "fold"
    if chips.behind is not None and isclose(chips.paid[player] + chips.behind[player] - chips.opened[player], action.chips):
        return f"all-in {chips_text(game, action.chips)}"
    facing = chips.paid[1 - player] > chips.opened[1 - player]
    return f"raise to {chips_text(game, action.chips)}" if facing else f"bet {chips_text(game, action.chips)}"


def offers(game: PublicGame[State], state: State) -> list[Action]:
    """Return the actions that a decision shows: where any amount may be bet, common sizes take the place of the menu's."""
    actions, sizes = game.actions(state), common_sizes(game, state).values()
    bets = sorted(set(sizes), key=lambda action: action.chips)
    return [action for action in actions if not bets or action.kind != Kind.BET] + bets
