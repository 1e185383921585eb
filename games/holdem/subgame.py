"""Subgames: the game that begins at a public state of a bigger one, with its real chips and ranges, and menus of its own.

Chips mean what they mean in the bigger game. What both players put in on earlier streets is dead money, half of it each player's
(``Betting.start``); bets of the street at hand stand as they are (``Betting.begin``). So a terminal has the same payoff in both games: a
player who folds loses all that it has put in since the hand began. Values of a subgame are therefore those of the bigger game, in chips a
deal that comes there.

Bets that the menus do not offer can be *inserted*: where the subgame begins at an earlier state of the path, the amounts that were bet
since stand beside the menus' sizes, and the rest is solved with them (nested subgame solving; Brown & Sandholm 2017, arXiv 1705.02955,
section 4).
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from games.arrays import Float
from games.game import line_of
from games.holdem.betting import Betting, BettingState, offered
from games.holdem.cards import cards_text
from games.holdem.menus import Menu
from games.holdem.rules import HoldemGame, HoldemState
from games.holdem.weights import with_checked_weights
from games.public_tree import TERMINAL

Menus = tuple[tuple[Menu, Menu], ...]


def subgame_of(
    game: HoldemGame,
    state: HoldemState,
    ranges: tuple[Float, Float],
    menus: Menus | None = None,
    root: HoldemState | None = None,
) -> HoldemGame:
    """Return the game that begins at a public state.

    Args:
        game: what is played; its own tree of bets is not looked at.
        state: of the game, no terminal; in the middle of a street, between two streets or after a called all-in as well.
        ranges: [H] f8 each, weights of all hands of the deck where the subgame begins; hands that hold a card of the board count as 0.
        menus: sizes of both players, street by street from the subgame's first on; the game's own unless given.
        root: a state on the way to ``state`` where the subgame begins, ``state`` itself unless given. Amounts that were bet between them
            are offered there, so that ``HoldemGame.locate`` finds ``state_in(subgame, root, state)``.

    Raises:
        ValueError: a terminal, a root that is not on the way, ranges that cannot be dealt, menus of another number of streets, or a raked
            game.
    """
    game.require_no_rake()
    root = state if root is None else root
    if root.betting.player == TERMINAL:
        raise ValueError(f"state must not be the end of the hand, got {' / '.join(line_of(game, state))}")
    steps = _steps(game, root, state)
    betting = _betting_from(game.betting, root.betting, menus)
    inserted, above = [], root
    for step in steps:
        begin = _moved(above.betting, root.betting)
        if begin.player >= 0 and step.label not in [text for text, _ in offered(betting, begin)]:
            inserted.append((begin, (step.betting.street_0, step.betting.street_1)[begin.player]))
        above = step
    if inserted:
        betting = replace(betting, inserted=tuple(inserted))
    round_, board = root.betting.round, game.board
    for count in game.deals[1 : round_ + 1]:
        shown = sum(map(len, board))
        board = (*board, root.cards[shown : shown + count])
    for player, weights in enumerate(ranges):
        if weights.shape != (len(game.hands),) or not (weights.min() >= 0 and weights.max() < np.inf):  # false of NaN, too
            raise ValueError(f"ranges[{player}] must be [{len(game.hands)}] finite weights of at least 0, got {weights}")
    deals = 0, *game.deals[round_ + 1 :]
    found = replace(game, betting=betting, deals=deals, board=board, weights=ranges, notes=(), streets=None)
    hands = [f"{np.count_nonzero(weights)} hands on {cards_text(root.cards)}" for weights in ranges]
    return with_checked_weights(found, [("ranges[0]", hands[0]), ("ranges[1]", hands[1]), ("ranges", " and ".join(hands))])


def state_in(subgame: HoldemGame, root: HoldemState, state: HoldemState) -> HoldemState:
    """Return a public state of the bigger game as its subgame has it.

    Args:
        subgame: that ``subgame_of`` made.
        root: the state of the bigger game where it begins.
        state: of the bigger game, at or below ``root``.

    Raises:
        ValueError: a state that is not below the root.
    """
    found = subgame.root
    for step in _steps(subgame, root, state):
        found = HoldemState(found, step.label, step.cards, _moved(step.betting, root.betting))
    return found


def state_above(root: HoldemState, state: HoldemState) -> HoldemState:
    """Return a public state of a subgame as the bigger game has it: the inverse of ``state_in``.

    Args:
        root: the state of the bigger game where the subgame begins.
        state: of the subgame.
    """
    if state.above is None:
        return root
    betting, begin = state.betting, root.betting
    moved = betting._replace(round=betting.round + begin.round, before=betting.before + begin.before)
    return HoldemState(state_above(root, state.above), state.label, state.cards, moved)


def _steps(game: HoldemGame, root: HoldemState, state: HoldemState) -> list[HoldemState]:
    """Return the states after ``root`` down to ``state``."""
    found, here = list[HoldemState](), state
    while here != root:
        if here.above is None:
            raise ValueError(f"root must be on the way to the state, got {' / '.join(line_of(game, root)) or 'another hand'}")
        found.append(here)
        here = here.above
    return found[::-1]


def _moved(betting: BettingState, begin: BettingState) -> BettingState:
    """Return a state of betting by the rounds and chips of a subgame that begins at another one."""
    return betting._replace(round=betting.round - begin.round, before=betting.before - begin.before)


def _betting_from(rules: Betting, begin: BettingState, menus: Menus | None) -> Betting:
    """Return the rules from a state on."""
    dead, round_ = begin.before, begin.round
    own: dict[str, Any] = {"menus": menus or (rules.menus and rules.menus[round_:])}
    if rules.limit is not None and rules.max_raises is not None:
        own |= {"limit": rules.limit[round_:], "max_raises": rules.max_raises[round_:]}
    before = (0.0, 0.0) if rules.blinds and dead else rules.start  # blinds are bets until their street is over
    start = (before[0] + dead, before[1] + dead)
    return replace(rules, start=start, stack=rules.stack - dead, first=rules.first[round_:], begin=_moved(begin, begin), inserted=(), **own)
